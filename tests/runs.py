"""One small run, simulated and rated with the scorecard once per test process: rooms that show runs share it."""

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from assay import pipeline
from assay.engine import EngineSettings


@cache
def tiny_run() -> Path:
    """Folder with market/ and run/ of 1,500 listings."""
    folder = Path(mkdtemp(prefix="assay-tiny-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    pipeline.simulate(folder, n_listings=1_500, seed=3, workers=1)
    pipeline.rate(folder / "market", folder / "run", settings=EngineSettings(memory_gib=1.0, workers=1))
    return folder
