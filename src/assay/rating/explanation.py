"""Why a row has its score: a waterfall that starts at the base, takes one step per signal, and ends at the score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.rating.model import Model, score_of

BASE = "base"
CALIBRATION = "calibration"


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall.

    `points` are hundredths of log-odds; `score_before` and `score_after` are the running score (0 to 100, two
    decimals) and `score_change` their difference, in whole hundredths so that changes add up exactly too. `value` is
    the signal's value, None when it was not checked (then `checked` is False and `points` are those of "not checked").
    """

    id: str
    label: str
    points: int
    value: float | None
    checked: bool
    score_before: float
    score_after: float
    score_change_hundredths: int

    @property
    def score_change(self) -> float:
        """Change of the running score, two decimals."""
        return self.score_change_hundredths / 100


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Base, signed steps, score: `base_points + sum(points of steps) == score_points`, and likewise in the score.

    The signal steps stand in order of absolute size; the last step, "calibration", moves the plain sum to the
    calibrated scale. `score_low` and `score_high` are None when the model is not calibrated.
    """

    base_points: int
    base_score: float
    steps: tuple[Step, ...]
    score_points: int
    score: float
    score_low: float | None
    score_high: float | None
    is_calibrated: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, for `--json` and the report."""
        steps = [
            {
                "id": step.id,
                "label": step.label,
                "points": step.points,
                "value": step.value,
                "checked": step.checked,
                "score_before": step.score_before,
                "score_after": step.score_after,
                "score_change": step.score_change,
            }
            for step in self.steps
        ]
        whole = {name: getattr(self, name) for name in ("base_points", "base_score", "score_points", "score")}
        return whole | {
            "score_low": self.score_low,
            "score_high": self.score_high,
            "is_calibrated": self.is_calibrated,
            "steps": steps,
        }


def explain_row(model: Model, row: Mapping[str, Any]) -> Waterfall:
    """The waterfall of one row, from its signal values or from its scored row.

    Where `row` holds `points_<column>` (a row of the scores table) those points are used; else they are looked up from
    the signal value. Values present are shown beside the points; a column that is absent counts as not checked.

    >>> from assay.rating.model import Model, Term, TermTable
    >>> model = Model("listing", -389, (TermTable(Term("price-gap", "price_gap"), (0.0,), (150, -50)),))
    >>> fall = explain_row(model, {"price_gap": -0.4})
    >>> fall.base_points, [(s.id, s.points) for s in fall.steps], fall.score
    (-389, [('price-gap', 150), ('calibration', 0)], 8.39)
    """
    bare = [_bare_step(model, place, row) for place in range(len(model.terms))]
    bare.sort(key=lambda step: (-abs(step[2]), step[0]))
    total = model.base_points + sum(step[2] for step in bare)
    score_points, low, high = model.score_points([total])
    bare.append((CALIBRATION, _calibration_label(model), int(score_points[0]) - total, None, model.is_calibrated))
    running = np.cumsum([model.base_points, *(step[2] for step in bare)])
    hundredths = [int(each) for each in np.rint(score_of(running) * 100)]
    steps = tuple(
        Step(*step, hundredths[i] / 100, hundredths[i + 1] / 100, hundredths[i + 1] - hundredths[i])
        for i, step in enumerate(bare)
    )
    return Waterfall(
        base_points=model.base_points,
        base_score=hundredths[0] / 100,
        steps=steps,
        score_points=int(score_points[0]),
        score=hundredths[-1] / 100,
        score_low=None if low is None else float(score_of(low)[0]),
        score_high=None if high is None else float(score_of(high)[0]),
        is_calibrated=model.is_calibrated,
    )


def _bare_step(model: Model, place: int, row: Mapping[str, Any]) -> tuple[str, str, int, float | None, bool]:
    table = model.terms[place]
    value = row.get(table.column)
    if value is not None and np.isnan(value):
        value = None
    given = row.get(f"points_{table.column}")
    points = table.points_of(value) if given is None else int(given)
    return (
        table.term.id,
        table.term.label or table.term.id,
        points,
        None if value is None else float(value),
        value is not None,
    )


def _calibration_label(model: Model) -> str:
    return "adjustment to the calibrated scale" if model.is_calibrated else "limit of the scale (not calibrated)"
