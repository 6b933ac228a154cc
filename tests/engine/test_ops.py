"""Each operation against plain Python, on every engine."""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.engine import Engine, ops

# Each example is one table of many rows, so few examples see many values; an engine takes 10 to 100 ms for each.
SOME = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FLOATS = st.none() | st.floats(-1e6, 1e6, allow_subnormal=False)
INSTANTS = st.none() | st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
NUMBERS = pa.schema([("k", pa.int64()), ("a", pa.float64()), ("b", pa.float64())])


@pytest.fixture(params=["duckdb", "sail"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """The engines that answer in milliseconds; test_parity holds Spark to the same rows."""
    return request.getfixturevalue(f"{request.param}_engine")


def table(engine: Engine, **columns: pa.Array) -> ibis.Table:
    n = len(next(iter(columns.values())))
    return engine.table(pa.table({"k": pa.array(range(n), pa.int64()), **columns}), "rows")


def values(engine: Engine, rows: ibis.Table, expression: ibis.Value) -> list:
    found = engine.collect(rows.select("k", value=expression)).sort_by("k")
    return found["value"].to_pylist()


@SOME
@given(pairs=st.lists(st.tuples(INSTANTS, INSTANTS), min_size=1, max_size=30))
def test_days_between_counts_whole_seconds_and_keeps_their_sign(engine, pairs):
    kind = pa.timestamp("us", tz="UTC")
    starts, ends = (pa.array(side, kind) for side in zip(*pairs, strict=True))
    rows = table(engine, start=starts, end=ends)
    for found, (start, end) in zip(values(engine, rows, ops.days_between(rows.start, rows.end)), pairs, strict=True):
        if start is None or end is None:
            assert found is None
        else:
            whole = (end.replace(microsecond=0) - start.replace(microsecond=0)) / timedelta(days=1)
            assert found == pytest.approx(whole, rel=1e-12, abs=1e-12)


def test_comparison_with_an_aware_time_is_exact_to_the_microsecond(engine):
    moment = datetime(2026, 3, 1, 8, 0, 0, 500_000, tzinfo=UTC)
    instants = [moment - timedelta(microseconds=1), moment, moment + timedelta(microseconds=1), None]
    rows = table(engine, at=pa.array(instants, pa.timestamp("us", tz="UTC")))
    assert values(engine, rows, rows.at < moment) == [True, False, False, None]
    eastern = moment.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+08:00").tzinfo)
    assert values(engine, rows, rows.at == eastern) == [False, True, False, None]


def test_days_begin_at_midnight_utc_whatever_the_machine_s_zone(engine):
    rows = table(engine, at=pa.array([datetime(2026, 3, 1, 23, 59, tzinfo=UTC)], pa.timestamp("us", tz="UTC")))
    assert values(engine, rows, rows.at.truncate("D")) == [datetime(2026, 3, 1, tzinfo=UTC)]
    assert values(engine, rows, rows.at.hour().cast("int64")) == [23]


@SOME
@given(pairs=st.lists(st.tuples(FLOATS, FLOATS | st.just(0.0)), min_size=1, max_size=30))
def test_ratio_is_null_where_the_divisor_is_zero_or_missing(engine, pairs):
    a, b = (pa.array(side, pa.float64()) for side in zip(*pairs, strict=True))
    rows = table(engine, a=a, b=b)
    for found, (x, y) in zip(values(engine, rows, ops.ratio(rows.a, rows.b)), pairs, strict=True):
        if x is None or not y:
            assert found is None
        else:
            assert found == pytest.approx(x / y, rel=1e-12)


def test_ratio_is_null_where_the_divisor_is_minus_zero(engine):
    rows = table(engine, a=pa.array([1.0, -1.0, 0.0]), b=pa.array([-0.0, 0.0, -0.0]))
    assert values(engine, rows, ops.ratio(rows.a, rows.b)) == [None, None, None]


def test_ratio_of_whole_numbers_is_not_rounded(engine):
    rows = table(engine, a=pa.array([1, 7, None, 3]), b=pa.array([3, 2, 1, 0]))
    assert values(engine, rows, ops.ratio(rows.a, rows.b)) == [pytest.approx(1 / 3), 3.5, None, None]


@SOME
@given(numbers=st.lists(FLOATS, min_size=1, max_size=40), q=st.sampled_from([0.0, 0.05, 0.25, 0.5, 0.9, 1.0]))
def test_quantile_is_exact_with_linear_interpolation(engine, numbers, q):
    rows = table(engine, a=pa.array(numbers, pa.float64()))
    found = engine.collect(rows.agg(value=ops.quantile(rows.a, q)))["value"][0].as_py()
    known = [x for x in numbers if x is not None]
    assert found == (pytest.approx(float(np.quantile(known, q)), rel=1e-9, abs=1e-9) if known else None)


@SOME
@given(numbers=st.lists(FLOATS, min_size=1, max_size=30))
def test_truncated_drops_the_fraction_towards_zero(engine, numbers):
    rows = table(engine, a=pa.array(numbers, pa.float64()))
    expected = [None if x is None else math.trunc(x) for x in numbers]
    assert values(engine, rows, ops.truncated(rows.a)) == expected


@SOME
@given(numbers=st.lists(FLOATS, min_size=1, max_size=30))
def test_log_is_null_at_zero_and_below(engine, numbers):
    rows = table(engine, a=pa.array(numbers, pa.float64()))
    for found, x in zip(values(engine, rows, ops.log(rows.a)), numbers, strict=True):
        assert found is None if x is None or x <= 0 else found == pytest.approx(math.log(x), rel=1e-9, abs=1e-9)


@SOME
@given(keys=st.lists(TEXTS, min_size=1, max_size=20), seed=st.integers(0, 2**31))
def test_md5_fraction_is_the_first_52_bits_of_the_digest(engine, keys, seed):
    rows = table(engine, key=pa.array(keys, pa.string()))
    expected = [
        None if key is None else int(hashlib.md5(f"{key}#{seed}".encode()).hexdigest()[:13], 16) / 2**52 for key in keys
    ]
    assert values(engine, rows, ops.md5_fraction(rows.key, seed)) == expected


def test_a_flag_is_null_where_nothing_is_known(engine):
    rows = table(engine, a=pa.array([1.0, -1.0, None]))
    assert values(engine, rows, ops.flag(rows.a > 0)) == [1.0, 0.0, None]


def test_either_counts_the_unknown_as_false(engine):
    flags = [True, False, None]
    rows = table(engine, a=pa.array([a for a in flags for _ in flags]), b=pa.array(flags * 3))
    found = values(engine, rows, ops.either(rows.a, rows.b))
    assert found == [a is True or b is True for a in flags for b in flags]


def test_share_leaves_the_unknown_out_and_n_true_is_zero_without_rows(engine):
    rows = table(engine, a=pa.array([True, False, None, True]))
    none = rows.filter(rows.k < 0)
    found = engine.collect(rows.agg(share=ops.share(rows.a), n=ops.n_true(rows.a))).to_pylist()
    assert found == [{"share": pytest.approx(2 / 3), "n": 2}]
    assert engine.collect(none.agg(share=ops.share(none.a), n=ops.n_true(none.a))).to_pylist() == [
        {"share": None, "n": 0}
    ]


def test_only_columns_keeps_the_order_asked_and_drops_the_absent(engine):
    rows = table(engine, a=pa.array([1]), b=pa.array([2]))
    assert ops.only_columns(rows, ["b", "zz", "a"]).columns == ("b", "a")


def test_trimmed_takes_white_space_and_no_letter(engine):
    texts = [" valinnor ", "\tfavlund\r\n", "v", "f", "", "   ", None, "a b", "rnt"]
    rows = table(engine, text=pa.array(texts))
    expected = [None if text is None else text.strip(" \t\r\n") for text in texts]
    assert values(engine, rows, ops.trimmed(rows.text)) == expected
