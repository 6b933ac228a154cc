"""What was decided comes back when it should: not for ever out of sight, and not twice for the same facts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.casework.findings import Discrepancy
from assay.casework.models import Action, Appeal, Item, ItemState
from assay.casework.services import arrivals, decisions
from assay.casework.services.arrivals import Arrival
from assay.casework.services.recording import WORKER, Actor
from tests.casework.builders import NOW, a_decision, a_person, a_run, an_item, an_organisation, content_of, days

pytestmark = pytest.mark.django_db
SEEN = Discrepancy("price-gap", "price", 2.0, "It costs a tenth of what others ask.", 120)
NEW = Discrepancy("imagery-shared", "pictures", 1.0, "Its pictures are another merchant's.", 60)
NOTHING = {"action": "none", "answer": "genuine", "reason_code": "nothing-found"}


def _decided(score=91.0, item=None, **given):
    item = item or an_item(state="decided", score=score)
    item.finding.content = content_of(item, score, SEEN).to_json()
    item.finding.save(update_fields=["content"])
    return a_decision(item, **given)


def _after_a_run(decision, score=91.0, *discrepancies, is_flagged=True, inclusion_probability=None):
    content = content_of(decision.item, score, *(discrepancies or (SEEN,)))
    content = replace(content, about=replace(content.about, as_of=(NOW + days(60)).isoformat()))
    arrival = Arrival(content, 50_000, "EUR", is_flagged, inclusion_probability)
    done = arrivals.write(a_run(), "listing", [arrival], NOW + days(60))
    return Item.objects.get(pk=decision.item_id), done


@pytest.mark.parametrize("action", [Action.WARN, Action.DEMOTE, Action.SUSPEND, Action.REMOVE])
def test_what_was_done_for_a_time_protects_from_no_later_score(action):
    decision = _decided(action=action, state="expired", ended_at=NOW)
    item, done = _after_a_run(decision, 45.0)
    assert (item.state, item.score, item.opened_at) == (ItemState.OPEN, 45.0, NOW + days(60))
    told = done.happenings[-1]
    assert told.action == "item.reopened_by_run"
    assert told.reason == f"What decision {decision.reference} did has ended, and a newer rating flags it still."
    assert done.counts == {"reopened": 1}


def test_a_demotion_that_the_worker_ended_comes_back_with_the_next_run():
    decision = _decided(action=Action.DEMOTE, ends_at=NOW + days(1))
    assert decisions.expire(WORKER, NOW + days(2)) == 1
    assert Item.objects.get(pk=decision.item_id).state == ItemState.DECIDED
    item, _done = _after_a_run(decision, 99.0)
    assert item.state == ItemState.OPEN


def test_what_ended_and_is_not_flagged_any_more_stays_decided():
    decision = _decided(action=Action.DEMOTE, state="expired")
    item, done = _after_a_run(decision, 20.0, is_flagged=False, inclusion_probability=0.01)
    assert (item.state, item.inclusion_probability) == (ItemState.DECIDED, 0.01)
    assert done.counts == {"left": 1}


@pytest.mark.parametrize("state", ["reversed", "undone"])
def test_whoever_won_is_left_alone_on_the_same_facts(state):
    decision = _decided(state=state)
    item, done = _after_a_run(decision, 99.0)
    assert item.state == ItemState.DECIDED
    assert done.counts == {"left": 1} and not done.happenings


@pytest.mark.parametrize("state", ["reversed", "undone"])
def test_whoever_won_comes_back_when_something_new_does_not_fit(state):
    decision = _decided(state=state)
    item, done = _after_a_run(decision, 91.0, SEEN, NEW)
    assert item.state == ItemState.OPEN
    taken_back = f"decision {decision.reference}, which was taken back, was made"
    assert done.happenings[-1].reason == f"What did not fit when {taken_back} did not include imagery-shared."


def test_whoever_won_comes_back_when_the_score_rises_into_a_higher_band():
    item, _done = _after_a_run(_decided(60.0, state="reversed"), 85.0)
    assert item.state == ItemState.OPEN


def test_a_decision_reversed_after_its_end_is_one_that_was_won():
    decision = _decided(action=Action.DEMOTE, state="expired")
    senior = Actor.of(a_person("senior"))
    decisions.reverse(senior, decision, reason="The invoice covers the goods.")
    item, _done = _after_a_run(decision)
    assert item.state == ItemState.DECIDED


def test_what_did_something_and_holds_is_left_whatever_comes():
    item, _done = _after_a_run(_decided(60.0), 99.0, NEW)
    assert item.state == ItemState.DECIDED


@pytest.mark.parametrize("state", ["expired", "reversed"])
def test_what_an_earlier_decision_did_still_holds_after_a_later_one_is_over(state):
    first = _decided(60.0, action=Action.DEMOTE)
    _decided(60.0, first.item, state=state, decided_at=NOW + days(1))
    item, _done = _after_a_run(first, 99.0, NEW)
    assert item.state == ItemState.DECIDED


@pytest.mark.parametrize("state", ["expired", "reversed"])
def test_nothing_done_after_it_counts_rather_than_what_is_over(state):
    first = _decided(action=Action.DEMOTE, state=state)
    _decided(91.0, first.item, decided_at=NOW + days(1), **NOTHING)
    item, _done = _after_a_run(first)
    assert item.state == ItemState.DECIDED


def test_nothing_is_opened_while_an_appeal_waits_for_its_answer():
    decision = _decided(action=Action.DEMOTE, state="expired")
    shop = an_organisation("merchant")
    appeal = Appeal.objects.create(
        decision=decision,
        organisation=shop,
        lodged_by=a_person("merchant", shop),
        language="en",
        text="We have an invoice.",
        lodged_at=NOW,
        due_at=NOW + days(30),
    )
    assert _after_a_run(decision)[0].state == ItemState.DECIDED
    Appeal.objects.filter(pk=appeal.pk).update(state="upheld")
    assert _after_a_run(decision)[0].state == ItemState.OPEN


def test_an_invoice_that_never_came_opens_the_item_without_a_run():
    decision = _decided(action=Action.ASK_INVOICE, ends_at=NOW + days(14))
    decisions.expire(WORKER, NOW + days(15))
    assert Item.objects.get(pk=decision.item_id).state == ItemState.OPEN
