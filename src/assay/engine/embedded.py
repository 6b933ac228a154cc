"""The default engine: DuckDB inside this process, Python work in worker processes of one thread each."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import ibis
import ibis.expr.operations as io
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from assay.engine.engine import BatchFunction, Engine, EngineSettings
from assay.engine.faults import GuardedFunction, must_exist, out_of_memory, system_fault
from assay.engine.folders import whole_folder
from assay.engine.queries import query_text
from assay.engine.storage import storage_schema
from assay.engine.tasks import ROWS_PER_GROUP, Source, WorkerLimits, run_tasks, stop_workers
from assay.market.errors import OutsideError

# DuckDB counts buffers, not allocations: the process uses about a quarter more than the limit it is given.
_DUCKDB_SHARE = 0.7


class EmbeddedEngine(Engine):
    """DuckDB with a memory limit and a spill folder."""

    name = "duckdb"

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)
        self._files: dict[str, Path] = {}
        self.connection: Any = ibis.duckdb.connect(
            threads=settings.workers,
            memory_limit=f"{settings.memory_gib * _DUCKDB_SHARE:.3f}GiB",
            temp_directory=str(self.scratch / "spill"),
            autoinstall_known_extensions=False,
        )
        # The machine's own time zone would move the borders of days, and so every truncation.
        self.connection.raw_sql("SET TimeZone = 'UTC'")
        # Its own progress bar goes to the terminal, over ours.
        self.connection.raw_sql("SET enable_progress_bar = false")
        # Spark's name for reading hexadecimal digits; ops.md5_fraction calls it on every engine.
        self.connection.raw_sql(
            "CREATE TEMP MACRO conv(digits, from_base, to_base) AS CAST(CAST('0x' || digits AS BIGINT) AS VARCHAR)"
        )

    def read(self, path: Path) -> ir.Table:
        must_exist(path)
        pattern = glob.escape(str(path)) + ("/*.parquet" if path.is_dir() else "")
        name = f"read_{uuid4().hex[:12]}"
        self._files[name] = path
        with self._faults(path):
            return self.connection.read_parquet(pattern, table_name=name)

    def write(self, expression: ir.Table, path: Path, *, ordered: bool = False) -> None:
        with whole_folder(path) as folder:
            self._copy(expression, folder / "part-00000.parquet", ordered=ordered)

    def _copy(self, expression: ir.Table, file: Path, *, ordered: bool = False) -> None:
        with self._faults(file.parent):
            sql = self._stored(expression)
            self.connection.raw_sql(f"SET preserve_insertion_order = {'true' if ordered else 'false'}")
            self.connection.raw_sql(
                f"COPY ({sql}) TO '{_quoted(str(file))}' "
                f"(FORMAT parquet, ROW_GROUP_SIZE {ROWS_PER_GROUP}, COMPRESSION snappy)"
            )

    def _stored(self, expression: ir.Table) -> str:
        """The query of an expression, every column cast to the type it is stored with (no cost where it has it)."""
        types = ibis.Schema.from_pyarrow(storage_schema(expression))
        kind = self.connection.compiler.type_mapper.to_string
        columns = (f"CAST({_identifier(n)} AS {kind(dtype)}) AS {_identifier(n)}" for n, dtype in types.items())
        return f"SELECT {', '.join(columns)} FROM ({query_text(self.connection, expression)})"

    def map_batches(self, expression: ir.Table, function: BatchFunction, schema: pa.Schema, path: Path) -> None:
        guarded = GuardedFunction(function, storage_schema(expression), schema)
        limits = WorkerLimits(self.settings.workers, self.settings.memory_gib)
        with whole_folder(path) as folder, self._source(expression) as source:
            run_tasks(source, guarded, folder, limits, self.report, path.name)

    @contextmanager
    def _source(self, expression: ir.Table) -> Iterator[Source]:
        """The rows of an expression as files: those it only picks columns of, else a temporary copy."""
        plain = self._plain_source(expression)
        if plain is not None:
            yield plain
            return
        file = self.scratch / f"input-{uuid4().hex[:12]}.parquet"
        try:
            self._copy(expression, file)
            yield Source((file,), {name: name for name in expression.columns})
        finally:
            file.unlink(missing_ok=True)

    def _plain_source(self, expression: ir.Table) -> Source | None:
        """The files behind an expression that picks and renames columns of a table that was read; None otherwise."""
        node = expression.op()
        picked = {name: name for name in expression.columns}
        if isinstance(node, io.Project):
            if not all(isinstance(value, io.Field) for value in node.values.values()):
                return None
            picked = {name: value.name for name, value in node.values.items()}
            node = node.parent
        if not isinstance(node, io.DatabaseTable) or node.name not in self._files or not picked:
            return None
        path = self._files[node.name]
        return Source(tuple(sorted(path.glob("*.parquet"))) if path.is_dir() else (path,), picked)

    def collect(self, expression: ir.Table) -> pa.Table:
        with self._faults(self.scratch):
            rows = self.connection.raw_sql(self._stored(expression)).to_arrow_table()
            return rows.cast(storage_schema(expression))

    def table(self, rows: pa.Table, name: str) -> ir.Table:
        file = self.scratch / f"{name}-{uuid4().hex[:12]}.parquet"
        pq.write_table(rows, file)
        return self.read(file)

    @contextmanager
    def _faults(self, path: Path) -> Iterator[None]:
        """DuckDB's words for a full disk, a missing permission or no memory as the faults that they are."""
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            raise out_of_memory(self.settings.memory_gib, str(error)) from error
        except duckdb.IOException as error:
            fault = system_fault(str(error), path)
            raise fault or OutsideError(f"Cannot use {path}: {error}.", where={"path": str(path)}) from error

    def _close(self) -> None:
        stop_workers()
        self.connection.disconnect()


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
