"""Where brands are named in a batch of texts: as the brand writes itself, by a nickname, or disguised."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray

from assay.signals.spelling.book import LEAST_DISGUISED, BrandBook, free_places, letters_of
from assay.signals.spelling.reading import Hashes, Ints, Reading, read, shapes
from assay.signals.spelling.tricks import Form, Trick, trick_of

# Above this many bytes of patterns a full table costs more memory than its speed is worth.
_DFA_BYTES = 60_000
_GAPS = re.compile(r"[\W_]+")
_MIX = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Brands named as such: text, brand (place in the book), first and next-after-last place; sorted by place."""

    row: Ints
    brand: Ints
    start: Ints
    end: Ints


@dataclass(frozen=True, slots=True)
class Disguise:
    """A brand written evasively: in which text, which brand, with which trick, the span as written, and its place."""

    row: int
    brand: int
    trick: Trick
    written: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finder:
    """A brand book made ready to search: one automaton over shapes, one over short names as written."""

    book: BrandBook
    shapes: ahocorasick_rs.BytesAhoCorasick | None
    brand_of_shape: Ints
    spelled: Hashes
    nicknames: Hashes
    forms: tuple[Form, ...]
    disguisable: NDArray[np.bool_]
    short: ahocorasick_rs.BytesAhoCorasick | None
    brand_of_short: Ints


@lru_cache(maxsize=4)
def finder(book: BrandBook) -> Finder:
    """The finder of a book, built once per process."""
    names = [
        (name, index, name in brand.surfaces)
        for index, brand in enumerate(book.brands)
        for name in dict.fromkeys((*brand.surfaces, *brand.aliases))
    ]
    reading = read([name for name, _, _ in names])
    hashes = reading.span_hashes(reading.starts, np.append(reading.starts[1:], len(reading.kind)) - 1)
    mixed = _mix(hashes, np.array([index for _, index, _ in names], dtype=np.int64))
    by_key: dict[tuple[bytes, int], list[str]] = {}
    # A nickname is found only as written: short ones look like ordinary words ("Wiil" and "will").
    long, own = np.zeros(len(names), np.bool_), np.zeros(len(names), np.bool_)
    short: dict[bytes, int] = {}
    for place, ((name, index, is_own), key) in enumerate(zip(names, shapes(reading), strict=True)):
        if len(key) < LEAST_DISGUISED and name.isascii():
            short.setdefault(name.lower().encode(), index)
        elif key:
            by_key.setdefault((key, index), []).append(name)
            long[place], own[place] = True, is_own
    return Finder(
        book,
        _automaton([key for key, _ in by_key]),
        np.array([index for _, index in by_key], dtype=np.int64),
        np.unique(mixed[own]),
        np.unique(mixed[long & ~own]),
        tuple(_form(spellings, book) for spellings in by_key.values()),
        np.array(
            [not set(book.brands[index].surfaces).isdisjoint(spellings) for (_, index), spellings in by_key.items()],
            dtype=np.bool_,
        ),
        _automaton(list(short)),
        np.array(list(short.values()), dtype=np.int64),
    )


def find(reading: Reading, names: Finder) -> tuple[Mentions, Mentions, list[Disguise]]:
    """Plain mentions, mentions by nickname, and disguised names of one batch."""
    pattern, start, end = _shape_hits(reading, names)
    brand = names.brand_of_shape[pattern]
    hashes = _mix(reading.span_hashes(start, end), brand)
    open_ = ~reading.hides(start, end)
    plain = open_ & among(hashes, names.spelled)
    nickname = open_ & ~plain & among(hashes, names.nicknames)
    disguises, variants = _judge(
        reading, names, np.flatnonzero(~plain & ~nickname & names.disguisable[pattern]), (pattern, start, end)
    )
    plain[variants] = True
    more = _short_hits(reading, names)
    named = [np.concatenate([old[plain], new]) for old, new in zip((brand, start, end), more, strict=True)]
    return _mentions(reading, *named), _mentions(reading, brand[nickname], start[nickname], end[nickname]), disguises


def _form(names: list[str], book: BrandBook) -> Form:
    free = frozenset[int]().union(*(free_places(name) for name in names))
    letters = letters_of(names[0])
    accented = any(letters_of(name) != "".join(c for c in name.lower() if c.isalnum()) for name in names)
    gaps = frozenset(gap.lower() for name in names for gap in _GAPS.findall(name))
    return Form(letters, free, gaps, accented, book.vocabulary, book.phrases)


def _shape_hits(reading: Reading, names: Finder) -> tuple[Ints, Ints, Ints]:
    places = np.flatnonzero(reading.shape)
    hits = _hits(names.shapes, reading.shape[places].tobytes())
    pattern, start, end = hits[:, 0], places[hits[:, 1]], places[hits[:, 2] - 1] + 1
    alone = reading.stands_alone(start, end)
    return pattern[alone], start[alone], end[alone]


def _short_hits(reading: Reading, names: Finder) -> tuple[Ints, Ints, Ints]:
    hits = _hits(names.short, np.where(reading.lower < 128, reading.lower, 1).astype(np.uint8).tobytes())
    start, end = hits[:, 1], hits[:, 2]
    kept = reading.stands_alone(start, end) & ~reading.hides(start, end)
    return names.brand_of_short[hits[kept, 0]], start[kept], end[kept]


def _judge(
    reading: Reading, names: Finder, doubtful: Ints, hits: tuple[Ints, Ints, Ints]
) -> tuple[list[Disguise], list[int]]:
    """Each doubtful hit looked at by itself: a disguise, a free variant of the name, or chance."""
    disguises, variants = [], []
    pattern, start, end = hits
    rows = reading.rows(start[doubtful]).tolist()
    for row, hit in zip(rows, doubtful.tolist(), strict=True):
        which, first, last = int(pattern[hit]), int(start[hit]), int(end[hit])
        trick = trick_of(reading, row, (first, last), names.forms[which])
        if trick is Trick.NONE:
            variants.append(hit)
        elif trick is not Trick.CHANCE:
            brand = int(names.brand_of_shape[which])
            disguises.append(Disguise(row, brand, trick, reading.written(first, last), first, last))
    return disguises, variants


def _mentions(reading: Reading, brand: Ints, start: Ints, end: Ints) -> Mentions:
    """Mentions in order of place, without those inside a longer one ("Auto" in "Allure Auto")."""
    order = np.lexsort((-end, start))
    brand, start, end = brand[order], start[order], end[order]
    if len(start):
        reach = np.maximum.accumulate(end)
        outer = np.ones(len(start), dtype=np.bool_)
        outer[1:] = end[1:] > reach[:-1]
        brand, start, end = brand[outer], start[outer], end[outer]
    return Mentions(reading.rows(start), brand, start, end)


def _hits(automaton: ahocorasick_rs.BytesAhoCorasick | None, haystack: bytes) -> Ints:
    if automaton is None:
        return np.zeros((0, 3), dtype=np.int64)
    found = automaton.find_matches_as_indexes(haystack, overlapping=True)
    return np.array(found, dtype=np.int64).reshape(-1, 3)


def _automaton(patterns: list[bytes]) -> ahocorasick_rs.BytesAhoCorasick | None:
    if not patterns:
        return None
    small = sum(map(len, patterns)) <= _DFA_BYTES
    kind = ahocorasick_rs.Implementation.DFA if small else ahocorasick_rs.Implementation.ContiguousNFA
    return ahocorasick_rs.BytesAhoCorasick(patterns, implementation=kind)


def _mix(hashes: Hashes, brand: Ints) -> Hashes:
    return hashes ^ (brand.astype(np.uint64) * _MIX)


def among(values: Hashes, table: Hashes) -> NDArray[np.bool_]:
    """Which of the values stand in a table, which is sorted."""
    if not len(table):
        return np.zeros(len(values), dtype=np.bool_)
    places = np.minimum(np.searchsorted(table, values), len(table) - 1)
    found: NDArray[np.bool_] = table[places] == values
    return found
