"""What the API takes and gives: one schema per thing, with units in the descriptions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Schema
from pydantic import ConfigDict, StringConstraints

from assay.casework.models import Action, Answer

# Longer texts are nobody's title; the market's own limits say the rest.
Words = Annotated[str, StringConstraints(max_length=20_000)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
# PostgreSQL keeps no NUL in a text.
_NO_NUL = r"^[^\x00]*$"


class Error(Schema):
    """What was wrong, where, the value got, what is allowed."""

    error: str
    message: str
    where: dict[str, Any] = Field(default_factory=dict)
    value: Any = None
    allowed: str | None = None


class Picture(Schema):
    """A picture of the listing, in the columns of the market's table `images`."""

    model_config = ConfigDict(extra="forbid")
    image_id: Id | None = None
    position: int | None = Field(None, ge=0)
    uri: Words | None = None
    sha256: Words | None = None
    pdq: Words | None = None
    ocr_text: Words | None = None


class RatingRequest(Schema):
    """A listing in the columns of the market's table `listings`; whatever is not known is left out."""

    model_config = ConfigDict(extra="forbid")
    listing: dict[str, Any] = Field(
        ...,
        description="Columns of the market's table `listings`, values as texts or numbers: listing_id, merchant_id, "
        "title, price (minor units), currency, brand, category, gtin, attributes, ships_from, …",
        min_length=1,
        max_length=100,
    )
    images: list[Picture] = Field(default_factory=list, max_length=50)
    open_item: bool = Field(True, description="Open an item for review when the score is a red flag (80 or more).")


class Step(Schema):
    """One step of the score: hundredths of log-odds; they add up to the score exactly."""

    signal: str
    points: int
    value: float | None
    checked: bool
    score_before: float
    score_after: float


class Said(Schema):
    """Two facts that do not fit."""

    signal: str
    value: float
    text: str


class Rating(Schema):
    """A score from 0 to 100 with every step to it."""

    listing_id: str
    merchant_id: str
    score: float
    low: float | None
    high: float | None
    label: str
    is_red_flag: bool
    base_score: float
    base_points: int
    points: int
    steps: list[Step]
    discrepancies: list[Said]
    merchant_discrepancies: list[Said]
    not_checked: list[str]
    not_computed: dict[str, str]
    snapshot_id: str
    model: str
    item: int | None = Field(None, description="Id of the item opened for review.")


class ItemOut(Schema):
    """One listing or merchant for review."""

    id: int
    subject_type: str
    subject_id: str
    merchant_id: str
    title: str
    brand: str
    category: str
    price_minor: int | None
    currency: str
    score: float
    score_low: float | None
    score_high: float | None
    harm_minor: int = Field(..., description="Expected harm a month, in minor units of `harm_currency`.")
    harm_currency: str = Field(..., description="Empty where the harm is not known.")
    stream: str
    state: str
    opened_at: datetime
    updated_at: datetime


class ItemWhole(ItemOut):
    """An item with what was frozen about it and what was decided."""

    finding: dict[str, Any] | None
    finding_sha256: str | None
    decisions: list[str]


class ItemPage(Schema):
    """A page of items."""

    items: list[ItemOut]
    next: str | None


class Choice(Schema):
    """What is decided about an item. `days`: how long it lasts; None takes the usual time of the action.

    `finding_sha256`: that of the item as it was read; 409 when the item rests on another finding by now.
    """

    model_config = ConfigDict(extra="forbid")
    answer: Answer
    action: Action
    reason_code: Annotated[str, StringConstraints(max_length=40)]
    note: Annotated[str, StringConstraints(max_length=5_000, pattern=_NO_NUL)] = ""
    days: int | None = Field(None, ge=1, le=3650)
    finding_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


class Why(Schema):
    """A reason in words."""

    model_config = ConfigDict(extra="forbid")
    reason: Annotated[str, StringConstraints(min_length=1, max_length=2_000, strip_whitespace=True, pattern=_NO_NUL)]


class DecisionOut(Schema):
    """A decision and where it stands."""

    id: int
    reference: str
    item_id: int
    subject_type: str
    subject_id: str
    merchant_id: str
    answer: str
    action: str
    reason_code: str
    state: str
    is_automatic: bool
    decided_at: datetime
    in_force_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    finding_sha256: str


class DecisionPage(Schema):
    """A page of decisions."""

    items: list[DecisionOut]
    next: str | None


class Standing(Schema):
    """What is in force about a listing or a merchant now."""

    subject_type: str
    subject_id: str
    score: float | None
    restrictions: list[DecisionOut]
    strike_weight: float | None = None


class StatementOut(Schema):
    """A statement of reasons as it was sent; `transparency` is null for a decision that restricts nothing."""

    decision: str
    language: str
    subject: str
    text: str
    issued_at: datetime
    appeal_by: datetime
    transparency: dict[str, Any] | None


class EffectOut(Schema):
    """An effect of the outbox, as webhooks carry it."""

    id: int
    key: str
    endpoint: int | None
    kind: str
    subject: str
    payload: dict[str, Any]
    created_at: datetime
    state: str


class EffectPage(Schema):
    """A page of effects."""

    items: list[EffectOut]
    next: str | None


class AppealOut(Schema):
    """An appeal and where it stands."""

    id: int
    decision: str
    merchant_id: str
    state: str
    lodged_at: datetime
    due_at: datetime
    answered_at: datetime | None


class AppealPage(Schema):
    """A page of appeals."""

    items: list[AppealOut]
    next: str | None
