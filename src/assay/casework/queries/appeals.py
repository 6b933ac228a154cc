"""Appeals as staff see them, and the timeline that both sides see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assay.casework.access.appeals import had_a_part, took_two
from assay.casework.access.roles import is_reviewer, is_senior
from assay.casework.models import (
    Action,
    Appeal,
    AppealState,
    Decision,
    DecisionState,
    Document,
    OrganisationKind,
    Person,
    Review,
    Statement,
    Strike,
)
from assay.casework.queries.merchants import with_documents

if TYPE_CHECKING:
    from collections.abc import Iterable


def waiting() -> QuerySet[Appeal]:
    """Open appeals, the one that is due first on top."""
    rows = Appeal.objects.filter(state=AppealState.OPEN).order_by("due_at", "id")
    return with_documents(rows.select_related("decision__item", "organisation", "claimed_by"))


def answerable(person: Person) -> QuerySet[Appeal]:
    """Open appeals that the person may answer: the same rule as `appeal.answer`, for all of them at once."""
    rows = Appeal.objects.filter(state=AppealState.OPEN)
    if not is_reviewer(person):
        return rows.none()
    if not is_senior(person):
        rows = rows.filter(decision__approved_by=None)
    mine = Q(decision__decided_by=person) | Q(decision__approved_by=person)
    reviewed = Review.objects.filter(item=OuterRef("decision__item"), person=person)
    answered_before = Appeal.objects.filter(decision=OuterRef("decision"), answered_by=person)
    return rows.filter(~mine, ~Exists(reviewed), ~Exists(answered_before))


def answered() -> QuerySet[Appeal]:
    """Appeals that were answered or withdrawn, newest first."""
    rows = Appeal.objects.exclude(state=AppealState.OPEN).order_by("-lodged_at", "-id")
    return with_documents(rows.select_related("decision__item", "organisation", "answered_by"))


def may_not_answer_because(person: Person, decision: Decision) -> str:
    """What keeps the person from answering, as a code; empty when they may.

    `role`, `senior` (it took two people), or the part they had: `decided`, `approved`, `reviewed`, `answered`.
    """
    if not is_reviewer(person):
        return "role"
    if decision.decided_by_id == person.pk:
        return "decided"
    if decision.approved_by_id == person.pk:
        return "approved"
    if not had_a_part(person, decision):
        return "senior" if took_two(decision) and not is_senior(person) else ""
    return "reviewed" if Review.objects.filter(item_id=decision.item_id, person=person).exists() else "answered"


def is_held_from(person: Person, appeal: Appeal) -> bool:
    """Whether somebody else holds the appeal right now."""
    until = appeal.claimed_until
    return appeal.claimed_by_id not in (None, person.pk) and until is not None and until > timezone.now()


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: `said` in words, `detail` beside it."""

    at: datetime
    said: str | Promise
    detail: str | Promise = ""


def timeline(decision: Decision) -> list[Step]:
    """What happened to a decision, newest first, as either side may see it: it names no person."""
    steps: list[Step] = []
    statement = Statement.objects.filter(decision=decision).first()
    if statement is not None:
        sent = _("Decided; letter sent") if decision.action == Action.NONE else _("Decided; statement of reasons sent")
        steps.append(Step(statement.issued_at, sent))
        if statement.first_read_at is not None:
            steps.append(Step(statement.first_read_at, _("Statement read")))
    if (strike := Strike.objects.filter(decision=decision).first()) is not None and strike.cancelled_at is not None:
        steps.append(Step(strike.cancelled_at, _("Strike cancelled")))
    steps += [
        Step(each.uploaded_at, _("Document sent"), each.filename)
        for each in Document.objects.filter(decision=decision, organisation__kind=OrganisationKind.MERCHANT)
    ]
    steps += _of_appeals(Appeal.objects.filter(decision=decision))
    if decision.ended_at is not None and decision.state in (DecisionState.EXPIRED, DecisionState.UNDONE):
        steps.append(Step(decision.ended_at, _("Decision ended"), _how_it_ended(decision)))
    return sorted(steps, key=lambda each: each.at, reverse=True)


def _how_it_ended(decision: Decision) -> str | Promise:
    """In the words of its state; a request for an invoice that was answered did not end on time."""
    early = decision.ends_at is not None and decision.ended_at is not None and decision.ended_at < decision.ends_at
    if decision.state == DecisionState.EXPIRED and early:
        return _("what was sent has been decided about")
    return DecisionState(decision.state).label


def _of_appeals(appeals: Iterable[Appeal]) -> list[Step]:
    steps = []
    for each in appeals:
        steps.append(Step(each.lodged_at, _("Appeal received; receipt sent")))
        if each.answered_at is not None:
            steps.append(Step(each.answered_at, _("Appeal answered"), AppealState(each.state).label))
    return steps
