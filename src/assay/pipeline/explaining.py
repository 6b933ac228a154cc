"""Why a listing or merchant scored as it did: the waterfall and the discrepancies, both from the frozen run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.market.errors import CallerError
from assay.pipeline.originals import originals
from assay.pipeline.runs import Run, open_run
from assay.rating import Model, Step, Waterfall, explain_row
from assay.signals.families import SIGNALS
from assay.signals.signal import Discrepancy, Signal, discrepancies

# Steps smaller than this move the odds by less than 5 %; shown one by one they hide the ones that matter.
SMALL_STEP_POINTS = 5
SMALL_STEPS = "small-steps"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One subject of a run: its score with every step, what did not fit, and what could not be checked.

    `discrepancies` are the subject's own; `merchant_discrepancies` those of a listing's merchant, empty for a merchant.
    Both stand in order of the points their signals add, most first. `not_checked` are signals that the market can give
    but that were empty for this subject; `not_computed` those that the market cannot give, with the reason. `name` is
    the title or the merchant's name, None when the market is no longer where it was.
    """

    subject_type: str
    subject_id: str
    merchant_id: str
    label: str
    waterfall: Waterfall
    discrepancies: tuple[Discrepancy, ...]
    merchant_discrepancies: tuple[Discrepancy, ...]
    not_checked: tuple[str, ...]
    not_computed: dict[str, str]
    numbers: dict[str, Any]
    name: str | None = None

    def points(self, signal_id: str) -> int | None:
        """Points of a signal's step; None when the model does not weigh it."""
        return next((step.points for step in self.waterfall.steps if step.id == signal_id), None)


def explain(run_folder: Path, subject_id: str) -> Explanation:
    """Explains a listing or a merchant of a run by its id; a listing is looked for first.

    CallerError when the run rated neither.
    """
    run = open_run(run_folder)
    for kind in ("listing", "merchant"):
        if (scores := run.row(f"scores_{kind}s", f"{kind}_id", subject_id)) is not None:
            values = run.measured_rows(kind, [subject_id]).get(subject_id, {})
            return replace(explained(run, kind, values, scores), name=originals(run).name(kind, subject_id))
    raise CallerError(
        f"Run {run_folder} rated no listing and no merchant {subject_id!r}; `assay report` lists the top ones.",
        where={"run": str(run_folder)},
        value=subject_id,
    )


def explained(run: Run, kind: str, values: dict[str, Any], scores: dict[str, Any]) -> Explanation:
    """The explanation of one row of a run's tables."""
    return explanation(run.model(kind), run.about, kind, values, scores)


def explanation(
    model: Model, about: Mapping[str, Any], kind: str, values: dict[str, Any], scores: dict[str, Any]
) -> Explanation:
    """The explanation of one subject by a model: `about` is the run's, `values` its signals with their facts.

    `scores` holds the ids and, for a rated row, its points; where it has none they are looked up from the values.
    """
    signals = computed_signals(about, kind)
    fall = explain_row(model, {**values, **scores})
    about_goods = tuple(s for s in signals if s.subject == kind)
    about_merchant = tuple(s for s in signals if s.subject != kind)
    return Explanation(
        subject_type=kind,
        subject_id=str(scores[f"{kind}_id"]),
        merchant_id=str(scores["merchant_id"]),
        label=str(about["model"]["label"]),
        waterfall=fall,
        discrepancies=_weightiest_first(fall, discrepancies(values, about_goods)),
        merchant_discrepancies=_weightiest_first(fall, discrepancies(values, about_merchant)),
        not_checked=tuple(s.id for s in signals if values.get(s.column) is None),
        not_computed=dict(about["not_computed"]),
        numbers={k: v for k, v in scores.items() if k in ("worst_listing_score", "share_at_risk", "n_listings")},
    )


def _weightiest_first(fall: Waterfall, found: list[Discrepancy]) -> tuple[Discrepancy, ...]:
    points = {step.id: step.points for step in fall.steps}
    return tuple(sorted(found, key=lambda each: -points.get(each.signal, 0)))


def run_signals(run: Run, kind: str) -> tuple[Signal, ...]:
    """The signals computed in a run that bear on a kind of subject: a listing is also seen through its merchant's."""
    return computed_signals(run.about, kind)


def computed_signals(about: Mapping[str, Any], kind: str) -> tuple[Signal, ...]:
    """The same from the content of run.json."""
    computed = frozenset(about["computed"])
    return tuple(s for s in SIGNALS if s.id in computed and (kind == "listing" or s.subject == kind))


def folded(fall: Waterfall, least_points: int = SMALL_STEP_POINTS) -> tuple[tuple[Step, ...], int]:
    """The steps with those below `least_points` as one step `small-steps`, and how many that one stands for.

    It begins where the step before it ends and ends where the next begins, so the steps still add up exactly. Steps of
    0 points are left out and not counted; fewer than two small steps are not folded.
    """
    moving = [step for step in fall.steps if step.points]
    small = [step for step in moving if abs(step.points) < least_points and step.id != "calibration"]
    if len(small) < 2:
        return tuple(moving), 0
    first, last = small[0], small[-1]
    together = Step(
        id=SMALL_STEPS,
        label=SMALL_STEPS,
        points=sum(step.points for step in small),
        value=None,
        checked=True,
        score_before=first.score_before,
        score_after=last.score_after,
        score_change_hundredths=sum(step.score_change_hundredths for step in small),
    )
    place = moving.index(first)
    return (*moving[:place], together, *(step for step in moving[place:] if step not in small)), len(small)
