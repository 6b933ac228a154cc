"""The pages of effects: who may do what, what is shown once, and that no page grows with its rows."""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assay.casework.models import AuditEvent, Effect, EffectState, Endpoint, OrganisationKind, Role
from assay.casework.services.effects import emit, emit_decision
from assay.casework.services.endpoints import add_endpoint, valid_secrets
from assay.casework.services.recording import Actor
from tests.casework.builders import a_decision, a_person, an_organisation
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
URL = "https://shop.example/effects"


@pytest.fixture
def administrator():
    return a_person(Role.ADMINISTRATOR)


@pytest.fixture
def client(administrator):
    return signed_in(administrator)


@pytest.fixture
def endpoint(administrator):
    return add_endpoint(Actor.of(administrator), url=URL).endpoint


def put(subject="listing:L1", kind="decision.applied"):
    with transaction.atomic():
        return emit(kind, subject, {"n": 1})[0]


def failed(subject="listing:L1"):
    effect = put(subject)
    Effect.objects.filter(pk=effect.pk).update(state=EffectState.FAILED, n_attempts=14, last_error="it answered 500")
    return effect


def page(client, name, *arguments, **query):
    response = client.get(reverse(f"console:{name}", args=arguments), query)
    assert response.status_code == 200
    return response.content.decode()


def post(client, name, *arguments, **form):
    return client.post(reverse(f"console:{name}", args=arguments), form)


def said(response):
    return [str(each) for each in response.wsgi_request._messages]


def test_adding_an_endpoint_shows_its_secret_this_once(client):
    response = post(client, "endpoint-add", url=URL)
    endpoint = Endpoint.objects.get()
    (secret,) = valid_secrets(endpoint, timezone.now())
    assert response.status_code == 200 and secret in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"
    for name, arguments in (("endpoints", ()), ("endpoint", (endpoint.pk,))):
        text = page(client, name, *arguments)
        assert secret not in text and endpoint.sealed_secret not in text


def test_sending_the_form_again_adds_no_second_endpoint(client):
    post(client, "endpoint-add", url=URL)
    response = post(client, "endpoint-add", url=URL)
    assert response.status_code == 302 and "already" in said(response)[0]
    assert Endpoint.objects.count() == 1


@pytest.mark.parametrize("url", ["http://shop.example/", "https://127.0.0.1/", "javascript:alert(1)", ""])
def test_an_address_that_may_not_be_used_is_said_on_the_page(client, url):
    response = post(client, "endpoint-add", url=url)
    assert response.status_code == 302 and "cannot go" in said(response)[0]
    assert not Endpoint.objects.exists()


def test_replacing_the_secret_shows_the_new_one_and_a_reload_is_refused(client, endpoint):
    mark = re.search(r'name="mark" value="(\w+)"', page(client, "endpoint", endpoint.pk))[1]
    response = post(client, "endpoint-secret", endpoint.pk, mark=mark)
    endpoint.refresh_from_db()
    new, _old = valid_secrets(endpoint, timezone.now())
    assert new in response.content.decode()
    again = post(client, "endpoint-secret", endpoint.pk, mark=mark)
    assert again.status_code == 302 and "replaced since" in said(again)[0]


def test_pausing_and_sending_again(client, endpoint):
    assert post(client, "endpoint-pause", endpoint.pk, reason="they move").status_code == 302
    assert "paused" in page(client, "endpoint", endpoint.pk)
    assert post(client, "endpoint-resume", endpoint.pk).status_code == 302
    endpoint.refresh_from_db()
    assert endpoint.paused_at is None


def test_pausing_without_a_reason_is_said_on_the_page_it_came_from(client, endpoint):
    here = reverse("console:endpoint", args=[endpoint.pk])
    response = post(client, "endpoint-pause", endpoint.pk, reason=" ", back=here)
    assert response.status_code == 302 and response.url == here and "reason" in said(response)[0]


def test_retiring_ends_all_that_could_be_done(client, endpoint):
    post(client, "endpoint-retire", endpoint.pk, reason="the shop closed")
    text = page(client, "endpoint", endpoint.pk)
    assert "retired" in text and 'method="post"' not in text.split('id="content"')[1]


def test_a_trial_message_is_an_effect_with_a_page(client, endpoint):
    response = post(client, "endpoint-trial", endpoint.pk)
    effect = Effect.objects.get()
    assert response.url == reverse("console:effect", args=[effect.pk])
    assert "endpoint.trial" in page(client, "effect", effect.pk)


def test_an_effect_that_failed_says_so_and_what_waits_for_it(client, endpoint):
    effect = failed()
    later = put("listing:L1", "decision.lifted")
    assert "it answered 500" in page(client, "effect", effect.pk)
    assert f"/effects/sent/{effect.pk}/" in page(client, "effect", later.pk)
    assert "given up" in page(client, "endpoint", endpoint.pk)


def test_retrying_one_effect(client, endpoint):
    effect = failed()
    post(client, "effect-retry", effect.pk, reason="their server is back")
    effect.refresh_from_db()
    assert effect.state == EffectState.WAITING
    assert "their server is back" in page(client, "effect", effect.pk)


def test_waiving_one_effect(client, endpoint):
    effect = failed()
    post(client, "effect-waive", effect.pk, reason="done by hand")
    effect.refresh_from_db()
    assert effect.state == EffectState.WAIVED
    assert AuditEvent.objects.filter(action="effect.waived", reason="done by hand").exists()


def test_retrying_all_of_an_endpoint(client, endpoint):
    for n in range(3):
        failed(f"listing:L{n}")
    response = post(client, "endpoint-retry", endpoint.pk, reason="they are back")
    assert "3 effects are tried again" in said(response)[0]
    assert not Effect.objects.filter(state=EffectState.FAILED).exists()


def test_what_was_delivered_is_not_retried(client):
    effect = put()
    response = post(client, "effect-retry", effect.pk, reason="again")
    assert response.status_code == 302 and "cannot be moved" in said(response)[0]


def test_the_list_is_narrowed_by_state_endpoint_subject_and_decision(client, endpoint):
    decision = a_decision()
    with transaction.atomic():
        (by_decision,) = emit_decision(decision, "apply")
    effect = failed("listing:odd")
    for query, found, left_out in (
        ({"state": "failed"}, effect, by_decision),
        ({"text": "listing:odd"}, effect, by_decision),
        ({"text": decision.reference}, by_decision, effect),
    ):
        text = page(client, "effects", **query)
        assert f"/sent/{found.pk}/" in text and f"/sent/{left_out.pk}/" not in text
    assert f"/sent/{effect.pk}/" not in page(client, "effects", endpoint=endpoint.pk + 1)


@pytest.mark.parametrize("query", [{"endpoint": "x"}, {"before": "-1"}, {"state": "odd"}, {"before": "9" * 30}])
def test_a_filter_that_cannot_be_read_is_left_out(client, endpoint, query):
    effect = failed()
    assert f"/sent/{effect.pk}/" in page(client, "effects", **query)


def test_the_list_goes_on_page_by_page(client, endpoint):
    for n in range(60):
        put(f"listing:L{n}")
    first = page(client, "effects")
    before = re.search(r'href="\?before=(\d+)"', first)[1]
    second = page(client, "effects", before=before)
    ids = [set(re.findall(r"/sent/(\d+)/", text)) for text in (first, second)]
    assert [len(each) for each in ids] == [50, 10] and not ids[0] & ids[1]


@pytest.mark.parametrize("name", ["endpoints", "effects", "endpoint", "effect"])
def test_the_number_of_queries_does_not_grow_with_rows(
    client, administrator, endpoint, name, django_assert_max_num_queries
):
    effect = failed()
    arguments = {"endpoint": [endpoint.pk], "effect": [effect.pk]}.get(name, [])
    with django_assert_max_num_queries(20) as few:
        page(client, name, *arguments)
    for n in range(12):
        add_endpoint(Actor.of(administrator), url=f"{URL}/{n}")
    for n in range(5):
        failed(f"listing:M{n}")
    with django_assert_max_num_queries(len(few)):
        page(client, name, *arguments)


def test_strangers_words_are_shown_as_words(client, endpoint):
    Effect.objects.filter(pk=failed("listing:<script>alert(1)</script>").pk).update(last_error="<img src=x>")
    for text in (page(client, "effects"), page(client, "effect", Effect.objects.get().pk)):
        assert "<script>alert" not in text and "<img src=x>" not in text


def test_an_auditor_reads_all_and_is_offered_nothing(endpoint):
    effect = failed()
    auditor = signed_in(a_person(Role.AUDITOR, an_organisation(OrganisationKind.AUTHORITY)))
    for name, arguments in (("endpoints", []), ("endpoint", [endpoint.pk]), ("effect", [effect.pk]), ("jobs", [])):
        text = page(auditor, name, *arguments)
        assert 'method="post"' not in text.split('id="content"')[1]
    assert post(auditor, "effect-waive", effect.pk, reason="because").status_code == 403


def test_another_marketplaces_endpoints_and_effects_are_not_there(endpoint):
    effect = failed()
    other = signed_in(a_person(Role.ADMINISTRATOR, an_organisation(OrganisationKind.MARKETPLACE)))
    for name, pk in (("endpoint", endpoint.pk), ("effect", effect.pk)):
        assert other.get(reverse(f"console:{name}", args=[pk])).status_code == 404
    for name, pk in (
        ("endpoint-pause", endpoint.pk),
        ("endpoint-resume", endpoint.pk),
        ("endpoint-retire", endpoint.pk),
        ("endpoint-secret", endpoint.pk),
        ("endpoint-trial", endpoint.pk),
        ("endpoint-retry", endpoint.pk),
        ("effect-retry", effect.pk),
        ("effect-waive", effect.pk),
    ):
        assert post(other, name, pk, reason="because").status_code == 404, name
    assert URL not in page(other, "endpoints") and f"/sent/{effect.pk}/" not in page(other, "effects")


def test_the_page_of_jobs_names_each_and_what_went_wrong(client):
    from assay.casework.services import beats
    from assay.casework.worker import JOBS

    now = timezone.now()
    beats.announce([job.name for job in JOBS], now)
    beats.went_well("deliver-effects", now, seconds=0.5, n_done=3, every_seconds=1)
    beats.went_wrong("take-census", now, error="OutsideError: the disk is full", every_seconds=60)
    text = page(client, "jobs")
    assert all(job.name in text for job in JOBS)
    assert "the disk is full" in text and "failed once" in text


def test_health_is_open_to_all_and_says_when_no_worker_speaks():
    from assay.casework.services import beats

    answer = Client().get("/health").json()
    assert answer == {"status": "late", "database": "there", "worker": "late", "worker_age_seconds": None}
    now = timezone.now()
    beats.announce(["deliver-effects"], now)
    beats.went_well("deliver-effects", now, seconds=0, n_done=0, every_seconds=1)
    assert Client().get("/health").json()["worker"] == "there"
    beats.went_well("deliver-effects", now - timedelta(seconds=100), seconds=0, n_done=0, every_seconds=1)
    assert Client().get("/health").json()["status"] == "late"


def test_health_says_when_the_database_is_away(monkeypatch):
    from django.db import OperationalError

    from assay.web.console.effects import health

    def away(_now):
        raise OperationalError("connection refused at 10.0.0.5")

    monkeypatch.setattr(health, "worker_age_seconds", away)
    answer = Client().get("/health")
    assert answer.status_code == 503 and "10.0.0.5" not in answer.content.decode()


def test_an_endpoint_moves_and_shows_a_new_secret_only_where_one_was_asked_for(client, endpoint):
    moved = post(client, "endpoint-move", endpoint.pk, url=URL + "/a", reason="new servers")
    assert moved.status_code == 302 and "new address" in said(moved)[0]
    renewed = post(client, "endpoint-move", endpoint.pk, url=URL + "/b", reason="new servers", renew="on")
    endpoint.refresh_from_db()
    assert endpoint.url == URL + "/b" and valid_secrets(endpoint, timezone.now())[0] in renewed.content.decode()
    assert post(client, "endpoint-move", endpoint.pk, url=URL + "/b", reason="again", renew="on").status_code == 302
    assert "changed the address of an endpoint: new servers" in page(client, "endpoint", endpoint.pk)


def test_retiring_says_beforehand_how_much_would_be_waived(client, endpoint):
    assert "Nothing waits, so nothing is waived." in page(client, "endpoint", endpoint.pk)
    failed("listing:L1"), put("listing:L2"), put("listing:L3")
    assert "3 effects that wait or were given up are waived" in page(client, "endpoint", endpoint.pk)


def test_what_nobody_heard_says_so_and_is_sent_again_to_an_endpoint_that_exists_now(client, administrator):
    effect, other = put("listing:L1"), put("listing:L2")
    text = page(client, "effect", effect.pk)
    assert "Nobody has heard it" in text and "Send it now" not in text and "delivered" not in text.lower()
    endpoint = add_endpoint(Actor.of(administrator), url=URL).endpoint
    assert f"/effects/endpoints/{endpoint.pk}/send-on/" in page(client, "effect", effect.pk)
    assert "2 effects (counted up to 10,000) were written" in page(client, "endpoint", endpoint.pk)
    sent = post(client, "endpoint-send-on", endpoint.pk, reason="now you listen", subject="listing:L1")
    assert "1 effect is sent now" in said(sent)[0]
    effect.refresh_from_db(), other.refresh_from_db()
    assert (effect.state, other.state) == (EffectState.WAITING, EffectState.UNHEARD)
    post(client, "endpoint-send-on", endpoint.pk, reason="now you listen")
    other.refresh_from_db()
    assert (other.state, other.endpoint) == (EffectState.WAITING, endpoint)
