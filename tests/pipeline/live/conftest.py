"""One small simulated market, rated with the scorecard and made ready for live rating."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assay import pipeline
from assay.engine import EngineSettings
from assay.pipeline import LiveRater, Run, open_live, prepare_live
from assay.pipeline.live.checking import stored


@dataclass(frozen=True)
class Prepared:
    """A run, its rater, and some of its listings: what the batch says of each, and the row as stored."""

    run: Run
    rater: LiveRater
    listings: list[tuple[Any, dict[str, Any]]]

    def row(self, place: int = 0, **changed: Any) -> dict[str, Any]:
        return self.listings[place][1] | changed


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> EngineSettings:
    return EngineSettings(scratch=tmp_path_factory.mktemp("scratch"), memory_gib=2.0, workers=1)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, settings: EngineSettings) -> Prepared:
    folder: Path = tmp_path_factory.mktemp("live")
    market = pipeline.simulate(folder, n_listings=3_000, seed=11, workers=1).market
    run = pipeline.rate(market, folder / "run", settings=settings)
    prepare_live(run.folder, settings=settings)
    return Prepared(run, open_live(run.folder), list(stored(run, 400)))
