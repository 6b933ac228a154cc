"""How the work goes: the queue, waiting, reversals, calibration; and what waits for a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from assay.casework.audit.tree import Frontier
from assay.casework.backlog import Ahead, forecast
from assay.casework.models import (
    Answer,
    Appeal,
    AppealState,
    AuditHead,
    Decision,
    DecisionState,
    Effect,
    EffectState,
    Item,
    ItemState,
    Person,
    Programme,
    QueueCensus,
    Role,
    TaskStage,
    TestBuyTask,
)
from assay.casework.queries.testbuys import BUYING, NARROWED, open_examinations_of
from assay.measurement.estimation import Estimand
from assay.measurement.intervals import clopper_pearson

# Ten bins would leave most of them empty: high scores are rare among goods drawn at random.
_BINS = ((0.0, 20.0), (20.0, 40.0), (40.0, 60.0), (60.0, 80.0), (80.0, 100.0001))


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its exact 95 % interval; `rate` is None for nothing of nothing."""

    positives: int
    n: int
    rate: float | None
    low: float
    high: float


def rate_of(positives: int, n: int) -> Rate:
    """A share of independent cases with its Clopper-Pearson interval."""
    low, high = clopper_pearson(positives, n)
    return Rate(positives, n, positives / n if n else None, float(low), float(high))


@dataclass(frozen=True, slots=True)
class QueueNumbers:
    """The latest census and what follows from it; `counts` is what `services/census.count` gave."""

    taken_at: datetime
    counts: dict[str, Any]
    n_open: int
    history: tuple[int, ...]
    ahead: tuple[Ahead, ...]
    reversals: Rate
    automatic_reversals: Rate


def queue_numbers() -> QueueNumbers | None:
    """The queue as last counted; None before the first census."""
    census = QueueCensus.objects.order_by("-taken_at").first()
    if census is None:
        return None
    counts = census.counts
    n_open = int(counts["states"].get(ItemState.OPEN, 0))
    nets = [_net(row) for row in counts["flow"]]
    lost = counts["reversals"]
    return QueueNumbers(
        taken_at=census.taken_at,
        counts=counts,
        n_open=n_open,
        history=_history(n_open, nets),
        ahead=forecast(n_open, _since_the_first(counts["flow"])),
        reversals=rate_of(lost["n_reversed"], lost["n"]),
        automatic_reversals=rate_of(lost["n_automatic_reversed"], lost["n_automatic"]),
    )


def _history(n_open: int, nets: Sequence[int]) -> tuple[int, ...]:
    """The backlog of each past day, counted back from today's."""
    found = [n_open]
    for net in reversed(nets):
        found.append(max(found[-1] - net, 0))
    return tuple(reversed(found))


def _since_the_first(flow: Sequence[Sequence[Any]]) -> list[int]:
    """Net change per day from the day after the first on which anything happened: the first load is no ordinary day."""
    busy = [place for place, row in enumerate(flow) if any(row[1:])]
    return [_net(row) for row in flow[busy[0] + 1 :]] if busy else []


def _net(row: Sequence[Any]) -> int:
    """Items opened on a day less those that were decided or closed."""
    _day, opened, *gone = row
    return int(opened) - sum(int(each) for each in gone)


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Goods drawn at random with a score in [low, high) that a reviewer answered: share found counterfeit."""

    low: float
    high: float
    mean_score: float
    share: Rate


def score_calibration() -> tuple[CalibrationBin, ...]:
    """What reviewers found among goods drawn at random, by score: does 30 mean 30 in 100? Empty bins are left out.

    Reviewers' answers are not authentications; the programme of test buys checks the score against those.
    """
    answered = _answered_at_random()
    found = []
    for low, high in _BINS:
        scores = [(score, answer == Answer.COUNTERFEIT) for score, answer in answered if low <= score < high]
        if scores:
            mean = sum(score for score, _ in scores) / len(scores)
            share = rate_of(sum(fake for _, fake in scores), len(scores))
            found.append(CalibrationBin(low, min(high, 100.0), mean, share))
    return tuple(found)


def _answered_at_random() -> list[tuple[float, str]]:
    rows = Decision.objects.filter(
        item__inclusion_probability__isnull=False, item__subject_type="listing", is_automatic=False
    ).exclude(state__in=(DecisionState.UNDONE, DecisionState.REFUSED, DecisionState.REVERSED))
    rows = rows.filter(answer__in=(Answer.COUNTERFEIT, Answer.GENUINE))
    return [(float(score), answer) for score, answer in rows.values_list("finding__score", "answer")]


@dataclass(frozen=True, slots=True)
class MeasuredPeriod:
    """The share of live listings that were counterfeit when a programme's frame was taken, with its interval.

    `is_final`: from a complete look of the sealed plan; else the interval that may be looked at any time, without a
    point estimate.
    """

    programme: Programme
    as_of: str
    share: float | None
    low: float
    high: float
    n_buys: int
    is_final: bool


def prevalence_by_period() -> tuple[MeasuredPeriod, ...]:
    """What test buys measured, oldest period first, as the worker last read it from the plans' folders."""
    found = [each for programme in Programme.objects.order_by("loaded_at", "pk") if (each := _period(programme))]
    return tuple(sorted(found, key=lambda each: (each.as_of, each.programme.pk)))


def _period(programme: Programme) -> MeasuredPeriod | None:
    progress = programme.progress
    as_of = str(progress.get("plan", {}).get("as_of", ""))[:10]
    look = progress.get("look")
    for each in look["estimates"] if look else ():
        if each["estimand"] == Estimand.LISTINGS:
            return MeasuredPeriod(programme, as_of, each["share"], each["low"], each["high"], each["n_buys"], True)
    known = sum(pot["n_known"] for pot in progress.get("pots", ()))
    for each in progress.get("live", ()):
        if each["estimand"] == Estimand.LISTINGS:
            return MeasuredPeriod(programme, as_of, None, each["low"], each["high"], known, False)
    return None


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for a person: what, how many, where (a view name with its query)."""

    what: str
    n: int
    view: str
    query: str = ""


def waits_for(person: Person, now: datetime | None = None) -> tuple[Waiting, ...]:
    """What waits for a person, by role, most pressing first; zeros are kept so that places stay where they are."""
    at = now or timezone.now()
    by_role = _BY_ROLE.get(person.role)
    return by_role(person, at) if by_role else ()


def _for_reviewer(person: Person, at: datetime) -> tuple[Waiting, ...]:
    mine = Item.objects.filter(claimed_by=person, claimed_until__gt=at)
    woken = Item.objects.filter(state=ItemState.SNOOZED, snoozed_until__lt=at + timedelta(days=1))
    return (
        Waiting("claims", mine.count(), "console:queue", "claimed=mine"),
        Waiting("queue", _n_open(), "console:queue"),
        Waiting("snoozed", woken.count(), "console:queue", "state=snoozed"),
    )


def _for_senior(person: Person, at: datetime) -> tuple[Waiting, ...]:
    proposals = Decision.objects.filter(state=DecisionState.PROPOSED).exclude(decided_by=person)
    appeals: QuerySet[Appeal] = Appeal.objects.filter(state=AppealState.OPEN)
    late = TestBuyTask.objects.filter(stage__in=BUYING, due_at__lt=at)
    examined_late = TestBuyTask.objects.filter(NARROWED["late"](person))
    return (
        Waiting("proposals", proposals.count(), "console:decisions", "state=proposed"),
        Waiting("appeals", appeals.count(), "console:appeals"),
        *_for_reviewer(person, at),
        Waiting("tasks_overdue", late.count(), "console:tasks", "whose=overdue"),
        Waiting("examinations_late", examined_late.count(), "console:tasks", "whose=late"),
    )


def _for_buyer(person: Person, at: datetime) -> tuple[Waiting, ...]:
    # Only what waits for a buyer: what lies with an examiner must not be counted down before the buyer's eyes.
    counted = TestBuyTask.objects.filter(stage__in=BUYING).aggregate(
        mine=Count("pk", filter=Q(assigned_to=person)),
        late=Count("pk", filter=Q(assigned_to=person, due_at__lt=at)),
        free=Count("pk", filter=Q(assigned_to=None, stage=TaskStage.TO_BUY)),
    )
    return (
        Waiting("tasks_overdue", counted["late"], "console:tasks", "whose=overdue"),
        Waiting("tasks_mine", counted["mine"], "console:tasks", "whose=mine"),
        Waiting("tasks_free", counted["free"], "console:tasks", "whose=free"),
    )


def _for_examiner(person: Person, at: datetime) -> tuple[Waiting, ...]:
    rows = open_examinations_of(person)  # what a colleague has must not be counted: it may be a second examination
    return (
        Waiting("examinations", rows.count(), "console:examinations"),
        Waiting("examinations_late", rows.filter(due_at__lt=at).count(), "console:examinations"),
    )


def _for_auditor(person: Person, at: datetime) -> tuple[Waiting, ...]:
    head = AuditHead.objects.first()
    n = Frontier.from_json(head.frontier).size if head and head.frontier else 0
    return (Waiting("events", n, "console:audit"),)


def _for_administrator(person: Person, at: datetime) -> tuple[Waiting, ...]:
    failed = Effect.objects.filter(state=EffectState.FAILED).count()
    waiting = Effect.objects.filter(state=EffectState.WAITING).count()
    return (
        Waiting("effects_failed", failed, "console:endpoints"),
        Waiting("effects_waiting", waiting, "console:endpoints"),
        Waiting("people", Person.objects.filter(is_active=True).count(), "accounts:people"),
    )


def _n_open() -> int:
    """As last counted; counted now while there is no census yet, when the queue is small."""
    census = QueueCensus.objects.order_by("-taken_at").values_list("counts", flat=True).first()
    return int(census["states"].get(ItemState.OPEN, 0)) if census else Item.objects.filter(state=ItemState.OPEN).count()


_BY_ROLE: dict[str, Callable[[Person, datetime], tuple[Waiting, ...]]] = {
    Role.ANALYST: _for_reviewer,
    Role.SENIOR: _for_senior,
    Role.TEST_BUYER: _for_buyer,
    Role.AUTHENTICATOR: _for_examiner,
    Role.AUDITOR: _for_auditor,
    Role.ADMINISTRATOR: _for_administrator,
}
