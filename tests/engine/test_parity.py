"""The same expression gives the same rows and the same stored types on DuckDB, Sail and Spark."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis import _

from assay.engine import Engine, Workspace, ops
from tests.engine import kernels
from tests.engines import assert_same_rows

START = datetime(2026, 1, 1, tzinfo=UTC)
MOMENT = START + timedelta(days=60, microseconds=250_000)
N = 400


def sample() -> pa.Table:
    rows = range(N)
    at = [None if i % 9 == 0 else START + timedelta(seconds=i * 18_005, microseconds=i * 2_501) for i in rows]
    return pa.table(
        {
            "k": pa.array(rows, pa.int64()),
            "id": pa.array([None if i % 11 == 0 else f"L{i}-鞋é" for i in rows]),
            "x": pa.array([None if i % 7 == 0 else i * 7919 % 1000 - 500 for i in rows], pa.int64()),
            "y": pa.array([i % 5 - 2 for i in rows], pa.int64()),
            "f": pa.array([None if i % 13 == 0 else (i - 200) / 8 for i in rows]),
            "b": pa.array([None if i % 5 == 0 else i % 2 == 0 for i in rows]),
            "g": pa.array([["a", "b", None, "c d"][i % 4] for i in rows]),
            "at": pa.array(at, pa.timestamp("us", tz="UTC")),
        }
    )


def of_rows(t: ibis.Table) -> ibis.Table:
    """What stages compute row by row."""
    return t.select(
        "k",
        epoch=ops.epoch_seconds(t.at),
        days=ops.days_between(t.at, ibis.literal(MOMENT)),
        earlier=t.at < MOMENT,
        within=t.at.between(START, MOMENT),
        filled=t.at.fill_null(ibis.literal(MOMENT)),
        later=t.at + ibis.interval(days=3),
        day=t.at.truncate("D"),
        month=t.at.truncate("M"),
        date=t.at.date(),
        year=t.at.year(),
        weekday=t.at.day_of_week.index(),
        ratio=ops.ratio(t.x, t.y),
        whole=ops.truncated(t.f),
        logarithm=ops.log(t.f),
        rounded=t.f.round(),
        floored=t.x // 3,
        rest=t.x % 7,
        text=t.x.cast("string"),
        read=t.id.try_cast("int64"),
        length=t.id.length(),
        part=t.id.substr(1, 3),
        found=t.id.find("-"),
        digits=t.id.re_extract("([0-9]+)", 1),
        without=t.id.re_replace("[0-9]", ""),
        kind=ibis.cases((t.x > 0, "p"), (t.x < 0, "n"), else_="z"),
        flag=ops.flag(t.x > 0),
        either=ops.either(t.x > 0, t.b),
        both=t.b & (t.x > 0),
        least=ibis.least(t.x, t.y),
        words=t.g.split(" "),
        fraction=ops.md5_fraction(t.id, 3),
        points=(t.x > 0).ifelse(1, 0).cast("int16"),
        quoted=ibis.literal("a'b\"c\\d"),
    )


def of_groups(t: ibis.Table) -> ibis.Table:
    """What stages aggregate."""
    return t.group_by("g").agg(
        n=t.count(),
        n_where=t.x.count(where=t.b),
        total=t.x.sum(),
        n_flags=t.b.sum(),
        mean=t.x.mean(),
        spread=t.f.std(),
        n_distinct=t.x.nunique(),
        median=ops.median(t.f),
        high=ops.quantile(t.f, 0.9),
        first_at=t.at.min(),
        last_at=t.at.max(),
        share=ops.share(t.b),
        n_true=ops.n_true(t.b),
        any_high=(t.x > 400).any(),
        best=t.k.argmax(t.k),
    )


def of_windows(t: ibis.Table) -> ibis.Table:
    """What stages compute along a group."""
    ordered = ibis.window(group_by="g", order_by=[t.x, t.k])
    return t.mutate(second=ops.epoch_seconds(t.at).fill_null(0)).select(
        "k",
        place=ibis.row_number().over(ordered),
        place_down=ibis.row_number().over(ibis.window(group_by="g", order_by=[_.x.desc(), _.k])),
        before=_.x.lag().over(ibis.window(group_by="g", order_by=_.k)),
        so_far=_.x.sum().over(ibis.cumulative_window(group_by="g", order_by=_.k)),
        in_a_day=_.k.count().over(ibis.range_window(group_by="g", order_by=_.second, preceding=86_400, following=0)),
    )


def of_joins(t: ibis.Table) -> ibis.Table:
    """Joins with missing keys, sets and unnested lists."""
    other = t.filter(t.b).select(y2=t.y, x="x", k2=t.k)
    joined = t.select("k", "x", "y").left_join(other, "x").select("k", "y2", "k2")
    kept = (
        t.semi_join(other, "x").select("k", y2="y", k2="k").union(t.anti_join(other, "x").select("k", y2="y", k2="x"))
    )
    words = t.select("k", word=t.g.split(" ").unnest(), k2="x")
    words = words.select("k", y2=words.word.length().cast("int64"), k2="k2")
    return joined.union(kept).union(words)


@pytest.fixture(scope="module")
def source(engine_scratch: Path) -> Path:
    path = engine_scratch / "parity.parquet"
    pq.write_table(sample(), path, row_group_size=90)
    return path


def stored(engine: Engine, source: Path, expression: Callable[[ibis.Table], ibis.Table], folder: Path) -> pa.Table:
    engine.write(expression(engine.read(source)), folder)
    assert all(file.name.startswith("part-") and file.suffix == ".parquet" for file in folder.iterdir())
    return pq.read_table(folder)


@pytest.mark.parametrize("expression", [of_rows, of_groups, of_windows, of_joins], ids=lambda e: e.__name__)
def test_rows_and_stored_types_are_the_same(duckdb_engine, other_engine, source, tmp_path, expression):
    ours = stored(duckdb_engine, source, expression, tmp_path / "duckdb")
    theirs = stored(other_engine, source, expression, tmp_path / "other")
    assert_same_rows(ours, theirs)


def test_what_is_collected_has_the_types_of_what_is_stored(engine, source, tmp_path):
    rows = engine.collect(of_groups(engine.read(source)))
    assert_same_rows(rows, stored(engine, source, of_groups, tmp_path / "out"))


def test_a_run_of_steps_gives_the_same_rows(duckdb_engine, other_engine, source, tmp_path):
    results = []
    for engine in (duckdb_engine, other_engine):
        work = Workspace(engine, tmp_path / engine.name)
        texts = work.step("texts", engine.read(source).select("k", "g").distinct())
        doubled = work.map_step("doubled", texts.select("k"), kernels.doubled, kernels.DOUBLED)
        final = work.step("final", texts.join(doubled, "k").group_by("g").agg(total=doubled.twice.sum()))
        results.append(engine.collect(final))
    assert_same_rows(*results)


def test_an_ordered_step_keeps_its_order(engine, source, tmp_path):
    rows = engine.read(source)
    engine.write(rows.order_by(rows.x.desc(), rows.k).select("k", "x"), tmp_path / "out", ordered=True)
    parts = sorted((tmp_path / "out").glob("*.parquet"))
    read = pa.concat_tables([pq.read_table(part) for part in parts])
    filled = [row for row in read.to_pylist() if row["x"] is not None]
    assert filled == sorted(filled, key=lambda row: (-row["x"], row["k"]))


def test_a_step_may_replace_what_it_reads(engine, source, tmp_path):
    engine.write(engine.read(source).select("k"), tmp_path / "out")
    engine.write(engine.read(tmp_path / "out").filter(_.k < 10), tmp_path / "out")
    assert engine.collect(engine.read(tmp_path / "out")).num_rows == 10


def test_no_rows_still_have_their_columns(engine, source, tmp_path):
    engine.write(of_groups(engine.read(source).filter(_.k < 0)), tmp_path / "out")
    found = engine.read(tmp_path / "out")
    assert engine.collect(found).num_rows == 0
    assert "median" in found.columns


def test_a_constant_table_keeps_types_and_nulls(engine):
    rows = pa.table(
        {
            "k": pa.array([1, None], pa.int16()),
            "at": pa.array([START, None], pa.timestamp("us", tz="UTC")),
            "t": ["a", None],
        }
    )
    assert_same_rows(engine.collect(engine.table(rows, "constants")), rows)
    assert engine.collect(engine.table(rows.slice(0, 0), "none")).num_rows == 0


def test_a_path_may_hold_spaces_and_wildcards(duckdb_engine, tmp_path):
    folder = tmp_path / "a [b] * {c}, it's"
    duckdb_engine.write(duckdb_engine.table(pa.table({"k": [1]}), "t"), folder)
    assert duckdb_engine.collect(duckdb_engine.read(folder))["k"].to_pylist() == [1]
