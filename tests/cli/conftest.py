"""The run that the tests of this room look at."""

from pathlib import Path

import pytest

from assay.pipeline import Run, open_run
from tests.runs import tiny_run


@pytest.fixture(scope="session")
def tiny() -> Path:
    return tiny_run()


@pytest.fixture(scope="session")
def run(tiny: Path) -> Run:
    return open_run(tiny / "run")
