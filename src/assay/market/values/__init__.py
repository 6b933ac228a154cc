"""Value types: they clean, validate and compare what stands in a column. One file each; `clean` is the door to all."""

from assay.market.values.cleaning import RULES, clean, clean_many
from assay.market.values.hints import Hints
from assay.market.values.money import Money
from assay.market.values.rule import Rule

__all__ = ["RULES", "Hints", "Money", "Rule", "clean", "clean_many"]
