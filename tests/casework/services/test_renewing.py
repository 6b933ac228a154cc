"""What waits on account of strikes names those that count; until it does, nobody decides on it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.choices import Choice
from assay.casework.findings import Content
from assay.casework.models import AuditEvent, Decision, Item, Role, Strike, StrikeProposal
from assay.casework.queries.history import history_of
from assay.casework.services import bulk, decisions, strikes
from assay.casework.services.carrying import standing_proposals
from assay.casework.services.proposals import put_forward
from assay.casework.services.recording import AUTOMATION, WORKER, Actor
from assay.casework.services.renewing import Outdated, renew_due
from assay.casework.services.strikes import Policy, Threshold
from tests.casework.builders import a_decision, a_person, an_item, days
from tests.casework.merchant_cases import a_content

pytestmark = pytest.mark.django_db
SUSPEND = Choice("counterfeit", "suspend", "facts-do-not-fit")


def _struck(*days_ago, merchant_id="M1"):
    found = []
    for ago in days_ago:
        item = an_item(merchant_id=merchant_id, state="decided", content=a_content().to_json())
        found.append(a_decision(item, in_force_at=timezone.now() - days(ago)))
        strikes.give_for(AUTOMATION, found[-1])
    return found


def _proposed(*days_ago, **given):
    """The merchant's item, put forward by strikes, and their decisions; with `given`, one that ratings flag as well."""
    if given:
        content = a_content("merchant").to_json()
        an_item(subject_type="merchant", subject_id="M1", merchant_id="M1", content=content, **given)
    made = _struck(*(days_ago or (60, 40, 20)))
    assert put_forward() == 1
    return Item.objects.get(subject_type="merchant"), made


def _undone(decision):
    decisions.undo(Actor.of(a_person(Role.SENIOR)), decision, reason="a valid invoice")


def _discrepancies(item):
    item.refresh_from_db()
    return Content.read(item.finding.content).discrepancies


def _event(action):
    return AuditEvent.objects.get(action=action)


def test_what_holds_is_left_alone():
    item, _made = _proposed()
    before = item.finding_id
    assert renew_due() == 0
    item.refresh_from_db()
    assert item.finding_id == before


def test_a_sentence_names_no_strike_that_was_cancelled_where_the_others_still_reach_the_threshold():
    item, made = _proposed(80, 60, 40, 20)
    _undone(made[-1])
    assert (renew_due(), renew_due()) == (1, 0)
    [fact] = _discrepancies(item)
    assert fact.text.startswith("3 strikes of 3 occasions are in force (decisions ")
    assert made[-1].reference not in fact.text and made[0].reference in fact.text
    assert (item.state, put_forward()) == ("open", 0)
    last = StrikeProposal.objects.latest("id")
    assert (last.weight, standing_proposals().filter(pk=last.pk).exists()) == (3.0, True)
    told = AuditEvent.objects.filter(action="strike.proposed").latest("seq")
    assert told.subject_id == str(last.pk) and told.after["finding"]["id"] == item.finding_id
    assert "count no more" in told.reason


def test_an_item_that_nothing_else_brought_is_closed_once_its_strikes_reach_no_threshold():
    item, made = _proposed()
    proposal = StrikeProposal.objects.get()
    _undone(made[-1])
    assert (renew_due(), renew_due()) == (1, 0)
    assert (_discrepancies(item), item.state) == ((), "closed")
    assert not standing_proposals().exists()
    taken, closed = _event("strike.withdrawn"), _event("item.closed")
    assert (taken.subject_id, taken.before["weight"], taken.after["weight"]) == (str(proposal.pk), 3.0, 2.0)
    assert taken.after["finding"]["id"] == item.finding_id
    assert (closed.before, closed.after) == ({"state": "open"}, {"state": "closed", "because": "strikes"})


def test_an_item_that_ratings_flag_too_stays_and_follows_them_again():
    item, made = _proposed(score=85.0)
    _undone(made[-1])
    assert renew_due() == 1
    assert [each.signal for each in _discrepancies(item)] == ["price-gap", "wording-replica"]
    assert (item.state, item.score) == ("open", 85.0)
    assert not standing_proposals().exists(), "the next run may close it"


def test_a_merchant_is_put_forward_again_when_a_new_strike_takes_it_there():
    item, made = _proposed()
    _undone(made[-1])
    renew_due()
    StrikeProposal.objects.update(proposed_at=timezone.now() - days(10))
    _struck(2)
    assert put_forward() == 1
    [fact] = _discrepancies(item)
    assert (item.state, fact.value) == ("open", 3.0)


def test_strikes_that_expire_are_named_no_more():
    item, made = _proposed()
    when = Strike.objects.get(decision=made[0]).expires_at
    assert renew_due(now=when - timedelta(seconds=1)) == 0
    assert renew_due(now=when) == 1
    assert _discrepancies(item) == ()


def test_another_policy_takes_back_what_it_does_not_say():
    item, _made = _proposed()
    senior = Actor.of(a_person(Role.SENIOR))
    strikes.switch_on(senior, strikes.draft(senior, Policy({"remove": 1.0}, {}, 365, 7, (Threshold(5.0, "close"),))))
    assert renew_due() == 1
    assert _discrepancies(item) == ()


def test_whoever_holds_the_item_loses_it_and_reads_why():
    item, made = _proposed(80, 60, 40, 20)
    holder = a_person()
    item.claimed_by, item.claimed_for, item.claimed_until = holder, "first", timezone.now() + timedelta(minutes=5)
    item.save()
    _undone(made[-1])
    renew_due()
    item.refresh_from_db()
    assert item.claimed_by is None
    ended = _event("item.claim_ended")
    assert (ended.before["held_by"], ended.after) == (holder.pk, {"because": "strikes"})
    told = history_of(item, ())[0]
    assert told.words == "put a merchant before people because of its strikes"
    assert told.reason.startswith("Strikes that were named count no more")


def test_a_strike_that_came_since_takes_the_item_from_nobody_and_keeps_nobody_from_deciding():
    item, _made = _proposed()
    item.claimed_by, item.claimed_until = a_person(), timezone.now() + timedelta(minutes=5)
    item.save()
    StrikeProposal.objects.update(proposed_at=timezone.now() - days(10))
    _struck(2)
    assert (put_forward(), renew_due()) == (0, 0)
    decision = decisions.decide(Actor.of(item.claimed_by), item, SUSPEND)
    decisions.approve(Actor.of(a_person(Role.SENIOR)), decision)
    assert "3 strikes of 3 occasions are in force" in decision.statement.text


def test_what_is_put_aside_stays_so_with_the_strikes_that_count():
    item, made = _proposed(80, 60, 40, 20)
    Item.objects.filter(pk=item.pk).update(state="snoozed", snoozed_until=timezone.now() + days(9))
    _undone(made[-1])
    assert renew_due() == 1
    [fact] = _discrepancies(item)
    assert (item.state, fact.value) == ("snoozed", 3.0)


def test_nobody_decides_on_strikes_that_do_not_count_any_more():
    item, made = _proposed()
    _undone(made[-1])
    analyst = Actor.of(a_person())
    with pytest.raises(Outdated, match="Strikes that the finding of item merchant M1 names do not count"):
        decisions.decide(analyst, item, SUSPEND)
    [row] = bulk.apply(analyst, [item], SUSPEND).rows
    assert row.fate == bulk.Fate.CHANGED
    assert not Decision.objects.filter(item=item).exists()


def test_nobody_agrees_to_a_proposal_on_strikes_that_do_not_count_any_more():
    item, made = _proposed()
    senior = Actor.of(a_person(Role.SENIOR))
    proposal = decisions.decide(Actor.of(a_person()), item, SUSPEND)
    _undone(made[-1])
    assert renew_due() == 0, "it waits for the second person"
    with pytest.raises(Outdated):
        decisions.approve(senior, proposal)
    decisions.refuse(senior, proposal, reason="the third strike is gone")
    assert renew_due() == 1
    assert _discrepancies(item) == ()


def test_a_decision_undone_brings_back_an_item_with_the_strikes_that_count():
    item, made = _proposed(80, 60, 40, 20)
    senior = Actor.of(a_person(Role.SENIOR))
    taken = decisions.approve(senior, decisions.decide(Actor.of(a_person()), item, SUSPEND))
    _undone(made[-1])
    assert renew_due() == 0, "what was decided stays as it was"
    decisions.undo(senior, taken, reason="too soon")
    assert renew_due() == 1
    assert made[-1].reference not in _discrepancies(item)[0].text


def test_looking_takes_three_queries_whatever_the_number_of_merchants(django_assert_num_queries):
    for n in range(4):
        _struck(60, 40, 20, merchant_id=f"M{n}")
    assert put_forward() == 4
    with django_assert_num_queries(3):
        assert renew_due(WORKER) == 0
