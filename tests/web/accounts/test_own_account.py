"""One's own account: language, password, recovery codes, tokens, and who else is there."""

import re
import time

import pytest
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from assay.casework.models import ApiToken, AuditEvent, OrganisationKind, Role
from assay.casework.services.recording import COMMAND_LINE, Actor
from assay.casework.services.tokens import make_token, the_token
from assay.web.accounts import own
from tests.casework.builders import PASSWORD, a_person, an_organisation
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
NEW = "another longer phrase"
PROOF = {"password": PASSWORD}


def test_a_merchants_people_see_their_own_colleagues_and_nobody_else():
    shop, other = an_organisation(OrganisationKind.MERCHANT), an_organisation(OrganisationKind.MERCHANT)
    person = a_person(Role.MERCHANT, shop)
    colleague, stranger = a_person(Role.MERCHANT, shop), a_person(Role.MERCHANT, other)
    page = signed_in(person).get("/me/").content.decode()
    assert colleague.email in page and stranger.email not in page


def test_a_language_is_kept_with_the_person():
    person = a_person()
    client = signed_in(person)
    assert client.post("/me/language/", {"language": "zh-hans", "next": "/me/"}).url == "/me/"
    person.refresh_from_db()
    assert person.language == "zh-hans"
    assert '<html lang="zh-hans">' in client.get("/me/").content.decode()
    assert client.post("/me/language/", {"language": "xx"}).status_code == 400
    assert client.post("/me/language/", {"language": "en", "next": "//evil.example"}).url == "/"


def test_a_changed_password_ends_the_other_sessions_and_not_this_one():
    person = a_person()
    this, other = signed_in(person), signed_in(person)
    key = this.session.session_key
    response = this.post("/me/password/", {"old": PASSWORD, "password": NEW, "again": NEW})
    assert response.url == "/me/"
    assert this.get("/me/").status_code == 200 and this.session.session_key != key
    assert other.get("/me/").url.startswith("/sign-in/")
    assert Client().post("/sign-in/", {"email": person.email, "password": PASSWORD}).status_code == 400


@pytest.mark.parametrize("given", [{"old": "wrong"}, {"again": "different"}, {"password": "short", "again": "short"}])
def test_a_password_is_not_changed_when_something_is_wrong(given):
    person = a_person()
    response = signed_in(person).post("/me/password/", {"old": PASSWORD, "password": NEW, "again": NEW} | given)
    assert response.status_code == 400
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_the_old_password_cannot_be_guessed_from_an_open_session():
    person = a_person()
    client = signed_in(person)
    for _ in range(5):
        client.post("/me/password/", {"old": "wrong", "password": NEW, "again": NEW})
    assert client.post("/me/password/", {"old": PASSWORD, "password": NEW, "again": NEW}).status_code == 400


def test_new_recovery_codes_need_a_code_and_replace_the_old_ones():
    person = a_person()
    device = TOTPDevice.objects.create(user=person, confirmed=True)
    client = signed_in(person)
    assert client.post("/me/recovery-codes/", {"code": "000000"}).status_code == 400
    device.refresh_from_db()
    device.throttle_reset()
    totp = TOTP(device.bin_key)
    totp.time = time.time()
    page = client.post("/me/recovery-codes/", {"code": f"{totp.token():06d}"}).content.decode()
    assert len(re.findall(r"<code>[a-z0-9-]{14}</code>", page)) == 10
    assert AuditEvent.objects.filter(action="factor.recovery_codes_made").count() == 1


def test_a_token_is_shown_once_and_works(monkeypatch):
    monkeypatch.setattr(own, "scopes_for", lambda _person: ["cases:read"])
    person = a_person()
    client = signed_in(person)
    page = client.post(
        "/me/tokens/add/", {"name": "shop", "scopes": ["cases:read"], "days": 30} | PROOF
    ).content.decode()
    clear = re.search(r"assay_[0-9a-f]+_[\w-]{20,}", page)[0]
    assert the_token(clear).person == person
    assert clear not in client.get("/me/").content.decode()


@pytest.mark.parametrize("said", [{}, {"password": ""}, {"password": "another longer phrase"}])
def test_an_open_session_alone_makes_no_token(monkeypatch, said):
    monkeypatch.setattr(own, "scopes_for", lambda _person: ["cases:read"])
    client = signed_in(a_person())
    given = {"name": "shop", "scopes": ["cases:read"], "days": 30}
    assert client.post("/me/tokens/add/", given | said).status_code == 400
    assert not ApiToken.objects.exists()


def test_the_password_is_not_guessed_over_the_form_for_tokens(monkeypatch):
    monkeypatch.setattr(own, "scopes_for", lambda _person: ["cases:read"])
    client = signed_in(a_person())
    given = {"name": "shop", "scopes": ["cases:read"], "days": 30}
    for n in range(6):
        client.post("/me/tokens/add/", given | {"password": f"guess number {n}"})
    page = client.post("/me/tokens/add/", given | PROOF)
    assert page.status_code == 400 and "too many attempts" in page.content.decode()


def test_who_changes_the_password_is_told_of_tokens_that_still_work():
    person = a_person()
    client = signed_in(person)
    new = {"password": "another longer phrase", "again": "another longer phrase"}
    assert "still work" not in client.post("/me/password/", new | {"old": PASSWORD}, follow=True).content.decode()
    make_token(Actor.of(person), person, name="shop", scopes=["cases:read"])
    other = {"password": "one more long phrase", "again": "one more long phrase"}
    said = client.post("/me/password/", other | {"old": new["password"]}, follow=True).content.decode()
    assert "Your API tokens still work." in said


def test_a_scope_that_the_role_does_not_open_is_refused(monkeypatch):
    monkeypatch.setattr(own, "scopes_for", lambda _person: ["cases:read"])
    client = signed_in(a_person())
    given = {"name": "shop", "scopes": ["cases:read", "effects:read"], "days": 30} | PROOF
    assert client.post("/me/tokens/add/", given).status_code == 400
    assert not ApiToken.objects.exists()


def test_one_ends_ones_own_tokens_and_nobody_elses():
    person, other = a_person(), a_person()
    mine = make_token(COMMAND_LINE, person, name="x", scopes=["cases:read"])
    theirs = make_token(COMMAND_LINE, other, name="y", scopes=["cases:read"])
    client = signed_in(person)
    assert client.post(f"/me/tokens/{mine.token.pk}/revoke/").status_code == 302
    assert client.post(f"/me/tokens/{theirs.token.pk}/revoke/").status_code == 404
    assert the_token(mine.clear_text) is None and the_token(theirs.clear_text) is not None


@pytest.mark.parametrize("path", ["/me/password/", "/me/language/", "/me/tokens/add/", "/me/recovery-codes/"])
def test_a_form_without_its_token_is_refused(path):
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed_in(a_person()).cookies
    assert client.post(path).status_code == 403
