"""How the work goes: the queue, waiting, reversals, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from django.db.models import Q

from assay.casework.backlog import Ahead, forecast
from assay.casework.models import (
    Answer,
    Decision,
    DecisionState,
    ItemState,
    Programme,
    QueueCensus,
    Review,
    ReviewKind,
)
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
class Reversals:
    """Restrictions reversed on appeal: a share of those old enough (`queries.reversals`), and how many lately."""

    of_all: Rate
    of_automatic: Rate
    n_lately: int


@dataclass(frozen=True, slots=True)
class QueueNumbers:
    """The latest census and what follows from it; `counts` is what `services/census.count` gave.

    `reversals` is None where an earlier version of the program counted, which took others for its share.
    """

    taken_at: datetime
    counts: dict[str, Any]
    n_open: int
    history: tuple[int, ...]
    ahead: tuple[Ahead, ...]
    reversals: Reversals | None


def queue_numbers() -> QueueNumbers | None:
    """The queue as last counted; None before the first census."""
    census = QueueCensus.objects.order_by("-taken_at").first()
    if census is None:
        return None
    counts = census.counts
    n_open = int(counts["states"].get(ItemState.OPEN, 0))
    ends, nets = _backlog(counts["flow"], n_open)
    return QueueNumbers(
        taken_at=census.taken_at,
        counts=counts,
        n_open=n_open,
        history=(*ends, n_open),
        ahead=forecast(n_open, nets),
        reversals=_reversals(counts) if "mature" in counts else None,
    )


def _reversals(counts: dict[str, Any]) -> Reversals:
    found = counts["mature"]
    return Reversals(
        of_all=rate_of(found["n_reversed"], found["n"]),
        of_automatic=rate_of(found["n_automatic_reversed"], found["n_automatic"]),
        n_lately=counts["n_reversed_lately"],
    )


def _backlog(flow: Sequence[Sequence[Any]], n_open: int) -> tuple[list[int], list[int]]:
    """Open items at the end of each day of the flow, and the net changes that a forecast may rest on.

    As counted where a census of the day is kept. Where none is, counted back by what was opened and is gone, which
    misses what was put aside, came back or was opened again.
    """
    counted = _counted([row[0] for row in flow])
    ends: list[int] = []
    end = n_open
    for row in reversed(flow):
        ends.append(counted.get(row[0], end))
        end = max(ends[-1] - _net(row), 0)
    ends.reverse()
    # Up to the first day on which there was anything: the first load is no ordinary day.
    first = next((place for place, row in enumerate(flow) if any(row[1:]) or counted.get(row[0])), len(flow))
    return ends, [after - before for before, after in pairwise(ends[first:])]


def _counted(days: Sequence[str]) -> dict[str, int]:
    """Open items in the last census of each of some days."""
    if not days:
        return {}
    since = datetime.fromisoformat(days[0]).replace(tzinfo=UTC)
    rows = (
        QueueCensus.objects.filter(taken_at__gte=since).order_by("taken_at").values_list("taken_at", "counts__states")
    )
    found = {f"{at.astimezone(UTC):%Y-%m-%d}": states for at, states in rows}
    return {day: int(states.get(ItemState.OPEN, 0)) for day, states in found.items() if states is not None}


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
    """Score and answer of each item that was drawn and that people answered: what `services/verdicts` exports of it.

    Each counts once, with its first answer: it is opened again only where it looks worse, and counting such ones twice
    would make the score look better than it is.
    """
    drawn = Q(item__inclusion_probability__isnull=False, item__subject_type="listing")
    holding = Q(state__in=(DecisionState.IN_FORCE, DecisionState.EXPIRED), is_automatic=False)
    told = "decided_at", Decision.objects.filter(drawn, holding)
    corrected = "finished_at", Review.objects.filter(drawn, kind=ReviewKind.APPEAL)
    rows = [
        row
        for moment, found in (told, corrected)
        for row in found.values_list(moment, "item_id", "finding__score", "answer")
    ]
    first: dict[int, tuple[float, str]] = {}
    for _at, item_id, score, answer in sorted(rows):
        first.setdefault(item_id, (float(score), answer))
    return [each for each in first.values() if each[1] in (Answer.COUNTERFEIT, Answer.GENUINE)]


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
