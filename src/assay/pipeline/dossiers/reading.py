"""Reads tables that are sorted by the same key side by side, each once and forward, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Key = tuple[str, ...]
# Rows that a table beside holds in memory at a time, whatever its size.
_ROWS_AHEAD = 2_000


def batches(folder: Path, n_rows: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of a folder in order, some `n_rows` at a time; nothing when there is no such folder."""
    for file in sorted(folder.glob("*.parquet")):
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(n_rows):
                yield batch.to_pylist()


class Beside:
    """Rows of a sorted table that belong to the keys another one is at. `key` names the columns it is sorted by."""

    def __init__(self, folder: Path, *key: str) -> None:
        self._key = key
        self._batches = batches(folder, _ROWS_AHEAD)
        self._ahead: deque[dict[str, Any]] = deque()
        self._kept: list[dict[str, Any]] = []

    def upto(self, last: Key) -> dict[Key, list[dict[str, Any]]]:
        """All rows whose key is `last` or smaller and was not given before, by key; those of `last` are given again."""
        found: dict[Key, list[dict[str, Any]]] = {}
        for row in self._kept:
            found.setdefault(self._of(row), []).append(row)
        while self._fill() and self._of(self._ahead[0]) <= last:
            row = self._ahead.popleft()
            found.setdefault(self._of(row), []).append(row)
        self._kept = found.get(last, [])
        return found

    def _of(self, row: dict[str, Any]) -> Key:
        return tuple(row[name] for name in self._key)

    def _fill(self) -> bool:
        """Whether a row waits: reads on where none does."""
        while not self._ahead:
            batch = next(self._batches, None)
            if batch is None:
                return False
            self._ahead.extend(batch)
        return True


class Sides:
    """Tables beside that hold at most one row per key, read together: the row of a key is the union of theirs."""

    def __init__(self, folder: Path, prefix: str, *key: str) -> None:
        self._tables = [Beside(each, *key) for each in sorted(folder.glob(f"{prefix}*"))]

    def upto(self, last: Key) -> dict[Key, dict[str, Any]]:
        """The rows up to a key, as `Beside.upto` gives them."""
        found: dict[Key, dict[str, Any]] = {}
        for table in self._tables:
            for key, rows in table.upto(last).items():
                found.setdefault(key, {}).update(rows[0])
        return found
