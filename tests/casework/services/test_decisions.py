"""Decisions: what follows from each, who may, and that everything is written together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.access import Refused
from assay.casework.choices import Choice
from assay.casework.models import (
    Appeal,
    AuditEvent,
    Decision,
    DecisionState,
    Effect,
    Item,
    ItemState,
    Review,
    Role,
    Statement,
    Strike,
)
from assay.casework.moves import WrongState
from assay.casework.services import claims, decisions
from assay.casework.services.recording import AUTOMATION, WORKER, Actor
from assay.market.errors import CallerError
from tests.casework.builders import NOW, a_decision, a_person, an_item, an_organisation, days

pytestmark = pytest.mark.django_db

REMOVE = Choice("counterfeit", "remove", "facts-do-not-fit", "two prices")
NOTHING = Choice("genuine", "none", "nothing-found")
DEMOTE = Choice("counterfeit", "demote", "facts-do-not-fit", days=10)


@pytest.fixture
def actor():
    return Actor.of(a_person())


@pytest.fixture
def senior():
    return Actor.of(a_person(Role.SENIOR))


def test_a_removal_is_in_force_with_statement_strike_and_effect(actor):
    item = claims.take(actor, an_item())
    made = decisions.decide(actor, item, REMOVE)
    item.refresh_from_db()
    assert made.state == DecisionState.IN_FORCE and made.in_force_at and made.ends_at is None
    assert item.state == ItemState.DECIDED and item.claimed_by is None
    assert made.review.kind == "first" and made.review.note == "two prices"
    assert Statement.objects.get().decision == made and Strike.objects.get().decision == made
    assert Effect.objects.get().kind == "decision.applied"
    assert AuditEvent.objects.order_by("-seq").first().action == "decision.made"


def test_nothing_against_it_restricts_nobody(actor):
    made = decisions.decide(actor, an_item(), NOTHING)
    assert made.state == DecisionState.IN_FORCE
    assert not Statement.objects.exists() and not Strike.objects.exists() and not Effect.objects.exists()


def test_an_action_ends_after_its_days(actor):
    made = decisions.decide(actor, an_item(), DEMOTE)
    assert made.ends_at - made.decided_at == timedelta(days=10)


def test_high_impact_waits_for_a_second_person_and_nothing_happens_before(actor, senior):
    item = an_item(harm_minor=2_000_000)
    made = decisions.decide(actor, item, REMOVE)
    item.refresh_from_db()
    assert made.state == DecisionState.PROPOSED and item.state == ItemState.PROPOSED
    assert not Statement.objects.exists() and not Effect.objects.exists()
    agreed = decisions.approve(senior, made)
    item.refresh_from_db()
    assert agreed.state == DecisionState.IN_FORCE and agreed.approved_by == senior.person
    assert item.state == ItemState.DECIDED and Statement.objects.exists() and Effect.objects.exists()


def test_time_runs_from_the_agreement(actor, senior):
    item = an_item(subject_type="merchant")
    made = decisions.decide(actor, item, Choice("counterfeit", "suspend", "repeated"))
    Decision.objects.filter(pk=made.pk).update(
        decided_at=made.decided_at - timedelta(days=5), ends_at=made.ends_at - timedelta(days=5)
    )
    agreed = decisions.approve(senior, made)
    assert agreed.ends_at - agreed.in_force_at == timedelta(days=30)


def test_the_log_says_from_when_to_when_a_decision_that_was_agreed_to_lasts(actor, senior):
    made = decisions.decide(actor, an_item(subject_type="merchant"), Choice("counterfeit", "suspend", "repeated"))
    proposed = AuditEvent.objects.get(action="decision.proposed")
    agreed = decisions.approve(senior, made)
    event = AuditEvent.objects.get(action="decision.approved")
    assert event.before == {"state": "proposed", "ends_at": proposed.after["ends_at"]}
    times = {"in_force_at": agreed.in_force_at.isoformat(), "ends_at": agreed.ends_at.isoformat()}
    assert event.after == {"state": "in_force", **times}


def test_nobody_agrees_to_their_own_proposal():
    senior = Actor.of(a_person(Role.SENIOR))
    made = decisions.decide(senior, an_item(harm_minor=2_000_000), REMOVE)
    with pytest.raises(Refused):
        decisions.approve(senior, made)
    with pytest.raises(Refused):
        decisions.refuse(senior, made, reason="no")


def test_an_analyst_agrees_to_nothing(actor):
    made = decisions.decide(actor, an_item(harm_minor=2_000_000), REMOVE)
    with pytest.raises(Refused):
        decisions.approve(Actor.of(a_person()), made)


def test_a_refused_proposal_opens_the_item_again(actor, senior):
    item = an_item(harm_minor=2_000_000)
    made = decisions.refuse(senior, decisions.decide(actor, item, REMOVE), reason="one price is old")
    item.refresh_from_db()
    assert made.state == DecisionState.REFUSED and item.state == ItemState.OPEN
    assert not Effect.objects.exists()


def test_a_proposal_is_not_overtaken(actor, senior):
    item = an_item(harm_minor=2_000_000)
    decisions.decide(actor, item, REMOVE)
    with pytest.raises(WrongState, match="second person"):
        decisions.decide(senior, item, NOTHING)


def test_undo_lifts_the_effects_cancels_the_strike_and_opens_the_item(actor):
    item = an_item()
    made = decisions.undo(actor, decisions.decide(actor, item, REMOVE), reason="wrong listing")
    item.refresh_from_db()
    assert made.state == DecisionState.UNDONE and made.ended_at and item.state == ItemState.OPEN
    assert Strike.objects.get().cancelled_at
    assert list(Effect.objects.order_by("id").values_list("kind", flat=True)) == ["decision.applied", "decision.lifted"]
    assert AuditEvent.objects.order_by("-seq").first().reason == "wrong listing"
    again = decisions.decide(actor, item, NOTHING)
    assert again.state == DecisionState.IN_FORCE


def test_undo_asks_for_a_reason_and_for_the_right_person(actor, senior):
    made = decisions.decide(actor, an_item(), REMOVE)
    with pytest.raises(CallerError, match="reason"):
        decisions.undo(actor, made, reason="  ")
    with pytest.raises(Refused):
        decisions.undo(Actor.of(a_person()), made, reason="not mine")
    assert decisions.undo(senior, made, reason="looked again").state == DecisionState.UNDONE


def test_an_analyst_does_not_undo_what_somebody_else_agreed_to(actor, senior):
    made = decisions.approve(senior, decisions.decide(actor, an_item(harm_minor=2_000_000), REMOVE))
    with pytest.raises(Refused):
        decisions.undo(actor, made, reason="second thoughts")


def test_undo_waits_for_the_answer_to_an_appeal(actor, senior):
    made = decisions.decide(actor, an_item(), REMOVE)
    _appeal(made)
    with pytest.raises(WrongState, match="appeal"):
        decisions.undo(senior, made, reason="looked again")


def test_a_reversal_lifts_everything_and_leaves_the_item_decided(actor):
    item = an_item()
    made = decisions.decide(actor, item, REMOVE)
    _appeal(made)
    answerer = Actor.of(a_person())
    with pytest.raises(Refused):
        decisions.reverse(actor, made, reason="the invoice covers it")
    done = decisions.reverse(answerer, made, reason="the invoice covers it")
    item.refresh_from_db()
    assert done.state == DecisionState.REVERSED and item.state == ItemState.DECIDED
    assert Strike.objects.get().cancelled_at and Effect.objects.order_by("id").last().kind == "decision.lifted"
    anew = Review.objects.get(kind="appeal")
    assert anew.person == answerer.person and anew.answer == "genuine"


def test_a_decision_whose_time_has_come_ends_and_its_effect_is_lifted(actor):
    made = decisions.decide(actor, an_item(), DEMOTE)
    assert decisions.expire(WORKER, made.ends_at - timedelta(seconds=1)) == 0
    assert decisions.expire(WORKER, made.ends_at) == 1
    assert decisions.expire(WORKER, made.ends_at) == 0
    made.refresh_from_db()
    assert made.state == DecisionState.EXPIRED and made.item.state == ItemState.DECIDED
    assert Effect.objects.order_by("id").last().kind == "decision.lifted"


def test_an_invoice_that_never_came_brings_the_item_back(actor):
    made = decisions.decide(actor, an_item(), Choice("inconclusive", "ask_invoice", "facts-do-not-fit"))
    decisions.expire(WORKER, made.ends_at)
    made.item.refresh_from_db()
    assert made.item.state == ItemState.OPEN


def test_deciding_what_somebody_else_holds_is_refused(actor):
    item = claims.take(Actor.of(a_person()), an_item())
    with pytest.raises(WrongState, match="Somebody else holds"):
        decisions.decide(actor, item, REMOVE)


def test_deciding_twice_is_refused(actor):
    item = an_item()
    decisions.decide(actor, item, REMOVE)
    with pytest.raises(WrongState):
        decisions.decide(actor, item, REMOVE)
    assert Decision.objects.count() == 1


@pytest.mark.parametrize(
    "choice",
    [
        Choice("genuine", "remove", "nothing-found"),
        Choice("counterfeit", "remove", "no-such-reason"),
        Choice("counterfeit", "suspend", "facts-do-not-fit"),
        Choice("counterfeit", "remove", "facts-do-not-fit", days=0),
        Choice("genuine", "none", "nothing-found", days=3),
        Choice("genuine", "none", "nothing-found", note="x" * 5_001),
    ],
)
def test_what_does_not_go_together_is_refused_and_nothing_is_written(actor, choice):
    with pytest.raises(CallerError):
        decisions.decide(actor, an_item(), choice)
    assert not Decision.objects.exists() and not Review.objects.exists()


def test_a_fault_on_the_way_leaves_nothing_behind(actor, monkeypatch):
    monkeypatch.setattr(decisions.effects, "emit_decision", lambda *_: 1 / 0)
    item = an_item()
    with pytest.raises(ZeroDivisionError):
        decisions.decide(actor, item, REMOVE)
    item.refresh_from_db()
    assert item.state == ItemState.OPEN
    assert not Decision.objects.exists() and not Statement.objects.exists() and not AuditEvent.objects.exists()


def test_the_automation_may_demote_at_most_and_nobody_poses_as_it(actor):
    warn = Choice("inconclusive", "warn", "facts-do-not-fit", is_automatic=True)
    assert decisions.decide(AUTOMATION, an_item(), warn).decided_by is None
    with pytest.raises(Refused):
        decisions.decide(AUTOMATION, an_item(), Choice("counterfeit", "remove", "facts-do-not-fit", is_automatic=True))
    with pytest.raises(Refused):
        decisions.decide(actor, an_item(), warn)
    with pytest.raises(Refused):
        decisions.decide(AUTOMATION, an_item(), NOTHING)


def test_some_decisions_are_drawn_for_a_blind_second_review(actor, monkeypatch):
    monkeypatch.setattr(decisions, "drawn", lambda one_in: one_in == decisions.BLIND_ONE_IN)
    item = an_item()
    decisions.decide(actor, item, REMOVE)
    item.refresh_from_db()
    assert item.needs_blind_review


@pytest.mark.parametrize("given", [{"stream": "test_buy"}, {"content": {"facts": [{"id": "authentication"}]}}])
def test_what_says_by_itself_what_an_examination_found_is_not_drawn_for_a_blind_second_review(
    actor, monkeypatch, given
):
    monkeypatch.setattr(decisions, "drawn", lambda one_in: one_in == decisions.BLIND_ONE_IN)
    item = an_item(**given)
    decisions.decide(actor, item, REMOVE)
    item.refresh_from_db()
    assert not item.needs_blind_review


@pytest.mark.parametrize("move", ["undo", "refuse", "expire"])
def test_an_item_that_is_open_again_and_whoever_lost_it_have_events_of_their_own(move):
    holder, senior = a_person(), Actor.of(a_person(Role.SENIOR))
    item = an_item(state="decided", claimed_by=holder, claimed_for="blind", claimed_until=NOW)
    made = a_decision(item, action="ask_invoice", ends_at=NOW + days(1))
    if move == "undo":
        decisions.undo(senior, made, reason="a mistake")
    elif move == "expire":
        decisions.expire(WORKER, NOW + days(2))
    else:
        type(item).objects.filter(pk=item.pk).update(state="proposed")
        type(made).objects.filter(pk=made.pk).update(state="proposed")
        decisions.refuse(senior, made, reason="a mistake")
    ended, opened = AuditEvent.objects.filter(subject_type="item", subject_id=str(item.pk))
    assert (ended.action, ended.before["held_by"]) == ("item.claim_ended", holder.pk)
    because = {"undo": "undone", "expire": "ended"}.get(move, "refused")
    assert ended.after == {"because": because}
    said = {"state": "open", "decision": made.reference, "because": because}
    assert (opened.action, opened.after) == ("item.reopened", said)


def test_references_are_not_told_apart_by_their_number(actor):
    made = [a_decision().reference, decisions.decide(actor, an_item(), NOTHING).reference]
    assert made[1].startswith("D-") and len(made[1]) == 11


def _appeal(decision):
    merchant = an_organisation("merchant", merchant_id=decision.merchant_id)
    return Appeal.objects.create(
        decision=decision,
        organisation=merchant,
        lodged_by=a_person(Role.MERCHANT, merchant),
        language="en",
        text="we have an invoice",
        lodged_at=NOW,
        due_at=timezone.now() + timedelta(days=7),
    )


def test_the_end_of_an_earlier_decision_does_not_open_what_a_later_one_has_decided(actor, senior):
    item = an_item()
    earlier = decisions.decide(actor, item, Choice("inconclusive", "ask_invoice", "no-provenance", days=10))
    Item.objects.filter(pk=item.pk).update(state=ItemState.OPEN)  # an examination has brought it back
    decisions.decide(actor, item, REMOVE)
    assert decisions.expire(WORKER, timezone.now() + timedelta(days=11)) == 1
    item.refresh_from_db()
    earlier.refresh_from_db()
    assert (earlier.state, item.state) == (DecisionState.EXPIRED, ItemState.DECIDED)


def test_undoing_an_earlier_decision_leaves_a_later_proposal_its_item(actor, senior):
    item = an_item(harm_minor=9_000_000)
    earlier = decisions.decide(actor, item, NOTHING)
    Item.objects.filter(pk=item.pk).update(state=ItemState.OPEN)
    proposal = decisions.decide(Actor.of(a_person()), item, REMOVE)
    decisions.undo(actor, earlier, reason="looked at the wrong one")
    item.refresh_from_db()
    assert item.state == ItemState.PROPOSED
    assert decisions.approve(senior, proposal).state == DecisionState.IN_FORCE


def test_a_closed_item_is_not_decided(senior):
    with pytest.raises(WrongState):
        decisions.decide(senior, an_item(state=ItemState.CLOSED), REMOVE)
