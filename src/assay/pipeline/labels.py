"""What a signal is called and how its value is written, for people who have never seen its id."""

from __future__ import annotations

import math
from collections.abc import Callable

from assay.rating import GOODS_TERMS
from assay.signals.families import SIGNALS

NOT_CHECKED = "not checked"
# A run keeps what the goods of a merchant add to its score, not the sums that the points were read off.
FROM_GOODS = "from its goods' points"

_LABELS = {
    "price-gap": "price against the usual price",
    "price-category-gap": "price against its category, any brand",
    "price-outlier": "price against the usual spread",
    "price-authorised-gap": "price against authorised merchants",
    "price-repeated": "same odd price at other merchants",
    "price-list-gap": "price against the list price",
    "wording-evasive": "brand written in disguise",
    "wording-alias": "brand named by a nickname",
    "wording-near-brand": "one letter off a brand",
    "wording-rivals": "rival brands in one title",
    "wording-brand-conflict": "brand field against title",
    "wording-brand-empty": "brand in the title only",
    "wording-replica": "called a replica",
    "wording-discreet": "brand kept out of sight",
    "wording-brand-length": "length of the brand field",
    "wording-template": "title made of common words",
    "spec-gtin-invalid": "trade number (GTIN) not valid",
    "spec-gtin-brand": "trade number of another brand",
    "spec-category-unseen": "brand new to the category",
    "spec-contradiction": "contradicts the catalogue",
    "spec-impossible": "impossible specifications",
    "spec-completeness": "usual specifications stated",
    "repetition-title": "same title at other merchants",
    "repetition-text": "same text at other merchants",
    "repetition-confirmed": "text like a confirmed counterfeit's",
    "repetition-relisted": "removed goods offered again",
    "repetition-text-risk": "words typical of counterfeits",
    "imagery-shared": "picture at other merchants",
    "imagery-first-elsewhere": "picture used elsewhere before",
    "imagery-authorised": "picture of authorised merchants",
    "imagery-confirmed": "picture of a confirmed counterfeit",
    "reviews-fake-rate": "reviews that say fake",
    "reviews-rating": "rating by buyers",
    "reviews-count": "number of reviews",
    "reviews-merchant-fake-rate": "merchant's reviews that say fake",
    "reviews-merchant-rating": "merchant's rating by buyers",
    "orders-refund-fake-rate": "orders refunded as fake",
    "orders-refund-rate": "orders refunded",
    "orders-weight-gap": "parcel weight against catalogue",
    "orders-origin": "parcels from another country",
    "orders-count": "number of orders",
    "stats-fake-return-rate": "sales returned as fake",
    "stats-return-rate": "sales returned",
    "stats-sales": "number of sales",
    "orders-merchant-refund-fake-rate": "merchant's orders refunded as fake",
    "orders-merchant-refund-rate": "merchant's orders refunded",
    "stats-merchant-fake-return-rate": "merchant's sales returned as fake",
    "stats-merchant-return-rate": "merchant's sales returned",
    "history-merchant": "merchant's other goods: counterfeit",
    "history-merchant-count": "merchant's other goods: how many",
    "history-group": "goods of the same text: counterfeit",
    "history-brand": "counterfeits of the brand elsewhere",
    "history-category": "counterfeits in the category",
    "listing-age": "age of the listing",
    "listing-edits": "large edits",
    "listing-ships-from": "ships from another country",
    "listing-origin": "origin against the catalogue",
    "listing-authorised": "merchant not authorised for brand",
    "listing-quantity": "quantity offered",
    "listing-title-length": "length of the title",
    "listing-description-length": "length of the description",
    "merchant-age": "age of the merchant's account",
    "merchant-size": "size of the merchant's range",
    "merchant-burst": "range listed on one day",
    "merchant-burst-size": "most listings on one day",
    "merchant-luxury-breadth": "luxury brands in the range",
    "merchant-brand-breadth": "brands in the range",
    "merchant-unauthorised-share": "range without authorisation",
    "merchant-feedback": "positive feedback",
    "merchant-shared-identifier": "accounts of the same identity",
    "merchant-closed-siblings": "closed accounts of the same identity",
    "merchant-licence-missing": "no licence number",
    "goods-mean": "its goods on average",
    "goods-worst": "its worst listing",
    "goods-share-at-risk": "goods at risk",
    "goods-count": "number of listings",
    "calibration": "adjustment to the calibrated scale",
}
_UNITS = {signal.id: signal.unit for signal in SIGNALS} | {
    "goods-mean": "log-odds",
    "goods-worst": "log-odds",
    "goods-share-at-risk": "share",
    "goods-count": "listings",
}
_OF_GOODS = frozenset(term.id for term in GOODS_TERMS)
# A ratio means nothing without what it is a ratio to.
_TIMES = {
    "price-gap": "the usual price",
    "price-category-gap": "the category's usual price",
    "price-authorised-gap": "their price",
    "price-list-gap": "the list price",
    "orders-weight-gap": "the catalogue's weight",
}
_ONE = {
    "attributes": "attribute",
    "accounts": "account",
    "brands": "brand",
    "characters": "character",
    "confirmed goods": "confirmed listing",
    "days": "day",
    "listings": "listing",
    "merchants": "merchant",
    "other merchants": "other merchant",
    "removed listings": "removed listing",
    "stars": "star",
    "units": "unit",
}


def label(step_id: str) -> str:
    """A few plain words for a signal or step; the id in words where nobody has written any.

    >>> label("price-gap"), label("price-of-tea")
    ('price against the usual price', 'price of tea')
    """
    return _LABELS.get(step_id, step_id.replace("-", " "))


def unlabelled() -> tuple[str, ...]:
    """Ids of signals and steps that have no words of their own yet."""
    return tuple(name for name in (*(s.id for s in SIGNALS), *(t.id for t in GOODS_TERMS)) if name not in _LABELS)


def value_text(step_id: str, value: float | None) -> str:
    """A value with its unit as people say it; log ratios as ratios, shares in percent, flags as yes and no.

    >>> value_text("price-gap", -1.49), value_text("listing-age", 1.0), value_text("wording-evasive", 1)
    ('0.23 times the usual price', '1 day', 'yes')
    """
    if step_id == "calibration":
        return ""
    if value is None:
        return FROM_GOODS if step_id in _OF_GOODS else NOT_CHECKED
    unit = _UNITS.get(step_id, "")
    if step_id in _TIMES:
        return f"{_ratio(value)} times {_TIMES[step_id]}"
    for prefix, written in _BY_UNIT:
        if unit.startswith(prefix):
            return written(value, unit)
    return f"{number(value)} {_ONE.get(unit, unit) if value == 1 else unit}".strip()


def number(value: float) -> str:
    """Whole from ten on, one decimal below, and two figures below one: `1,204`, `5.1`, `0.024`."""
    size = abs(value)
    if size >= 9.95 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.1f}".removesuffix(".0") if size >= 1 else f"{value:.2g}"


def percent(share: float) -> str:
    """`37 %`, `4.2 %`, `0.024 %`: as many digits as a share of that size deserves."""
    return f"{number(100 * share)} %"


def _ratio(log_ratio: float) -> str:
    return f"{math.exp(max(min(log_ratio, 700.0), -700.0)):.2g}" if abs(log_ratio) < math.log(10) else _far(log_ratio)


def _far(log_ratio: float) -> str:
    return number(math.exp(max(min(log_ratio, 700.0), -700.0)))


def _choice(value: float, unit: str) -> str:
    """`1 known brands differ, 0.5 the field's name is not known` names what its values stand for."""
    for part in unit.split(", "):
        figure, _, meaning = part.partition(" ")
        if float(figure) == value:
            return "yes" if meaning.startswith("when ") else meaning
    return "no" if value == 0 else number(value)


def _yes(value: float, _unit: str) -> str:
    return "yes" if value else "no"


# By how the unit begins; the first that fits.
_BY_UNIT: tuple[tuple[str, Callable[[float, str], str]], ...] = (
    ("yes or no", _yes),
    ("1 ", _choice),
    ("share", lambda value, _unit: percent(value)),
    ("Jaccard", lambda value, _unit: f"{percent(value)} alike"),
    ("log-odds to the market", lambda value, _unit: f"{_ratio(value)} times the market's odds"),
    ("log-odds (0 = as likely", lambda value, _unit: f"odds {_ratio(value)} to 1"),
    ("log-odds", lambda value, _unit: f"odds {_ratio(value)} to 1"),
    ("natural log", lambda value, _unit: f"{_ratio(value)} times"),
    ("count", lambda value, _unit: number(value)),
    ("brands of different", lambda value, _unit: f"{number(value)} brands" if value != 1 else "1 brand"),
)
