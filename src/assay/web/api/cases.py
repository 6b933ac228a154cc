"""Items, decisions, statements, appeals and effects: what a marketplace reads, and what it may decide."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router, Status

from assay.casework.access import NotThere, need
from assay.casework.models import (
    ApiToken,
    Appeal,
    AppealState,
    Decision,
    DecisionState,
    Item,
    ItemState,
    Statement,
    SubjectType,
)
from assay.casework.queries.effects import effects_of
from assay.casework.services import decisions, strikes
from assay.casework.services.recording import Actor
from assay.casework.services.repeats import once
from assay.market.errors import CallerError
from assay.web.api.application import api
from assay.web.api.keys import ApiRequest
from assay.web.api.pages import EffectQuery, PageQuery, going_on, page_of, said
from assay.web.api.shapes import (
    AppealPage,
    Choice,
    DecisionOut,
    DecisionPage,
    EffectPage,
    Error,
    ItemPage,
    ItemWhole,
    Standing,
    StatementOut,
    Why,
)

router = Router()
_FAULTS = {401: Error, 403: Error, 404: Error, 422: Error, 429: Error, 400: Error}
_MOVED = _FAULTS | {409: Error, 413: Error}
# Rows that are written at the same time come into sight in another order than that of their numbers.
_SETTLED = timedelta(seconds=5)


@router.get("/items", response={200: ItemPage} | _FAULTS, url_name="items", summary="Items for review")
def items(
    request: ApiRequest,
    page: Query[PageQuery],
    state: ItemState | None = None,
    subject_type: SubjectType | None = None,
    merchant_id: str | None = None,
    updated_since: datetime | None = None,
) -> dict[str, Any]:
    """Items by ascending id; `updated_since` gives those that changed from then on."""
    need(request.auth.person, "item.read")
    rows = _filtered(
        Item.objects.all(),
        state=state,
        subject_type=subject_type,
        merchant_id=merchant_id,
        updated_at__gte=_aware(updated_since),
    )
    return said(*page_of(rows, page))


@router.get("/items/{int:pk}", response={200: ItemWhole} | _FAULTS, url_name="item", summary="One item in full")
def item(request: ApiRequest, pk: int) -> dict[str, Any]:
    """The item, its frozen finding with every discrepancy, and the references of its decisions."""
    found = _item(request.auth, pk)
    fields = {field.name: getattr(found, field.name) for field in Item._meta.concrete_fields if not field.is_relation}
    return fields | {
        "finding": found.finding.content if found.finding else None,
        "finding_sha256": found.finding.content_sha256 if found.finding else None,
        "decisions": list(found.decisions.order_by("pk").values_list("reference", flat=True)),
    }


@router.post(
    "/items/{int:pk}/decisions",
    response={201: DecisionOut} | _MOVED,
    url_name="decide",
    summary="Decide about an item",
)
def decide(request: ApiRequest, pk: int, choice: Choice, response: HttpResponse) -> Status[Any]:
    """Decides in the name of the token's person, under the same rules as in the console.

    Give the item's `finding_sha256` to decide about what you read, and about nothing newer: a 409 says that it changed.
    """
    found, actor = _item(request.auth, pk), Actor.of(request.auth.person)
    wanted, sha256 = decisions.Choice(**choice.dict(exclude={"finding_sha256"})), choice.finding_sha256

    def made() -> Decision:
        if sha256 is None:
            return decisions.decide(actor, found, wanted)
        return decisions.decide_on(actor, found, wanted, finding_sha256=sha256)

    return _once(request, response, lambda: (201, _decision(made())))


@router.get("/decisions", response={200: DecisionPage} | _FAULTS, url_name="decisions", summary="Decisions")
def list_decisions(
    request: ApiRequest,
    page: Query[PageQuery],
    state: DecisionState | None = None,
    merchant_id: str | None = None,
    decided_since: datetime | None = None,
) -> dict[str, Any]:
    """Decisions by ascending id, whatever became of them."""
    need(request.auth.person, "decision.read")
    rows = _filtered(_decisions(), state=state, merchant_id=merchant_id, decided_at__gte=_aware(decided_since))
    found, following = page_of(rows, page)
    return said([_decision(each) for each in found], following)


@router.get(
    "/decisions/{str:reference}", response={200: DecisionOut} | _FAULTS, url_name="decision", summary="One decision"
)
def one_decision(request: ApiRequest, reference: str) -> dict[str, Any]:
    """The decision and where it stands."""
    return _decision(_the_decision(request.auth, reference))


@router.post(
    "/decisions/{str:reference}/approve",
    response={200: DecisionOut} | _MOVED,
    url_name="approve",
    summary="Agree with a proposal, as the second person",
)
def approve(request: ApiRequest, reference: str, response: HttpResponse) -> Status[Any]:
    """Puts a proposed decision in force; refused for the one who proposed it."""
    found, actor = _the_decision(request.auth, reference), Actor.of(request.auth.person)
    return _once(request, response, lambda: (200, _decision(decisions.approve(actor, found))))


@router.post(
    "/decisions/{str:reference}/refuse",
    response={200: DecisionOut} | _MOVED,
    url_name="refuse",
    summary="Refuse a proposal, as the second person",
)
def refuse(request: ApiRequest, reference: str, why: Why, response: HttpResponse) -> Status[Any]:
    """Sends a proposed decision back: nothing takes effect, the item is open; not for the one who proposed it."""
    found, actor = _the_decision(request.auth, reference), Actor.of(request.auth.person)
    return _once(request, response, lambda: (200, _decision(decisions.refuse(actor, found, reason=why.reason))))


@router.post(
    "/decisions/{str:reference}/undo", response={200: DecisionOut} | _MOVED, url_name="undo", summary="Undo a decision"
)
def undo(request: ApiRequest, reference: str, why: Why, response: HttpResponse) -> Status[Any]:
    """Undoes a decision: its effects are lifted, its strike is cancelled, the item is open again."""
    found, actor = _the_decision(request.auth, reference), Actor.of(request.auth.person)
    return _once(request, response, lambda: (200, _decision(decisions.undo(actor, found, reason=why.reason))))


@router.get(
    "/decisions/{str:reference}/statement",
    response={200: StatementOut} | _FAULTS,
    url_name="statement",
    summary="The statement of reasons of a decision",
)
def statement(request: ApiRequest, reference: str) -> dict[str, Any]:
    """The letter as it was sent, and its fields in the Union's vocabulary; no reviewer's name or note is in either."""
    found = Statement.objects.filter(decision=_the_decision(request.auth, reference)).first()
    if found is None:
        raise NotThere(f"Decision {reference} has no statement of reasons: it restricts nothing.", value=reference)
    names = ("language", "subject", "text", "issued_at", "appeal_by")
    return {name: getattr(found, name) for name in names} | {
        "decision": reference,
        "transparency": found.content.get("transparency"),
    }


@router.get(
    "/listings/{str:subject_id}", response={200: Standing} | _FAULTS, url_name="listing", summary="A listing now"
)
def listing(request: ApiRequest, subject_id: str) -> dict[str, Any]:
    """The latest score and what is in force about a listing."""
    return _standing(request.auth, SubjectType.LISTING, subject_id)


@router.get(
    "/merchants/{str:subject_id}", response={200: Standing} | _FAULTS, url_name="merchant", summary="A merchant now"
)
def merchant(request: ApiRequest, subject_id: str) -> dict[str, Any]:
    """The latest score, what is in force about a merchant, and the weight of its strikes."""
    return _standing(request.auth, SubjectType.MERCHANT, subject_id) | {
        "strike_weight": strikes.standing(subject_id).weight
    }


@router.get("/appeals", response={200: AppealPage} | _FAULTS, url_name="appeals", summary="Appeals")
def appeals(request: ApiRequest, page: Query[PageQuery], state: AppealState | None = None) -> dict[str, Any]:
    """Appeals by ascending id; texts and documents stay in the console."""
    need(request.auth.person, "appeal.read")
    found, following = page_of(_filtered(Appeal.objects.select_related("decision"), state=state), page)
    rows = [
        {"id": each.pk, "decision": each.decision.reference, "merchant_id": each.decision.merchant_id}
        | {name: getattr(each, name) for name in ("state", "lodged_at", "due_at", "answered_at")}
        for each in found
    ]
    return said(rows, following)


@router.get("/effects", response={200: EffectPage} | _FAULTS, url_name="effects", summary="Effects, for polling")
def effects(request: ApiRequest, page: Query[EffectQuery]) -> dict[str, Any]:
    """Everything that left the house, by ascending id: an alternative to webhooks, with the same keys.

    `next` is given at the end too: ask with it later for what came meanwhile. Each active endpoint has its own copy of
    an effect under a key of its own; `endpoint` narrows to one. An effect is here some seconds after it was written.
    `still_in_force` in a decision's payload names the other decisions in force about the same subject.
    """
    need(request.auth.person, "effect.read")
    rows = _filtered(effects_of(request.auth.person), endpoint=page.endpoint, created_at__lte=timezone.now() - _SETTLED)
    found, _more = page_of(rows, page)
    names = ("kind", "subject", "payload", "created_at", "state")
    shown = [
        {"id": each.pk, "key": str(each.key), "endpoint": each.endpoint_id}
        | {name: getattr(each, name) for name in names}
        for each in found
    ]
    return said(shown, going_on(found, page))


def _once(request: ApiRequest, response: HttpResponse, work: Callable[[], tuple[int, Any]]) -> Status[Any]:
    """The work, or the answer kept under the Idempotency-Key that came with the request."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return Status(*work())
    whole = f"{request.method} {request.path}\n".encode() + request.body
    done = once(request.auth, key, whole, lambda: _plain(*work()))
    if done.is_repeat:
        response["Idempotent-Replay"] = "true"
    return Status(done.status, done.response)


def _plain(status: int, answer: dict[str, Any]) -> tuple[int, Any]:
    """The answer as it will be kept: times as texts."""
    return status, {k: v.isoformat() if isinstance(v, datetime) else v for k, v in answer.items()}


def _item(token: ApiToken, pk: int) -> Item:
    found = Item.objects.select_related("finding").filter(pk=pk).first()
    if found is None:
        raise NotThere(f"There is no item {pk}.", where={"item": pk}, value=pk)
    need(token.person, "item.read", found)
    return found


def _decisions() -> QuerySet[Decision]:
    return Decision.objects.select_related("item", "finding").defer("finding__content")


def _the_decision(token: ApiToken, reference: str) -> Decision:
    found = _decisions().filter(reference=reference).first()
    if found is None:
        raise NotThere(f"There is no decision {reference!r}.", where={"decision": reference}, value=reference)
    need(token.person, "decision.read", found)
    return found


def _decision(found: Decision) -> dict[str, Any]:
    names = (
        *("reference", "item_id", "merchant_id", "answer", "action", "reason_code", "state", "is_automatic"),
        *("decided_at", "in_force_at", "ends_at", "ended_at"),
    )
    return {name: getattr(found, name) for name in names} | {
        "id": found.pk,
        "subject_type": found.item.subject_type,
        "subject_id": found.item.subject_id,
        "finding_sha256": found.finding.content_sha256,
    }


def _standing(token: ApiToken, kind: str, subject_id: str) -> dict[str, Any]:
    need(token.person, "decision.read")
    found = Item.objects.filter(subject_type=kind, subject_id=subject_id).first()
    rows = (
        _decisions()
        .filter(item__subject_type=kind, item__subject_id=subject_id, state=DecisionState.IN_FORCE)
        .exclude(action="none")
    )
    return {
        "subject_type": kind,
        "subject_id": subject_id,
        "score": found.score if found else None,
        "restrictions": [_decision(each) for each in rows.order_by("pk")],
    }


def _filtered(rows: QuerySet[Any], **given: Any) -> QuerySet[Any]:  # noqa: ANN401
    """The rows that meet every condition that was given."""
    return rows.filter(**{name: value for name, value in given.items() if value is not None})


def _aware(at: datetime | None) -> datetime | None:
    """In UTC; a time without a zone is UTC, as the description says of all times. CallerError beyond the calendar."""
    if at is None:
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError as error:
        said = at.isoformat()
        raise CallerError(
            f"{said} is before the year 1 or after 9999 in UTC.", value=said, allowed="1 to 9999"
        ) from error


def openapi(request: HttpRequest) -> HttpResponse:
    """The description of the API as OpenAPI 3.1."""
    return HttpResponse(_described(), content_type="application/json; charset=utf-8")


@cache
def _described() -> bytes:
    """Written once: anybody may ask for it, and as often as they like."""
    return json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"), cls=DjangoJSONEncoder).encode()
