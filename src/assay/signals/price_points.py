"""Prices to compare with: what was paid per listing, what authorised merchants ask, odd prices that recur."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace, ops
from assay.signals.sales import sales

# A price ending (the last two digits of the minor units) is usual in a currency when more than this share of its prices
# has it. Endings drawn evenly hold 1 % each; .99, .00, .95 and .90 hold 5 to 60 % (Schindler & Kirby 1997).
USUAL_ENDING_SHARE = 0.02
ENDINGS = 100

BASES = ("paid", "asked")


def basis(market: Market) -> str:
    """Whether references rest on what buyers paid (orders or counters of sales) or, without these, on asking prices."""
    has_orders = market.has("orders.amount")
    return "paid" if has_orders or market.has("listing_stats.revenue", "listing_stats.n_sales") else "asked"


def reference_prices(priced: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """One row per listing with a price to learn from: listing_id, merchant_id, cell, category_cell, model, value.

    `value` is the log of minor units. Paid prices are the amount over the units of a listing's orders, else of its
    counters, in the listing's own currency; without any sale in the market they are asking prices.
    """
    if market.has("orders.amount"):
        paid = _paid_in_orders(market, work)
    elif market.has("listing_stats.revenue", "listing_stats.n_sales"):
        paid = _paid_in_stats(market)
    else:
        return _observed(priced, priced.price)
    paid = paid.rename(sold="listing_id", sold_currency="currency")
    joined = priced.join(paid, priced.listing_id == paid.sold)
    same = joined.sold_currency.isnull() | joined.currency.isnull() | (joined.sold_currency == joined.currency)
    return _observed(joined.filter(same), joined.paid)


def _observed(table: ir.Table, price: ir.NumericColumn) -> ir.Table:
    above = table.mutate(price_learnt=price.cast("float64"))
    above = above.filter(above.price_learnt > 0)
    return above.select("listing_id", "merchant_id", "cell", "category_cell", "model", value=above.price_learnt.ln())


def _paid_in_orders(market: Market, work: Workspace) -> ir.Table:
    sold = sales(market, work)
    one_currency = sold.currency_low.isnull() | (sold.currency_low == sold.currency_high)
    sold = sold.filter(one_currency & (sold.amount_units > 0))
    return sold.select("listing_id", currency="currency_low", paid=ops.ratio(sold.amount, sold.amount_units))


def _paid_in_stats(market: Market) -> ir.Table:
    stats = market.table("listing_stats")
    stats = stats.filter((stats.n_sales > 0) & (stats.revenue > 0))
    sums = stats.group_by("listing_id").agg(
        revenue=stats.revenue.sum(), n=stats.n_sales.sum(), currency=stats.currency.min(), other=stats.currency.max()
    )
    sums = sums.filter(sums.currency.isnull() | (sums.currency == sums.other))
    return sums.select("listing_id", "currency", paid=ops.ratio(sums.revenue, sums.n))


def authorised_prices(priced: ir.Table) -> ir.Table:
    """Per cell the middle of what authorised merchants ask, each counted once: own_cell, authorised_log, n_authorised.

    `priced` has merchant_id, cell, price and unauthorised.
    """
    asked = priced.filter((priced.unauthorised == 0.0) & (priced.price > 0))
    asked = asked.mutate(log_price=asked.price.cast("float64").ln())
    merchants = asked.group_by("cell", "merchant_id").agg(value=asked.log_price.mean())
    return merchants.group_by(authorised_cell=merchants.cell).agg(
        authorised_log=ops.median(merchants.value), n_authorised=merchants.count()
    )


def recurring_prices(priced: ir.Table) -> ir.Table:
    """Odd prices that several merchants ask in one cell: recurring_cell, recurring_price, n_asking (merchants).

    Odd = with an ending that is not usual in its currency. Cells without a brand are not left out here.
    """
    odd = priced.filter(priced.is_odd_price)
    shared = odd.group_by("cell", "price").agg(low=odd.merchant_id.min(), high=odd.merchant_id.max())
    shared = shared.filter(shared.low != shared.high).drop("low", "high")
    asking = odd.join(shared, ["cell", "price"])
    return asking.group_by(recurring_cell=asking.cell, recurring_price=asking.price).agg(
        n_asking=asking.merchant_id.nunique()
    )


def with_odd_price(priced: ir.Table, work: Workspace) -> ir.Table:
    """Adds is_odd_price: whether the price's ending is unusual in its currency; null without a price above 0."""
    ending = priced.price % ENDINGS
    stated = priced.filter(priced.price > 0)
    counts = stated.group_by(currency_=stated.currency.fill_null(""), ending=stated.price % ENDINGS).agg(
        n=stated.count()
    )
    total = counts.n.sum().over(group_by=counts.currency_)
    shares = counts.mutate(is_usual=ops.ratio(counts.n, total) > USUAL_ENDING_SHARE)
    endings = work.step("price_endings", shares.select("currency_", "ending", "is_usual"))
    joined = priced.left_join(endings, [priced.currency.fill_null("") == endings.currency_, ending == endings.ending])
    return joined.mutate(is_odd_price=(joined.price > 0).ifelse(~joined.is_usual, ibis.null("boolean"))).drop(
        "currency_", "ending", "is_usual"
    )
