"""What a column is on disk."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from assay.engine.storage import conform, storage_schema
from assay.market.errors import CallerError


def test_times_are_utc_microseconds_and_unsigned_numbers_are_widened():
    table = ibis.table({"at": "timestamp", "day": "date", "n": "uint32", "p": "int16", "w": "array<string>"}, "t")
    assert storage_schema(table) == pa.schema(
        [
            ("at", pa.timestamp("us", tz="UTC")),
            ("day", pa.date32()),
            ("n", pa.int64()),
            ("p", pa.int16()),
            ("w", pa.list_(pa.string())),
        ]
    )


@pytest.mark.parametrize("value", [ibis.null(), ibis.interval(days=1), ibis.time("08:00")])
def test_a_type_that_not_every_engine_stores_is_refused_by_column(value):
    with pytest.raises(CallerError, match=r"Column odd is of type .* cast it") as caught:
        storage_schema(ibis.table({"k": "int64"}, "t").mutate(odd=value))
    assert caught.value.where == {"column": "odd"}


def test_sums_of_whole_numbers_stay_whole(duckdb_engine, tmp_path):
    rows = duckdb_engine.table(pa.table({"price": [2**53, 1]}), "prices")
    duckdb_engine.write(rows.agg(total=rows.price.sum()), tmp_path / "out")
    assert duckdb_engine.collect(duckdb_engine.read(tmp_path / "out")).to_pylist() == [{"total": 2**53 + 1}]


def test_a_batch_with_other_columns_is_refused():
    batch = pa.record_batch({"a": [1]})
    with pytest.raises(ValueError, match=r"columns \['a'\], the schema says \['b'\]"):
        conform(batch, pa.schema([("b", pa.int64())]))
