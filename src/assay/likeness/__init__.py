"""Near-copies: sketches, candidates, exact verification, and star clusters that cannot chain."""

from assay.likeness.copies import LEAST_SIMILARITY, STAR_SCHEMA, TextBuckets, band_candidates, near_copies, text_pairs
from assay.likeness.folding import FoldedTexts, fold
from assay.likeness.pictures import PICTURE_DISTANCE, near_pictures, picture_buckets, picture_pairs
from assay.likeness.runs import (
    Pieces,
    SharedRuns,
    covered,
    is_among,
    keyed,
    pieces,
    run_fingerprints,
    shared_runs,
)
from assay.likeness.shingles import Shingles, is_syllable, parts, shingle
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
    "Pieces",
    "SharedRuns",
    "Shingles",
    "Sketches",
    "TextBuckets",
    "band_candidates",
    "covered",
    "fold",
    "is_among",
    "is_syllable",
    "jaccard",
    "keyed",
    "near_copies",
    "near_pictures",
    "parts",
    "picture_buckets",
    "picture_pairs",
    "pieces",
    "run_fingerprints",
    "shared_runs",
    "shingle",
    "sketch",
    "text_key",
    "text_pairs",
]
