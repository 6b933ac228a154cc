"""Endpoints: who may keep them, the secret that is shown once, and what becomes of their effects."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from assay.casework.access import Refused
from assay.casework.models import AuditEvent, Effect, EffectState, Endpoint, OrganisationKind, Role
from assay.casework.moves import WrongState
from assay.casework.outgoing import ForbiddenAddress
from assay.casework.services import endpoints
from assay.casework.services.effects import emit, lease_due
from assay.casework.services.recording import COMMAND_LINE, Actor
from assay.market.errors import CallerError
from tests.casework.builders import a_person, an_organisation

pytestmark = pytest.mark.django_db
URL = "https://shop.example/effects"


@pytest.fixture
def actor():
    return Actor.of(a_person(Role.ADMINISTRATOR))


def put(subject="listing:L1"):
    with transaction.atomic():
        return emit("decision.applied", subject, {})


def test_a_secret_is_given_once_and_kept_sealed(actor):
    made = endpoints.add_endpoint(actor, url=URL)
    row = Endpoint.objects.get()
    assert made.secret.startswith("whsec_") and made.secret not in row.sealed_secret
    assert endpoints.valid_secrets(row, timezone.now()) == [made.secret]
    assert made.secret not in str(list(AuditEvent.objects.values()))


def test_a_private_address_is_refused(actor):
    with pytest.raises(ForbiddenAddress):
        endpoints.add_endpoint(actor, url="https://127.0.0.1/")


def test_one_address_has_one_endpoint(actor):
    endpoints.add_endpoint(actor, url=URL)
    with pytest.raises(CallerError, match="already"):
        endpoints.add_endpoint(actor, url=URL)


@pytest.mark.parametrize("role", sorted(set(Role.values) - {Role.ADMINISTRATOR}))
def test_only_administrators_add_endpoints(role):
    with pytest.raises(Refused):
        endpoints.add_endpoint(Actor.of(a_person(role)), url=URL)


def test_no_system_adds_endpoints():
    with pytest.raises(CallerError):
        endpoints.add_endpoint(COMMAND_LINE, url=URL)


def test_another_marketplaces_endpoint_is_out_of_reach(actor):
    made = endpoints.add_endpoint(actor, url=URL)
    other = Actor.of(a_person(Role.ADMINISTRATOR, an_organisation(OrganisationKind.MARKETPLACE)))
    for act in (
        lambda: endpoints.pause(other, made.endpoint, reason="because"),
        lambda: endpoints.resume(other, made.endpoint),
        lambda: endpoints.retire(other, made.endpoint, reason="because"),
        lambda: endpoints.send_trial(other, made.endpoint),
        lambda: endpoints.retry_failed(other, made.endpoint, reason="because"),
        lambda: endpoints.replace_secret(other, made.endpoint, mark=endpoints.secret_mark(made.endpoint)),
    ):
        with pytest.raises(Refused):
            act()


def test_a_replaced_secret_is_valid_for_a_day_beside_the_new_one(actor):
    first = endpoints.add_endpoint(actor, url=URL)
    second = endpoints.replace_secret(actor, first.endpoint, mark=endpoints.secret_mark(first.endpoint))
    now = timezone.now()
    assert endpoints.valid_secrets(second.endpoint, now) == [second.secret, first.secret]
    assert endpoints.valid_secrets(second.endpoint, now + timedelta(days=1, seconds=1)) == [second.secret]


def test_the_same_form_sent_twice_replaces_once(actor):
    first = endpoints.add_endpoint(actor, url=URL)
    mark = endpoints.secret_mark(first.endpoint)
    endpoints.replace_secret(actor, first.endpoint, mark=mark)
    with pytest.raises(WrongState, match="replaced since"):
        endpoints.replace_secret(actor, first.endpoint, mark=mark)


def test_pausing_keeps_what_is_written_meanwhile(actor):
    endpoint = endpoints.add_endpoint(actor, url=URL).endpoint
    endpoints.pause(actor, endpoint, reason="they move their servers")
    put()
    assert lease_due(timezone.now(), limit=9) == []
    endpoints.resume(actor, endpoint)
    assert len(lease_due(timezone.now(), limit=9)) == 1


def test_retiring_ends_it_and_waives_what_was_left(actor):
    endpoint = endpoints.add_endpoint(actor, url=URL).endpoint
    put()
    endpoints.retire(actor, endpoint, reason="the shop closed")
    (nobody,) = put()
    assert nobody.endpoint is None
    assert endpoints.waive_left_over() == 1
    assert Effect.objects.get(endpoint=endpoint).state == EffectState.WAIVED
    assert AuditEvent.objects.filter(action="effect.waived", reason="its endpoint was retired").exists()
    with pytest.raises(WrongState, match="retired"):
        endpoints.resume(actor, endpoint)


def test_a_trial_goes_to_one_endpoint_only(actor):
    endpoint = endpoints.add_endpoint(actor, url=URL).endpoint
    endpoints.add_endpoint(actor, url=URL + "/other")
    effect = endpoints.send_trial(actor, endpoint)
    assert list(Effect.objects.all()) == [effect] and effect.kind == endpoints.TRIAL


def test_all_that_failed_is_tried_again_together(actor):
    endpoint = endpoints.add_endpoint(actor, url=URL).endpoint
    for n in range(3):
        put(f"listing:L{n}")
    Effect.objects.update(state=EffectState.FAILED, n_attempts=14)
    assert endpoints.retry_failed(actor, endpoint, reason="they are back") == 3
    assert set(Effect.objects.values_list("state", "n_attempts")) == {(EffectState.WAITING, 0)}
    assert AuditEvent.objects.filter(action="effect.retried").count() == 3


def test_what_waits_goes_to_the_new_address_in_order_and_under_its_keys(actor):
    made = endpoints.add_endpoint(actor, url=URL)
    keys = [put("listing:L1")[0].key, put("listing:L1")[0].key]
    Endpoint.objects.update(n_failed_in_row=9, resting_until=timezone.now() + timedelta(minutes=4))
    assert endpoints.change_address(actor, made.endpoint, url=URL + "/new", reason="moved", renews_secret=False) is None
    (first,) = lease_due(timezone.now(), limit=9)
    assert (first.endpoint.url, first.key) == (URL + "/new", keys[0])
    assert endpoints.valid_secrets(first.endpoint, timezone.now()) == [made.secret]
    event = AuditEvent.objects.get(action="endpoint.moved")
    assert (event.before, event.reason) == ({"url": URL}, "moved")
    assert event.after == {"url": URL + "/new", "secret_replaced": False}


def test_a_move_may_renew_the_secret_and_both_sign_for_a_day(actor):
    old = endpoints.add_endpoint(actor, url=URL)
    new = endpoints.change_address(actor, old.endpoint, url=URL + "/new", reason="moved", renews_secret=True)
    assert endpoints.valid_secrets(new.endpoint, timezone.now()) == [new.secret, old.secret]
    assert new.secret not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "http://shop.example/", URL, URL + "/other", ""])
def test_a_move_is_checked_like_a_new_endpoint(actor, url):
    endpoint = endpoints.add_endpoint(actor, url=URL).endpoint
    endpoints.add_endpoint(actor, url=URL + "/other")
    with pytest.raises(CallerError):
        endpoints.change_address(actor, endpoint, url=url, reason="moved", renews_secret=False)
    assert Endpoint.objects.get(pk=endpoint.pk).url == URL


@pytest.mark.parametrize("role", sorted(set(Role.values) - {Role.ADMINISTRATOR}))
def test_only_administrators_move_endpoints_and_send_on(actor, role):
    put()
    endpoint, other = endpoints.add_endpoint(actor, url=URL).endpoint, Actor.of(a_person(role))
    with pytest.raises(Refused):
        endpoints.change_address(other, endpoint, url=URL + "/new", reason="moved", renews_secret=False)
    with pytest.raises(Refused):
        endpoints.send_unheard(other, endpoint, reason="now there is one")
    assert Effect.objects.get().state == EffectState.UNHEARD


def test_what_nobody_heard_is_sent_to_an_endpoint_that_exists_by_now(actor):
    keys = {subject: [put(subject)[0].key for _ in range(2)] for subject in ("listing:L1", "listing:L2")}
    endpoint = endpoints.add_endpoint(actor, url=URL).endpoint
    assert lease_due(timezone.now(), limit=9) == []
    assert endpoints.send_unheard(actor, endpoint, reason="they listen now") == 4
    assert {each.key for each in lease_due(timezone.now(), limit=9)} == {each[0] for each in keys.values()}
    assert AuditEvent.objects.filter(action="effect.sent_on", reason="they listen now").count() == 4
    assert endpoints.send_unheard(actor, endpoint, reason="again") == 0


def test_one_subjects_effects_are_sent_on_alone(actor):
    put("listing:L1"), put("listing:L2")
    endpoint = endpoints.add_endpoint(actor, url=URL).endpoint
    assert endpoints.send_unheard(actor, endpoint, reason="this one", subject="listing:L2") == 1
    assert Effect.objects.get(state=EffectState.WAITING).subject == "listing:L2"


def test_what_waits_behind_it_goes_behind_it(actor):
    (apply,) = put("listing:L1")
    endpoint = endpoints.add_endpoint(actor, url=URL).endpoint
    put("listing:L1")
    assert endpoints.send_unheard(actor, endpoint, reason="they listen now") == 1
    assert [each.pk for each in lease_due(timezone.now(), limit=9)] == [apply.pk]


@pytest.mark.parametrize(
    "later",
    [
        {"state": EffectState.DELIVERED, "n_attempts": 1},
        {"state": EffectState.WAITING, "n_attempts": 1},
        {"state": EffectState.FAILED, "n_attempts": 14},
        {"leased_until": timezone.now() + timedelta(days=9)},
    ],
)
def test_an_apply_never_comes_behind_its_lift(actor, later):
    (apply,) = put("listing:L1")
    endpoint = endpoints.add_endpoint(actor, url=URL).endpoint
    put("listing:L1")
    Effect.objects.filter(endpoint=endpoint).update(**later)
    assert endpoints.send_unheard(actor, endpoint, reason="they listen now") == 0
    with pytest.raises(WrongState, match="later news"):
        endpoints.send_unheard(actor, endpoint, reason="this one", subject="listing:L1")
    apply.refresh_from_db()
    assert (apply.state, apply.endpoint) == (EffectState.UNHEARD, None)
