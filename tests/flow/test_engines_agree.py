"""DuckDB and Spark give the same signals, scores and sentences for a whole market."""

from pathlib import Path

import pytest

from assay import pipeline
from assay.engine import EngineSettings
from tests.engines import SPARK_MASTER, assert_same_rows, skip_without_java

# Signal values are rounded to six decimals; an engine that adds floats in another order may land on the next one.
TOLERANCE = 2e-6
TABLES = ("signals_listings", "signals_merchants", "scores_listings", "scores_merchants", "discrepancies")


def assert_same_run(market: Path, url: str, settings: EngineSettings, model: Path | None, folder: Path) -> None:
    ours = pipeline.rate(market, folder / "duckdb", model_folder=model, settings=settings)
    theirs = pipeline.rate(market, folder / "other", model_folder=model, engine=url, settings=settings)
    for name in TABLES:
        tables = [
            run.table(name).to_table().drop_columns(["value"] if name == "discrepancies" else [])
            for run in (ours, theirs)
        ]
        assert_same_rows(*tables, tolerance=TOLERANCE)


def test_sail_gives_the_same_run(market, trained, settings, sail_url, tmp_path):
    assert_same_run(market, sail_url, settings, trained.folder, tmp_path)


@pytest.mark.spark
@pytest.mark.timeout(1200)
def test_spark_gives_the_same_run_on_20000_listings(trained, settings, tmp_path):
    skip_without_java()
    market = pipeline.simulate(tmp_path / "sim", n_listings=20_000, seed=8).market
    assert_same_run(market, SPARK_MASTER, settings, trained.folder, tmp_path)
