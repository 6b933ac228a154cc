from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from assay.engine import Engine, EngineSettings, Workspace, open_engine
from tests.signals.markets import Measure, Row, by_id, make_market

Golden = Callable[[str, list[str]], None]


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


@pytest.fixture
def golden() -> Golden:
    """`golden("price.txt", sentences)` compares with tests/golden/signals; ASSAY_GOLDEN=write renews the file."""

    def compare(name: str, lines: list[str]) -> None:
        file = Path(__file__).parents[1] / "golden" / "signals" / name
        if os.environ.get("ASSAY_GOLDEN") == "write":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        assert file.read_text(encoding="utf-8").splitlines() == lines

    return compare
