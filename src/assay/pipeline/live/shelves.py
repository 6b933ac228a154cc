"""Columns on disk that are read in place: numpy files mapped into memory, texts beside their offsets, hashed keys.

A process that opens them pays for the pages it touches, and processes on one machine share those pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Array = npt.NDArray[np.generic]

# No instant, day or number of this size occurs: it stands for "missing" in whole-number columns.
NONE = np.iinfo(np.int64).min


def hashed(text: str) -> int:
    """The first 64 bits of the MD5 of a text, as a signed number: the key under which it is looked up.

    Two of ten million texts share a key with a chance of 3 in a million.
    """
    return int.from_bytes(
        hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()[:8], "little", signed=True
    )


def hashed_all(texts: Iterable[str]) -> Ints:
    """`hashed` of every text."""
    return np.fromiter((hashed(text) for text in texts), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Keys:
    """From a key to its row: sorted keys and the row of each."""

    keys: Ints
    rows: npt.NDArray[np.int32]

    def row(self, key: int) -> int:
        """The row of a key, -1 when it is not there."""
        place = int(self.keys.searchsorted(key))
        return int(self.rows[place]) if place < len(self.keys) and self.keys[place] == key else -1


@dataclass(frozen=True, slots=True)
class Groups:
    """From a key to its members: sorted keys, and where the members of each begin and end in `rows`."""

    keys: Ints
    starts: Ints
    rows: npt.NDArray[np.int32]

    def place(self, key: int) -> int:
        """The number of a group, -1 when there is none of that key."""
        place = int(self.keys.searchsorted(key))
        return place if place < len(self.keys) and self.keys[place] == key else -1

    def members(self, place: int) -> npt.NDArray[np.int32]:
        """The members of a group by its number, in their order; none for -1."""
        return self.rows[self.starts[place] : self.starts[place + 1]] if place >= 0 else self.rows[:0]


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts by row, decoded when asked for."""

    starts: Ints
    octets: npt.NDArray[np.uint8]

    def __getitem__(self, row: int) -> str:
        return self.raw(row).decode("utf-8", "surrogatepass")

    def raw(self, row: int) -> bytes:
        """The bytes of a text."""
        return self.octets[self.starts[row] : self.starts[row + 1]].tobytes()


class Shelf:
    """A folder of columns, opened for reading: each is mapped once, when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._arrays = {file.stem: _mapped(file) for file in sorted(folder.glob("*.npy"))}

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def array(self, name: str) -> npt.NDArray[np.generic]:
        """A column by its name."""
        return self._arrays[name]

    def ints(self, name: str) -> Ints:
        """A column of whole numbers."""
        return self._arrays[name]  # type: ignore[return-value]

    def floats(self, name: str) -> npt.NDArray[np.float64]:
        """A column of numbers."""
        return self._arrays[name]  # type: ignore[return-value]

    def keys(self, name: str) -> Keys:
        """A column of keys."""
        return Keys(self.ints(f"{name}.keys"), self.ints(f"{name}.rows"))  # type: ignore[arg-type]

    def groups(self, name: str) -> Groups:
        """A column of groups."""
        return Groups(self.ints(f"{name}.keys"), self.ints(f"{name}.starts"), self.ints(f"{name}.rows"))  # type: ignore[arg-type]

    def texts(self, name: str) -> Texts:
        """A column of texts."""
        return Texts(self.ints(f"{name}.starts"), self.array(f"{name}.octets"))  # type: ignore[arg-type]


def _mapped(file: Path) -> npt.NDArray[np.generic]:
    # A plain view: slicing the memmap class itself costs a microsecond more each time.
    column = np.load(file, mmap_mode="r" if file.stat().st_size > _SMALL else None)
    return np.asarray(column)


# A file of less than a page is read, not mapped (and an empty column cannot be mapped).
_SMALL = 4096


@dataclass(frozen=True, slots=True)
class ShelfWriter:
    """Writes the columns of a shelf into a folder."""

    folder: Path

    def array(self, name: str, column: npt.ArrayLike) -> None:
        """One column."""
        np.save(self.folder / f"{name}.npy", np.ascontiguousarray(column))

    def keys(self, name: str, keys: Ints, rows: npt.NDArray[np.integer] | None = None) -> None:
        """Keys of rows 0, 1, 2 …, or of the given rows."""
        order = np.argsort(keys, kind="stable")
        self.array(f"{name}.keys", keys[order])
        self.array(f"{name}.rows", (order if rows is None else rows[order]).astype(np.int32))

    def groups(self, name: str, keys: Ints, rows: npt.NDArray[np.integer], *order: npt.NDArray[np.generic]) -> None:
        """Members by key; within a group sorted by the columns of `order`, the first deciding."""
        places = np.lexsort((*reversed(order), keys))
        found, starts = np.unique(keys[places], return_index=True)
        self.array(f"{name}.keys", found)
        self.array(f"{name}.starts", np.append(starts, len(keys)).astype(np.int64))
        self.array(f"{name}.rows", rows[places].astype(np.int32))

    def texts(self, name: str, texts: Sequence[str | bytes]) -> None:
        """One column of texts."""
        coded = [t if isinstance(t, bytes) else t.encode("utf-8", "surrogatepass") for t in texts]
        lengths = np.fromiter(map(len, coded), dtype=np.int64, count=len(coded))
        self.array(f"{name}.starts", np.concatenate(([0], np.cumsum(lengths))).astype(np.int64))
        self.array(f"{name}.octets", np.frombuffer(b"".join(coded), dtype=np.uint8))
