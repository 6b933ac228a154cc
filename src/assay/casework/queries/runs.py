"""Runs that were loaded, and where casework stands, for the command line and the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet

from assay.casework.models import (
    AnalysisRun,
    Appeal,
    AppealState,
    Decision,
    Effect,
    EffectState,
    Item,
    ItemState,
    Person,
    TaskStage,
    TestBuyTask,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where casework stands. Counts by state; `oldest_open` is when the item that waits longest was opened."""

    run: AnalysisRun | None
    unfinished: AnalysisRun | None
    items: dict[str, int]
    decisions: dict[str, int]
    oldest_open: datetime | None
    open_appeals: int
    waiting_effects: int
    failed_effects: int
    open_tasks: int
    people: int


def latest_run() -> AnalysisRun | None:
    """The run that the queue rests on: the last one that was loaded to its end."""
    return AnalysisRun.objects.filter(finished_at__isnull=False).order_by("-as_of", "-pk").first()


def unfinished_run() -> AnalysisRun | None:
    """The run whose load was stopped and can go on: only the last one, as a newer one goes over it."""
    last = AnalysisRun.objects.order_by("-pk").first()
    return last if last is not None and last.finished_at is None else None


def standing() -> Standing:
    """Where casework stands now. It counts whole tables: for a page that is looked at often there is the census."""
    return Standing(
        run=latest_run(),
        unfinished=unfinished_run(),
        items=_by_state(Item.objects.all()),
        decisions=_by_state(Decision.objects.all()),
        oldest_open=Item.objects.filter(state=ItemState.OPEN).aggregate(oldest=Min("opened_at"))["oldest"],
        open_appeals=Appeal.objects.filter(state=AppealState.OPEN).count(),
        waiting_effects=Effect.objects.filter(state=EffectState.WAITING).count(),
        failed_effects=Effect.objects.filter(state=EffectState.FAILED).count(),
        open_tasks=TestBuyTask.objects.exclude(stage=TaskStage.DONE).count(),
        people=Person.objects.filter(is_active=True).count(),
    )


def _by_state(rows: QuerySet[Any]) -> dict[str, int]:
    counted = rows.order_by().values("state").annotate(n=Count("pk"))
    return {each["state"]: each["n"] for each in sorted(counted, key=lambda row: str(row["state"]))}
