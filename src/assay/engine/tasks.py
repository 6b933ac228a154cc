"""The Python work of the default engine: row groups of Parquet files through a batch function, over worker processes.

A task is a run of row groups and becomes one output file. Workers decode and encode themselves, so no row passes
through the driver.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from joblib import Parallel, delayed
from joblib.externals.loky import reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from assay.engine.faults import GuardedFunction, batch_fault, lost_worker
from assay.market.errors import AssayError

# Rows of a row group, and most rows of a batch: large enough that Arrow's overhead vanishes, small enough that two
# cores finish together. A whole multiple of DuckDB's vectors of 2,048 rows, so that no group leaves a stub behind.
ROWS_PER_GROUP = 50 * 2_048
# Below this a worker process costs more than it saves (starting one takes about a second).
ROWS_WORTH_A_WORKER = 60_000
# Tasks per worker: enough that the last one running keeps nobody waiting for long, few enough to open files rarely.
_TASKS_PER_WORKER = 32
# Share of the memory budget that all workers take together while they run; the engine itself is idle then.
_WORKERS_SHARE = 0.6
# Before any data a worker holds Python, Arrow and NumPy: 0.09 GiB measured, and some modules of the function.
_WORKER_BASE_BYTES = 150 * 2**20
# Copies of a batch that a worker may hold at once: decoded, the function's own working arrays, its result, encoded.
_COPIES = 8
# No budget is so small that batches shrink below this: a thousand rows of any sane width fit.
_LEAST_ROWS = 1_000
# Rows looked at to decide whether a dictionary pays, and the most distinct values in them for which it does.
_SAMPLE_ROWS = 2_000
_SAMPLE_DISTINCT = 500


@dataclass(frozen=True, slots=True)
class Source:
    """Where a step's input rows are: Parquet files, and for each column that the function takes its name in them."""

    files: tuple[Path, ...]
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """How many processes a step may use, and the memory budget that their batches are cut to, in GiB."""

    workers: int
    memory_gib: float

    @property
    def batch_bytes(self) -> float:
        """Bytes that one decoded batch may have."""
        worker_bytes = self.memory_gib * 2**30 * _WORKERS_SHARE / self.workers - _WORKER_BASE_BYTES
        return max(worker_bytes, 0.0) / _COPIES


def run_tasks(
    source: Source,
    function: GuardedFunction,
    folder: Path,
    limits: WorkerLimits,
    report: Callable[[str, int, int], None],
    step: str,
) -> None:
    """Runs every row group of `source` through `function` into files of `folder`.

    AssayError when the function fails (the first failure ends the step), OutsideError when a worker is lost.
    """
    tasks = _tasks(source, function, folder, limits)
    if not tasks:
        pq.write_table(function.gives.empty_table(), folder / "part-00000.parquet")
    try:
        with warnings.catch_warnings():
            # loky replaces a worker whose memory has grown and says so; nothing is lost and nobody need act.
            warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given")
            for done, _ in enumerate(_results(tasks, limits.workers)):
                report(step, done + 1, len(tasks))
    except TerminatedWorkerError as error:
        raise lost_worker(step, limits.memory_gib) from error
    except RuntimeError as error:
        fault: AssayError | None = batch_fault(error, step)
        raise (fault or error) from None


def stop_workers() -> None:
    """Ends the worker processes, if any run."""
    # The public way to the executor would start one where none runs.
    executor = reusable_executor._executor
    if executor is not None:
        executor.shutdown(wait=True)


def _results(tasks: Sequence[_Task], n_workers: int) -> Iterator[int]:
    if n_workers == 1 or sum(task.n_rows for task in tasks) < ROWS_WORTH_A_WORKER:
        return (task.run() for task in tasks)
    # One task at a time per process: a batch of tasks would hide progress and leave one worker with all the rest.
    workers = Parallel(n_jobs=n_workers, return_as="generator_unordered", batch_size=1)
    results: Iterator[int] = workers(delayed(_work)(task) for task in tasks)
    return results


def _work(task: _Task) -> int:
    """What a worker process does: one thread, since there are as many processes as cores."""
    pa.set_cpu_count(1)
    return task.run()


@dataclass(frozen=True, slots=True)
class _Piece:
    """One row group, and the size of the batches it is read in."""

    file: Path
    row_group: int
    n_rows: int
    batch_rows: int


@dataclass(frozen=True, slots=True)
class _Task:
    """A run of row groups through the function into one file."""

    pieces: tuple[_Piece, ...]
    columns: Mapping[str, str]
    function: GuardedFunction
    target: Path

    @property
    def n_rows(self) -> int:
        return sum(piece.n_rows for piece in self.pieces)

    def run(self) -> int:
        """Does the work and gives the number of rows written."""
        writer: pq.ParquetWriter | None = None
        n_written = 0
        try:
            for batch in self._batches():
                rows = self.function(batch)
                n_written += rows.num_rows
                writer = writer or _writer(self.target, rows)
                if rows.num_rows:
                    writer.write_batch(rows)
        finally:
            if writer is not None:
                writer.close()
        return n_written

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for path in dict.fromkeys(piece.file for piece in self.pieces):
            with pq.ParquetFile(path, memory_map=True) as file:
                for piece in self.pieces:
                    if piece.file == path:
                        yield from self._read(file, piece)

    def _read(self, file: pq.ParquetFile, piece: _Piece) -> Iterator[pa.RecordBatch]:
        stored = list(self.columns.values())
        read = file.iter_batches(piece.batch_rows, row_groups=[piece.row_group], columns=stored, use_threads=False)
        for batch in read:
            columns = [batch.column(name) for name in stored]
            yield pa.RecordBatch.from_arrays(columns, names=list(self.columns))


def _writer(target: Path, rows: pa.RecordBatch) -> pq.ParquetWriter:
    """A dictionary only where the first rows repeat: trying one on distinct values takes longer than writing them."""
    sample = rows.slice(0, _SAMPLE_ROWS)
    repeating = [
        field.name
        for field, column in zip(rows.schema, sample.columns, strict=True)
        if not pa.types.is_nested(field.type) and pc.count_distinct(column).as_py() <= _SAMPLE_DISTINCT
    ]
    return pq.ParquetWriter(target, rows.schema, compression="snappy", use_dictionary=repeating)


def _tasks(source: Source, function: GuardedFunction, folder: Path, limits: WorkerLimits) -> list[_Task]:
    pieces = [piece for file in source.files for piece in _pieces(file, source, limits)]
    per_task = -(-len(pieces) // (limits.workers * _TASKS_PER_WORKER)) or 1
    return [
        _Task(tuple(pieces[i : i + per_task]), source.columns, function, folder / f"part-{i // per_task:05d}.parquet")
        for i in range(0, len(pieces), per_task)
    ]


def _pieces(path: Path, source: Source, limits: WorkerLimits) -> Iterator[_Piece]:
    with pq.ParquetFile(path) as file:
        metadata = file.metadata
        wanted = set(source.columns.values())
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            if group.num_rows:
                sizes = (group.column(i) for i in range(group.num_columns))
                n_bytes = sum(c.total_uncompressed_size for c in sizes if c.path_in_schema.split(".")[0] in wanted)
                yield _Piece(path, number, group.num_rows, _batch_rows(group.num_rows, n_bytes, limits.batch_bytes))


def _batch_rows(n_rows: int, n_bytes: int, batch_bytes: float) -> int:
    """Rows of equal batches that stay under the limits of rows and bytes."""
    fitting = int(batch_bytes * n_rows / n_bytes) if n_bytes else n_rows
    most = min(max(fitting, _LEAST_ROWS), ROWS_PER_GROUP)
    n_batches = -(-n_rows // most)
    return -(-n_rows // n_batches)
