"""Which goods to buy in order to act: the harm a buy is expected to stop, set against what it costs.

A buy for enforcement, a buy for measuring and a buy for teaching the score want different goods. Their orders are never
mixed into one number: this file serves enforcement alone, from its own pot, and what it picks with certainty counts in
the prevalence as a stratum whose every unit was bought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import stats

from assay.market.errors import CallerError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# A confirmed fake airbag or charger can kill, a keyring cannot. The factors are a judgement, stated here and in every
# explanation, and set by `Harm(safety_factors=...)`; at 1, 1, 1 goods rank by money alone.
SAFETY_FACTORS = {"none": 1.0, "elevated": 3.0, "high": 10.0}
# Half an order: goods listed yesterday have sold nothing yet and are still worth a look.
_ORDERS_OF_NEW_GOODS = 0.5
# A merchant is settled at these chances that more than `TAU` of its goods are counterfeit.
CONFIRMED_AT, CLEARED_AT = 0.99, 0.05
TAU = 0.1
# Enough that a propensity of 0.01 is known to a tenth of itself.
_PROPENSITY_DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class Harm:
    """What enforcement is worth and what a buy costs, in minor units of the frame's currency.

    `horizon_days`: how long the goods would go on selling; `strikes_to_close`: confirmed buys that close a shop;
    `handling_minor`: shipping and authentication of one buy; `refund_rate`: share of the price that comes back.
    """

    horizon_days: int = 90
    strikes_to_close: int = 3
    handling_minor: int = 5_000
    refund_rate: float = 0.0
    safety_factors: Mapping[str, float] = field(default_factory=lambda: dict(SAFETY_FACTORS))

    def __post_init__(self) -> None:
        if self.horizon_days < 1 or self.strikes_to_close < 1 or self.handling_minor < 0:
            raise CallerError("The horizon and the strikes that close a shop are 1 or more, the handling 0 or more.")
        if not 0 <= self.refund_rate <= 1:
            raise CallerError(f"The refund rate is {self.refund_rate}; it lies between 0 and 1.", allowed="0 to 1")


@dataclass(frozen=True, slots=True)
class Goods:
    """What the value of a buy is made of, one entry per unit of the frame.

    `merchant`: number of the merchant, 0 to n - 1. `price_minor` may be 0 where it is not known. `safety_factor` is 1
    where nothing is known. `strikes` are the merchant's confirmed buys so far, by unit; `case_minor` is what a network
    case that the merchant belongs to is worth, 0 without one.
    """

    chance: Floats
    merchant: Ints
    n_orders: Ints
    price_minor: Ints
    safety_factor: Floats
    strikes: Ints
    case_minor: Floats


@dataclass(frozen=True, slots=True)
class BuyValues:
    """The terms of every buy's value, in minor units: net = chance x (goods + strike + network) - cost."""

    chance: Floats
    goods: Floats
    strike: Floats
    network: Floats
    cost: Floats

    @property
    def expected(self) -> Floats:
        """Expected harm stopped by the buy, before its cost."""
        return self.chance * (self.goods + self.strike + self.network)

    @property
    def net(self) -> Floats:
        """Expected harm stopped less the cost."""
        return self.expected - self.cost


def value_buys(goods: Goods, harm: Harm, *, period_days: int) -> BuyValues:
    """The value of buying each unit: P(fake) x [H + S + L] - c, term by term.

    H, the goods themselves: orders expected in the horizon x price x safety factor. S, the strike: what the merchant's
    other goods are expected to do, chance x H summed, divided by the strikes still needed to close the shop. L: the
    network case. c: price not refunded + handling. `n_orders` are of `period_days`.
    """
    per_period = harm.horizon_days / period_days
    stopped = (goods.n_orders + _ORDERS_OF_NEW_GOODS) * per_period * goods.price_minor * goods.safety_factor
    at_stake = np.bincount(goods.merchant, weights=goods.chance * stopped)
    others = at_stake[goods.merchant] - goods.chance * stopped
    needed = np.maximum(harm.strikes_to_close - goods.strikes, 1)
    return BuyValues(
        chance=goods.chance,
        goods=stopped,
        strike=np.maximum(others, 0.0) / needed,
        network=goods.case_minor.astype(np.float64),
        cost=np.asarray(goods.price_minor * (1.0 - harm.refund_rate) + harm.handling_minor, dtype=np.float64),
    )


def rank_buys(values: BuyValues) -> Ints:
    """Units by expected harm stopped per cost, best first; ties in the order of units."""
    per_cost = values.expected / np.maximum(values.cost, 1.0)
    return np.argsort(-per_cost, kind="stable").astype(np.int64)


def choose_buys(
    values: BuyValues,
    merchant: Ints,
    n_buys: int,
    *,
    budget_minor: int | None = None,
    most_per_merchant: int = 3,
    open_units: npt.NDArray[np.bool_] | None = None,
) -> Ints:
    """The units to buy for enforcement, best first: the greedy answer to the knapsack of value per cost.

    At most `n_buys`, `most_per_merchant` of one merchant, and `budget_minor` in all; only units whose net value is
    above 0 and (where given) that are `open_units`: merchants that the stop rule settled need no further buy. Greedy by
    ratio is within one item of the best (Dantzig 1957), and every choice can be explained by its own row.
    """
    usable = values.net > 0
    if open_units is not None:
        usable &= open_units
    taken: list[int] = []
    bought: dict[int, int] = {}
    spent = 0.0
    ranked = rank_buys(values)
    for unit in ranked[usable[ranked]]:
        if len(taken) >= n_buys:
            break
        if bought.get(int(merchant[unit]), 0) >= most_per_merchant:
            continue
        if budget_minor is not None and spent + values.cost[unit] > budget_minor:
            continue
        taken.append(int(unit))
        spent += float(values.cost[unit])
        bought[int(merchant[unit])] = bought.get(int(merchant[unit]), 0) + 1
    return np.array(taken, dtype=np.int64)


class Stop(StrEnum):
    """What the buys from one merchant say so far."""

    GO_ON = "go on"
    CONFIRMED = "confirmed"
    CLEARED = "cleared"


def stop_rule(
    n_counterfeit: int, n_genuine: int, *, prior: tuple[float, float] = (0.5, 0.5), tau: float = TAU
) -> tuple[Stop, float]:
    """Whether a merchant needs further buys, and the chance that more than `tau` of its goods are counterfeit.

    Beta-binomial with Jeffreys' prior: confirmed from a chance of 0.99, cleared from 0.05 down. Two fakes of two
    confirm at a tau of 0.1; without any fake it takes 18 genuine buys to clear.

    >>> stop_rule(2, 0)[0], stop_rule(0, 17)[0], stop_rule(0, 18)[0]
    (<Stop.CONFIRMED: 'confirmed'>, <Stop.GO_ON: 'go on'>, <Stop.CLEARED: 'cleared'>)
    """
    if n_counterfeit < 0 or n_genuine < 0 or not 0 < tau < 1:
        raise CallerError("Counts of buys are 0 or more and tau lies between 0 and 1.")
    chance = float(stats.beta.sf(tau, prior[0] + n_counterfeit, prior[1] + n_genuine))
    if chance >= CONFIRMED_AT:
        return Stop.CONFIRMED, chance
    return (Stop.CLEARED if chance <= CLEARED_AT else Stop.GO_ON), chance


def thompson_propensities(
    n_counterfeit: npt.ArrayLike,
    n_genuine: npt.ArrayLike,
    *,
    worth: npt.ArrayLike = 1.0,
    least: float = 0.05,
    seed: int = 1,
) -> Floats:
    """How likely each segment is to be explored next: Thompson (1933) by Monte Carlo, with a floor.

    A segment's propensity is the chance that its rate, drawn from Beta(0.5 + fakes, 0.5 + genuine), times `worth` is
    the largest of all; it is mixed with an even share so that none falls below `least` / segments. Sums to 1; the same
    seed gives the same figures. What is drawn with these propensities is logged with them.
    """
    fakes, genuine = np.asarray(n_counterfeit, dtype=np.float64), np.asarray(n_genuine, dtype=np.float64)
    if fakes.shape != genuine.shape or fakes.ndim != 1 or not len(fakes) or (fakes < 0).any() or (genuine < 0).any():
        raise CallerError("Thompson sampling needs the fakes and the genuine buys of at least one segment, 0 or more.")
    rng = np.random.default_rng(seed)
    rates = rng.beta(0.5 + fakes, 0.5 + genuine, (_PROPENSITY_DRAWS, len(fakes))) * np.asarray(worth, dtype=np.float64)
    won = np.bincount(rates.argmax(axis=1), minlength=len(fakes)) / _PROPENSITY_DRAWS
    return np.asarray((1.0 - least) * won + least / len(fakes))
