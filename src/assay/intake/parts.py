"""Cleaned rows on their way into a snapshot: one file per source, table and million rows, with the keys beside it.

Every row has a place: the number of its part and its row in there. A later place is a newer row. Part numbers leave
every second one free for the rows that a source merges, which stand right behind its parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.engine.snapshots import ROWS_PER_FILE, ROWS_PER_GROUP, conform
from assay.intake.batches import Lines
from assay.market.columns import Table

# 2**32 rows fit into a part, and 2**31 parts into a place.
ROW_BITS = 32
MARKS = (("_place", pa.int64()), ("_file", pa.int32()), ("_line", pa.int64()))


@dataclass(frozen=True, slots=True)
class Part:
    """One file of rows. `source` is the number of its source, None when it comes from the earlier snapshot."""

    number: int
    path: Path
    n_rows: int
    source: int | None

    @property
    def first_place(self) -> int:
        """Place of its first row."""
        return self.number << ROW_BITS


def key_columns(table: Table) -> tuple[str, ...]:
    """The columns that settling needs of every row: the key, and what refers to other tables."""
    return tuple(dict.fromkeys((*table.key, *(column for column, _ in table.refers_to))))


def marks(number: int, first_row: int, files: Lines, lines: Lines) -> list[Any]:
    """The place, file and line of some rows, as arrays."""
    places = (number << ROW_BITS) + np.arange(first_row, first_row + len(lines), dtype=np.int64)
    return [pa.array(places), pa.array(files, pa.int32()), pa.array(lines, pa.int64())]


@dataclass(slots=True)
class TableParts:
    """Writes and lists the parts of one market table."""

    table: Table
    scratch: Path
    parts: list[Part] = field(default_factory=list)
    _number: int = 0

    @property
    def keys_folder(self) -> Path:
        """Where the keys of all parts are, one file each."""
        return self.scratch / "keys" / self.table.name

    def rows_folder(self, source: int) -> Path:
        """Where the parts of one source are."""
        return self.scratch / "rows" / self.table.name / f"source-{source:04d}"

    def next_number(self) -> int:
        """The next part number, two above the last."""
        self._number += 2
        return self._number

    def keys_file(self, number: int) -> Path:
        """Where the keys of a part are."""
        return self.keys_folder / f"part-{number:08d}.parquet"

    def keys_schema(self) -> pa.Schema:
        """Key columns and marks."""
        schema = self.table.schema
        return pa.schema([schema.field(name).with_nullable(True) for name in key_columns(self.table)] + list(MARKS))

    def add_base(self, path: Path) -> Part:
        """Lists a file of the earlier snapshot, and copies its keys out."""
        number = self.next_number()
        with pq.ParquetFile(path) as file:
            part = Part(number, path, file.metadata.num_rows, None)
            self.write_keys(number, file.iter_batches(ROWS_PER_GROUP, columns=list(key_columns(self.table))))
        self.parts.append(part)
        return part

    def write_keys(self, number: int, batches: Any) -> None:  # noqa: ANN401 - pyarrow has no types
        """Writes the keys of a part whose rows have no file and line of their own."""
        self.keys_folder.mkdir(parents=True, exist_ok=True)
        names = key_columns(self.table)
        first = 0
        with pq.ParquetWriter(self.keys_file(number), self.keys_schema()) as writer:
            for batch in batches:
                nowhere = np.zeros(batch.num_rows, dtype=np.int64)
                columns = [batch.column(batch.schema.get_field_index(name)) for name in names]
                if "_line" in batch.schema.names:
                    files, lines = (
                        np.asarray(batch.column(batch.schema.get_field_index(n))) for n in ("_file", "_line")
                    )
                else:
                    files, lines = nowhere, nowhere
                table = pa.table([*columns, *marks(number, first, files, lines)], names=self.keys_schema().names)
                writer.write_table(table.cast(self.keys_schema()))
                first += batch.num_rows


@dataclass(slots=True)
class PartWriter:
    """Writes the rows of one source for one table, a file per million rows. `marked`: the marks stand in the rows."""

    into: TableParts
    source: int
    marked: bool
    _waiting: list[pa.Table] = field(default_factory=list)
    _marks: list[list[Any]] = field(default_factory=list)
    _n_waiting: int = 0
    _number: int = 0
    _n_rows: int = 0
    _rows: Any = None
    _keys: Any = None

    def write(self, rows: pa.Table, lines: Lines, file: int) -> None:
        """Adds rows; they are written when a row group is full."""
        n = rows.num_rows
        if not n:
            return
        if self._number and self._n_rows + n > ROWS_PER_FILE:
            self.close()
        if not self._number:
            self._number = self.into.next_number()
        files = np.full(n, file, dtype=np.int64)
        self._waiting.append(conform(rows, self.into.table.name))
        self._marks.append(marks(self._number, self._n_rows, files, lines))
        self._n_rows += n
        self._n_waiting += n
        if self._n_waiting >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        rows = pa.concat_tables(self._waiting)
        columns = [pa.chunked_array([m[i] for m in self._marks]) for i in range(len(MARKS))]
        keys = pa.table(
            [*(rows.column(name) for name in key_columns(self.into.table)), *columns], schema=self.into.keys_schema()
        )
        if self.marked:
            for (name, _), column in zip(MARKS, columns, strict=True):
                rows = rows.append_column(name, column)
        if self._rows is None:
            folder = self.into.rows_folder(self.source)
            folder.mkdir(parents=True, exist_ok=True)
            self.into.keys_folder.mkdir(parents=True, exist_ok=True)
            self._rows = pq.ParquetWriter(self._path, rows.schema)
            self._keys = pq.ParquetWriter(self.into.keys_file(self._number), keys.schema)
        self._rows.write_table(rows, row_group_size=ROWS_PER_GROUP * 2)
        self._keys.write_table(keys)
        self._waiting, self._marks, self._n_waiting = [], [], 0

    @property
    def _path(self) -> Path:
        return self.into.rows_folder(self.source) / f"part-{self._number:08d}.parquet"

    def close(self) -> None:
        """Finishes the current part and lists it."""
        self._flush()
        if self._rows is not None:
            self._rows.close()
            self._keys.close()
            self.into.parts.append(Part(self._number, self._path, self._n_rows, self.source))
        self._rows = self._keys = None
        self._number = self._n_rows = 0

    def abandon(self) -> None:
        """Closes the files as they are; they are thrown away."""
        for writer in (self._rows, self._keys):
            if writer is not None:
                try:
                    writer.close()
                except OSError:  # the disk is full
                    continue
        self._rows = self._keys = None
