"""The second factor: enrolled, asked for, good once, replaced by recovery codes."""

import re
import time
from base64 import b32decode

import pytest
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from assay.casework.models import AuditEvent, Role
from tests.casework.builders import PASSWORD, a_person
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return a_person(Role.SENIOR, needs_second_factor=True)


def with_password(person):
    client = Client()
    client.post("/sign-in/", {"email": person.email, "password": PASSWORD})
    return client


def code_of(key, steps=0):
    totp = TOTP(key)
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06d}"


def enrolled(person):
    """A client that enrolled, the key, and the recovery codes."""
    client = with_password(person)
    page = client.get("/second-factor/enrol/").content.decode()
    key = b32decode(re.search(r'class="secret">([A-Z2-7 ]+)<', page)[1].replace(" ", ""))
    shown = client.post("/second-factor/enrol/", {"code": code_of(key)})
    assert shown.status_code == 200
    return client, key, re.findall(r"<code>([a-z0-9-]{14})</code>", shown.content.decode())


def test_staff_get_no_further_than_the_second_factor(person):
    client = with_password(person)
    for path in ("/", "/me/"):
        assert client.get(path).url.startswith("/second-factor/")
    assert client.get("/second-factor/?next=%2Fme%2F").url == "/second-factor/enrol/?next=%2Fme%2F"


def test_signing_in_leads_through_it_to_the_page_that_was_asked_for(person):
    client = Client()
    response = client.post("/sign-in/", {"email": person.email, "password": PASSWORD, "next": "/me/"})
    assert response.url == "/second-factor/?next=%2Fme%2F"
    assert not AuditEvent.objects.filter(action="session.opened").exists(), "it is open with the second factor only"


def test_the_secret_is_shown_as_a_picture_and_as_text(person):
    page = with_password(person).get("/second-factor/enrol/").content.decode()
    assert 'src="data:image/svg+xml' in page
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', page)[1]
    assert secret in with_password(person).get("/second-factor/enrol/").content.decode()
    assert TOTPDevice.objects.count() == 1


def test_enrolling_opens_the_session_and_shows_ten_codes_once(person):
    client, _key, codes = enrolled(person)
    assert len(set(codes)) == 10
    assert client.get("/me/").status_code == 200
    assert [e.action for e in AuditEvent.objects.order_by("seq")] == ["factor.enrolled", "session.opened"]
    assert not [code for code in codes if StaticToken.objects.filter(token=code.replace("-", "")[:16]).exists()]
    assert client.get("/second-factor/enrol/").status_code == 302


def test_a_wrong_code_does_not_enrol(person):
    client = with_password(person)
    client.get("/second-factor/enrol/")
    assert client.post("/second-factor/enrol/", {"code": "000000"}).status_code == 400
    assert not TOTPDevice.objects.get().confirmed
    assert client.get("/me/").status_code == 302


def test_a_code_lets_in_and_the_session_key_changes(person):
    _client, key, _codes = enrolled(person)
    client = with_password(person)
    before = client.session.session_key
    assert client.post("/second-factor/", {"code": code_of(key, 1), "next": "/me/"}).url == "/me/"
    assert client.session.session_key != before
    assert client.get("/me/").status_code == 200
    assert AuditEvent.objects.filter(action="session.opened").count() == 2


def test_a_code_is_good_once(person):
    _client, key, _codes = enrolled(person)
    code = code_of(key, 1)
    assert with_password(person).post("/second-factor/", {"code": code}).status_code == 302
    again = with_password(person)
    assert again.post("/second-factor/", {"code": code}).status_code == 400
    assert again.get("/me/").status_code == 302
    assert AuditEvent.objects.filter(action="session.refused").count() == 1


def test_the_code_of_enrolment_is_not_good_again(person):
    _client, key, _codes = enrolled(person)
    assert with_password(person).post("/second-factor/", {"code": code_of(key)}).status_code == 400


def test_guessing_codes_becomes_slow(person):
    _client, key, _codes = enrolled(person)
    client = with_password(person)
    client.post("/second-factor/", {"code": "000001"})
    response = client.post("/second-factor/", {"code": code_of(key, 1)})
    assert response.status_code == 400, "the right code right after a wrong one waits too"
    assert "wait" in response.content.decode()


def test_a_recovery_code_is_good_once_and_however_it_is_typed(person):
    _client, _key, codes = enrolled(person)
    typed = codes[0].upper().replace("-", " ")
    client = with_password(person)
    assert client.post("/second-factor/", {"code": typed}).status_code == 302
    assert client.get("/me/").status_code == 200
    assert with_password(person).post("/second-factor/", {"code": codes[0]}).status_code == 400
    assert AuditEvent.objects.get(action="factor.recovery_code_used").after == {"left": 9}


def test_codes_of_the_app_do_not_use_up_the_patience_for_recovery_codes(person):
    _client, key, codes = enrolled(person)
    assert with_password(person).post("/second-factor/", {"code": code_of(key, 1)}).status_code == 302
    assert with_password(person).post("/second-factor/", {"code": codes[3]}).status_code == 302


def test_an_open_session_does_not_add_a_second_app(person):
    client, key, _codes = enrolled(person)
    assert client.post("/second-factor/enrol/", {"code": code_of(key, 1)}).status_code == 302
    half_open = with_password(person)
    assert half_open.get("/second-factor/enrol/").url == "/second-factor/"
    assert TOTPDevice.objects.filter(user=person).count() == 1


def test_who_need_not_may_and_is_asked_from_then_on():
    person = a_person(Role.MERCHANT)
    enrolled(person)
    person.refresh_from_db()
    assert person.needs_second_factor
    assert with_password(person).get("/me/").url.startswith("/second-factor/")


def test_a_session_that_waits_for_the_code_does_not_wait_for_long(person):
    client = with_password(person)
    assert client.session.get_expiry_age() <= 600
    client, _key, _codes = enrolled(person)
    assert client.session.get_expiry_age() > 3600


def test_nothing_that_is_done_in_a_session_makes_it_last_longer(person):
    half_open = with_password(person)
    whole, _key, _codes = enrolled(person)
    for client, path, least in [(half_open, "/second-factor/", 590), (whole, "/second-factor/enrol/", 43_000)]:
        end = client.session.get_expiry_date()
        assert client.session.get_expiry_age() > least
        client.get(path)
        client.get("/me/password/")
        assert client.session.get_expiry_date() == end


def test_codes_that_come_too_soon_do_not_fill_the_log(person):
    enrolled(person)
    client = with_password(person)
    for n in range(5):
        client.post("/second-factor/", {"code": f"{n:06d}"})
    assert AuditEvent.objects.filter(action="session.refused").count() == 1


def test_the_way_out_and_the_language_come_before_it(person):
    client = with_password(person)
    assert client.post("/me/language/", {"language": "zh-hans"}).status_code == 302
    assert client.post("/sign-out/").url == "/sign-in/"


def test_another_site_is_not_gone_to(person):
    _client, key, _codes = enrolled(person)
    response = with_password(person).post("/second-factor/", {"code": code_of(key, 1), "next": "//evil.example/"})
    assert response.url == "/"


def test_who_needs_none_is_led_to_enrolment_when_they_ask():
    assert signed_in(a_person()).get("/second-factor/").url == "/second-factor/enrol/"
