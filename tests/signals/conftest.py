from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.signals.markets import Measure, Row, by_id, make_market

from assay.engine import Engine, EngineSettings, Workspace, open_engine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    settings = EngineSettings(scratch=tmp_path_factory.mktemp("scratch"), memory_gib=2.0, workers=1)
    with open_engine(None, settings) as opened:
        yield opened


@pytest.fixture
def measured(engine: Engine, tmp_path: Path) -> Measure:
    """`measured(price.measure, listings=[...], orders=[...])` gives the rows of the signal table by subject."""

    def run(measure: Any, key: str = "listing_id", **tables: list[Row]) -> Mapping[str, Row]:
        market = make_market(engine, tmp_path / "market", **tables)
        found = measure(market, Workspace(engine, tmp_path / "work"))
        return {} if found is None else by_id(engine.collect(found), key)

    return run
