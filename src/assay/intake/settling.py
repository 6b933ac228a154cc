"""Makes the rows of a table fit together: one row per key, and nothing that refers to what does not exist.

All of it runs out of core on the engine over narrow key files; the rows themselves are only touched where one goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from assay.engine.engine import Engine
from assay.intake.parts import MARKS, ROW_BITS, Part, TableParts, key_columns
from assay.market.columns import Table

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Loser:
    """Rows that do not stand, of one part: their rows in it, and file, line and key of each."""

    part: Part
    rows: Places
    files: Places
    lines: Places
    keys: list[str]


@dataclass(slots=True)
class Settling:
    """One table's keys on the engine, and the places that were dropped so far."""

    engine: Engine
    parts: TableParts
    dropped: Places = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _keys: ir.Table | None = None
    _n_steps: int = 0

    @property
    def table(self) -> Table:
        """The market table."""
        return self.parts.table

    def keys(self) -> ir.Table:
        """Keys and marks of every row that stands so far."""
        if self._keys is None:
            self._keys = self.engine.read(self.parts.keys_folder)
        return self._keys

    def merge(self, source: int) -> int:
        """Makes one row of all rows of a source with the same key, each column with its first filled value.

        Gives how many rows went into others.
        """
        own = [part for part in self.parts.parts if part.source == source]
        if not own:
            return 0
        key = list(self.table.key)
        rows = self.engine.read(self.parts.rows_folder(source))
        twice = self._step(_counted(rows, key))
        if not _n_rows(self.engine, twice):
            return 0
        several = rows.semi_join(twice, key)
        n_before = _n_rows(self.engine, several)
        names = [c for c in self.table.column_names if c not in key]
        place = several["_place"]
        first = {name: several[name].argmin(place, where=several[name].notnull()) for name in names}
        spots = {name: several[name].argmin(place) for name in ("_file", "_line")}
        merged = several.group_by(key).aggregate(**first, **spots, _place=place.min()).order_by("_place")
        self._drop(self.engine.collect(several.select("_place")).column("_place"))
        n_after = self._add_merged(merged, own[-1])
        return n_before - n_after

    def _add_merged(self, merged: ir.Table, last: Part) -> int:
        folder = self.parts.scratch / "merged" / f"{self.table.name}-{last.number:08d}"
        self.engine.write(merged, folder, ordered=True)
        path = next(folder.glob("*.parquet"))
        with pq.ParquetFile(path) as file:
            part = Part(last.number + 1, path, file.metadata.num_rows, last.source)
            columns = [*key_columns(self.table), "_file", "_line"]
            self.parts.write_keys(part.number, file.iter_batches(columns=columns))
        self.parts.parts.append(part)
        self._keys = self._without(self.engine.read(self.parts.keys_folder), self.dropped)
        return part.n_rows

    def supersede(self) -> Iterator[Loser]:
        """Leaves the newest row of every key; the others are dropped, and given part by part."""
        key = list(self.table.key)
        keys = self.keys()
        twice = self._step(_counted(keys, key))
        if not _n_rows(self.engine, twice):
            return
        losers = keys.inner_join(twice, key).filter(lambda t: t["_place"] < t["_newest"])
        yield from self._lose(losers)

    def orphans(self, column: str, parent: Settling | None) -> ir.Table | None:
        """Keys and marks of the rows whose column refers to a row that is not there; None when there are none."""
        keys = self.keys()
        named = keys.filter(keys[column].notnull())
        if parent is not None:
            there = parent.keys().select(**{column: parent.keys()[parent.table.key[0]]})
            named = named.anti_join(there, column)
        found = self._step(named)
        return found if _n_rows(self.engine, found) else None

    def reject(self, orphans: ir.Table) -> Iterator[Loser]:
        """Drops the orphans of new parts, part by part; rows of the earlier snapshot stay."""
        firsts = [part.first_place for part in self.parts.parts if part.source is not None]
        if firsts:
            yield from self._lose(orphans.filter(orphans["_place"] >= min(firsts)))

    def missing(self, orphans: ir.Table, column: str) -> ir.Table:
        """The distinct identifiers that orphans refer to."""
        return orphans.select(column).distinct().order_by(column)

    def _lose(self, losers: ir.Table) -> Iterator[Loser]:
        folder = self._folder()
        names = [*self.table.key, *(name for name, _ in MARKS)]
        self.engine.write(losers.select(*names).order_by("_place"), folder, ordered=True)
        by_number = {part.number: part for part in self.parts.parts}
        gone = []
        for path in sorted(folder.glob("*.parquet")):
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches():
                    places = np.asarray(batch.column("_place"))
                    gone.append(places)
                    yield from _by_part(batch, places, by_number, self.table)
        if gone:
            self._drop(np.concatenate(gone))
            self._keys = self._without(self.keys(), None, folder)

    def _drop(self, places: Any) -> None:  # noqa: ANN401 - an array of numpy or pyarrow
        self.dropped = np.unique(np.concatenate([self.dropped, np.asarray(places, dtype=np.int64)]))

    def _without(self, keys: ir.Table, places: Places | None, folder: Path | None = None) -> ir.Table:
        if folder is None:
            folder = self._folder()
            folder.mkdir(parents=True)
            pq.write_table(pa.table({"_place": pa.array(places)}), folder / "part-00000.parquet")
        return keys.anti_join(self.engine.read(folder).select("_place"), "_place")

    def _folder(self) -> Path:
        self._n_steps += 1
        return self.parts.scratch / "settling" / f"{self.table.name}-{self._n_steps:03d}"

    def _step(self, expression: ir.Table) -> ir.Table:
        folder = self._folder()
        self.engine.write(expression, folder)
        return self.engine.read(folder)

    def standing(self, part: Part) -> npt.NDArray[np.bool_] | None:
        """Which rows of a part stand; None when all do."""
        first, last = np.searchsorted(self.dropped, [part.first_place, part.first_place + (1 << ROW_BITS)])
        if first == last:
            return None
        mask = np.ones(part.n_rows, dtype=bool)
        mask[self.dropped[first:last] - part.first_place] = False
        return mask


def _counted(rows: ir.Table, key: list[str]) -> ir.Table:
    """Keys that more than one row has, with the newest place."""
    counted = rows.group_by(key).aggregate(_n=rows.count(), _newest=rows["_place"].max())
    return counted.filter(counted["_n"] > 1).drop("_n")


def _n_rows(engine: Engine, rows: ir.Table) -> int:
    return int(engine.collect(rows.aggregate(n=rows.count())).column("n")[0].as_py())


def _by_part(batch: pa.RecordBatch, places: Places, by_number: dict[int, Part], table: Table) -> Iterator[Loser]:
    numbers = places >> ROW_BITS
    files, lines = np.asarray(batch.column("_file"), dtype=np.int64), np.asarray(batch.column("_line"))
    keys = [batch.column(name) for name in table.key]
    for number in np.unique(numbers):
        at = np.flatnonzero(numbers == number)
        part = by_number[int(number)]
        shown = [" | ".join(str(key[int(i)].as_py()) for key in keys) for i in at] if part.source is not None else []
        yield Loser(part, places[at] - part.first_place, files[at], lines[at], shown)
