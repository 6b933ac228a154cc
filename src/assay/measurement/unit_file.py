"""The tables of a publication as CSV, written in one way only, so that a file can be compared to the byte."""

from __future__ import annotations

import csv
import io
from typing import Any

import pyarrow as pa

from assay.measurement.drawing import UNITS
from assay.measurement.sealing import BrokenSeal


def read_units(content: bytes) -> pa.Table:
    """The units of units.csv (columns of `drawing.UNITS`). BrokenSeal when it was written in another way."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    if not rows or tuple(rows[0]) != tuple(UNITS.names):
        raise BrokenSeal(f"The header of units.csv must be {','.join(UNITS.names)}.", {"file": "units.csv"})
    columns = list(zip(*rows[1:], strict=True)) if len(rows) > 1 else [()] * len(UNITS)
    arrays = [
        pa.array([_value(cell, f.type) for cell in column], f.type) for f, column in zip(UNITS, columns, strict=True)
    ]
    table = pa.table(arrays, schema=UNITS)
    if csv_bytes(table) != content:
        raise BrokenSeal("units.csv was written again: numbers, quotes or line ends are not as published.")
    return table


def _value(cell: str, kind: pa.DataType) -> Any:  # noqa: ANN401 - one of four types
    if cell == "":
        return None
    if kind == pa.bool_():
        return {"true": True, "false": False}[cell]
    return int(cell) if kind == pa.int64() else float(cell) if kind == pa.float64() else cell


def csv_bytes(table: pa.Table) -> bytes:
    """A table as CSV: header, line feeds, empty for null, true and false, shortest floats."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        writer.writerow([_cell(value) for value in row])
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)
