"""What a column is on disk: the same Parquet types whichever engine wrote it.

Engines disagree with Ibis and with each other about the type of a result (DuckDB sums integers to 128 bits and would
store them as floating point; epoch seconds carry a fraction there and none on Spark). What is written, and what a
batch function is given, therefore follows the expression's own schema.
"""

from __future__ import annotations

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa

from assay.market.errors import CallerError

_TIME = pa.timestamp("us", tz="UTC")
# Spark has no unsigned integers: each goes to the next wider signed one.
_SIGNED = {pa.uint8(): pa.int16(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64(), pa.uint64(): pa.int64()}


def storage_schema(expression: ir.Table) -> pa.Schema:
    """The Arrow schema that an expression is stored with: times as UTC microseconds, no unsigned integers.

    CallerError for a column that Parquet cannot hold on every engine (an untyped null, an interval, a time of day).
    """
    return pa.schema([pa.field(name, _storage_type(name, dtype)) for name, dtype in expression.schema().items()])


def _storage_type(name: str, dtype: dt.DataType) -> pa.DataType:
    if dtype.is_timestamp():
        return _TIME
    if dtype.is_null() or dtype.is_interval() or dtype.is_time():
        raise CallerError(
            f"Column {name} is of type {dtype}, which cannot be stored on every engine; cast it to a stored type.",
            where={"column": name},
            value=str(dtype),
            allowed="text, whole and floating-point numbers, booleans, dates, instants, and lists of them",
        )
    if dtype.is_array():
        return pa.list_(_storage_type(name, dtype.value_type))
    arrow = dtype.to_pyarrow()
    return _SIGNED.get(arrow, arrow)


def conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with exactly the columns, order and types of `schema`; ValueError when names or values do not fit."""
    if batch.schema.names != schema.names:
        raise ValueError(f"the batch has the columns {batch.schema.names}, the schema says {schema.names}")
    return batch if batch.schema.equals(schema) else batch.cast(schema)
