"""DuckDB and Spark give the same signals, scores and sentences for a whole market."""

import subprocess
import sys
from pathlib import Path

import pytest

from assay import pipeline
from assay.engine import EngineSettings
from tests.engines import SPARK_MASTER, assert_same_rows, skip_without_java

# Signal values are rounded to six decimals; an engine that adds floats in another order may land on the next one.
TOLERANCE = 2e-6
TABLES = ("signals_listings", "signals_merchants", "scores_listings", "scores_merchants", "discrepancies")


def assert_same_runs(ours: pipeline.Run, theirs: pipeline.Run) -> None:
    for name in TABLES:
        # A sentence is matched by its words; the unrounded value beside it may differ in its last digits.
        left_out = ["value"] if name == "discrepancies" else []
        tables = [run.table(name).to_table().drop_columns(left_out) for run in (ours, theirs)]
        assert_same_rows(*tables, tolerance=TOLERANCE)


def test_sail_gives_the_same_run(
    market: Path, run: pipeline.Run, trained, settings: EngineSettings, sail_url, tmp_path
):
    theirs = pipeline.rate(market, tmp_path / "sail", model_folder=trained.folder, engine=sail_url, settings=settings)
    assert_same_runs(run, theirs)


@pytest.mark.long
@pytest.mark.spark
@pytest.mark.timeout(1500)
def test_spark_gives_the_same_run(trained, settings: EngineSettings, tmp_path: Path):
    """Every run compares Spark's rows for the signals and the whole run on Sail, which speaks Spark's protocol."""
    skip_without_java()
    market = pipeline.simulate(tmp_path / "sim", n_listings=20_000, seed=8).market
    ours = pipeline.rate(market, tmp_path / "duckdb", model_folder=trained.folder, settings=settings)
    # A process of its own: a Python process can run one Spark driver, and other tests may hold it.
    command = ["rate", str(market), "--model", str(trained.folder), "--out", str(tmp_path / "spark")]
    subprocess.run([sys.executable, "-m", "assay.cli", *command, "--engine", SPARK_MASTER], check=True)
    assert_same_runs(ours, pipeline.open_run(tmp_path / "spark"))
