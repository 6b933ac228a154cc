"""Wording: how a listing names brands, what its title says about copies, and how it is built.

The reading of texts stands in `titles.py`, `spelling/` and `slang/`; what was measured, and where it fails, in
docs/explanation/wording.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import orjson

from assay.engine import Market, Workspace, ops
from assay.signals.outcome import columns_of, computable
from assay.signals.rates import percent
from assay.signals.signal import Direction, Row, Signal, counted
from assay.signals.slang import quoted
from assay.signals.spelling import Brand, BrandBook, Usage, learned_book, stated_book
from assay.signals.spelling.alphabet import INVISIBLE, alphabet, codes
from assay.signals.titles import HEAD_LENGTH, SCHEMA, TitleReader

# What a buyer sees before scrolling; longer texts cost time in proportion.
DESCRIPTION_LENGTH = 400
# Enough titles to meet every word that stands in one of 5,000 ten times; more only costs memory.
SAMPLE_TITLES = 50_000
SAMPLE_SEED = 5005
# A value that a single merchant writes may be its own trick, so two must write it, where there are two.
_LEAST_MERCHANTS = 2
# Unless that merchant writes so many brands that it is a department store, or the stand-in for a crawl without sellers.
_BROAD_RANGE = 100
# The most frequent values of the brand field to learn brands from: an automaton of these fits in some ten MB.
_MOST_BRANDS = 50_000


def measure(market: Market, work: Workspace) -> ir.Table | None:
    """One row per listing with every wording signal that the market allows; None without titles.

    Without a brand that can be known (no table of brands, no frequent brand fields) the signals about brands are left
    out. A listing without a title is not checked.
    """
    signals = computable(market, SIGNALS, "listing")
    if not signals:
        return None
    book = market_book(market, work)
    if not book.brands:
        signals = tuple(signal for signal in signals if signal.id not in _ABOUT_BRANDS)
    listings = market.table("listings")
    texts = listings.select(
        "listing_id", "title", "brand", description=listings.description.substr(0, DESCRIPTION_LENGTH)
    )
    return columns_of(work.map_step("wording", texts, TitleReader(book), SCHEMA), signals, "listing")


@dataclass(frozen=True, slots=True)
class Sample:
    """Texts that a market's brand book is learnt from: titles with their brand fields, and heads of descriptions."""

    titles: list[str]
    brands: list[str | None]
    heads: list[str]


def market_book(market: Market, work: Workspace) -> BrandBook:
    """The brand book of a market: its table of brands, else its frequent brand fields."""
    return book_of(market, work, text_sample(market, work))


def text_sample(market: Market, work: Workspace) -> Sample:
    """Titles, brand fields and beginnings of descriptions of all titled listings, or of some `SAMPLE_TITLES`."""
    listings = market.table("listings")
    titled = listings.filter(listings.title.notnull()).select(
        "listing_id", "title", "brand", head=listings.description.substr(0, HEAD_LENGTH)
    )
    n_titles = market.snapshot.n_filled("listings", "title")
    if n_titles > SAMPLE_TITLES:
        titled = titled.filter(ops.md5_fraction(titled.listing_id, SAMPLE_SEED) < SAMPLE_TITLES / n_titles)
    sample = work.engine.collect(titled.select("title", "brand", "head")).to_pydict()
    return Sample(sample["title"], sample["brand"], [head for head in sample["head"] if head])


def book_of(market: Market, work: Workspace, sample: Sample) -> BrandBook:
    """The brand book with the ordinary words of a sample."""
    texts = [*sample.titles, *sample.heads]
    if market.has("brands.name"):
        rows = work.engine.collect(market.table("brands").select("name", "aliases", "rights_holder").order_by("name"))
        return stated_book([_stated(row) for row in rows.to_pylist()], texts)
    if not market.has("listings.brand"):
        return stated_book([], texts)
    usages = work.engine.collect(_usages(market.table("listings"))).to_pylist()
    known = [Usage(u["brand"], u["n_listings"]) for u in usages]
    return learned_book(known, sample.titles, sample.brands, sample.heads)


def _stated(row: Row) -> Brand:
    aliases = tuple(str(alias) for alias in orjson.loads(row["aliases"])) if row["aliases"] else ()
    return Brand(row["name"], row["rights_holder"] or "", (row["name"],), aliases)


def _usages(listings: ir.Table) -> ir.Table:
    """The most frequent values of the brand field that enough merchants, or a broad one, write: brand, n_listings."""
    filled = listings.filter(listings.brand.notnull())
    breadth = filled.group_by("merchant_id").agg(n_brands=filled.brand.nunique())
    written = filled.group_by(["brand", "merchant_id"]).agg(n=filled.count()).inner_join(breadth, "merchant_id")
    counts = written.group_by("brand").agg(
        n_listings=written.n.sum(), n_merchants=written.count(), n_brands=written.n_brands.max()
    )
    counts = counts.cross_join(listings.aggregate(n_all=listings.merchant_id.nunique()))
    is_known = counts.n_merchants >= ibis.least(counts.n_all, _LEAST_MERCHANTS)
    kept = counts.filter(is_known | (counts.n_brands >= _BROAD_RANGE))
    return kept.order_by([kept.n_listings.desc(), kept.brand]).limit(_MOST_BRANDS).select("brand", "n_listings")


def _evasive(row: Row) -> str:
    span, brand = row["wording_evasive__span"], row["wording_evasive__brand"]
    if not span:
        return "Every brand that is named is written as it writes itself."
    where, shown = row["wording_evasive__place"], _shown(span)
    return f"The {where} writes “{shown}”, which reads as {brand}; it is written {row['wording_evasive__trick']}."


def _shown(span: str) -> str:
    """The span with what cannot be seen spelt out: `Nor‹U+200B›vane`."""
    hidden = alphabet().kind[codes(span)] == INVISIBLE
    return "".join(f"‹U+{ord(c):04X}›" if hide else c for c, hide in zip(span, hidden.tolist(), strict=True))


def _alias(row: Row) -> str:
    span, brand = row["wording_alias__span"], row["wording_alias__brand"]
    if not span:
        return "The title calls no brand by a nickname only."
    return f"The title says “{span}”, another name for {brand}; the name {brand} itself is not in the title."


def _near(row: Row) -> str:
    span, brand = row["wording_near_brand__span"], row["wording_near_brand__brand"]
    if not span:
        return "No word of the title is one letter away from a known brand."
    return f"The title says “{span}”; the brand {brand} is one letter away."


def _rivals(row: Row) -> str:
    brands = row["wording_rivals__brands"]
    if not brands:
        return "The title claims no more than one brand."
    return f"One title claims {row['wording_rivals']:.0f} brands of different owners: {brands}."


def _conflict(row: Row) -> str:
    claimed = row["wording_brand_conflict__claimed"]
    if not claimed:
        return "Title and brand field name no different brands."
    return f"The title claims the brand {claimed}; the brand field says {row['wording_brand_conflict__field']}."


def _empty(row: Row) -> str:
    claimed = row["wording_brand_empty__claimed"]
    if not claimed:
        return "The brand field is filled, or the title claims no known brand."
    return f"The title claims the brand {claimed}; the brand field names no brand."


def _replica(row: Row) -> str:
    span = row["wording_replica__span"]
    if not span:
        return "The title holds no words that stand for copies."
    return f"The title says {quoted(span)}; such words stand for goods that copy others."


def _discreet(row: Row) -> str:
    span = row["wording_discreet__span"]
    if not span:
        return "The description does not say that a brand is kept out of sight."
    return f"The description says {quoted(span)}; goods offered openly show their brand."


def _brand_length(row: Row) -> str:
    return f"Brand field: {counted(row['wording_brand_length'], 'character')}."


def _template(row: Row) -> str:
    return f"Of the title's words {percent(row['wording_template'])} are ordinary words of this marketplace."


_NOTE = "Measured on 20,000 ordinary titles of Flipkart 2016: docs/explanation/wording.md"

SIGNALS: tuple[Signal, ...] = (
    Signal(
        id="wording-evasive",
        subject="listing",
        unit="1 when a brand is disguised",
        direction=Direction.MORE,
        needs=("listings.title",),
        fires_above=1.0,
        sentence=_evasive,
        rationale="A name written so that people read it and filters do not has one purpose. Rule-grade.",
        source=f"Look-alikes: Unicode Technical Standard 39. {_NOTE}",
        example="“N0rvane runner” on a market that knows Norvane",
    ),
    Signal(
        id="wording-alias",
        subject="listing",
        unit="1 when a brand is named by a nickname only",
        direction=Direction.TWO_SIDED,
        needs=("listings.title", "brands.aliases"),
        sentence=_alias,
        rationale="Pinyin and nicknames name a brand without its mark; translations do so honestly.",
        source="China Daily, 29 September 2017 (misspelt brands such as LYU for LV)",
        example="“nuofan runner” where nuofan is an alias of Norvane",
    ),
    Signal(
        id="wording-near-brand",
        subject="listing",
        unit="1 when a word is one slip from a brand",
        direction=Direction.TWO_SIDED,
        needs=("listings.title",),
        sentence=_near,
        rationale="Misspelling is mostly honest: it may only add to other evidence, so it is never shown alone.",
        source=_NOTE,
        example="“Norvene runner”",
    ),
    Signal(
        id="wording-rivals",
        subject="listing",
        unit="brands of different owners claimed",
        direction=Direction.MORE,
        needs=("listings.title",),
        fires_above=2.0,
        sentence=_rivals,
        rationale="One article has one maker; names piled up catch searches. What goods are for is not counted.",
        source="China Daily, 29 September 2017 (marketplace blocks on several luxury names in one title)",
        example="“Norvane Velkora bag”, not “case for Velkora phone by Norvane”",
    ),
    Signal(
        id="wording-brand-conflict",
        subject="listing",
        unit="1 known brands differ, 0.5 the field's name is not known",
        direction=Direction.MORE,
        needs=("listings.title", "listings.brand"),
        fires_above=1.0,
        sentence=_conflict,
        rationale="Filters read the field, buyers the title; null where the field names no brand.",
        source=_NOTE,
        example="Title “Norvane runner”, brand field “Velkora”",
    ),
    Signal(
        id="wording-brand-empty",
        subject="listing",
        unit="1 when a brand is claimed in the title only",
        direction=Direction.TWO_SIDED,
        needs=("listings.title", "listings.brand"),
        fires_above=1.0,
        sentence=_empty,
        rationale="An empty field escapes brand filters; honest merchants leave it empty too, so the model weighs it.",
        source=f"40 % of counterfeits on one marketplace omit the brand (public Brand Protector figures). {_NOTE}",
        example="Title “Norvane runner”, brand field empty or “unbranded”",
    ),
    Signal(
        id="wording-replica",
        subject="listing",
        unit="1 said, 0.5 hinted",
        direction=Direction.MORE,
        needs=("listings.title",),
        fires_above=1.0,
        sentence=_replica,
        rationale="Sellers name copies in slang; denials and ordinary uses are understood. Rule-grade at 1.",
        source=f"Marketplace keyword lists in English, Chinese and Russian. {_NOTE}",
        example="“Norvane bag AAA quality”, not “replica helmet” and not “no replicas”",
    ),
    Signal(
        id="wording-discreet",
        subject="listing",
        unit="1 when the brand is kept out of sight",
        direction=Direction.MORE,
        needs=("listings.description",),
        fires_above=1.0,
        sentence=_discreet,
        rationale="Who sells what filters look for hides the mark and shows it elsewhere. Phrases in seven languages.",
        source="Published descriptions of hidden-link sales; alarms on ordinary descriptions were not measured",
        example="“The logo is covered in the photo”",
    ),
    Signal(
        id="wording-brand-length",
        subject="listing",
        unit="characters",
        direction=Direction.TWO_SIDED,
        needs=("listings.brand",),
        sentence=_brand_length,
        rationale="Placeholders and stuffed fields differ in length from names; a plain fact for the model.",
        source="Plain fact",
        example="“Norvane” has 7",
    ),
    Signal(
        id="wording-template",
        subject="listing",
        unit="share of the title's words",
        direction=Direction.TWO_SIDED,
        needs=("listings.title",),
        sentence=_template,
        rationale="Copied goods are listed from templates without model or maker; 1 means nothing but common words.",
        source="Generic-template titles were all counterfeit in one published data set of a marketplace",
        example="“new fashion women bag” has 1.0",
    ),
)

_ABOUT_BRANDS = frozenset(
    f"wording-{what}" for what in ("evasive", "alias", "near-brand", "rivals", "brand-conflict", "brand-empty")
)
