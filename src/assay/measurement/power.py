"""What a number of buys can show, said before they are bought."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from assay.market.errors import CallerError

# A claim is planned only where it would be seen four times out of five, the usual convention (Cohen 1988).
LEAST_POWER = 0.8


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether `n_buys` a period support the claim of a change by `ratio`, and how many would."""

    rate: float
    ratio: float
    n_buys: int
    power: float
    supported: bool
    buys_needed: int


def power(rate: float, ratio: float, n_buys: int, design_effect: float = 1.0, *, alpha: float = 0.05) -> float:
    """The chance that a change from `rate` to `rate` x `ratio` is seen with `n_buys` in each period.

    Two-sided. With m = n rate / design_effect expected positives before and m x ratio after, the distance in standard
    errors is the mean of those of the log-ratio, |log r| / sqrt(1 / m + 1 / (m r)), and of the square roots,
    sqrt(2) |sqrt(m) - sqrt(m r)| (Bartlett 1936): the first is a little short of what the test of `change` sees, the
    second a little over. `design_effect` is the variance of the design over that of uniform sampling (1 / 2 where half
    as many buys do). Too hopeful where fewer than about ten positives are expected.

    >>> round(power(0.01, 0.5, 2000, 0.4), 2)
    0.82
    """
    _check(rate, ratio, design_effect)
    z = _slope(ratio) * math.sqrt(n_buys * rate / design_effect)
    return float(special.ndtr(z - special.ndtri(1.0 - alpha / 2.0)))


def buys_needed(
    rate: float, ratio: float, design_effect: float = 1.0, *, wanted: float = LEAST_POWER, alpha: float = 0.05
) -> int:
    """The fewest buys a period with which a change by `ratio` is seen with power `wanted`."""
    _check(rate, ratio, design_effect)
    z = float(special.ndtri(1.0 - alpha / 2.0) + special.ndtri(wanted))
    return math.ceil(design_effect / rate * (z / _slope(ratio)) ** 2)


def _slope(ratio: float) -> float:
    """Standard errors between the two periods per square root of an expected positive before."""
    return (abs(math.log(ratio)) / math.sqrt(1.0 + 1.0 / ratio) + math.sqrt(2.0) * abs(1.0 - math.sqrt(ratio))) / 2.0


def claim(rate: float, ratio: float, n_buys: int, design_effect: float = 1.0, *, alpha: float = 0.05) -> Claim:
    """Whether the claim of a change by `ratio` can be planned with `n_buys` a period."""
    chance = power(rate, ratio, n_buys, design_effect, alpha=alpha)
    needed = buys_needed(rate, ratio, design_effect, alpha=alpha)
    return Claim(rate, ratio, n_buys, round(chance, 6), chance >= LEAST_POWER, needed)


def _check(rate: float, ratio: float, design_effect: float) -> None:
    if not 0.0 < rate < 1.0:
        raise CallerError(f"A rate is {rate}; it lies between 0 and 1.", value=rate, allowed="0 to 1")
    if not ratio > 0.0 or ratio == 1.0:
        raise CallerError(
            f"A ratio of change is {ratio}; 0.5 means halved, 2 doubled, 1 is no change.", value=ratio, allowed="> 0"
        )
    if not design_effect > 0.0:
        raise CallerError(f"A design effect is {design_effect}; it is above 0.", value=design_effect, allowed="> 0")
