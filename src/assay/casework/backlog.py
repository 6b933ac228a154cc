"""How much will wait in the days to come: what came in less what went out, with a prediction interval.

The net change of a day is taken as drawn anew each day from one distribution. The sum of the next h days then lies,
with the stated confidence, within h * mean ± t * s * sqrt(h + h² / n), where n days were seen, s is their standard
deviation and t the quantile of Student's distribution with n - 1 degrees (Hahn, G. J. and Meeker, W. Q., Statistical
Intervals, 1991, section 4.8: the mean of m future observations, times m). Weekdays differ, which makes s larger and the
interval wider than it needs to be for whole weeks. A campaign or a new model that doubles what comes in is not in the
past days, and so not in the interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

# With fewer days the interval is so wide that it says nothing.
LEAST_DAYS = 7


@dataclass(frozen=True, slots=True)
class Ahead:
    """The backlog so many days ahead: expected, and between `low` and `high` with the confidence asked for."""

    days: int
    expected: float
    low: float
    high: float


def forecast(
    now: int, nets: Sequence[int], *, horizons: Sequence[int] = (7, 14, 28), confidence: float = 0.9
) -> tuple[Ahead, ...]:
    """The backlog at each horizon from today's and the net change of past days; empty for fewer than 7 days.

    No value is below 0: a queue cannot owe.

    >>> [round(each.expected) for each in forecast(100, [1, -1, 2, 0, 1, -2, 6], horizons=(7,))]
    [107]
    """
    n = len(nets)
    if n < LEAST_DAYS:
        return ()
    mean, spread = float(np.mean(nets)), float(np.std(nets, ddof=1))
    t = float(stats.t.ppf(0.5 + confidence / 2, n - 1))
    found = []
    for days in horizons:
        middle, half = now + days * mean, t * spread * math.sqrt(days + days**2 / n)
        found.append(Ahead(days, max(middle, 0.0), max(middle - half, 0.0), max(middle + half, 0.0)))
    return tuple(found)
