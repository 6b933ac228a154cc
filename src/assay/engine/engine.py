"""What every engine can do: read and write Parquet, run Ibis expressions, stream batches through a Python function."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import ibis.expr.types as ir
import joblib
import psutil
import pyarrow as pa

from assay.engine.folders import outside
from assay.market.errors import CallerError

BatchFunction = Callable[[pa.RecordBatch], pa.RecordBatch]
Progress = Callable[[str, int, int], None]

# Half of what the machine has leaves room for the operating system's cache, which the scans live on.
_DEFAULT_MEMORY_SHARE = 0.5
# DuckDB needs a few dozen MB per thread for its operators before it can spill anything at all.
LEAST_MEMORY_GIB = 0.25


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Limits of the work: memory for engine and workers together, cores, where to spill, who hears of progress.

    `progress` is called with (step, done, total). `scratch` is where intermediate files and spills go; None takes a
    temporary folder that is deleted when the engine closes.
    """

    memory_gib: float = field(default_factory=lambda: _machine_memory() / 2**30 * _DEFAULT_MEMORY_SHARE)
    workers: int = field(default_factory=joblib.cpu_count)
    scratch: Path | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        if not self.memory_gib >= LEAST_MEMORY_GIB:
            raise CallerError(
                f"The memory limit of {self.memory_gib} GiB is too small; allow at least {LEAST_MEMORY_GIB} GiB.",
                where={"setting": "memory_gib"},
                value=self.memory_gib,
                allowed=f"{LEAST_MEMORY_GIB} or more",
            )
        if self.workers < 1:
            raise CallerError(
                f"The number of workers is {self.workers}; at least 1 is needed.",
                where={"setting": "workers"},
                value=self.workers,
                allowed="1 or more",
            )


def _machine_memory() -> int:
    """Bytes that this process may use: the machine's, or its control group's (a container) where that is less."""
    total = int(psutil.virtual_memory().total)
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text("ascii").strip() if limit.is_file() else "max"
    return min(total, int(text)) if text.isdigit() else total


class Engine(ABC):
    """Where tables live and queries run. Everything is Parquet in, Parquet out."""

    name: str

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        try:
            if settings.scratch is not None:
                settings.scratch.mkdir(parents=True, exist_ok=True)
            self._temporary = tempfile.TemporaryDirectory(
                prefix="assay-", dir=settings.scratch, ignore_cleanup_errors=True
            )
        except OSError as error:
            raise outside(error, settings.scratch or Path(tempfile.gettempdir())) from error
        self.scratch = Path(self._temporary.name).resolve()
        self._open = True

    @abstractmethod
    def read(self, path: Path) -> ir.Table:
        """The rows of a Parquet file, or of every `*.parquet` in a folder."""

    @abstractmethod
    def write(self, expression: ir.Table, path: Path, *, ordered: bool = False) -> None:
        """Writes the rows of an expression to the folder `path`, whole or not at all.

        `ordered` keeps the expression's own row order in the file (the expression must end in an order_by).
        """

    @abstractmethod
    def map_batches(self, expression: ir.Table, function: BatchFunction, schema: pa.Schema, path: Path) -> None:
        """Streams the rows of `expression` through `function`, over all cores, into the folder `path`.

        `function` must be picklable: a function of a module, or an instance of a class of a module. It gets any
        number of rows, may return any number, and must not depend on where batches are cut.
        """

    @abstractmethod
    def collect(self, expression: ir.Table) -> pa.Table:
        """All rows of an expression in memory: for small results only."""

    @abstractmethod
    def table(self, rows: pa.Table, name: str) -> ir.Table:
        """A small constant table that expressions can join with."""

    @abstractmethod
    def _close(self) -> None: ...

    def close(self) -> None:
        """Releases the engine and deletes its scratch files. Closing twice does nothing."""
        if self._open:
            self._open = False
            try:
                self._close()
            finally:
                self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def report(self, step: str, done: int, total: int) -> None:
        """Tells whoever listens how far a step is."""
        if self.settings.progress is not None:
            self.settings.progress(step, done, total)


def versions() -> Mapping[str, str]:
    """Versions of the libraries that results depend on, for manifests and model cards."""
    from importlib.metadata import version

    names = ("assay", "duckdb", "ibis-framework", "pyarrow", "numpy", "interpret-core", "scikit-learn")
    return {name: version(name) for name in names}
