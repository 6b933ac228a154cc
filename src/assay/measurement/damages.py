"""What counterfeits cost: units and value at stake, and four heads of damage, each an interval with its drivers.

Which goods are counterfeit is not known, only their chances. One replicate draws every good (with a shared error of
the score's level, and a merchant's goods drawn together), draws every input from its range and adds up; the interval
is the middle of the replicates. Monte Carlo propagation after JCGM 101:2008; drivers after Saltelli et al. (2008),
section 4.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from assay.market.errors import CallerError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# A 2.5 % quantile of 4,000 draws is 100 draws deep: its own error is a tenth of the interval's tail.
REPLICATES = 4_000
# Goods drawn at a time: 4,000 replicates of 1,000 goods in float32 are 16 MB, of which five are held.
_CHUNK_GOODS = 1_000
# Bins of equal size for the share of variance that an input explains: 20 leave 200 replicates in each.
_BINS = 20
_LEAST_CHANCE = 1e-6
_Z95 = 1.959963984540054
LEVEL = "level of the chances"
CORRELATION = "how far a merchant's goods are alike"
CHANCE = "which goods are counterfeit"


@dataclass(frozen=True, slots=True)
class Range:
    """A figure known only within limits: low <= likely <= high.

    With `likely` it is drawn from the triangular distribution, without from the even one; low = high is a fixed
    figure. CallerError when the limits are out of order.
    """

    low: float
    high: float
    likely: float | None = None

    def __post_init__(self) -> None:
        middle = self.low if self.likely is None else self.likely
        if not (np.isfinite([self.low, middle, self.high]).all() and self.low <= middle <= self.high):
            raise CallerError(
                f"A range needs low <= likely <= high; got {self.low}, {self.likely}, {self.high}.",
                value=[self.low, self.likely, self.high],
                allowed="low <= likely <= high",
            )

    def draws(self, rng: np.random.Generator, n: int) -> Floats:
        """`n` values."""
        if self.low == self.high:
            return np.full(n, self.low)
        if self.likely is None:
            return rng.uniform(self.low, self.high, n)
        return rng.triangular(self.low, self.likely, self.high, n)


@dataclass(frozen=True, slots=True)
class DamageInputs:
    """What damages need beside the goods, each as a range. Rates are shares from 0 to 1.

    `cost_rate`: what the infringer spends of the price. `diversion_rate`: counterfeits bought in place of the genuine
    article (the rest would not have been bought). `margin_rate`: the rights holder's margin on the genuine price.
    `genuine_price_ratio`: the genuine price over the price that was asked. `royalty_rate`: a reasonable royalty on the
    price. `refund_rate`: tainted value that the platform paid back; `refund_cost_minor`: handling per tainted unit
    refunded; `own_cost_minor`: what the platform spent on test buys and investigation. `merchant_correlation`: latent
    correlation of two goods of one merchant beyond their scores (`merchant_correlation` estimates it).
    """

    cost_rate: Range = Range(0.2, 0.6)
    diversion_rate: Range = Range(0.05, 0.6)
    margin_rate: Range = Range(0.3, 0.6)
    genuine_price_ratio: Range = Range(1.0, 1.0)
    royalty_rate: Range = Range(0.05, 0.15)
    refund_rate: Range = Range(0.02, 0.15)
    refund_cost_minor: Range = Range(0.0, 0.0)
    own_cost_minor: Range = Range(0.0, 0.0)
    merchant_correlation: Range = Range(0.1, 0.6)

    def __post_init__(self) -> None:
        for name in ("cost_rate", "diversion_rate", "margin_rate", "royalty_rate", "refund_rate"):
            self._check(name, 1.0)
        for name in ("genuine_price_ratio", "refund_cost_minor", "own_cost_minor"):
            self._check(name, np.inf)
        self._check("merchant_correlation", 0.99)

    def _check(self, name: str, most: float) -> None:
        found: Range = getattr(self, name)
        if found.low < 0 or found.high > most:
            allowed = f"0 to {most:g}" if np.isfinite(most) else "0 or more"
            raise CallerError(
                f"The input {name} runs from {found.low:g} to {found.high:g}; {allowed} is allowed.",
                where={"input": name},
                value=[found.low, found.high],
                allowed=allowed,
            )


@dataclass(frozen=True, slots=True, eq=False)
class SoldGoods:
    """The goods that may be tainted, one entry each, all in one currency.

    `chance`, `low`, `high`: calibrated chance of a counterfeit and its 95 % interval, 0 to 1; a verdict is 0 or 1 in
    all three. `merchants`: integer codes. `units` sold and `revenue_minor` taken in the period. `group`: a name per
    good to count tainted units by (a safety class), or None.
    """

    chance: Floats
    low: Floats
    high: Floats
    merchants: Ints
    units: Floats
    revenue_minor: Floats
    group: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.chance)


@dataclass(frozen=True, slots=True)
class Driver:
    """One input's part in the width of a figure.

    `rank_correlation` (Spearman, -1 to 1) says which way it pulls, `variance_rate` (0 to 1) the share of the variance
    that would go if it were known (first-order index). The driver `which goods are counterfeit` holds what the inputs
    do not explain, and their interplay; its rank correlation is None.
    """

    name: str
    rank_correlation: float | None
    variance_rate: float


@dataclass(frozen=True, slots=True)
class Head:
    """One figure with its interval, and its drivers, largest share of the variance first."""

    name: str
    unit: str
    median: float
    mean: float
    low: float
    high: float
    drivers: tuple[Driver, ...] = ()


@dataclass(frozen=True, slots=True)
class Damages:
    """All heads of one set of goods. `by_group` are tainted units by group; `n_goods` had sales and a chance."""

    confidence: float
    n_goods: int
    n_merchants: int
    heads: tuple[Head, ...]
    by_group: tuple[Head, ...] = ()
    warnings: tuple[str, ...] = ()

    def head(self, name: str) -> Head:
        """One head by name. KeyError when there is none."""
        return {each.name: each for each in self.heads}[name]


def damages(
    goods: SoldGoods,
    inputs: DamageInputs | None = None,
    *,
    confidence: float = 0.95,
    replicates: int = REPLICATES,
    rng: np.random.Generator,
) -> Damages:
    """Tainted units and value, infringer's profit, lost profit, royalty and the platform's own loss, with intervals.

    Heads, in minor units but the first (u, v: tainted units and value of a replicate):
    tainted_units u; tainted_value v; infringer_profit v (1 - cost rate); lost_profit v x price ratio x diversion x
    margin; royalty v x royalty rate; platform_loss v x refund rate + u x refund rate x refund cost + own cost.
    They are alternatives or belong to different parties: never add them up. Good i of merchant m is counterfeit when
    sqrt(r) a_m + sqrt(1 - r) e_i < probit(chance_i) + z s_i, with a, e, z standard normal: goods of one merchant fall
    together (r), the chances' level errs for all at once (z; s from low and high), and at z = 0 each chance is kept.
    CallerError for arrays of different length or values out of range.

    >>> five = np.full(5, 0.5)
    >>> goods = SoldGoods(five, five, five, np.arange(5), np.full(5, 10.0), np.full(5, 5000.0))
    >>> abs(damages(goods, rng=np.random.default_rng(1)).head("tainted_units").mean - 25) < 1
    True
    """
    inputs = inputs or DamageInputs()
    _check_goods(goods)
    draws = {name: getattr(inputs, name).draws(rng, replicates) for name in DamageInputs.__slots__}
    level = rng.standard_normal(replicates)
    units, value, groups = _tainted(goods, draws["merchant_correlation"], level, rng)
    known = {LEVEL: level, CORRELATION: draws["merchant_correlation"]}
    heads = tuple(
        _head(name, unit, figures, {**known, **{used: draws[used] for used in uses}}, confidence)
        for name, unit, figures, uses in _formulas(units, value, draws)
    )
    by_group = tuple(_head(name, "units", drawn, {}, confidence) for name, drawn in groups.items())
    return Damages(confidence, len(goods), len(np.unique(goods.merchants)), heads, by_group, _warnings(goods))


_Formula = tuple[str, str, Floats, tuple[str, ...]]


def _formulas(units: Floats, value: Floats, draws: Mapping[str, Floats]) -> tuple[_Formula, ...]:
    """(name, unit, one figure per replicate, the inputs it uses)."""
    lost = value * draws["genuine_price_ratio"] * draws["diversion_rate"] * draws["margin_rate"]
    refunds = draws["refund_rate"] * (value + units * draws["refund_cost_minor"])
    return (
        ("tainted_units", "units", units, ()),
        ("tainted_value", "minor", value, ()),
        ("infringer_profit", "minor", value * (1.0 - draws["cost_rate"]), ("cost_rate",)),
        ("lost_profit", "minor", lost, ("genuine_price_ratio", "diversion_rate", "margin_rate")),
        ("royalty", "minor", value * draws["royalty_rate"], ("royalty_rate",)),
        (
            "platform_loss",
            "minor",
            refunds + draws["own_cost_minor"],
            ("refund_rate", "refund_cost_minor", "own_cost_minor"),
        ),
    )


def _tainted(
    goods: SoldGoods, correlation: Floats, level: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, dict[str, Floats]]:
    """Tainted units and value of every replicate, and tainted units by group."""
    n = len(level)
    units, value = np.zeros(n), np.zeros(n)
    names, group = np.unique(np.asarray(goods.group if goods.group is not None else [], dtype=str), return_inverse=True)
    by_group = np.zeros((len(names), n))
    together = np.sqrt(correlation).astype(np.float32)[:, None]
    apart = np.sqrt(1.0 - correlation).astype(np.float32)[:, None]
    signed = level.astype(np.float32)[:, None]
    order = np.argsort(goods.merchants, kind="stable")
    limits = _limits(goods)
    carried: tuple[int, npt.NDArray[np.float32]] | None = None
    for start in range(0, len(order), _CHUNK_GOODS):
        rows = order[start : start + _CHUNK_GOODS]
        merchant_draws, carried = _merchant_draws(goods.merchants[rows], n, carried, rng)
        middle, below, above = (each[rows].astype(np.float32) for each in limits)
        bar = middle + signed * np.where(signed < 0, below, above)
        tainted = together * merchant_draws + apart * rng.standard_normal((n, len(rows)), dtype=np.float32) < bar
        units += tainted @ goods.units[rows]
        value += tainted @ goods.revenue_minor[rows]
        for place in range(len(names)):
            mine = group[rows] == place
            by_group[place] += tainted[:, mine] @ goods.units[rows][mine]
    return units, value, dict(zip(names.tolist(), by_group, strict=True))


def _merchant_draws(
    merchants: Ints, n: int, carried: tuple[int, npt.NDArray[np.float32]] | None, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], tuple[int, npt.NDArray[np.float32]]]:
    """One normal per merchant and replicate, spread over its goods; the last merchant's are kept for the next chunk."""
    codes, place = np.unique(merchants, return_inverse=True)
    drawn = rng.standard_normal((n, len(codes)), dtype=np.float32)
    if carried is not None and carried[0] == codes[0]:
        drawn[:, 0] = carried[1]
    return drawn[:, place], (int(codes[-1]), drawn[:, -1].copy())


def _limits(goods: SoldGoods) -> tuple[Floats, Floats, Floats]:
    """Probit of the chance, and the standard deviations of its level below and above it."""
    low, middle, high = (
        ndtri(np.clip(each, _LEAST_CHANCE, 1 - _LEAST_CHANCE)) for each in (goods.low, goods.chance, goods.high)
    )
    sure = (goods.chance <= 0) | (goods.chance >= 1)
    middle = np.where(sure, np.where(goods.chance >= 1, np.inf, -np.inf), middle)
    below = np.where(sure, 0.0, np.maximum(middle - low, 0.0) / _Z95)
    above = np.where(sure, 0.0, np.maximum(high - middle, 0.0) / _Z95)
    return middle, below, above


def _head(name: str, unit: str, drawn: Floats, used: Mapping[str, Floats], confidence: float) -> Head:
    tail = (1.0 - confidence) / 2.0
    low, median, high = (float(q) for q in np.quantile(drawn, [tail, 0.5, 1.0 - tail]))
    return Head(name, unit, median, float(drawn.mean()), low, high, _drivers(drawn, used))


def _drivers(drawn: Floats, used: Mapping[str, Floats]) -> tuple[Driver, ...]:
    """Drivers of one figure, largest share of variance first; what no input explains stands under `CHANCE`."""
    moving = {name: values for name, values in used.items() if np.ptp(values) > 0}
    if np.ptp(drawn) <= 0 or not moving:
        return ()
    ranks = rankdata(drawn)
    found = [
        Driver(name, float(np.corrcoef(ranks, rankdata(values))[0, 1]), _variance_rate(drawn, values))
        for name, values in moving.items()
    ]
    rest = max(0.0, 1.0 - sum(each.variance_rate for each in found))
    return tuple(sorted([*found, Driver(CHANCE, None, rest)], key=lambda each: -each.variance_rate))


def _variance_rate(drawn: Floats, values: Floats) -> float:
    """Var(E[figure | input]) / Var(figure) over bins of equal size, less what bins of pure noise would show."""
    order = np.argsort(values, kind="stable")
    parts = np.array_split(drawn[order], _BINS)
    between = sum(len(part) * (part.mean() - drawn.mean()) ** 2 for part in parts)
    within = sum(((part - part.mean()) ** 2).sum() for part in parts)
    noise = (_BINS - 1) * within / (len(drawn) - _BINS)
    return float(np.clip((between - noise) / (between + within), 0.0, 1.0))


def merchant_correlation(
    chance: npt.ArrayLike, is_counterfeit: npt.ArrayLike, merchants: npt.ArrayLike
) -> tuple[float, int]:
    """Latent correlation of two goods of one merchant beyond their scores, and the number of pairs it rests on.

    The r at which the pairs of judged goods of one merchant agree as often as seen: the sum over pairs of
    (y_i - p_i)(y_j - p_j) equals its expectation under the model of `damages`, by Gauss-Hermite quadrature over the
    merchant's normal. 0 when they agree no more than their chances say, at most 0.95; (0, 0) without pairs. It wants
    goods judged for other reasons than their merchant: caught cases make it too large.
    """
    p = np.clip(np.asarray(chance, dtype=np.float64), _LEAST_CHANCE, 1 - _LEAST_CHANCE)
    y = np.asarray(is_counterfeit, dtype=np.float64)
    codes, merchant = np.unique(np.asarray(merchants), return_inverse=True)
    counts = np.bincount(merchant, minlength=len(codes))
    n_pairs = int((counts * (counts - 1) // 2).sum())
    if n_pairs == 0:
        return 0.0, 0
    seen = _pair_sum(y - p, merchant)
    low, high = 0.0, 0.95
    if _expected_pairs(p, merchant, high) <= seen:
        return high, n_pairs
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if _expected_pairs(p, merchant, middle) < seen else (low, middle)
    return float(low if seen > 0 else 0.0), n_pairs


def _pair_sum(residual: Floats, merchant: Ints) -> float:
    return float((np.bincount(merchant, residual) ** 2 - np.bincount(merchant, residual**2)).sum())


def _expected_pairs(p: Floats, merchant: Ints, correlation: float) -> float:
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    bar = ndtri(p)
    total = 0.0
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        share = ndtr((bar - np.sqrt(correlation) * node) / np.sqrt(1.0 - correlation))
        total += weight * _pair_sum(share - p, merchant)
    return total


def _check_goods(goods: SoldGoods) -> None:
    arrays = (goods.chance, goods.low, goods.high, goods.merchants, goods.units, goods.revenue_minor)
    if len({len(each) for each in arrays}) != 1 or not len(goods):
        raise CallerError(
            f"Damages need one entry per good in every array and at least one good; got {[len(e) for e in arrays]}."
        )
    ordered = (goods.low >= 0) & (goods.low <= goods.chance) & (goods.chance <= goods.high) & (goods.high <= 1)
    if not ordered.all():
        raise CallerError(
            "Damages need 0 <= low <= chance <= high <= 1 for every good.",
            where={"row": int(np.flatnonzero(~ordered)[0])},
            allowed="0 to 1",
        )
    if not ((goods.units >= 0) & (goods.revenue_minor >= 0)).all():
        raise CallerError("Damages need units and revenue of 0 or more.", allowed="0 or more")


# When so few goods hold most of what is uncertain, buying them is worth more than any better input.
_FEW_GOODS = 10


def _warnings(goods: SoldGoods) -> tuple[str, ...]:
    if (goods.chance * goods.revenue_minor).sum() <= 0:
        return ("No good with a chance of being counterfeit was sold for money, so there is nothing to add up.",)
    unsure = goods.chance * (1.0 - goods.chance) * goods.revenue_minor**2
    if len(goods) <= _FEW_GOODS or unsure.sum() <= 0:
        return ()
    top = np.sort(unsure)[::-1][:_FEW_GOODS].sum() / unsure.sum()
    if top <= 0.5:
        return ()
    return (
        f"{_FEW_GOODS} goods hold {100 * top:.0f} % of what is not known about which goods are counterfeit: test-buy "
        "them, and the interval of the value will shrink.",
    )
