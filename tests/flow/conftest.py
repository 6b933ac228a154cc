"""One small simulated market, rated once, for every flow test."""

from pathlib import Path

import pytest

from assay import pipeline
from assay.engine import EngineSettings
from assay.rating import EvaluationSettings, TrainingSettings


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> EngineSettings:
    return EngineSettings(scratch=tmp_path_factory.mktemp("scratch"), memory_gib=3.0, workers=2)


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flow")
    return pipeline.simulate(folder, n_listings=6_000, seed=5).market


@pytest.fixture(scope="session")
def trained(market: Path, settings: EngineSettings) -> pipeline.TrainedMarket:
    options = pipeline.TrainingOptions(
        training=TrainingSettings(outer_bags=1),
        evaluation=EvaluationSettings(replicates=20, forward=False, tabular=False),
    )
    return pipeline.train_market(market, market.parent / "model", options=options, settings=settings)


@pytest.fixture(scope="session")
def run(market: Path, trained: pipeline.TrainedMarket, settings: EngineSettings) -> pipeline.Run:
    return pipeline.rate(market, market.parent / "run", model_folder=trained.folder, settings=settings)
