"""MinHash sketches and their bands: texts that agree in one band are candidates for being copies of each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.likeness.folding import FoldedTexts
from assay.likeness.shingles import MOST_POINTS, Shingles, parts, shingle

# A pair of similarity s meets in a band with chance s^rows, in any with 1 - (1 - s^rows)^bands: 0.985 at s = 0.7,
# 0.999 at 0.8, but 0.08 at 0.2. More bands find more and cost one bucket row per text each.
N_BANDS = 10
ROWS_PER_BAND = 3
# Fewer shingles than this tell nothing: "new shoes 41" would be a copy of "new shoes 42". Such texts can only be
# identical.
FEWEST_SHINGLES = 8

# Fields of a digest: 30 two-bit minima fill an int64 without its sign.
DIGEST_FIELDS = 30

_NOTHING = np.uint32(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Banding:
    """How sketches are cut: `n_bands` bands of `rows` minima each, drawn with `seed`.

    Results depend on the seed only through which candidates are tried; every accepted pair is verified.
    """

    n_bands: int = N_BANDS
    rows: int = ROWS_PER_BAND
    seed: int = 20_260_101

    @property
    def n_permutations(self) -> int:
        """Minima of a whole sketch."""
        return self.n_bands * self.rows


def min_hashes(found: Shingles, banding: Banding) -> npt.NDArray[np.uint32]:
    """Broder's sketch: for each of the permutations, the smallest permuted hash of every text.

    Shape (texts, permutations), uint32. The share of equal places of two rows estimates the Jaccard similarity of
    the two shingle sets (Broder 1997). A text without shingles has the largest value everywhere.
    """
    keys, multipliers = _permutations(banding)
    n_texts = len(found.starts) - 1
    sketch = np.full((banding.n_permutations, n_texts), _NOTHING, dtype=np.uint32)
    filled = np.flatnonzero(found.counts > 0)
    if len(filled):
        starts = found.starts[filled]
        for place, (key, multiplier) in enumerate(zip(keys, multipliers, strict=True)):
            sketch[place, filled] = np.minimum.reduceat((found.hashes ^ key) * multiplier, starts)
    return sketch.T


@dataclass(frozen=True, slots=True)
class Sketches:
    """What a batch of texts is compared by before any text is read again.

    `buckets` (texts, bands) int64: texts in the same bucket agree in all minima of a band; bands never share buckets.
    `digests` int64: two bits of each of the first 30 minima. `is_worth_comparing`: enough shingles to mean something.
    """

    buckets: npt.NDArray[np.int64]
    digests: npt.NDArray[np.int64]
    is_worth_comparing: npt.NDArray[np.bool_]


def sketch(texts: FoldedTexts, banding: Banding | None = None) -> Sketches:
    """Buckets and digests of a batch of folded texts: about 2 microseconds for 100 characters."""
    banding = banding or Banding()
    buckets = np.empty((len(texts), banding.n_bands), dtype=np.uint64)
    digests = np.empty(len(texts), dtype=np.int64)
    worth = np.empty(len(texts), dtype=bool)
    for first, part in parts(texts.shortened(MOST_POINTS)):
        found = shingle(part)
        rows = slice(first, first + len(part))
        minima = min_hashes(found, banding)
        buckets[rows] = _bands(minima, banding)
        digests[rows] = _digests(minima)
        worth[rows] = found.counts >= FEWEST_SHINGLES
    return Sketches(buckets.view(np.int64), digests, worth)


def _digests(minima: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """b-bit minwise hashing (Li and König 2010) with two bits: fields of two unlike texts agree by chance in 1 of 4."""
    digests = np.zeros(len(minima), dtype=np.int64)
    for place in range(min(minima.shape[1], DIGEST_FIELDS)):
        # Multiplication mixes upwards, so the low bits of a minimum are poor; take two from the middle.
        digests |= ((minima[:, place] >> np.uint32(9)) & np.uint32(3)).astype(np.int64) << (2 * place)
    return digests


def _bands(sketch: npt.NDArray[np.uint32], banding: Banding) -> npt.NDArray[np.uint64]:
    """Folds the minima of each band, and the band's number, into one 64-bit key (FNV-1a over 32-bit words)."""
    prime = np.uint64(0x100000001B3)
    rows = sketch.astype(np.uint64).reshape(len(sketch), banding.n_bands, banding.rows)
    keys = np.broadcast_to(
        np.arange(1, banding.n_bands + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15), rows.shape[:2]
    ).copy()
    for row in range(banding.rows):
        keys ^= rows[:, :, row]
        keys *= prime
        keys ^= keys >> np.uint64(29)
    return keys


def _permutations(banding: Banding) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    generator = np.random.Generator(np.random.PCG64(banding.seed))
    keys = generator.integers(0, 2**32, banding.n_permutations, dtype=np.uint32)
    multipliers = generator.integers(0, 2**32, banding.n_permutations, dtype=np.uint32) | np.uint32(1)
    return keys, multipliers
