"""Checks the score by a period's test buys and, where it has drifted, writes a model folder whose level is right."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.engine import whole_folder
from assay.market.errors import CallerError
from assay.measurement.authentication import Authentication
from assay.measurement.recalibration import CheckSettings, Examiner, ScoreCheck, check_score
from assay.measurement.refitting import Refit, refit_score
from assay.pipeline.custody import TestBuys, open_test_buys
from assay.pipeline.runs import Run, open_run
from assay.rating import CalibrationTable, Model, card_markdown, model_hash, save_model
from assay.rating.model import MOST_SCORE_POINTS, POINTS_PER_LOG_ODDS

# Knots for a score that had no calibration: every half of a log-odds, so that straight lines follow the limits.
_KNOT_POINTS = 50
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Recalibration:
    """What the buys say of the score, what was fitted, and where the new models are (None: nothing was written)."""

    check: ScoreCheck
    refit: Refit
    examiner: Examiner
    n_controls: int
    folder: Path | None

    @property
    def said(self) -> str:
        """What was done, in a sentence."""
        if self.folder is None and self.refit.refused:
            return f"Nothing was changed: {self.refit.refused}."
        shift, slope = self.refit.shift, self.refit.slope
        level = f"its level moves by {shift.share:+.2f} log-odds ({shift.low:+.2f} to {shift.high:+.2f})"
        along = f" and its slope is {slope.share:.2f} ({slope.low:.2f} to {slope.high:.2f})" if self._has_slope else ""
        why = f"; no slope was fitted ({self.refit.no_slope_because})" if self.refit.no_slope_because else ""
        verb = "The score was fitted again" if self.folder else "The score could be fitted again"
        return f"{verb}: {level}{along}{why}."

    @property
    def _has_slope(self) -> bool:
        return self.refit.no_slope_because is None


def recalibrate(
    test_buys: Path, run_folder: Path, to: Path | None = None, *, settings: CheckSettings | None = None, seed: int = 1
) -> Recalibration:
    """Checks the score that a period's buys were planned with; with `to`, writes the re-fitted models there.

    The models are those of the run that the plan was made from; the listing model gets a new calibration, the merchant
    model is kept. Nothing is written when the re-fit is refused (`refit.refused` says why). CallerError when the run
    was rated by another model than the buys were planned with, or `to` exists.
    """
    buys, run = open_test_buys(test_buys), open_run(run_folder)
    _need_same_model(buys, run)
    if to is not None and to.exists():
        raise CallerError(f"{to} exists; name a new model folder.", where={"path": str(to)}, value=str(to))
    units, strata = buys.units(), buys.strata()
    controls = Authentication.from_controls(units)
    examiner = Examiner(controls.sensitivity, controls.specificity) if controls else Examiner()
    check = check_score(units, strata, examiner=examiner, settings=settings, rng=np.random.default_rng(seed))
    refit = refit_score(units, strata, check, examiner=examiner)
    n_controls = controls.n_fakes + controls.n_genuine if controls else 0
    found = Recalibration(check, refit, examiner, n_controls, None)
    if to is None or refit.refused:
        return found
    with whole_folder(to) as folder:
        _write(folder, run, buys, found)
    return replace(found, folder=to)


def _need_same_model(buys: TestBuys, run: Run) -> None:
    planned, rated = buys.plan.circumstances.model, str(run.about["model"]["listing"])
    if planned != rated:
        raise CallerError(
            f"The buys in {buys.folder} were planned with model {planned[:12]}, the run {run.folder} was rated by "
            f"{rated[:12]}; name the run that the plan was made from.",
            where={"path": str(run.folder)},
            value=rated,
            allowed=planned,
        )


def refitted(model: Model, refit: Refit, source: str) -> Model:
    """The model with its calibration moved: points' = 100 (shift + centre + slope (log-odds - centre)).

    The interval is the old one moved in the same way, widened by the error of the re-fit (in quadrature). A scorecard,
    which had no calibration, gets its first one. `source` names the buys, for `rests_on`.
    """
    old = model.calibration or _uncalibrated()
    before = np.asarray(old.points, dtype=np.float64)
    moved = _moved(before, refit)
    error = (
        _Z95
        * POINTS_PER_LOG_ODDS
        * np.hypot(refit.shift_error, refit.slope_error * (before / POINTS_PER_LOG_ODDS - refit.centre))
    )
    below = np.hypot(moved - _moved(np.asarray(old.low, dtype=np.float64), refit), error)
    above = np.hypot(_moved(np.asarray(old.high, dtype=np.float64), refit) - moved, error)
    points = _whole(moved)
    low = np.minimum(np.maximum.accumulate(_whole(moved - below)), points)
    high = np.maximum(np.minimum.accumulate(_whole(moved + above)[::-1])[::-1], points)
    figures: dict[str, Any] = {
        **dict(old.figures),
        "refit_shift_log_odds": refit.shift.share,
        "refit_slope": refit.slope.share,
        "refit_n_buys": refit.n_buys,
        "refit_n_counterfeit": refit.n_positive,
    }
    rests_on = (
        f"level set by {refit.n_buys} test buys of {source} ({refit.n_positive} counterfeit), weighted by "
        f"1 / inclusion probability; before that: {old.rests_on or 'an expert scorecard, not calibrated'}"
    )
    line, lower, upper = (tuple(int(each) for each in values) for values in (points, low, high))
    table = CalibrationTable(old.totals, line, lower, upper, rests_on, figures)
    return replace(model, calibration=table, card=_card(model, rests_on))


def _card(model: Model, rests_on: str) -> dict[str, Any]:
    """The card without the figures of the old level: some of them, such as precision at 80, hold no longer."""
    card = dict(model.card)
    limit = (
        f"Its level was moved by test buys after it was measured; the figures in the card of model "
        f"{model_hash(model)[:12]} still hold for the order of the goods, not for the level."
    )
    return card | {
        "label": f"{card.get('label', 'no label')}; level moved by test buys",
        "calibration_rests_on": rests_on,
        "figures": None,
        "limits": [*card.get("limits", ()), limit],
    }


def _uncalibrated() -> CalibrationTable:
    totals = tuple(dict.fromkeys([*range(-MOST_SCORE_POINTS, MOST_SCORE_POINTS, _KNOT_POINTS), MOST_SCORE_POINTS]))
    return CalibrationTable(totals, totals, totals, totals)


def _moved(points: npt.NDArray[np.float64], refit: Refit) -> npt.NDArray[np.float64]:
    away = points / POINTS_PER_LOG_ODDS - refit.centre
    return POINTS_PER_LOG_ODDS * (refit.shift.share + refit.centre + refit.slope.share * away)


def _whole(points: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.asarray(np.clip(np.rint(points), -MOST_SCORE_POINTS, MOST_SCORE_POINTS), dtype=np.int64)


def _write(folder: Path, run: Run, buys: TestBuys, found: Recalibration) -> None:
    source = f"the plan {buys.seal.sha256[:12]}"
    listing = refitted(run.model("listing"), found.refit, source)
    for kind, model in (("listing", listing), ("merchant", run.model("merchant"))):
        save_model(model, folder / f"{kind}.json")
        (folder / f"card-{kind}.md").write_text(card_markdown(model), encoding="utf-8")
    about = {
        "plan_sha256": buys.seal.sha256,
        "model_before": model_hash(run.model("listing")),
        "model_after": model_hash(listing),
        "examiner": asdict(found.examiner),
        "n_controls": found.n_controls,
        "check": asdict(found.check),
        "refit": asdict(found.refit),
    }
    (folder / "recalibration.json").write_text(json.dumps(about, indent=1, sort_keys=True), encoding="utf-8")
