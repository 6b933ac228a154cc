"""Whether the share of counterfeits changed between two periods."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
from scipy import special

from assay.measurement.estimation import Estimand, Estimate, prevalence
from assay.measurement.looks import live_interval, looks
from assay.measurement.power import Claim, buys_needed, claim, power

__all__ = ["Change", "Claim", "Trend", "buys_needed", "change", "claim", "live_interval", "looks", "power"]


class Trend(StrEnum):
    """What may be said of two periods."""

    ROSE = "rose"
    FELL = "fell"
    NO_CLAIM = "no claim"


@dataclass(frozen=True, slots=True)
class Change:
    """After over before: `ratio` (None where nothing was found before), interval, two-sided p and what may be said."""

    estimand: Estimand
    confidence: float
    before: Estimate
    after: Estimate
    ratio: float | None
    low: float
    high: float
    p: float
    trend: Trend


def change(
    before: tuple[pa.Table, pa.Table],
    after: tuple[pa.Table, pa.Table],
    estimand: Estimand | str = Estimand.LISTINGS,
    *,
    confidence: float = 0.95,
) -> Change:
    """The change from the (units, strata) `before` to those `after`, two independent samples."""
    first, second = (prevalence(*each, estimand, confidence=confidence) for each in (before, after))
    ratio = second.share / first.share if first.share > 0 else None
    z = float(special.ndtri(1.0 - (1.0 - confidence) / 2.0))
    if not ratio:
        low, high, p = 0.0, float("inf"), 1.0
    else:
        spread = np.sqrt(
            1.0 / max(first.effective_n * first.share, 1e-9) + 1.0 / max(second.effective_n * second.share, 1e-9)
        )
        low, high = ratio * np.exp(-z * spread), ratio * np.exp(z * spread)
        p = float(2.0 * special.ndtr(-abs(np.log(ratio)) / spread))
    trend = Trend.FELL if high < 1 else Trend.ROSE if low > 1 else Trend.NO_CLAIM
    return Change(first.estimand, confidence, first, second, ratio, float(low), float(high), p, trend)
