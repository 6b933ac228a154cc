"""Listings: age, large edits, where they ship from, whether the merchant is authorised, and plain sizes."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace, ops
from assay.signals.goods import goods, with_cell_facts, with_product_facts
from assay.signals.outcome import columns_of, computable, told
from assay.signals.signal import Direction, Row, Signal, counted

# Amazon flags repeated large edits after approval; genuine listings see a handful over years (season, new pictures).
_MANY_EDITS = 5.0


def measure(market: Market, work: Workspace) -> ir.Table | None:
    """One row per listing with what its own columns and its merchant say; None when nothing can be measured.

    An expression over the goods, not a step: it costs less to compute than to read back.
    """
    signals = computable(market, SIGNALS, "listing")
    if not signals:
        return None
    table = _with_plain_facts(goods(market, work), market)
    if market.has("listings.ships_from", "merchants.country"):
        table = _with_merchant_country(table, market)
    if market.has("listings.ships_from", "products.origin"):
        table = _with_catalogue_origin(table, market, work)
    if market.has("brands.authorised_merchants"):
        table = with_cell_facts(table, market, work)
        named = (table.unauthorised == 1.0).ifelse(table.brand_name, ibis.null("string"))
        table = table.mutate(listing_authorised=table.unauthorised, listing_authorised__brand=named)
    return told(columns_of(table, signals, "listing"), signals)


def _with_plain_facts(table: ir.Table, market: Market) -> ir.Table:
    age = ops.days_between(table.listed_at, ibis.literal(market.as_of))
    return table.mutate(
        listing_age=(age >= 0).ifelse(age, ibis.null("float64")),
        listing_edits=table.n_edits,
        listing_quantity=table.quantity,
        listing_title_length=table.title_length,
        listing_description_length=table.description_length,
    )


def _with_merchant_country(table: ir.Table, market: Market) -> ir.Table:
    merchants = market.table("merchants").select(owner_id="merchant_id", country="country")
    table = table.left_join(merchants, table.merchant_id == merchants.owner_id).drop("owner_id")
    return table.mutate(
        listing_ships_from=ops.flag(table.ships_from != table.country),
        listing_ships_from__stated=table.ships_from,
        listing_ships_from__country=table.country,
    )


def _with_catalogue_origin(table: ir.Table, market: Market, work: Workspace) -> ir.Table:
    table = with_product_facts(table, market, work, "origin")
    return table.mutate(
        listing_origin=ops.flag(table.ships_from != table.catalogue_origin),
        listing_origin__stated=table.ships_from,
        listing_origin__catalogue=table.catalogue_origin,
    )


def _age_sentence(row: Row) -> str:
    return f"On offer for {counted(row['listing_age'], 'day')} when rated."


def _edits_sentence(row: Row) -> str:
    return f"Approved once and changed {counted(row['listing_edits'], 'time')} since in title, brand or pictures."


def _ships_from_sentence(row: Row) -> str:
    if not row["listing_ships_from"]:
        return f"Ships from {row['listing_ships_from__stated']}, the country that the merchant states."
    country = row["listing_ships_from__country"]
    return f"Said to ship from {row['listing_ships_from__stated']}; the merchant states {country} as its country."


def _origin_sentence(row: Row) -> str:
    if not row["listing_origin"]:
        return f"Ships from {row['listing_origin__stated']}, like the genuine product."
    return (
        f"Said to ship from {row['listing_origin__stated']}; the genuine product ships from "
        f"{row['listing_origin__catalogue']}."
    )


def _authorised_sentence(row: Row) -> str:
    if not row["listing_authorised"]:
        return "The brand's list of authorised merchants names this merchant."
    return (
        f"Offered as {row['listing_authorised__brand']}; the brand's list of authorised merchants does not "
        "name this merchant."
    )


def _size(id: str, column: str, unit: str, what: str, example: str) -> Signal:
    value = id.replace("-", "_")
    return Signal(
        id=id,
        subject="listing",
        unit=unit,
        direction=Direction.TWO_SIDED,
        needs=(column,),
        sentence=lambda row: f"{what}: {counted(row[value], unit.removesuffix('s'))}.",
        rationale=(
            "A plain size: templates and careless or bulk offers differ from ordinary ones, in either direction."
        ),
        source="Ozon E-CUP 2025, published analysis (title length, description and stock among the strongest columns)",
        example=example,
    )


SIGNALS: tuple[Signal, ...] = (
    Signal(
        id="listing-age",
        subject="listing",
        unit="days",
        direction=Direction.LESS,
        needs=("listings.listed_at",),
        sentence=_age_sentence,
        rationale=(
            "Counterfeit offers live until they are found and then come back as new ones. Days from listing to "
            "rating, also for goods since removed, so that the removal itself tells nothing."
        ),
        source="Ozon's labels: median 9 days for counterfeits against 146; Wadleigh, Drew and Moore, WWW 2015",
        example="listed on 23 May, rated on 1 June: 9",
    ),
    Signal(
        id="listing-edits",
        subject="listing",
        unit="count",
        direction=Direction.MORE,
        needs=("listings.n_edits",),
        sentence=_edits_sentence,
        rationale=(
            "A listing can be approved as one thing and turned into another; large edits after approval show it."
        ),
        source="Amazon, brand protection reports 2022 and 2023 (repeated changes of pages are scanned)",
        example="7 large edits give 7",
        fires_above=_MANY_EDITS,
    ),
    Signal(
        id="listing-ships-from",
        subject="listing",
        unit="yes or no",
        direction=Direction.MORE,
        needs=("listings.ships_from", "merchants.country"),
        sentence=_ships_from_sentence,
        rationale=(
            "A merchant that ships from another country than its own does not hold the goods where it says it is."
        ),
        source="Wadleigh, Drew and Moore, WWW 2015 (country of registration)",
        example="ships from CN, merchant in FR: 1",
        fires_above=1.0,
    ),
    Signal(
        id="listing-origin",
        subject="listing",
        unit="yes or no",
        direction=Direction.TWO_SIDED,
        needs=("listings.ships_from", "products.origin"),
        sentence=_origin_sentence,
        rationale=(
            "The catalogue knows where the genuine product ships from. Resale from a third country is honest too, "
            "so this only adds weight."
        ),
        source="catalogue of the rights holder",
        example="ships from CN, genuine product ships from IT: 1",
    ),
    Signal(
        id="listing-authorised",
        subject="listing",
        unit="yes or no",
        direction=Direction.MORE,
        needs=("listings.brand", "brands.authorised_merchants"),
        sentence=_authorised_sentence,
        rationale=(
            "1 when the brand keeps a list of authorised merchants and this one is not on it, 0 when it is; not "
            "checked when the brand is unknown or keeps no list. Resale of genuine goods needs no authorisation: "
            "not a fault by itself."
        ),
        source="TikTok Shop and Alibaba ask for letters of authorisation",
        example="a merchant not on the brand's list: 1",
        fires_above=1.0,
    ),
    _size("listing-quantity", "listings.quantity", "units", "On offer", "500 units give 500"),
    _size("listing-title-length", "listings.title", "characters", "Title", "'Norvane TR-200' gives 14"),
    _size("listing-description-length", "listings.description", "characters", "Description", "none: not checked"),
)
