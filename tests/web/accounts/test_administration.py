"""The administration of people, as pages."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_otp.plugins.otp_totp.models import TOTPDevice

from assay.casework.models import Organisation, OrganisationKind, Person, Role
from assay.casework.services.recording import COMMAND_LINE
from assay.casework.services.tokens import make_token, the_token
from tests.casework.builders import a_person, an_organisation
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator():
    return a_person(Role.ADMINISTRATOR)


@pytest.fixture
def client(administrator):
    return signed_in(administrator)


def form_of(person, **given):
    values = {"name": person.name, "email": person.email, "role": person.role, "language": person.language}
    return values | given


def test_the_list_finds_by_name_kind_role_and_state(client):
    shop = an_organisation(OrganisationKind.MERCHANT, name="River Trading")
    someone = a_person(Role.MERCHANT, shop, name="Wei")
    left = a_person(Role.SENIOR, name="Gone", is_active=False)
    found = {
        "q=river": [someone],
        "q=WEI": [someone],
        "kind=merchant": [someone],
        "role=senior": [left],
        "state=left": [left],
        "state=nonsense&q=wei": [someone],
        f"organisation={shop.pk}": [someone],
        "q=nobody-at-all": [],
    }
    for query, people in found.items():
        assert list(client.get(f"/people/?{query}").context["page"]) == people, query


def test_the_list_asks_as_often_for_many_as_for_few(client):
    def n_queries():
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get("/people/")
        return len(found)

    a_person(Role.MERCHANT)
    n_queries()  # the first reading that is noted also makes the head of the log
    few = n_queries()
    for _ in range(20):
        a_person(Role.MERCHANT)
    assert n_queries() == few


def test_an_organisation_and_a_person_are_added_and_the_link_is_shown(client):
    given = {"kind": "merchant", "name": "Shop", "merchant_id": "M77", "language": "zh-hans"}
    added = client.post("/people/organisations/add/", given)
    shop = Organisation.objects.get(merchant_id="M77")
    assert added.url == f"/people/organisations/{shop.pk}/"
    page = client.post(
        f"{added.url}add/", {"name": "Li", "email": "Li@Example.org", "role": "merchant", "language": "zh-hans"}
    )
    person = Person.objects.get(email="li@example.org")
    assert (person.organisation, person.needs_second_factor, person.has_usable_password()) == (shop, False, False)
    assert re.search(r"http://testserver/invitation/[^<]+", page.content.decode())


def test_a_role_that_the_kind_does_not_give_is_refused(client):
    brand = an_organisation(OrganisationKind.BRAND)
    given = {"name": "X", "email": "x@example.org", "role": "administrator", "language": "en"}
    assert client.post(f"/people/organisations/{brand.pk}/add/", given).status_code == 400
    assert not Person.objects.filter(email="x@example.org").exists()


def test_an_address_that_is_taken_is_said_beside_its_field(client):
    person = a_person()
    given = {"name": "X", "email": person.email, "role": "analyst", "language": "en"}
    response = client.post(f"/people/organisations/{person.organisation_id}/add/", given)
    assert response.status_code == 400
    assert "already" in str(response.context["form"].errors["email"])


def test_of_two_who_write_the_same_at_one_moment_the_second_hears_so(client, monkeypatch):
    person = a_person()
    monkeypatch.setattr("assay.casework.services.people._need_free", lambda email: None)  # not there when it looked
    given = {"name": "X", "email": person.email, "role": "analyst", "language": "en"}
    response = client.post(f"/people/organisations/{person.organisation_id}/add/", given)
    assert response.status_code == 409
    assert "at this very moment" in response.content.decode()
    assert Person.objects.filter(email=person.email).count() == 1


def test_a_merchant_without_its_id_is_refused(client):
    response = client.post("/people/organisations/add/", {"kind": "merchant", "name": "Shop", "language": "en"})
    assert response.status_code == 400 and "merchant_id" in response.context["form"].errors


def test_a_role_is_changed_and_the_open_session_ends(client):
    person = a_person(Role.ANALYST)
    theirs = signed_in(person)
    assert client.post(f"/people/{person.pk}/", form_of(person, role="senior")).status_code == 302
    assert theirs.get("/me/").url.startswith("/sign-in/")


def test_nobody_raises_their_own_role(client, administrator):
    assert client.post(f"/people/{administrator.pk}/", form_of(administrator, role="senior")).status_code == 400
    administrator.refresh_from_db()
    assert administrator.role == Role.ADMINISTRATOR


def test_nothing_is_offered_that_one_may_not_do_to_oneself(client, administrator):
    page = client.get(f"/people/{administrator.pk}/").content.decode()
    assert "/deactivate/" not in page and "/invite/" not in page
    for action in ("deactivate", "invite", "reset-factor"):
        assert client.post(f"/people/{administrator.pk}/{action}/", {"reason": "x"}).status_code == 403


def test_who_is_shown_out_is_out_at_once(client):
    person = a_person()
    made = make_token(COMMAND_LINE, person, name="x", scopes=["cases:read"])
    theirs = signed_in(person)
    assert client.post(f"/people/{person.pk}/deactivate/", {"reason": "left"}).status_code == 302
    assert theirs.get("/me/").status_code == 302
    assert the_token(made.clear_text) is None
    assert client.post(f"/people/{person.pk}/reactivate/", {"reason": "back"}).status_code == 302
    person.refresh_from_db()
    assert person.is_active


def test_a_reason_is_asked_for(client):
    person = a_person()
    assert client.post(f"/people/{person.pk}/deactivate/", {"reason": " "}).status_code == 400
    person.refresh_from_db()
    assert person.is_active


def test_a_second_factor_is_reset_by_an_administrator(client):
    person = a_person()
    TOTPDevice.objects.create(user=person, confirmed=True)
    theirs = signed_in(person)
    assert "reset-factor" in client.get(f"/people/{person.pk}/").content.decode()
    assert client.post(f"/people/{person.pk}/reset-factor/", {"reason": "lost phone"}).status_code == 302
    assert not TOTPDevice.objects.exists()
    assert theirs.get("/me/").url.startswith("/sign-in/")


def test_a_token_of_somebody_else_is_ended(client):
    person = a_person()
    made = make_token(COMMAND_LINE, person, name="x", scopes=["cases:read"])
    assert client.post(f"/people/tokens/{made.token.pk}/revoke/", {"reason": "leaked"}).status_code == 302
    assert the_token(made.clear_text) is None


def test_an_organisation_is_closed_with_its_people(client, administrator):
    person = a_person(Role.MERCHANT)
    path = f"/people/organisations/{person.organisation_id}/"
    assert client.post(f"{path}close/", {"reason": "contract ended"}).status_code == 302
    assert client.post(f"{path}close/", {"reason": "again"}).status_code == 409
    person.refresh_from_db()
    assert not person.is_active
    assert (
        client.post(f"/people/organisations/{administrator.organisation_id}/close/", {"reason": "x"}).status_code == 409
    )


@pytest.mark.parametrize("role", sorted(set(Role.values) - {Role.ADMINISTRATOR}))
def test_nobody_else_administers(role):
    person, other = a_person(role), a_person()
    client = signed_in(person)
    for path in ("/people/", f"/people/{other.pk}/", f"/people/{person.pk}/", "/people/organisations/"):
        assert client.get(path).status_code == 403
    assert client.post(f"/people/{person.pk}/", form_of(person, role="administrator")).status_code == 403
