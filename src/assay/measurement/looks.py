"""How often one may look: shares of alpha for looks named in advance, and an interval for looking at any time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from assay.market.errors import CallerError
from assay.measurement.estimation import Estimand
from assay.measurement.intervals import betting


def looks(n: int, alpha: float = 0.05) -> tuple[float, ...]:
    """The alpha of each of `n` pre-registered looks; they add up to `alpha`.

    Equal parts: by Bonferroni's inequality the chance that any of the intervals misses is at most `alpha`, whatever the
    correlation between looks.
    """
    if n < 1:
        raise CallerError(f"{n} looks were asked for; at least 1 is needed.", value=n, allowed="1 or more")
    return tuple(float(a) for a in np.full(n, alpha / n))


def live_interval(
    units: pa.Table, strata: pa.Table, estimand: Estimand | str = Estimand.LISTINGS, *, confidence: float = 0.95
) -> tuple[float, float]:
    """The always-valid interval of the live view, from the buys that have a result so far."""
    from assay.measurement.samples import read_sample
    from assay.measurement.weighing import weigh

    sample = read_sample(units, strata, estimand)
    weighed = weigh(sample, sample.positive, sample.conclusive)
    n = int(weighed.n.sum())
    low, high = betting(weighed.weights * n, n, weighed.largest_weight * n, confidence=confidence)
    return round(weighed.known_share + low, 12), round(min(1.0, weighed.known_share + high), 12)
