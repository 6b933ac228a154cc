"""What sellers and buyers say about copies, in their own words, with negation understood."""

from assay.signals.slang.claims import claims_fake
from assay.signals.slang.discreet import discreet_words
from assay.signals.slang.glosses import quoted
from assay.signals.slang.replica import HINTED, SAID, Slang, replica_slang

__all__ = ["HINTED", "SAID", "Slang", "claims_fake", "discreet_words", "quoted", "replica_slang"]
