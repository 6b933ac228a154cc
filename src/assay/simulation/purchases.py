"""Test buys of a simulated frame over periods: what is really counterfeit, and what the buyers come home with.

The truth is planted, so that what the measurement says can be held against it: the examiner errs, parcels are lost or
swapped, merchants recognise test buyers, and the number of takedowns follows the effort of looking and not the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import ndtri

from assay.market.errors import CallerError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Names = npt.NDArray[np.object_]

# The words of an outcome, as the measurement reads them.
COUNTERFEIT, GENUINE = "counterfeit", "genuine"


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """The shape of a simulated frame. Rates are shares from 0 to 1.

    `rate`: listings that are counterfeit. `auc`: how well the score tells them from genuine goods. `hidden_rate`:
    counterfeits that score like genuine goods. `sales_lift`: orders of counterfeits over those of genuine goods.
    `level_shift`: log-odds by which the score is off. `listings_per_merchant`: mean size of a range; merchants are
    counterfeit sellers or not, so goods of one merchant are alike.
    """

    n_listings: int = 100_000
    rate: float = 0.01
    auc: float = 0.97
    hidden_rate: float = 0.1
    sales_lift: float = 1.3
    level_shift: float = 0.0
    listings_per_merchant: float = 20.0

    def __post_init__(self) -> None:
        if not (0 < self.rate < 1 and 0.5 <= self.auc < 1 and 0 <= self.hidden_rate <= 1 and self.n_listings > 0):
            raise CallerError(
                f"A world needs listings, a rate above 0 and below 1, an AUC from 0.5 and hidden_rate 0 to 1; got "
                f"{self.n_listings}, {self.rate}, {self.auc}, {self.hidden_rate}.",
                value=[self.n_listings, self.rate, self.auc, self.hidden_rate],
            )


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A frame with its hidden truth: one entry per live listing, in the order of `listing_id`.

    `score` is 0 to 100 with two decimals; `domains` are columns by name (category, brand, merchant_size, origin).
    """

    listing_id: Names
    merchant: Ints
    is_counterfeit: Flags
    score: Floats
    n_orders: Ints
    revenue_minor: Ints
    domains: Mapping[str, Names] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.score)

    def true_share(self, estimand: str) -> float:
        """The share of listings, orders or value that is really counterfeit."""
        size = {"listings": np.ones(len(self)), "orders": self.n_orders, "value": self.revenue_minor}[estimand]
        return float(size[self.is_counterfeit].sum() / size.sum())


def make_frame(settings: WorldSettings, rng: np.random.Generator) -> Frame:
    """A frame of live listings. Counterfeit sellers hold most counterfeits; sales are heavy-tailed, half have none."""
    n = settings.n_listings
    n_merchants = max(1, round(n / settings.listings_per_merchant))
    size = rng.pareto(1.5, n_merchants) + 0.2
    merchant = rng.choice(n_merchants, n, p=size / size.sum())
    # One merchant in ten sells counterfeits; the others hold one now and then by mishap.
    tainted = rng.random(n_merchants) < 0.1
    weight = np.where(tainted[merchant], 1.0, 0.005)
    chance = np.minimum(weight * settings.rate * n / weight.sum(), 1.0)
    is_counterfeit = rng.random(n) < chance
    lift = np.where(is_counterfeit, settings.sales_lift, 1.0)
    n_orders = rng.poisson(np.where(rng.random(n) < 0.5, rng.lognormal(1.0, 1.4, n), 0.0) * lift)
    price = np.round(np.exp(rng.normal(8.0, 0.9, n))).astype(np.int64) + 100
    return Frame(
        listing_id=np.array([f"L{i:09d}" for i in range(n)], dtype=object),
        merchant=merchant.astype(np.int64),
        is_counterfeit=is_counterfeit,
        score=_scores(settings, is_counterfeit, rng),
        n_orders=n_orders.astype(np.int64),
        revenue_minor=(n_orders * price).astype(np.int64),
        domains=_domains(merchant, is_counterfeit, rng),
    )


def _scores(settings: WorldSettings, is_counterfeit: Flags, rng: np.random.Generator) -> Floats:
    """Scores calibrated at `settings.rate` but for the hidden counterfeits and the planted shift."""
    n = len(is_counterfeit)
    distance = float(np.sqrt(2.0) * ndtri(settings.auc))
    shows = is_counterfeit & (rng.random(n) >= settings.hidden_rate)
    evidence = rng.standard_normal(n) + distance * shows
    log_odds = np.log(settings.rate / (1 - settings.rate)) + distance * evidence - distance**2 / 2
    return np.asarray(np.round(100.0 / (1.0 + np.exp(-(log_odds + settings.level_shift))), 2))


def _domains(merchant: Ints, is_counterfeit: Flags, rng: np.random.Generator) -> dict[str, Names]:
    n = len(merchant)
    categories = np.array(["Shoes", "Watches", "Phones", "Toys", "Garden", "Books"], dtype=object)
    fake, real = [0.35, 0.25, 0.2, 0.15, 0.04, 0.01], [0.15, 0.05, 0.15, 0.2, 0.25, 0.2]
    picked = np.where(is_counterfeit, rng.choice(6, n, p=fake), rng.choice(6, n, p=real))
    origins = np.array(["CN", "DE", "TR", "US"], dtype=object)
    count = np.bincount(merchant)[merchant]
    sizes = np.array(["1-9", "10-99", "100 or more"], dtype=object)
    return {
        "category": categories[picked],
        "origin": origins[merchant % 4],
        "merchant_size": sizes[np.digitize(count, [10, 100])],
    }


def next_period(frame: Frame, ratio: float, rng: np.random.Generator, *, churn_rate: float = 0.3) -> Frame:
    """The frame a period later: the true share of listings times `ratio`, and ordinary rates moved with it.

    A share `churn_rate` of the listings is replaced by copies of others (goods come and go), sales of every listing are
    drawn anew around the old ones with a common season, and counterfeits are added or taken out until the share is
    right. Listings keep the score they have: a score does not know that the market moved.
    """
    n = len(frame)
    kept = np.where(rng.random(n) < churn_rate, rng.integers(0, n, n), np.arange(n))
    wanted = round(ratio * frame.is_counterfeit.mean() * n)
    rows = _with_share(frame.is_counterfeit, kept, wanted, rng)
    season = float(rng.lognormal(0.0, 0.15))
    n_orders = rng.poisson(season * rng.gamma(4.0, 0.25, n) * frame.n_orders[rows])
    price = frame.revenue_minor[rows] / np.maximum(frame.n_orders[rows], 1)
    return replace(
        frame,
        merchant=frame.merchant[rows],
        is_counterfeit=frame.is_counterfeit[rows],
        score=frame.score[rows],
        n_orders=n_orders.astype(np.int64),
        revenue_minor=np.round(n_orders * price).astype(np.int64),
        domains={name: values[rows] for name, values in frame.domains.items()},
    )


def _with_share(is_counterfeit: Flags, rows: Ints, wanted: int, rng: np.random.Generator) -> Ints:
    """The rows with as many counterfeits as wanted: rows of one kind are replaced by rows of the other."""
    rows = rows.copy()
    missing = wanted - int(is_counterfeit[rows].sum())
    kind = missing > 0
    place = np.flatnonzero(is_counterfeit[rows] != kind)
    replaced = rng.choice(place, min(abs(missing), len(place)), replace=False)
    rows[replaced] = rng.choice(np.flatnonzero(is_counterfeit == kind), len(replaced))
    return rows


@dataclass(frozen=True, slots=True)
class BuyingSettings:
    """How test buys go. All are shares from 0 to 1.

    `sensitivity`, `specificity`: of one examination; with `second` every counterfeit found is examined again, blind and
    independently. `not_bought_rate` (refused or sold out), `not_delivered_rate`, `swapped_rate`
    (another article came), `inconclusive_rate`; failures of counterfeits are `failure_lift` times as frequent.
    `recognised_rate`: counterfeits whose merchant recognises the buyer and sends a genuine article.
    """

    sensitivity: float = 0.97
    specificity: float = 0.995
    second: bool = True
    not_bought_rate: float = 0.01
    not_delivered_rate: float = 0.01
    swapped_rate: float = 0.002
    inconclusive_rate: float = 0.005
    failure_lift: float = 1.0
    recognised_rate: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if name not in ("second", "failure_lift") and not 0 <= value <= 1:
                raise CallerError(f"{name} is {value}; it lies between 0 and 1.", value=value, allowed="0 to 1")


def buy(is_counterfeit: Flags, settings: BuyingSettings, rng: np.random.Generator) -> pa.Table:
    """Buys and examines goods: columns `outcome` and `second_outcome` (null where there was none), one row each.

    Controls are examined with every failure rate at 0: they are at hand.
    """
    n = len(is_counterfeit)
    arrived = is_counterfeit & (rng.random(n) >= settings.recognised_rate)
    outcome = _examined(arrived, settings, rng)
    second = np.full(n, None, dtype=object)
    if settings.second:
        again = outcome == COUNTERFEIT
        second[again] = _examined(arrived, settings, rng)[again]
    failures = (
        ("not_bought", settings.not_bought_rate),
        ("not_delivered", settings.not_delivered_rate),
        ("swapped", settings.swapped_rate),
        ("inconclusive", settings.inconclusive_rate),
    )
    lift = np.where(is_counterfeit, settings.failure_lift, 1.0)
    for name, rate in failures:
        failed = rng.random(n) < np.minimum(rate * lift, 1.0)
        outcome[failed], second[failed] = name, None
    return pa.table({"outcome": pa.array(outcome, pa.string()), "second_outcome": pa.array(second, pa.string())})


def examine_controls(known_counterfeit: Flags, settings: BuyingSettings, rng: np.random.Generator) -> pa.Table:
    """What the examiner says of blind controls: the columns of `buy`, nothing lost on the way."""
    at_hand = replace(
        settings,
        not_bought_rate=0.0,
        not_delivered_rate=0.0,
        swapped_rate=0.0,
        inconclusive_rate=0.0,
        recognised_rate=0.0,
    )
    return buy(known_counterfeit, at_hand, rng)


def _examined(is_counterfeit: Flags, settings: BuyingSettings, rng: np.random.Generator) -> Names:
    right = np.where(is_counterfeit, settings.sensitivity, settings.specificity)
    says = is_counterfeit == (rng.random(len(is_counterfeit)) < right)
    return np.where(says, COUNTERFEIT, GENUINE).astype(object)


def takedowns(frame: Frame, effort_rate: float, rng: np.random.Generator) -> int:
    """Goods taken down in a period: those looked at and found, and genuine ones removed by mistake.

    A good is looked at with a chance that rises with its score, `effort_rate` on average over counterfeits; one genuine
    good in a hundred looked at is removed too. The number follows the effort as much as the truth.
    """
    if not 0 <= effort_rate <= 1:
        raise CallerError(f"effort_rate is {effort_rate}; it lies between 0 and 1.", value=effort_rate)
    interest = frame.score + 1.0
    among = interest[frame.is_counterfeit].mean() if frame.is_counterfeit.any() else interest.mean()
    looked = rng.random(len(frame)) < np.minimum(effort_rate * interest / among, 1.0)
    removed = looked & (frame.is_counterfeit | (rng.random(len(frame)) < 0.01))
    return int(removed.sum())
