"""Orders, refunds and the counters that marketplaces keep of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.simulation.draws import Floats, Ints, Keys, at, hexadecimal, key, numbered, unit, where_valid
from assay.simulation.listings import listing_ids, minor_units
from assay.simulation.merchants import COUNTRIES, CURRENCIES, DAY, KIND, merchant_ids
from assay.simulation.offers import Offers, World, epoch

_CARRIERS = ("DHL", "DPD", "GLS", "UPS", "YunExpress", "China Post", "CDEK", "Correos", "PostNL")
REASONS = (
    "not as described",
    "damaged",
    "wrong size",
    "changed my mind",
    "arrived late",
    "counterfeit",
    "not authentic",
)
_FIRST_FAKE_REASON = 5
_MOST_ORDERS = 1_500  # of one listing: keeps the tail within a chunk's memory
_SPREAD = 1.6  # of log demand: a quarter of the listings then has a review (published: 24 %)


ACCOUNT_DAYS, ACCOUNT_BEND = 6_000.0, 2.5  # age of the oldest account, and how much newer most of them are


@dataclass(frozen=True, slots=True)
class Trade:
    """Orders of a chunk as parallel arrays; `row` is the listing's place in the chunk."""

    row: Ints
    number: Ints
    buyer: Ints
    quantity: Ints
    amount: Ints
    ordered: Floats  # epoch seconds
    delivered: Floats  # epoch seconds; later than as_of while under way
    refunded: Floats  # epoch seconds; NaN when it was not
    reason: Ints  # index into REASONS


def make_trade(rng: np.random.Generator, world: World, offers: Offers, chunk: int) -> Trade:
    """The orders of a chunk, heavy-tailed over listings."""
    counts = _counts(rng, world, offers)
    row = np.repeat(np.arange(len(offers)), counts)
    n = len(row)
    end = np.nan_to_num(offers.removed_days, nan=0.0)[row]
    days = end + (offers.age_days[row] - end) * rng.random(n)
    ordered = epoch(world, days)
    far = np.isin(world.merchants.country[offers.merchant], (4, 9))[row]
    delivered = ordered + DAY * (1.5 + rng.gamma(3.0, np.where(far, 3.2, 1.0)))
    quantity = np.minimum(rng.geometric(0.9, n), 12)
    refunded, reason = _refunds(rng, world, offers, row, delivered)
    return Trade(
        row=row,
        number=chunk * 100_000_000 + np.arange(n),
        buyer=_buyers(rng, world, days),
        quantity=quantity,
        amount=minor_units(world, offers)[row] * quantity,
        ordered=ordered,
        delivered=delivered,
        refunded=refunded,
        reason=reason,
    )


def _buyers(rng: np.random.Generator, world: World, days: Floats) -> Ints:
    """Accounts are numbered by age, so that nobody buys before registering; a few accounts buy often."""
    old_enough = 1 - np.minimum(days / ACCOUNT_DAYS, 0.98) ** (1 / ACCOUNT_BEND)
    return np.asarray(world.n_accounts * old_enough * rng.random(len(days)) ** 1.4, dtype=np.int64)


def _counts(rng: np.random.Generator, world: World, offers: Offers) -> Ints:
    n, settings = len(offers), world.settings
    known = np.log1p(world.merchants.age_days[offers.merchant]) - 6.0
    end = np.nan_to_num(offers.removed_days, nan=0.0)
    time = np.minimum(offers.age_days - end, 400.0) + 1.0
    demand = np.exp(rng.normal(0, _SPREAD, n) + 0.12 * known - 0.25 * offers.look) * time**0.35
    # Scaled to the wanted mean after the cut, so that volume does not depend on the chunk's luck.
    scale = settings.orders_per_listing * n / demand.sum()
    for _ in range(8):
        scale *= settings.orders_per_listing * n / np.minimum(demand * scale, _MOST_ORDERS).sum()
    return np.asarray(rng.poisson(np.minimum(demand * scale, _MOST_ORDERS)), dtype=np.int64)


def _refunds(
    rng: np.random.Generator, world: World, offers: Offers, row: Ints, delivered: Floats
) -> tuple[Floats, Ints]:
    n = len(row)
    known = np.where(offers.is_fake, 0.05 * offers.loud * np.where(offers.trick == KIND["dear_fake"], 0.5, 1.0), 0.0)
    angry = np.where(offers.is_fake, 0.0, 0.0008 + 0.004 * world.merchants.angry[offers.merchant] + 0.002 * offers.look)
    u = rng.random(n)
    as_fake = u < (known + angry)[row]
    other = ~as_fake & (u > 1 - (0.04 + 0.14 * offers.look)[row])
    when = delivered + DAY * rng.gamma(2.0, 4.0, n)
    done = (as_fake | other) & (when < world.as_of)
    reason = np.where(
        as_fake, rng.integers(_FIRST_FAKE_REASON, len(REASONS), n), rng.integers(0, _FIRST_FAKE_REASON, n)
    )
    return np.where(done, when, np.nan), reason


def orders_table(rng: np.random.Generator, world: World, offers: Offers, trade: Trade) -> pa.Table:
    """One row per order line; parcels of counterfeits weigh less and start elsewhere more often than the offer says."""
    n, row = len(trade.row), trade.row
    merchant = offers.merchant[row]
    under_way = trade.delivered > world.as_of
    shipped = trade.ordered + (trade.delivered - trade.ordered) * rng.uniform(0.1, 0.35, n)
    far = np.isin(world.merchants.country[merchant], (4, 9))
    carrier = np.where(far, rng.integers(3, 7, n), rng.integers(0, len(_CARRIERS), n))
    order = numbered("O", trade.number, 13)
    return pa.table(
        {
            "order_id": order,
            "listing_id": listing_ids(offers.number).take(pa.array(row)),
            "merchant_id": merchant_ids(offers.merchant).take(pa.array(row)),
            "buyer_id": numbered("A", trade.buyer, 9),
            "quantity": trade.quantity,
            "amount": trade.amount,
            "currency": pa.array(CURRENCIES).take(pa.array(world.merchants.currency[merchant])),
            "ordered_at": at(trade.ordered),
            "paid_at": at(np.minimum(trade.ordered + rng.exponential(900, n), world.as_of)),
            "shipped_at": where_valid(at(shipped), shipped < world.as_of),
            "delivered_at": where_valid(at(trade.delivered), ~under_way),
            "carrier": pa.array(_CARRIERS).take(pa.array(carrier)),
            "tracking_no": where_valid(numbered("TN", rng.integers(0, 10**10, n), 10), rng.random(n) > 0.06),
            "parcel_weight_g": where_valid(_weights(rng, world, offers, trade), rng.random(n) > 0.15),
            "ships_from": pa.array(COUNTRIES).take(pa.array(_scanned(rng, world, offers, row))),
            "refunded_at": where_valid(at(np.nan_to_num(trade.refunded)), ~np.isnan(trade.refunded)),
            "refund_reason": where_valid(pa.array(REASONS).take(pa.array(trade.reason)), ~np.isnan(trade.refunded)),
        }
    )


def _weights(rng: np.random.Generator, world: World, offers: Offers, trade: Trade) -> Floats:
    light = offers.is_fake & (unit(key(world.seed, 401, offers.number), 1) < 0.5 * offers.loud)
    factor = np.where(light, 0.55 + 0.3 * unit(key(world.seed, 401, offers.number), 2), 1.0)
    # Honest shops, too, pack without the box or add a gift.
    odd = unit(key(world.seed, 402, offers.merchant), 1) < 0.05
    factor = np.where(odd & ~light, 0.8, factor)
    weight = (world.catalogue.product_weight_g[offers.product] * factor)[trade.row]
    return np.round(weight * trade.quantity * np.exp(rng.normal(0.02, 0.07, len(trade.row))))


def _scanned(rng: np.random.Generator, world: World, offers: Offers, row: Ints) -> Ints:
    """Country of the first scan: mostly the shop's, for some counterfeits and drop shippers China."""
    elsewhere = unit(key(world.seed, 403, offers.number), 1) < np.where(offers.is_fake, 0.35 * offers.loud, 0.03)
    country = np.where(elsewhere, COUNTRIES.index("CN"), world.merchants.country[offers.merchant])[row]
    return np.where(rng.random(len(row)) < 0.01, rng.integers(0, len(COUNTRIES), len(row)), country)


@dataclass(frozen=True, slots=True)
class Counters:
    """Sales counters of each listing of a chunk."""

    n_sales: Ints
    n_returns: Ints
    n_returned_as_fake: Ints
    revenue: Ints
    n_views: Ints


def count(rng: np.random.Generator, offers: Offers, trade: Trade) -> Counters:
    """Counts orders, returns and claims by listing; they agree with the order lines to the unit."""
    n = len(offers)

    def total(weight: np.ndarray) -> Ints:
        return np.bincount(trade.row, weights=weight, minlength=n).astype(np.int64)

    returned = ~np.isnan(trade.refunded)
    sales = total(trade.quantity)
    return Counters(
        n_sales=sales,
        n_returns=total(returned * trade.quantity),
        n_returned_as_fake=total(returned * (trade.reason >= _FIRST_FAKE_REASON) * trade.quantity),
        revenue=total(trade.amount),
        n_views=rng.poisson(sales * 14.0 + 3.0 * np.sqrt(offers.age_days)),
    )


def stats_table(subject: str, ids: pa.Array, counters: Counters, currency: Ints, world: World) -> pa.Table:
    """`listing_stats` or `merchant_stats` over the whole life of the subject."""
    n = len(ids)
    return pa.table(
        {
            f"{subject}_id": ids,
            "window_start": at(np.full(n, world.as_of - 1500 * DAY)),
            "window_end": at(np.full(n, world.as_of)),
            "n_sales": counters.n_sales,
            "n_returns": counters.n_returns,
            "n_returned_as_fake": counters.n_returned_as_fake,
            "revenue": counters.revenue,
            "currency": pa.array(CURRENCIES).take(pa.array(currency)),
            "n_views": counters.n_views,
        }
    )


def accounts_table(world: World, first: int, n: int) -> pa.Table:
    """Buyer accounts from number `first`; some families and offices share a device or an address."""
    rows = np.arange(first, first + n)
    own = key(world.seed, 501, rows)
    device = np.where(unit(own, 1) < 0.06, key(world.seed, 502, rows // 3), key(world.seed, 503, rows))
    address = np.where(unit(own, 2) < 0.15, key(world.seed, 504, rows // 4), key(world.seed, 505, rows))

    return pa.table(
        {
            "account_id": numbered("A", rows, 9),
            "registered_at": at(world.as_of - DAY * ACCOUNT_DAYS * (1 - rows / world.n_accounts) ** ACCOUNT_BEND),
            "device_id": opaque("D", device),
            "ip": opaque("I", address),
        }
    )


def opaque(prefix: str, keys: Keys) -> pa.Array:
    """Identifiers that say nothing: the prefix and 12 hexadecimal digits of each key."""
    return pc.binary_join_element_wise(prefix, pc.utf8_slice_codeunits(hexadecimal(keys[:, None]), 0, 12), "")
