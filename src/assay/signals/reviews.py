"""Reviews: what share of buyers say that the goods are fake, and the rating, both drawn towards the market's."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from assay.engine import Market, Workspace, ops
from assay.signals.outcome import columns_of, computable, once, told
from assay.signals.rates import market_rates, percent, shrunken
from assay.signals.sales import until
from assay.signals.signal import Direction, Row, Signal, counted
from assay.signals.slang import claims_fake

CLAIM_SCHEMA = pa.schema([("listing_id", pa.string()), ("claim", pa.int8())])
# One claim of fake among a subject's first three reviews, or one in twenty of many: see rates.PRIOR_EVENTS.
_FAKE_RATE = 0.05
# Two stars of five after shrinking: a few bad reviews do not get there, a run of them does.
_LOW_RATING = 2.5


def measure_listings(market: Market, work: Workspace) -> ir.Table | None:
    """One row per listing with what its reviews say; None without reviews."""
    signals = computable(market, SIGNALS, "listing")
    if not signals:
        return None
    table = _with_reviews(market.table("listings").select("listing_id"), "listing", market, work)
    table = table.mutate(reviews_count=table.n_reviews.fill_null(0))
    return work.step("reviews", told(columns_of(table, signals, "listing"), signals))


def measure_merchants(market: Market, work: Workspace) -> ir.Table | None:
    """One row per merchant with what the reviews of all its goods say; None without reviews."""
    signals = computable(market, SIGNALS, "merchant")
    if not signals:
        return None
    table = _with_reviews(market.table("merchants").select("merchant_id"), "merchant", market, work)
    return work.step("reviews_merchants", columns_of(table, signals, "merchant"))


def _with_reviews(table: ir.Table, subject: str, market: Market, work: Workspace) -> ir.Table:
    """Adds the shrunken rate of claims of fake and the shrunken rating, with their counts and the market's values."""
    prefix = "reviews_merchant" if subject == "merchant" else "reviews"
    listings = by_listing(market, work)
    usual = market_rates(market.engine, listings, fake=("n_fake", "n_texts"), rating=("stars", "n_rated"))
    sums = _by_merchant(listings, market) if subject == "merchant" else listings
    sums = sums.rename(summed_id=f"{subject}_id")
    table = table.left_join(sums, table[f"{subject}_id"] == sums.summed_id).drop("summed_id")
    fake, rating = f"{prefix}_fake_rate", f"{prefix}_rating"
    return table.mutate(
        **{
            fake: shrunken(table.n_fake, table.n_texts, usual["fake"]),
            f"{fake}__n_hits": table.n_fake.cast("int32"),
            f"{fake}__n_genuine": table.n_genuine.cast("int32"),
            f"{fake}__n_events": table.n_texts.cast("int32"),
            f"{fake}__usual": ibis.literal(usual["fake"]),
            rating: shrunken(table.stars, table.n_rated, usual["rating"]),
            f"{rating}__mean": ops.ratio(table.stars, table.n_rated),
            f"{rating}__n_events": table.n_rated.cast("int32"),
            f"{rating}__usual": ibis.literal(usual["rating"]),
        }
    )


def by_listing(market: Market, work: Workspace) -> ir.Table:
    """Reviews up to the rating per listing: n_reviews, n_texts, n_rated, stars (sum), n_fake, n_genuine.

    n_fake and n_genuine count texts that say so. Made once per run; listings without a review have no row.
    """
    return once(work, "reviews_by_listing", lambda: _by_listing(market, work))


def _by_listing(market: Market, work: Workspace) -> ir.Table:
    reviews = market.table("reviews")
    reviews = reviews.filter(until(market, reviews.written_at))
    counts = reviews.group_by("listing_id").agg(
        n_reviews=reviews.count(),
        n_texts=reviews.text.count(),
        n_rated=reviews.rating.count(),
        stars=reviews.rating.sum().fill_null(0.0),
    )
    texts = reviews.filter(reviews.text.notnull()).select("listing_id", "text")
    claims = work.map_step("review_claims", texts, review_claims, CLAIM_SCHEMA)
    said = claims.group_by(said_of=claims.listing_id).agg(
        n_fake=ops.n_true(claims.claim == 1), n_genuine=ops.n_true(claims.claim == -1)
    )
    joined = counts.left_join(said, counts.listing_id == said.said_of).drop("said_of")
    return joined.mutate(n_fake=joined.n_fake.fill_null(0), n_genuine=joined.n_genuine.fill_null(0))


def review_claims(batch: pa.RecordBatch) -> pa.RecordBatch:
    """listing_id and claim (1 fake, -1 genuine) of the texts that claim either; every different text is read once."""
    texts = batch.column("text").dictionary_encode()
    claims = pa.array(claims_fake(texts.dictionary.to_pylist()), pa.int8()).take(texts.indices)
    claiming = pc.not_equal(claims, 0)
    columns = [batch.column("listing_id").filter(claiming), claims.filter(claiming)]
    return pa.RecordBatch.from_arrays(columns, schema=CLAIM_SCHEMA)


def _by_merchant(listings: ir.Table, market: Market) -> ir.Table:
    joined = listings.join(market.table("listings").select("listing_id", "merchant_id"), "listing_id")
    counts = [name for name in listings.columns if name != "listing_id"]
    return joined.group_by("merchant_id").agg(**{name: joined[name].sum() for name in counts})


def _fake_sentence(column: str, of: str) -> Callable[[Row], str]:
    def sentence(row: Row) -> str:
        hits, events = row[f"{column}__n_hits"], row[f"{column}__n_events"]
        genuine = row[f"{column}__n_genuine"]
        say = [f"{n:,} say{'s' if n == 1 else ''}" for n in (hits, genuine)]
        said = f"Of {counted(events, 'written review')}{of}, {say[0]} fake and {say[1]} genuine"
        return f"{said}; in the whole market {percent(row[f'{column}__usual'])} say fake."

    return sentence


def _rating_sentence(column: str, of: str) -> Callable[[Row], str]:
    def sentence(row: Row) -> str:
        mean, n, usual = row[f"{column}__mean"], row[f"{column}__n_events"], row[f"{column}__usual"]
        return f"Mean rating{of} {mean:.1f} of 5 over {counted(n, 'review')}; in the whole market it is {usual:.1f}."

    return sentence


def _fake_rate(id: str, subject: str, of: str) -> Signal:
    return Signal(
        id=id,
        subject=subject,
        unit="share",
        direction=Direction.MORE,
        needs=("reviews.text",),
        sentence=_fake_sentence(id.replace("-", "_"), of),
        rationale=(
            "Buyers say in their own language that goods are fake, or that they are not; negations, doubts and "
            "questions are understood in seven languages. Share of written reviews that say fake, shrunken towards "
            "the market: (hits + 20 x market rate) / (reviews + 20)."
        ),
        source="Taobao's reviews as evidence; Ozon's fake-return columns; Gelman et al., section 2.4 (Beta prior)",
        example="3 of 14 with a market rate of 0.4 %: (3 + 0.08) / 34 = 0.091",
        fires_above=_FAKE_RATE,
    )


def _rating(id: str, subject: str, of: str) -> Signal:
    return Signal(
        id=id,
        subject=subject,
        unit="stars",
        direction=Direction.TWO_SIDED,
        needs=("reviews.rating",),
        sentence=_rating_sentence(id.replace("-", "_"), of),
        rationale=(
            "Copies disappoint. Mean rating, shrunken towards the market's with the weight of 20 reviews; bought "
            "praise hides it, so a good rating clears nobody."
        ),
        source="Ozon E-CUP 2025, published analysis; Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4",
        example="ten reviews of 1 star in a market of 4.5: (10 + 90) / 30 = 3.3",
        fires_below=_LOW_RATING,
    )


SIGNALS: tuple[Signal, ...] = (
    _fake_rate("reviews-fake-rate", "listing", ""),
    _rating("reviews-rating", "listing", ""),
    Signal(
        id="reviews-count",
        subject="listing",
        unit="count",
        direction=Direction.TWO_SIDED,
        needs=("reviews.review_id",),
        sentence=lambda row: f"{counted(row['reviews_count'], 'review')} up to the rating.",
        rationale="How much the other signals of reviews rest on; three listings in four have none.",
        source="Ozon's data: reviews are missing for 76 % of rows",
        example="14 reviews give 14; a listing that nobody reviewed gives 0",
    ),
    _fake_rate("reviews-merchant-fake-rate", "merchant", " of all its goods"),
    _rating("reviews-merchant-rating", "merchant", " of all its goods"),
)
