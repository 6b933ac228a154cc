"""Assay rates the goods and merchants of a marketplace from 0 to 100 for counterfeits, and shows why."""

__version__ = "0.1.0"
