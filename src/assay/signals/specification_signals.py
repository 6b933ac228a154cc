"""What every signal about a specification means, and how it is said."""

from __future__ import annotations

from assay.signals.brand_ranges import LEAST_ELSEWHERE
from assay.signals.signal import Direction, Row, Signal, counted

# Less than a third of what goods of the kind usually state (0.33, so that 1 of 3 stays out). Missing attributes are
# mostly laziness, so only specifications that are all but empty are worth telling; a higher bound tells more of these.
_BELOW_A_THIRD = 0.33


def _gtin_invalid_sentence(row: Row) -> str:
    gtin, fault = row["spec_gtin_invalid__gtin"], row["spec_gtin_invalid__fault"]
    if fault == "in-store number":
        return f"States the trade item number {gtin}, of a range that is reserved for use inside one shop."
    if fault is not None:
        return f"States the trade item number {gtin}; its check digit does not fit the other digits."
    return "The check digit of its trade item number fits."


def _gtin_brand_sentence(row: Row) -> str:
    if not row["spec_gtin_brand"]:
        return "Its trade item number is not known as another brand's."
    gtin, owner = row["spec_gtin_brand__gtin"], row["spec_gtin_brand__owner"]
    return f"Offered as {row['spec_gtin_brand__claimed']}; its trade item number {gtin} belongs to {owner}."


def _category_sentence(row: Row) -> str:
    if not row["spec_category_unseen"]:
        return "The brand is known in this category."
    brand, category = row["spec_category_unseen__brand"], row["spec_category_unseen__category"]
    if row["spec_category_unseen__known"] is not None:
        return f"Offered as {brand} in {category}; the brand's own list has {row['spec_category_unseen__known']}."
    n = row["spec_category_unseen__n_elsewhere"]
    return f"Offered as {brand} in {category}; no other merchant does, while {n:,} listings of it are elsewhere."


def _contradiction_sentence(row: Row) -> str:
    n = int(row["spec_contradiction"])
    if not n:
        return "No stated attribute contradicts the catalogue."
    more = f" (and {counted(n - 1, 'more such attribute')})" if n > 1 else ""
    return f"States {row['spec_contradiction__text']}{more}."


def _impossible_sentence(row: Row) -> str:
    n = int(row["spec_impossible"])
    if not n:
        return "No stated value is outside what is possible."
    more = f" (and {counted(n - 1, 'more such value')})" if n > 1 else ""
    return f"States {row['spec_impossible__text']}{more}."


def _completeness_sentence(row: Row) -> str:
    filled, usual = row["spec_completeness__n_filled"] or "none", row["spec_completeness__n_usual"]
    return f"States {filled} of the {usual} attributes that are usual for goods of its brand and category."


SIGNALS: tuple[Signal, ...] = (
    Signal(
        id="spec-gtin-invalid",
        subject="listing",
        unit="yes or no",
        direction=Direction.MORE,
        needs=("listings.gtin",),
        sentence=_gtin_invalid_sentence,
        rationale=(
            "Invented numbers fail the check digit nine times in ten, and numbers for use inside one shop name no "
            "product."
        ),
        source="GS1 General Specifications, sections 1.4, 2.1 and 7.9",
        example="04006381333932 (the right last digit is 1): 1",
        fires_above=1.0,
    ),
    Signal(
        id="spec-gtin-brand",
        subject="listing",
        unit="yes or no",
        direction=Direction.MORE,
        needs=("listings.gtin", "listings.brand", "brands.brand_id"),
        sentence=_gtin_brand_sentence,
        rationale=(
            "A number copied from other goods belongs to somebody else: to a product of another brand in the "
            "catalogue, or by its company prefix to a brand of another rights holder. 0 when nobody else is known "
            "to own it; not checked for invalid numbers and unknown brands."
        ),
        source="GS1 General Specifications, section 1.4 (company prefixes)",
        example="offered as Norvane with a number that the catalogue has for another house: 1",
        fires_above=1.0,
    ),
    Signal(
        id="spec-category-unseen",
        subject="listing",
        unit="yes or no",
        direction=Direction.MORE,
        needs=("listings.brand", "listings.category"),
        sentence=_category_sentence,
        rationale=(
            "A brand in a category where it sells nothing is a name put on other goods. By the brand's own list of "
            "categories; without a list, when no other merchant offers the brand there although it has at least "
            f"{LEAST_ELSEWHERE} listings elsewhere. A brand that one merchant alone offers is not checked."
        ),
        source="Flipkart 2016: 0.2 % of genuine held-out rows, 81 % of random assignments",
        example="power banks of a shoe brand: 1",
        fires_above=1.0,
    ),
    Signal(
        id="spec-contradiction",
        subject="listing",
        unit="attributes",
        direction=Direction.MORE,
        needs=("listings.attributes", "products.attributes"),
        sentence=_contradiction_sentence,
        rationale=(
            "The product named by GTIN, or by brand and model, is made in certain sizes, colours and materials; "
            "another value is another product. Only names that both sides state are compared; an ambiguous product "
            "is not."
        ),
        source="Taobao's industry-standard specifications (China Daily, 29 September 2017)",
        example='size "47" where the catalogue has 39|40|41: 1',
        fires_above=1.0,
    ),
    Signal(
        id="spec-impossible",
        subject="listing",
        unit="attributes",
        direction=Direction.MORE,
        needs=("listings.attributes",),
        sentence=_impossible_sentence,
        rationale=(
            "Values that no goods can have, from a small table of physical and trade limits: capacities, shoe "
            "sizes, fineness, shares above 100 %, weights of nothing, batteries too light for their charge."
        ),
        source="limits with their reasons in docs/explanation/specification.md; generic power banks in Ozon's labels",
        example="a USB stick of 30000 TB: 1",
        fires_above=1.0,
    ),
    Signal(
        id="spec-completeness",
        subject="listing",
        unit="share",
        direction=Direction.TWO_SIDED,
        needs=("listings.attributes",),
        sentence=_completeness_sentence,
        rationale=(
            "Who has the goods can describe them. Share of the attribute names that at least half of the "
            "specifications in brand x category (else category; at least 20 of them) state; not checked where fewer "
            "than 3 are usual. Careful copies are complete too, so a full specification clears nobody."
        ),
        source="Taobao's industry-standard specifications; Ozon E-CUP 2025, published analysis",
        example="2 of 5 usual attributes stated: 0.4",
        fires_below=_BELOW_A_THIRD,
    ),
)
