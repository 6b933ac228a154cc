"""The outbox: written with its cause, sent in order, never lost, and what a person may do about one that failed."""

import random
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from assay.casework.access import Refused
from assay.casework.models import Action, AuditEvent, DecisionState, Effect, EffectState, Endpoint, Role
from assay.casework.moves import WrongState
from assay.casework.services import effects
from assay.casework.services.effects import (
    NOBODY_LISTENS,
    Outcome,
    Policy,
    emit,
    emit_decision,
    lease_due,
    retry,
    settle,
    waive,
)
from assay.casework.services.recording import Actor
from assay.market.errors import CallerError
from tests.casework.builders import a_decision, a_person, an_item, an_organisation
from tests.casework.merchant_cases import a_case

pytestmark = pytest.mark.django_db
POLICY = Policy(first_wait_seconds=10, growth=2, most_wait_seconds=60, most_tries=3, rest_after=100)


def an_endpoint(url="https://shop.example/effects", **given):
    house = given.pop("organisation", None) or an_organisation()
    return Endpoint.objects.create(organisation=house, url=url, created_at=timezone.now(), **given)


def put(subject="listing:L1", kind="decision.applied"):
    with transaction.atomic():
        return emit(kind, subject, {"n": 1})


def soon(seconds=1.0):
    return timezone.now() + timedelta(seconds=seconds)


def answer(effects, now, error="", **given):
    return settle(
        [Outcome(each.pk, each.leased_until, error, **given) for each in effects],
        now,
        policy=POLICY,
        chance=random.Random(1),
    )


def failed(subject="listing:L1"):
    (effect,) = put(subject)
    now = soon()
    for _ in range(POLICY.most_tries):
        answer(lease_due(now, limit=9, policy=POLICY), now, "it said 500")
        now += timedelta(seconds=200)
    effect.refresh_from_db()
    return effect


def test_an_effect_is_written_for_every_active_endpoint():
    first, second = an_endpoint(), an_endpoint("https://other.example/")
    an_endpoint("https://gone.example/", is_active=False)
    assert {each.endpoint for each in put()} == {first, second}
    assert Effect.objects.filter(state=EffectState.WAITING).count() == 2


def test_where_nobody_listens_the_effect_is_kept_as_unheard_and_is_not_delivered():
    (effect,) = put()
    assert (effect.state, effect.endpoint, effect.last_error) == (EffectState.UNHEARD, None, NOBODY_LISTENS)
    assert effect.delivered_at is None
    assert lease_due(soon(), limit=10) == []


@pytest.mark.django_db(transaction=True)
def test_an_effect_outside_its_causes_transaction_is_refused():
    with pytest.raises(RuntimeError, match="transaction"):
        emit("decision.applied", "listing:L1", {})


def test_a_cause_that_fails_takes_its_effect_with_it():
    an_endpoint()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        emit("decision.applied", "listing:L1", {})
        raise ZeroDivisionError
    assert not Effect.objects.exists()


def test_a_decision_tells_what_a_marketplace_needs_and_no_name():
    an_endpoint()
    decision = a_decision(an_item(subject_id="L7", merchant_id="M7", state="decided"), note="a private thought")
    with transaction.atomic():
        (effect,) = emit_decision(decision, "apply")
    assert (effect.kind, effect.subject) == ("decision.applied", "listing:L7")
    assert effect.payload["action"] == "remove" and effect.payload["merchant_id"] == "M7"
    assert decision.decided_by.email not in str(effect.payload) and "thought" not in str(effect.payload)


@pytest.mark.parametrize("origin", ["https://assay.example.org", ""])
def test_it_says_where_the_letter_is_and_in_which_language_but_not_what_it_says(settings, origin):
    settings.ORIGIN = origin
    an_endpoint()
    case = a_case(an_organisation("merchant", language="zh-hans", name="Shop of names"))
    reference = case.decision.reference
    with transaction.atomic():
        (effect,) = emit_decision(case.decision, "apply")
        (lift,) = emit_decision(case.decision, "lift")
    assert effect.payload["letter"] == {
        "decision": reference,
        "language": "zh-hans",
        "portal": f"https://assay.example.org/portal/statements/{reference}/" if origin else None,
        "api": f"/api/v1/decisions/{reference}/statement",
    }
    assert "letter" not in lift.payload
    assert "Shop of names" not in str(effect.payload) and case.decision.item.title not in str(effect.payload)


def test_a_lift_says_why():
    an_endpoint()
    decision = a_decision(state=DecisionState.REVERSED, ended_at=timezone.now())
    with transaction.atomic():
        (effect,) = emit_decision(decision, "lift")
    assert effect.kind == "decision.lifted" and effect.payload["lifted_because"] == "reversed"


def test_a_decision_of_no_action_tells_nothing():
    an_endpoint()
    with transaction.atomic():
        assert emit_decision(a_decision(action=Action.NONE), "apply") == []


def test_what_is_leased_is_leased_to_nobody_else_until_the_lease_ends():
    an_endpoint()
    put("listing:L1")
    put("listing:L2")
    now = soon()
    assert len(lease_due(now, limit=10, policy=POLICY)) == 2
    assert lease_due(now, limit=10, policy=POLICY) == []
    assert len(lease_due(now + timedelta(seconds=61), limit=10, policy=POLICY)) == 2


def test_a_later_effect_of_a_subject_waits_for_the_earlier_one():
    an_endpoint()
    (apply,) = put("listing:L1")
    (lift,) = put("listing:L1", "decision.lifted")
    now = soon()
    assert lease_due(now, limit=10, policy=POLICY) == [apply]
    apply.refresh_from_db()
    answer([apply], now, "it said 500")
    assert lease_due(now + timedelta(seconds=1), limit=10, policy=POLICY) == []
    now += timedelta(seconds=20)
    answer(lease_due(now, limit=10, policy=POLICY), now)
    assert lease_due(now, limit=10, policy=POLICY) == [lift]


def test_one_endpoint_does_not_wait_for_another():
    first, second = an_endpoint(), an_endpoint("https://other.example/")
    put("listing:L1")
    put("listing:L1", "decision.lifted")
    now = soon()
    leased = lease_due(now, limit=10, policy=POLICY)
    answer([each for each in leased if each.endpoint == first], now)
    assert [(each.endpoint, each.kind) for each in lease_due(now, limit=9)] == [(first, "decision.lifted")]
    assert Effect.objects.filter(endpoint=second, state=EffectState.WAITING).count() == 2


def test_what_an_endpoint_has_in_flight_counts_towards_its_share():
    first, second = an_endpoint(), an_endpoint("https://other.example/")
    for n in range(9):
        put(f"listing:L{n}")
    leased = lease_due(soon(), limit=4, policy=POLICY, in_flight={first.pk: 4})
    assert [each.endpoint for each in leased] == [second] * 4


def test_a_single_free_sender_serves_every_endpoint_in_turn():
    endpoints = [an_endpoint(f"https://shop{n}.example/") for n in range(3)]
    for n in range(9):
        put(f"listing:L{n}")
    now = soon()
    moments = [now.replace(microsecond=n) for n in range(6)]
    leased = [each.endpoint for at in moments for each in lease_due(at, limit=1, policy=POLICY)]
    assert leased == endpoints * 2


def test_of_several_endpoints_those_with_the_fewest_in_flight_come_first():
    busy, idle = an_endpoint(), an_endpoint("https://other.example/")
    for n in range(3):
        put(f"listing:L{n}")
    at = soon().replace(microsecond=0)
    (leased,) = lease_due(at, limit=1, policy=POLICY, in_flight={busy.pk: 1})
    assert leased.endpoint == idle


def test_waits_grow_and_then_it_is_given_up_and_holds_what_comes_later():
    endpoint = an_endpoint()
    effect = failed()
    assert (effect.state, effect.n_attempts, effect.last_error) == (EffectState.FAILED, 3, "it said 500")
    (lift,) = put("listing:L1", "decision.lifted")
    assert lease_due(soon(), limit=9) == []
    waive(Actor.of(a_person(Role.ADMINISTRATOR, endpoint.organisation)), effect, reason="done by hand")
    assert lease_due(soon(), limit=9) == [lift]


@pytest.mark.parametrize("n_tries", range(1, 12))
def test_a_wait_is_shaken_within_its_bounds(n_tries):
    policy = Policy()
    plain = min(5 * 3 ** (n_tries - 1), 12 * 3600)
    waits = {policy.wait(n_tries, random.Random(seed)).total_seconds() for seed in range(20)}
    assert len(waits) == 20 and all(0.75 * plain <= wait <= 1.25 * plain for wait in waits)


def test_all_tries_together_outlast_a_weekend():
    policy = Policy(jitter_rate=0)
    waits = [policy.wait(n, random.Random()) for n in range(1, policy.most_tries)]
    assert timedelta(days=2.5) < sum(waits, timedelta()) < timedelta(days=4)


def test_what_the_receiver_asks_for_is_waited_for():
    an_endpoint()
    (effect,) = put()
    now = soon()
    answer(lease_due(now, limit=9, policy=POLICY), now, "it said 429", retry_after_seconds=50)
    effect.refresh_from_db()
    assert effect.next_attempt_at == now + timedelta(seconds=50)


def test_a_receiver_that_is_gone_is_not_tried_again():
    an_endpoint()
    (effect,) = put()
    answer(lease_due(soon(), limit=9), soon(), "it said 410", is_gone=True)
    effect.refresh_from_db()
    assert effect.state == EffectState.FAILED


def test_a_failure_under_a_lease_that_ended_spoils_nothing():
    an_endpoint()
    (effect,) = put()
    now = soon()
    slow = lease_due(now, limit=9, policy=POLICY)
    later = now + timedelta(seconds=61)
    lease_due(later, limit=9, policy=POLICY)
    answer(slow, later, "hung up")
    effect.refresh_from_db()
    assert effect.n_attempts == 0 and effect.leased_until > later


def test_a_yes_under_a_lease_that_ended_counts():
    an_endpoint()
    (effect,) = put()
    now = soon()
    slow = lease_due(now, limit=9, policy=POLICY)
    lease_due(now + timedelta(seconds=61), limit=9, policy=POLICY)
    assert answer(slow, now) == 1
    effect.refresh_from_db()
    assert effect.state == EffectState.DELIVERED


def test_an_endpoint_that_fails_again_and_again_rests_and_is_probed_with_one():
    endpoint = an_endpoint()
    for n in range(10):
        put(f"listing:L{n}")
    policy = Policy(rest_after=5)
    now = soon()
    leased = lease_due(now, limit=6, policy=policy)
    settle([Outcome(each.pk, each.leased_until, "refused") for each in leased], now, policy=policy)
    assert lease_due(now, limit=6, policy=policy) == []
    now += timedelta(seconds=15)
    (probe,) = lease_due(now, limit=6, policy=policy)
    settle([Outcome(probe.pk, probe.leased_until)], now, policy=policy)
    endpoint.refresh_from_db()
    assert (endpoint.n_failed_in_row, endpoint.resting_until) == (0, None)
    assert len(lease_due(now, limit=6, policy=policy)) == 6


def test_an_endpoint_that_is_paused_gets_nothing_and_loses_nothing():
    endpoint = an_endpoint(paused_at=timezone.now())
    put()
    assert lease_due(soon(), limit=9) == []
    Endpoint.objects.filter(pk=endpoint.pk).update(paused_at=None)
    assert len(lease_due(soon(), limit=9)) == 1


def test_deliveries_and_failures_are_in_the_log():
    an_endpoint()
    failed("listing:L1")
    put("listing:L2")
    now = soon()
    answer(lease_due(now, limit=9, policy=POLICY), now)
    assert list(AuditEvent.objects.order_by("seq").values_list("action", "actor")) == [
        ("effect.failed", "worker"),
        ("effect.delivered", "worker"),
    ]


def test_a_retry_begins_with_all_tries_and_keeps_the_key():
    endpoint = an_endpoint()
    effect = failed()
    again = retry(Actor.of(a_person(Role.ADMINISTRATOR, endpoint.organisation)), effect, reason="their server is back")
    assert (again.state, again.n_attempts, again.key) == (EffectState.WAITING, 0, effect.key)
    assert lease_due(soon(), limit=9) == [effect]
    assert AuditEvent.objects.filter(action="effect.retried", reason="their server is back").exists()


@pytest.mark.parametrize("role", [Role.SENIOR, Role.ANALYST, Role.AUDITOR, Role.MERCHANT])
@pytest.mark.parametrize("act", [retry, waive])
def test_only_administrators_retry_and_waive(role, act):
    an_endpoint()
    effect = failed()
    with pytest.raises(Refused):
        act(Actor.of(a_person(role)), effect, reason="because")


@pytest.mark.parametrize("act", [retry, waive])
def test_retrying_and_waiving_need_a_reason(act):
    an_endpoint()
    effect = failed()
    with pytest.raises(CallerError, match="reason"):
        act(Actor.of(a_person(Role.ADMINISTRATOR)), effect, reason="  ")


def test_what_is_being_sent_cannot_be_waived():
    an_endpoint()
    put()
    (effect,) = lease_due(timezone.now() + timedelta(seconds=0), limit=9)
    with pytest.raises(WrongState, match="being sent"):
        waive(Actor.of(a_person(Role.ADMINISTRATOR)), effect, reason="no longer wanted")


def test_what_was_delivered_cannot_be_retried():
    (effect,) = put()
    with pytest.raises(WrongState):
        retry(Actor.of(a_person(Role.ADMINISTRATOR)), effect, reason="again")


@pytest.mark.skipif("sqlite" not in settings.DATABASES["default"]["ENGINE"], reason="asks SQLite for its plan")
def test_whether_an_earlier_one_waits_is_read_from_an_index():
    """Reading the endpoint's whole history instead took eight seconds at 8,000 waiting effects."""
    plan = effects._due(an_endpoint(), timezone.now()).explain()
    assert "USING COVERING INDEX effect_unfinished (endpoint_id=? AND subject=? AND state=? AND id<?)" in plan
