"""Gold items rest on an authentication, and nothing else."""

from __future__ import annotations

import pytest

from assay.casework.access import Refused
from assay.casework.models import AuditEvent, Programme, Role, TestBuyTask
from assay.casework.moves import WrongState
from assay.casework.services import decisions, gold
from assay.casework.services.recording import Actor
from assay.market.errors import CallerError
from tests.casework.builders import NOW, a_decision, a_person, an_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def senior():
    return Actor.of(a_person(Role.SENIOR))


def _bought(item, outcome, second=""):
    programme, _made = Programme.objects.get_or_create(
        folder="p",
        defaults={
            "name": "p",
            "plan_sha256": "a" * 64,
            "key_fingerprint": "k",
            "currency": "EUR",
            "budget_minor": 1,
            "loaded_at": NOW,
        },
    )
    return TestBuyTask.objects.create(
        programme=programme,
        unit=f"U{item.pk}",
        pot="a",
        listing_id=item.subject_id,
        stage="done",
        outcome=outcome,
        second_outcome=second,
    )


def test_an_item_whose_decision_rests_on_an_examination_becomes_gold(senior):
    made = a_decision(reason_code="authentication")
    row = gold.add(senior, made.item)
    assert row.answer == "counterfeit" and made.reference in row.source and row.added_by == senior.person
    assert AuditEvent.objects.last().action == "gold.added"


def test_a_test_buy_goes_before_what_was_decided(senior):
    made = a_decision(reason_code="authentication")
    _bought(made.item, "genuine")
    assert gold.add(senior, made.item).answer == "genuine"


def test_a_positive_that_no_second_examination_confirmed_is_no_evidence(senior):
    made = a_decision(reason_code="facts-do-not-fit")
    task = _bought(made.item, "counterfeit")
    with pytest.raises(CallerError, match="Nothing says for certain"):
        gold.add(senior, made.item)
    TestBuyTask.objects.filter(pk=task.pk).update(second_outcome="counterfeit")
    assert gold.add(senior, made.item).answer == "counterfeit"


def test_a_reversed_decision_and_an_open_item_are_no_gold(senior):
    with pytest.raises(CallerError, match="Nothing says"):
        gold.add(senior, a_decision(reason_code="authentication", state="reversed").item)
    with pytest.raises(WrongState, match="only a decided one"):
        gold.add(senior, an_item())


def test_gold_twice_is_refused_and_once_retired_it_can_come_back(senior):
    item = a_decision(reason_code="authentication").item
    row = gold.add(senior, item)
    with pytest.raises(WrongState, match="already"):
        gold.add(senior, item)
    with pytest.raises(CallerError, match="reason"):
        gold.retire(senior, row, reason="")
    row = gold.retire(senior, row, reason="everybody knows it")
    assert row.retired_at
    with pytest.raises(WrongState):
        gold.retire(senior, row, reason="again")
    times = {name: getattr(row, name).isoformat() for name in ("added_at", "retired_at")}
    assert gold.add(senior, item).pk == row.pk
    assert AuditEvent.objects.last().before == {"answer": "counterfeit", **times}


def test_an_analyst_keeps_no_gold():
    with pytest.raises(Refused):
        gold.add(Actor.of(a_person()), a_decision(reason_code="authentication").item)


def test_a_known_answer_goes_with_the_decision_that_it_rests_on(senior):
    made = a_decision(reason_code="authentication")
    row = gold.add(senior, made.item)
    decisions.undo(senior, made, reason="another unit was examined")
    row.refresh_from_db()
    assert row.retired_at is not None
    assert AuditEvent.objects.get(action="gold.retired").reason == "another unit was examined"


def test_an_item_that_tells_its_answer_itself_is_no_gold(senior):
    made = a_decision(an_item(state="decided", stream="test_buy"))
    _bought(made.item, "counterfeit", "counterfeit")
    with pytest.raises(CallerError, match="Nothing says for certain"):
        gold.add(senior, made.item)


def test_examinations_that_contradict_each_other_are_no_evidence(senior):
    made = a_decision()
    _bought(made.item, "genuine", "counterfeit")
    with pytest.raises(CallerError, match="Nothing says for certain"):
        gold.add(senior, made.item)
