"""Batch functions over worker processes, on every engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.engine import Engine, EngineSettings, open_engine
from assay.engine.tasks import ROWS_PER_GROUP, ROWS_WORTH_A_WORKER
from assay.market.errors import AssayError, CallerError, OutsideError
from tests.engine import kernels
from tests.engines import assert_same_rows


def numbers(folder: Path, n: int, rows_per_group: int = 1_000) -> Path:
    path = folder / f"numbers-{n}.parquet"
    pq.write_table(pa.table({"k": pa.array(range(n), pa.int64())}), path, row_group_size=rows_per_group)
    return path


def ran(engine: Engine, source: Path, function, schema: pa.Schema, target: Path) -> pa.Table:
    engine.map_batches(engine.read(source), function, schema, target)
    return engine.collect(engine.read(target))


@pytest.mark.parametrize("rows_per_group", [100, 100_000])
def test_every_row_comes_through_however_the_batches_are_cut(engine, tmp_path, rows_per_group):
    out = ran(engine, numbers(tmp_path, 3_000, rows_per_group), kernels.doubled, kernels.DOUBLED, tmp_path / "out")
    assert sorted(out["twice"].to_pylist()) == [2 * k for k in range(3_000)]


def test_an_empty_input_gives_an_empty_output_with_the_schema(engine, tmp_path):
    out = ran(engine, numbers(tmp_path, 0), kernels.doubled, kernels.DOUBLED, tmp_path / "out")
    assert out.num_rows == 0
    assert out.schema.equals(kernels.DOUBLED)


def test_a_function_may_return_fewer_rows_than_it_got(engine, tmp_path):
    out = ran(engine, numbers(tmp_path, 2_000), kernels.only_odd, kernels.DOUBLED, tmp_path / "out")
    assert sorted(out["k"].to_pylist()) == list(range(1, 2_000, 2))


def test_a_function_may_return_no_row_at_all(engine, tmp_path):
    evens = engine.read(numbers(tmp_path, 100)).filter(ibis._.k % 2 == 0)
    engine.map_batches(evens, kernels.only_odd, kernels.DOUBLED, tmp_path / "out")
    assert engine.collect(engine.read(tmp_path / "out")).num_rows == 0


def test_a_frozen_dataclass_is_a_batch_function(engine, tmp_path):
    out = ran(engine, numbers(tmp_path, 100), kernels.Times(5), kernels.DOUBLED, tmp_path / "out")
    assert sum(out["twice"].to_pylist()) == 5 * sum(range(100))


def test_picked_and_renamed_columns_arrive_under_their_new_names(engine, tmp_path):
    pq.write_table(pa.table({"other": ["a", "b"], "number": [1, 2], "third": [0.5, None]}), tmp_path / "t.parquet")
    rows = engine.read(tmp_path / "t.parquet").select(third="third", k="number")
    schema = pa.schema([("third", pa.float64()), ("k", pa.int64())])
    engine.map_batches(rows, kernels.unchanged, schema, tmp_path / "out")
    assert_same_rows(engine.collect(engine.read(tmp_path / "out")), pa.table({"third": [0.5, None], "k": [1, 2]}))


def test_a_computed_input_has_the_types_that_ibis_says(engine, tmp_path):
    table = engine.read(numbers(tmp_path, 10))
    rows = table.group_by(half=table.k // 5).agg(total=table.k.sum(), n=table.count())
    schema = pa.schema([("half", pa.int64()), ("total", pa.int64()), ("n", pa.int64())])
    engine.map_batches(rows, kernels.unchanged, schema, tmp_path / "out")
    assert_same_rows(
        engine.collect(engine.read(tmp_path / "out")),
        pa.table({"half": [0, 1], "total": [10, 35], "n": [5, 5]}, schema=schema),
    )


def test_a_failing_function_is_one_sentence_that_names_step_function_and_cause(engine, tmp_path):
    with pytest.raises(AssayError) as caught:
        ran(engine, numbers(tmp_path, 10), kernels.failing, kernels.DOUBLED, tmp_path / "wording")
    assert str(caught.value).startswith('Step wording: failing failed on a batch of 10 rows: ValueError: no "brand"')
    assert "鞋" in str(caught.value)
    assert "kernels.py" in caught.value.where["trace"]
    assert not (tmp_path / "wording").exists()


def test_a_fault_that_the_function_words_itself_keeps_its_words_and_its_exit_code(engine, tmp_path):
    with pytest.raises(CallerError, match=r"^The model lacks the signal price_gap\.$") as caught:
        ran(engine, numbers(tmp_path, 10), kernels.refusing, kernels.DOUBLED, tmp_path / "out")
    assert caught.value.where["model"] == "m1"
    assert caught.value.allowed == "another model"


def test_a_result_that_does_not_fit_its_schema_is_named(engine, tmp_path):
    with pytest.raises(AssayError, match=r"the batch has the columns \['k_'\], the schema says \['k', 'twice'\]"):
        ran(engine, numbers(tmp_path, 10), kernels.misnamed, kernels.DOUBLED, tmp_path / "out")


def test_a_failed_step_leaves_the_last_result(engine, tmp_path):
    ran(engine, numbers(tmp_path, 10), kernels.doubled, kernels.DOUBLED, tmp_path / "out")
    with pytest.raises(AssayError):
        ran(engine, numbers(tmp_path, 20), kernels.failing, kernels.DOUBLED, tmp_path / "out")
    assert engine.collect(engine.read(tmp_path / "out")).num_rows == 10
    assert [p.name for p in tmp_path.glob(".*")] == []


def test_many_rows_run_in_worker_processes_and_few_in_this_one(duckdb_engine, tmp_path):
    few = ran(duckdb_engine, numbers(tmp_path, 1_000), kernels.places, kernels.PLACES, tmp_path / "few")
    assert set(few["process"].to_pylist()) == {os.getpid()}
    source = numbers(tmp_path, ROWS_WORTH_A_WORKER + 40_000, rows_per_group=5_000)
    many = ran(duckdb_engine, source, kernels.places, kernels.PLACES, tmp_path / "many")
    assert os.getpid() not in many["process"].to_pylist()
    assert many.num_rows == ROWS_WORTH_A_WORKER + 40_000


@pytest.mark.spark
def test_spark_runs_functions_in_processes_of_its_own(spark_engine, tmp_path):
    out = ran(spark_engine, numbers(tmp_path, 1_000), kernels.places, kernels.PLACES, tmp_path / "out")
    assert os.getpid() not in out["process"].to_pylist()


def test_a_fault_in_a_worker_process_comes_home_whole(duckdb_engine, tmp_path):
    source = numbers(tmp_path, ROWS_WORTH_A_WORKER + 1, rows_per_group=20_000)
    with pytest.raises(CallerError, match="The model lacks the signal"):
        ran(duckdb_engine, source, kernels.refusing, kernels.DOUBLED, tmp_path / "out")


@pytest.mark.filterwarnings("ignore:A worker stopped while some jobs were given")
def test_a_worker_that_is_killed_names_the_memory_setting(duckdb_engine, tmp_path):
    source = numbers(tmp_path, ROWS_WORTH_A_WORKER + 1, rows_per_group=20_000)
    with pytest.raises(OutsideError, match=r"step out was ended from outside.*memory_gib"):
        ran(duckdb_engine, source, kernels.dying, kernels.DOUBLED, tmp_path / "out")


def test_progress_of_a_step_counts_up_to_its_total(tmp_path):
    heard: list[tuple[str, int, int]] = []
    settings = EngineSettings(workers=2, memory_gib=1.0, progress=lambda *told: heard.append(told))
    source = numbers(tmp_path, ROWS_WORTH_A_WORKER + 20_000, rows_per_group=20_000)
    with open_engine(None, settings) as engine:
        ran(engine, source, kernels.doubled, kernels.DOUBLED, tmp_path / "wording")
    assert heard == [("wording", done, 4) for done in (1, 2, 3, 4)]


def test_a_group_of_the_engine_s_own_files_is_one_batch(duckdb_engine, tmp_path):
    table = duckdb_engine.read(numbers(tmp_path, ROWS_PER_GROUP + 1, rows_per_group=ROWS_PER_GROUP))
    duckdb_engine.map_batches(table.mutate(k=table.k + 1), kernels.lengths, kernels.LENGTHS, tmp_path / "out")
    out = duckdb_engine.collect(duckdb_engine.read(tmp_path / "out"))
    assert sum(out["n"].to_pylist()) == ROWS_PER_GROUP + 1
    assert max(out["n"].to_pylist()) == ROWS_PER_GROUP


def test_wide_rows_come_in_small_batches_under_a_small_memory_budget(tmp_path):
    rng_text = [os.urandom(2_000).hex() for _ in range(4_000)]
    pq.write_table(pa.table({"text": rng_text}), tmp_path / "wide.parquet")
    with open_engine(None, EngineSettings(workers=1, memory_gib=0.3)) as engine:
        engine.map_batches(engine.read(tmp_path / "wide.parquet"), kernels.lengths, kernels.LENGTHS, tmp_path / "out")
        sizes = engine.collect(engine.read(tmp_path / "out"))["n"].to_pylist()
    assert sum(sizes) == 4_000
    assert max(sizes) <= 1_334


_SCRIPT = """
import os, sys
from dataclasses import dataclass
from pathlib import Path
import pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq
from assay.engine import EngineSettings, open_engine

@dataclass(frozen=True)
class Add:
    amount: int
    def __call__(self, batch):
        process = pa.array([os.getpid()] * batch.num_rows)
        return pa.record_batch([pc.add(batch.column("k"), self.amount), process], schema=SCHEMA)

SCHEMA = pa.schema([("k", pa.int64()), ("process", pa.int64())])
folder = Path(sys.argv[1])
print("started", flush=True)
pq.write_table(pa.table({"k": range(100_000)}), folder / "in.parquet", row_group_size=20_000)
with open_engine(None, EngineSettings(workers=2, memory_gib=1.0)) as engine:
    engine.map_batches(engine.read(folder / "in.parquet"), Add(3), SCHEMA, folder / "out")
    out = engine.collect(engine.read(folder / "out"))
print(sum(out["k"].to_pylist()), os.getpid() in out["process"].to_pylist())
"""


def test_a_plain_script_needs_no_main_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT, encoding="utf-8")
    command = [sys.executable, "-W", "error", str(script), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["started", f"{sum(range(100_000)) + 300_000} False"]
    assert done.stderr == ""
