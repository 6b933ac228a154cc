"""Words one slip away from a brand: a letter dropped, doubled or added, swapped with its neighbour, or replaced.

Misspelling is common and honest, so this is evidence that only adds to other evidence. Symmetric deletion (Garbe 2012):
two words are one slip apart only if deleting at most one letter from each can make them equal, so a brand's deletions
are stored once and a word costs a handful of dictionary look-ups. Distinct words of a batch are looked up once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from assay.signals.spelling.alphabet import PLAIN
from assay.signals.spelling.book import LEAST_NEAR, BrandBook, letters_of
from assay.signals.spelling.reading import Ints, Reading


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A word one slip away from a brand: in which text, which brand, the word as written, and its place."""

    row: int
    brand: int
    written: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch: each one's text, first place, next-after-last place and hash."""

    row: Ints
    start: Ints
    end: Ints
    hash: np.ndarray[tuple[int], np.dtype[np.uint64]]


def words_in(reading: Reading) -> Words:
    """Runs of letters and digits, of any script."""
    inside = np.zeros(len(reading.kind) + 1, dtype=np.int8)
    inside[:-1] = reading.kind >= PLAIN
    edges = np.diff(inside, prepend=0)
    start, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return Words(reading.rows(start), start, end, reading.span_hashes(start, end))


def near_misses(reading: Reading, words: Words, book: BrandBook) -> list[NearMiss]:
    """Words one slip away from a one-word brand of at least six letters that are neither brands nor ordinary."""
    names = _neighbours(book)
    long_enough = np.flatnonzero(words.end - words.start >= LEAST_NEAR - 1)
    distinct, first, inverse = np.unique(words.hash[long_enough], return_index=True, return_inverse=True)
    brand_of = np.full(len(distinct), -1, dtype=np.int64)
    starts, ends = words.start[long_enough][first].tolist(), words.end[long_enough][first].tolist()
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        brand_of[place] = names.brand(reading.written(start, end).lower())
    misses = np.flatnonzero(brand_of[inverse] >= 0)
    found = []
    for miss in misses.tolist():
        word = int(long_enough[miss])
        start, end = int(words.start[word]), int(words.end[word])
        brand = int(brand_of[inverse[miss]])
        found.append(NearMiss(int(words.row[word]), brand, reading.written(start, end), start, end))
    return found


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """Brands and their deletions, ready to be looked up."""

    exact: dict[str, int]
    deletions: dict[str, list[tuple[str, int]]]
    known: frozenset[str]

    def brand(self, word: str) -> int:
        """The brand that the word is one slip away from, or -1."""
        if word in self.known or not word.isascii() or not word.isalpha():
            return -1
        deletions = _deletions(word)
        for shorter in deletions:  # a letter too many
            if shorter in self.exact and word != shorter + "s":
                return self.exact[shorter]
        for name, index in self.deletions.get(word, ()):  # a letter too few
            if name != word + "s":
                return index
        for shorter in deletions:  # one replaced, or two swapped
            for name, index in self.deletions.get(shorter, ()):
                if len(name) == len(word) and _one_slip(name, word):
                    return index
        return -1


@lru_cache(maxsize=4)
def _neighbours(book: BrandBook) -> _Neighbours:
    exact: dict[str, int] = {}
    deletions: dict[str, list[tuple[str, int]]] = {}
    known = set(book.vocabulary)
    for index, brand in enumerate(book.brands):
        for surface in brand.surfaces:
            name = letters_of(surface)
            known.add(name)
            known.update(surface.lower().split())
            if len(name) >= LEAST_NEAR and name.isascii() and name.isalpha() and " " not in surface:
                exact.setdefault(name, index)
    for name, index in exact.items():
        for shorter in _deletions(name):
            deletions.setdefault(shorter, []).append((name, index))
    return _Neighbours(exact, deletions, frozenset(known))


def _deletions(word: str) -> list[str]:
    return list(dict.fromkeys(word[:place] + word[place + 1 :] for place in range(len(word))))


def _one_slip(name: str, word: str) -> bool:
    """Whether words of one length differ in one letter or in two neighbours swapped."""
    apart = [place for place, (a, b) in enumerate(zip(name, word, strict=True)) if a != b]
    if len(apart) == 1:
        return True
    if len(apart) != 2 or apart[1] != apart[0] + 1:
        return False
    first, second = apart
    return name[first] == word[second] and name[second] == word[first]
