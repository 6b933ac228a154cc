"""Appeals: lodged by the merchant, answered by a person who had no part in the decision, never by a machine.

Rows are locked in one order, item, decision, appeal, as the services of decisions do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import NotThere, Refused, may, need
from assay.casework.audit.evidence import letter_said, text_sha256
from assay.casework.letters import Letter, Reply, outcome, receipt
from assay.casework.letters.statement import UNRESTRICTED
from assay.casework.models import (
    Action,
    Answer,
    Appeal,
    AppealLetter,
    AppealState,
    Decision,
    DecisionState,
    Item,
    LetterKind,
    Person,
    Statement,
    Strike,
)
from assay.casework.moves import WrongState, make_move
from assay.casework.queries.holding import holding
from assay.casework.services import automation, decisions
from assay.casework.services.hearing import hear_later
from assay.casework.services.recording import Actor, record
from assay.casework.services.statements import sender
from assay.market.errors import CallerError

EVENTS = {
    "appeal.lodged": _("lodged an appeal"),
    "appeal.withdrawn": _("withdrew an appeal"),
    "appeal.claimed": _("took an appeal"),
    "appeal.released": _("gave an appeal back"),
    "appeal.upheld": _("answered an appeal: the decision stands"),
    "appeal.reversed": _("answered an appeal: the decision is reversed"),
}
# "Timely" (DSA Art. 20(4)) in days. Two weeks leave time to ask a brand whether a letter is genuine; a shop that is
# closed by mistake for longer may not open again.
DUE_DAYS = 14
# Reading documents and asking back takes longer than an item of the queue; who went home blocks nobody for a day.
LEASE = timedelta(hours=2)
# A merchant may come back with new proof, but not for ever: each answer needs somebody new.
MOST_APPEALS = 3
MOST_LODGED = 10  # with those that were withdrawn
LEAST_CHARACTERS, MOST_CHARACTERS = 10, 10_000
_ANSWERED = ["state", "answered_by", "answered_at", "answer_text", "claimed_by", "claimed_until"]
_APPEALABLE = (DecisionState.IN_FORCE, DecisionState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to an appeal. `answer` is what the goods are now held to be when the decision is reversed."""

    is_reversed: bool
    reasons: str
    answer: str = Answer.GENUINE


def lodge(actor: Actor, decision: Decision, *, text: str) -> Appeal:
    """A merchant appeals against a decision about its own account; documents are sent to the decision.

    NotThere for somebody else's decision; WrongState when the time is over, another appeal waits, the decision is no
    longer what it was, or it was answered often enough.
    """
    person = _person(actor)
    if not may(person, "appeal.lodge", decision):
        raise NotThere(f"There is no decision {decision.pk} for {actor.name}.", where={"decision": decision.pk})
    said = _said(text, "text")
    now = timezone.now()
    with transaction.atomic():
        row = _locked_decision(decision)
        _need_open_to_appeal(row, now)
        appeal = Appeal.objects.create(
            decision=row,
            organisation=person.organisation,
            lodged_by=person,
            language=person.organisation.language,
            text=said,
            lodged_at=now,
            due_at=now + timedelta(days=DUE_DAYS),
        )
        letter = _send(appeal, LetterKind.RECEIPT, receipt(_reply(appeal)), now)
        about = {"decision": row.reference, "due_at": appeal.due_at.isoformat(), "n_characters": len(said)}
        about |= {"text_sha256": text_sha256(said), "appealletter": {"id": letter.pk, **letter_said(letter)}}
        hear_later(actor, row.item)  # from now on nobody can judge the item blindly
        record(actor, "appeal.lodged", appeal, after=about)
    return appeal


def withdraw(actor: Actor, appeal: Appeal) -> Appeal:
    """The merchant takes its appeal back; the decision stands as it is."""
    person = _person(actor)
    if not may(person, "appeal.lodge", appeal):
        raise NotThere(f"There is no appeal {appeal.pk} for {actor.name}.", where={"appeal": appeal.pk})
    with transaction.atomic():
        row = _locked(appeal)
        before, after = make_move(row, "appeal", "withdraw")
        row.claimed_by = row.claimed_until = None
        row.save(update_fields=["state", "claimed_by", "claimed_until"])
        record(actor, "appeal.withdrawn", row, before={"state": before}, after={"state": after})
    return row


def claim(actor: Actor, appeal: Appeal) -> Appeal:
    """Takes an open appeal for a while, or keeps it; WrongState while somebody else holds it."""
    person = _person(actor)
    need(person, "appeal.answer", appeal)
    now = timezone.now()
    with transaction.atomic():
        row = _locked(appeal)
        _need_waiting(row)
        _need_free(row, person, now)
        row.claimed_by, row.claimed_until = person, now + LEASE
        row.save(update_fields=["claimed_by", "claimed_until"])
        record(actor, "appeal.claimed", row, after={"until": row.claimed_until.isoformat()})
    return row


def release(actor: Actor, appeal: Appeal) -> Appeal:
    """Gives an appeal back that the person holds; nothing happens when they do not."""
    person = _person(actor)
    need(person, "appeal.answer", appeal)
    with transaction.atomic():
        row = _locked(appeal)
        if row.claimed_by_id != person.pk or row.state != AppealState.OPEN:
            return row
        row.claimed_by = row.claimed_until = None
        row.save(update_fields=["claimed_by", "claimed_until"])
        record(actor, "appeal.released", row)
    return row


def answer(actor: Actor, appeal: Appeal, verdict: Verdict) -> Appeal:
    """Answers an appeal with reasons: the decision stands, or it is reversed with everything that followed from it.

    Refused for whoever had a part in the decision; WrongState while somebody else holds the appeal.
    """
    person = _person(actor)
    need(person, "appeal.answer", appeal)
    reasons = _said(verdict.reasons, "reasons")
    if verdict.is_reversed and verdict.answer not in (Answer.GENUINE, Answer.INCONCLUSIVE):
        raise CallerError(
            gettext("A decision cannot be reversed with the answer %(answer)s.") % {"answer": repr(verdict.answer)},
            value=verdict.answer,
            allowed=f"{Answer.GENUINE}, {Answer.INCONCLUSIVE}",
        )
    now = timezone.now()
    with transaction.atomic():
        row = _locked(appeal)
        _need_waiting(row)
        _need_free(row, person, now)
        before, after = make_move(row, "appeal", "reverse" if verdict.is_reversed else "uphold")
        row.answered_by, row.answered_at, row.answer_text = person, now, reasons
        row.claimed_by = row.claimed_until = None
        if verdict.is_reversed:
            letter = outcome(_reply(row))
            _undo_what_followed(actor, row, verdict)  # before the answer is kept: it makes the person one of the case
            row.save(update_fields=_ANSWERED)
        else:
            row.save(update_fields=_ANSWERED)
            letter = outcome(_reply(row))
        sent = _send(row, LetterKind.OUTCOME, letter, now)
        action = "appeal.reversed" if verdict.is_reversed else "appeal.upheld"
        said = {
            "state": after,
            "decision": row.decision.reference,
            "answer_sha256": text_sha256(reasons),
            "appealletter": {"id": sent.pk, **letter_said(sent)},
        }
        record(actor, action, row, before={"state": before}, after=said)
    return row


def closed_because(decision: Decision, now: datetime | None = None) -> str:
    """Why a decision cannot be appealed against now, as a code; empty when it can.

    Reads the statement and the appeals; `CLOSED` has the words for the code.
    """
    at = now or timezone.now()
    statement = Statement.objects.filter(decision=decision).only("appeal_by").first()
    if statement is None:
        return "none"
    if decision.action == Action.NONE:
        return "nothing"
    states = list(decision.appeals.values_list("state", flat=True))
    if AppealState.OPEN in states:
        return "open"
    if decision.state not in _APPEALABLE:
        return "state"
    if statement.appeal_by < at:
        return "late"
    is_often = states.count(AppealState.UPHELD) >= MOST_APPEALS or len(states) >= MOST_LODGED
    return "often" if is_often else ""


CLOSED = {
    "none": _("No statement of reasons was sent for it."),
    "nothing": _("It restricts nothing."),
    "open": _("An appeal against it waits for an answer already."),
    "state": _("It does not apply any more."),
    "late": _("The time for an appeal is over."),
    "often": _("There have been as many appeals against it as are possible."),
}


def _need_open_to_appeal(decision: Decision, now: datetime) -> None:
    why = closed_because(decision, now)
    if why:
        raise WrongState(
            gettext("Decision %(reference)s cannot be appealed against. %(why)s")
            % {"reference": decision.reference, "why": CLOSED[why]},
            where={"decision": decision.reference},
            value=why,
        )


def _undo_what_followed(actor: Actor, appeal: Appeal, verdict: Verdict) -> None:
    """Effects are lifted, the strike is cancelled, and the automation may do less where it was the one that erred.

    The policy is written before the decision is reversed: nothing is locked once something is recorded.
    """
    row, why = appeal.decision, f"appeal {appeal.pk} against decision {appeal.decision.reference}"
    lowered = automation.write_lower(row.item.category, why) if row.is_automatic else None
    decisions.reverse(actor, row, reason=verdict.reasons, answer=verdict.answer)
    if lowered is not None:
        automation.record_lowered(lowered)


def _reply(appeal: Appeal) -> Reply:
    decision = appeal.decision
    may_again = appeal.state == AppealState.UPHELD and not closed_because(decision)
    documents = decision.documents.filter(organisation=appeal.organisation, erased_at=None).order_by("id")
    others = holding(decision.item, without=[decision]) if appeal.state == AppealState.REVERSED else []
    return Reply(
        language=appeal.language,
        reference=decision.reference,
        action=decision.action,
        merchant_id=decision.merchant_id,
        merchant_name=appeal.organisation.name,
        sender=sender(),
        text=appeal.text,
        lodged_at=appeal.lodged_at,
        due_at=appeal.due_at,
        documents=tuple(documents.values_list("filename", flat=True)),
        is_reversed=appeal.state == AppealState.REVERSED,
        had_strike=Strike.objects.filter(decision=decision, cancelled_at=None).exists(),
        restricted=decision.action not in UNRESTRICTED and decision.state == DecisionState.IN_FORCE,
        others=tuple(each.reference for each in others if each.action not in UNRESTRICTED),
        answer=appeal.answer_text,
        answered_at=appeal.answered_at,
        again_by=decision.statement.appeal_by if may_again else None,
        dispute_body=settings.ASSAY_DISPUTE_BODY,
    )


def _send(appeal: Appeal, kind: str, letter: Letter, now: datetime) -> AppealLetter:
    return AppealLetter.objects.create(
        appeal=appeal,
        kind=kind,
        language=letter.language,
        subject=letter.subject,
        text=letter.text,
        content={"letter": letter.to_json()},
        sent_at=now,
    )


def _person(actor: Actor) -> Person:
    if actor.person is None:
        raise Refused(f"{actor.name} is no person; an appeal is between people.", value=actor.name)
    return actor.person


def _said(text: str, field: str) -> str:
    given = text.replace("\r\n", "\n").strip()
    if not LEAST_CHARACTERS <= len(given) <= MOST_CHARACTERS:
        raise CallerError(
            gettext("%(least)d to %(most)d characters are needed here; %(n)d were given.")
            % {"least": LEAST_CHARACTERS, "most": MOST_CHARACTERS, "n": len(given)},
            where={"field": field},
            value=len(given),
            allowed=f"{LEAST_CHARACTERS} to {MOST_CHARACTERS}",
        )
    return given


def _need_waiting(appeal: Appeal) -> None:
    if appeal.state != AppealState.OPEN:
        raise WrongState(
            gettext("Appeal %(id)s does not wait for an answer any more; load the page again to see what came of it.")
            % {"id": appeal.pk},
            where={"appeal": appeal.pk},
            value=appeal.state,
            allowed=AppealState.OPEN,
        )


def _need_free(appeal: Appeal, person: Person, now: datetime) -> None:
    until = appeal.claimed_until
    if appeal.claimed_by_id not in (None, person.pk) and until is not None and until > now:
        raise WrongState(
            gettext("Appeal %(id)s is held by somebody else until %(at)s UTC.")
            % {"id": appeal.pk, "at": f"{until:%Y-%m-%d %H:%M}"},
            where={"appeal": appeal.pk},
            value="held",
        )


def _locked_decision(decision: Decision) -> Decision:
    Item.objects.select_for_update(of=("self",), no_key=True).get(pk=decision.item_id)
    return Decision.objects.select_for_update(of=("self",), no_key=True).select_related("item").get(pk=decision.pk)


def _locked(appeal: Appeal) -> Appeal:
    decision = _locked_decision(appeal.decision)
    row = Appeal.objects.select_for_update(of=("self",), no_key=True).select_related("organisation").get(pk=appeal.pk)
    row.decision = decision
    return row
