"""The folder of one run's intermediate tables: every step is Parquet in, Parquet out."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa

from assay.engine.engine import BatchFunction, Engine


@dataclass(slots=True)
class Workspace:
    """Names the steps of a run, writes each to its own folder and remembers how long it took."""

    engine: Engine
    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)
    _steps: dict[str, str] = field(default_factory=dict)

    def step(self, name: str, expression: ir.Table, *, ordered: bool = False) -> ir.Table:
        """Writes the expression to `folder/name` and gives it back as a table that reads from there."""
        started = time.perf_counter()
        path = self.folder / name
        self.engine.report(name, 0, 1)
        self.engine.write(expression, path, ordered=ordered)
        self.engine.report(name, 1, 1)
        self.seconds[name] = time.perf_counter() - started
        return self._read(name)

    def map_step(self, name: str, expression: ir.Table, function: BatchFunction, schema: pa.Schema) -> ir.Table:
        """Streams the expression's rows through `function` to `folder/name`; `schema` is what the function returns."""
        started = time.perf_counter()
        path = self.folder / name
        self.engine.map_batches(expression, function, schema, path)
        self.seconds[name] = time.perf_counter() - started
        return self._read(name)

    def kept(self, name: str, table: ir.Table) -> ir.Table:
        """The table under the name of a step: renamed where it is a whole step already, else written."""
        step = self._steps.get(_read_name(table))
        if step is None:
            return self.step(name, table)
        (self.folder / step).rename(self.folder / name)
        return self._read(name)

    def _read(self, name: str) -> ir.Table:
        table = self.engine.read(self.folder / name)
        self._steps[_read_name(table)] = name
        return table


def _read_name(table: ir.Table) -> str:
    """The name under which the engine reads a table; empty for an expression over tables."""
    node = table.op()
    return node.name if isinstance(node, ops.PhysicalTable) and hasattr(node, "name") else ""
