"""One subject with all that is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.pipeline.explaining import Explanation


@dataclass(frozen=True, slots=True)
class PricePlace:
    """The price in minor units among `n` offers (`among` says which); quantiles are rounded to whole minor units."""

    price_minor: int
    currency: str
    decimals: int
    among: str
    n: int
    p05_minor: int
    p25_minor: int
    p50_minor: int
    p75_minor: int
    p95_minor: int


@dataclass(frozen=True, slots=True)
class PictureUse:
    """A picture of the listing: its row, and how many other listings show the same file or the same fingerprint.

    `elsewhere` names up to five of them, the first by id; `elsewhere_uri` says where the picture of the first one is.
    """

    row: Mapping[str, Any]
    n_elsewhere: int
    elsewhere: tuple[str, ...]
    elsewhere_uri: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Words of the `title` or `description` that a wording signal read, as they are written there."""

    signal: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """A listing or merchant: its explanation, the rows it was rated from, and what stands around it.

    `listing` is empty for a merchant. `goods` are the merchant's worst live listings but the subject itself: id, title,
    score. `harm_minor` is the expected harm of 30 days in minor units of the run's currency. `is_flagged` is False for
    a subject that was only drawn at random; `inclusion_probability` is None for one that was not drawn.
    """

    explanation: Explanation
    listing: Mapping[str, Any]
    merchant: Mapping[str, Any]
    harm_minor: int
    is_flagged: bool
    inclusion_probability: float | None
    price: PricePlace | None = None
    pictures: tuple[PictureUse, ...] = ()
    goods: tuple[tuple[str, str, float], ...] = ()
    spans: tuple[Span, ...] = ()
