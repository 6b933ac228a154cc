"""Signing in: who gets in, what is said to who does not, and what cannot be made of it."""

import pytest
from django.conf import settings
from django.contrib.auth import hashers
from django.test import Client
from django.urls import resolve, reverse

from assay.casework.models import AuditEvent, Role
from assay.web.gate import EPOCH
from assay.web.permits import permits
from tests.casework.builders import PASSWORD, a_person

pytestmark = pytest.mark.django_db
URL = "/sign-in/"


def sign_in(client, email, password=PASSWORD, **given):
    return client.post(URL, {"email": email, "password": password} | given)


def test_a_person_gets_in_and_the_session_holds_their_epoch():
    person, client = a_person(session_epoch=3), Client()
    response = sign_in(client, person.email.upper())
    assert (response.status_code, response.url) == (302, "/")
    assert client.session[EPOCH] == 3
    assert client.get(reverse("accounts:me")).status_code == 200
    event = AuditEvent.objects.get(action="session.opened")
    assert (event.actor, event.after) == (f"person:{person.pk}", {"factor": "password"})


def test_unknown_wrong_deactivated_and_not_yet_invited_get_the_same_answer():
    known, gone, invited = a_person(), a_person(is_active=False), a_person()
    invited.set_unusable_password()
    invited.save()
    tried = [("nobody@example.org", PASSWORD), (known.email, "wrong"), (gone.email, PASSWORD), (invited.email, "!")]
    answers = []
    for email, password in tried:
        client = Client()
        client.get(URL)
        response = sign_in(client, email, password)
        text = response.content.decode().replace(email, "")
        answers.append((response.status_code, [line for line in text.splitlines() if "csrf" not in line.lower()]))
        assert "_auth_user_id" not in client.session
    assert answers[0][0] == 400
    assert all(answer == answers[0] for answer in answers)


def test_unknown_and_wrong_cost_the_same_number_of_hashes(monkeypatch):
    n = []
    hasher = hashers.get_hasher()
    encode = type(hasher).encode
    monkeypatch.setattr(type(hasher), "encode", lambda self, *given: n.append(1) or encode(self, *given))
    known, gone = a_person(), a_person(is_active=False)
    counts = []
    for email in ("nobody@example.org", known.email, gone.email):
        n.clear()
        sign_in(Client(), email, "wrong")
        counts.append(len(n))
    assert counts == [1, 1, 1]


def test_a_session_key_that_was_planted_is_not_the_one_that_is_signed_in():
    planted = Client()
    planted.get(URL)
    planted.session.save()
    session = planted.session
    session["planted"] = True
    session.save()
    key = session.session_key
    planted.cookies[settings.SESSION_COOKIE_NAME] = key
    sign_in(planted, a_person().email)
    assert planted.cookies[settings.SESSION_COOKIE_NAME].value != key
    attacker = Client()
    attacker.cookies[settings.SESSION_COOKIE_NAME] = key
    assert attacker.get(reverse("accounts:me")).url.startswith(URL)


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        "https:evil.example",
        "///evil.example",
        "evil.example",
        " //evil.example",
        "http://testserver@evil.example/",
    ],
)
def test_nobody_is_sent_to_another_site(wanted):
    response = sign_in(Client(), a_person().email, next=wanted)
    assert response.status_code == 302
    assert response.url == "/"


def test_a_line_break_in_the_next_page_makes_no_header():
    response = sign_in(Client(), a_person().email, next="/\r\nX-Planted: 1")
    assert "X-Planted" not in response.headers and "\n" not in response.url


def test_a_page_of_ours_is_gone_back_to():
    assert sign_in(Client(), a_person().email, next="/me/?tab=1").url == "/me/?tab=1"
    client = Client()
    asked = client.get("/me/")
    assert asked.url == "/sign-in/?next=%2Fme%2F"
    assert '<input type="hidden" name="next" value="/me/">' in client.get(asked.url).content.decode()


def test_an_account_is_locked_after_five_wrong_passwords_and_says_for_how_long():
    person, client = a_person(), Client()
    for _ in range(5):
        assert sign_in(client, person.email, "wrong").status_code == 400
    response = sign_in(client, person.email)
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert "1 minute" in response.content.decode()
    assert AuditEvent.objects.filter(action="session.refused").count() == 5


def test_a_locked_account_that_does_not_exist_looks_the_same():
    client = Client()
    answers = [sign_in(client, "nobody@example.org", "x").status_code for _ in range(6)]
    assert answers == [400] * 5 + [429]


def test_a_right_password_after_some_wrong_ones_begins_anew():
    person = a_person()
    for _ in range(3):
        for _ in range(4):
            sign_in(Client(), person.email, "wrong")
        assert sign_in(Client(), person.email).status_code == 302


def test_a_refusal_is_logged_without_the_address_that_was_typed():
    person = a_person()
    sign_in(Client(REMOTE_ADDR="192.0.2.77"), person.email, "wrong")
    sign_in(Client(REMOTE_ADDR="192.0.2.77"), "somebody.else@example.org", "wrong")
    known, unknown = AuditEvent.objects.filter(action="session.refused").order_by("seq")
    assert (known.subject_type, known.subject_id) == ("person", str(person.pk))
    assert unknown.subject_type == "account"
    assert known.after["address"] == unknown.after["address"]
    assert not [word for word in ("somebody", "192.0.2", "wrong") if word in str(list(AuditEvent.objects.values()))]


def test_without_a_proxy_the_header_is_not_believed(settings):
    settings.ASSAY_PROXY = False
    assert _status_after_many(lambda n: {"HTTP_X_FORWARDED_FOR": f"198.51.100.{n}"}) == 429


def test_behind_the_proxy_only_the_last_hop_counts(settings):
    settings.ASSAY_PROXY = True
    assert _status_after_many(lambda n: {"HTTP_X_FORWARDED_FOR": f"198.51.100.{n}, 192.0.2.1"}) == 429


def test_behind_the_proxy_other_people_are_other_addresses(settings):
    settings.ASSAY_PROXY = True
    assert _status_after_many(lambda n: {"HTTP_X_FORWARDED_FOR": f"192.0.2.1, 198.51.100.{n}"}) == 400


def _status_after_many(headers):
    for n in range(21):
        response = Client(**headers(n)).post(URL, {"email": f"p{n}@example.org", "password": "x"})
    return response.status_code


def test_a_form_without_its_token_is_refused():
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client, a_person().email).status_code == 403


def test_the_page_cannot_be_framed_and_is_not_kept():
    headers = Client().get(URL).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_the_cookies_are_not_for_scripts():
    client = Client()
    sign_in(client, a_person().email)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


def test_who_is_signed_in_already_is_led_on():
    client = Client()
    sign_in(client, a_person().email)
    assert client.get(URL).url == "/"


def test_a_raised_epoch_ends_the_session():
    person, client = a_person(), Client()
    sign_in(client, person.email)
    person.session_epoch += 1
    person.save()
    assert client.get("/me/").url.startswith(URL)
    person.refresh_from_db()
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("role", Role.values)
def test_everybody_is_led_to_a_page_that_is_open_to_them(role):
    client = Client()
    sign_in(client, a_person(role).email)
    assert role in permits()[resolve(client.get("/").url).view_name].roles
