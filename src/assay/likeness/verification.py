"""Verification: the exact similarity of two texts, because a sketch only estimates it (standard error about 0.09)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.likeness.folding import FoldedTexts, fold
from assay.likeness.shingles import MOST_POINTS, Shingles, parts, shingle
from assay.likeness.sketches import FEWEST_SHINGLES

PAIR_SCHEMA = pa.schema([("left_key", pa.int64()), ("right_key", pa.int64()), ("similarity", pa.float64())])


def jaccard(left: FoldedTexts, right: FoldedTexts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Jaccard similarity of the shingle sets of `left[i]` and `right[i]`, and the size of the smaller set.

    Similarity is shared shingles / all shingles, 0 to 1; 0 when neither has a shingle. Sets, not bags: a repeated
    shingle counts once. About 5 microseconds for a pair of 100-character texts.
    """
    similarity = np.zeros(len(left), dtype=np.float64)
    smaller = np.zeros(len(left), dtype=np.int64)
    left, right = left.shortened(MOST_POINTS), right.shortened(MOST_POINTS)
    for first, part in parts(left):
        stop = first + len(part)
        shared, n_left, n_right = _overlap(shingle(part), shingle(right.part(first, stop)))
        union = n_left + n_right - shared
        similarity[first:stop] = np.divide(shared, union, out=np.zeros(len(part)), where=union > 0)
        smaller[first:stop] = np.minimum(n_left, n_right)
    return similarity, smaller


def _overlap(left: Shingles, right: Shingles) -> tuple[npt.NDArray[np.int64], ...]:
    """Per pair: distinct shingles shared, on the left, on the right.

    One sort of (pair, hash, side) puts a shingle of both sides next to itself, with only the last bit different.
    """
    n_pairs = len(left.starts) - 1
    keys = np.concatenate((_keyed(left, 0), _keyed(right, 1)))
    keys.sort()
    if len(keys):
        keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    pair = (keys >> np.uint64(33)).astype(np.int64)
    on_right = (keys & np.uint64(1)).astype(bool)
    both = pair[:-1][(keys[1:] ^ keys[:-1]) == 1]
    return (
        np.bincount(both, minlength=n_pairs),
        np.bincount(pair[~on_right], minlength=n_pairs),
        np.bincount(pair[on_right], minlength=n_pairs),
    )


def _keyed(found: Shingles, side: int) -> npt.NDArray[np.uint64]:
    pair = np.repeat(np.arange(len(found.counts), dtype=np.uint64), found.counts)
    return (pair << np.uint64(33)) | (found.hashes.astype(np.uint64) << np.uint64(1)) | np.uint64(side)


@dataclass(frozen=True, slots=True)
class PairSimilarity:
    """The map step that verifies pairs: rows (left_key, right_key, left_text, right_text) become `PAIR_SCHEMA`.

    Rows less similar than `least`, or with fewer than `fewest` distinct shingles on either side, are dropped.
    """

    least: float
    fewest: int = FEWEST_SHINGLES

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Verifies one batch of pairs."""
        similarity, smaller = jaccard(fold(batch.column("left_text")), fold(batch.column("right_text")))
        kept = pa.array((similarity >= self.least) & (smaller >= self.fewest))
        columns = [batch.column("left_key"), batch.column("right_key"), pa.array(similarity)]
        return pa.RecordBatch.from_arrays(columns, schema=PAIR_SCHEMA).filter(kept)
