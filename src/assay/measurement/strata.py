"""Strata for test buys, and how many buys each stratum gets.

Strata are cut where the cumulated standard deviation is even: Ekman's and Dalenius' rule (Dalenius and Hodges 1959;
Cochran 1977, section 5A.7) for a yes-or-no outcome, whose standard deviation at chance f is near sqrt(f) when f is
small. The chance is first pulled to its mean, (1 - eta) f + eta mean(f), so that goods which the score takes for
genuine keep a share of the buys that does not rest on the score. Buys are allocated after Neyman (1934) on the same
adjusted spread.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from assay.market.errors import CallerError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# The share of the variance that does not rest on the score. At 0.2 more fakes are found, and the interval of Korn and
# Graubard falls to 90 % coverage; at 0.4 the published intervals hold (benchmarks/coverage).
DEFENSIVE_SHARE = 0.4
# Fewer than 30 buys leave a stratum's own share known to worse than +-18 points; the total then hangs on its luck.
LEAST_BUYS = 30
# Sizes are cut where a unit holds this many buys' worth of all sales: n x its share. Above 1 a unit weighs more than a
# buy can stand for; below, steps of about four keep the largest unit of a class near its mean. Measured on 100,000
# goods with log-normal sales and 750 buys: the interval of orders is 5 times the share wide, with two halves by sales
# 179 times (benchmarks/strata); finer steps take buys from the share of listings.
_SIZE_STEPS = (0.02, 0.08, 0.3, 1.0)
_FEW_SIZE_STEPS = (0.05, 1.0)
_LEAST_FOR_ALL_STEPS, _LEAST_FOR_STEPS = 6, 4
# No unit may weigh more than four buys' worth of all sales: the interval allows for one more positive of that weight.
# At 2 these floors alone would use up the buys; at 8 the interval of orders is a fifth wider.
_MOST_WEIGHT = 4.0
# 200 halvings find the multiplier to the last bit of a float.
_HALVINGS = 200


def stratify(
    chance: npt.ArrayLike,
    size: npt.ArrayLike,
    n_strata: int,
    *,
    n_buys: int = 1_000,
    eta: float = DEFENSIVE_SHARE,
) -> Ints:
    """The stratum of every unit, 0 to at most `n_strata` - 1.

    `chance` is the calibrated chance of a counterfeit (0 to 1), `size` the sales of the unit (orders or money, 0 or
    more; all the same where only listings count), `eta` the defensive share. First come the goods of small sales, cut
    into levels of rising chance at even cumulated spread (`unit_spread`), then one stratum for each class of larger
    sales, by how many of `n_buys` a unit's share of all sales is worth: otherwise one unit of large sales could carry
    the weight of a stratum of small ones. Units of equal chance and size share a stratum, so ties can leave fewer
    strata than asked; the order of units plays no part.
    CallerError for an empty frame, chances outside 0 to 1, negative sizes or fewer than one stratum.

    >>> stratify([0.01, 0.01, 0.02, 0.02, 0.9, 0.9], [1, 1, 1, 1, 1, 1], 2).tolist()
    [0, 0, 0, 0, 1, 1]
    """
    f, x = _checked(chance, size, n_strata)
    classes = _size_classes(x, n_strata, n_buys)
    small = classes == classes.min()
    n_levels = max(n_strata - (len(np.unique(classes)) - 1), 1)
    spread = unit_spread(f, x, eta=eta)
    stratum = n_levels + classes
    stratum[small] = _levels(f[small], spread[small], n_levels)
    return _compact(stratum)


def weight_floors(size: Floats, stratum: Ints, n_buys: int) -> Ints:
    """The fewest buys of each stratum with which no unit weighs more than four buys' worth of all sales, census capped.

    A unit weighs N_h / n_h x its share of the total; `size` and `stratum` have one entry per unit of the frame.
    """
    n_units = np.bincount(stratum)
    if not size.sum() > 0:
        return np.zeros(len(n_units), dtype=np.int64)
    largest = np.zeros(len(n_units))
    np.maximum.at(largest, stratum, size / size.sum())
    return np.minimum(np.ceil(n_units * largest * n_buys / _MOST_WEIGHT), n_units).astype(np.int64)


def unit_spread(chance: Floats, size: Floats, *, eta: float = DEFENSIVE_SHARE) -> Floats:
    """What one unit adds to the standard deviation of the shares of listings and of sales, relative to their totals.

    sqrt(a (1 - a) (1 + (x / mean x)^2) / 2) with a = (1 - eta) f + eta mean(f): the mean of the two
    estimands' variances.
    """
    adjusted = (1.0 - eta) * chance + eta * chance.mean()
    relative = size / size.mean() if size.sum() > 0 else np.ones_like(size)
    return np.asarray(np.sqrt(adjusted * (1.0 - adjusted) * (1.0 + relative**2) / 2.0))


def allocate(
    n_units: npt.ArrayLike,
    spread: npt.ArrayLike,
    n_buys: int,
    *,
    eta: float = DEFENSIVE_SHARE,
    floor: npt.ArrayLike = LEAST_BUYS,
) -> Ints:
    """How many of `n_buys` each stratum gets: Neyman's n_h ~ N_h S_h with a defensive share, floors and census caps.

    `n_units` is N_h, `spread` the standard deviation S_h of the outcome within the stratum (sqrt(f (1 - f)) for the
    share of listings); S_h^2 is replaced by (1 - eta) S_h^2 + eta mean(S^2) (eta = 0 where the spread was adjusted
    before). No stratum gets more than its units, none fewer than min(floor, N_h); `floor` is one number or one per
    stratum, and where the buys cannot fill the floors, they fall in proportion (of strata that would be bought whole
    last). The sum is exactly
    min(n_buys, sum of N_h), and equal input gives equal output.
    CallerError for fewer buys than strata, an empty stratum or a negative spread.

    >>> allocate([900, 100], [0.05, 0.5], 100, eta=0.0, floor=10).tolist()
    [47, 53]
    """
    units = np.asarray(n_units, dtype=np.int64)
    s = np.asarray(spread, dtype=np.float64)
    _check_allocation(units, s, n_buys)
    s = np.sqrt((1.0 - eta) * s**2 + eta * float((units * s**2).sum() / units.sum()))
    wanted = units * (s if s.sum() > 0 else np.ones_like(s))
    # A billionth of the largest share rounds to no buy, and keeps the search for the multiplier finite.
    wanted = np.maximum(wanted, 1e-9 * wanted.max())
    low = np.minimum(units, np.maximum(np.broadcast_to(np.asarray(floor, dtype=np.int64), units.shape), 1))
    if low.sum() > n_buys:
        low = _lowered(low, units, n_buys)
    return _fill(wanted, low, units, n_buys)


def _check_allocation(units: Ints, spread: Floats, n_buys: int) -> None:
    if units.shape != spread.shape or units.ndim != 1 or not len(units) or (units < 1).any() or not (spread >= 0).all():
        raise CallerError(
            "The strata to allocate buys to need one unit or more and a spread of 0 or more each.",
            where={"n_units": units.tolist(), "spread": spread.tolist()},
        )
    if n_buys < len(units):
        raise CallerError(
            f"{n_buys} buys cannot be spread over {len(units)} strata; take more buys or fewer strata.",
            value=n_buys,
            allowed=f"{len(units)} or more",
        )


def _lowered(low: Ints, units: Ints, n_buys: int) -> Ints:
    """Floors that the buys can fill, in proportion; what is bought whole stays so where half of the buys can pay it."""
    whole = low == units
    if low[whole].sum() > n_buys / 2 or low[whole].sum() + (~whole).sum() > n_buys:
        whole = np.zeros_like(whole)
    left = n_buys - int(low[whole].sum()) - int((~whole).sum())
    return np.asarray(np.where(whole, low, np.maximum(low * left // max(int(low[~whole].sum()), 1), 1)), dtype=np.int64)


def _fill(wanted: Floats, low: Ints, high: Ints, n_buys: int) -> Ints:
    """Whole numbers near proportion to `wanted`, between `low` and `high`, that add up to `n_buys` or all of `high`."""
    total = min(n_buys, int(high.sum()))
    under, over = 0.0, float((high / wanted).max())
    for _ in range(_HALVINGS):
        middle = (under + over) / 2.0
        under, over = (middle, over) if np.clip(middle * wanted, low, high).sum() < total else (under, middle)
    share = np.clip(under * wanted, low, high)
    buys = np.floor(share).astype(np.int64)
    order = np.lexsort((np.arange(len(share)), buys - share))
    while (left := total - int(buys.sum())) > 0:
        room = [h for h in order if buys[h] < high[h]][:left]
        buys[room] += 1
    return buys


def _checked(chance: npt.ArrayLike, size: npt.ArrayLike, n_strata: int) -> tuple[Floats, Floats]:
    f, x = np.asarray(chance, dtype=np.float64), np.asarray(size, dtype=np.float64)
    if f.ndim != 1 or f.shape != x.shape or not len(f):
        raise CallerError(
            f"Strata need one chance and one size per unit and at least one unit; got {f.shape} and {x.shape}.",
            value=f"{f.shape}, {x.shape}",
        )
    if not ((f >= 0) & (f <= 1)).all():
        worst = float(f[~((f >= 0) & (f <= 1))][0])
        raise CallerError(f"A chance is {worst}; chances lie between 0 and 1.", value=worst, allowed="0 to 1")
    if not ((x >= 0) & np.isfinite(x)).all():
        raise CallerError("A size is negative or not a number; sizes are 0 or more.", allowed="0 or more")
    if n_strata < 1:
        raise CallerError(f"{n_strata} strata were asked for; at least 1 is needed.", value=n_strata, allowed=">= 1")
    return f, x


def _size_classes(size: Floats, n_strata: int, n_buys: int) -> Ints:
    if n_strata < _LEAST_FOR_STEPS or not size.max() > size.min():
        return np.zeros(len(size), dtype=np.int64)
    steps = _SIZE_STEPS if n_strata >= _LEAST_FOR_ALL_STEPS else _FEW_SIZE_STEPS
    worth = size / size.sum() * n_buys
    return np.asarray(np.searchsorted(np.array(steps), worth, side="right"), dtype=np.int64)


def _levels(by: Floats, spread: Floats, n_levels: int) -> Ints:
    """Levels 0 to n - 1 of `by`, cut where the cumulated `spread` is even; equal values share a level."""
    values, place = np.unique(by, return_inverse=True)
    held = np.bincount(place, weights=spread)
    total = held.sum()
    # A value belongs to the level in which its middle lies, so that one large tie does not swallow its neighbours.
    middle = np.cumsum(held) - held / 2.0
    at = middle / total if total > 0 else np.arange(len(values)) / len(values)
    level = np.minimum((at * n_levels).astype(np.int64), n_levels - 1)
    return np.asarray(level[place])


def _compact(stratum: Ints) -> Ints:
    return np.unique(stratum, return_inverse=True)[1].astype(np.int64)
