"""The families of price, specification, goods, merchants, reviews and orders give the same rows on every engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from assay.engine import Engine, Workspace, open_market
from assay.signals import listings, merchants, orders, price, reviews, specification
from assay.simulation import simulate
from tests.engines import assert_same_rows

# Sums of floats are added in another order on every engine.
TOLERANCE = 1e-9
MEASURES: dict[str, Callable] = {
    "merchants": merchants.measure_merchants,
    "reviews of merchants": reviews.measure_merchants,
    "orders of merchants": orders.measure_merchants,
    "price": price.measure,
    "specification": specification.measure,
    "listings": listings.measure,
    "reviews": reviews.measure_listings,
    "orders": orders.measure_listings,
}


@pytest.fixture(scope="module")
def market_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("market"), n_listings=3_000, seed=11, workers=1).market


def measured(engine: Engine, market_folder: Path, folder: Path) -> dict[str, pa.Table]:
    market, work = open_market(engine, market_folder), Workspace(engine, folder)
    return {name: engine.collect(measure(market, work)) for name, measure in MEASURES.items()}


@pytest.fixture(scope="module")
def on_duckdb(duckdb_engine: Engine, market_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    return measured(duckdb_engine, market_folder, tmp_path_factory.mktemp("duckdb"))


def test_every_subject_has_one_row(on_duckdb):
    for rows in on_duckdb.values():
        key = rows.column_names[0]
        assert key in ("listing_id", "merchant_id")
        assert rows.column(key).to_pylist() and len(set(rows.column(key).to_pylist())) == rows.num_rows


def test_engines_agree(on_duckdb, other_engine: Engine, market_folder: Path, tmp_path: Path):
    found = measured(other_engine, market_folder, tmp_path)
    for name, rows in found.items():
        assert_same_rows(on_duckdb[name].sort_by(rows.column_names[0]), rows.sort_by(rows.column_names[0]), TOLERANCE)
