"""Seeded draws: hashed keys for texts and pictures, whole shares of a total, Arrow text from numbers.

A *key* is a 64-bit integer that stands for one source (a merchant's own hand, a supplier's album, a brand's studio).
Whoever draws words or pictures from the same key gets the same ones, so that copying is a matter of sharing a key, and
no chunk has to know what another chunk wrote.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def key(*parts: npt.ArrayLike) -> Keys:
    """One 64-bit key per row from any number of integers or integer arrays (splitmix64, Steele et al. 2014)."""
    state: Any = np.uint64(0)
    with np.errstate(over="ignore"):
        for part in parts:
            state = state ^ np.asarray(part).astype(np.uint64)
            state = state + _GOLDEN
            state = (state ^ (state >> np.uint64(30))) * _MIX_1
            state = (state ^ (state >> np.uint64(27))) * _MIX_2
            state = state ^ (state >> np.uint64(31))
    return np.asarray(state, dtype=np.uint64)


def unit(keys: Keys, slot: int) -> Floats:
    """A number in [0, 1) for each key; another slot gives an unrelated number."""
    return np.asarray((key(keys, slot) >> np.uint64(11)) * 2.0**-53)


def pick(keys: Keys, slot: int, n: npt.ArrayLike) -> Ints:
    """An index in [0, n) for each key; `n` may be one number or an array."""
    return np.asarray(unit(keys, slot) * np.asarray(n), dtype=np.int64)


def split_total(total: int, weights: Floats, least: int = 0) -> Ints:
    """Whole numbers in proportion to the weights that sum to `total` (largest remainders), each at least `least`."""
    spare = total - least * len(weights)
    if spare < 0:
        raise ValueError(f"cannot give {least} to each of {len(weights)} out of {total}")
    shares = spare * weights / weights.sum()
    whole: Ints = np.floor(shares).astype(np.int64)
    rest = spare - int(whole.sum())
    whole[np.argsort(whole - shares, kind="stable")[:rest]] += 1
    return whole + least


def numbered(prefix: str, numbers: npt.NDArray[Any], n_digits: int) -> pa.Array:
    """Identifiers such as L000000123, as Arrow text, without a Python loop."""
    n, width = len(numbers), len(prefix) + n_digits
    cells = np.empty((n, width), dtype=np.uint8)
    cells[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    left = numbers.astype(np.int64)
    for place in range(width - 1, len(prefix) - 1, -1):
        left, digit = np.divmod(left, 10)
        cells[:, place] = digit + 48
    return _fixed_text(cells)


def hexadecimal(words: npt.NDArray[np.uint64]) -> pa.Array:
    """Rows of 64-bit words as hexadecimal text: 16 digits per word."""
    octets = np.ascontiguousarray(words).view(np.uint8).reshape(len(words), -1)
    cells = np.empty((len(words), octets.shape[1] * 2), dtype=np.uint8)
    cells[:, 0::2] = _DIGITS[octets >> 4]
    cells[:, 1::2] = _DIGITS[octets & 15]
    return _fixed_text(cells)


def _fixed_text(cells: npt.NDArray[np.uint8]) -> pa.Array:
    n, width = cells.shape
    offsets = np.arange(n + 1, dtype=np.int64) * width
    large = pa.LargeStringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(cells)))
    return large if offsets[-1] > 2**31 - 1 else large.cast(pa.string())


def where_valid(values: pa.Array | npt.NDArray[Any], valid: Flags) -> pa.Array:
    """An Arrow array of the values, null where not valid."""
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    return pa.compute.if_else(pa.array(valid), array, pa.scalar(None, array.type))


def at(epoch_seconds: npt.NDArray[Any]) -> pa.Array:
    """Seconds since 1970 as Arrow UTC times with microseconds."""
    micros = np.asarray(epoch_seconds, dtype=np.float64).astype(np.int64) * 1_000_000
    return pa.array(micros, pa.int64()).cast(pa.timestamp("us", tz="UTC"))
