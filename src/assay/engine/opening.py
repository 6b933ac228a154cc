"""Opens the engine that a URL names."""

from __future__ import annotations

from assay.engine.embedded import EmbeddedEngine
from assay.engine.engine import Engine, EngineSettings
from assay.engine.sessions import require_pyspark
from assay.market.errors import CallerError

_SPARK = ("spark://", "sc://", "local[", "local-cluster[", "yarn", "k8s://")


def open_engine(url: str | None = None, settings: EngineSettings | None = None) -> Engine:
    """The engine named by `url`: None or `duckdb` is DuckDB in this process, a Spark master or Connect URL is Spark.

    CallerError for any other URL, or when the `spark` extra or Java is missing.
    """
    settings = settings or EngineSettings()
    if url is None or url == "duckdb":
        return EmbeddedEngine(settings)
    if url.startswith(_SPARK):
        require_pyspark(url)
        from assay.engine.spark import SparkEngine

        return SparkEngine(url, settings)
    raise CallerError(
        f"Engine {url!r} is not known; use `duckdb`, a Spark master such as `spark://host:7077` or "
        "`local-cluster[2,1,1024]`, or a Spark Connect address such as `sc://host:15002`.",
        value=url,
        allowed="duckdb, spark://…, sc://…",
    )
