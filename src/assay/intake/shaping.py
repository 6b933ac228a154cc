"""One batch of a source into the rows of one market table, with everything refused on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.intake.batches import Lines, RowFault
from assay.intake.cells import NO_FAULTS, SHOWN_VALUE, Cleaner, Faults, Reason
from assay.intake.mapping import Field, Skip, TableMapping
from assay.intake.recipes import Rows, SourceRows, original_text, skipped, text_column
from assay.intake.rejects import Rejects, Where
from assay.market.columns import Kind

# Calendar events and the ends of counting windows lie ahead by nature.
_MAY_LIE_AHEAD = {("events", "starts_at"), ("events", "ends_at")}


@dataclass(slots=True)
class Tally:
    """Rows of one source for one table. read = kept + rejected + superseded + merged, always."""

    read: int = 0
    rejected: int = 0
    superseded: int = 0
    merged: int = 0
    notes: int = 0

    @property
    def kept(self) -> int:
        """Rows in the snapshot."""
        return self.read - self.rejected - self.superseded - self.merged


@dataclass(slots=True)
class Shaper:
    """Makes the rows of one market table from one source, batch after batch."""

    mapping: TableMapping
    source: str
    latest: datetime
    rejects: Rejects
    tally: Tally = field(default_factory=Tally)
    _cleaners: dict[str, Cleaner] = field(default_factory=dict)
    _where: Where = field(init=False)
    _lines: Lines = field(init=False)
    _rejected: Rows = field(init=False)

    def shape(self, rows: SourceRows, lines: Lines, file: str) -> tuple[pa.Table, Lines]:
        """The rows to keep, as columns of the market table, and their lines."""
        self._where = Where(self.source, self.mapping.table.name, file)
        self.tally.read += len(lines)
        for skip in self.mapping.skips:
            rows, lines = self.leave_out(skip, rows, lines, file)
        self._lines = lines
        self._rejected = np.zeros(len(lines), dtype=bool)
        values = self._columns(rows)
        self.tally.rejected += int(self._rejected.sum())
        table = pa.table(values)
        if self._rejected.any():
            table = table.filter(pa.array(~self._rejected))
        return table, lines[~self._rejected]

    def unreadable(self, faults: tuple[RowFault, ...], file: str) -> None:
        """Counts rows that the reader could not read."""
        where = Where(self.source, self.mapping.table.name, file)
        self.tally.read += len(faults)
        self.tally.rejected += len(faults)
        for fault in faults:
            at = np.array([fault.line], dtype=np.int64)
            self.rejects.add_rows(where, "row", None, at, [fault.value], (fault.reason, fault.allowed))

    def leave_out(self, skip: Skip, rows: SourceRows, lines: Lines, file: str) -> tuple[SourceRows, Lines]:
        """The rows without those that a skip rule names, which become rejects with its reason."""
        out = skipped(skip, rows)
        if not out.any():
            return rows, lines
        column = rows.column(skip.column)
        values = column.filter(pa.array(out)).to_pylist()
        where = Where(self.source, self.mapping.table.name, file)
        self.rejects.add_rows(where, "row", skip.column, lines[out], values, (skip.reason, _asked(skip)))
        self.tally.rejected += int(out.sum())
        return rows.filter(~out), lines[~out]

    def count_skipped(self, n: int) -> None:
        """Counts rows as read that a rule of the whole source left out."""
        self.tally.read += n

    def _columns(self, rows: SourceRows) -> dict[str, Any]:
        fields = {f.column.name: f for f in self.mapping.fields}
        values: dict[str, Any] = {}
        # The currency comes first: it decides how many minor units a price has.
        for name in sorted(fields, key=lambda n: n != "currency"):
            one = fields[name]
            if one.column.kind is Kind.MONEY:
                values[name], codes = self._money(one, rows, values.get("currency"))
                if "currency" in self.mapping.table.column_names:
                    values["currency"] = codes
            else:
                values[name] = self._column(one, rows)
        return {name: values[name] for name in self.mapping.table.column_names if name in values}

    def _column(self, one: Field, rows: SourceRows) -> Any:  # noqa: ANN401 - pyarrow has no types
        texts, misfit = text_column(one.recipe, rows)
        values, faults = self._cleaner(one).values(texts)
        self._refuse(one, faults)
        if misfit is not None:
            shown = original_text(one.recipe, rows, misfit.rows.tolist())
            self._refuse_rows(one, misfit.rows, shown, (misfit.reason, misfit.allowed))
        if one.column.kind is Kind.TIME and (self.mapping.table.name, one.column.name) not in _MAY_LIE_AHEAD:
            values = self._without_future(one, values)
        if one.rejects and one.column.required:
            self._require(one, values)
        return pc.binary_join_element_wise(one.prefix, values, "") if one.prefix else values

    def _money(self, one: Field, rows: SourceRows, codes: Any) -> tuple[Any, Any]:  # noqa: ANN401
        texts, misfit = text_column(one.recipe, rows)
        stated = codes if codes is not None else pa.nulls(len(texts), pa.string())
        values, found, faults = self._cleaner(one).money(texts, stated)
        self._refuse(one, faults)
        if misfit is not None:
            shown = original_text(one.recipe, rows, misfit.rows.tolist())
            self._refuse_rows(one, misfit.rows, shown, (misfit.reason, misfit.allowed))
        return values, pc.coalesce(stated, found)

    def _cleaner(self, one: Field) -> Cleaner:
        return self._cleaners.setdefault(one.column.name, Cleaner(one.column, one.hints))

    def _without_future(self, one: Field, values: Any) -> Any:  # noqa: ANN401
        ahead = np.asarray(pc.fill_null(pc.greater(values, pa.scalar(self.latest, values.type)), False))
        if not ahead.any():
            return values
        places = np.flatnonzero(ahead)
        shown = [values[int(place)].as_py().isoformat() for place in places]
        limit = f"a time up to {self.latest:%Y-%m-%d}"
        self._refuse_rows(one, places, shown, ("lies in the future", limit))
        return pc.if_else(pa.array(ahead), None, values)

    def _require(self, one: Field, values: Any) -> None:  # noqa: ANN401
        empty = np.asarray(pc.is_null(values)) & ~self._rejected
        if empty.any():
            why = ("is empty", "a value: the column is required")
            self._refuse_rows(one, np.flatnonzero(empty), [None] * int(empty.sum()), why)

    def _refuse(self, one: Field, faults: Faults) -> None:
        """Records refused cells: the first fault of a row that they cost it, all others as cells."""
        if faults is NO_FAULTS:
            return
        costs = np.full(len(faults.rows), one.rejects) & ~self._rejected[faults.rows]
        for kind, chosen in (("row", costs), ("cell", ~costs)):
            part = Faults(faults.rows[chosen], faults.which[chosen], faults.reasons)
            self.rejects.add_faults(self._where, kind, one.column.name, self._lines[part.rows], part)
        self.tally.notes += int((~costs).sum())
        if one.rejects:
            self._rejected[faults.rows] = True

    def _refuse_rows(
        self, one: Field, places: npt.NDArray[np.int64], shown: list[str | None], why: tuple[str, str]
    ) -> None:
        distinct = tuple(Reason(None if value is None else value[:SHOWN_VALUE], *why) for value in shown)
        self._refuse(one, Faults(places, np.arange(len(places), dtype=np.int64), distinct))


def _asked(skip: Skip) -> str:
    words = {
        "empty": f"rows with {skip.column}",
        "filled": f"rows without {skip.column}",
        "equals": f"rows whose {skip.column} is not one of: {', '.join(skip.words)}",
        "matches": f"rows whose {skip.column} does not match {skip.pattern.pattern if skip.pattern else ''}",
        "lacks": f"rows whose {skip.column} matches {skip.pattern.pattern if skip.pattern else ''}",
    }
    return words[skip.test]
