"""What is due is sent, signed, in order; a failure waits; a body is the same at every attempt."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from assay.casework.delivery import Delivery, deliver_due
from assay.casework.models import Effect, EffectState, Endpoint
from assay.casework.sealed_secrets import open_secret, seal_secret
from assay.casework.services.effects import Policy, emit
from assay.casework.webhooks import new_secret, signature
from tests.casework.builders import an_organisation
from tests.casework.receivers import a_receiver

# Senders are threads, but only the caller's own thread speaks to the database.
pytestmark = pytest.mark.django_db(transaction=True)
QUICK = Policy(first_wait_seconds=0.02, most_wait_seconds=0.05, most_tries=50, rest_after=1000)


@pytest.fixture(autouse=True)
def _here_allowed(settings):
    settings.ALLOW_PRIVATE_ENDPOINTS = True


def an_endpoint(url, **given):
    values = {"sealed_secret": seal_secret(new_secret()), "created_at": timezone.now()}
    return Endpoint.objects.create(organisation=an_organisation(), url=url, **values | given)


def put(subject, *kinds):
    for kind in kinds:
        with transaction.atomic():
            written = emit(kind, subject, {"what": kind, "where": subject})
    return written


def deliver_all(**given):
    ends = time.monotonic() + 20
    while Effect.objects.filter(state=EffectState.WAITING).exists():
        assert time.monotonic() < ends
        deliver_due(Delivery(policy=QUICK, **given))
        time.sleep(0.01)


def test_an_effect_arrives_signed_and_whole():
    with a_receiver() as receiver:
        endpoint = an_endpoint(receiver.url)
        put("listing:上衣", "decision.applied")
        assert deliver_due() == 1
    effect = Effect.objects.get()
    (headers, body) = receiver.got[0]
    assert effect.state == EffectState.DELIVERED and effect.leased_until is None
    said = json.loads(body)
    assert (said["id"], said["type"], said["subject"]) == (str(effect.key), "decision.applied", "listing:上衣")
    assert (said["sequence"], said["data"]["where"]) == (effect.pk, "listing:上衣")
    stamp = int(headers["webhook-timestamp"])
    assert abs(stamp - time.time()) < 60
    wanted = signature(open_secret(endpoint.sealed_secret), headers["webhook-id"], stamp, body)
    assert headers["webhook-signature"] == wanted and headers["webhook-id"] == said["id"]


def test_while_a_secret_is_replaced_both_sign():
    old = new_secret()
    with a_receiver() as receiver:
        an_endpoint(
            receiver.url,
            sealed_old_secret=seal_secret(old),
            old_secret_until=timezone.now() + timedelta(hours=1),
        )
        put("listing:L1", "decision.applied")
        deliver_due()
    headers, body = receiver.got[0]
    both = headers["webhook-signature"].split(" ")
    assert len(both) == 2
    assert both[1] == signature(old, headers["webhook-id"], int(headers["webhook-timestamp"]), body)


def test_an_old_secret_signs_for_its_day_only():
    with a_receiver() as receiver:
        an_endpoint(receiver.url, sealed_old_secret=seal_secret(new_secret()), old_secret_until=timezone.now())
        put("listing:L1", "decision.applied")
        deliver_due()
    assert " " not in receiver.got[0][0]["webhook-signature"]


def test_every_attempt_carries_the_same_key_and_body():
    with a_receiver(lambda n: 200 if n > 2 else 500) as receiver:
        an_endpoint(receiver.url)
        put("listing:L1", "decision.applied")
        deliver_all()
    assert len(receiver.got) == 3
    assert len({(headers["webhook-id"], body) for headers, body in receiver.got}) == 1
    assert Effect.objects.get().n_attempts == 3


def test_order_per_subject_holds_whatever_fails():
    with a_receiver(lambda n: (200, 500, None)[n % 3]) as receiver:
        an_endpoint(receiver.url)
        kinds = [f"step.{n}" for n in range(5)]
        for subject in ("listing:A", "listing:B", "listing:C"):
            put(subject, *kinds)
        deliver_all()
    seen = {}
    for _headers, body in receiver.got:
        said = json.loads(body)
        steps = seen.setdefault(said["subject"], [])
        if said["type"] not in steps:
            steps.append(said["type"])
    assert seen == {subject: kinds for subject in ("listing:A", "listing:B", "listing:C")}


def test_a_secret_that_cannot_be_opened_is_a_failure_that_says_so():
    with a_receiver() as receiver:
        an_endpoint(receiver.url, sealed_secret="not sealed here")
        put("listing:L1", "decision.applied")
        assert deliver_due() == 0
    effect = Effect.objects.get()
    assert "django-secret.txt" in effect.last_error and effect.state == EffectState.WAITING and not receiver.got


def test_private_addresses_get_nothing_unless_a_setting_says_so(settings):
    settings.ALLOW_PRIVATE_ENDPOINTS = False
    with a_receiver() as receiver:
        an_endpoint(receiver.url)
        put("listing:L1", "decision.applied")
        assert deliver_due() == 0
    assert not receiver.got and "ASSAY_ALLOW_PRIVATE_ENDPOINTS" in Effect.objects.get().last_error


def test_a_receiver_that_dawdles_holds_no_more_senders_than_its_share():
    is_over, held = threading.Event(), []

    def dawdle(_n):
        is_over.wait(5)
        return 200

    with a_receiver(dawdle) as slow, a_receiver() as quick:

        def last_one(n):
            if n == 12:
                held.append(len(slow.got))
                is_over.set()
            return 200

        quick.answer = last_one
        an_endpoint(slow.url), an_endpoint(quick.url)
        for n in range(12):
            put(f"listing:L{n}", "decision.applied")
        deliver_due(Delivery(policy=QUICK, n_senders=4))
    assert held == [2]


def test_free_senders_take_what_becomes_due_while_a_receiver_dawdles():
    came = threading.Event()

    def dawdle(_n):
        came.wait(5)
        return 200

    def arrived(_n):
        came.set()
        return 200

    with a_receiver(dawdle) as slow, a_receiver(arrived) as quick:
        an_endpoint(slow.url)
        put("listing:L1", "decision.applied")
        an_endpoint(quick.url)
        (_, effect) = put("listing:L2", "decision.applied")
        Effect.objects.filter(pk=effect.pk).update(next_attempt_at=timezone.now() + timedelta(seconds=0.5))
        began = time.monotonic()
        assert deliver_due(Delivery(policy=QUICK, n_senders=4, most_seconds=4)) == 3
    assert time.monotonic() - began < 4


def test_when_its_time_is_over_it_begins_nothing_new():
    with a_receiver() as receiver:
        an_endpoint(receiver.url)
        for n in range(30):
            put(f"listing:L{n}", "decision.applied")
        how = Delivery(policy=QUICK, n_senders=4, most_seconds=0)
        assert deliver_due(how) == len(receiver.got) == 4
    assert not Effect.objects.filter(state=EffectState.WAITING, leased_until__isnull=False).exists()
