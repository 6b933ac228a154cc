"""What an offer's own columns and its merchant's country say."""

from __future__ import annotations

from typing import Any

from assay.pipeline.live.goods import Goods
from assay.pipeline.live.offers import SECONDS_PER_DAY, Offer


def measured(offer: Offer, goods: Goods, country: str | None, as_of_s: int) -> dict[str, Any]:
    """Values and facts of every signal about the listing itself; `country` is the one its merchant states."""
    listed_s = offer.listed_floor_s
    age = None if listed_s is None else (as_of_s - listed_s) / SECONDS_PER_DAY
    stated = offer.values["ships_from"]
    origin = goods.product["origin"] if goods.product is not None else None
    title, description = offer.values["title"], offer.values["description"]
    return {
        "listing_age": age if age is not None and age >= 0 else None,
        "listing_edits": offer.values["n_edits"],
        "listing_quantity": offer.values["quantity"],
        "listing_title_length": None if title is None else len(title),
        "listing_description_length": None if description is None else len(description),
        "listing_ships_from": _differs(stated, country),
        "listing_ships_from__stated": stated,
        "listing_ships_from__country": country,
        "listing_origin": _differs(stated, origin),
        "listing_origin__stated": stated,
        "listing_origin__catalogue": origin,
        "listing_authorised": goods.unauthorised,
        "listing_authorised__brand": goods.brand_name if goods.unauthorised == 1.0 else None,
    }


def _differs(one: str | None, other: str | None) -> float | None:
    return None if one is None or other is None else float(one != other)
