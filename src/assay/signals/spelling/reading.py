"""A batch of texts as one row of visible characters, so that every question costs one pass over an array."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from assay.signals.spelling.alphabet import (
    BORDER,
    DISGUISED,
    IDEOGRAPH,
    INVISIBLE,
    PLAIN,
    SEPARATOR,
    SYMBOL,
    alphabet,
    codes,
)

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

# Any odd number with well-mixed bits: hashes are polynomials in it modulo 2**64, and odd numbers have inverses there.
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_SIGNS = re.compile(r"[@$!]")
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())


@dataclass(frozen=True, slots=True)
class Reading:
    """Texts joined by borders, without their invisible characters. Arrays run over the visible characters.

    `lower`: code points in lower case; `shape`: the letter each one looks like (0 none); `kind`: see `alphabet`;
    `hidden`: how many invisible characters stand before each; `origin`: its place in `joined`; `starts`: where each
    text begins; `sums` and `unit`: prefix sums and inverse powers of the polynomial hash, see `span_hashes`.
    """

    joined: str
    lower: NDArray[np.uint32]
    shape: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    hidden: Ints | None
    origin: Ints | None
    starts: Ints
    sums: Hashes
    unit: Hashes

    def rows(self, places: Ints) -> Ints:
        """Which text each place is in."""
        return np.searchsorted(self.starts, places, side="right") - 1

    def span_hashes(self, starts: Ints, ends: Ints) -> Hashes:
        """One hash for the lower-case characters of each span; equal spans anywhere have equal hashes."""
        return (self.sums[ends] - self.sums[starts]) * self.unit[starts]

    def hides(self, starts: Ints, ends: Ints) -> NDArray[np.bool_]:
        """Whether an invisible character stands inside each span or on its last character."""
        if self.hidden is None:
            return np.zeros(len(starts), dtype=np.bool_)
        return self.hidden[ends] > self.hidden[starts]

    def written(self, start: int, end: int) -> str:
        """The span as it was written, invisible characters included."""
        if self.origin is None:
            return self.joined[start:end]
        return self.joined[int(self.origin[start]) : int(self.origin[end])]

    def stands_alone(self, starts: Ints, ends: Ints) -> NDArray[np.bool_]:
        """Whether no letter touches the span on either side; a script without spaces needs no gap."""
        left = (self.kind[starts - 1] < PLAIN) | (self.kind[starts] == IDEOGRAPH)
        right = (self.kind[ends] < PLAIN) | (self.kind[ends - 1] == IDEOGRAPH)
        alone: NDArray[np.bool_] = left & right
        return alone


def read(texts: Sequence[str]) -> Reading:
    """The texts as one reading. Line breaks in a text count as spaces."""
    joined = "\n" + "".join([text + "\n" for text in texts])
    if joined.count("\n") != len(texts) + 1:
        joined = "\n" + "".join([text.replace("\n", " ") + "\n" for text in texts])
    tables = alphabet()
    if joined.isascii():
        points: NDArray[np.uint32] | NDArray[np.uint8] = np.frombuffer(joined.encode(), dtype=np.uint8)
    else:
        points = codes(joined)
    kind, shape, lower = tables.kind[points], tables.shape[points], tables.lower[points]
    hidden = origin = None
    if (kind == INVISIBLE).any():
        visible = kind != INVISIBLE
        # An accent is drawn over the letter before it, so it is counted before the next visible character.
        hidden = np.cumsum(~visible)[visible]
        origin = np.flatnonzero(visible)
        kind, shape, lower = kind[visible], shape[visible], lower[visible]
    _settle_symbols(kind, shape)
    starts = np.flatnonzero(kind == BORDER)[:-1] + 1
    sums, unit = _sums(lower)
    return Reading(joined, lower, shape, kind, hidden, origin, starts, sums, unit)


def shape_text(text: str) -> bytes:
    """What a name looks like: its letters and digits by shape, nothing else. The key under which it is searched."""
    if text.isascii() and not _SIGNS.search(text):
        return text.encode().translate(_ascii_shapes(), _NO_LETTERS)
    return shapes(read([text]))[0] if text else b""


def shapes(reading: Reading) -> list[bytes]:
    """`shape_text` of every text of a reading at once."""
    letters = reading.shape > 10
    row = reading.shape[letters].tobytes()
    # The last place of each text is two before the next text: a border stands between.
    last = np.append(reading.starts[1:], len(letters))[: len(reading.starts)] - 2
    ends = np.cumsum(letters)[last].tolist()
    return [row[start:end] for start, end in pairwise([0, *ends])]


@lru_cache(maxsize=1)
def _ascii_shapes() -> bytes:
    return alphabet().shape[:256].tobytes()


def _settle_symbols(kind: NDArray[np.uint8], shape: NDArray[np.uint8]) -> None:
    """Decides for each @ $ ! whether it stands for a letter: only before a letter, and ! only between two."""
    places = np.flatnonzero(kind == SYMBOL)
    if not len(places):
        return
    letter = (kind == PLAIN) | (kind == DISGUISED) | (kind == SYMBOL)
    digit = (shape == 0) | ((shape >= ord("0")) & (shape <= ord("9")))
    before, after = letter[places - 1], letter[places + 1] & ~digit[places + 1]
    exclamation = shape[places] == ord("i")
    stands = np.where(exclamation, before & after, after | (before & (kind[places + 1] < PLAIN)))
    idle = places[~stands]
    kind[idle], shape[idle] = SEPARATOR, 0


_powers: dict[int, tuple[Hashes, Hashes]] = {}


def _sums(lower: NDArray[np.uint32]) -> tuple[Hashes, Hashes]:
    power, unit = _power_table(len(lower) + 1)
    sums = np.zeros(len(lower) + 1, dtype=np.uint64)
    np.cumsum((lower.astype(np.uint64) + np.uint64(1)) * power[: len(lower)], out=sums[1:])
    return sums, unit


def _power_table(size: int) -> tuple[Hashes, Hashes]:
    """Powers of the base and of its inverse; grown by doubling and kept, since every batch needs the same ones."""
    if not _powers or len(_powers[0][0]) < size:
        length = 1 << (size - 1).bit_length()
        tables = []
        for base in (_BASE, _INVERSE):
            factors = np.full(length, base, dtype=np.uint64)
            factors[0] = 1
            tables.append(np.cumprod(factors))
        _powers[0] = (tables[0], tables[1])
    return _powers[0]
