"""Folding: the form in which two texts are compared, as code points of a whole batch in one buffer.

No segmenter and no language detection: the same rule serves English, Russian and Chinese. What is folded away tells
nothing about who copied whom: width, case, accents on Latin letters, punctuation, emoji, invisible characters, white
space and web addresses. Letters of every script and digits stay.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Points: TypeAlias = npt.NDArray[np.uint32]
Offsets: TypeAlias = npt.NDArray[np.int64]

# ASCII record separator: stands between the texts of a batch while they are folded as one string.
_SEPARATOR = "\x1e"
_SPACE = 32
_GONE = 0
# Stands for a code point that cannot be folded alone; no code point has this number.
_SEVERAL = 0xFFFFFFFF
# Addresses differ between copies of one text (trackers, shop links), so they are masked; any scheme or a bare www.
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.)\S+", re.IGNORECASE)
# Planes 0 and 1 are looked at point by point; 2 and 3 hold Chinese characters only; above lie tags and private use.
_MIXED_END = 0x20000
_CHINESE_END = 0x3FFFE
_CHINESE_COMPATIBLE = range(0x2F800, 0x2FA20)
# No letter above Latin Extended Additional folds to ASCII, so the slow decomposition stops there.
_LATIN_END = 0x1F00


@dataclass(frozen=True, slots=True)
class FoldedTexts:
    """Texts of one batch as code points without gaps: text i is `points[starts[i]:starts[i + 1]]`."""

    points: Points
    starts: Offsets

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Offsets:
        """Code points of each text."""
        return np.diff(self.starts)

    def part(self, first: int, stop: int) -> FoldedTexts:
        """Texts `first` to `stop`, sharing the buffer."""
        begin = self.starts[first]
        return FoldedTexts(self.points[begin : self.starts[stop]], self.starts[first : stop + 1] - begin)

    def take(self, rows: npt.NDArray[np.int64]) -> FoldedTexts:
        """The texts of the given indices, copied."""
        lengths = self.lengths[rows]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], lengths)
        return FoldedTexts(self.points[places], starts)

    def shortened(self, most: int) -> FoldedTexts:
        """The first `most` code points of every text."""
        lengths = self.lengths
        if not len(lengths) or int(lengths.max()) <= most:
            return self
        places = np.arange(len(self.points)) - np.repeat(self.starts[:-1], lengths)
        kept = np.minimum(lengths, most)
        return FoldedTexts(self.points[places < most], np.concatenate(([0], np.cumsum(kept))))

    def strings(self) -> list[str]:
        """The folded texts as Python strings."""
        whole = self.points.astype("<u4").tobytes().decode("utf-32-le")
        bounds = self.starts.tolist()
        return [whole[a:b] for a, b in pairwise(bounds)]


def fold(texts: pa.Array) -> FoldedTexts:
    """Folds a batch of texts for comparison; a null folds like an empty text.

    NFKC and case folding, accents off Latin letters, web addresses masked, every run of anything that is neither a
    letter nor a digit made one space, invisible characters dropped, ends trimmed. About 15 ns per character.

    >>> fold(pa.array(["Ｎike\\u200b  AIR—Max！ https://x.example/a", None])).strings()
    ['nike air max', '']
    """
    if not len(texts):
        return FoldedTexts(np.empty(0, np.uint32), np.zeros(1, np.int64))
    each = pc.fill_null(texts, "").to_pylist()
    points = _joined(each)
    folded = _fold_tables()[0][points]
    if (folded == _SEVERAL).any():
        points = _joined(_recast(each, points, folded))
        folded = _fold_tables()[0][points]
        rest = folded == _SEVERAL
        folded[rest] = _fold_tables()[1][points[rest]]
    return _tidied(folded[folded != _GONE])


def _joined(each: list[str]) -> Points:
    """All texts as one run of code points with separators between them; a separator inside a text becomes a space."""
    whole = _SEPARATOR.join(each)
    if whole.count(_SEPARATOR) != len(each) - 1:
        whole = _SEPARATOR.join(text.replace(_SEPARATOR, " ") for text in each)
    # Plain searches find the few texts with an address; the regular expression over all would cost more than the rest.
    if "://" in whole or "www." in whole or "WWW." in whole:
        whole = _SEPARATOR.join(_masked(text) for text in whole.split(_SEPARATOR))
    return np.frombuffer(whole.encode("utf-32-le", "replace"), dtype="<u4")


def _masked(text: str) -> str:
    return _ADDRESS.sub(" ", text) if "://" in text or "www." in text or "WWW." in text else text


def _recast(each: list[str], points: Points, folded: Points) -> list[str]:
    """The texts with those that need it put through NFKC and case folding, character by character no longer enough."""
    ends = np.flatnonzero(points == ord(_SEPARATOR))
    several = np.unique(np.searchsorted(ends, np.flatnonzero(folded == _SEVERAL)))
    recast = list(each)
    for row in several.tolist():
        recast[row] = unicodedata.normalize("NFKC", each[row]).casefold()
    return recast


def _tidied(points: Points) -> FoldedTexts:
    """One space between words, none at the ends, separators taken out and turned into offsets."""
    breaks = points == ord(_SEPARATOR)
    blank = points == _SPACE
    edge = blank | breaks
    keep = ~(blank & np.concatenate(([True], edge[:-1])))
    points, breaks, blank = points[keep], breaks[keep], blank[keep]
    # After collapsing, a space that still stands before a separator is a text's last character.
    keep = ~(blank & np.concatenate((breaks[1:], [True])))
    points, breaks = points[keep], breaks[keep]
    stops = np.concatenate((np.flatnonzero(breaks), [len(points)]))
    starts = np.concatenate(([0], stops - np.arange(len(stops))))
    return FoldedTexts(points[~breaks], starts.astype(np.int64))


@cache
def _fold_tables() -> tuple[Points, Points]:
    """What every code point folds to: itself, another, a space, or nothing.

    The first table is for raw text, and marks code points that NFKC or case folding joins with their neighbours or
    takes apart into several; the second is for text that has been through both.
    """
    recast = np.full(0x110000, _GONE, dtype=np.uint32)
    recast[:_MIXED_END] = [_folded_point(chr(point)) for point in range(_MIXED_END)]
    recast[_MIXED_END:_CHINESE_END] = np.arange(_MIXED_END, _CHINESE_END)
    recast[ord(_SEPARATOR)] = ord(_SEPARATOR)
    raw = recast.copy()
    for point in (*range(0x80, 0x4E00), *range(0xA000, 0xAC00), *range(0xD7B0, _MIXED_END), *_CHINESE_COMPATIBLE):
        if unicodedata.category(chr(point)) != "Cn":
            raw[point] = _raw_point(chr(point), recast)
    raw[ord("A") : ord("Z") + 1] = np.arange(ord("a"), ord("z") + 1)
    return raw, recast


def _raw_point(character: str, recast: Points) -> int:
    alone = unicodedata.normalize("NFKC", character).casefold()
    joins = unicodedata.combining(character) or "\u1100" <= alone[:1] <= "\u11ff"
    if len(alone) > 1 or joins or unicodedata.category(character) == "Mc":
        return _SEVERAL
    return int(recast[ord(alone)]) if alone else _GONE


def _folded_point(character: str) -> int:
    kind = unicodedata.category(character)
    if kind[0] == "L":
        return _without_accent(character)
    if kind == "Nd":
        return ord("0") + unicodedata.digit(character)
    if kind[0] == "N" or kind == "Mc":
        return ord(character)
    if kind in ("Cf", "Cn", "Co", "Cs", "Me"):
        return _GONE
    if kind == "Mn":
        # Vowel signs of Indic and Thai script are marks and carry the word; the marks over Latin letters do not.
        latin = 0x0300 <= ord(character) <= 0x036F or 0xFE00 <= ord(character) <= 0xFE0F
        return _GONE if latin else ord(character)
    return _SPACE


def _without_accent(character: str) -> int:
    if ord(character) >= _LATIN_END:
        return ord(character)
    base = unicodedata.normalize("NFD", character)[0]
    return ord(base) if base.isascii() else ord(character)
