"""Reads every place of the plan, and leaves cleaned rows in parts, rejects on disk and tallies in memory."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from assay.engine.engine import Progress
from assay.intake.batches import Batch, without_long_cells
from assay.intake.mapping import MarketMapping, SourceMapping
from assay.intake.parts import PartWriter, TableParts
from assay.intake.recipes import SourceRows
from assay.intake.rejects import Rejects
from assay.intake.shaping import Shaper, Tally
from assay.intake.sources import Opened, Place, Plan, open_place
from assay.intake.streams import BrokenStream, broken_file
from assay.market.errors import CallerError
from assay.market.tables import TABLES


@dataclass(slots=True)
class Reading:
    """All that reading leaves behind: the parts of every table, the tallies, the files by number."""

    mapping: MarketMapping
    scratch: Path
    rejects: Rejects
    encoding: str | None = None
    progress: Progress | None = None
    tables: dict[str, TableParts] = field(default_factory=dict)
    tallies: dict[tuple[int, str], Tally] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    _n_done: int = 0
    _n_total: int = 0

    def table(self, name: str) -> TableParts:
        """The parts of a market table."""
        return self.tables.setdefault(name, TableParts(TABLES[name], self.scratch))

    def read(self, plan: Plan) -> None:
        """Reads every place of the plan, source by source."""
        self._n_total = sum(place.n_bytes for place, _ in plan.work)
        by_source = groupby(plan.work, key=lambda pair: self.mapping.sources.index(pair[1]))
        for number, pairs in by_source:
            self._source(number, [place for place, _ in pairs])

    def _source(self, number: int, places: list[Place]) -> None:
        source = self.mapping.sources[number]
        latest = (self.mapping.as_of or datetime.now(UTC)) + timedelta(days=self.mapping.future_days)
        shapers = [Shaper(table, source.name, latest, self.rejects) for table in source.tables]
        writers = [PartWriter(self.table(t.table.name), number, t.merges) for t in source.tables]
        for table, shaper in zip(source.tables, shapers, strict=True):
            self.tallies[number, table.table.name] = shaper.tally
        with _finished(writers):
            for place in places:
                self._place(source, place, list(zip(shapers, writers, strict=True)))
        if shapers and not shapers[0].tally.read:
            raise CallerError(
                f"{', '.join(place.label for place in places[:3])} has a header but no rows; name the file with the "
                "data.",
                where={"source": source.name},
            )

    def _place(self, source: SourceMapping, place: Place, work: list[tuple[Shaper, PartWriter]]) -> None:
        self.files.append(place.label)
        opened = open_place(place, source, encoding=self.encoding)
        n_rows = 0
        try:
            check_columns(source, opened.reader.columns, place.label)
            for batch in opened.reader.batches:
                n_rows += batch.n_read
                self._batch(source, without_long_cells(batch), place.label, work)
                self._report(place, opened)
        except BrokenStream as error:
            raise broken_file(place.path or Path(place.label), str(error), n_rows) from error
        finally:
            opened.close()
        self._n_done += place.n_bytes

    def _batch(self, source: SourceMapping, batch: Batch, label: str, work: list[tuple[Shaper, PartWriter]]) -> None:
        rows, lines = SourceRows(source, batch.rows), batch.lines
        for shaper, _ in work:
            shaper.unreadable(batch.faults, label)
        for skip in source.skips:
            left = [shaper.leave_out(skip, rows, lines, label) for shaper, _ in work]
            for shaper, _ in work:
                shaper.count_skipped(len(lines) - len(left[0][1]))
            rows, lines = left[0]
        for shaper, writer in work:
            kept, kept_lines = shaper.shape(rows, lines, label)
            writer.write(kept, kept_lines, len(self.files) - 1)

    def _report(self, place: Place, opened: Opened) -> None:
        if self.progress is not None:
            self.progress(f"take in {place.label}", self._n_done + opened.position, self._n_total)


@contextmanager
def _finished(writers: list[PartWriter]) -> Iterator[None]:
    try:
        yield
        for writer in writers:
            writer.close()
    finally:
        for writer in writers:
            writer.abandon()


def check_columns(source: SourceMapping, columns: tuple[str, ...], label: str) -> None:
    """CallerError when a column that the mapping needs is not in the file; names the nearest one."""
    may_lack = {name for t in source.tables for f in t.fields if f.recipe.optional for name in f.recipe.columns}
    for name in source.columns:
        if name in columns or name in may_lack:
            continue
        twice = [other for other in columns if other.startswith(f"{name}#")]
        if twice:
            hint = f"it stands {len(twice)} times in the header; write {' or '.join(map(repr, twice))}"
        else:
            near = difflib.get_close_matches(name, columns, 1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}? " if near else ""
            hint += f"it has {', '.join(columns[:40])}"
        raise CallerError(
            f"{label} has no column {name!r}, which source {source.name!r} of the mapping reads; {hint}.",
            where={"file": label, "source": source.name, "column": name},
            value=name,
            allowed=", ".join(columns[:40]),
        )
