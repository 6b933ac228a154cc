"""An invitation: made by an administrator, shown once, used once."""

import re

import pytest
from django.test import Client

from assay.casework.models import Role
from tests.casework.builders import a_person
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
NEW = "another longer phrase"


@pytest.fixture
def invited():
    """A person, and the path of a link for them as the administrator sees it."""
    person = a_person()
    page = signed_in(a_person(Role.ADMINISTRATOR)).post(f"/people/{person.pk}/invite/").content.decode()
    return person, re.search(r"http://testserver(/invitation/[^<]+)<", page)[1]


def use(path, **given):
    return Client().post(path, {"password": NEW, "again": NEW} | given)


def test_it_sets_the_password_and_leads_to_signing_in(invited):
    person, path = invited
    assert person.email in Client().get(path).content.decode()
    assert use(path).url == "/sign-in/"
    client = Client()
    assert client.post("/sign-in/", {"email": person.email, "password": NEW}).status_code == 302


def test_it_works_once(invited):
    _person, path = invited
    use(path)
    assert Client().get(path).status_code == 410
    assert use(path, password="yet another phrase", again="yet another phrase").status_code == 410


def test_looking_at_it_does_not_use_it_up(invited):
    _person, path = invited
    assert {Client().get(path).status_code for _ in range(3)} == {200}


@pytest.mark.parametrize("given", [{"again": "different one here"}, {"password": "short", "again": "short"}])
def test_a_password_that_is_refused_leaves_the_link(invited, given):
    person, path = invited
    assert use(path, **given).status_code == 400
    assert use(path).status_code == 302
    person.refresh_from_db()
    assert person.check_password(NEW)


def test_a_made_up_link_says_that_it_is_over():
    assert Client().get("/invitation/nothing:at:all/").status_code == 410


def test_it_does_not_sign_in_by_itself(invited):
    _person, path = invited
    client = Client()
    client.post(path, {"password": NEW, "again": NEW})
    assert client.get("/me/").url.startswith("/sign-in/")


def test_the_link_needs_the_forms_token(invited):
    client = Client(enforce_csrf_checks=True)
    assert client.post(invited[1], {"password": NEW, "again": NEW}).status_code == 403
