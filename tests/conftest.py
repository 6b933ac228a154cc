"""What every test may ask for."""

import sys
from pathlib import Path

import pytest

# Tests share builders (such as those of tests/engines.py), whichever way pytest was started.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
pytest.register_assert_rewrite("tests.engines")

from tests.engines import (  # noqa: E402, F401
    duckdb_engine,
    engine,
    engine_scratch,
    other_engine,
    sail_engine,
    sail_url,
    spark_engine,
)
