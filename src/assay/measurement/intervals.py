"""Intervals for a share that is small: each says when it holds.

All functions take numbers or arrays of one shape and return (low, high) of that shape, shares from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import special

from assay.market.errors import CallerError

Floats = npt.NDArray[np.float64]
Limits = tuple[Floats, Floats]

# 100 halvings of an interval of length 1 end below the spacing of floats.
_HALVINGS = 100


def clopper_pearson(positives: npt.ArrayLike, n: npt.ArrayLike, *, confidence: float = 0.95) -> Limits:
    """The exact binomial interval (Clopper and Pearson 1934): holds for every share and n, by being too wide.

    `positives` of `n` equal-probability draws; both may be fractions (effective counts). n = 0 gives (0, 1).

    >>> low, high = clopper_pearson(0, 300)
    >>> round(float(high), 4)
    0.0122
    """
    x, trials = np.broadcast_arrays(np.asarray(positives, dtype=np.float64), np.asarray(n, dtype=np.float64))
    tail = (1.0 - _checked(confidence)) / 2.0
    with np.errstate(invalid="ignore"):
        low = np.where(x > 0, special.betaincinv(np.maximum(x, 1e-300), trials - x + 1.0, tail), 0.0)
        rest = trials - x
        high = np.where(rest > 0, special.betaincinv(x + 1.0, np.maximum(rest, 1e-300), 1.0 - tail), 1.0)
    return low, high


def mid_p(positives: npt.ArrayLike, n: npt.ArrayLike, *, confidence: float = 0.95) -> Limits:
    """The mid-p binomial interval (Lancaster 1961; Berry and Armitage 1995): near its confidence, not always above.

    >>> low, high = mid_p(200, 200)
    >>> round(float(low), 4), float(high)
    (0.9851, 1.0)
    """
    x, trials = np.broadcast_arrays(np.asarray(positives, dtype=np.float64), np.asarray(n, dtype=np.float64))
    tail = (1.0 - _checked(confidence)) / 2.0
    some, all_ = x > 0, x >= trials

    def below(p: Floats) -> Floats:
        """1 minus the mid-p chance of x or fewer: rises with p."""
        more = np.where(all_, 0.0, special.betainc(x + 1.0, np.maximum(trials - x, 1e-300), p))
        this_or_more = np.where(some, special.betainc(np.maximum(x, 1e-300), trials - x + 1.0, p), 1.0)
        return np.asarray((more + this_or_more) / 2.0)

    top = np.ones(x.shape)
    low, high = _root(below, tail, top), _root(below, 1.0 - tail, top)
    return np.where(some, low, 0.0), np.where(all_, 1.0, high)


def korn_graubard(
    share: npt.ArrayLike, variance: npt.ArrayLike, n: npt.ArrayLike, *, confidence: float = 0.95
) -> Limits:
    """Clopper-Pearson on the effective sample size share (1 - share) / variance (Korn and Graubard 1998).

    `n` buys stand in where the variance is 0. Narrow, and not valid for rare events in a design by risk: the variance
    of a sample that met no positive in its heavy strata is too small. Internal; never published.
    """
    p, v, trials = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (share, variance, n)))
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(v > 0, p * (1.0 - p) / np.where(v > 0, v, 1.0), trials)
    return clopper_pearson(p * effective, effective, confidence=confidence)


def gamma_mid_p(
    share: npt.ArrayLike, variance: npt.ArrayLike, largest_weight: npt.ArrayLike, *, confidence: float = 0.95
) -> Limits:
    """The gamma interval of a weighted count, mid-p (Fay and Feuer 1997; Fay and Kim 2017).

    `share` = sum of w over the positives, `variance` = sum of w^2 over them, `largest_weight` = the largest w that any
    drawn unit could have had: the upper limit allows for one more positive of that weight. The lower limit is
    a quantile of the even mixture of Gamma(share^2 / variance) and the one with that positive; so is the upper:
    that is the mid-p correction. No positives give (0, -log(1 - confidence) x largest_weight).

    >>> low, high = gamma_mid_p(0.0, 0.0, 0.001)
    >>> float(low), round(float(high), 6)
    (0.0, 0.002996)
    """
    y, v, w = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (share, variance, largest_weight)))
    tail = (1.0 - _checked(confidence)) / 2.0
    some = v > 0
    shape, scale = np.where(some, y**2 / np.where(some, v, 1.0), 0.0), np.where(some, v / np.where(some, y, 1.0), 1.0)
    wide = np.where(w > 0, w, 1.0)
    more_shape, more_scale = (y + wide) ** 2 / (v + wide**2), (v + wide**2) / (y + wide)

    def below(x: Floats) -> Floats:
        lower = np.where(some, special.gammainc(np.where(some, shape, 1.0), x / scale), 1.0)
        return np.asarray((lower + special.gammainc(more_shape, x / more_scale)) / 2.0)

    top = special.gammaincinv(more_shape, 1.0 - tail / 4.0) * more_scale
    low, high = _root(below, tail, top), _root(below, 1.0 - tail, top)
    return np.where(some, low, 0.0), np.where(w > 0, high, y)


def _root(below: Callable[[Floats], Floats], level: float, top: Floats) -> Floats:
    """Where the rising function `below` passes `level`, between 0 and `top`."""
    under, over = np.zeros_like(top), np.array(top)
    for _ in range(_HALVINGS):
        middle = (under + over) / 2.0
        short = below(middle) < level
        under, over = np.where(short, middle, under), np.where(short, over, middle)
    return over


def _checked(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise CallerError(
            f"A confidence is {confidence}; it lies between 0 and 1, such as 0.95.", value=confidence, allowed="0 to 1"
        )
    return confidence
