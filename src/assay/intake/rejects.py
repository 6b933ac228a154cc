"""What was not taken as it stood: every row and cell with place and reason on disk, the reasons counted in memory.

Kinds: `row` (the row was not taken; exactly one entry per rejected row), `cell` (the row was taken, or already
rejected, and this cell became null), `superseded` (a later row of the same key stands in its place).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from assay.intake.cells import SHOWN_VALUE, Faults, without_figures

SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("source", pa.string()),
        ("table", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("allowed", pa.string()),
    ]
)
# Rejects are gathered to this many before they are written: a row group that compresses well.
_GATHERED = 100_000
# Different reasons counted apart; a source with more has a reason per row, and the rest is counted together.
_MOST_REASONS = 5_000


@dataclass(frozen=True, slots=True)
class Where:
    """The source, market table and file that rejects belong to."""

    source: str
    table: str
    file: str


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """One reason, how often it came up in one table of one source, and the first example.

    Reasons that differ in figures only are counted together, and worded as in the example.
    """

    source: str
    table: str
    kind: str
    column: str | None
    reason: str
    allowed: str
    n: int
    example_file: str
    example_line: int
    example_value: str | None


@dataclass(slots=True)
class _Count:
    n: int
    reason: str
    file: str
    line: int
    value: str | None


@dataclass(slots=True)
class Rejects:
    """Writes rejects to one Parquet file and counts their reasons. The file is made with the first reject."""

    path: Path
    _writer: Any = None
    _waiting: list[pa.Table] = field(default_factory=list)
    _n_waiting: int = 0
    _counts: dict[tuple[str, str, str, str | None, str, str], _Count] = field(default_factory=dict)

    def add_faults(
        self, where: Where, kind: str, column: str | None, lines: npt.NDArray[np.int64], faults: Faults
    ) -> None:
        """Cells refused, one entry each; `lines` are those of `faults.rows`."""
        if not len(lines):
            return
        which = pa.array(faults.which)
        reasons = faults.reasons
        self._put(
            where,
            kind,
            column,
            lines,
            {
                "value": pa.array([r.value for r in reasons], pa.string()).take(which),
                "reason": pa.array([r.reason for r in reasons], pa.string()).take(which),
                "allowed": pa.array([r.allowed for r in reasons], pa.string()).take(which),
            },
        )
        counts = np.bincount(faults.which, minlength=len(reasons))
        first = np.full(len(reasons), -1, dtype=np.int64)
        first[faults.which[::-1]] = lines[::-1]
        for reason, n, line in zip(reasons, counts, first, strict=True):
            if n:
                key = (reason.reason, reason.allowed)
                self._count(
                    where, kind, column, key, _Count(int(n), reason.reason, where.file, int(line), reason.value)
                )

    def add_rows(
        self,
        where: Where,
        kind: str,
        column: str | None,
        lines: npt.NDArray[np.int64],
        values: Sequence[str | None],
        why: tuple[str, str],
    ) -> None:
        """Entries with one reason in common; `why` is (reason, what is allowed)."""
        n = len(lines)
        if not n:
            return
        cut = [None if value is None else value[:SHOWN_VALUE] for value in values]
        same = {"reason": _repeated(why[0], n), "allowed": _repeated(why[1], n)}
        self._put(where, kind, column, lines, {"value": pa.array(cut, pa.string()), **same})
        self._count(where, kind, column, why, _Count(n, why[0], where.file, int(lines[0]), cut[0]))

    def _put(
        self, where: Where, kind: str, column: str | None, lines: npt.NDArray[np.int64], rest: dict[str, Any]
    ) -> None:
        n = len(lines)
        table = {
            "kind": _repeated(kind, n),
            "source": _repeated(where.source, n),
            "table": _repeated(where.table, n),
            "file": _repeated(where.file, n),
            "line": pa.array(lines, pa.int64()),
            "column": _repeated(column, n),
            **rest,
        }
        self._waiting.append(pa.table([table[name] for name in SCHEMA.names], schema=SCHEMA))
        self._n_waiting += n
        if self._n_waiting >= _GATHERED:
            self._flush()

    def _count(self, where: Where, kind: str, column: str | None, why: tuple[str, str], one: _Count) -> None:
        key = (where.source, where.table, kind, column, without_figures(why[0]), why[1])
        if key not in self._counts and len(self._counts) >= _MOST_REASONS:
            key = (where.source, where.table, kind, None, "other reasons", "see the rejects")
        known = self._counts.get(key)
        if known is None:
            self._counts[key] = one
        else:
            known.n += one.n

    def _flush(self) -> None:
        if not self._waiting:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, SCHEMA)
        self._writer.write_table(pa.concat_tables(self._waiting))
        self._waiting, self._n_waiting = [], 0

    def close(self) -> None:
        """Writes what is waiting and closes the file."""
        self._flush()
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close()

    def abandon(self) -> None:
        """Closes the file without writing what waits: the snapshot it belongs to is given up."""
        self._waiting = []
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except OSError:  # the disk is full; the file goes away with its folder
                return

    def reasons(self) -> tuple[ReasonCount, ...]:
        """Every reason with its count, the commonest first."""
        listed = [
            ReasonCount(source, table, kind, column, c.reason, allowed, c.n, c.file, c.line, c.value)
            for (source, table, kind, column, _, allowed), c in self._counts.items()
        ]
        return tuple(sorted(listed, key=lambda r: (-r.n, r.source, r.table, r.kind, r.column or "", r.reason)))


def _repeated(text: str | None, n: int) -> Any:  # noqa: ANN401
    return pa.repeat(pa.scalar(text, pa.string()), n)
