"""How often one may look: shares of alpha for looks named in advance, and an interval for looking at any time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy import special

from assay.market.errors import CallerError
from assay.measurement.published import figure
from assay.measurement.restricted import Trials, likelihood_limits, stratified
from assay.measurement.samples import Estimand, Floats, Sample, read_sample
from assay.measurement.weighing import Weighed, weigh

# The mixture's weight in positives per stratum: half a positive is Jeffreys' choice (1946) for a share.
_PRIOR_POSITIVES = 0.5
# Multiples of the expected rates, a hundredth to a hundredfold in steps of 12 %, and how much of the score's slant is
# believed: all, half, a tenth. A finer grid moves a limit by less than 1 %.
_MULTIPLES = np.geomspace(0.01, 100.0, 81)
_SLANTS = (1.0, 0.5, 0.1)
# A stratum without an expected rate is bet on around 1 %, the middle of the rates this is built for.
_USUAL_RATE = 0.01


def looks(n: int, alpha: float = 0.05) -> tuple[float, ...]:
    """The alpha of each of `n` pre-registered looks; they add up to `alpha`.

    Equal parts (Bonferroni): the chance that any of the intervals misses is at most `alpha`, whatever the correlation
    between looks. CallerError for fewer than one look or an alpha outside 0 to 1.

    >>> looks(4)
    (0.0125, 0.0125, 0.0125, 0.0125)
    """
    if n < 1:
        raise CallerError(f"{n} looks were asked for; at least 1 is needed.", value=n, allowed="1 or more")
    if not 0.0 < alpha < 1.0:
        raise CallerError(f"An alpha is {alpha}; it lies between 0 and 1.", value=alpha, allowed="0 to 1")
    return (alpha / n,) * n


def live_interval(
    units: pa.Table, strata: pa.Table, estimand: Estimand | str = Estimand.LISTINGS, *, confidence: float = 0.95
) -> tuple[float, float]:
    """(low, high) of the live view, from the buys that have a result so far: holds at all looks at once.

    Valid while which results are in says nothing about what they are (see `live_limits`). Wider than the published
    interval at the same number of buys: the price of looking at any time.
    """
    sample = read_sample(units, strata, estimand)
    weighed = weigh(sample, sample.positive, sample.conclusive)
    if weighed.whole <= 0.0:
        return (0.0, 1.0) if not weighed.n_whole else (figure(weighed.known_share),) * 2
    trials, counts, rates = _live(sample, weighed)
    low, high = live_limits(trials, counts, rates, confidence=confidence)
    return figure(weighed.known_share + float(low[0])), figure(min(1.0, weighed.known_share + float(high[0])))


def live_limits(trials: Trials, counts: Floats, rates: Floats, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """The always-valid (low, high) of every row of `counts`: one kind of positive per stratum, fractions allowed.

    For rates p, the likelihood mixed over other rates divided by the likelihood at p is a martingale with mean 1
    (Robbins 1970), in whatever order the strata's buys come in; a share is kept while the *smallest* such ratio over
    all rates that add up to it (that of the restricted maximum likelihood) is below 1 / alpha (Ville 1939; for strata:
    Spertus and Stark 2022). `rates` are the expected rates that the mixture is centred on: good ones make it narrower,
    none make it wrong.

    Where sizes differ, a positive counts as size / largest size of its stratum: by the inequality of arithmetic and
    geometric means the ratio is then at most one with mean 1.
    """
    x = np.asarray(counts, dtype=np.float64)
    expected = np.clip(np.nan_to_num(rates, nan=_USUAL_RATE), 1e-6, 0.5)
    mixed = np.logaddexp(_apart(trials, x, expected), _together(trials, x, expected)) - np.log(2.0)
    return likelihood_limits(trials, x, mixed + np.log(1.0 - confidence))


def _apart(trials: Trials, x: Floats, expected: Floats) -> Floats:
    """Log of the likelihood mixed over every stratum's rate for itself: finds fakes where the score does not."""
    a, b = _PRIOR_POSITIVES, _PRIOR_POSITIVES / expected
    return np.asarray((special.betaln(a + x, b + trials.n - x) - special.betaln(a, b)).sum(axis=1))


def _together(trials: Trials, x: Floats, expected: Floats) -> Floats:
    """Log of the likelihood mixed over multiples of the expected rates, the same for all strata, and over slants."""
    middle = expected.mean()
    parts = []
    for slant in _SLANTS:
        rate = np.clip(slant * expected + (1.0 - slant) * middle, 1e-7, 1.0)
        rates = np.minimum(_MULTIPLES[:, None] * rate, 0.999)
        parts.append(x @ np.log(rates).T + np.maximum(trials.n - x, 0.0) @ np.log1p(-rates).T)
    all_parts = np.concatenate(parts, axis=1)
    return np.asarray(special.logsumexp(all_parts, axis=1) - np.log(all_parts.shape[1]))


def _live(sample: Sample, weighed: Weighed) -> tuple[Trials, Floats, Floats]:
    used = np.flatnonzero((weighed.n > 0) & (weighed.largest > 0))
    trials = stratified(weighed.largest[used], weighed.n[used], weighed.fraction[used])
    found = np.bincount(weighed.strata, weighed.weights, minlength=len(weighed.n))[used]
    rate = sample.expected_rate[used]
    middle = np.average(np.nan_to_num(rate, nan=_USUAL_RATE), weights=sample.n_units[used])
    return trials, (found / weighed.largest[used])[None, :], 0.6 * rate + 0.4 * middle
