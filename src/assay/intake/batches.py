"""What readers hand on: rows as text with their lines, and the rows that could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

Lines = npt.NDArray[np.int64]

# Longest cell taken, in bytes. The longest descriptions of real marketplaces are some 100 kB; a longer cell is a page,
# a picture or a quote that never closed, and would sit in every later step's memory.
MAX_CELL = 1_000_000
# Rows of one batch from readers that count rows: some 40 MB of text at most in practice.
BATCH_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class RowFault:
    """One row that could not be read at all."""

    line: int
    value: str
    reason: str
    allowed: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a source: one text column per source column, the line (or row number) of each, and the faults."""

    rows: pa.Table
    lines: Lines
    faults: tuple[RowFault, ...] = ()

    @property
    def n_read(self) -> int:
        """Rows read, readable or not."""
        return int(self.rows.num_rows) + len(self.faults)


@dataclass(frozen=True, slots=True)
class Reader:
    """An opened source: the names of its columns and its batches."""

    columns: tuple[str, ...]
    batches: Iterator[Batch]


def without_long_cells(batch: Batch) -> Batch:
    """The batch with rows that hold a cell above MAX_CELL turned into faults."""
    too_long = np.zeros(batch.rows.num_rows, dtype=bool)
    faults = list(batch.faults)
    for name in batch.rows.column_names:
        lengths = pc.fill_null(pc.binary_length(batch.rows.column(name)), 0)
        for row in np.flatnonzero(np.asarray(lengths) > MAX_CELL):
            if not too_long[row]:
                too_long[row] = True
                start = pc.utf8_slice_codeunits(batch.rows.column(name)[int(row)], 0, 80).as_py()
                faults.append(long_cell(int(batch.lines[row]), name, start, lengths[int(row)].as_py()))
    if not too_long.any():
        return batch
    return Batch(batch.rows.filter(pa.array(~too_long)), batch.lines[~too_long], tuple(faults))


def long_cell(line: int, column: str, start: str, n_bytes: int) -> RowFault:
    """The fault of a row with a cell that is too long."""
    return RowFault(line, f"{start}… ({n_bytes} bytes, column {column})", "a cell is too long", f"{MAX_CELL} bytes")


def text_of(value: Any) -> str | None:  # noqa: ANN401 - whatever a database or JSON holds
    """A value of JSON or a database as the text that cleaning reads; None stays None.

    >>> text_of(True), text_of(12.5), text_of({"a": 1}), text_of(None)
    ('true', '12.5', '{"a":1}', None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value if value.tzinfo is None else value.astimezone(UTC)
        return moment.isoformat()
    if isinstance(value, date | int | float):
        return value.isoformat() if isinstance(value, date) else repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes_text(bytes(value))
    if isinstance(value, list | tuple | dict):
        return orjson.dumps(value, default=text_of, option=orjson.OPT_NON_STR_KEYS).decode()
    return str(value)


def _bytes_text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.hex()


def batch_of_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]], first: int) -> Batch:
    """A batch from Python rows; text that is not Unicode makes its row a fault. `first` numbers the first row."""
    lines = np.arange(first, first + len(rows), dtype=np.int64)
    texts = [[text_of(row[i]) for row in rows] for i in range(len(columns))]
    try:
        return Batch(text_table(columns, texts), lines)
    except UnicodeEncodeError:
        broken = np.array([any(_is_broken(column[i]) for column in texts) for i in range(len(rows))])
    faults = tuple(
        RowFault(first + int(i), str(rows[int(i)])[:200].encode("utf-8", "backslashreplace").decode(), *_NOT_UNICODE)
        for i in np.flatnonzero(broken)
    )
    kept = [[text for text, bad in zip(column, broken, strict=True) if not bad] for column in texts]
    return Batch(text_table(columns, kept), lines[~broken], faults)


_NOT_UNICODE = ("holds bytes that are not text", "text in UTF-8")


def _is_broken(text: str | None) -> bool:
    return text is not None and any("\ud800" <= char <= "\udfff" for char in text)


def text_table(columns: Sequence[str], texts: Sequence[Sequence[str | None]]) -> pa.Table:
    """A table of text columns."""
    arrays = [pa.array(column, pa.string()) for column in texts]
    return pa.Table.from_arrays(arrays, names=list(columns))
