"""Repetition: the same words at other merchants, at confirmed counterfeits, and at goods that were taken down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace
from assay.likeness import PAIR_SCHEMA, PairSimilarity, text_pairs
from assay.signals.copies import copies, copy_keys, copy_texts
from assay.signals.outcome import columns_of, computable
from assay.signals.precedents import (
    dated,
    dated_name,
    dated_seconds,
    judged,
    precedents,
    with_precedent,
    with_rated_time,
)
from assay.signals.rates import percent
from assay.signals.signal import Direction, Row, Signal, counted
from assay.signals.text_risk import TEXT_RISK, text_risk

# A title that two other merchants use as well may be the product's name; from three on it is worth a look.
_TITLES = 3.0
# A whole description that even two others share was copied from somewhere.
_TEXTS = 2.0
# Members of a near-identical group are at least 0.7 like its centre, and so mostly above 0.5 like each other.
_CONFIRMED = 0.5
# Why goods are taken down when something was wrong with them, in the languages of the marketplaces we have seen; goods
# that were sold out, expired or withdrawn tell nothing. Literals only: engines differ in their classes.
ENFORCED = (
    "counterfeit|fake|replica|infring|trademark|intellectual|ipr|brand|policy|prohibit|violat|fraud"
    "|假|仿|侵权|контраф|подделк"
)


def measure(market: Market, work: Workspace) -> ir.Table | None:
    """One row per listing with the values and facts of the repetition signals that the market allows."""
    signals = computable(market, SIGNALS, "listing")
    if not signals:
        return None
    allowed = {signal.id for signal in signals}
    rows = copies(market, work).drop("is_described")
    rows = _with_titles(rows, work)
    rows = _with_texts(rows, work)
    if "repetition-relisted" in allowed:
        rows = _with_relisted(rows, market, work)
    if "repetition-confirmed" in allowed:
        rows = _with_confirmed(rows, market, work)
    risk = text_risk(market, work) if "repetition-text-risk" in allowed else None
    if risk is not None:
        rows = rows.left_join(risk, "listing_id").drop("listing_id_right")
    kept = tuple(signal for signal in signals if signal.column in rows.columns)
    return work.step("repetition", columns_of(rows, kept, "listing"))


def _groups(rows: ir.Table, key: str, name: str) -> ir.Table:
    """Per key that more than one listing has: n_merchants, n_listings, and the earliest dated listing."""
    several = rows.group_by(key).agg(n=rows.count())
    several = several.filter((several.n > 1) & several[key].notnull()).select(key)
    shared = rows.semi_join(several, key)
    when = dated(shared.listed_s, shared.listing_id)
    owners = shared.group_by(key, "merchant_id").agg(n=shared.count(), earliest=when.min())
    return owners.group_by(**{f"{name}_key": owners[key]}).agg(
        n_merchants=owners.count(), n_listings=owners.n.sum(), earliest=owners.earliest.min()
    )


def _with_groups(rows: ir.Table, groups: ir.Table, key: str, name: str) -> ir.Table:
    joined = rows.left_join(groups, rows[key] == groups[f"{name}_key"])
    others = (joined.n_merchants - 1).fill_null(0).cast("float64")
    facts: dict[str, Any] = {
        name: joined[key].notnull().ifelse(others, ibis.null("float64")),
        f"{name}__n_listings": joined.n_listings.fill_null(1).cast("int32"),
        f"{name}__first_listing": dated_name(joined.earliest),
        f"{name}__first_s": dated_seconds(joined.earliest),
    }
    return joined.mutate(**facts).drop(f"{name}_key", "n_merchants", "n_listings", "earliest")


def _with_titles(rows: ir.Table, work: Workspace) -> ir.Table:
    groups = work.step("repetition_titles", _groups(rows, "title_key", "repetition_title"))
    return _with_groups(rows, groups, "title_key", "repetition_title")


def _with_texts(rows: ir.Table, work: Workspace) -> ir.Table:
    source = rows.select("listing_id", "merchant_id", "listed_s", "star")
    groups = work.step("repetition_texts", _groups(source, "star", "repetition_text"))
    joined = _with_groups(rows, groups, "star", "repetition_text")
    return joined.mutate(repetition_text__similarity=joined.star_similarity)


def _with_relisted(rows: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Adds how many goods of the same text group had been removed when the listing went live, and the latest."""
    listings = market.table("listings")
    enforced = listings.removal_reason.lower().re_search(ENFORCED).fill_null(False)
    gone = listings.filter(listings.removed_at.notnull() & enforced)
    gone = gone.select("listing_id", removed_s=gone.removed_at.epoch_seconds().cast("int64"))
    keys = copies(market, work).select("listing_id", "star", "listed_s")
    removed = gone.inner_join(keys.select("listing_id", "star").filter(lambda t: t.star.notnull()), "listing_id")
    asked = keys.filter(keys.listed_s.notnull()).semi_join(removed, "star")
    # Removals sort after listings of the same second: only what was gone before counts.
    events = removed.select("star", "listing_id", at="removed_s").mutate(is_removal=1)
    events = events.union(asked.select("star", "listing_id", at="listed_s").mutate(is_removal=0))
    so_far = ibis.window(
        group_by=events.star, order_by=[events["at"], events.is_removal, events.listing_id], following=0
    )
    when = (events.is_removal == 1).ifelse(dated(events["at"], events.listing_id), ibis.null("string"))
    counted = events.mutate(n_removed=events.is_removal.sum().over(so_far), latest=when.max().over(so_far))
    counted = counted.filter((counted.is_removal == 0) & (counted.n_removed > 0))
    found = work.step("repetition_removed", counted.select("listing_id", "n_removed", "latest"))
    joined = rows.left_join(found, "listing_id").drop("listing_id_right")
    checked = joined.star.notnull() & joined.listed_s.notnull()
    return joined.mutate(
        repetition_relisted=checked.ifelse(joined.n_removed.fill_null(0).cast("float64"), ibis.null("float64")),
        repetition_relisted__listing=dated_name(joined.latest),
        repetition_relisted__removed_s=dated_seconds(joined.latest),
        repetition_relisted__listed_s=joined.listed_s,
    ).drop("n_removed", "latest")


def _with_confirmed(rows: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Adds the likeness to the earliest known confirmed counterfeit with the same or a near-identical text."""
    found = judged(market, work)
    words = copies(market, work).select("listing_id", "text_key", "star")
    confirmed = found.filter(found.confirmed_s.notnull()).inner_join(words, "listing_id")
    confirmed = work.step("repetition_precedents", confirmed)
    asked = copies(market, work).select("listing_id", "merchant_id", "text_key", "star")
    asked = asked.semi_join(confirmed.select("star").distinct(), "star")
    asked = with_rated_time(asked, market, work)
    asked = with_precedent(asked, precedents(confirmed, "text_key"), "text_key", "same")
    asked = with_precedent(asked, precedents(confirmed, "star"), "star", "alike")
    asked = asked.filter(asked.same.notnull() | asked.alike.notnull())
    asked = work.step("repetition_asked", asked.select("listing_id", "text_key", "same", "alike"))
    nearest = _with_similarity(asked, market, work)
    joined = rows.left_join(nearest, "listing_id").drop("listing_id_right")
    value = joined.text_key.notnull().ifelse(joined.likeness.fill_null(0.0), ibis.null("float64"))
    return joined.mutate(
        repetition_confirmed=value,
        repetition_confirmed__listing=dated_name(joined.precedent),
        repetition_confirmed__decided_s=dated_seconds(joined.precedent),
    ).drop("likeness", "precedent")


def _with_similarity(asked: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """(listing_id, precedent, likeness): 1.0 for the same text, else measured exactly, once per pair of texts."""
    near = asked.filter(asked.same.isnull()).select("listing_id", "text_key", "alike")
    near = near.mutate(other=dated_name(near.alike))
    keys = copy_keys(market, work).select(other="listing_id", right_key="text_key")
    near = near.inner_join(keys, "other")
    pairs = near.select(left_key="text_key", right_key="right_key").distinct()
    texts = text_pairs(pairs, copy_texts(market, work), "text_key")
    measured = work.map_step("repetition_likeness", texts, PairSimilarity(0.0, 0), PAIR_SCHEMA)
    measured = measured.rename(measured_left="left_key", measured_right="right_key")
    same_pair = [near.text_key == measured.measured_left, near.right_key == measured.measured_right]
    near = near.inner_join(measured, same_pair).select("listing_id", precedent="alike", likeness="similarity")
    same = asked.filter(asked.same.notnull()).select("listing_id", precedent="same").mutate(likeness=1.0)
    return near.union(same)


def day(seconds: int | None) -> str:
    """An instant as a date: `2026-03-01`, or `an unknown day`."""
    return "an unknown day" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _others(value: float) -> str:
    return counted(value, "other merchant")


def _first(row: Row, name: str) -> str:
    first = row[f"{name}__first_listing"]
    if first is None:
        return ""
    own = " (this one)" if first == row["listing_id"] else ""
    return f"; the earliest is {first}{own}, of {day(row[f'{name}__first_s'])}"


def _title_sentence(row: Row) -> str:
    return (
        f"The title stands, apart from case and punctuation, at {_others(row['repetition_title'])}, "
        f"on {counted(row['repetition_title__n_listings'], 'listing')} in all{_first(row, 'repetition_title')}."
    )


def _text_sentence(row: Row) -> str:
    return (
        f"The text belongs to a group of {counted(row['repetition_text__n_listings'], 'near-identical one')} at "
        f"{_others(row['repetition_text'])} and is {percent(row['repetition_text__similarity'])} like the first of them"
        f"{_first(row, 'repetition_text')}."
    )


def _confirmed_sentence(row: Row) -> str:
    return (
        f"The text is {percent(row['repetition_confirmed'])} like that of listing "
        f"{row['repetition_confirmed__listing']} of another merchant, "
        f"confirmed counterfeit on {day(row['repetition_confirmed__decided_s'])}."
    )


def _relisted_sentence(row: Row) -> str:
    n = row["repetition_relisted"]
    return (
        f"Listed on {day(row['repetition_relisted__listed_s'])} with a text near-identical to {counted(n, 'listing')} "
        f"removed before, the latest {row['repetition_relisted__listing']} on "
        f"{day(row['repetition_relisted__removed_s'])}."
    )


SIGNALS: tuple[Signal, ...] = (
    Signal(
        id="repetition-title",
        subject="listing",
        unit="other merchants",
        direction=Direction.TWO_SIDED,
        needs=("listings.title",),
        fires_above=_TITLES,
        sentence=_title_sentence,
        rationale="Merchants supplied by one source paste one title. So do sellers of a well catalogued genuine "
        "product, which is why the sign is left to the data.",
        source="On a marketplace with published labels some title templates were counterfeit in every case",
        example="The title stands, apart from case and punctuation, at 12 other merchants, on 31 listings in all.",
    ),
    Signal(
        id="repetition-text",
        subject="listing",
        unit="other merchants",
        direction=Direction.TWO_SIDED,
        needs=("listings.title",),
        fires_above=_TEXTS,
        sentence=_text_sentence,
        rationale="A description with a few words changed, at merchants that claim no connection, has one author.",
        source="docs/explanation/likeness.md; Broder 1997",
        example="The text belongs to a group of 9 near-identical ones at 4 other merchants and is 86 % like the first "
        "of them.",
    ),
    Signal(
        id="repetition-confirmed",
        subject="listing",
        unit="Jaccard similarity, 0 to 1",
        direction=Direction.MORE,
        needs=("listings.title", "verdicts.verdict"),
        fires_above=_CONFIRMED,
        sentence=_confirmed_sentence,
        rationale="Confirmed counterfeits come back under other accounts with the words they were sold with.",
        source="docs/explanation/repetition.md",
        example="The text is 91 % like that of listing L00012 of another merchant, confirmed counterfeit on "
        "2026-02-03.",
    ),
    Signal(
        id="repetition-relisted",
        subject="listing",
        unit="removed listings",
        direction=Direction.MORE,
        needs=("listings.title", "listings.listed_at", "listings.removed_at", "listings.removal_reason"),
        fires_above=1.0,
        sentence=_relisted_sentence,
        rationale="Goods taken down for cause and offered again with the same text were not given up.",
        source="docs/explanation/repetition.md",
        example="Listed on 2026-03-09 with a text near-identical to 2 listings removed before, the latest L00044 on "
        "2026-03-01.",
    ),
    TEXT_RISK,
)
