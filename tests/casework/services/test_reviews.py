"""Blind and gold answers are kept and change nothing."""

from __future__ import annotations

import pytest

from assay.casework.choices import Choice
from assay.casework.models import Answer, AuditEvent, Decision, Effect, Gold, Review, Role
from assay.casework.moves import WrongState
from assay.casework.services import claims, reviews
from assay.casework.services.recording import Actor
from tests.casework.builders import NOW, a_decision, a_finding, a_person, an_item

pytestmark = pytest.mark.django_db

GENUINE = Choice("genuine", "none", "nothing-found")
REMOVE = Choice("counterfeit", "remove", "facts-do-not-fit")


def test_a_first_answer_decides():
    actor = Actor.of(a_person())
    item = claims.take(actor, an_item())
    done = reviews.answer(actor, item, REMOVE)
    assert done.decision and done.decision.action == "remove" and done.review.kind == "first"
    assert done.review.started_at == item.claimed_at


def test_a_blind_answer_changes_nothing_but_is_kept_with_the_decision():
    made = a_decision(an_item(state="decided", needs_blind_review=True))
    actor = Actor.of(a_person())
    claims.take(actor, made.item)
    done = reviews.answer(actor, made.item, GENUINE)
    made.refresh_from_db()
    made.item.refresh_from_db()
    assert done.decision is None and done.review.kind == "blind" and done.review.decision == made
    assert made.state == "in_force" and made.item.state == "decided"
    assert not made.item.needs_blind_review and made.item.claimed_by is None
    assert not Effect.objects.exists()


def test_a_gold_answer_is_kept_and_the_item_goes_back_for_others():
    gold = an_item(state="decided")
    Gold.objects.create(item=gold, answer=Answer.COUNTERFEIT, source="x", added_by=a_person(Role.SENIOR), added_at=NOW)
    actor, other = Actor.of(a_person()), Actor.of(a_person())
    claims.take(actor, gold)
    done = reviews.answer(actor, gold, REMOVE)
    assert done.review.kind == "gold" and not Decision.objects.exists() and not Effect.objects.exists()
    with pytest.raises(WrongState):
        claims.take(actor, gold)
    assert claims.take(other, gold).claimed_for == "gold"


def test_an_answer_about_what_somebody_decided_meanwhile_is_refused():
    item = a_decision().item
    with pytest.raises(WrongState, match="nothing to answer"):
        reviews.answer(Actor.of(a_person()), item, REMOVE)
    assert not Review.objects.exists()


def test_a_senior_settles_a_disagreement_once():
    made = a_decision(an_item(state="decided", needs_blind_review=True))
    actor, senior = Actor.of(a_person()), Actor.of(a_person(Role.SENIOR))
    review = reviews.answer(actor, made.item, GENUINE).review
    assert reviews.settle(senior, review, note="the first answer stands").settled_by == senior.person
    assert AuditEvent.objects.order_by("-seq").first().reason == "the first answer stands"
    with pytest.raises(WrongState):
        reviews.settle(senior, review)


def test_an_answer_to_what_is_no_longer_known_is_refused():
    item = an_item()
    seen = item.finding_id
    item.finding = a_finding(item)
    item.save(update_fields=["finding"])
    with pytest.raises(WrongState, match="has changed since you opened it"):
        reviews.answer(Actor.of(a_person()), item, REMOVE, finding=seen)
    assert reviews.answer(Actor.of(a_person()), item, REMOVE, finding=item.finding_id).decision
