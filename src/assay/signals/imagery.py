"""Imagery: the same or nearly the same picture at other merchants, earlier elsewhere, and at confirmed counterfeits."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace
from assay.likeness import near_pictures
from assay.signals.brand_lists import brand_lists, entries
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
from assay.signals.repetition import day
from assay.signals.signal import Direction, Row, Signal, counted

# A studio picture is at many merchants, most of them in order; two others sharing one picture is worth a look.
_SHARED = 2.0
# A picture that appeared elsewhere a day before may have come from a common feed; a week is a copy.
_DAYS_LATER = 7.0
_PER_DAY = 86_400.0


def measure(market: Market, work: Workspace) -> ir.Table | None:
    """One row per listing with the values and facts of the picture signals that the market allows.

    None without pictures.
    """
    signals = computable(market, SIGNALS, "listing")
    if not signals or not (market.has("images.sha256") or market.has("images.pdq")):
        return None
    allowed = {signal.id for signal in signals}
    uses = work.step("imagery_uses", picture_uses(market, work))
    found = _per_listing(uses, work.step("imagery_pictures", _pictures(uses)))
    rows = market.table("listings").select("listing_id").left_join(found, "listing_id").drop("listing_id_right")
    if "imagery-authorised" in allowed:
        rows = _joined(rows, _authorised(uses, market, work))
    if "imagery-confirmed" in allowed:
        rows = _joined(rows, _confirmed(uses, market, work))
        checked = rows.imagery_shared.notnull()
        value = checked.ifelse(rows.imagery_confirmed.fill_null(0.0), ibis.null("float64"))
        rows = rows.mutate(imagery_confirmed=value)
    return work.step("imagery", columns_of(rows, signals, "listing"))


def _joined(rows: ir.Table, other: ir.Table) -> ir.Table:
    return rows.left_join(other, "listing_id").drop("listing_id_right")


def picture_uses(market: Market, work: Workspace) -> ir.Table:
    """One row per listing and picture it shows: listing_id, merchant_id, listed_s, picture (key of the star)."""
    listings = market.table("listings")
    owners = listings.select("listing_id", "merchant_id", listed_s=listings.listed_at.epoch_seconds().cast("int64"))
    images = market.table("images")
    file = ibis.literal("file:") + images.sha256
    shown = images.select("listing_id", raw=ibis.coalesce(images.pdq.lower(), file)).distinct()
    shown = shown.filter(shown.raw.notnull()).inner_join(owners, "listing_id")
    if not market.has("images.pdq"):
        return shown.rename(picture="raw")
    shown = work.step("imagery_shown", shown)
    hashes = (
        shown.filter(~shown.raw.startswith("file:"))
        .group_by(key=lambda t: t.raw)
        .agg(seen_at=lambda t: t.listed_s.min())
    )
    stars = near_pictures(hashes, work, "imagery").select("key", "star")
    uses = shown.left_join(stars, shown.raw == stars.key)
    return uses.select("listing_id", "merchant_id", "listed_s", picture=ibis.coalesce(uses.star, uses.raw)).distinct()


def _pictures(uses: ir.Table) -> ir.Table:
    """Pictures of more than one merchant: n_merchants, n_listings, the earliest use, and that of any other merchant."""
    owners = uses.group_by("picture", "merchant_id").agg(
        n=uses.count(), when=dated(uses.listed_s, uses.listing_id).min()
    )
    ranked = owners.mutate(
        place=ibis.row_number().over(
            group_by=owners.picture, order_by=[owners.when.asc(nulls_first=False), owners.merchant_id]
        )
    )
    first, second = ranked.place == 0, ranked.place == 1
    found = ranked.group_by("picture").agg(
        n_merchants=ranked.count(),
        n_listings=ranked.n.sum(),
        first_merchant=first.ifelse(ranked.merchant_id, ibis.null("string")).max(),
        first=first.ifelse(ranked.when, ibis.null("string")).max(),
        second=second.ifelse(ranked.when, ibis.null("string")).max(),
    )
    return found.filter(found.n_merchants > 1)


def _per_listing(uses: ir.Table, pictures: ir.Table) -> ir.Table:
    """The most shared picture of every listing, and the one that was elsewhere the longest before."""
    rows = uses.left_join(pictures, "picture").drop("picture_right")
    is_first = rows.merchant_id == rows.first_merchant
    # The merchant's own first use may be another listing; being first once is being first.
    later = (rows.listed_s - dated_seconds(rows["first"])).cast("float64") / _PER_DAY
    days = is_first.fill_null(True).ifelse(0.0, ibis.greatest(later, 0.0))
    rows = rows.mutate(
        shared=(rows.n_merchants - 1).fill_null(0),
        size=rows.n_listings.fill_null(1),
        days=rows.listed_s.notnull().ifelse(days, ibis.null("float64")),
    )
    longest = (rows.days > 0).ifelse(rows["first"], ibis.null("string"))
    found = rows.group_by("listing_id").agg(
        imagery_shared=rows.shared.max().cast("float64"),
        imagery_shared__n_listings=rows["size"].max().cast("int32"),
        imagery_first_elsewhere=rows.days.max(),
        earliest=longest.min(),
    )
    facts: dict[str, Any] = {
        "imagery_first_elsewhere__listing": dated_name(found.earliest),
        "imagery_first_elsewhere__first_s": dated_seconds(found.earliest),
    }
    return found.mutate(**facts).drop("earliest")


def _authorised(uses: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Share of authorised merchants (of any brand) among those using the listing's picture that has the fewest."""
    known = entries(brand_lists(market, work), "authorised").select(merchant_id="value").distinct()
    owners = uses.select("picture", "merchant_id").distinct()
    owners = owners.left_join(known, "merchant_id")
    counts = owners.group_by("picture").agg(
        n=owners.count(), n_authorised=owners.merchant_id_right.notnull().ifelse(1, 0).sum()
    )
    rates = counts.select("picture", "n", share=counts.n_authorised.cast("float64") / counts.n.cast("float64"))
    shown = uses.select("listing_id", "picture").inner_join(rates, "picture")
    return shown.group_by("listing_id").agg(
        imagery_authorised=shown.share.min(), imagery_authorised__n_merchants=shown.n.max().cast("int32")
    )


def _confirmed(uses: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """The earliest known confirmed counterfeit of another merchant that shows one of the listing's pictures."""
    found = judged(market, work)
    found = found.filter(found.confirmed_s.notnull()).select("listing_id", "confirmed_s")
    shown = uses.select("listing_id", "merchant_id", "picture").inner_join(found, "listing_id")
    shown = work.step("imagery_precedents", shown)
    asked = uses.select("listing_id", "merchant_id", "picture").semi_join(shown, "picture")
    asked = with_precedent(with_rated_time(asked, market, work), precedents(shown, "picture"), "picture", "precedent")
    asked = asked.filter(asked.precedent.notnull())
    earliest = asked.group_by("listing_id").agg(precedent=asked.precedent.min())
    facts: dict[str, Any] = {
        "imagery_confirmed": ibis.literal(1.0),
        "imagery_confirmed__listing": dated_name(earliest.precedent),
        "imagery_confirmed__decided_s": dated_seconds(earliest.precedent),
    }
    return earliest.mutate(**facts).drop("precedent")


def _shared_sentence(row: Row) -> str:
    n = row["imagery_shared"]
    return (
        f"A picture of the listing is shown by {counted(n, 'other merchant')}, on "
        f"{counted(row['imagery_shared__n_listings'], 'listing')} in all."
    )


def _elsewhere_sentence(row: Row) -> str:
    days = counted(row["imagery_first_elsewhere"], "day")
    return (
        f"A picture of the listing had been at another merchant {days} before: "
        f"listing {row['imagery_first_elsewhere__listing']}, of {day(row['imagery_first_elsewhere__first_s'])}."
    )


def _authorised_sentence(row: Row) -> str:
    if row["imagery_authorised__n_merchants"] == 1:
        stands = "is" if row["imagery_authorised"] else "is not"
        return (
            f"The one merchant that shows a picture of the listing {stands} on a brand's list of authorised merchants."
        )
    return (
        f"Of the {row['imagery_authorised__n_merchants']:,} merchants that show a picture of the listing, "
        f"{percent(row['imagery_authorised'])} are on a brand's list of authorised merchants."
    )


def _confirmed_sentence(row: Row) -> str:
    return (
        f"The listing shows a picture that listing {row['imagery_confirmed__listing']} of another merchant shows, "
        f"which was confirmed counterfeit on {day(row['imagery_confirmed__decided_s'])}."
    )


SIGNALS: tuple[Signal, ...] = (
    Signal(
        id="imagery-shared",
        subject="listing",
        unit="other merchants",
        direction=Direction.TWO_SIDED,
        needs=("images.listing_id",),
        fires_above=_SHARED,
        sentence=_shared_sentence,
        rationale="Pictures are stolen from honest merchants and passed round by producers; brands' studio pictures "
        "are shared by right, so the data decides what a number means.",
        source="docs/explanation/imagery.md; PDQ: Meta, The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing "
        "Algorithm (2019)",
        example="A picture of the listing is shown by 6 other merchants, on 19 listings in all.",
    ),
    Signal(
        id="imagery-first-elsewhere",
        subject="listing",
        unit="days",
        direction=Direction.TWO_SIDED,
        needs=("images.listing_id", "listings.listed_at"),
        fires_above=_DAYS_LATER,
        sentence=_elsewhere_sentence,
        rationale="Who photographed the goods had the picture first.",
        source="docs/explanation/imagery.md",
        example="A picture of the listing had been at another merchant 84 days before: listing L00012, of 2026-01-05.",
    ),
    Signal(
        id="imagery-authorised",
        subject="listing",
        unit="share, 0 to 1",
        direction=Direction.LESS,
        needs=("images.listing_id", "brands.authorised_merchants"),
        fires_above=None,
        sentence=_authorised_sentence,
        rationale="A picture that authorised merchants use is the brand's own; this tells a studio picture from a "
        "stolen one.",
        source="docs/explanation/imagery.md",
        example="Of the 12 merchants that show a picture of the listing, 75 % are on a brand's list of authorised "
        "merchants.",
    ),
    Signal(
        id="imagery-confirmed",
        subject="listing",
        unit="yes or no",
        direction=Direction.MORE,
        needs=("images.listing_id", "verdicts.verdict"),
        fires_above=1.0,
        sentence=_confirmed_sentence,
        rationale="The picture of goods that were authenticated as counterfeit shows those goods or their source.",
        source="docs/explanation/imagery.md",
        example="The listing shows a picture that listing L00012 of another merchant shows, which was confirmed "
        "counterfeit on 2026-02-03.",
    ),
)
