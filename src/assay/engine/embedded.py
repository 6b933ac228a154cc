"""The default engine: DuckDB inside this process, Python work in worker processes of one thread each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from joblib import Parallel, delayed

from assay.engine.engine import BatchFunction, Engine, EngineSettings
from assay.engine.folders import whole_folder

# One task is one row group: large enough that Arrow's overhead vanishes, small enough that two cores finish together.
ROWS_PER_TASK = 100_000
# Below this a worker process costs more than it saves (starting one takes about a second).
ROWS_WORTH_A_WORKER = 60_000
# DuckDB counts buffers, not allocations: the process uses about a quarter more than the limit it is given.
_DUCKDB_SHARE = 0.7


class EmbeddedEngine(Engine):
    """DuckDB with a memory limit and a spill folder."""

    name = "duckdb"

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)
        self.connection: Any = ibis.duckdb.connect(
            threads=settings.workers,
            memory_limit=f"{settings.memory_gib * _DUCKDB_SHARE:.2f}GiB",
            temp_directory=str(self.scratch / "spill"),
            autoinstall_known_extensions=False,
        )

    def read(self, path: Path) -> ir.Table:
        source = str(path / "*.parquet") if path.is_dir() else str(path)
        return self.connection.read_parquet(source, table_name=f"read_{uuid4().hex[:12]}")

    def write(self, expression: ir.Table, path: Path, *, ordered: bool = False) -> None:
        with whole_folder(path) as folder:
            self._copy(expression, folder / "part-00000.parquet", ordered=ordered)

    def _copy(self, expression: ir.Table, file: Path, *, ordered: bool = False) -> None:
        raw = self.connection.raw_sql
        sql = self._whole(ibis.to_sql(expression, dialect="duckdb"))
        raw(f"SET preserve_insertion_order = {'true' if ordered else 'false'}")
        raw(f"COPY ({sql}) TO '{_quoted(file)}' (FORMAT parquet, ROW_GROUP_SIZE {ROWS_PER_TASK}, COMPRESSION snappy)")

    def _whole(self, sql: str) -> str:
        """DuckDB sums integers in 128 bits, which Parquet would store as floats: brought back to 64, or an error."""
        described = self.connection.raw_sql(f"DESCRIBE {sql}").fetchall()
        wide = [f'CAST("{name}" AS BIGINT) AS "{name}"' for name, kind, *_ in described if kind == "HUGEINT"]
        return f"SELECT * REPLACE ({', '.join(wide)}) FROM ({sql})" if wide else sql

    def map_batches(self, expression: ir.Table, function: BatchFunction, schema: pa.Schema, path: Path) -> None:
        source = self.scratch / f"input-{uuid4().hex[:12]}.parquet"
        try:
            self._copy(expression, source)
            with whole_folder(path) as folder:
                self._run_tasks(_tasks(source, folder, function, schema), path.name)
        finally:
            source.unlink(missing_ok=True)

    def _run_tasks(self, tasks: list[_Task], step: str) -> None:
        n_rows = sum(task.n_rows for task in tasks)
        if n_rows < ROWS_WORTH_A_WORKER or self.settings.workers == 1:
            for done, task in enumerate(tasks):
                task.run()
                self.report(step, done + 1, len(tasks))
            return
        workers = Parallel(n_jobs=self.settings.workers, return_as="generator_unordered")
        for done, _ in enumerate(workers(delayed(task.run)() for task in tasks)):
            self.report(step, done + 1, len(tasks))

    def collect(self, expression: ir.Table) -> pa.Table:
        return self.connection.to_pyarrow(expression)

    def table(self, rows: pa.Table, name: str) -> ir.Table:
        file = self.scratch / f"{name}-{uuid4().hex[:12]}.parquet"
        pq.write_table(rows, file)
        return self.read(file)

    def _close(self) -> None:
        self.connection.disconnect()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


@dataclass(frozen=True, slots=True)
class _Task:
    """One row group of the input through the function into one file of the output."""

    source: Path
    row_group: int
    n_rows: int
    target: Path
    function: BatchFunction
    schema: pa.Schema

    def run(self) -> None:
        pa.set_cpu_count(1)
        with pq.ParquetFile(self.source) as file, pq.ParquetWriter(self.target, self.schema) as writer:
            for batch in file.iter_batches(batch_size=ROWS_PER_TASK, row_groups=[self.row_group], use_threads=False):
                writer.write_batch(self.function(batch).cast(self.schema))


def _tasks(source: Path, folder: Path, function: BatchFunction, schema: pa.Schema) -> list[_Task]:
    """One task per row group; an empty input still gets one, so that the output has a file and a schema."""
    with pq.ParquetFile(source) as file:
        sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    if not sizes:
        pq.write_table(schema.empty_table(), folder / "part-00000.parquet")
    return [
        _Task(source, i, n_rows, folder / f"part-{i:05d}.parquet", function, schema) for i, n_rows in enumerate(sizes)
    ]
