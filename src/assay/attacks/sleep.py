"""Do these accounts keep common hours? Their hours of the day against random accounts as active as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from assay.attacks.false_discovery import shuffled_p
from assay.attacks.timing import LayerTest

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

_HOURS = 24


def common_sleep(
    account: npt.ArrayLike,
    posted_at_s: npt.ArrayLike,
    reference_account: npt.ArrayLike,
    reference_s: npt.ArrayLike,
    *,
    n_shuffles: int = 200,
    rng: np.random.Generator,
) -> LayerTest:
    """Whether the accounts of one group keep common hours of the day, beyond random accounts as active as they.

    Posts of the group, and of other accounts among which it was found (`reference_*`); accounts as whole numbers, times
    in whole seconds UTC. Statistic: the chance that a post of one account and a post of another, **made on different
    days**, fall within the same or a neighbouring hour of the day; every account weighs the same. Pairs of one day are
    left out, so that one evening's burst is not taken for a habit; days begin at the quietest hour of all. Null: as
    many accounts drawn at random from group and reference together, with as many active hours each (classes 1, 2, 3-4,
    5-8, ...), which is exact whatever the rhythm of the public. The time zone plays no part: hours are compared with
    hours. A group of one city in a public of many, or the followers of one source that posts at nine every evening,
    keep common hours innocently.

    `p` is None when no two accounts posted on different days.
    """
    own, own_hour = _distinct_hours(account, posted_at_s)
    others, other_hour = _distinct_hours(reference_account, reference_s)
    n_own = int(own.max(initial=-1)) + 1
    whole = _ActiveHours.of(np.concatenate([own, others + n_own]), np.concatenate([own_hour, other_hour]))
    observed = whole.agreement(np.arange(n_own))
    if observed is None:
        return LayerTest("common_sleep", 0.0, 0.0, 0.0, 0, None, why_not="no two accounts posted on different days")
    drawn = [whole.agreement(accounts) for accounts in whole.matched_draws(n_own, n_shuffles, rng)]
    # A draw without a pair of days says nothing about habits: it counts as reaching the observed figure.
    values = np.array([np.inf if value is None else value for value in drawn])
    seen = values[np.isfinite(values)]
    mean, sd = (float(seen.mean()), float(seen.std())) if len(seen) else (0.0, 0.0)
    return LayerTest("common_sleep", observed, mean, sd, n_shuffles, shuffled_p(observed, values))


@dataclass(frozen=True, slots=True)
class _ActiveHours:
    """Distinct (account, hour) in the order of accounts: account codes from 0, days, hours of the day 0 to 23 UTC."""

    account: Ints
    day: Ints
    hour: Ints

    @classmethod
    def of(cls, account: Ints, at_hour: Ints) -> _ActiveHours:
        """Days run from the quietest hour of all to the next: an evening's rush past midnight stays one day."""
        hour = at_hour % _HOURS
        counts = np.bincount(hour, minlength=_HOURS)
        quietest = int(np.argmin(counts + np.roll(counts, 1) + np.roll(counts, -1)))
        return cls(account, (at_hour - quietest) // _HOURS, hour)

    def matched_draws(self, n_own: int, n_draws: int, rng: np.random.Generator) -> Iterator[Ints]:
        """Sets of accounts with as many from each class of activity as accounts 0 to n_own - 1 have."""
        counts = np.bincount(self.account)
        classes = np.ceil(np.log2(counts)).astype(np.int64)
        pools = [
            (np.flatnonzero(classes == each), int(np.sum(classes[:n_own] == each)))
            for each in np.unique(classes[:n_own])
        ]
        for _ in range(n_draws):
            yield np.concatenate([rng.choice(pool, size, replace=False) for pool, size in pools])

    def agreement(self, accounts: Ints) -> float | None:
        """The chance that two accounts' hours on different days are the same or neighbours; None without a pair."""
        starts = np.searchsorted(self.account, accounts)
        lengths = np.searchsorted(self.account, accounts, side="right") - starts
        if len(accounts) < 2:
            return None
        rows = np.repeat(starts - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths) + np.arange(lengths.sum())
        who = np.repeat(np.arange(len(accounts)), lengths)
        day = np.unique(self.day[rows], return_inverse=True)[1]
        weight = np.repeat(1.0 / lengths, lengths)
        n_days = int(day.max()) + 1
        # Pairs of two accounts on two days = all pairs - one account - one day + one account on one day.
        met = pairs = 0.0
        for sign, label in ((1, 0 * day), (-1, who), (-1, day), (1, who * n_days + day)):
            both = _hour_pairs(label, self.hour[rows], weight)
            met, pairs = met + sign * both[0], pairs + sign * both[1]
        # Sums of thirds and fifths leave a rest of this size where no pair is left.
        return float(met / pairs) if pairs > 1e-9 * len(accounts) ** 2 else None


def _distinct_hours(account: npt.ArrayLike, posted_at_s: npt.ArrayLike) -> tuple[Ints, Ints]:
    """Codes of the accounts from 0, ascending, and the hours since 1970 in which each posted."""
    at_hour = np.asarray(posted_at_s, dtype=np.int64).ravel() // 3600
    codes = np.unique(np.asarray(account, dtype=np.int64).ravel(), return_inverse=True)[1].astype(np.int64)
    if not len(codes):
        return codes, at_hour
    span = int(at_hour.max() - at_hour.min()) + 1
    distinct = np.unique(codes * span + (at_hour - at_hour.min()))
    return distinct // span, distinct % span + at_hour.min()


def _hour_pairs(label: Ints, hour: Ints, weight: Floats) -> tuple[float, float]:
    """Weight of the pairs of one label in the same or neighbouring hours, and of all pairs of one label."""
    codes = np.unique(label, return_inverse=True)[1]
    table = np.bincount(codes * _HOURS + hour, weights=weight, minlength=_HOURS * (int(codes.max()) + 1)).reshape(
        -1, _HOURS
    )
    # Neighbouring hours count as met: people are regular to about an hour, and where an hour begins is arbitrary.
    near = table + np.roll(table, 1, axis=1) + np.roll(table, -1, axis=1)
    return float(np.sum(table * near)), float(np.sum(table.sum(axis=1) ** 2))
