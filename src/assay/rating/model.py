"""The deployed model: a scorecard of whole points, the same on every engine.

One point is 0.01 of log-odds. A row's total is `base_points` plus one entry of every term's table; the calibration
table turns the total into the score. All of it is integers, so that a total computed on a laptop and on a cluster is
the same number, and the steps of an explanation add up with nothing left over.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Kind = Literal["listing", "merchant"]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Finer than the error of any score we can calibrate, coarse enough for int16 columns and short tables.
POINTS_PER_LOG_ODDS = 100
# 921 points are odds of 1 to 9,999: the score keeps two decimals, so nothing may claim to be surer than 99.99.
MOST_SCORE_POINTS = 921
# One table entry must fit an int16 with room for the kernel's sentinel; 30,000 points are far beyond any evidence.
MOST_TERM_POINTS = 30_000


@dataclass(frozen=True, slots=True)
class Term:
    """What the rating needs to know of a signal: its id, the column that holds it and which way is more suspect.

    `direction` is "more", "less" or "two-sided". The first two bind the trained curve to one slope (the sign is
    certain); "two-sided" leaves it free.
    """

    id: str
    column: str
    direction: str = "two-sided"
    label: str = ""

    @property
    def family(self) -> str:
        """`price-gap` -> `price`."""
        return self.id.split("-", 1)[0]

    @property
    def slope(self) -> int:
        """+1 when more is more suspect, -1 when less is, 0 when either may be."""
        return {"more": 1, "less": -1}.get(self.direction, 0)


@dataclass(frozen=True, slots=True)
class TermTable:
    """Points of one signal: bin k holds `edges[k-1] <= value < edges[k]`, so there is one more bin than edges.

    Null and NaN are "not checked" and have their own entry, `missing_points`; comparison is in float64.
    ValueError when the parts do not fit each other.

    >>> TermTable(Term("price-gap", "price_gap"), (-0.5,), (80, 0), missing_points=5).points_of(-0.7)
    80
    """

    term: Term
    edges: tuple[float, ...]
    points: tuple[int, ...]
    missing_points: int = 0

    def __post_init__(self) -> None:
        name = self.term.id
        if len(self.points) != len(self.edges) + 1:
            raise ValueError(
                f"term {name}: {len(self.edges)} edges need {len(self.edges) + 1} points, got {len(self.points)}"
            )
        if not np.isfinite(self.edges).all() or any(a >= b for a, b in pairwise(self.edges)):
            raise ValueError(f"term {name}: edges must be finite and strictly increasing, got {self.edges}")
        for points in (*self.points, self.missing_points):
            if not isinstance(points, int) or abs(points) > MOST_TERM_POINTS:
                raise ValueError(f"term {name}: points must be whole and within {MOST_TERM_POINTS}, got {points!r}")

    @property
    def column(self) -> str:
        """The column the values stand in."""
        return self.term.column

    def points_of(self, value: float | None) -> int:
        """Points of one value; null and NaN give `missing_points`."""
        if value is None or np.isnan(value):
            return self.missing_points
        return self.points[bisect_right(self.edges, value)]


@dataclass(frozen=True, slots=True)
class CalibrationTable:
    """Monotone map from a row's total to its score, both in points, with a 95 % interval.

    Between two knots the map is the straight line rounded to whole points; outside it is flat. `points`, `low` and
    `high` are log-odds points of the chance that an authentication finds a counterfeit, each within ±921 and never
    falling. `rests_on` says in words which verdicts the level comes from, `figures` holds their counts and, where
    both exist, the level of the caught cases beside the level of the sampled ones.
    """

    totals: tuple[int, ...]
    points: tuple[int, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]
    rests_on: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {len(self.totals), len(self.points), len(self.low), len(self.high)}
        if len(lengths) != 1 or not self.totals:
            raise ValueError(
                f"calibration: totals, points, low and high must be equally long and not empty, got {lengths}"
            )
        if any(a >= b for a, b in pairwise(self.totals)):
            raise ValueError("calibration: totals must be strictly increasing")
        for name, line in (("points", self.points), ("low", self.low), ("high", self.high)):
            if any(a > b for a, b in pairwise(line)) or max(map(abs, line)) > MOST_SCORE_POINTS:
                raise ValueError(f"calibration: {name} must never fall and stay within ±{MOST_SCORE_POINTS}")
        if any(not low <= mid <= high for low, mid, high in zip(self.low, self.points, self.high, strict=True)):
            raise ValueError("calibration: low <= points <= high must hold at every total")

    def dense(self) -> tuple[int, Ints, Ints, Ints]:
        """(first total, points, low, high) for every whole total from the first knot to the last."""
        return _dense(self.totals, self.points, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Model:
    """An additive scorecard for listings or merchants.

    `calibration` is None for the expert scorecard: its score is the plain logistic of the total, labelled "not
    calibrated", without an interval. `card` is the model card as JSON-ready data.
    """

    kind: Kind
    base_points: int
    terms: tuple[TermTable, ...]
    calibration: CalibrationTable | None = None
    card: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in ("listing", "merchant"):
            raise ValueError(f"model kind must be listing or merchant, got {self.kind!r}")
        columns = self.columns
        if len(set(columns)) != len(columns):
            raise ValueError(f"model: a column may have one term only, got {sorted(columns)}")

    @property
    def columns(self) -> tuple[str, ...]:
        """Signal columns, in the order of the terms."""
        return tuple(table.column for table in self.terms)

    @property
    def is_calibrated(self) -> bool:
        """False for the expert scorecard."""
        return self.calibration is not None

    def score_points(self, totals: npt.ArrayLike) -> tuple[Ints, Ints | None, Ints | None]:
        """Totals -> (score points, low, high); low and high are None without calibration."""
        wanted = np.asarray(totals, dtype=np.int64)
        if self.calibration is None:
            return np.clip(wanted, -MOST_SCORE_POINTS, MOST_SCORE_POINTS), None, None
        first, points, low, high = self.calibration.dense()
        at = np.clip(wanted - first, 0, len(points) - 1)
        return points[at], low[at], high[at]


def score_of(points: npt.ArrayLike) -> Floats:
    """Score points -> score 0 to 100 with two decimals: 100 / (1 + exp(-points / 100)).

    >>> float(score_of(0)), float(score_of(139))
    (50.0, 80.06)
    """
    log_odds = np.asarray(points, dtype=np.float64) / POINTS_PER_LOG_ODDS
    return np.asarray(np.round(100.0 / (1.0 + np.exp(-log_odds)), 2))


def points_of_probability(probability: npt.ArrayLike) -> Ints:
    """Chance 0 to 1 -> score points, kept within ±921."""
    floor = 1.0 / (1.0 + np.exp(MOST_SCORE_POINTS / POINTS_PER_LOG_ODDS))
    kept = np.clip(np.asarray(probability, dtype=np.float64), floor, 1.0 - floor)
    return np.asarray(np.rint(POINTS_PER_LOG_ODDS * np.log(kept / (1.0 - kept))), dtype=np.int64)


@lru_cache(maxsize=16)
def _dense(
    totals: tuple[int, ...], points: tuple[int, ...], low: tuple[int, ...], high: tuple[int, ...]
) -> tuple[int, Ints, Ints, Ints]:
    every = np.arange(totals[0], totals[-1] + 1, dtype=np.int64)
    lines = (
        _line(every, np.asarray(totals, dtype=np.int64), np.asarray(line, dtype=np.int64))
        for line in (points, low, high)
    )
    return (totals[0], *lines)  # type: ignore[return-value]


def _line(at: Ints, knots: Ints, values: Ints) -> Ints:
    """Straight lines between knots in integer arithmetic: floating-point rounding could differ between machines."""
    if len(knots) == 1:
        return np.full(len(at), values[0], dtype=np.int64)
    left = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    width = knots[left + 1] - knots[left]
    rise = (values[left + 1] - values[left]) * (at - knots[left])
    return np.asarray(values[left] + (2 * rise + width) // (2 * width), dtype=np.int64)
