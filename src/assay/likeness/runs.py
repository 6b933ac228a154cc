"""Shared runs: stretches of characters that two texts have in common, whatever was changed between them.

Where one character in five is replaced, dropped or added, two copies of a text have hardly any similarity as sets of
shingles (0.26), but they still share runs of six Chinese characters or of three words, and unrelated texts share at
most one. Fingerprints of such runs say who is worth comparing; the share of a text that lies in runs shared with the
other, and the number of such stretches, say how alike two texts are.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from assay.likeness.folding import FoldedTexts, Offsets, Points
from assay.likeness.shingles import Shingles, is_syllable

# A run of six characters of Chinese, or of sixteen letters from the start of a word (about three words), is shared by
# chance only where people use the same phrase: 4 % of the runs of ordinary micro-blog posts occur in a second text.
SYLLABLE_RUN = 6
LETTER_RUN = 16
# What counts as shared between two texts that are compared: short enough to survive dense edits (a run of three
# survives one edit in five in both copies with chance 0.26), long enough not to be common by chance.
SYLLABLE_PIECE = 3
LETTER_PIECE = 8
# Fingerprints kept of one text, about: a long article keeps every second, fourth … of its runs, chosen by their hash so
# that all texts choose alike. A copied passage of 64 characters in an article of 3,000 then keeps about three.
MOST_RUNS = 128
# An article is compared by its first 20,000 characters.
MOST_POINTS = 20_000
# Characters compared at once: the working arrays of a part stay in a core's cache.
_POINTS_AT_ONCE = 1 << 15

_SPACE = 32
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))


@dataclass(frozen=True, slots=True)
class SharedRuns:
    """How much of every text lies in runs it shares: arrays with one value per text.

    `coverage` is the share of its characters, 0 to 1; `n_stretches` counts the separate stretches; `longest` is the
    length of the longest in characters.
    """

    coverage: npt.NDArray[np.float64]
    n_stretches: npt.NDArray[np.int64]
    longest: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of a batch of texts: one for every character at which a whole piece starts.

    `hashes` uint32, `places` the index of the first character in the batch's points, `lengths` in characters,
    `owners` the index of the text.
    """

    hashes: npt.NDArray[np.uint32]
    places: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]


def run_fingerprints(texts: FoldedTexts) -> Shingles:
    """Hashes of the runs of every text, thinned in long ones: what texts must share one of to be compared.

    Runs start at every Chinese, Japanese or Korean character and at every start of a word. The hashes are 64 bits wide
    and positive as int64. About 15 ns per character.
    """
    texts = texts.shortened(MOST_POINTS)
    doubled = _doubled(texts.points, LETTER_RUN)
    syllable = is_syllable(texts.points)
    hashes = np.where(syllable, _joined(doubled[4], doubled[2], 4), doubled[LETTER_RUN])
    before = np.concatenate(([_SPACE], texts.points[:-1])) if len(texts.points) else texts.points
    first = np.zeros(len(texts.points), dtype=bool)
    first[texts.starts[:-1][texts.lengths > 0]] = True
    begins = syllable | ((texts.points != _SPACE) & (first | (before == _SPACE)))
    needed = np.where(syllable, SYLLABLE_RUN, LETTER_RUN)
    kept = begins & (_left(texts) >= needed)
    kept &= _is_chosen(hashes, kept, texts)
    counts = np.concatenate(([0], np.cumsum(kept)))[texts.starts]
    return Shingles(hashes[kept] >> np.uint64(1), counts.astype(np.int64))


def _is_chosen(
    hashes: npt.NDArray[np.uint64], kept: npt.NDArray[np.bool_], texts: FoldedTexts
) -> npt.NDArray[np.bool_]:
    """The runs whose hash is divisible by their text's stride, a power of two that leaves about `MOST_RUNS`."""
    counts = np.diff(np.concatenate(([0], np.cumsum(kept)))[texts.starts])
    if not len(counts) or int(counts.max()) <= MOST_RUNS:
        return np.ones(len(hashes), dtype=bool)
    strides = 2 ** np.ceil(np.log2(np.maximum(counts / MOST_RUNS, 1.0))).astype(np.uint64)
    mask = np.repeat(strides - np.uint64(1), texts.lengths)
    # Bits from the middle: the lowest is dropped when the hash becomes an int64.
    is_chosen: npt.NDArray[np.bool_] = ((hashes >> np.uint64(20)) & mask) == 0
    return is_chosen


def pieces(texts: FoldedTexts) -> Pieces:
    """All pieces of a batch of folded texts."""
    doubled = _doubled(texts.points, LETTER_PIECE)
    syllable = is_syllable(texts.points)
    hashes = np.where(syllable, _joined(doubled[2], doubled[1], 2), doubled[LETTER_PIECE])
    lengths = np.where(syllable, SYLLABLE_PIECE, LETTER_PIECE)
    places = np.flatnonzero(_left(texts) >= lengths)
    owners = np.repeat(np.arange(len(texts)), texts.lengths)
    return Pieces((hashes[places] >> np.uint64(32)).astype(np.uint32), places, lengths[places], owners[places])


def shared_runs(left: FoldedTexts, right: FoldedTexts) -> SharedRuns:
    """How much of `left[i]` lies in pieces that `right[i]` has too: shapes (pairs,). About 5 microseconds a pair."""
    n_points = np.maximum(left.lengths, right.lengths)
    if len(left) > 1 and n_points.sum() > _POINTS_AT_ONCE:
        return _in_parts(left, right, n_points)
    own, other = pieces(left), pieces(right)
    theirs = np.sort(keyed(other.owners, other.hashes))
    return covered(left, own, is_among(keyed(own.owners, own.hashes), theirs))


def _in_parts(left: FoldedTexts, right: FoldedTexts, n_points: Offsets) -> SharedRuns:
    """The same, by parts that fit a core's cache: several times faster than one pass over a batch."""
    part = np.cumsum(n_points) // _POINTS_AT_ONCE
    bounds = np.concatenate(([0], np.flatnonzero(np.diff(part)) + 1, [len(left)]))
    found = [shared_runs(left.part(a, b), right.part(a, b)) for a, b in pairwise(bounds.tolist()) if a < b]
    return SharedRuns(
        np.concatenate([each.coverage for each in found]),
        np.concatenate([each.n_stretches for each in found]),
        np.concatenate([each.longest for each in found]),
    )


def keyed(owners: npt.NDArray[np.int64], hashes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    """A piece together with the number of the text or narrative that it belongs to."""
    return (owners.astype(np.uint64) << np.uint64(32)) | hashes.astype(np.uint64)


def is_among(keys: npt.NDArray[np.uint64], ordered: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which keys occur in an ascending array."""
    if not len(ordered):
        return np.zeros(len(keys), dtype=bool)
    found = np.searchsorted(ordered, keys)
    found[found == len(ordered)] = 0
    is_there: npt.NDArray[np.bool_] = ordered[found] == keys
    return is_there


def covered(texts: FoldedTexts, own: Pieces, is_shared: npt.NDArray[np.bool_]) -> SharedRuns:
    """What the shared ones of their pieces cover of every text."""
    steps = np.zeros(len(texts.points) + LETTER_PIECE + 1, dtype=np.int32)
    places, lengths = own.places[is_shared], own.lengths[is_shared]
    steps += np.bincount(places, minlength=len(steps)).astype(np.int32)
    steps -= np.bincount(places + lengths, minlength=len(steps)).astype(np.int32)
    is_covered = np.cumsum(steps)[: len(texts.points)] > 0
    owners = np.repeat(np.arange(len(texts)), texts.lengths)
    # A piece never leaves its text, but two neighbouring texts may both be covered up to their common border.
    border = np.zeros(len(texts.points) + 1, dtype=bool)
    border[texts.starts] = True
    begins = np.flatnonzero(is_covered & (border[:-1] | ~np.concatenate(([False], is_covered[:-1]))))
    ends = np.flatnonzero(is_covered & (border[1:] | ~np.concatenate((is_covered[1:], [False]))))
    n_covered = np.bincount(owners[is_covered], minlength=len(texts))
    longest = np.zeros(len(texts), dtype=np.int64)
    np.maximum.at(longest, owners[begins], ends - begins + 1)
    stretches = np.bincount(owners[begins], minlength=len(texts))
    return SharedRuns(n_covered / np.maximum(texts.lengths, 1), stretches, longest)


def _left(texts: FoldedTexts) -> Offsets:
    """Characters from each point to the end of its text."""
    return np.repeat(texts.starts[1:], texts.lengths) - np.arange(len(texts.points))


def _doubled(points: Points, most: int) -> dict[int, npt.NDArray[np.uint64]]:
    """Hashes of the runs of 1, 2, 4 … `most` characters from every point, each made of two of half the length."""
    found = {1: (points.astype(np.uint64) + np.uint64(1)) * _MIX[0]}
    size = 1
    while size < most:
        found[2 * size] = _joined(found[size], found[size], size)
        size *= 2
    return found


def _joined(first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64], distance: int) -> npt.NDArray[np.uint64]:
    """The hash of a run and of the run that follows `distance` characters later, as one."""
    later = np.zeros_like(second)
    later[: max(len(second) - distance, 0)] = second[distance:]
    mixed = (first ^ (first >> np.uint64(29))) * _MIX[0]
    mixed += (later ^ (later >> np.uint64(31))) * _MIX[1]
    mixed ^= mixed >> np.uint64(32)
    return mixed
