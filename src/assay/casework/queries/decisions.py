"""Decisions to look through, and how well reviewers agree with one another and with what is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext

from assay.casework.access import NotThere, may
from assay.casework.models import Action, Decision, DecisionState, Person, Review, ReviewKind
from assay.casework.queries import filtering
from assay.casework.queries.agreement import agreement, automation_quality
from assay.casework.queries.blind import without_blind
from assay.market.errors import CallerError

__all__ = [
    "DecisionPage",
    "WantedDecisions",
    "agreement",
    "automation_quality",
    "disagreements",
    "page_of",
    "the_decision",
]

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class WantedDecisions:
    """A filter of the decisions; empty fields do not filter. `text` is a reference, or a listing's or merchant's id."""

    state: str = ""
    action: str = ""
    by: str = ""
    merchant: str = ""
    text: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> WantedDecisions:
        """From the query of an address. CallerError for a value that no decision can have."""
        return cls(**filtering.read(cls, query, _ALLOWED, gettext("Decisions")))

    @property
    def query(self) -> dict[str, str]:
        """The fields that filter, as an address holds them."""
        return {name: value for name, value in asdict(self).items() if value}


_ALLOWED: dict[str, list[str]] = {
    "state": list(DecisionState.values),
    "action": list(Action.values),
    "by": ["me", "automation"],
}


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """Some decisions, newest first, and the id to go on from; None when there are no more."""

    rows: list[Decision]
    after: int | None


def page_of(person: Person, wanted: WantedDecisions, *, after: str = "", size: int = PAGE_ROWS) -> DecisionPage:
    """One page, without decisions that the person is to judge blindly."""
    rows = without_blind(person, _narrowed(person, wanted))
    if after:
        rows = rows.filter(pk__lt=_number(after))
    rows = rows.select_related("item", "decided_by").defer("note")
    found = list(rows.order_by("-pk")[: size + 1])
    return DecisionPage(found[:size], found[size - 1].pk if len(found) > size else None)


def the_decision(person: Person, reference: str) -> Decision:
    """One decision with what belongs to it; NotThere when there is none or the person may not know of it."""
    related = ("item", "finding", "decided_by", "approved_by", "statement", "strike", "review")
    found = Decision.objects.select_related(*related).filter(reference=reference.replace("\0", "")).first()
    if found is None or not may(person, "decision.read", found):
        raise NotThere(f"There is no decision {reference!r}.", where={"decision": reference}, value=reference)
    return found


def disagreements(*, is_settled: bool = False) -> QuerySet[Review]:
    """Blind second answers that differ from the first, newest first."""
    rows = Review.objects.filter(kind=ReviewKind.BLIND, decision__isnull=False, settled_at__isnull=not is_settled)
    rows = rows.exclude(answer=F("decision__answer"))
    return rows.select_related("item", "decision__decided_by", "person", "settled_by").order_by("-pk")


def _narrowed(person: Person, wanted: WantedDecisions) -> QuerySet[Decision]:
    rows = Decision.objects.all()
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.action:
        rows = rows.filter(action=wanted.action)
    if wanted.merchant:
        rows = rows.filter(merchant_id=wanted.merchant)
    if wanted.by:
        rows = rows.filter(decided_by=person) if wanted.by == "me" else rows.filter(is_automatic=True)
    if wanted.text:
        rows = rows.filter(
            Q(reference=wanted.text.upper()) | Q(merchant_id=wanted.text) | Q(item__subject_id=wanted.text)
        )
    return rows


def _number(text: str) -> int:
    if not text.isdecimal() or not math.isfinite(float(text)) or int(text) >= 2**63:
        raise CallerError(
            gettext("The place %(text)s in the list cannot be read; begin at its top.") % {"text": repr(text[:40])},
            where={"field": "after"},
            value=text[:40],
        )
    return int(text)
