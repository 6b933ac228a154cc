"""What the home page counts for a person is what the person can do something about."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from assay.casework.models import DecisionState, Examination, Programme, Review, Role, TestBuyTask
from assay.casework.queries.waiting import waits_for
from assay.casework.services import appeals, reviews
from assay.casework.services.recording import Actor
from assay.web.console.numbers.words import WAITING
from tests.casework.builders import NOW, a_decision, a_person, an_organisation
from tests.casework.merchant_cases import a_case
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.MERCHANT])
def test_every_role_is_told_what_waits(role):
    assert waits_for(a_person(role))


def _told(person, now=None):
    return {each.what: each.n for each in waits_for(person, now)}


def test_an_appeal_is_counted_for_whoever_may_answer_it():
    senior, analyst, second = a_person(Role.SENIOR), a_person(Role.ANALYST), a_person(Role.SENIOR)
    for given in ({}, {"approved_by": second}, {"decided_by": analyst}):
        case = a_case(in_force_at=timezone.now(), **given)
        appeals.lodge(Actor.of(case.merchant), case.decision, text="These facts are not right.")
    assert (_told(senior)["appeals"], _told(analyst)["appeals"], _told(second)["appeals"]) == (3, 1, 2)
    assert _told(a_person(Role.AUDITOR))["appeals_late"] == 0
    assert _told(a_person(Role.AUDITOR), timezone.now() + timedelta(days=30))["appeals_late"] == 3


def test_a_senior_is_told_of_what_stands_still_in_the_test_buys():
    made = {"folder": "a", "plan_sha256": "1", "key_fingerprint": "f", "currency": "EUR", "budget_minor": 1}
    programme = Programme.objects.create(name="spring", loaded_at=NOW, **made)
    stages = ("sealed", "sealed", "sealed", "done", "to_buy")
    units = [
        TestBuyTask.objects.create(programme=programme, unit=f"U{n}", pot="measure", stage=stage, due_at=NOW)
        for n, stage in enumerate(stages)
    ]
    TestBuyTask.objects.filter(pk=units[3].pk).update(record_problem="The folder holds another outcome.")
    laboratory = an_organisation("laboratory")
    given = {"ordinal": 1, "organisation": laboratory, "assigned_at": NOW, "due_at": NOW}
    Examination.objects.create(task=units[0], declined_at=NOW, **given)
    Examination.objects.create(task=units[1], **given)
    told = _told(a_person(Role.SENIOR))
    assert [told[f"tasks_{name}"] for name in ("give_out", "declined", "refused", "overdue")] == [1, 1, 1, 1]
    assert told["examinations_late"] == 1
    assert _told(a_person(Role.AUDITOR))["tasks_refused"] == 1


def test_a_disagreement_waits_until_a_senior_has_looked_into_it():
    decision, senior = a_decision(), a_person(Role.SENIOR)
    second = {"answer": "genuine", "action": "none", "reason_code": "nothing-found"}
    row = Review.objects.create(
        item=decision.item,
        finding=decision.finding,
        person=a_person(),
        kind="blind",
        decision=decision,
        started_at=NOW,
        finished_at=NOW,
        **second,
    )
    assert _told(senior)["disagreements"] == 1
    reviews.settle(Actor.of(senior), row)
    assert _told(senior)["disagreements"] == 0


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.MERCHANT])
def test_every_tile_has_words_and_leads_where_the_role_may_go(client, role):
    person = a_person(role)
    for each in waits_for(person):
        assert each.what in WAITING
        assert signed_in(person).get(f"{reverse(each.view)}?{each.query}").status_code == 200, each


def test_a_senior_is_not_asked_to_approve_their_own_proposal():
    senior = a_person(Role.SENIOR)
    a_decision(state=DecisionState.PROPOSED, decided_by=senior)
    a_decision(state=DecisionState.PROPOSED)
    waiting = {each.what: each.n for each in waits_for(senior)}
    assert waiting["proposals"] == 1
