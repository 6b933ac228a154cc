"""Word pools of the synthetic marketplace: brands, categories, wording and reviews in five languages. Data only."""
