"""Spark as the engine: a cluster that the user already has, reached by its master or by Spark Connect.

Files are read and written by the executors, so every folder named to this engine must be one that they see under the
same path as the driver.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql.pandas.types import from_arrow_schema

from assay.engine.engine import BatchFunction, Engine, EngineSettings
from assay.engine.faults import GuardedFunction, batch_fault, must_exist, no_server, out_of_memory, system_fault
from assay.engine.folders import whole_folder
from assay.engine.queries import query_text
from assay.engine.sessions import start_session
from assay.engine.storage import storage_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class SparkEngine(Engine):
    """Spark 4 through Ibis, with the same types on disk and the same rows as the default engine.

    `url` is a master (`spark://host:7077`, `yarn`, `local[2]`, `local-cluster[2,1,1024]`) or a Spark Connect address
    (`sc://host:15002`). CallerError when pyspark or Java is missing, OutsideError when nobody answers.
    """

    name = "spark"

    def __init__(self, url: str, settings: EngineSettings) -> None:
        super().__init__(settings)
        self.url = url
        self.session: Any = None
        try:
            self.session = start_session(url, settings, self.scratch)
        except BaseException:
            self.close()
            raise
        self.connection: Any = ibis.pyspark.connect(self.session)

    def read(self, path: Path) -> ir.Table:
        must_exist(path)
        with self._faults(path):
            return self.connection.read_parquet(_address(path), table_name=f"read_{uuid4().hex[:12]}")

    def write(self, expression: ir.Table, path: Path, *, ordered: bool = False) -> None:
        with whole_folder(path) as folder:
            schema = storage_schema(expression)
            with self._faults(path):
                self._save(self._stored(expression, schema), folder, schema)

    def _save(self, frame: DataFrame, folder: Path, schema: pa.Schema) -> None:
        """Writes the frame's partitions, in order, as part-00000.parquet and so on, and nothing else."""
        frame.write.mode("append").option("compression", "snappy").parquet(_address(folder))
        parts = sorted(folder.glob("*.parquet"), key=_part_number)
        for other in set(folder.iterdir()) - set(parts):
            other.unlink()
        for number, part in enumerate(parts):
            part.rename(folder / f"part-{number:05d}.parquet")
        if not parts:
            pq.write_table(schema.empty_table(), folder / "part-00000.parquet")

    def _stored(self, expression: ir.Table, schema: pa.Schema) -> DataFrame:
        """The expression as a Spark frame, every column cast to the type it is stored with."""
        fields = from_arrow_schema(schema).fields
        kinds = {_identifier(field.name): field.dataType.simpleString() for field in fields}
        columns = (f"CAST({name} AS {kind}) AS {name}" for name, kind in kinds.items())
        return self.session.sql(query_text(self.connection, expression)).selectExpr(*columns)

    def map_batches(self, expression: ir.Table, function: BatchFunction, schema: pa.Schema, path: Path) -> None:
        takes = storage_schema(expression)
        guarded = _Stream(GuardedFunction(function, takes, schema))
        self.report(path.name, 0, 1)
        with whole_folder(path) as folder, self._faults(path):
            frame = self._stored(expression, takes)
            self._save(frame.mapInArrow(guarded, from_arrow_schema(schema)), folder, schema)
        self.report(path.name, 1, 1)

    def collect(self, expression: ir.Table) -> pa.Table:
        schema = storage_schema(expression)
        with self._faults(self.scratch):
            frame = self._stored(expression, schema)
            with warnings.catch_warnings():
                # Pyspark leaves the socket that it reads the rows from to the garbage collector.
                warnings.simplefilter("ignore", ResourceWarning)
                rows = frame.toArrow()
            return rows.cast(schema)

    def table(self, rows: pa.Table, name: str) -> ir.Table:
        view = f"{name}_{uuid4().hex[:12]}"
        self.session.createDataFrame(rows, from_arrow_schema(rows.schema)).createOrReplaceTempView(view)
        return self.connection.table(view)

    @contextmanager
    def _faults(self, path: Path) -> Iterator[None]:
        """Spark's many exceptions as the faults that they are; what is none of them is our own and passes."""
        try:
            yield
        except OSError:
            raise
        except Exception as error:
            raise self._fault(error, path) from error

    def _fault(self, error: Exception, path: Path) -> Exception:
        text = str(error)
        fault: Exception | None = batch_fault(error, path.name) or system_fault(text, path)
        if fault is None and "OutOfMemoryError" in text:
            fault = out_of_memory(self.settings.memory_gib, text)
        if fault is None and ("StatusCode.UNAVAILABLE" in text or "stopped SparkContext" in text):
            fault = no_server(self.url, "it stopped answering")
        return fault or error

    def _close(self) -> None:
        if self.session is not None:
            self.session.stop()


class _Stream:
    """A batch function as Spark calls it: an iterator of batches in, an iterator of batches out."""

    def __init__(self, function: GuardedFunction) -> None:
        self.function = function

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield self.function(batch)


def _address(path: Path) -> str:
    """A path as Spark reads it: a local file whatever the cluster's default file system is, no character a wildcard."""
    return "file://" + re.sub(r"([*?\[\]{}\\])", r"\\\1", str(path.resolve()))


def _part_number(file: Path) -> tuple[int, str]:
    """Where a partition stands in the order: Spark writes `part-00003-…`, Sail `…_3.parquet`."""
    found = re.search(r"part-(\d+)|_(\d+)\.", file.name)
    return int(found[1] or found[2]) if found else 0, file.name


def _identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
