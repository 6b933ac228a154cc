"""Results of test buys: finished tasks as lines of the folder's history, and what the folder says of its programme."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from django.utils import timezone

from assay.casework.masking import safe_cell
from assay.casework.models import Examination, Programme, TaskStage, TestBuyTask
from assay.measurement.ledger import head
from assay.measurement.outcome_file import COLUMNS
from assay.measurement.studies import measure, public_units
from assay.pipeline.custody import TestBuys
from assay.pipeline.outcomes import Recorded, record_outcomes, test_buy_status

# The interval's way is kept at so many points; more would not show on a chart.
MOST_POINTS = 60
_MOST_CHARACTERS = 1_000


def record_finished(programme: Programme, replace_reason: str | None = None) -> int:
    """Writes finished tasks that are not in the folder's history yet; gives how many are in it now.

    The caller has locked the programme. A row that the folder refuses stays unrecorded, with the reason on its task.
    Writing again what was written changes nothing, so a crash between file and database loses and doubles nothing.
    """
    tasks = list(
        TestBuyTask.objects.select_for_update(of=("self",), no_key=True)
        .filter(programme=programme, stage=TaskStage.DONE, recorded_at=None)
        .exclude(outcome="")
        .order_by("unit")
    )
    if not tasks:
        return 0
    found = _recorded(Path(programme.folder), outcome_rows(tasks), replace_reason)
    faults = {each.unit: f"{each.column} is {each.value!r} here; {each.reason}" for each in found.faults}
    now, kept = timezone.now(), []
    for task in tasks:
        task.record_problem = faults.get(task.unit, "")
        task.recorded_at = None if task.record_problem else now
        kept.append(task)
    TestBuyTask.objects.bulk_update(kept, ["record_problem", "recorded_at"], batch_size=500)
    return sum(task.recorded_at is not None for task in kept)


def _recorded(folder: Path, rows: Iterable[dict[str, str]], replace_reason: str | None) -> Recorded:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with TemporaryDirectory(prefix="assay-outcomes-") as place:
        file = Path(place) / "casework.csv"
        file.write_text(text.getvalue(), encoding="utf-8")
        return record_outcomes(folder, file, replace_reason=replace_reason)


def outcome_rows(tasks: Iterable[TestBuyTask]) -> Iterator[dict[str, str]]:
    """Finished tasks as rows of an outcome file (`measurement.outcome_file.COLUMNS`), examiners by organisation.

    The cost of a unit is that of the buy and of its examinations together. What examiners wrote stays in casework.
    """
    listed = list(tasks)
    by_task: dict[int, list[Examination]] = {}
    examinations = Examination.objects.filter(task__in=listed).select_related("organisation").order_by("ordinal")
    for each in examinations:
        by_task.setdefault(each.task_id, []).append(each)
    for task in listed:
        made = [each for each in by_task.get(task.pk, []) if each.finished_at is not None]
        yield {
            "unit": task.unit,
            "outcome": task.outcome,
            "second_outcome": task.second_outcome,
            "cost_minor": str(task.cost_minor + sum(each.cost_minor for each in made)),
            "date": task.finished_at.date().isoformat() if task.finished_at else "",
            "examiner": _cell("; ".join(each.organisation.name for each in made)),
            "note": _cell(task.note),
        }


def _cell(text: str) -> str:
    """One line of text that no spreadsheet runs."""
    return str(safe_cell(" ".join(text.split())[:_MOST_CHARACTERS]))


def progress(buys: TestBuys, earlier: dict[str, Any]) -> dict[str, Any]:
    """What pages show of a folder, as plain JSON; `earlier` is what it said before.

    `pots`, `outcomes`, `live` (intervals that may be looked at any time) and money as `pipeline.test_buy_status` gives
    them; `way`: the live interval as it developed, oldest first; `look`: the figures of the last complete look, or
    null. Nothing is computed again while the history has not moved.
    """
    last = head(buys.history())
    if earlier.get("head") == last:
        return earlier
    about = buys.plan.circumstances
    status = test_buy_status(buys.folder)
    n_known = sum(pot.n_known for pot in status.pots)
    live = [asdict(each) for each in status.live]
    point = {"at": _now(), "n_known": n_known, "live": live}
    return {
        "plan": {name: getattr(about, name) for name in ("as_of", "snapshot_id", "model", "model_label")},
        "head": last,
        "n_entries": status.n_entries,
        "pots": [asdict(pot) for pot in status.pots],
        "outcomes": status.outcomes,
        "spent_minor": status.spent_minor,
        "live": live,
        "way": _thinned([*earlier.get("way", []), point]),
        "n_looks": status.n_looks,
        "look_ready": status.look_ready,
        "look": _look(buys, status.look_ready, earlier.get("look")),
    }


def _now() -> str:
    now: datetime = timezone.now()
    return now.isoformat(timespec="seconds")


def _thinned(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every second point but the first and last goes when there are too many."""
    return points if len(points) <= MOST_POINTS else [*points[:-1:2], points[-1]]


def _look(buys: TestBuys, look: int, earlier: dict[str, Any] | None) -> dict[str, Any] | None:
    """The figures of a complete look, computed when its outcomes are new."""
    if not look:
        return None
    units = public_units(buys.units(), buys.plan, look)
    seen = _outcomes_sha256(units)
    if earlier is not None and (earlier["look"], earlier["outcomes_sha256"]) == (look, seen):
        return earlier
    figures = measure(units, buys.plan, look, by_domain=False)
    names = ("share", "low", "high", "n_buys", "n_positive", "n_failed", "n_unconfirmed", "n_refuted", "method")
    return {
        "look": look,
        "outcomes_sha256": seen,
        "confidence": figures.look_confidence,
        "estimates": [
            {"estimand": str(each.estimand)} | {name: getattr(each, name) for name in names}
            for each in figures.estimates
        ],
    }


def _outcomes_sha256(units: pa.Table) -> str:
    rows = zip(*(units[name].to_pylist() for name in ("unit", "outcome", "second_outcome")), strict=True)
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()
