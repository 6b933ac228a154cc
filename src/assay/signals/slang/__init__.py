"""What sellers and buyers say about copies, in their own words, with negation understood."""

from assay.signals.slang.claims import claims_fake

__all__ = ["claims_fake"]
