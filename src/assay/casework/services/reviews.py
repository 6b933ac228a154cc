"""Answers of reviewers: a first answer decides, a blind or a gold one is only kept, and none of them knows which."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.audit.evidence import finding_said
from assay.casework.choices import Choice, check
from assay.casework.models import Decision, DecisionState, Item, Review, ReviewKind
from assay.casework.moves import WrongState
from assay.casework.queries.blind import needed_kind
from assay.casework.services import claims
from assay.casework.services.acting import the_person
from assay.casework.services.decisions import decide, file_review
from assay.casework.services.hearing import hear_later
from assay.casework.services.recording import WORKER, Actor, record

EVENTS = {
    "review.filed": _("answered about an item without deciding"),
    "review.settled": _("looked into a disagreement"),
}
# A decision that has come to its end still says what was answered.
_ANSWERED = (DecisionState.IN_FORCE, DecisionState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer. `decision` is None for blind and gold ones: whoever answered is not told so."""

    review: Review
    decision: Decision | None


def answer(
    actor: Actor, item: Item, choice: Choice, *, finding: int | None = None, batch: str = "", together_minor: int = 0
) -> Answered:
    """Files a person's answer as whatever the item was given to them for; `batch` and harm are those of `decide`.

    WrongState when the item is decided already, somebody else holds it, or it rests on another finding by now than the
    one that the person saw (`finding`, its id).
    """
    choice = check(choice, item.subject_type)
    with transaction.atomic():
        row = Item.objects.select_for_update(of=("self",), no_key=True).get(pk=item.pk)
        person = the_person(actor, "item.decide", row)
        claims.need_free(row, person, timezone.now())
        kind = needed_kind(person, row)
        if finding is not None and finding != row.finding_id:
            raise WrongState(
                gettext("What is known about item %(item)s has changed since you opened it; look at it again.")
                % {"item": row},
                where={"item": row.pk},
                value=finding,
            )
        if kind == ReviewKind.FIRST:
            decision = decide(actor, row, choice, batch=batch, together_minor=together_minor)
            assert decision.review is not None  # a person always leaves one
            return Answered(decision.review, decision)
        return Answered(_kept(actor, row, choice, kind), None)


def settle(actor: Actor, review: Review, *, note: str = "") -> Review:
    """Marks a disagreement as looked into; WrongState when somebody has done so."""
    with transaction.atomic():
        row = Review.objects.select_for_update(of=("self",), no_key=True).get(pk=review.pk)
        person = the_person(actor, "review.settle", row)
        if row.kind != ReviewKind.BLIND or row.settled_at is not None:
            raise WrongState(
                gettext("Review %(id)s is no disagreement that waits to be looked into.") % {"id": row.pk},
                where={"review": row.pk},
                value=row.kind,
                allowed=ReviewKind.BLIND,
            )
        row.settled_at, row.settled_by = timezone.now(), person
        row.save(update_fields=["settled_at", "settled_by"])
        record(actor, "review.settled", row, reason=note.strip()[:2_000])
    return row


def _kept(actor: Actor, row: Item, choice: Choice, kind: ReviewKind) -> Review:
    """A blind or gold answer on a locked row: written down, and the item goes back to where it was."""
    now = timezone.now()
    assert actor.person is not None  # asked for above
    review = file_review(actor.person, row, choice, kind, now)
    if kind == ReviewKind.BLIND:
        review.decision = row.decisions.filter(state__in=_ANSWERED).order_by("-pk").first()
        review.save(update_fields=["decision"])
        row.needs_blind_review = False
    claims.let_go(row)
    row.save(update_fields=["needs_blind_review", *claims.CLAIM_FIELDS])
    if kind == ReviewKind.BLIND:
        hear_later(WORKER, row)
    said = {"item": row.pk, "kind": kind.value, "answer": choice.answer, "action": choice.action}
    said |= {"reason_code": choice.reason_code, "finding": finding_said(review.finding)}
    record(actor, "review.filed", review, after=said)
    return review
