"""Shingles: the overlapping runs of characters of a text, as 32-bit hashes of a whole batch.

Four characters where words are spelt with letters, two where a character is a syllable or a word (Chinese, Japanese,
Korean): each shingle takes its length from its own first character, so mixed titles have no threshold to fall over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.likeness.folding import FoldedTexts, Offsets, Points

# The customary length for spelt words; for Chinese, 2-grams found 59 % of posts with 20 % of characters edited, 3-grams
# 24 %.
LETTER_RUN = 4
SYLLABLE_RUN = 2
# A text is compared by its first 2,000 characters: one pasted book must not cost as much as a thousand listings.
MOST_POINTS = 2_000
# Shingles worked on at once: all arrays of a part stay in a core's cache (twice as fast as one pass over a batch).
_POINTS_PER_PART = 1 << 16

# First, last code point of scripts written without spaces between words: CJK radicals to Yi, Hangul, compatibility.
_SYLLABLES = ((0x2E80, 0xA4CF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
# Odd 64-bit constants drawn once (the fractional bits of roots); any others give other, equally good hashes.
_STEPS = tuple(
    np.uint64(step) for step in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93)
)
_MIX = np.uint64(0xFF51AFD7ED558CCD)


@dataclass(frozen=True, slots=True)
class Shingles:
    """Hashed shingles of a batch, text by text: those of text i are `hashes[starts[i]:starts[i + 1]]`.

    A text may hold the same shingle more than once; a text shorter than one run holds none.
    """

    hashes: npt.NDArray[np.uint32]
    starts: Offsets

    @property
    def counts(self) -> Offsets:
        """Shingles of each text."""
        return np.diff(self.starts)


def shingle(texts: FoldedTexts) -> Shingles:
    """Hashes of all shingles of a batch of folded texts: about 10 ns each."""
    points = np.concatenate((texts.points, np.zeros(LETTER_RUN - 1, np.uint32)))
    here = points.astype(np.uint64)
    n = len(texts.points)
    hashes = here[:n] * _STEPS[0] + here[1 : n + 1] * _STEPS[1]
    syllable = is_syllable(texts.points)
    letters = ~syllable
    tail = here[2 : n + 2] * _STEPS[2] + here[3 : n + 3] * _STEPS[3]
    tail *= letters
    hashes += tail
    hashes ^= hashes >> np.uint64(32)
    hashes *= _MIX
    left = np.repeat(texts.starts[1:], texts.lengths) - np.arange(n)
    whole = left >= np.where(syllable, SYLLABLE_RUN, LETTER_RUN)
    counts = np.concatenate(([0], np.cumsum(whole)))[texts.starts]
    return Shingles((hashes[whole] >> np.uint64(32)).astype(np.uint32), counts.astype(np.int64))


def is_syllable(points: Points) -> npt.NDArray[np.bool_]:
    """Which characters belong to a script written without spaces between words."""
    found = np.zeros(len(points), dtype=bool)
    if not len(points) or int(points.max()) < _SYLLABLES[0][0]:
        return found
    for first, last in _SYLLABLES:
        found |= (points >= first) & (points <= last)
    return found


def parts(texts: FoldedTexts, points_per_part: int = _POINTS_PER_PART) -> Iterator[tuple[int, FoldedTexts]]:
    """Cuts a batch into parts that fit a core's cache: (index of the part's first text, the part)."""
    first = 0
    while first < len(texts):
        budget = texts.starts[first] + points_per_part
        stop = max(first + 1, int(np.searchsorted(texts.starts, budget, side="right")) - 1)
        yield first, texts.part(first, stop)
        first = stop
