"""Starting a Spark session quietly: what it is configured with, and what is said when it cannot start."""

from __future__ import annotations

import atexit
import importlib.util
import logging
import os
import re
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from assay.engine.engine import EngineSettings
from assay.engine.faults import no_server
from assay.engine.tasks import ROWS_PER_GROUP
from assay.market.errors import CallerError, OutsideError

if TYPE_CHECKING:
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

# A host that has not taken a connection after this long is not there; Spark's own retries last for minutes.
_CONNECT_SECONDS = 5.0
# Share of the memory budget for the driver; with local masters it is also the executor.
_DRIVER_SHARE = 0.6
_DEFAULT_PORTS = {"sc": 15002, "spark": 7077}

# What every session is told, by whichever way it is reached. Rows and stored types must not depend on a cluster's
# defaults: times are UTC, arithmetic follows ANSI (overflow and division by zero raise instead of giving null).
SESSION_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
    "spark.sql.parquet.compression.codec": "snappy",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(ROWS_PER_GROUP),
}

_QUIET_LOG = """\
rootLogger.level = error
rootLogger.appenderRef.file.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c: %m%n
"""


def start_session(url: str, settings: EngineSettings, scratch: Path) -> SparkSession:
    """A Spark session for a master or a Spark Connect address.

    CallerError when Java is missing; OutsideError when nobody answers at the address or Spark ends at once.
    """
    _knock(url)
    return _connect(url) if url.startswith("sc://") else _start_driver(url, settings, scratch)


def require_pyspark(url: str) -> None:
    """CallerError when pyspark, which the engine `url` needs, is not installed."""
    if importlib.util.find_spec("pyspark") is None:
        raise CallerError(
            f"The engine {url} needs pyspark, which is not installed; install it with `pip install 'assay[spark]'`.",
            value=url,
            allowed="duckdb, or pip install 'assay[spark]'",
        )


def _knock(url: str) -> None:
    """Makes sure that somebody listens at the address, for the addresses that name a host."""
    found = re.fullmatch(r"(sc|spark)://([^:/;,]+)(?::(\d+))?([/;,].*)?", url)
    if found is None:
        if url.startswith(("sc://", "spark://")):
            raise CallerError(f"The engine {url!r} names no host; write {url[:-3] or 'sc'}://host:port.", value=url)
        return
    port = int(found[3] or _DEFAULT_PORTS[found[1]])
    try:
        socket.create_connection((found[2], port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        raise no_server(url, error.strerror or str(error)) from error


def _connect(url: str) -> SparkSession:
    """A session of its own on a Spark Connect server."""
    from pyspark.errors import PySparkException
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    _silence_python()
    try:
        session = ConnectSession.builder.remote(url).create()
        for key, value in SESSION_SETTINGS.items():
            session.conf.set(key, value)
    except PySparkException as error:
        raise no_server(url, str(error).splitlines()[0]) from error
    return session


def _start_driver(url: str, settings: EngineSettings, scratch: Path) -> SparkSession:
    """A driver in a Java process of our own, with the cluster that the master names."""
    _require_java(url)
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    _silence_python()
    if SparkContext._active_spark_context is not None:
        raise CallerError(
            f"The engine {url} cannot start: this process already runs a Spark driver, and one is the most; close the "
            "other engine or session first.",
            value=url,
            allowed="one Spark driver in a process",
        )
    conf = SparkConf(loadDefaults=False).setAll(list(_driver_settings(url, settings, scratch).items()))
    log = _launch(conf, url)
    try:
        return SparkSession.builder.config(conf=conf).getOrCreate()
    except Exception as error:
        raise no_server(url, f"{str(error).splitlines()[0]}; Spark's own log says: {_last_line(log)}") from error


def _silence_python() -> None:
    """Pyspark writes every failing query to the terminal as a page of JSON; the exception says the same."""
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        logging.getLogger(name).disabled = True


def _driver_settings(url: str, settings: EngineSettings, scratch: Path) -> dict[str, str]:
    quiet = f"-Duser.timezone=UTC -Dlog4j2.configurationFile=file:{_java_home_folder() / 'log4j2.properties'}"
    conf = SESSION_SETTINGS | {
        "spark.master": url,
        "spark.app.name": "assay",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": f"{max(512, int(settings.memory_gib * _DRIVER_SHARE * 1024))}m",
        "spark.driver.extraJavaOptions": quiet,
        "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
    }
    if url.startswith("local"):
        conf |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": str(scratch),
            "spark.sql.warehouse.dir": str(scratch / "warehouse"),
            "spark.sql.catalogImplementation": "in-memory",
            # One machine: more partitions than cores only cost their start.
            "spark.sql.shuffle.partitions": str(2 * settings.workers),
        }
    cluster = re.fullmatch(r"local-cluster\[\s*\d+\s*,\s*\d+\s*,\s*(\d+)\s*\]", url)
    if cluster:
        conf["spark.executor.memory"] = f"{cluster[1]}m"
    return conf


def _require_java(url: str) -> None:
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").is_file()):
        raise CallerError(
            f"The engine {url} needs Java 17 or later, which is not installed; on Debian `apt-get install "
            "openjdk-17-jre-headless`, elsewhere set JAVA_HOME. A Spark Connect address (sc://…) needs no Java here.",
            value=url,
            allowed="Java 17 or later",
        )


def _launch(conf: SparkConf, url: str) -> Path:
    """Starts the Java process, with everything it prints in a file: it would write over the user's terminal."""
    from pyspark import SparkContext
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway

    folder = _java_home_folder()
    log = folder / "spark.log"
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    if url.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        os.environ.setdefault("SPARK_HOME", str(_spark_home(folder)))
    if SparkContext._gateway is None:
        try:
            with log.open("ab") as output:
                gateway = launch_gateway(conf, {"stdout": output, "stderr": output})
        except PySparkException as error:
            raise OutsideError(
                f"Spark could not start for the engine {url}: {_last_line(log)} (it needs Java 17 or later).",
                where={"log": str(log)},
                value=url,
            ) from error
        SparkContext._gateway, SparkContext._jvm = gateway, gateway.jvm
    return log


_FOLDER: list[Path] = []


def _java_home_folder() -> Path:
    """The files of the Java process, which outlives every engine: deleted when this process ends."""
    if not _FOLDER:
        folder = Path(tempfile.mkdtemp(prefix="assay-spark-"))
        (folder / "log4j2.properties").write_text(_QUIET_LOG, encoding="utf-8")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _FOLDER.append(folder)
    return _FOLDER[0]


def _spark_home(folder: Path) -> Path:
    """The installed Spark seen through links: a local cluster writes its workers' folders into SPARK_HOME."""
    home = folder / "home"
    if not home.exists():
        home.mkdir()
        spec = importlib.util.find_spec("pyspark")
        assert spec is not None and spec.origin is not None
        for part in Path(spec.origin).parent.iterdir():
            (home / part.name).symlink_to(part)
    return home


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()] if log.exists() else []
    return lines[-1][:300] if lines else "nothing"
