"""Strikes are given once, counted by occasion, cancelled with their decision, and propose; they never act."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.casework.access import Refused
from assay.casework.models import AuditEvent, Role, Strike
from assay.casework.moves import WrongState
from assay.casework.services import strikes
from assay.casework.services.recording import Actor
from assay.casework.services.strikes import SAFE_POLICY, Policy, Threshold
from assay.market.errors import CallerError
from tests.casework.builders import NOW, a_decision, a_person, an_item, days

pytestmark = pytest.mark.django_db


def _actor(role=Role.ANALYST):
    return Actor.of(a_person(role))


def _struck(merchant_id, on_day, **given):
    decision = a_decision(an_item(merchant_id=merchant_id, state="decided"), in_force_at=NOW + days(on_day), **given)
    return strikes.give_for(_actor(), decision)


def _policy(**given):
    values = {
        "actions": {"remove": 1.0},
        "reasons": {"authentication": 1.0},
        "window_days": 100,
        "together_days": 5,
        "thresholds": (Threshold(2.0, "warn"),),
    }
    return Policy(**values | given)


def test_a_removal_for_a_counterfeit_gives_one_strike_once_and_says_so():
    decision = a_decision()
    actor = _actor()
    strike = strikes.give_for(actor, decision)
    assert strikes.give_for(actor, decision) == strike
    assert (strike.weight, strike.given_at, strike.expires_at) == (1.0, NOW, NOW + days(365))
    event = AuditEvent.objects.get(action="strike.given")
    assert event.after["decision"] == decision.reference and event.after["merchant"] == decision.merchant_id


@pytest.mark.parametrize(
    "given",
    [{"answer": "inconclusive"}, {"action": "warn"}, {"action": "ask_invoice"}, {"reason_code": "repeated"}],
)
def test_lesser_decisions_give_none(given):
    assert strikes.give_for(_actor(), a_decision(**given)) is None
    assert not Strike.objects.exists()


def test_a_cancelled_strike_counts_no_more_and_is_cancelled_once():
    strike = _struck("M1", 0)
    actor = _actor(Role.SENIOR)
    assert strikes.cancel_for(actor, strike.decision, reason="a valid invoice").cancelled_at is not None
    assert strikes.cancel_for(actor, strike.decision, reason="again") is None
    assert strikes.standing("M1").weight == 0
    assert AuditEvent.objects.get(action="strike.cancelled").reason == "a valid invoice"


def test_standing_of_the_past_still_counts_what_was_cancelled_later():
    strike = _struck("M1", 0)
    strikes.cancel_for(_actor(), strike.decision, reason="a valid invoice")
    assert strikes.standing("M1", NOW + days(1)).weight == 1.0


def test_strikes_of_one_occasion_count_once():
    for on_day in (0, 1, 6):
        _struck("M1", on_day)
    now = strikes.standing("M1", NOW + days(7))
    assert (now.weight, now.n_occasions, len(now.strikes)) == (1.0, 1, 3)
    _struck("M1", 7)
    assert strikes.standing("M1", NOW + days(8)).n_occasions == 2


def test_a_strike_expires_at_its_end_and_not_before():
    _struck("M1", 0)
    assert strikes.standing("M1", NOW + days(364.9)).weight == 1.0
    assert strikes.standing("M1", NOW + days(365)).weight == 0
    assert strikes.standing("M1", NOW + days(365)).lighter_at is None


def test_three_occasions_reach_the_safe_threshold():
    for on_day in (0, 20):
        _struck("M1", on_day)
    before = strikes.standing("M1", NOW + days(30))
    assert before.reached is None and before.ahead == Threshold(3.0, "suspend")
    assert before.lighter_at == NOW + days(365)
    _struck("M1", 40)
    after = strikes.standing("M1", NOW + days(41))
    assert after.reached == Threshold(3.0, "suspend") and after.ahead is None


def test_other_merchants_strikes_do_not_count():
    _struck("M1", 0)
    assert strikes.standing("M2", NOW + days(1)).strikes == ()


_OFFSETS = st.lists(st.tuples(st.integers(0, 800), st.floats(0.1, 5)), max_size=30)


@given(_OFFSETS, st.integers(0, 30))
def test_adding_a_later_strike_never_lowers_and_occasions_never_exceed_the_sum(strikes_given, together):
    at = sorted((datetime(2026, 1, 1, tzinfo=UTC) + days(n), weight) for n, weight in strikes_given)
    found = strikes.occasions(at, together)
    assert sum(found) <= sum(weight for _, weight in at) + 1e-9
    later = [*at, (datetime(2030, 1, 1, tzinfo=UTC), 1.0)]
    assert sum(strikes.occasions(later, together)) >= sum(found)
    assert max(found, default=0) == max((weight for _, weight in at), default=0)


def test_the_safe_policy_passes_its_own_check_and_proposes_only_what_concerns_accounts():
    row = strikes.draft(_actor(Role.SENIOR), SAFE_POLICY)
    assert Policy.of(row) == Policy(**{f: getattr(SAFE_POLICY, f) for f in _FIELDS}, id=row.pk)


_FIELDS = ("actions", "reasons", "window_days", "together_days", "thresholds")


def test_a_draft_is_not_in_force_until_a_senior_switches_it_on():
    senior = _actor(Role.SENIOR)
    row = strikes.draft(senior, _policy())
    assert strikes.policy_in_force() is SAFE_POLICY
    strikes.switch_on(senior, row)
    assert strikes.policy_in_force().thresholds == (Threshold(2.0, "warn"),)
    with pytest.raises(WrongState):
        strikes.switch_on(senior, row)


def test_the_newest_policy_switched_on_is_in_force_whatever_was_drafted_last():
    senior = _actor(Role.SENIOR)
    older, newer = strikes.draft(senior, _policy()), strikes.draft(senior, _policy(window_days=30))
    strikes.switch_on(senior, newer)
    strikes.switch_on(senior, older)
    assert strikes.policy_in_force().window_days == 100


def test_a_new_policy_weighs_only_what_comes_after_it():
    old = _struck("M1", 0)
    senior = _actor(Role.SENIOR)
    strikes.switch_on(
        senior, strikes.draft(senior, _policy(actions={"remove": 5.0}, reasons={"facts-do-not-fit": 1.0}))
    )
    assert strikes.standing("M1", NOW + days(1)).weight == 1.0
    new = _struck("M1", 20)
    old.refresh_from_db()
    assert (old.weight, new.weight) == (1.0, 5.0)


@pytest.mark.parametrize("role", [r for r in Role if r != Role.SENIOR])
def test_only_seniors_draft_and_switch_on(role):
    with pytest.raises(Refused):
        strikes.draft(_actor(role), _policy())
    row = strikes.draft(_actor(Role.SENIOR), _policy())
    with pytest.raises(Refused):
        strikes.switch_on(_actor(role), row)


def test_a_draft_that_makes_no_sense_is_refused_with_every_fault_at_once():
    wrong = _policy(
        actions={"remove": -1.0, "shame": 1.0},
        window_days=0,
        thresholds=(Threshold(0.0, "remove"), Threshold(2.0, "warn"), Threshold(2.0, "close")),
    )
    with pytest.raises(CallerError) as caught:
        strikes.draft(_actor(Role.SENIOR), wrong)
    for part in (
        "'remove' is -1",
        "no action 'shame'",
        "window is 0",
        "propose 'remove'",
        "touches everybody",
        "two thres",
    ):
        assert part in str(caught.value)
