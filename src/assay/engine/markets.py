"""A market opened on an engine: its tables as expressions, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import ibis.expr.types as ir

from assay.engine.engine import Engine
from assay.engine.snapshots import Snapshot, open_snapshot
from assay.market.errors import MissingColumn
from assay.market.tables import TABLES


@dataclass(slots=True)
class Market:
    """The tables of one snapshot on one engine."""

    engine: Engine
    snapshot: Snapshot
    _tables: dict[str, ir.Table] = field(default_factory=dict)

    @property
    def snapshot_id(self) -> str:
        """Content hash of the snapshot."""
        return self.snapshot.id

    @property
    def as_of(self) -> datetime:
        """The instant the market is rated at."""
        return self.snapshot.as_of

    def table(self, name: str) -> ir.Table:
        """A table as an Ibis expression; MissingColumn when the market does not have it."""
        if name not in self.snapshot.tables:
            raise MissingColumn(
                f"The market has no table {name}; it has {', '.join(self.snapshot.tables)}.", where={"table": name}
            )
        if name not in self._tables:
            self._tables[name] = self.engine.read(self.snapshot.tables[name])
        return self._tables[name]

    def missing(self, *names: str) -> tuple[str, ...]:
        """Those of the dotted columns (or bare tables) that hold no value at all."""
        return tuple(name for name in names if not self._holds(name))

    def has(self, *names: str) -> bool:
        """Whether every dotted column (or bare table) holds at least one value."""
        return not self.missing(*names)

    def _holds(self, name: str) -> bool:
        table, _, column = name.partition(".")
        if column:
            TABLES[table].column(column)
            return self.snapshot.n_filled(table, column) > 0
        return self.snapshot.n_rows(table) > 0


def open_market(engine: Engine, folder: Path, snapshot_id: str | None = None) -> Market:
    """Opens the snapshot in force of a market folder (or an earlier one) on an engine.

    CallerError when the folder is not a market or lacks `merchants` or `listings`.
    """
    snapshot = open_snapshot(folder, snapshot_id)
    for name, table in TABLES.items():
        if table.required and snapshot.n_rows(name) == 0:
            raise MissingColumn(
                f"The market in {folder} has no rows in its table {name}, which every rating needs; map a file to it.",
                where={"path": str(folder), "table": name},
            )
    return Market(engine, snapshot)
