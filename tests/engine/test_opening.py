"""What engine URLs open, and what is said of those that open nothing."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys

import pytest

from assay.engine import EngineSettings, open_engine
from assay.engine.sessions import SESSION_SETTINGS
from assay.market.errors import CallerError, OutsideError
from tests.engines import skip_without_java

SMALL = EngineSettings(memory_gib=0.5, workers=1)


@pytest.mark.parametrize("url", ["postgres://host", "spark", "local", "SC://host", ""])
def test_an_unknown_engine_is_named_with_what_is_known(url):
    with pytest.raises(CallerError, match=r"is not known; use `duckdb`") as caught:
        open_engine(url, SMALL)
    assert caught.value.value == url


@pytest.mark.parametrize("url", [None, "duckdb"])
def test_the_default_is_duckdb(url):
    with open_engine(url, SMALL) as engine:
        assert engine.name == "duckdb"


@pytest.mark.parametrize("url", ["sc://", "spark://", "sc://:15002"])
def test_an_address_without_a_host_is_the_caller_s_fault(url):
    with pytest.raises(CallerError, match="names no host"):
        open_engine(url, SMALL)


@pytest.mark.parametrize("scheme", ["sc", "spark"])
def test_an_address_where_nobody_listens_fails_at_once(scheme):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Bound but not listening: connections are refused.
        url = f"{scheme}://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OutsideError, match=r"does not answer \(Connection refused\)") as caught:
            open_engine(url, SMALL)
    assert caught.value.exit_code == 3


def test_without_pyspark_the_extra_is_named(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "pyspark" else find(name, *rest)
    )
    with pytest.raises(CallerError, match=r"pip install 'assay\[spark\]'"):
        open_engine("sc://127.0.0.1:1", SMALL)


def test_without_java_the_debian_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(CallerError, match="openjdk-17-jre-headless"):
        open_engine("local[2]", SMALL)


def test_a_connect_session_has_our_settings(sail_engine):
    assert {key: sail_engine.session.conf.get(key) for key in SESSION_SETTINGS} == SESSION_SETTINGS


def test_a_scratch_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="Cannot use"):
        open_engine(None, EngineSettings(memory_gib=0.5, workers=1, scratch=tmp_path / "file" / "scratch"))


@pytest.mark.spark
def test_a_second_driver_in_one_process_is_refused(spark_engine):
    with pytest.raises(CallerError, match="already runs a Spark driver"):
        open_engine("local[2]", SMALL)
    assert {key: spark_engine.session.conf.get(key) for key in SESSION_SETTINGS} == SESSION_SETTINGS


_QUIET = """
import sys
import pyarrow as pa
from assay.engine import EngineSettings, open_engine
for _ in range(2):
    with open_engine(sys.argv[1], EngineSettings(memory_gib=1.0, workers=1)) as engine:
        rows = engine.table(pa.table({"k": [1, 2]}), "t")
        assert engine.collect(rows.agg(n=rows.count())).to_pylist() == [{"n": 2}]
"""


@pytest.mark.spark
def test_spark_starts_and_ends_without_a_word_and_can_be_opened_again():
    skip_without_java()
    command = [sys.executable, "-W", "error", "-c", _QUIET, "local[1]"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
