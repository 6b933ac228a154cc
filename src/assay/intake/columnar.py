"""Parquet: typed columns, written out as the text that cleaning reads, so that one set of rules holds for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.intake.batches import BATCH_ROWS, Batch, Reader, RowFault, text_of
from assay.intake.streams import BrokenStream, open_file, unreadable
from assay.market.errors import OutsideError


def read_parquet(path: Path, needed: tuple[str, ...] | None) -> Reader:
    """Opens a Parquet file; lines are row numbers from 1. OutsideError when it is damaged."""
    open_file(path).close()
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise OutsideError(
            f"{path.name} is damaged or no Parquet file ({str(error)[:120]}); fetch it again.",
            where={"file": str(path)},
        ) from error
    except OSError as error:
        raise unreadable(error, path) from error
    columns = tuple(file.schema_arrow.names)
    wanted = columns if needed is None else tuple(name for name in columns if name in needed)
    return Reader(columns, _batches(file, wanted or columns[:1]))


def _batches(file: Any, wanted: tuple[str, ...]) -> Iterator[Batch]:  # noqa: ANN401 - pyarrow has no types
    first = 1
    try:
        for batch in file.iter_batches(BATCH_ROWS, columns=list(wanted)):
            yield _batch(batch, wanted, first)
            first += batch.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise BrokenStream(str(error)[:120]) from error
    finally:
        file.close()


def _batch(batch: pa.RecordBatch, wanted: tuple[str, ...], first: int) -> Batch:
    lines = np.arange(first, first + batch.num_rows, dtype=np.int64)
    texts = [as_text(batch.column(batch.schema.get_field_index(name))) for name in wanted]
    broken = np.zeros(batch.num_rows, dtype=bool)
    for text in texts:
        try:
            text.validate(full=True)
        except pa.ArrowInvalid:  # a writer that put bytes that are not UTF-8 into a text column
            broken |= _broken_rows(text)
    table = pa.Table.from_arrays(texts, names=list(wanted))
    if not broken.any():
        return Batch(table, lines)
    fault = ("holds bytes that are not text", "text in UTF-8")
    faults = tuple(RowFault(int(line), "", *fault) for line in lines[broken])
    return Batch(table.filter(pa.array(~broken)), lines[~broken], faults)


def _broken_rows(text: pa.Array) -> np.ndarray:
    raw = text.view(pa.binary()).to_pylist()
    return np.array([value is not None and "\ufffd" in value.decode("utf-8", "replace") for value in raw])


def as_text(values: pa.Array) -> pa.Array:
    """A column of any Arrow type as text: times in ISO 8601 with Z when they are instants, nested values as JSON."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return as_text(values.dictionary_decode())
    if pa.types.is_timestamp(kind):
        return _time_text(values)
    plain = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_floating)
    others = (pa.types.is_boolean, pa.types.is_decimal, pa.types.is_date, pa.types.is_time, pa.types.is_null)
    if any(test(kind) for test in plain + others):
        return values.cast(pa.string())
    return pa.array([text_of(value) for value in values.to_pylist()], pa.string())


def _time_text(values: pa.Array) -> pa.Array:
    is_instant = values.type.tz is not None
    micros = values.cast(pa.timestamp("us", values.type.tz), safe=False)
    naive = micros.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us")) if is_instant else micros
    return pc.strftime(naive, "%Y-%m-%dT%H:%M:%SZ" if is_instant else "%Y-%m-%dT%H:%M:%S")
