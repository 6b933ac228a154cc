"""Near-copies: sketches, candidates, exact verification, and star clusters that cannot chain."""

from assay.likeness.copies import LEAST_SIMILARITY, STAR_SCHEMA, near_copies, text_pairs
from assay.likeness.folding import FoldedTexts, fold
from assay.likeness.pictures import PICTURE_DISTANCE, near_pictures
from assay.likeness.shingles import Shingles, parts, shingle
from assay.likeness.sketches import Banding, Sketches, sketch
from assay.likeness.text_keys import text_key
from assay.likeness.verification import PAIR_SCHEMA, PairSimilarity, jaccard

__all__ = [
    "LEAST_SIMILARITY",
    "PAIR_SCHEMA",
    "PICTURE_DISTANCE",
    "STAR_SCHEMA",
    "Banding",
    "FoldedTexts",
    "PairSimilarity",
    "Shingles",
    "Sketches",
    "fold",
    "jaccard",
    "near_copies",
    "near_pictures",
    "parts",
    "shingle",
    "sketch",
    "text_key",
    "text_pairs",
]
