"""Decisions: made, agreed to by a second person, refused, undone, reversed, ended on time.

Rows are always locked in the same order, item before decision, so that two moves of one case wait for each other
instead of blocking each other.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import Refused
from assay.casework.audit.evidence import finding_said
from assay.casework.choices import Choice, check
from assay.casework.models import (
    Action,
    Answer,
    AppealState,
    Decision,
    DecisionState,
    Gold,
    Item,
    ItemState,
    Person,
    Review,
    ReviewKind,
)
from assay.casework.moves import WrongState, make_move
from assay.casework.queries.blind import tells_itself
from assay.casework.queries.harm import counting
from assay.casework.reasons import is_more_severe, needs_second_person
from assay.casework.references import new_reference
from assay.casework.services import claims, effects, renewing, requests, statements, strikes
from assay.casework.services.acting import drawn, need_of, the_person
from assay.casework.services.recording import Actor, Happening, record, record_all
from assay.casework.turns import every_one
from assay.market.errors import CallerError

__all__ = ["Choice", "approve", "decide", "decide_on", "expire", "refuse", "reverse", "undo"]

EVENTS = {
    "decision.made": _("decided"),
    "decision.proposed": _("proposed a decision"),
    "decision.approved": _("agreed to a decision"),
    "decision.refused": _("refused a proposed decision"),
    "decision.undone": _("undid a decision"),
    "decision.reversed": _("reversed a decision on appeal"),
    "decision.expired": _("a decision ended on time"),
    "item.reopened": _("opened an item again"),
}

# One decision in twenty is answered a second time by somebody who does not know the first answer: with 2,000 decisions
# a week an agreement of 90 % is known to within 6 points. More costs reviewers' time, less leaves agreement unknown.
BLIND_ONE_IN = 20
# Nobody looked at what the automation decided: one in ten is, so that its error rate is known sooner.
AUTOMATIC_BLIND_ONE_IN = 10
# The most the automation may do without a person: a demotion takes nothing away that time does not give back.
AUTOMATION_AT_MOST = Action.DEMOTE
_BATCH = 200
_MOST_REASON = 2_000
_ITEM_FIELDS = ["state", "needs_blind_review", "updated_at", *claims.CLAIM_FIELDS]


def decide(actor: Actor, item: Item, choice: Choice, *, batch: str = "", together_minor: int = 0) -> Decision:
    """Decides about an open item: in force at once, or proposed where a second person must agree.

    `together_minor` is the harm of everything that is decided at once in the same batch: many small goods together may
    need the second person that none of them needs alone.

    The review, the decision, its statement of reasons, its strike and its effect are written together or not at all.
    WrongState when the item is not open or somebody else holds it; Unopened when the reason is that no proof was
    received and one lies unread; CallerError for a choice that does not go together.
    """
    now = timezone.now()
    choice = check(choice, item.subject_type)
    with transaction.atomic():
        row = _locked(item.pk)
        need_of(actor, "item.decide", row)
        _need_kind_of_actor(actor, choice)
        claims.need_free(row, actor.person, now)
        harm = max(counting().of([row]), together_minor)
        is_held = not choice.is_automatic and needs_second_person(choice.action, harm)
        _need_undecided(row)
        requests.need_opened(row, choice.reason_code)
        renewing.need_current(row, row.finding)
        make_move(row, "item", "propose" if is_held else "decide")
        review = file_review(actor.person, row, choice, ReviewKind.FIRST, now) if actor.person else None
        decision = _new(actor, row, choice, review, now)
        decision.batch, decision.state = batch, DecisionState.PROPOSED if is_held else DecisionState.IN_FORCE
        decision.save()
        claims.let_go(row)
        row.updated_at = now
        if not is_held:
            _take_effect(actor, row, decision, now)
        row.save(update_fields=_ITEM_FIELDS)
        said = {"item": row.pk, "answer": choice.answer, "action": choice.action, "reason_code": choice.reason_code}
        said |= {"state": decision.state, "ends_at": _said(decision.ends_at), "batch": batch, "note": choice.note}
        said |= {"finding": finding_said(decision.finding)}
        record(actor, "decision.proposed" if is_held else "decision.made", decision, after=said)
    return decision


def decide_on(actor: Actor, item: Item, choice: Choice, *, finding_sha256: str) -> Decision:
    """Decides as `decide` does, about the finding that was read: WrongState when the item rests on another by now."""
    with transaction.atomic():
        row = _locked(item.pk)
        now = row.finding.content_sha256 if row.finding else ""
        if now != finding_sha256:
            raise WrongState(
                gettext("What is known about item %(item)s has changed since you read it; look at it again.")
                % {"item": row},
                where={"item": row.pk, "field": "finding_sha256"},
                value=finding_sha256,
                allowed=now,
            )
        return decide(actor, row, choice)


def approve(actor: Actor, decision: Decision) -> Decision:
    """Puts a proposed decision in force, by somebody other than the one who proposed it.

    Unopened as in `decide`: a document may have come since the proposal.
    """
    now = timezone.now()
    with transaction.atomic():
        item, row = locked_pair(decision)
        person = the_person(actor, "decision.approve", row)
        requests.need_opened(item, row.reason_code)
        renewing.need_current(item, row.finding)
        make_move(row, "decision", "enforce")
        make_move(item, "item", "decide")
        row.approved_by = person
        before = {"state": str(DecisionState.PROPOSED), "ends_at": _said(row.ends_at)}
        if row.ends_at is not None:
            row.ends_at = now + (row.ends_at - row.decided_at)
        _take_effect(actor, item, row, now)
        item.updated_at = now
        item.save(update_fields=_ITEM_FIELDS)
        said = {"state": row.state, "in_force_at": _said(row.in_force_at), "ends_at": _said(row.ends_at)}
        record(actor, "decision.approved", row, before=before, after=said)
    return row


def refuse(actor: Actor, decision: Decision, *, reason: str) -> Decision:
    """Sends a proposal back: nothing takes effect and the item is open again."""
    reason = needed_reason(reason)
    now = timezone.now()
    with transaction.atomic():
        item, row = locked_pair(decision)
        the_person(actor, "decision.approve", row)
        before, after = make_move(row, "decision", "refuse")
        row.ended_at = now
        row.save(update_fields=["state", "ended_at"])
        reopen(actor, item, now, row, "refused")
        record(actor, "decision.refused", row, before={"state": before}, after={"state": after}, reason=reason)
    return row


def undo(actor: Actor, decision: Decision, *, reason: str) -> Decision:
    """Takes a decision back: its effects are lifted, its strike is cancelled and the item is open again.

    WrongState while an appeal waits: it is answered by somebody who had no part in the decision.
    """
    reason = needed_reason(reason)
    with transaction.atomic():
        item, row = locked_pair(decision)
        the_person(actor, "decision.undo", row)
        if row.appeals.filter(state=AppealState.OPEN).exists():
            raise WrongState(
                gettext(
                    "An appeal against decision %(reference)s waits for an answer; answer it instead of undoing the "
                    "decision."
                )
                % {"reference": row},
                where={"decision": row.reference},
                value="appeal open",
            )
        before = _end(actor, row, "undo", reason)
        if item.state in (ItemState.DECIDED, ItemState.PROPOSED) and not is_overtaken(row):
            reopen(actor, item, timezone.now(), row, "undone")
        record(actor, "decision.undone", row, before={"state": before}, after={"state": row.state}, reason=reason)
    return row


def reverse(actor: Actor, decision: Decision, *, reason: str, answer: str = Answer.GENUINE) -> Decision:
    """Reverses a decision on appeal: effects are lifted, the strike is cancelled, the item stays decided.

    The answer is recorded anew in the name of whoever answered the appeal. The appeal has checked its reasons: the
    merchant reads them, and they may be longer than others.
    """
    now = timezone.now()
    with transaction.atomic():
        item, row = locked_pair(decision)
        person = the_person(actor, "appeal.answer", row)
        before = _end(actor, row, "reverse", reason)
        Review.objects.create(
            item=item,
            finding=row.finding,
            person=person,
            kind=ReviewKind.APPEAL,
            answer=answer,
            action=Action.NONE,
            reason_code="proof-accepted" if answer == Answer.GENUINE else "too-little",
            note=reason,
            started_at=now,
            finished_at=now,
        )
        item.needs_blind_review, item.updated_at = False, now
        item.save(update_fields=["needs_blind_review", "updated_at"])
        said = {"state": row.state, "answer": str(answer)}
        record(actor, "decision.reversed", row, before={"state": before}, after=said, reason=reason)
    return row


def expire(actor: Actor, now: datetime) -> int:
    """Ends decisions whose time has come and lifts their effects; gives how many.

    A merchant that was asked for an invoice and whose time is up is looked at again, and so is what no person has
    decided: the item is open once more.
    """
    due = Decision.objects.filter(state=DecisionState.IN_FORCE, ends_at__lte=now).order_by("ends_at")
    pairs = list(due.values_list("pk", "item_id")[:_BATCH])
    return every_one(pairs, lambda pair: _expire_one(actor, *pair, now))


def needed_reason(reason: str) -> str:
    """A reason in words, trimmed; CallerError for none."""
    given = reason.strip()
    if not given or len(given) > _MOST_REASON:
        raise CallerError(
            gettext("A reason in words is needed, of at most 2,000 characters: it is kept with the decision."),
            where={"field": "reason"},
            value=given[:80],
            allowed=f"1 to {_MOST_REASON:,} characters",
        )
    return given


def _expire_one(actor: Actor, pk: int, item_pk: int, now: datetime) -> bool:
    with transaction.atomic():
        item = Item.objects.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(pk=item_pk).first()
        ending = Decision.objects.filter(pk=pk, state=DecisionState.IN_FORCE, ends_at__lte=now)
        row = (
            ending.select_for_update(of=("self",), no_key=True).select_related("item", "finding").first()
            if item
            else None
        )
        if item is None or row is None:
            return False
        make_move(row, "decision", "expire")
        row.ended_at = now
        row.save(update_fields=["state", "ended_at"])
        effects.emit_decision(row, "lift")
        # Nobody answered, and nobody has looked: a person does now.
        unseen = row.action == Action.ASK_INVOICE or row.is_automatic
        if unseen and item.state == ItemState.DECIDED and not is_overtaken(row):
            reopen(actor, item, now, row, "ended")
        record(actor, "decision.expired", row, before={"state": "in_force"}, after={"state": row.state})
    return True


def _take_effect(actor: Actor, item: Item, decision: Decision, now: datetime) -> None:
    """In force with everything that follows from it; the item may be drawn for a blind second review."""
    decision.in_force_at = now
    decision.save(update_fields=["state", "in_force_at", "ends_at", "approved_by"])
    answered = requests.locked(decision)
    one_in = AUTOMATIC_BLIND_ONE_IN if decision.is_automatic else BLIND_ONE_IN
    item.needs_blind_review = drawn(one_in) and not tells_itself(item)
    strikes.give_for(actor, decision)
    statements.issue(actor, decision)
    requests.settle(actor, decision, answered, now)
    effects.emit_decision(decision, "apply")


def _end(actor: Actor, decision: Decision, move: str, reason: str) -> str:
    """Ends a decision before its time and lifts what it did; gives the state it had."""
    before, _after = make_move(decision, "decision", move)
    decision.ended_at = timezone.now()
    decision.save(update_fields=["state", "ended_at"])
    strikes.locked_of(decision)  # before gold is recorded as retired: nothing is locked after that
    _retire_gold(actor, decision, reason)
    strikes.cancel_for(actor, decision, reason=reason)  # one of a decision that has ended on time still counts
    if before == DecisionState.IN_FORCE:
        effects.emit_decision(decision, "lift")
    return before


def is_overtaken(decision: Decision) -> bool:
    """Whether a later decision about the item holds, or waits for a second person: it is not open again then."""
    later = Decision.objects.filter(item=decision.item_id, pk__gt=decision.pk)
    return later.filter(state__in=(DecisionState.IN_FORCE, DecisionState.PROPOSED)).exists()


def _retire_gold(actor: Actor, decision: Decision, reason: str) -> None:
    """A known answer that rests on the decision is known no more."""
    resting = Gold.objects.select_for_update(of=("self",), no_key=True).filter(
        item=decision.item_id, retired_at=None, source__startswith=f"decision {decision.reference}:"
    )
    for row in resting:
        row.retired_at = decision.ended_at
        row.save(update_fields=["retired_at"])
        record(actor, "gold.retired", row, before={"item": row.item_id, "answer": row.answer}, reason=reason)


def reopen(actor: Actor, item: Item, now: datetime, decision: Decision, because: str) -> None:
    """Opens a locked item again because of what became of a decision about it, and ends its claim."""
    before, after = make_move(item, "item", "reopen")
    item.needs_blind_review, item.updated_at = False, now
    ended = claims.end(item, because)
    item.save(update_fields=_ITEM_FIELDS)
    said = {"state": after, "decision": decision.reference, "because": because}
    opened = Happening("item.reopened", "item", str(item.pk), {"state": before}, said)
    record_all(actor, [*ended, opened])


def file_review(person: Person, item: Item, choice: Choice, kind: str, now: datetime) -> Review:
    """Writes down one person's answer about a locked item."""
    since = item.claimed_at if item.claimed_by_id == person.pk else None
    return Review.objects.create(
        item=item,
        finding_id=_finding(item),
        person=person,
        kind=kind,
        answer=choice.answer,
        action=choice.action,
        reason_code=choice.reason_code,
        note=choice.note,
        started_at=since or now,
        finished_at=now,
    )


def _new(actor: Actor, item: Item, choice: Choice, review: Review | None, now: datetime) -> Decision:
    days = choice.lasting_days
    return Decision(
        reference=new_reference(),
        item=item,
        finding_id=_finding(item),
        review=review,
        merchant_id=item.merchant_id,
        answer=choice.answer,
        action=choice.action,
        reason_code=choice.reason_code,
        note=choice.note,
        is_automatic=choice.is_automatic,
        decided_by=actor.person,
        decided_at=now,
        ends_at=now + timedelta(days=days) if days else None,
    )


def _finding(item: Item) -> int:
    """A decision rests on what was frozen; without anything there is nothing to decide about."""
    if item.finding_id is None:
        raise WrongState(
            gettext("Item %(item)s has no finding to decide on; load a run that rates it.") % {"item": item},
            where={"item": item.pk},
        )
    return item.finding_id


def _need_undecided(item: Item) -> None:
    """A proposal is agreed to or refused, not overtaken: the table lets an item go from proposed to decided by that."""
    if item.state == ItemState.PROPOSED:
        raise WrongState(
            gettext("Item %(item)s waits for a second person; its proposal is agreed to, refused or undone first.")
            % {"item": item},
            where={"item": item.pk},
            value=item.state,
            allowed=ItemState.OPEN,
        )


def _need_kind_of_actor(actor: Actor, choice: Choice) -> None:
    """People decide in their own name; the automation only what it may do without one."""
    if choice.is_automatic == (actor.person is not None):
        raise Refused(f"{actor.name} may not decide {'as the automation' if choice.is_automatic else 'as a person'}.")
    if choice.is_automatic and is_more_severe(choice.action, AUTOMATION_AT_MOST):
        raise Refused(f"The automation may at most {AUTOMATION_AT_MOST}, not {choice.action}: a person decides that.")


def _locked(pk: int) -> Item:
    return Item.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)


def locked_pair(decision: Decision) -> tuple[Item, Decision]:
    """An item and a decision about it, locked in this order as everywhere."""
    item = _locked(decision.item_id)
    row = Decision.objects.select_for_update(of=("self",), no_key=True).select_related("finding").get(pk=decision.pk)
    row.item = item
    return item, row


def _said(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
