"""Files and databases into a market: read, clean, settle, store; whole or not at all."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.engine.engine import Engine, EngineSettings, Progress
from assay.engine.folders import outside
from assay.engine.opening import open_engine
from assay.engine.snapshots import ROWS_PER_GROUP, Snapshot, SnapshotWriter, open_snapshot
from assay.intake.mapping import MarketMapping
from assay.intake.mapping_file import load_mapping
from assay.intake.parts import MARKS, Part
from assay.intake.reading import Reading
from assay.intake.rejects import Rejects, Where
from assay.intake.report import IntakeReport, Orphans, SourceTable, reason_lines
from assay.intake.settling import Loser, Settling
from assay.intake.sources import Plan, plan_reading
from assay.market.errors import AssayError, CallerError, OutsideError
from assay.market.tables import TABLES

# Enough to settle some ten million keys without spilling; more keys spill to the market's disk.
_SETTLING_GIB = 4.0
_LATER_ROW = ("a later row of the same key stands", "one row per key; the later one wins")


def intake(
    sources: Iterable[Path | str],
    mapping: Path | MarketMapping,
    market_folder: Path,
    *,
    append: bool = False,
    progress: Progress | None = None,
    encoding: str | None = None,
) -> IntakeReport:
    """Takes files, folders and databases into a market as its mapping says, and puts the new snapshot in force.

    `sources`: paths, or addresses such as `sqlite:///shop.db` and `postgresql://user@host/shop`. `append` adds to the
    snapshot in force: a newer row of a key wins, files without a replaced row are hard-linked, earlier snapshots stay.
    `progress(step, bytes done, bytes in all)` hears how far it is. `encoding` overrules the mapping's for every text
    file. Every row is kept, rejected, superseded or merged, and the report says how many of each and why; the rejects
    themselves are in the snapshot's `rejects` folder.

    Raises CallerError (exit code 2) for a mapping or file that cannot be used as asked, OutsideError (3) when the disk,
    a file or a database fails. The market is then as it was.
    """
    rules = mapping if isinstance(mapping, MarketMapping) else load_mapping(mapping)
    plan = plan_reading(sources, rules)
    try:
        with _alone_in(market_folder) as scratch, SnapshotWriter(market_folder) as writer:
            base = open_snapshot(market_folder) if append and (market_folder / "current").is_file() else None
            rejects = Rejects(writer.keep("rejects/part-00000.parquet"))
            try:
                reading = Reading(rules, scratch, rejects, encoding, progress)
                return _Intake(reading, plan, writer, base).run()
            finally:
                rejects.abandon()
    except OSError as error:
        raise outside(error, market_folder) from error
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise OutsideError(
            f"Cannot write to {market_folder}: {' '.join(str(error).split())[:200]}; free some space or name another "
            "folder.",
            where={"path": str(market_folder)},
        ) from error


@contextmanager
def _alone_in(market_folder: Path) -> Iterator[Path]:
    """A scratch folder in the market, whose files can be linked into a snapshot; one intake at a time has it.

    What a killed intake left there is removed.
    """
    market_folder.mkdir(parents=True, exist_ok=True)
    with (market_folder / ".intake.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutsideError(
                f"Another intake is writing to {market_folder}; wait until it has ended.",
                where={"path": str(market_folder)},
            ) from error
        scratch = market_folder / ".intake"
        _clear(market_folder, scratch)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _clear(market_folder: Path, scratch: Path) -> None:
    for left in (scratch, *(market_folder / "snapshots").glob(".*.tmp")):
        shutil.rmtree(left, ignore_errors=True)


@dataclass(slots=True)
class _Intake:
    """One intake under way."""

    reading: Reading
    plan: Plan
    writer: SnapshotWriter
    base: Snapshot | None
    settled: dict[str, Settling] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    orphans: list[Orphans] = field(default_factory=list)
    _stubs: list[ir.Table] = field(default_factory=list)

    def run(self) -> IntakeReport:
        self._carry_base()
        self.reading.read(self.plan)
        settings = EngineSettings(scratch=self.reading.scratch, memory_gib=_SETTLING_GIB)
        with open_engine(None, settings) as engine:
            for name in TABLES:
                if name in self.reading.tables and self.reading.tables[name].parts:
                    self._settle(engine, name)
            rows = self._store(engine)
        self._check_sums()
        self._check_kept()
        self.reading.rejects.close()
        return self._commit(rows)

    def _carry_base(self) -> None:
        """Lists the files of the earlier snapshot; tables that nothing new touches go over as they are."""
        if self.base is None:
            return
        fed = {t.table.name for source in self.reading.mapping.sources for t in source.tables}
        touched = fed | {parent for name in fed for _, parent in TABLES[name].refers_to}
        for name, folder in self.base.tables.items():
            for path in sorted(folder.glob("*.parquet")):
                if name in touched:
                    self.reading.table(name).add_base(path)
                else:
                    self.writer.adopt(name, path)

    def _settle(self, engine: Engine, name: str) -> None:
        settling = Settling(engine, self.reading.table(name))
        self.settled[name] = settling
        for number, source in enumerate(self.reading.mapping.sources):
            if any(t.merges for t in source.tables if t.table.name == name) and (number, name) in self.reading.tallies:
                self.reading.tallies[number, name].merged += settling.merge(number)
        for loser in settling.supersede():
            self._lost(name, loser, "superseded", _LATER_ROW)
        for column, parent in TABLES[name].refers_to:
            self._settle_orphans(settling, column, parent)

    def _lost(self, name: str, loser: Loser, kind: str, why: tuple[str, str]) -> None:
        if loser.part.source is None:
            self.replaced[name] = self.replaced.get(name, 0) + len(loser.rows)
            return
        tally = self.reading.tallies[loser.part.source, name]
        if kind == "superseded":
            tally.superseded += len(loser.rows)
        else:
            tally.rejected += len(loser.rows)
        source = self.reading.mapping.sources[loser.part.source].name
        for file in np.unique(loser.files):
            at = np.flatnonzero(loser.files == file)
            where = Where(source, name, self.reading.files[int(file)])
            values = [loser.keys[int(i)] for i in at]
            self.reading.rejects.add_rows(where, kind, None, loser.lines[at], values, why)

    def _settle_orphans(self, settling: Settling, column: str, parent: str) -> None:
        found = settling.orphans(column, self.settled.get(parent))
        if found is None:
            return
        missing = settling.missing(found, column)
        counted = settling.engine.collect(found.aggregate(rows=found.count(), ids=found[column].nunique()))
        n_rows, n_ids = (int(counted.column(name)[0].as_py()) for name in ("rows", "ids"))
        done = "kept"
        if not self.reading.mapping.stub_orphans:
            done = "rejected"
            why = (f"names one of the {parent} that is not there", f"a {column} of the table {parent}")
            for loser in settling.reject(found):
                self._lost(settling.table.name, loser, "row", why)
        elif parent == "merchants":
            done = "each identifier got a row in merchants with nothing else in it"
            self._stubs.append(missing.rename(merchant_id=column) if column != "merchant_id" else missing)
        self.orphans.append(Orphans(settling.table.name, column, parent, n_rows, n_ids, done))

    def _store(self, engine: Engine) -> dict[str, int]:
        for name, settling in self.settled.items():
            for part in sorted(settling.parts.parts, key=lambda p: p.number):
                self._store_part(name, part, settling)
        if self._stubs:
            self._store_stubs(engine)
        return self.writer.n_rows()

    def _store_part(self, name: str, part: Part, settling: Settling) -> None:
        standing = settling.standing(part)
        marked = any(column in pq.read_schema(part.path).names for column, _ in MARKS)
        if standing is None and not marked:
            self.writer.adopt(name, part.path)
            return
        first = 0
        with pq.ParquetFile(part.path) as file:
            for batch in file.iter_batches(ROWS_PER_GROUP, columns=list(TABLES[name].column_names)):
                if standing is not None:
                    mask = standing[first : first + batch.num_rows]
                    first += batch.num_rows
                    batch = batch.filter(pa.array(mask))
                if batch.num_rows:
                    self.writer.write(name, batch)

    def _store_stubs(self, engine: Engine) -> None:
        every = self._stubs[0]
        for more in self._stubs[1:]:
            every = every.union(more)
        folder = self.reading.scratch / "stubs"
        engine.write(every.distinct().order_by("merchant_id"), folder, ordered=True)
        for path in sorted(folder.glob("*.parquet")):
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(ROWS_PER_GROUP):
                    self.writer.write("merchants", batch)

    def _check_sums(self) -> None:
        """The promise of the intake, checked on the files: rows kept by the tallies are the rows that stand."""
        for name, settling in self.settled.items():
            new = [part for part in settling.parts.parts if part.source is not None]
            masks = [settling.standing(part) for part in new]
            standing = sum(p.n_rows if m is None else int(m.sum()) for p, m in zip(new, masks, strict=True))
            kept = sum(t.kept for (_, table), t in self.reading.tallies.items() if table == name)
            if kept != standing:
                raise AssayError(
                    f"Intake of {name} counted {kept} rows as kept, and {standing} stand; please report this."
                )

    def _check_kept(self) -> None:
        """An intake that keeps nothing must not put an empty market in the place of a full one."""
        if any(tally.kept for tally in self.reading.tallies.values()):
            return
        n_read = sum(tally.read for tally in self.reading.tallies.values())
        why = "\n".join(reason_lines(self.reading.rejects.reasons()[:5]))
        raise CallerError(
            f"Nothing was kept of {n_read:,} rows, and the market is as it was; correct the mapping or the data:\n"
            f"{why}",
            where={"mapping": self.reading.mapping.name},
        )

    def _commit(self, rows: dict[str, int]) -> IntakeReport:
        parent = self.base.id if self.base else None
        sources = tuple(
            SourceTable(
                self.reading.mapping.sources[number].name,
                table,
                t.read,
                t.kept,
                t.rejected,
                t.superseded,
                t.merged,
                t.notes,
            )
            for (number, table), t in self.reading.tallies.items()
        )
        report = IntakeReport(
            snapshot_id="",
            parent=parent,
            rows=rows,
            sources=sources,
            reasons=self.reading.rejects.reasons(),
            orphans=tuple(self.orphans),
            replaced=self.replaced,
            unmatched_files=self.plan.unmatched_files,
            unmatched_sources=self.plan.unmatched_sources,
        )
        about: dict[str, Any] = {"made_by": "intake", "mapping": self.reading.mapping.name, **report.as_dict()}
        del about["snapshot_id"]
        snapshot_id = self.writer.commit(about, as_of=self.reading.mapping.as_of)
        return replace(report, snapshot_id=snapshot_id)
