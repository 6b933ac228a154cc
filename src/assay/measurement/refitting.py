"""What to change in a score that has drifted: its level in log-odds, and its slope where the buys support one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.measurement.recalibration import SLOPE, Buys, Examiner, Interval, ScoreCheck, read_buys
from assay.measurement.samples import Estimand, read_sample

Floats = npt.NDArray[np.float64]

# As for setting the level in training (rating/calibration): 20 counterfeits leave it uncertain by a factor of 1.5. Here
# they must also weigh as much as 20: with the weight of 7, 16 of 17 re-fits were worse than none (1,000 buys, true
# share up by half, docs/explanation/recalibration.md), since only what chance exaggerates is seen with so few.
LEAST_VERDICTS = 100
LEAST_COUNTERFEITS = 20
LEAST_EFFECTIVE = 20.0
# A slope is a second parameter that a few heavy units can bend.
LEAST_FOR_SLOPE = 50
# A slope below a fifth would make nearly all goods equal: then the score has failed, and training is due.
_LEAST_SLOPE = 0.2
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Refit:
    """What to do to the log-odds of the score: new = shift + centre + slope (old - centre).

    `shift` and `slope` with their 95 % intervals; the slope is (1, 1, 1) where none was fitted, and `no_slope_because`
    says why. `shift_error` is the standard error of the new log-odds at the centre. With `refused` set nothing should
    be changed, for the reason it gives.
    """

    shift: Interval
    slope: Interval
    centre: float
    shift_error: float
    slope_error: float
    n_buys: int
    n_positive: int
    effective_positive: float
    no_slope_because: str | None
    refused: str | None


def refit_score(units: pa.Table, strata: pa.Table, check: ScoreCheck, *, examiner: Examiner | None = None) -> Refit:
    """The shift, and where supported the slope, that make the score expect what the buys hold.

    Weighted logistic regression of the outcome on the log-odds of the score (Cox 1958), weighted by 1 / inclusion
    probability, through the examiner's errors; standard errors from the sandwich over strata (Binder 1983). Refused
    when no drift was seen, with fewer than 100 verdicts or 20 counterfeits (also by Kish's effective number), and when
    the re-fit would add as much error as it takes away (shift^2 <= 2 x its variance). A slope is fitted from 50
    counterfeits on, and kept where its interval leaves out 1.
    """
    examiner = examiner or Examiner()
    buys = read_buys(read_sample(units, strata, Estimand.LISTINGS))
    effective = _effective(buys)
    spread = buys.weight * buys.chance * (1.0 - buys.chance)
    centre = float((spread * buys.log_odds).sum() / spread.sum())
    level = _fit(buys, examiner, centre, with_slope=False)
    slope, why = None, _no_slope(int(buys.y.sum()), effective)
    if why is None:
        slope = _fit(buys, examiner, centre, with_slope=True)
        why = _bad_slope(slope)
    fitted = slope if slope is not None and why is None else level
    shift, error = float(fitted[0][0]), float(np.sqrt(fitted[1][0, 0]))
    b, b_error = (float(fitted[0][1]), float(np.sqrt(fitted[1][1, 1]))) if why is None else (1.0, 0.0)
    return Refit(
        shift=Interval(shift, shift - _Z95 * error, shift + _Z95 * error),
        slope=Interval(b, b - _Z95 * b_error, b + _Z95 * b_error),
        centre=centre,
        shift_error=error,
        slope_error=b_error,
        n_buys=len(buys.y),
        n_positive=int(buys.y.sum()),
        effective_positive=effective,
        no_slope_because=why,
        refused=_refusal(check, (shift, error), effective, has_slope=why is None),
    )


def _effective(buys: Buys) -> float:
    """Kish's effective number of counterfeits: 20 of which one weighs like all the others are about 4."""
    w = buys.weight[buys.y > 0]
    return float(w.sum() ** 2 / (w**2).sum()) if len(w) else 0.0


def _no_slope(n_positive: int, effective: float) -> str | None:
    if n_positive < LEAST_FOR_SLOPE or effective < LEAST_EFFECTIVE:
        return (
            f"{n_positive} counterfeits with the weight of {effective:.0f}; a slope needs {LEAST_FOR_SLOPE} with the "
            f"weight of {LEAST_EFFECTIVE:.0f}"
        )
    return None


def _bad_slope(fit: tuple[Floats, Floats]) -> str | None:
    b, error = float(fit[0][1]), float(np.sqrt(fit[1][1, 1]))
    if abs(b - 1.0) <= _Z95 * error:
        return f"the slope {b:.2f} cannot be told from 1"
    if b < _LEAST_SLOPE:
        return f"a slope of {b:.2f} would make nearly all goods equal; train again"
    return None


def _refusal(check: ScoreCheck, level: tuple[float, float], effective: float, *, has_slope: bool) -> str | None:
    shift, error = level
    if not check.drifted:
        return f"no drift was seen (p = {check.p:.2g}), so the score stays as it is"
    if check.n_buys < LEAST_VERDICTS or check.n_positive < LEAST_COUNTERFEITS:
        return (
            f"{check.n_buys} verdicts with {check.n_positive} counterfeit are too few; {LEAST_VERDICTS} with "
            f"{LEAST_COUNTERFEITS} are needed to move the level"
        )
    if check.n_positive and effective < LEAST_EFFECTIVE:
        return (
            f"{check.n_positive} counterfeits have the weight of {effective:.0f}, because most were found where much "
            f"was bought; the weight of {LEAST_EFFECTIVE:.0f} is needed to move the level"
        )
    if not has_slope and all(each.p > check.false_alarm_rate for each in check.statistics if each.name != SLOPE):
        return (
            "the score is off along its scale and not in its level, and these buys do not support a slope: train again"
        )
    if not has_slope and shift**2 <= 2.0 * error**2:
        return (
            f"the level would move by {shift:+.2f} log-odds with a standard error of {error:.2f}: a re-fit would add "
            "as much error as it takes away"
        )
    return None


def _fit(buys: Buys, examiner: Examiner, centre: float, *, with_slope: bool) -> tuple[Floats, Floats]:
    """(parameters (shift, slope), their covariance) by scoring steps; without slope its variance is 0."""
    away = buys.log_odds - centre
    design = np.stack([np.ones_like(away), away], axis=1)[:, : 2 if with_slope else 1]
    weight = buys.weight / buys.weight.mean()
    at = np.array([0.0, 1.0])
    gain = examiner.sensitivity + examiner.specificity - 1.0
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-np.clip(centre + at[0] + at[1] * away, -30.0, 30.0)))
        q = np.clip(examiner.finds(p), 1e-12, 1.0 - 1e-12)
        moves = gain * p * (1.0 - p)
        scores = (weight * (buys.y - q) * moves / (q * (1.0 - q)))[:, None] * design
        information = design.T @ ((weight * moves**2 / (q * (1.0 - q)))[:, None] * design)
        # A weak ridge keeps the step finite where the buys hold one kind only.
        information += 1e-3 * np.eye(design.shape[1])
        step = np.clip(np.linalg.solve(information, scores.sum(axis=0)), -1.0, 1.0)
        at[: len(step)] += step
        if np.abs(step).max() < 1e-9:
            break
    inverse = np.linalg.inv(information)
    covariance = np.zeros((2, 2))
    n = design.shape[1]
    covariance[:n, :n] = inverse @ _spread_of(scores, buys.stratum) @ inverse
    return at, covariance


def _spread_of(scores: Floats, stratum: npt.NDArray[np.int64]) -> Floats:
    """Covariance of the summed scores over a stratified sample."""
    total = np.zeros((scores.shape[1], scores.shape[1]))
    for h in np.unique(stratum):
        part = scores[stratum == h]
        n = len(part)
        if n > 1:
            apart = part - part.mean(axis=0)
            total += n / (n - 1) * apart.T @ apart
        else:
            total += part.T @ part
    return total
