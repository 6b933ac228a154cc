"""Where the bars of a waterfall stand: on a scale of log-odds, so that every step is as wide as its points."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

# The two limits that scores are read against are always on the scale; the others help where there is room.
_LIMITS = (40.0, 80.0)
_HELPERS = (10.0, 1.0, 99.0, 0.1, 99.9)
# Labels nearer than this, in percent of the width, would run into each other on a phone.
_LEAST_GAP = 10.0
_MARGIN = 0.05


@dataclass(frozen=True, slots=True)
class Tick:
    """A score on the scale and its place in percent of the width; `is_limit` for 40 and 80."""

    score: float
    place: float
    is_limit: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high` in points (hundredths of log-odds)."""

    low: float
    high: float

    def place(self, points: float) -> float:
        """Place of a running sum of points, in percent of the width."""
        return 100 * (points - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Scores to label, from left to right, none too near another."""
        kept: list[Tick] = []
        for score in (*_LIMITS, *_HELPERS):
            place = self.place(points_of(score))
            clear = all(abs(place - tick.place) >= _LEAST_GAP for tick in kept)
            inside = _LEAST_GAP / 2 <= place <= 100 - _LEAST_GAP / 2
            if score in _LIMITS or (inside and clear):
                kept.append(Tick(score, place, score in _LIMITS))
        return tuple(sorted(kept, key=lambda tick: tick.place))


def scale_over(sums: Iterable[float]) -> Scale:
    """The scale that holds all running sums of a waterfall and both limits, with a little air."""
    every = [*sums, *(points_of(score) for score in _LIMITS)]
    air = _MARGIN * (max(every) - min(every))
    return Scale(min(every) - air, max(every) + air)


def points_of(score: float) -> float:
    """Points whose score this is: `points_of(50) == 0`."""
    return 100 * math.log(score / (100 - score))
