"""Which interval is published: exact where the sample is uniform, restricted mid-p where units weigh differently."""

from __future__ import annotations

from dataclasses import dataclass

from assay.measurement.intervals import clopper_pearson
from assay.measurement.restricted import restricted_limits, trials_of
from assay.measurement.weighing import Weighed

RESTRICTED = "restricted mid-p"
EXACT = "Clopper-Pearson"
WHOLE = "bought whole"
NOTHING = "no result"
# Ten decimals (a tenth of a listing in a thousand million) hide the last bits, in which machines differ.
DECIMALS = 10


@dataclass(frozen=True, slots=True)
class Published:
    """A share with the interval that may be shown, and how it was made."""

    share: float
    low: float
    high: float
    method: str


def published(weighed: Weighed, confidence: float) -> Published:
    """The share of a weighed sample: what was bought whole is known, the drawn part has an interval.

    The interval never contradicts what was seen: it holds no share below the positives at hand.
    """
    if weighed.whole <= 0.0:
        if weighed.known_share > 0.0 or weighed.n_whole:
            return Published(
                figure(weighed.known_share), figure(weighed.known_share), figure(weighed.known_share), WHOLE
            )
        return Published(0.0, 0.0, 1.0, NOTHING)
    if weighed.even:
        limits = clopper_pearson(len(weighed.weights), weighed.n.sum(), confidence=confidence)
        low, high, method = float(limits[0]) * weighed.whole, float(limits[1]) * weighed.whole, EXACT
    else:
        trials, counts = trials_of(weighed)
        lows, highs = restricted_limits(trials, counts, confidence=confidence)
        low, high, method = float(lows[0]), float(highs[0]), RESTRICTED
    share = min(weighed.share, 1.0)
    low = min(max(weighed.known_share + low, weighed.seen_share), share)
    high = max(min(weighed.known_share + high, 1.0), share)
    return Published(figure(share), figure(low), figure(high), method)


def figure(value: float) -> float:
    """A figure as it is published."""
    return round(float(value), DECIMALS)
