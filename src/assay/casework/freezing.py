"""Turns what a run knows about a subject into the frozen content of a finding."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from assay.casework.findings import (
    About,
    Content,
    Discrepancy,
    Fact,
    Goods,
    Mark,
    Merchant,
    NotChecked,
    NotComputed,
    Offer,
    Picture,
    Price,
    Step,
    Waterfall,
)
from assay.market.errors import CallerError
from assay.pipeline.dossiers import Dossier, PictureUse, Span
from assay.pipeline.labels import label, percent, value_text
from assay.pipeline.runs import Run
from assay.rating import Waterfall as Fall
from assay.signals import signal

# What a page shows at most; a description of a megabyte is somebody's filler.
DESCRIPTION_KEPT = 2_000
TITLE_KEPT = 1_000
# The length of the columns that hold ids.
MOST_ID_CHARACTERS = 200
_OCR_KEPT = 500
_LISTING_FACTS = (
    ("condition", "condition"),
    ("model", "model"),
    ("gtin", "trade number (GTIN)"),
    ("quantity", "quantity offered"),
    ("ships_from", "ships from"),
    ("language", "language"),
    ("listed_at", "listed"),
    ("removed_at", "removed"),
    ("n_edits", "large edits"),
)
_MERCHANT_FACTS = (("feedback_rate", "positive feedback"), ("n_feedback", "ratings by buyers"))


def freeze(run: Run, found: Dossier) -> Content:
    """The content of a finding: the same run and subject give the same content to the byte.

    Texts lose characters that no database keeps (NUL). Personal data of the merchant (address, phone, e-mail, payout
    account, devices) is left out: a discrepancy that rests on it says how many accounts share it.
    """
    about = found.explanation
    return Content(
        about=About(
            subject_type=about.subject_type,
            subject_id=_id(about.subject_id),
            snapshot_id=run.snapshot_id,
            as_of=_moment(run.about["as_of"]),
            label=about.label,
            model=str(run.about["model"][about.subject_type]),
        ),
        merchant=_merchant(_id(about.merchant_id), found.merchant),
        waterfall=_waterfall(about.waterfall),
        offer=(offer := _offer(found.listing)),
        discrepancies=_discrepancies(about.discrepancies, about.waterfall),
        merchant_discrepancies=_discrepancies(about.merchant_discrepancies, about.waterfall),
        facts=_facts(found),
        price=None if found.price is None else Price(**_values(found.price)),
        pictures=tuple(_picture(each) for each in found.pictures),
        goods=tuple(Goods(listing_id, _text(title), score) for listing_id, title, score in found.goods),
        marks=tuple(_mark(each, offer) for each in found.spans),
        not_checked=tuple(NotChecked(each, label(each)) for each in about.not_checked),
        not_computed=tuple(NotComputed(each, label(each), why) for each, why in sorted(about.not_computed.items())),
    )


def too_long(found: Dossier) -> str:
    """The id of a subject, else of its merchant, that is longer than casework keeps; empty when both fit."""
    ids = (found.explanation.subject_id, found.explanation.merchant_id)
    return next((each for each in ids if len(each) > MOST_ID_CHARACTERS), "")


def _id(value: str) -> str:
    """An id as it is; a part of one would name something else. CallerError for one longer than casework keeps."""
    if len(value) > MOST_ID_CHARACTERS:
        raise CallerError(
            f"The id {value[:40]!r}… has {len(value):,} characters; casework keeps at most {MOST_ID_CHARACTERS}. Give "
            "the market a shorter one, such as a hash of it.",
            value=value[:40],
            allowed=f"1 to {MOST_ID_CHARACTERS} characters",
        )
    return value


def _text(value: Any, most: int = TITLE_KEPT) -> str:  # noqa: ANN401 - a cell of an original table
    return "" if value is None else str(value).replace("\0", "")[:most]


def _moment(value: Any) -> str:  # noqa: ANN401 - a time, or its ISO text
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _day(value: datetime | None) -> str | None:
    return None if value is None else _moment(value)[:10]


def _values(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a slotted dataclass
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def _merchant(merchant_id: str, row: Mapping[str, Any]) -> Merchant:
    return Merchant(
        id=merchant_id,
        name=_text(row.get("name"), 300),
        country=_text(row.get("country")),
        registered_at=_day(row.get("registered_at")),
        status=_text(row.get("status")),
    )


def _offer(row: Mapping[str, Any]) -> Offer:
    return Offer(
        title=_text(row.get("title")),
        description=_text(row.get("description"), DESCRIPTION_KEPT),
        brand=_text(row.get("brand"), 200),
        category=_text(row.get("category"), 300),
        price_minor=row.get("price"),
        currency=_text(row.get("currency"), 3),
    )


def _waterfall(fall: Fall) -> Waterfall:
    """Steps of 0 points move nothing and are left out, so the rest still adds up."""
    steps = tuple(
        Step(
            id=step.id,
            label=step.label if step.id == "calibration" else label(step.id),
            note=value_text(step.id, step.value),
            value=_number(step.value),
            points=step.points,
            before=step.score_before,
            after=step.score_after,
        )
        for step in fall.steps
        if step.points
    )
    return Waterfall(fall.score, fall.score_low, fall.score_high, fall.base_score, fall.base_points, steps)


def _number(value: float | None) -> float | None:
    """Six decimals, as in the run's own discrepancies: the last digits depend on the order in which an engine adds."""
    return None if value is None else round(float(value), 6) + 0.0


def _discrepancies(found: tuple[signal.Discrepancy, ...], fall: Fall) -> tuple[Discrepancy, ...]:
    points = {step.id: step.points for step in fall.steps}
    return tuple(
        Discrepancy(
            each.signal, label(each.signal), each.value + 0.0, _text(each.text, 10_000), points.get(each.signal)
        )
        for each in found
    )


def _facts(found: Dossier) -> tuple[Fact, ...]:
    facts = [*_plain_facts(found.listing, _LISTING_FACTS), *_plain_facts(found.merchant, _MERCHANT_FACTS)]
    numbers = found.explanation.numbers
    if found.explanation.subject_type == "merchant":
        worst, share = numbers.get("worst_listing_score"), numbers.get("share_at_risk")
        facts.append(Fact("n_listings", "live listings", f"{numbers.get('n_listings') or 0:,}"))
        if worst is not None:
            facts.append(Fact("worst_listing_score", "worst listing", f"{worst:.1f}"))
        if share is not None:
            facts.append(Fact("share_at_risk", "share of range at 40 or more", percent(share)))
    return tuple(facts)


def _plain_facts(row: Mapping[str, Any], wanted: tuple[tuple[str, str], ...]) -> list[Fact]:
    facts = []
    for name, shown in wanted:
        value = row.get(name)
        if value is None:
            continue
        if isinstance(value, datetime):
            facts.append(Fact(name, shown, _moment(value)[:10]))
        elif name.endswith("_rate"):
            facts.append(Fact(name, shown, percent(value)))
        else:
            facts.append(Fact(name, shown, f"{value:,}" if isinstance(value, int) else _text(value)))
    return facts


def _picture(use: PictureUse) -> Picture:
    row = use.row
    return Picture(
        image_id=row["image_id"],
        uri=_text(row["uri"], 2_000),
        sha256=_text(row["sha256"]),
        pdq=_text(row["pdq"]),
        ocr_text=_text(row["ocr_text"], _OCR_KEPT),
        n_elsewhere=use.n_elsewhere,
        elsewhere=use.elsewhere,
        elsewhere_uri=_text(use.elsewhere_uri, 2_000),
    )


def _mark(span: Span, offer: Offer) -> Mark:
    """Where the words stand in the frozen text: word for word, else whatever their case, else unknown."""
    whole = offer.description if span.place == "description" else offer.title
    text = _text(span.text)
    start = whole.find(text)
    if start < 0 and len(whole.casefold()) == len(whole):
        start = whole.casefold().find(text.casefold())
    place = (None, None) if start < 0 else (start, start + len(text))
    return Mark(span.signal, label(span.signal), span.place, text, *place)
