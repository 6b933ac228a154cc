"""One market of 50,000 listings and one of 4,000, made once."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.engine.snapshots import open_snapshot
from assay.simulation import SimulatedMarket, simulate


@dataclass(frozen=True)
class Made:
    """A simulated market and its tables."""

    simulated: SimulatedMarket

    def table(self, name: str) -> pa.Table:
        return pq.read_table(open_snapshot(self.simulated.market).tables[name])

    def truth(self, name: str) -> pa.Table:
        return pq.read_table(self.simulated.truth / f"{name}.parquet")


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(simulate(Path(tmp_path_factory.mktemp("large")), n_listings=50_000, seed=11))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(simulate(Path(tmp_path_factory.mktemp("small")), n_listings=4_000, seed=5))
