"""The engines that tests run on, and the comparison of their rows.

`engine` runs a test on every engine; `other_engine` on each of those that must agree with DuckDB. Sail speaks Spark's
protocol without Java and is there in every run; Spark is a local cluster with worker processes of its own.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from assay.engine import Engine, EngineSettings, open_engine

SPARK_MASTER = "local-cluster[2,1,1024]"
_NO_JAVA = "Spark needs Java: install the Debian package openjdk-17-jre-headless"
_ROOT = Path(__file__).resolve().parent.parent

ENGINES = ["duckdb", "sail", pytest.param("spark", marks=pytest.mark.spark)]
OTHER_ENGINES = ENGINES[1:]


def skip_without_java() -> None:
    """Skips a test that needs Spark where Java is missing; fails it instead when ASSAY_REQUIRE_SPARK=1 is set."""
    if shutil.which("java") is None:
        if os.environ.get("ASSAY_REQUIRE_SPARK") == "1":
            pytest.fail(_NO_JAVA + " (ASSAY_REQUIRE_SPARK=1 is set)")
        pytest.skip(_NO_JAVA)


@contextmanager
def running_sail() -> Iterator[str]:
    """A Sail server on a free loopback port, as a Spark Connect address."""
    os.environ.setdefault("RUST_LOG", "error")
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    host, port = server.listening_address
    try:
        yield f"sc://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sail_url() -> Iterator[str]:
    with running_sail() as url:
        yield url


@pytest.fixture(scope="session")
def engine_scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="session")
def duckdb_engine(engine_scratch: Path) -> Iterator[Engine]:
    with open_engine(None, EngineSettings(scratch=engine_scratch, memory_gib=2.0, workers=2)) as engine:
        yield engine


@pytest.fixture(scope="session")
def sail_engine(sail_url: str, engine_scratch: Path) -> Iterator[Engine]:
    with open_engine(sail_url, EngineSettings(scratch=engine_scratch, memory_gib=2.0, workers=2)) as engine:
        yield engine


@pytest.fixture(scope="session")
def spark_engine(engine_scratch: Path) -> Iterator[Engine]:
    skip_without_java()
    # Spark's Python workers must find the test modules that batch functions stand in.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    with open_engine(SPARK_MASTER, EngineSettings(scratch=engine_scratch, memory_gib=2.0, workers=2)) as engine:
        yield engine


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn: DuckDB, Sail, Spark."""
    return request.getfixturevalue(f"{request.param}_engine")


@pytest.fixture(params=OTHER_ENGINES)
def other_engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine that must give DuckDB's rows: Sail, Spark."""
    return request.getfixturevalue(f"{request.param}_engine")


def assert_same_rows(a: pa.Table, b: pa.Table, tolerance: float = 1e-9) -> None:
    """Both tables hold the same rows in any order: same columns and types, floats within a relative tolerance.

    Rows are matched by their columns that are not floating point; those should tell them apart.
    """
    assert _types(a) == _types(b)
    assert a.num_rows == b.num_rows
    exact = [field.name for field in a.schema if not pa.types.is_floating(field.type)]
    sortable = [name for name in exact if not pa.types.is_nested(a.schema.field(name).type)]
    order = [(name, "ascending") for name in sortable + [n for n in a.column_names if n not in exact]]
    a, b = a.sort_by(order), b.sort_by(order)
    for name in exact:
        assert a.column(name).to_pylist() == b.column(name).to_pylist(), f"column {name} differs"
    for name in set(a.column_names) - set(exact):
        pairs = zip(a.column(name).to_pylist(), b.column(name).to_pylist(), strict=True)
        far = [(i, x, y) for i, (x, y) in enumerate(pairs) if not _close(x, y, tolerance)]
        assert not far, f"column {name}: {len(far)} of {a.num_rows} values differ, first (row, a, b): {far[0]}"


def _types(table: pa.Table) -> dict[str, str]:
    """Columns and their types; engines name the values of lists differently and know of different nulls."""
    return {field.name: _type(field.type) for field in table.schema}


def _type(kind: pa.DataType) -> str:
    return f"list of {_type(kind.value_type)}" if pa.types.is_list(kind) else str(kind)


def _close(x: float | None, y: float | None, tolerance: float) -> bool:
    if x is None or y is None:
        return x is y
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return x == y or abs(x - y) <= tolerance * max(abs(x), abs(y), 1.0)
