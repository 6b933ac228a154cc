"""Price: against what other merchants were paid, what authorised merchants ask, the list price; odd prices that recur.

Never monotone: counterfeits are found far below the usual price and, on some marketplaces, above it.
"""

from __future__ import annotations

from math import exp, log

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace
from assay.signals.goods import cells, goods, with_cell_facts, with_product_facts
from assay.signals.outcome import columns_of, computable, told
from assay.signals.price_points import (
    USUAL_ENDING_SHARE,
    authorised_prices,
    basis,
    recurring_prices,
    reference_prices,
    with_odd_price,
)
from assay.signals.references import LEVEL_CATEGORY, LEVEL_MODEL, references, with_reference
from assay.signals.signal import Direction, Row, Signal, counted, money_text, ratio_text

# Within a brand x category cell log prices vary by 0.25 (standard deviation, 20,000 listings of Flipkart 2016); a
# factor of 2 lies 2.8 of these away. A smaller factor shows more listings and more that are merely on sale.
_FACTOR = 2.0
# Genuine discounts reach 75 % off the list price at their 95th percentile (same data), so only more than that is shown.
_LIST_FACTOR_BELOW = 0.25
# A modified z-score beyond 3.5 is an outlier (Iglewicz & Hoaglin 1993, chapter 3).
_OUTLIER = 3.5
# Below 5 % prices are the same in all but rounding; without a floor, equal prices would make every other an outlier.
LEAST_SPREAD = 0.05
# Two merchants may meet by chance on an odd price; with two others asking it as well a common price list is likelier.
_REPEATED = 2.0
# Facts that charts of ordinary listings want too.
_ALWAYS = ("price_gap__reference", "price_gap__n_merchants", "price_gap__level")


def measure(market: Market, work: Workspace) -> ir.Table | None:
    """One row per listing with the price signals that the market allows and their facts; None without prices."""
    signals = computable(market, SIGNALS, "listing")
    if not signals:
        return None
    offered = goods(market, work)
    odd = with_odd_price(offered, work)
    found = references(work, "price", reference_prices(offered, market, work), cells(market, work))
    table = with_product_facts(odd, market, work, "list_price", "currency", "model")
    table = with_reference(with_cell_facts(table, market, work), found)
    table = table.mutate(log_price=table.price.nullif(0).cast("float64").ln())
    table = _with_gap(table.mutate(price_gap__basis=ibis.literal(basis(market))))
    table = _with_authorised_gap(table, offered)
    table = _with_list_gap(_with_repeated(table, odd))
    return work.step("price", told(columns_of(table, signals, "listing"), signals, *_ALWAYS))


def _with_gap(table: ir.Table) -> ir.Table:
    gap = table.log_price - table.reference
    is_of_brand, nothing = table.level != LEVEL_CATEGORY, ibis.null("float64")
    return table.mutate(
        price_gap=is_of_brand.ifelse(gap, nothing),
        price_category_gap=is_of_brand.ifelse(nothing, gap),
        price_gap__price=table.price,
        price_gap__brand=table.brand_name.nullif(""),
        price_gap__category=table.category,
        price_gap__currency=table.currency,
        price_gap__reference=table.reference.exp().round().cast("int64"),
        price_gap__n_merchants=table.n_others.cast("int32"),
        price_gap__n_listings=table.n_sold.cast("int32"),
        price_gap__level=table.level,
        price_outlier=gap / ibis.greatest(table.spread, LEAST_SPREAD),
        price_outlier__spread=ibis.greatest(table.spread, LEAST_SPREAD),
    )


def _with_authorised_gap(table: ir.Table, offered: ir.Table) -> ir.Table:
    official = authorised_prices(offered)
    table = table.left_join(official, table.cell == official.authorised_cell).drop("authorised_cell")
    others = table.unauthorised == 1.0
    return table.mutate(
        price_authorised_gap=others.ifelse(table.log_price - table.authorised_log, ibis.null("float64")),
        price_authorised_gap__reference=table.authorised_log.exp().round().cast("int64"),
        price_authorised_gap__n_merchants=table.n_authorised.cast("int32"),
    )


def _with_repeated(table: ir.Table, odd: ir.Table) -> ir.Table:
    recurring = recurring_prices(odd)
    same = [table.cell == recurring.recurring_cell, table.price == recurring.recurring_price]
    joined = table.left_join(recurring, same).drop("recurring_cell", "recurring_price")
    others = (joined.n_asking - 1).fill_null(0)
    checked = (joined.price > 0) & (joined.brand_key != "")
    counted = joined.is_odd_price.fill_null(False).ifelse(others, 0).cast("float64")
    return joined.mutate(price_repeated=checked.ifelse(counted, ibis.null("float64")))


def _with_list_gap(table: ir.Table) -> ir.Table:
    same = table.currency.fill_null("") == table.catalogue_currency.fill_null("")
    list_log = same.ifelse(table.catalogue_list_price.nullif(0), ibis.null("int64")).cast("float64").ln()
    return table.mutate(
        price_list_gap=table.log_price - list_log,
        price_list_gap__list_price=table.catalogue_list_price,
        price_list_gap__model=table.catalogue_model,
    )


def _price(row: Row) -> str:
    return money_text(row["price_gap__price"], row["price_gap__currency"])


def _goods(row: Row) -> str:
    return f"{row['price_gap__brand'] or ''} {_leaf(row)}".strip() or "goods of the same brand and category"


def _leaf(row: Row) -> str:
    category: str | None = row["price_gap__category"]
    return category.rpartition(">")[2].strip() if category else ""


def _compared(row: Row) -> str:
    """The goods that the reference is taken from."""
    if row["price_gap__level"] == LEVEL_CATEGORY:
        return f"{_leaf(row) or 'its category'} of any brand"
    return f"this model of {_goods(row)}" if row["price_gap__level"] == LEVEL_MODEL else _goods(row)


def _gap_sentence(row: Row) -> str:
    """The price, the usual price, whose it is and how many stand behind it."""
    n = row["price_gap__n_merchants"]
    paid, ask = ("was paid", "asks") if n == 1 else ("were paid", "ask")
    did = paid if row["price_gap__basis"] == "paid" else ask
    usual = money_text(row["price_gap__reference"], row["price_gap__currency"])
    who = f"{counted(n, 'other merchant')} {did} for {counted(row['price_gap__n_listings'], 'listing')}"
    price, times = _price(row), ratio_text(exp(_either_gap(row)))
    return f"Price {price} against a usual {usual} for {_compared(row)} (median of what {who}): {times}."


def _either_gap(row: Row) -> float:
    """The gap to the brand's own goods, else to the category."""
    gap: float | None = row["price_gap"]
    return float(row["price_category_gap"]) if gap is None else gap


def _outlier_sentence(row: Row) -> str:
    usual = money_text(row["price_gap__reference"], row["price_gap__currency"])
    side = "above" if row["price_outlier"] > 0 else "below"
    return (
        f"Price {_price(row)} lies {abs(row['price_outlier']):.1f} standard deviations {side} the usual {usual}; "
        f"prices of {_compared(row)} commonly differ by a factor of {exp(row['price_outlier__spread']):.2f}."
    )


def _authorised_sentence(row: Row) -> str:
    usual = money_text(row["price_authorised_gap__reference"], row["price_gap__currency"])
    n = row["price_authorised_gap__n_merchants"]
    who = "the one authorised merchant" if n == 1 else f"{n:,} authorised merchants (median)"
    asks, times = "asks" if n == 1 else "ask", ratio_text(exp(row["price_authorised_gap"]))
    return f"Price {_price(row)} against {usual} that {who} {asks} for {_goods(row)}: {times}."


def _repeated_sentence(row: Row) -> str:
    n = int(row["price_repeated"])
    others = "1 other merchant asks" if n == 1 else f"{n:,} other merchants ask"
    return f"Price {_price(row)}, an amount with an unusual ending; {others} exactly the same for {_goods(row)}."


def _list_sentence(row: Row) -> str:
    listed = money_text(row["price_list_gap__list_price"], row["price_gap__currency"])
    model = row["price_list_gap__model"] or "the same product"
    times = ratio_text(exp(row["price_list_gap"]))
    return f"Price {_price(row)} against a list price of {listed} for {model}: {times}."


SIGNALS: tuple[Signal, ...] = (
    Signal(
        id="price-gap",
        subject="listing",
        unit="natural log of the ratio",
        direction=Direction.TWO_SIDED,
        needs=("listings.price",),
        sentence=_gap_sentence,
        rationale=(
            "Counterfeits are made for less and sold for less, or, where buyers take a high price for a proof, for "
            "more. The usual price is the median over other merchants of what buyers paid them (each merchant once, "
            "with the geometric mean of its listings; the own merchant left out exactly), in the finer of brand x "
            "category x model and brand x category, per currency, that at least 5 merchants have sold in."
        ),
        source=(
            "Wadleigh, Drew and Moore, WWW 2015 (percent saved); brand x category cells hold log prices 2.6 times "
            "tighter than categories (Flipkart 2016); on Ozon's labels counterfeits are dearer than average"
        ),
        example="29.00 EUR against a usual 129.00 EUR: log(29 / 129) = -1.49",
        fires_above=log(_FACTOR),
        fires_below=-log(_FACTOR),
    ),
    Signal(
        id="price-category-gap",
        subject="listing",
        unit="natural log of the ratio",
        direction=Direction.TWO_SIDED,
        needs=("listings.price", "listings.category"),
        sentence=_gap_sentence,
        rationale=(
            "Where too few others sell the brand, its whole category is all there is to compare with. Categories hold "
            "unlike goods, so the model may weigh this gap and nobody is shown it as a discrepancy."
        ),
        source="within a category log prices vary by 0.66, within brand x category by 0.25 (Flipkart 2016)",
        example="29.00 EUR against a usual 129.00 EUR for sneakers of any brand: log(29 / 129) = -1.49",
    ),
    Signal(
        id="price-outlier",
        subject="listing",
        unit="standard deviations",
        direction=Direction.TWO_SIDED,
        needs=("listings.price",),
        sentence=_outlier_sentence,
        rationale=(
            "The same gap weighs more where prices hardly differ than where everybody asks something else: the gap "
            "over the spread of the cell, read off its quartiles (at least 5 %)."
        ),
        source="Iglewicz and Hoaglin 1993, chapter 3 (robust z-scores and the bound of 3.5)",
        example="a gap of -1.49 in a cell with a spread of 0.12 gives -12.4",
        fires_above=_OUTLIER,
        fires_below=-_OUTLIER,
    ),
    Signal(
        id="price-authorised-gap",
        subject="listing",
        unit="natural log of the ratio",
        direction=Direction.TWO_SIDED,
        needs=("listings.price", "listings.brand", "brands.authorised_merchants"),
        sentence=_authorised_sentence,
        rationale=(
            "Authorised merchants sell what is certainly genuine; goods of the same brand and category from a "
            "merchant who is not authorised should cost about the same. Only for merchants who are not on the "
            "brand's list."
        ),
        source="Wilson and Fenoff 2014 (authorised against illicit shops); registry of authorised merchants",
        example="29.00 EUR against 135.00 EUR at authorised merchants: -1.54",
        fires_above=log(_FACTOR),
        fires_below=-log(_FACTOR),
    ),
    Signal(
        id="price-repeated",
        subject="listing",
        unit="merchants",
        direction=Direction.MORE,
        needs=("listings.price", "listings.brand"),
        sentence=_repeated_sentence,
        rationale=(
            "Merchants who are supplied with the same price list ask the same odd amounts. An amount is odd when "
            f"its last two digits are used by at most {USUAL_ENDING_SHARE:.0%} of the prices in its currency, so "
            "that .99 or whole amounts never count; in a market of fewer than 50 prices nothing is odd."
        ),
        source="Wadleigh, Drew and Moore, WWW 2015 (duplicate prices); Schindler and Kirby 1997 (price endings)",
        example="87.63 EUR asked by 4 merchants for the same brand and category gives 3 for each",
        fires_above=_REPEATED,
    ),
    Signal(
        id="price-list-gap",
        subject="listing",
        unit="natural log of the ratio",
        direction=Direction.TWO_SIDED,
        needs=("listings.price", "products.list_price"),
        sentence=_list_sentence,
        rationale=(
            "The catalogue's own price of the very product, found by GTIN or by brand and model, in the same "
            "currency; it stands in where nobody has sold enough to say what is usual."
        ),
        source="genuine discounts reach 75 % off list at the 95th percentile (Flipkart 2016)",
        example="29.00 EUR against a list price of 139.00 EUR: -1.57",
        fires_above=log(_FACTOR),
        fires_below=log(_LIST_FACTOR_BELOW),
    ),
)
