"""Whom the thresholds of a strike policy would touch, counted before it is switched on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import ceil

from django.utils import timezone

from assay.casework.models import Action, Answer, Decision, DecisionState, Strike
from assay.casework.services.strikes import Policy, Threshold, weigh

# The histogram's bins are half a strike wide, the smallest weight of the built-in policy.
BIN = 0.5
# What stands beyond is counted in the last bin: one merchant with hundreds of strikes must not flatten the picture.
MOST_BINS = 40


@dataclass(frozen=True, slots=True)
class Touched:
    """A threshold and how many merchants stand at or above it: with today's strikes, and in the long run."""

    threshold: Threshold
    today: int
    later: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Merchants by what they stand at. `counts[i]` are those from `i * BIN` on, the last bin everybody beyond.

    Merchants at 0 are left out; `n` is how many are counted.
    """

    counts: tuple[int, ...]
    n: int

    @property
    def most(self) -> float:
        """Where the last bin ends."""
        return len(self.counts) * BIN


@dataclass(frozen=True, slots=True)
class Preview:
    """What a policy would meet. `today` weighs the strikes as they were given; `later` weighs every decision of the
    policy's window as the policy would, which is where merchants stand once all strikes come from it.
    """

    today: Histogram
    later: Histogram
    touched: tuple[Touched, ...]


def preview(policy: Policy, at: datetime | None = None) -> Preview:
    """Counts merchants under a policy that need not be in force. Reads decisions and strikes once each, in order."""
    when = at or timezone.now()
    today = list(_standings(_strikes(when), policy.together_days))
    later = list(_standings(_decisions(policy, when), policy.together_days))
    touched = tuple(
        Touched(each, sum(total >= each.at for total in today), sum(total >= each.at for total in later))
        for each in policy.thresholds
    )
    return Preview(_histogram(today), _histogram(later), touched)


_Row = tuple[str, datetime, float]


def _standings(rows: Iterator[_Row], together_days: int) -> Iterator[float]:
    """What each merchant stands at, for rows in order of merchant and time."""
    for _merchant, own in groupby(rows, key=lambda row: row[0]):
        total = weigh([(at, weight) for _id, at, weight in own], together_days)
        if total > 0:
            yield total


def _strikes(when: datetime) -> Iterator[_Row]:
    rows = Strike.objects.filter(given_at__lte=when, expires_at__gt=when, cancelled_at=None)
    yield from (
        rows.order_by("merchant_id", "given_at", "id").values_list("merchant_id", "given_at", "weight").iterator()
    )


def _decisions(policy: Policy, when: datetime) -> Iterator[_Row]:
    """Decisions that stand, whether they still last or ended on time, with the weight the policy gives them."""
    rows = Decision.objects.filter(
        answer=Answer.COUNTERFEIT,
        state__in=(DecisionState.IN_FORCE, DecisionState.EXPIRED),
        in_force_at__gt=when - timedelta(days=policy.window_days),
        in_force_at__lte=when,
    ).exclude(action=Action.NONE)
    fields = ("merchant_id", "in_force_at", "answer", "action", "reason_code")
    for merchant_id, at, answer, action, code in rows.order_by(*fields[:2], "id").values_list(*fields).iterator():
        if at is not None and (weight := policy.weight(answer, action, code)) > 0:
            yield merchant_id, at, weight


def _histogram(totals: list[float]) -> Histogram:
    if not totals:
        return Histogram((), 0)
    n_bins = min(ceil(max(totals) / BIN) + 1, MOST_BINS)
    counts = [0] * n_bins
    for total in totals:
        counts[min(int(total / BIN), n_bins - 1)] += 1
    return Histogram(tuple(counts), len(totals))
