"""How often the examiner is wrong, and the share of counterfeits once that is allowed for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import special

from assay.market.errors import CallerError
from assay.measurement.intervals import Floats, Limits, clopper_pearson, mid_p
from assay.measurement.published import Published, figure
from assay.measurement.samples import Bools, final_outcomes

COMBINED = "square-and-add of design and controls"


@dataclass(frozen=True, slots=True)
class Authentication:
    """What blind controls said of the examiner: fakes found among known fakes, genuine passed among known genuine."""

    n_fakes_found: int
    n_fakes: int
    n_genuine_passed: int
    n_genuine: int

    def __post_init__(self) -> None:
        for found, known, what in (
            (self.n_fakes_found, self.n_fakes, "fakes found"),
            (self.n_genuine_passed, self.n_genuine, "genuine goods passed"),
        ):
            if not 0 <= found <= known or known < 1:
                raise CallerError(
                    f"{found} {what} of {known} controls is impossible; at least one control of each kind is needed.",
                    value=found,
                    allowed=f"0 to {known}",
                )

    @property
    def sensitivity(self) -> float:
        """Share of known fakes found counterfeit."""
        return self.n_fakes_found / self.n_fakes

    @property
    def specificity(self) -> float:
        """Share of known genuine goods found genuine."""
        return self.n_genuine_passed / self.n_genuine

    def sensitivity_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Clopper-Pearson."""
        return _pair(clopper_pearson(self.n_fakes_found, self.n_fakes, confidence=confidence))

    def specificity_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Clopper-Pearson."""
        return _pair(clopper_pearson(self.n_genuine_passed, self.n_genuine, confidence=confidence))

    @classmethod
    def from_controls(cls, units: pa.Table) -> Authentication | None:
        """From the rows of pot "control" (`known` = the truth, `outcome` and `second_outcome` as for any unit).

        The same rule decides controls and buys: counterfeit when both examinations say so. Controls without a result
        are left out. None where controls of either kind are missing.
        """
        if "known" not in units.column_names:
            return None
        controls = units.filter(pc.equal(units["pot"], "control"))
        positive, conclusive, _ = final_outcomes(controls)
        known = np.array(controls["known"].to_pylist(), dtype=object)
        fake, genuine = conclusive & (known == "counterfeit"), conclusive & (known == "genuine")
        if not fake.any() or not genuine.any():
            return None
        return cls(int((positive & fake).sum()), int(fake.sum()), int((~positive & genuine).sum()), int(genuine.sum()))


@dataclass(frozen=True, slots=True)
class Corrected:
    """The share once the authenticator's errors are allowed for, with its interval."""

    share: float
    low: float
    high: float
    method: str
    authentication: Authentication


def correct(result: Published, model: Authentication, confidence: float) -> Corrected:
    """The published share and interval once the authenticator's errors are allowed for."""
    se, sp = model.sensitivity, model.specificity
    if se + sp <= 1.0:
        return Corrected(result.share, 0.0, 1.0, "the examiner does not tell fakes from genuine goods", model)
    apparent = (np.array([result.share]), np.array([result.low]), np.array([result.high]))
    low, high = corrected_limits(apparent, model, confidence=confidence)
    share = min(max((result.share + sp - 1.0) / (se + sp - 1.0), 0.0), 1.0)
    return Corrected(
        figure(share), figure(min(float(low[0]), share)), figure(max(float(high[0]), share)), COMBINED, model
    )


def corrected_limits(
    apparent: tuple[Floats, Floats, Floats], model: Authentication, *, confidence: float = 0.95
) -> Limits:
    """(low, high) of the true share t from the apparent (share, low, high) and the controls.

    The apparent share is t Se + (1 - t) (1 - Sp) (Rogan and Gladen 1978). A t is kept while apparent - t Se -
    (1 - t) (1 - Sp) is within the square-and-add limits of its three parts, which keep their own, uneven distances
    (MOVER: Zou and Donner 2008; for a ratio as Fieller 1954): the design's published interval, and mid-p intervals of
    the two controls. `n_...` of the model may be arrays. A sample with fewer positives than false alarms alone would
    give is luck: its upper limit is that of a sample with just as many.
    """
    p, low, high = apparent
    se, sp = np.asarray(model.sensitivity), np.asarray(model.specificity)
    se_low, se_high = mid_p(model.n_fakes_found, model.n_fakes, confidence=confidence)
    sp_low, sp_high = mid_p(model.n_genuine_passed, model.n_genuine, confidence=confidence)
    middle = np.clip((p + sp - 1.0) / np.maximum(se + sp - 1.0, 1e-9), 0.0, 1.0)
    base = np.clip(p, 1.0 - sp, np.maximum(se, 1.0 - sp))

    def gap(t: Floats) -> Floats:
        return np.asarray(base - t * se - (1.0 - t) * (1.0 - sp))

    def too_small(t: Floats) -> Bools:
        parts = (p - low, t * (se_high - se), (1.0 - t) * (sp - sp_low))
        return np.asarray(gap(t) > np.sqrt(sum(part**2 for part in parts)))

    def too_large(t: Floats) -> Bools:
        parts = (high - p, t * (se - se_low), (1.0 - t) * (sp_high - sp))
        return np.asarray(-gap(t) > np.sqrt(sum(part**2 for part in parts)))

    return _outwards(too_small, middle, 0.0), _outwards(too_large, middle, 1.0)


def _outwards(refused: Callable[[Floats], Bools], middle: Floats, end: float) -> Floats:
    """How far from `middle` towards `end` shares are not refused."""
    inside, outside = np.array(middle), np.full_like(middle, end)
    free = ~refused(outside)
    for _ in range(60):
        halfway = (inside + outside) / 2.0
        out = refused(halfway)
        inside, outside = np.where(out, inside, halfway), np.where(out, halfway, outside)
    return np.where(free, end, outside)


def lang_reiczigel(
    share: npt.ArrayLike, n: npt.ArrayLike, model: Authentication, *, confidence: float = 0.95
) -> Limits:
    """The interval of Lang and Reiczigel (2014) for a share found by an imperfect examiner.

    `share` of `n` (effective) buys found counterfeit. Agresti-Coull like additions to the sample and to both controls,
    and a shift towards the middle where the examiner's own rates are uncertain.
    """
    z = float(special.ndtri(1.0 - (1.0 - confidence) / 2.0))
    trials = np.asarray(n, dtype=np.float64) + z**2
    p = (np.asarray(n, dtype=np.float64) * np.asarray(share, dtype=np.float64) + z**2 / 2.0) / trials
    n_se, n_sp = model.n_fakes + 2.0, model.n_genuine + 2.0
    se, sp = (model.n_fakes_found + 1.0) / n_se, (model.n_genuine_passed + 1.0) / n_sp
    youden = se + sp - 1.0
    true = (p + sp - 1.0) / youden
    se_part, sp_part = se * (1.0 - se) / n_se, sp * (1.0 - sp) / n_sp
    shift = 2.0 * z**2 * (true * se_part - (1.0 - true) * sp_part)
    half = z * np.sqrt(p * (1.0 - p) / trials + true**2 * se_part + (1.0 - true) ** 2 * sp_part) / youden
    return np.clip(true + shift - half, 0.0, 1.0), np.clip(true + shift + half, 0.0, 1.0)


def _pair(limits: Limits) -> tuple[float, float]:
    return float(limits[0]), float(limits[1])
