"""Counts the queue now and then, so that no page has to count a million rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Count, F, Min, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from assay.casework.models import (
    Appeal,
    AppealState,
    AuditEvent,
    Decision,
    DecisionState,
    Effect,
    EffectState,
    Item,
    QueueCensus,
)
from assay.casework.models import ItemState as S
from assay.casework.queries import reversals

# A census every few minutes for this long, then one a day is kept: enough for a year's curve.
FINE_FOR = timedelta(days=2)
_LARGEST_CATEGORIES = 50
_AGES_DAYS = (1, 3, 7, 14, 30)
# Four whole weeks: every weekday counts alike.
WINDOW_DAYS = 28
_MOST_DURATIONS = 100_000


def take(now: datetime | None = None) -> int:
    """Counts and keeps one census; thins out old ones. Gives 1, the number of censuses taken."""
    at = now or timezone.now()
    counts = count(at)
    with transaction.atomic():
        QueueCensus.objects.create(taken_at=at, counts=counts)
        _thin(at)
    return 1


def count(at: datetime) -> dict[str, Any]:
    """The queue as it stands: by state, stream and age, the largest categories, and what else waits."""
    open_items = Item.objects.filter(state=S.OPEN)
    ages = open_items.aggregate(
        oldest=Min("opened_at"),
        **{f"over_{days}": Count("pk", filter=Q(opened_at__lt=at - timedelta(days=days))) for days in _AGES_DAYS},
    )
    oldest = ages.pop("oldest")
    return {
        "states": _by(Item.objects.all(), "state"),
        "streams": _by(open_items, "stream"),
        "subjects": _by(open_items, "subject_type"),
        "categories": _by(open_items, "category", most=_LARGEST_CATEGORIES),
        "claimed": open_items.filter(claimed_until__gt=at).count(),
        "oldest_at": oldest.isoformat() if oldest else None,
        "ages": ages,
        "proposals": Decision.objects.filter(state=DecisionState.PROPOSED).count(),
        "appeals": Appeal.objects.filter(state=AppealState.OPEN).count(),
        "appeals_overdue": Appeal.objects.filter(state=AppealState.OPEN, due_at__lt=at).count(),
        "effects_waiting": Effect.objects.filter(state=EffectState.WAITING).count(),
        "effects_failed": Effect.objects.filter(state=EffectState.FAILED).count(),
        "open_days": _open_days(at),
        "flow": _flow(at),
        "reasons": _reasons(at),
        "decided_hours": _decided_hours(at),
        "mature": _mature(at),
        "n_reversed_lately": _n_reversed_lately(at),
    }


def _open_days(at: datetime) -> dict[str, float | None]:
    """Days that open items have waited: the middle one and nine in ten."""
    rows = Item.objects.filter(state=S.OPEN).order_by("opened_at").values_list("opened_at", flat=True)
    n = rows.count()
    found: dict[str, float | None] = {}
    for name, place in (("p50", n // 2), ("p90", n // 10)):  # oldest first: a tenth waits longer than the ninth in ten
        opened = next(iter(rows[place : place + 1]), None)
        found[name] = None if opened is None else round((at - opened).total_seconds() / 86_400, 2)
    return found


def _flow(at: datetime) -> list[list[Any]]:
    """Day (UTC), items opened, decided, and closed without a decision, of the last four weeks up to yesterday."""
    first = at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=WINDOW_DAYS)
    last = first + timedelta(days=WINDOW_DAYS)
    opened = _per_day(Item.objects.filter(opened_at__gte=first, opened_at__lt=last), "opened_at")
    decided = _per_day(Decision.objects.filter(decided_at__gte=first, decided_at__lt=last), "decided_at")
    events = AuditEvent.objects.filter(action__in=("item.closed_by_run", "item.closed"), at__gte=first, at__lt=last)
    closed = _per_day(events, "at")
    days = [(first + timedelta(days=n)).date() for n in range(WINDOW_DAYS)]
    return [[day.isoformat(), opened.get(day, 0), decided.get(day, 0), closed.get(day, 0)] for day in days]


def _per_day(rows: Any, column: str) -> dict[Any, int]:  # noqa: ANN401 - a queryset of any model
    return dict(rows.order_by().annotate(day=TruncDate(column)).values_list("day").annotate(n=Count("pk")))


def _reasons(at: datetime) -> list[list[Any]]:
    """Reason code, action and number of the decisions of four weeks, most first."""
    rows = _recent(at).order_by().values_list("reason_code", "action").annotate(n=Count("pk"))
    return [list(row) for row in sorted(rows, key=lambda row: (-row[2], row[0], row[1]))]


def _decided_hours(at: datetime) -> dict[str, float | None]:
    """Hours from the opening of an item to its decision, of the decisions of four weeks that a person made."""
    # An item that was opened anew after a decision says nothing any more about how long that one took.
    pairs = _recent(at).filter(is_automatic=False, item__opened_at__lte=F("decided_at")).order_by("-decided_at")
    hours = [
        (decided - opened).total_seconds() / 3_600
        for decided, opened in pairs.values_list("decided_at", "item__opened_at")[:_MOST_DURATIONS]
    ]
    if not hours:
        return {"p50": None, "p90": None}
    p50, p90 = np.quantile(hours, [0.5, 0.9])
    return {"p50": round(float(p50), 2), "p90": round(float(p90), 2)}


def _mature(at: datetime) -> dict[str, int]:
    """Restrictions that are old enough, and how many of them were reversed on appeal; who made them."""
    lost = Q(state=DecisionState.REVERSED)
    return dict(
        reversals.mature(at).aggregate(
            n=Count("pk"),
            n_reversed=Count("pk", filter=lost),
            n_automatic=Count("pk", filter=Q(is_automatic=True)),
            n_automatic_reversed=Count("pk", filter=lost & Q(is_automatic=True)),
        )
    )


def _n_reversed_lately(at: datetime) -> int:
    """Restrictions that an appeal reversed in four weeks, whenever they were decided."""
    rows = reversals.restrictions().filter(state=DecisionState.REVERSED)
    return rows.filter(ended_at__gte=at - timedelta(days=WINDOW_DAYS), ended_at__lte=at).count()


def _recent(at: datetime) -> Any:  # noqa: ANN401 - a queryset
    return Decision.objects.filter(decided_at__gte=at - timedelta(days=WINDOW_DAYS), decided_at__lte=at)


def _by(rows: Any, column: str, most: int | None = None) -> dict[str, int]:  # noqa: ANN401 - a queryset of any model
    counted = rows.order_by().values(column).annotate(n=Count("pk")).order_by("-n", column).values_list(column, "n")
    return dict(counted[:most] if most else counted)


def _thin(at: datetime) -> None:
    """Of each day that is no longer fine, the last census stays."""
    old = QueueCensus.objects.filter(taken_at__lt=at - FINE_FOR).order_by("-taken_at").values_list("pk", "taken_at")
    seen: set[Any] = set()
    extra = []
    for pk, taken_at in old[:2_000]:
        if taken_at.date() in seen:
            extra.append(pk)
        seen.add(taken_at.date())
    QueueCensus.objects.filter(pk__in=extra).delete()
