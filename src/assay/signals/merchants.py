"""Merchants: age, size, bursts of new listings, breadth over brands, authorisation, feedback, shared identifiers."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace, ops
from assay.signals.goods import goods, with_cell_facts
from assay.signals.merchant_signals import IDENTIFIERS, SIGNALS
from assay.signals.outcome import columns_of, computable
from assay.signals.rates import PRIOR_EVENTS, market_rates, shrunken
from assay.signals.sales import until

__all__ = ["SIGNALS", "measure_merchants"]

# Below this many dated listings a busiest day says nothing: three listings put up together are a shop's first evening.
LEAST_FOR_BURST = 10
# An identifier that more accounts share is a hub (an office network, a payment agent), not a link between two of them.
_MOST_SHARERS = 50


def measure_merchants(market: Market, work: Workspace) -> ir.Table | None:
    """One row per merchant account with what it, its range and its identifiers say."""
    signals = computable(market, SIGNALS, "merchant")
    identifiers = [name for name in IDENTIFIERS if market.has(f"merchants.{name}")]
    if not identifiers:
        signals = tuple(s for s in signals if s.id not in ("merchant-shared-identifier", "merchant-closed-siblings"))
    table = _with_account(market.table("merchants"), market)
    table = _with_range(table, market, work)
    if market.has("listings.listed_at"):
        table = _with_burst(table, market, work)
    if identifiers:
        table = _with_siblings(table, market, work, identifiers)
    return work.step("merchants", columns_of(table, signals, "merchant"))


def _with_account(table: ir.Table, market: Market) -> ir.Table:
    age = ops.days_between(table.registered_at, ibis.literal(market.as_of))
    n_feedback = table.n_feedback.fill_null(int(PRIOR_EVENTS)).cast("float64")
    weighed = table.mutate(n_given=n_feedback, n_positive=table.feedback_rate * n_feedback)
    rated = weighed.filter(weighed.feedback_rate.notnull())
    usual = market_rates(market.engine, rated, feedback=("n_positive", "n_given"))["feedback"]
    feedback = shrunken(weighed.n_positive, weighed.n_given, usual)
    return weighed.mutate(
        merchant_age=(age >= 0).ifelse(age, ibis.null("float64")),
        merchant_licence_missing=ops.flag(table.licence_no.isnull()),
        merchant_feedback=weighed.feedback_rate.notnull().ifelse(feedback, ibis.null("float64")),
        merchant_feedback__rate=table.feedback_rate,
        merchant_feedback__n=table.n_feedback,
        merchant_feedback__usual=ibis.literal(usual),
    )


def _with_range(table: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Adds what the merchant's listings add up to: size, brands, luxury brands, share without authorisation."""
    offered = with_cell_facts(goods(market, work), market, work)
    live = until(market, offered.listed_at) & ~(offered.removed_at.notnull() & until(market, offered.removed_at))
    brands = offered.group_by("merchant_id", "brand_key", "is_luxury").agg(
        n=offered.count(),
        n_live=ops.n_true(live),
        n_unauthorised=ops.n_true(offered.unauthorised == 1.0),
        n_with_list=offered.unauthorised.count(),
    )
    is_branded = brands.brand_key.fill_null("") != ""
    sums = brands.group_by(owner_id=brands.merchant_id).agg(
        n_listings=brands.n.sum(),
        n_live=brands.n_live.sum(),
        n_unauthorised=brands.n_unauthorised.sum(),
        n_with_list=brands.n_with_list.sum(),
        n_brands=ops.n_true(is_branded),
        n_luxury=ops.n_true(is_branded & brands.is_luxury),
    )
    table = table.left_join(sums, table.merchant_id == sums.owner_id).drop("owner_id")
    return table.mutate(
        merchant_size=table.n_live.fill_null(0),
        merchant_age__n_live=table.n_live.fill_null(0),
        merchant_brand_breadth=table.n_brands,
        merchant_luxury_breadth=table.n_luxury,
        merchant_luxury_breadth__n_listings=table.n_listings,
        merchant_unauthorised_share=ops.ratio(table.n_unauthorised, table.n_with_list),
        merchant_unauthorised_share__n_unauthorised=table.n_unauthorised,
        merchant_unauthorised_share__n_with_list=table.n_with_list,
    )


def _with_burst(table: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Adds the largest number of listings put up on one day (UTC), and its share of all."""
    listings = goods(market, work)
    listings = listings.filter(listings.listed_at.notnull() & until(market, listings.listed_at))
    day = (ops.epoch_seconds(listings.listed_at).cast("float64") / ops.SECONDS_PER_DAY).floor()
    days = listings.group_by(listings.merchant_id, day=day).agg(n=listings.count())
    sums = days.group_by(burst_of=days.merchant_id).agg(n_busiest=days.n.max(), n_dated=days.n.sum())
    table = table.left_join(sums, table.merchant_id == sums.burst_of).drop("burst_of")
    enough = table.n_dated >= LEAST_FOR_BURST
    return table.mutate(
        merchant_burst=enough.ifelse(ops.ratio(table.n_busiest, table.n_dated), ibis.null("float64")),
        merchant_burst__n_busiest=table.n_busiest,
        merchant_burst__n_dated=table.n_dated,
        merchant_burst_size=table.n_busiest,
    )


def _with_siblings(table: ir.Table, market: Market, work: Workspace, identifiers: list[str]) -> ir.Table:
    """Adds how many other accounts share an identifier, how many of these are closed, and through which kind."""
    shared = work.step("merchant_identifiers", _shared(market.table("merchants"), identifiers))
    pairs = work.step("merchant_siblings", _siblings(shared, identifiers))
    by_kind = {f"merchant_shared_identifier__{kind}": ops.n_true(pairs[kind] > 0) for kind in identifiers}
    sums = pairs.group_by(sibling_of=pairs.merchant_id).agg(
        n_siblings=pairs.count(), n_closed=ops.n_true(pairs.is_closed), **by_kind
    )
    table = table.left_join(sums, table.merchant_id == sums.sibling_of).drop("sibling_of")
    stated = ibis.literal(False)
    for name in identifiers:
        stated = stated | table[name].notnull()
    n_siblings = stated.ifelse(table.n_siblings.fill_null(0), ibis.null("int64"))
    n_closed = stated.ifelse(table.n_closed.fill_null(0), ibis.null("int64"))
    return table.mutate(
        merchant_shared_identifier=n_siblings,
        merchant_closed_siblings=n_closed,
        merchant_closed_siblings__n_siblings=n_siblings,
    )


def _shared(merchants: ir.Table, identifiers: list[str]) -> ir.Table:
    """The identifiers that two to fifty accounts share: merchant_id, is_closed, kind, value."""
    is_closed = merchants.status.isin(["closed", "suspended"]).fill_null(False)
    parts = []
    for name in identifiers:
        stated = merchants.mutate(is_closed=is_closed).filter(merchants[name].notnull())
        counts = stated.group_by(value=stated[name]).agg(n=stated.count())
        links = counts.filter((counts.n > 1) & (counts.n <= _MOST_SHARERS)).drop("n")
        found = stated.join(links, stated[name] == links.value)
        parts.append(found.select("merchant_id", "is_closed", "value", kind=ibis.literal(name)))
    return ibis.union(parts[0], *parts[1:])


def _siblings(shared: ir.Table, identifiers: list[str]) -> ir.Table:
    """One row per ordered pair of accounts that share an identifier: merchant_id, is_closed (the other), flags."""
    other = shared.select(other_id="merchant_id", other_is_closed="is_closed", other_kind="kind", other_value="value")
    same = [shared.kind == other.other_kind, shared.value == other.other_value, shared.merchant_id != other.other_id]
    pairs = shared.join(other, same)
    flags = {name: ops.n_true(pairs.kind == name) for name in identifiers}
    return pairs.group_by("merchant_id", "other_id", is_closed=pairs.other_is_closed).agg(**flags)
