"""Orders: refunds, refunds as fake, parcels of another weight or origin than stated; returns from counters."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace
from assay.signals.counters import counters
from assay.signals.goods import goods
from assay.signals.outcome import columns_of, computable, told
from assay.signals.parcels import with_origin, with_weight_gap
from assay.signals.rates import market_rates, percent, shrunken
from assay.signals.sales import sales, sales_by_origin
from assay.signals.signal import Direction, Row, Signal, counted, ratio_text

# One claim of fake among a subject's first three orders, or one in twenty of many: see rates.PRIOR_EVENTS.
_FAKE_RATE = 0.05
# Returns for any reason run at 5 to 30 % with the category; a quarter after shrinking is far above most of them.
_RETURN_RATE = 0.25
# Parcels of one product differ by packaging only, a few percent to a fifth; by half is other goods or other content.
_WEIGHT_FACTOR = 1.5
# Half the parcels: a second warehouse explains some, not most.
_ELSEWHERE = 0.5


def measure_listings(market: Market, work: Workspace) -> ir.Table | None:
    """One row per listing with what its orders and counters say; None when the market has neither."""
    signals = computable(market, SIGNALS, "listing")
    if not signals:
        return None
    table = market.table("listings").select("listing_id")
    if market.has("orders"):
        table = _with_orders(market, work)
    if market.has("listing_stats"):
        table = _with_counters(table, market, "listing", "stats")
    return work.step("orders", told(columns_of(table, signals, "listing"), signals))


def measure_merchants(market: Market, work: Workspace) -> ir.Table | None:
    """One row per merchant with what the orders and counters of all its goods say; None when the market has "
    "neither."""
    signals = computable(market, SIGNALS, "merchant")
    if not signals:
        return None
    table = market.table("merchants").select("merchant_id")
    if market.has("orders"):
        table = _joined(table, _by_merchant(market, work), "merchant_id")
        table = _with_refund_rates(table, market, work, "orders_merchant")
    if market.has("merchant_stats"):
        table = _with_counters(table, market, "merchant", "stats_merchant")
    return work.step("orders_merchants", columns_of(table, signals, "merchant"))


def _with_orders(market: Market, work: Workspace) -> ir.Table:
    table = _joined(goods(market, work), sales(market, work), "listing_id")
    table = _with_refund_rates(table, market, work, "orders").mutate(orders_count=table.n_orders.fill_null(0))
    if market.has("orders.ships_from", "listings.ships_from"):
        table = with_origin(table, market, work)
    if market.has("orders.parcel_weight_g"):
        table = with_weight_gap(table, market, work)
    return table


def _by_merchant(market: Market, work: Workspace) -> ir.Table:
    parts = sales_by_origin(market, work)
    joined = parts.join(market.table("listings").select("listing_id", "merchant_id"), "listing_id")
    counts = ("n_orders", "n_refunded", "n_refunded_as_fake")
    return joined.group_by("merchant_id").agg(**{name: joined[name].sum() for name in counts})


def _joined(table: ir.Table, sums: ir.Table, key: str) -> ir.Table:
    sums = sums.rename(summed_id=key)
    return table.left_join(sums, table[key] == sums.summed_id).drop("summed_id")


def _with_refund_rates(table: ir.Table, market: Market, work: Workspace, prefix: str) -> ir.Table:
    """Adds the shrunken rates of refunds and of refunds as fake, with their counts and the market's rates as "
    "facts."""
    parts = {"any": ("n_refunded", "n_orders"), "fake": ("n_refunded_as_fake", "n_orders")}
    usual = market_rates(market.engine, sales_by_origin(market, work), **parts)
    fake, refunds = f"{prefix}_refund_fake_rate", f"{prefix}_refund_rate"
    return table.mutate(
        **{
            fake: shrunken(table.n_refunded_as_fake, table.n_orders, usual["fake"]),
            f"{fake}__n_hits": table.n_refunded_as_fake.cast("int32"),
            f"{fake}__n_events": table.n_orders.cast("int32"),
            f"{fake}__usual": ibis.literal(usual["fake"]),
            refunds: shrunken(table.n_refunded, table.n_orders, usual["any"]),
            f"{refunds}__n_hits": table.n_refunded.cast("int32"),
            f"{refunds}__n_events": table.n_orders.cast("int32"),
            f"{refunds}__usual": ibis.literal(usual["any"]),
        }
    )


def _with_counters(table: ir.Table, market: Market, subject: str, prefix: str) -> ir.Table:
    """Adds the shrunken rates of returns and of returns as fake from the counters of a subject, and its sales."""
    sums = counters(market, subject)
    parts = {"any": ("n_returns", "n_sales"), "fake": ("n_returned_as_fake", "n_sales")}
    usual = market_rates(market.engine, sums, **parts)
    table = _joined(table, sums, f"{subject}_id")
    added: dict[str, ir.Value] = {f"{prefix}_sales": table.n_sales.fill_null(0)}
    for name, part, count in (("fake_return", "fake", "n_returned_as_fake"), ("return", "any", "n_returns")):
        signal = f"{prefix}_{name}_rate"
        added[signal] = shrunken(table[count], table.n_sales, usual[part])
        added[f"{signal}__n_hits"] = table[count].cast("int32")
        added[f"{signal}__n_events"] = table.n_sales.cast("int32")
        added[f"{signal}__usual"] = ibis.literal(usual[part])
    return table.mutate(**added)


def _rate_sentence(column: str, one: str, whose: str, did: str) -> Callable[[Row], str]:
    def sentence(row: Row) -> str:
        hits, events = row[f"{column}__n_hits"], row[f"{column}__n_events"]
        usual = percent(row[f"{column}__usual"])
        were = "was" if hits == 1 else "were"
        return f"{hits:,} of {counted(events, one)}{whose} {were} {did}; in the whole market it is {usual}."

    return sentence


def _weight_sentence(row: Row) -> str:
    stated = f"{row['orders_weight_gap__reference_g']:,.0f} g"
    n = row["orders_weight_gap__n_merchants"]
    whose = "in the catalogue" if n is None else f"usual in parcels of {counted(n, 'other merchant')} of the same goods"
    weight = f"{row['orders_weight_gap__weight_g']:,.0f} g"
    return f"Parcels weigh {weight} a unit against {stated} {whose}: {ratio_text(exp(row['orders_weight_gap']))}."


def _origin_sentence(row: Row) -> str:
    elsewhere, scanned = row["orders_origin__n_elsewhere"], row["orders_origin__n_scanned"]
    claimed = row["orders_origin__claimed"]
    were = "was" if elsewhere == 1 else "were"
    parcels = f"{elsewhere:,} of {counted(scanned, 'parcel')}"
    return f"Said to ship from {claimed}; {parcels} {were} first scanned in another country."


_RATE_FORMULA = "shrunken rate (hits + 20 x market rate) / (events + 20), so that a single order does not decide"
_RATE_SOURCE = "Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4 (Beta prior)"


def _rate(id: str, subject: str, needs: str, said: tuple[str, str, str], why: str, fires_above: float) -> Signal:
    return Signal(
        id=id,
        subject=subject,
        unit="share",
        direction=Direction.MORE,
        needs=(needs,),
        sentence=_rate_sentence(id.replace("-", "_"), *said),
        rationale=f"{why} {_RATE_FORMULA[0].upper()}{_RATE_FORMULA[1:]}.",
        source=_RATE_SOURCE,
        example="3 of 14 with a market rate of 0.4 %: (3 + 0.08) / 34 = 0.091",
        fires_above=fires_above,
    )


def _count(id: str, needs: str, *what: str) -> Signal:
    column = id.replace("-", "_")
    return Signal(
        id=id,
        subject="listing",
        unit="count",
        direction=Direction.TWO_SIDED,
        needs=(needs,),
        sentence=lambda row: f"{counted(row[column], *what)} up to the rating.",
        rationale="How much the other signals of sales rest on; new and unsold goods are judged by everything else.",
        source="Ozon E-CUP 2025, published analysis (sales and returns among the strongest columns)",
        example="14 orders give 14; a listing that nobody bought gives 0",
    )


_AS_FAKE = "Buyers hold the goods in their hands: those who send them back as fake are the nearest thing to a test."
_RETURNED = "Goods that are not what they are said to be come back more often, whatever reason is given."

SIGNALS: tuple[Signal, ...] = (
    _rate(
        "orders-refund-fake-rate",
        "listing",
        "orders.refund_reason",
        ("order", "", "refunded with a reason that says fake"),
        _AS_FAKE,
        _FAKE_RATE,
    ),
    _rate("orders-refund-rate", "listing", "orders.refunded_at", ("order", "", "refunded"), _RETURNED, _RETURN_RATE),
    Signal(
        id="orders-weight-gap",
        subject="listing",
        unit="natural log of the ratio",
        direction=Direction.TWO_SIDED,
        needs=("orders.parcel_weight_g",),
        sentence=_weight_sentence,
        rationale=(
            "Copies are made of lighter or heavier material, and an empty parcel is lighter still. Weight of all "
            "weighed parcels over the units in them, against the catalogue's weight of the product, else the middle "
            "of what other merchants' parcels of the same brand, category and model weigh."
        ),
        source="Alibaba's listing model uses dispatch and parcel patterns (Luxury Law Alliance, 2017)",
        example="310 g a unit against 820 g in the catalogue: log(310 / 820) = -0.97",
        fires_above=log(_WEIGHT_FACTOR),
        fires_below=-log(_WEIGHT_FACTOR),
    ),
    Signal(
        id="orders-origin",
        subject="listing",
        unit="share",
        direction=Direction.MORE,
        needs=("orders.ships_from", "listings.ships_from"),
        sentence=_origin_sentence,
        rationale=(
            "Where a parcel is scanned first cannot be written by the merchant. Share of parcels first scanned in "
            "another country than the listing says it ships from."
        ),
        source="Alibaba's listing model uses dispatch patterns (Luxury Law Alliance, 2017)",
        example="9 of 10 parcels of goods said to ship from IT are first scanned in CN: 0.9",
        fires_above=_ELSEWHERE,
    ),
    _count("orders-count", "orders.order_id", "order"),
    _rate(
        "stats-fake-return-rate",
        "listing",
        "listing_stats.n_returned_as_fake",
        ("unit", " sold", "returned as fake"),
        _AS_FAKE,
        _FAKE_RATE,
    ),
    _rate(
        "stats-return-rate",
        "listing",
        "listing_stats.n_returns",
        ("unit", " sold", "returned"),
        _RETURNED,
        _RETURN_RATE,
    ),
    _count("stats-sales", "listing_stats.n_sales", "unit sold", "units sold"),
    _rate(
        "orders-merchant-refund-fake-rate",
        "merchant",
        "orders.refund_reason",
        ("order", " of all its goods", "refunded with a reason that says fake"),
        _AS_FAKE,
        _FAKE_RATE,
    ),
    _rate(
        "orders-merchant-refund-rate",
        "merchant",
        "orders.refunded_at",
        ("order", " of all its goods", "refunded"),
        _RETURNED,
        _RETURN_RATE,
    ),
    _rate(
        "stats-merchant-fake-return-rate",
        "merchant",
        "merchant_stats.n_returned_as_fake",
        ("unit", " sold of all its goods", "returned as fake"),
        _AS_FAKE,
        _FAKE_RATE,
    ),
    _rate(
        "stats-merchant-return-rate",
        "merchant",
        "merchant_stats.n_returns",
        ("unit", " sold of all its goods", "returned"),
        _RETURNED,
        _RETURN_RATE,
    ),
)
