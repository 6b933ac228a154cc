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
import psutil
import pyarrow as pa

BatchFunction = Callable[[pa.RecordBatch], pa.RecordBatch]
Progress = Callable[[str, int, int], None]

# Half of what the machine has leaves room for the operating system's cache, which the scans live on.
_DEFAULT_MEMORY_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Limits of the work: memory for engine and workers together, cores, where to spill, who hears of progress.

    `progress` is called with (step, done, total). `scratch` is where intermediate files and spills go; None takes a
    temporary folder that is deleted when the engine closes.
    """

    memory_gib: float = field(default_factory=lambda: psutil.virtual_memory().total / 2**30 * _DEFAULT_MEMORY_SHARE)
    workers: int = field(default_factory=lambda: len(psutil.Process().cpu_affinity()))
    scratch: Path | None = None
    progress: Progress | None = None


class Engine(ABC):
    """Where tables live and queries run. Everything is Parquet in, Parquet out."""

    name: str

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if settings.scratch is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="assay-", ignore_cleanup_errors=True)
            self.scratch = Path(self._temporary.name)
        else:
            settings.scratch.mkdir(parents=True, exist_ok=True)
            self._temporary = tempfile.TemporaryDirectory(
                prefix="assay-", dir=settings.scratch, ignore_cleanup_errors=True
            )
            self.scratch = Path(self._temporary.name)

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
        """Releases the engine and deletes its scratch files."""
        self._close()
        if self._temporary is not None:
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
