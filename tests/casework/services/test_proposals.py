"""A threshold puts a merchant before people, once for each strike that takes it there; nothing happens by itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.findings import Content
from assay.casework.models import AuditEvent, Decision, Effect, Item, Role, Strike, StrikeProposal
from assay.casework.queries.strikes import preview
from assay.casework.services import strikes
from assay.casework.services.proposals import put_forward
from assay.casework.services.recording import AUTOMATION, Actor
from assay.casework.services.strikes import SAFE_POLICY, Policy, Threshold
from tests.casework.builders import a_decision, a_person, an_item, days
from tests.casework.merchant_cases import a_content

pytestmark = pytest.mark.django_db


def _struck(merchant_id="M1", days_ago=(60, 40, 20), **given):
    for ago in days_ago:
        at = timezone.now() - days(ago)
        item = an_item(merchant_id=merchant_id, state="decided", content=a_content().to_json())
        strikes.give_for(AUTOMATION, a_decision(item, in_force_at=at, **given))


def test_below_the_threshold_nobody_is_put_forward():
    _struck(days_ago=(60, 40))
    assert put_forward() == 0


def test_a_sweep_of_one_afternoon_is_one_occasion_and_puts_nobody_forward():
    _struck(days_ago=(20, 20, 20, 20, 20))
    assert put_forward() == 0


def test_a_merchant_that_no_rating_flagged_becomes_an_item_with_the_strikes_as_a_recorded_fact():
    _struck()
    n_effects, n_decisions = Effect.objects.count(), Decision.objects.count()
    assert put_forward() == 1
    item = Item.objects.get(subject_type="merchant", subject_id="M1")
    content = Content.read(item.finding.content)
    [fact] = content.discrepancies
    assert fact.signal == "strikes-standing" and fact.text.startswith(
        "3 strikes of 3 occasions are in force (decisions D-"
    )
    assert fact.text.endswith("from 3 strikes on the policy puts the suspension of the account before a person.")
    assert (item.state, item.score) == ("open", 91.0)
    assert AuditEvent.objects.get(action="strike.proposed").after["action"] == "suspend"
    assert (Effect.objects.count(), Decision.objects.count()) == (n_effects, n_decisions), "it proposes, it never acts"


def test_it_is_put_forward_once_and_again_after_the_next_strike():
    _struck()
    assert (put_forward(), put_forward()) == (1, 0)
    item = Item.objects.get(subject_type="merchant")
    item.state = "decided"
    item.save()
    assert put_forward() == 0
    Strike.objects.update(given_at=timezone.now() - days(30))
    StrikeProposal.objects.update(proposed_at=timezone.now() - days(10))
    _struck(days_ago=(2,))
    Strike.objects.filter(given_at__lt=timezone.now() - days(25)).update(weight=2.0)
    assert put_forward() == 1
    item.refresh_from_db()
    assert item.state == "open"
    event = AuditEvent.objects.get(action="item.reopened")
    assert (event.subject_id, event.before) == (str(item.pk), {"state": "decided"})
    assert event.after == {"state": "open", "because": "strikes"}


def test_what_was_known_about_the_merchant_stays_beside_the_strikes():
    own = a_content("merchant")
    item = an_item(subject_type="merchant", subject_id="M1", merchant_id="M1", content=own.to_json())
    _struck()
    put_forward()
    item.refresh_from_db()
    found = Content.read(item.finding.content)
    assert [each.signal for each in found.discrepancies] == ["strikes-standing", "price-gap", "wording-replica"]
    assert found.waterfall == own.waterfall
    assert item.findings.count() == 2, "what was frozen before stays"


def test_what_was_put_aside_is_woken_with_an_event():
    content = a_content("merchant").to_json()
    until = timezone.now() + days(30)
    item = an_item(subject_type="merchant", subject_id="M1", state="snoozed", snoozed_until=until, content=content)
    _struck()
    assert put_forward() == 1
    item.refresh_from_db()
    assert (item.state, item.snoozed_until) == ("open", None)
    event = AuditEvent.objects.get(action="item.woken")
    assert (event.subject_id, event.before) == (str(item.pk), {"state": "snoozed"})
    assert event.after == {"state": "open", "because": "strikes"}


@pytest.mark.parametrize("state", ["proposed", "claimed"])
def test_an_item_that_somebody_is_at_work_on_is_left_and_comes_later(state):
    item = an_item(subject_type="merchant", subject_id="M1", merchant_id="M1", content=a_content("merchant").to_json())
    if state == "claimed":
        item.claimed_by, item.claimed_until = a_person(), timezone.now() + timedelta(minutes=5)
    else:
        item.state = state
    item.save()
    _struck()
    assert put_forward() == 0
    item.state, item.claimed_until = "open", None
    item.save()
    assert put_forward() == 1


def test_sweeps_that_reach_nothing_keep_nobody_waiting(monkeypatch):
    from assay.casework.services import proposals

    monkeypatch.setattr(proposals, "_BATCH", 1)
    for n in range(3):
        _struck(f"A{n}", (20, 20, 20, 20))
    _struck("M1")
    assert put_forward() == 1
    assert StrikeProposal.objects.get().merchant_id == "M1"


def test_a_threshold_that_is_reached_only_once_the_sum_is_rounded_is_reached():
    senior = Actor.of(a_person(Role.SENIOR))
    tenths = _draft(actions={"demote": 0.3}, thresholds=(Threshold(3.0, "suspend"),))
    strikes.switch_on(senior, strikes.draft(senior, tenths))
    _struck(days_ago=range(100, 0, -10), action="demote")
    assert (strikes.standing("M1").weight, put_forward()) == (3.0, 1)


def test_without_thresholds_nobody_is_put_forward():
    senior = Actor.of(a_person(Role.SENIOR))
    strikes.switch_on(senior, strikes.draft(senior, Policy({}, {}, 100, 5, ())))
    _struck()
    assert put_forward() == 0


# the histogram before a policy is switched on


def _draft(**given):
    values = {
        "actions": {"remove": 1.0, "demote": 1.0},
        "reasons": {"facts-do-not-fit": 1.0},
        "window_days": 365,
        "together_days": 7,
        "thresholds": (Threshold(2.0, "warn"), Threshold(3.0, "suspend")),
    }
    return Policy(**values | given)


def test_the_histogram_counts_merchants_with_todays_strikes_and_as_the_draft_would():
    _struck("M1")
    _struck("M2", (60, 40))
    _struck("M3", (60, 40, 20), action="demote")
    found = preview(_draft())
    assert found.today.n == 3
    assert found.today.counts[3] == 1 and found.today.counts[4] == 1 and found.today.counts[6] == 1
    assert [(each.today, each.later) for each in found.touched] == [(2, 3), (1, 2)]
    assert found.later.counts[4] == 1 and found.later.counts[6] == 2


def test_cancelled_strikes_undone_decisions_and_older_ones_are_not_counted():
    _struck("M1", (20,))
    _struck("M2", (20,))
    Strike.objects.filter(merchant_id="M1").update(cancelled_at=timezone.now())
    Decision.objects.filter(merchant_id="M1").update(state="reversed")
    found = preview(_draft())
    assert (found.today.n, found.later.n) == (1, 1)
    assert preview(_draft(window_days=10, together_days=1)).later.n == 0


def test_no_strikes_give_an_empty_histogram():
    found = preview(SAFE_POLICY)
    assert found.today.counts == () and found.touched[0].today == 0


def test_counting_takes_two_queries_whatever_the_number_of_merchants(django_assert_num_queries):
    for n in range(6):
        _struck(f"M{n}")
    with django_assert_num_queries(2):
        preview(_draft())
