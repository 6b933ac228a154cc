"""Confirmed counterfeits that were known when a listing is rated, and were another merchant's: the precedents.

A listing with a verdict of its own is rated at the instant of its earliest one, any other at the market's `as_of`; only
what was decided strictly before that instant counts. So no listing ever sees its own verdict, nor what came after it.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace
from assay.signals.outcome import once

# Digits of epoch seconds up to the year 5138, so that instants compare as text.
_INSTANT_DIGITS = 11


def as_of_seconds(market: Market) -> int:
    """The instant the market is rated at, in epoch seconds."""
    return int(market.as_of.timestamp())


def judged(market: Market, work: Workspace) -> ir.Table:
    """One row per listing with a verdict: listing_id, merchant_id, rated_s, confirmed_s, cleared_s (epoch seconds).

    `rated_s` is its earliest verdict of any kind, `confirmed_s` its earliest `counterfeit`, `cleared_s` its earliest
    `genuine`; null when there is none. A later `genuine` does not undo a `counterfeit`.
    """
    return once(work, "judged", lambda: _judged(market))


def _judged(market: Market) -> ir.Table:
    verdicts = market.table("verdicts")
    verdicts = verdicts.filter(verdicts.subject_type == "listing")
    decided = verdicts.decided_at.epoch_seconds().cast("int64")
    found = verdicts.group_by(listing_id=verdicts.subject_id).agg(
        rated_s=decided.min(),
        confirmed_s=(verdicts.verdict == "counterfeit").ifelse(decided, ibis.null("int64")).min(),
        cleared_s=(verdicts.verdict == "genuine").ifelse(decided, ibis.null("int64")).min(),
    )
    owners = market.table("listings").select("listing_id", "merchant_id")
    return owners.inner_join(found, "listing_id")


def with_rated_time(rows: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Adds `rated_s`, the instant (epoch seconds) at which each row's listing_id is rated."""
    if not market.has("verdicts"):
        return rows.mutate(rated_s=ibis.literal(as_of_seconds(market), "int64"))
    own = judged(market, work).select("listing_id", "rated_s")
    rows = rows.left_join(own, "listing_id").drop("listing_id_right")
    return rows.mutate(rated_s=ibis.coalesce(rows.rated_s, ibis.literal(as_of_seconds(market), "int64")))


def dated(seconds: ir.IntegerValue, name: ir.StringValue) -> ir.StringValue:
    """An instant and a name as one text whose smallest value is the earliest, then the smallest name."""
    return seconds.cast("string").lpad(_INSTANT_DIGITS, "0") + name


def dated_seconds(value: ir.StringValue) -> ir.IntegerValue:
    """The instant of `dated`."""
    return value.substr(0, _INSTANT_DIGITS).cast("int64")


def dated_name(value: ir.StringValue) -> ir.StringValue:
    """The name of `dated`."""
    return value.substr(_INSTANT_DIGITS)


def precedents(confirmed: ir.Table, key: str) -> ir.Table:
    """Per value of `key`: the earliest confirmed listing, and the earliest of any other merchant.

    `confirmed` has `key`, merchant_id, listing_id, confirmed_s. Two suffice: whoever asks is not at least one of the
    two merchants, so the answer to "which was the earliest of another merchant" is among them. Columns: key,
    first_merchant, first (`dated`), second (null when only one merchant has any).
    """
    when = dated(confirmed.confirmed_s, confirmed.listing_id)
    owners = confirmed.filter(confirmed[key].notnull()).group_by(key, "merchant_id").agg(when=when.min())
    ranked = owners.mutate(place=ibis.row_number().over(group_by=owners[key], order_by=owners.when))
    ranked = ranked.filter(ranked.place < 2)
    return ranked.group_by(key).agg(
        first_merchant=(ranked.place == 0).ifelse(ranked.merchant_id, ibis.null("string")).max(),
        first=(ranked.place == 0).ifelse(ranked.when, ibis.null("string")).max(),
        second=(ranked.place == 1).ifelse(ranked.when, ibis.null("string")).max(),
    )


def with_precedent(rows: ir.Table, found: ir.Table, key: str, name: str) -> ir.Table:
    """Adds column `name`: the earliest confirmed listing (`dated`) of another merchant with the same `key`.

    Null when none was decided before the row's `rated_s`. `rows` has `key`, merchant_id and rated_s.
    """
    joined = rows.left_join(found, key).drop(f"{key}_right")
    other = (joined.merchant_id == joined.first_merchant).ifelse(joined.second, joined["first"])
    known = (dated_seconds(other) < joined.rated_s).ifelse(other, ibis.null("string"))
    return joined.mutate(**{name: known}).drop("first_merchant", "first", "second")
