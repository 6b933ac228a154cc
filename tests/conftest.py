"""What every test may ask for."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings

# Tests share builders (such as those of tests/engines.py), whichever way pytest was started.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
pytest.register_assert_rewrite("tests.engines")

# A first call on a busy machine may take half a second; speed is measured in benchmarks, not in tests.
settings.register_profile("assay", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("assay")


@pytest.fixture(autouse=True)
def _in_english():
    """A page in Chinese that a test has asked for leaves its language behind in this thread; the next begins anew."""
    yield
    if "django.utils.translation" in sys.modules:
        sys.modules["django.utils.translation"].deactivate()


@pytest.fixture(autouse=True)
def _nothing_by_chance(monkeypatch):
    """What is drawn at random, such as one decision in twenty for a blind answer, no test meets that does not ask."""
    if acting := sys.modules.get("assay.casework.services.acting"):
        monkeypatch.setattr(acting, "secrets", SimpleNamespace(randbelow=lambda n: min(1, n - 1)))


@pytest.fixture(autouse=True)
def _numbers_begin_anew(request):
    """Which number a row gets does not hang on the tests that ran before, so no name with a number chances to fit.

    PostgreSQL's sequences go on after a rollback, and SQLite's after a test that commits.
    """
    if builders := sys.modules.get("tests.casework.builders"):
        builders.count_anew()
    if request.node.get_closest_marker("django_db") or {"db", "transactional_db"} & set(request.fixturenames):
        request.getfixturevalue("transactional_db" if "transactional_db" in request.fixturenames else "db")
        from tests.numbering import begin_anew

        begin_anew()


from tests.engines import (  # noqa: E402, F401
    duckdb_engine,
    engine,
    engine_scratch,
    other_engine,
    sail_engine,
    sail_url,
    spark_engine,
)
from tests.sharing import pytest_collection_modifyitems, pytest_xdist_make_scheduler  # noqa: E402, F401
