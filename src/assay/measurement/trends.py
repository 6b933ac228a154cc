"""Whether the share of counterfeits changed between two periods, and by how much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa

from assay.measurement.estimation import Estimand, Estimate, prevalence
from assay.measurement.looks import live_interval, looks
from assay.measurement.power import Claim, buys_needed, claim, power
from assay.measurement.published import figure
from assay.measurement.restricted import Trials, bare, restricted_tail, trials_of
from assay.measurement.samples import Floats, read_sample
from assay.measurement.weighing import Weighed, weigh

__all__ = ["Change", "Claim", "Trend", "buys_needed", "change", "claim", "live_interval", "looks", "power"]

# Ratios beyond a thousand either way are shown as 0 and infinity.
_MOST_RATIO = 1000.0
# 30 halvings of the log-ratio's range give five digits of a limit.
_HALVINGS = 30


class Trend(StrEnum):
    """What may be said of two periods."""

    ROSE = "rose"
    FELL = "fell"
    NO_CLAIM = "no claim"


@dataclass(frozen=True, slots=True)
class Change:
    """After over before.

    `ratio` is None where nothing was found before; `low` and `high` its interval (`high` may be infinite); `p` the
    two-sided mid-p value of no change; `trend` what may be said: a rise or fall only where the interval leaves out 1.
    """

    estimand: Estimand
    confidence: float
    before: Estimate
    after: Estimate
    ratio: float | None
    low: float
    high: float
    p: float
    trend: Trend


@dataclass(frozen=True, slots=True)
class Side:
    """One period's sample as the test sees it: kinds of positives, their counts (samples x kinds), the known share."""

    trials: Trials
    counts: Floats
    known_share: float

    @classmethod
    def of(cls, weighed: Weighed) -> Side:
        """The side of a weighed sample."""
        trials, counts = trials_of(weighed)
        return cls(trials, counts, weighed.known_share)

    @property
    def share(self) -> Floats:
        """The Horvitz-Thompson share of every sample."""
        return np.asarray(self.known_share + self.counts @ self.trials.weight)


def change(
    before: tuple[pa.Table, pa.Table],
    after: tuple[pa.Table, pa.Table],
    estimand: Estimand | str = Estimand.LISTINGS,
    *,
    confidence: float = 0.95,
) -> Change:
    """The change from the (units, strata) `before` to those `after`, two independent samples of their frames.

    The ratio is tested as the share is (see `restricted`): a ratio r is kept unless after - r x before lies in a tail
    of its distribution at the rates that fit both samples best while after = r x before. Tails are whole and no part
    of a positive is spread here: two samples' luck cancels, and the test keeps its 5 % (benchmarks/coverage).
    """
    first, second = (prevalence(*each, estimand, confidence=confidence) for each in (before, after))
    sides = []
    for each in (before, after):
        sample = read_sample(*each, estimand)
        sides.append(Side.of(weigh(sample, sample.positive, sample.conclusive)))
    low, high = ratio_limits(sides[0], sides[1], confidence=confidence)
    p = float(no_change_p(sides[0], sides[1])[0])
    trend = Trend.FELL if high < 1.0 else Trend.ROSE if low > 1.0 else Trend.NO_CLAIM
    ratio = figure(second.share / first.share) if first.share > 0 else None
    return Change(first.estimand, confidence, first, second, ratio, figure(low), figure(high), figure(p), trend)


def no_change_p(before: Side, after: Side) -> Floats:
    """The two-sided mid-p value of an unchanged share, per row of counts (samples in the same order on both sides)."""
    below = ratio_tail(before, after, 1.0)
    return np.asarray(np.minimum(2.0 * np.minimum(below, 1.0 - below), 1.0))


def ratio_limits(before: Side, after: Side, *, confidence: float = 0.95) -> tuple[float, float]:
    """(low, high) of after / before for the first row of counts; 0 and infinity where nothing bounds it."""
    earlier, later = float(before.share[0]), float(after.share[0])
    tail = (1.0 - confidence) / 2.0
    low, high = 0.0, math.inf
    if later > 0.0:
        low = _edge(before, after, 1.0 - tail, later / earlier if earlier > 0.0 else _MOST_RATIO)
    if earlier > 0.0:
        high = _edge(before, after, tail, max(later / earlier, 1.0 / _MOST_RATIO))
    return low, high


def ratio_tail(before: Side, after: Side, ratio: float) -> Floats:
    """The mid-p chance of after - ratio x before as small as observed, were the true one 0."""
    first, second = bare(before.trials), bare(after.trials)
    both = Trials(
        weight=np.concatenate([-ratio * first.weight, second.weight]),
        stratum=np.concatenate([first.stratum, second.stratum + len(first.n)]),
        n=np.concatenate([first.n, second.n]),
        fraction=np.concatenate([first.fraction, second.fraction]),
        spare=np.concatenate([first.spare, second.spare]),
    )
    counts = np.concatenate([before.counts, after.counts], axis=1)
    target = np.array([ratio * before.known_share - after.known_share])
    return restricted_tail(both, counts, target)


def _edge(before: Side, after: Side, level: float, start: float) -> float:
    """The ratio at which the chance passes `level`: above `start` for a small level, below it for a large one."""
    upper = level < 0.5
    inside, outside = math.log(start), math.log(_MOST_RATIO) * (1.0 if upper else -1.0)

    def kept(log_ratio: float) -> bool:
        chance = float(ratio_tail(before, after, math.exp(log_ratio))[0])
        return chance > level if upper else chance < level

    if kept(outside):
        return math.inf if upper else 0.0
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2.0
        inside, outside = (middle, outside) if kept(middle) else (inside, middle)
    return math.exp(outside)
