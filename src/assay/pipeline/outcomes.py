"""What became of the test buys: outcomes recorded, the state of a programme, and its verdicts for the market."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.engine.folders import outside
from assay.market.errors import CallerError
from assay.measurement.ledger import Conflict, append, current, head, merge
from assay.measurement.looks import live_interval
from assay.measurement.outcome_file import Fault, OutcomeRows, faults_file, read_outcomes
from assay.measurement.samples import final_outcomes
from assay.measurement.unit_file import csv_bytes
from assay.pipeline.custody import LEDGER, TestBuys, open_test_buys, read_file, write_whole


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a file of outcomes added: rows read = n_new + n_unchanged + n_repeated + refused rows.

    `n_repeated` counts rows that the file itself holds twice. `rejects` is the file of refused rows, `head` the hash
    of the history's last line.
    """

    n_rows: int
    n_new: int
    n_unchanged: int
    n_repeated: int
    faults: tuple[Fault, ...]
    rejects: Path | None
    n_entries: int
    head: str


def record_outcomes(
    folder: Path,
    file: Path,
    *,
    encoding: str | None = None,
    replace_reason: str | None = None,
    recorded_at: datetime | None = None,
) -> Recorded:
    """Adds the outcomes in a CSV file to the history; rows that cannot be taken are listed and kept beside it.

    Recording a file twice changes nothing. A row that contradicts what is recorded is refused, unless `replace_reason`
    says why it replaces it; the earlier line stays in the history. CallerError for a file without a usable header.
    """
    if replace_reason is not None and not replace_reason.strip():
        raise CallerError("Replacing an outcome needs a reason; give it with --reason.", allowed="a few words")
    buys = open_test_buys(folder)
    units = set(buys.drawn_units()["unit"].to_pylist())
    content = read_file(file)
    read = read_outcomes(content, units, encoding=encoding)
    with _alone(folder):
        history = buys.history()
        known = current(buys.entries())
        news, conflicts = merge(known, read.rows, replacing=replace_reason is not None)
        digest = hashlib.sha256(content).hexdigest()
        if news:
            at = (recorded_at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
            history = append(history, news, at, digest, replace_reason)
            write_whole(folder / LEDGER, history)
    faults = tuple(sorted((*read.faults, *_faults(conflicts, read)), key=lambda fault: fault.line))
    rejects = folder / "rejects" / f"{file.stem}-{digest[:8]}.csv" if faults else None
    if rejects is not None:
        write_whole(rejects, faults_file(faults))
    unchanged = len(read.rows) - len(news) - len(conflicts)
    repeated = read.n_rows - len(read.rows) - len(read.faults)
    entries = history.count(b"\n")
    return Recorded(read.n_rows, len(news), unchanged, repeated, faults, rejects, entries, head(history))


def _faults(conflicts: list[Conflict], read: OutcomeRows) -> list[Fault]:
    lines = dict(zip((row.unit for row in read.rows), read.lines, strict=True))
    fix = "the recorded value, or --replace --reason TEXT"
    return [
        Fault(lines[c.unit], c.unit, c.column, c.given, f"{c.recorded!r} is recorded already", fix) for c in conflicts
    ]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lets one process at a time write the history of a folder, where the system has file locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    try:
        with (folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise outside(error, folder) from error


@dataclass(frozen=True, slots=True)
class PotStatus:
    """One pot of the budget: units drawn, with an outcome, still outstanding, and what the buys cost so far."""

    pot: str
    n_drawn: int
    n_known: int
    n_outstanding: int
    spent_minor: int


@dataclass(frozen=True, slots=True)
class LiveShare:
    """The always-valid interval of an estimand from what is known so far: it may be looked at any time.

    It is wider than the interval of a planned look and is not the published figure.
    """

    estimand: str
    low: float
    high: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Status:
    """Where a programme of test buys stands. `look_ready` is the last planned look whose buys all have outcomes."""

    folder: Path
    is_drawn: bool
    pots: tuple[PotStatus, ...]
    outcomes: dict[str, int]
    spent_minor: int
    planned_minor: int
    currency: str
    live: tuple[LiveShare, ...]
    n_looks: int
    look_ready: int
    n_entries: int
    head: str


def test_buy_status(folder: Path) -> Status:
    """Where a programme stands: bought, outstanding, spent, live intervals. CallerError when nothing is drawn."""
    buys = open_test_buys(folder)
    units, entries = buys.units(), buys.entries()
    known = current(entries)
    costs = {unit: facts.cost_minor or 0 for unit, facts in known.items()}
    names, pots, outcomes = (units[name].to_pylist() for name in ("unit", "pot", "outcome"))
    settings = buys.plan.settings
    handling = buys.plan.harm.handling_minor
    return Status(
        folder=folder,
        is_drawn=True,
        pots=tuple(_pot(pot, names, pots, outcomes, costs) for pot in ("measure", "enforce", "control")),
        outcomes=dict(sorted(Counter(each or "outstanding" for each in outcomes).items())),
        spent_minor=sum(costs.values()),
        planned_minor=int(pc.sum(units["price_minor"]).as_py() or 0) + handling * len(units),
        currency=buys.plan.frame.currency,
        live=_live(buys, units),
        n_looks=settings.looks,
        look_ready=look_ready(units, settings.looks),
        n_entries=len(entries),
        head=head(buys.history()),
    )


def _pot(pot: str, names: list[str], pots: list[str], outcomes: list[str | None], costs: dict[str, int]) -> PotStatus:
    rows = [i for i, each in enumerate(pots) if each == pot]
    n_known = sum(outcomes[i] is not None for i in rows)
    return PotStatus(pot, len(rows), n_known, len(rows) - n_known, sum(costs.get(names[i], 0) for i in rows))


def look_ready(units: pa.Table, n_looks: int) -> int:
    """The last look (0 = none) up to which every unit has an outcome."""
    waiting = units.filter(pc.is_null(units["outcome"]))
    first = pc.min(waiting["look"]).as_py() if len(waiting) else n_looks + 1
    return int(first) - 1


def _live(buys: TestBuys, units: pa.Table) -> tuple[LiveShare, ...]:
    confidence = buys.plan.settings.confidence
    found = []
    for estimand in buys.plan.estimands:
        low, high = live_interval(units, buys.strata(), estimand, confidence=confidence)
        found.append(LiveShare(estimand, low, high, confidence))
    return tuple(found)


def test_buy_verdicts(folder: Path, to: Path) -> int:
    """Writes the conclusive outcomes as the market's table `verdicts` (CSV, source `test_buy`); gives their number.

    Units of the frame only, with their inclusion probability, so that they can set the level of the score; controls
    are not goods of the market. A positive that the second examination did not confirm is genuine or inconclusive.
    `decided_at` is the date in the outcome file, else the day it was recorded.
    """
    buys = open_test_buys(folder)
    units = buys.units()
    dates = {entry.facts.unit: entry.facts.date or entry.recorded_at[:10] for entry in buys.entries()}
    kept = units.filter(pc.and_(pc.not_equal(units["pot"], "control"), pc.is_valid(units["outcome"])))
    kept = kept.filter(pc.is_in(kept["outcome"], pa.array(["counterfeit", "genuine", "inconclusive"])))
    positive, conclusive, _ = final_outcomes(kept)
    n = len(kept)
    words = np.where(positive, "counterfeit", np.where(conclusive, "genuine", "inconclusive")).tolist()
    table = pa.table(
        {
            "subject_type": pa.array(["listing"] * n, pa.string()),
            "subject_id": kept["listing_id"],
            "verdict": pa.array(words, pa.string()),
            "source": pa.array(["test_buy"] * n, pa.string()),
            "decided_at": pa.array([f"{dates[unit]}T00:00:00Z" for unit in kept["unit"].to_pylist()], pa.string()),
            "inclusion_probability": kept["inclusion_probability"],
        }
    )
    write_whole(to, csv_bytes(table.sort_by("subject_id")))
    return n
