"""The frame of a period's test buys: every listing that could be bought, with its chance and its sales.

A figure of prevalence speaks for its frame and for nothing else, so what was left out is counted by reason. Sales by
message, private listings and live streams are outside every frame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from assay.engine import Market, ops
from assay.market.errors import CallerError

# A quarter: long enough that most goods sold at all show an order, short enough to speak of now.
PERIOD_DAYS = 90
# Powers of ten: a merchant's neighbours in scale, and few enough classes that each keeps its buys.
_SIZES = ((1, "no orders"), (10, "1-9 orders"), (100, "10-99 orders"), (1_000, "100-999 orders"))
_LARGEST = "1,000 orders or more"
# What the hash is taken over, in this order: what strata, draw and estimate rest on.
HASHED = ("listing_id", "stratum", "score_hundredths", "n_orders", "revenue_minor")


@dataclass(frozen=True, slots=True)
class FrameSettings:
    """What counts as sales: the days before the market's instant, the currency, and rates of others into it.

    `rates`: units of `currency` per unit of another currency (both in minor units). Orders in a currency without a rate
    count as orders and add nothing to revenue; how many there were is said.
    """

    currency: str
    period_days: int = PERIOD_DAYS
    rates: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.period_days < 1:
            raise CallerError(
                f"The period is {self.period_days} days; it must be at least one.",
                value=self.period_days,
                allowed="1 or more",
            )
        for currency, rate in self.rates.items():
            if not 0 < rate < float("inf"):
                raise CallerError(f"The rate of {currency} is {rate}; rates are above 0.", value=rate, allowed="> 0")


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """What is in a frame and what was left out, by reason; `uncounted_orders` by currency without a rate."""

    n_units: int
    n_orders: int
    revenue_minor: int
    currency: str
    exclusions: dict[str, int]
    uncounted_orders: dict[str, int]
    sales_from: str | None


def main_currency(market: Market) -> str:
    """The currency of most orders (else of most live listings); the first by name where two tie."""
    table = market.table("orders") if market.has("orders.currency") else market.table("listings")
    if not market.has("orders.currency", "orders.amount") and not market.has("listings.currency"):
        return "XXX"  # ISO 4217: no currency
    counted = table.filter(table.currency.notnull()).group_by("currency").aggregate(n=ibis._.count())
    rows = market.engine.collect(counted.order_by([ibis.desc("n"), "currency"]).limit(1)).to_pylist()
    return str(rows[0]["currency"])


def candidates(market: Market, scores: ir.Table, settings: FrameSettings) -> ir.Table:
    """Every listing of the market with what a frame needs, and why it is not in the frame.

    Columns: listing_id, merchant_id, score (0 to 100), n_orders and revenue_minor in the period, price_minor, category,
    brand, origin, safety_class, and `excluded` (null = in the frame).
    """
    listings, merchants = market.table("listings"), market.table("merchants").select("merchant_id", "status")
    rated = scores.select("listing_id", "score")
    rows = listings.left_join(rated, "listing_id").drop("listing_id_right")
    rows = rows.left_join(merchants, "merchant_id").drop("merchant_id_right")
    rows = rows.left_join(_sales(market, settings), "listing_id").drop("listing_id_right")
    rows = _with_safety(market, rows)
    return rows.select(
        "listing_id",
        "merchant_id",
        "score",
        n_orders=rows.n_orders.fill_null(0).cast("int64"),
        revenue_minor=rows.revenue_minor.fill_null(0).cast("int64"),
        price_minor=_converted(rows.price, rows.currency, settings),
        category=rows.category,
        brand=rows.brand,
        origin=rows.ships_from,
        safety_class=rows.safety_class,
        excluded=_excluded(rows, market.as_of),
    )


def in_frame(rows: ir.Table) -> ir.Table:
    """The frame: those of `candidates` that nothing excludes, sorted, with `merchant_size` by the merchant's orders."""
    kept = rows.filter(rows.excluded.isnull()).drop("excluded")
    sizes = kept.group_by("merchant_id").aggregate(merchant_orders=kept.n_orders.sum().cast("int64"))
    kept = kept.left_join(sizes, "merchant_id").drop("merchant_id_right")
    steps = [(kept.merchant_orders < least, name) for least, name in _SIZES]
    return kept.mutate(merchant_size=ibis.cases(*steps, else_=_LARGEST)).drop("merchant_orders").order_by("listing_id")


def frame_counts(market: Market, rows: ir.Table, settings: FrameSettings) -> FrameCounts:
    """Size, sales and exclusions of a frame from its `candidates`."""
    counted = rows.group_by(reason=rows.excluded).aggregate(
        n=rows.count(), n_orders=rows.n_orders.sum(), revenue=rows.revenue_minor.sum()
    )
    found = {row["reason"]: row for row in market.engine.collect(counted).to_pylist()}
    inside = found.pop(None, {"n": 0, "n_orders": 0, "revenue": 0})
    return FrameCounts(
        n_units=int(inside["n"]),
        n_orders=int(inside["n_orders"] or 0),
        revenue_minor=int(inside["revenue"] or 0),
        currency=settings.currency,
        exclusions={str(reason): int(found[reason]["n"]) for reason in sorted(found)},
        uncounted_orders=_uncounted(market, settings),
        sales_from=sales_from(market),
    )


def sales_from(market: Market) -> str | None:
    """The table that sales are counted in: orders, else listing_stats, else None (only listings can be measured)."""
    if market.has("orders.ordered_at"):
        return "orders"
    return "listing_stats" if market.has("listing_stats.n_sales") else None


def frame_hash(batches: Iterator[pa.RecordBatch]) -> str:
    """SHA-256 of the frame, sorted by listing_id, as CSV: the columns of `HASHED`, no header, texts quoted, line feeds.

    Anybody who holds the frame can write that file and run sha256sum on it.
    """
    digest = hashlib.sha256()
    for batch in batches:
        cells = [_csv_cells(batch[name]) for name in HASHED]
        lines = pc.binary_join_element_wise(*cells, ",").to_pylist()
        digest.update("".join(f"{line}\n" for line in lines).encode())
    return digest.hexdigest()


def _csv_cells(column: pa.Array) -> pa.Array:
    if not pa.types.is_string(column.type):
        return column.cast(pa.string())
    return pc.binary_join_element_wise('"', pc.replace_substring(column, '"', '""'), '"', "")


def _excluded(rows: ir.Table, as_of: datetime) -> ir.StringValue:
    """Why a listing cannot be bought or drawn at `as_of`; null when it can."""
    now = ibis.literal(as_of)
    return ibis.cases(
        ((rows.removed_at <= now).fill_null(False), "removed"),
        ((rows.listed_at > now).fill_null(False), "not yet listed"),
        (rows.status.isin(["suspended", "closed"]).fill_null(False), "merchant closed or suspended"),
        ((rows.quantity == 0).fill_null(False), "sold out"),
        (rows.score.isnull(), "not rated"),
        else_=ibis.null("string"),
    )


def _sales(market: Market, settings: FrameSettings) -> ir.Table:
    """listing_id, n_orders, revenue_minor in the period."""
    source, end = sales_from(market), ibis.literal(market.as_of)
    if source is None:
        nothing = market.table("listings").select("listing_id")
        return nothing.mutate(n_orders=ibis.literal(0, "int64"), revenue_minor=ibis.literal(0, "int64"))
    if source == "listing_stats":
        stats = market.table("listing_stats")
        newest = ibis.window(group_by="listing_id", order_by=ibis.desc("window_end"))
        latest = stats.filter(stats.window_end <= end).mutate(place=ibis.row_number().over(newest))
        rows = latest.filter(latest.place == 0)
        revenue = _converted(rows.revenue, rows.currency, settings)
        return rows.select("listing_id", n_orders=rows.n_sales, revenue_minor=revenue)
    rows = _orders(market, settings)
    rows = rows.mutate(minor=_converted(rows.amount, rows.currency, settings))
    return rows.group_by("listing_id").aggregate(
        n_orders=rows.count(), revenue_minor=rows.minor.sum().fill_null(0).cast("int64")
    )


def _orders(market: Market, settings: FrameSettings) -> ir.Table:
    orders = market.table("orders")
    start = ibis.literal(market.as_of - timedelta(days=settings.period_days))
    return orders.filter((orders.ordered_at > start) & (orders.ordered_at <= ibis.literal(market.as_of)))


def _uncounted(market: Market, settings: FrameSettings) -> dict[str, int]:
    if sales_from(market) != "orders":
        return {}
    rows = _orders(market, settings)
    unknown = rows.filter(~rows.currency.isin([settings.currency, *settings.rates]).fill_null(False))
    counted = unknown.group_by(code=unknown.currency.fill_null("none")).aggregate(n=unknown.count())
    return {str(row["code"]): int(row["n"]) for row in market.engine.collect(counted.order_by("code")).to_pylist()}


def _converted(minor: ir.IntegerValue, currency: ir.StringValue, settings: FrameSettings) -> ir.IntegerValue:
    """Money in the frame's currency, rounded to minor units; null in a currency without a rate."""
    steps = [(currency == settings.currency, minor.cast("int64"))]
    steps += [(currency == code, ops.truncated(minor.cast("float64") * rate + 0.5)) for code, rate in _sorted(settings)]
    return ibis.cases(*steps, else_=ibis.null("int64"))


def _sorted(settings: FrameSettings) -> list[tuple[str, float]]:
    return sorted((code, rate) for code, rate in settings.rates.items() if code != settings.currency)


def _with_safety(market: Market, rows: ir.Table) -> ir.Table:
    """Adds safety_class of the brand that the listing names, by name or alias; null when the brand is not known."""
    if not market.has("brands.safety_class"):
        return rows.mutate(safety_class=ibis.null("string"))
    classes = brand_classes(market)
    known = pa.table({"name_key": list(classes), "safety_class": list(classes.values())})
    names = market.engine.table(known, "brand_safety")
    keyed = rows.mutate(brand_key=ops.trimmed(rows.brand).lower())
    return keyed.left_join(names, keyed.brand_key == names.name_key).drop("name_key", "brand_key")


def brand_classes(market: Market) -> dict[str, str]:
    """Safety class of every brand that has one, by its names and aliases in lower case; empty where none has."""
    if not market.has("brands.safety_class"):
        return {}
    classes: dict[str, str] = {}
    brands = market.table("brands").select("brand_id", "name", "aliases", "safety_class")
    for row in market.engine.collect(brands.order_by(["name", "brand_id"])).to_pylist():
        for name in [row["name"], *(orjson.loads(row["aliases"]) if row["aliases"] else ())]:
            if row["safety_class"]:
                classes.setdefault(str(name).strip().lower(), row["safety_class"])
    return classes
