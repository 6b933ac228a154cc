"""Who may use which URL: one table, every address, every role."""

import pytest
from django.test import Client

from assay.casework.models import Role
from assay.web.permits import permits
from tests.casework.builders import a_person
from tests.web.addresses import addresses
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db

PAGES = [each for each in addresses() if not each.path.startswith("/api/")]


def test_every_url_has_an_entry_in_the_table():
    missing = sorted({each.name for each in addresses()} - permits().keys())
    assert not missing, f"add these to the permits.py of their room, or nobody can reach them: {missing}"


def test_no_entry_of_the_table_is_left_over():
    assert not sorted(permits().keys() - {each.name for each in addresses()})


def test_nobody_writes_but_by_post():
    assert not [
        name
        for name, permit in permits().items()
        if {"PUT", "PATCH", "DELETE"} & set(permit.methods) and not permit.scope
    ]


def test_an_auditor_writes_nowhere():
    own = ("accounts:", "set-language")
    allowed = [
        n for n, p in permits().items() if Role.AUDITOR in p.roles and "POST" in p.methods and not p.is_anonymous
    ]
    assert not [name for name in allowed if not name.startswith(own)]


@pytest.mark.parametrize("address", PAGES, ids=lambda each: each.name)
def test_strangers_are_sent_to_sign_in(address):
    permit = permits()[address.name]
    if permit.is_anonymous:
        pytest.skip("open to everybody")
    for method in permit.methods:
        response = getattr(Client(), method.lower())(address.path)
        assert response.status_code == 302 and response.url.startswith("/sign-in"), (method, response.status_code)


@pytest.mark.parametrize("role", Role.values)
def test_every_page_lets_in_whom_the_table_names_and_nobody_else(role):
    client = signed_in(a_person(role))
    wrong = []
    for address in PAGES:
        permit = permits()[address.name]
        if permit.is_anonymous or address.name == "accounts:sign-out":
            continue
        for method in permit.methods:
            status = getattr(client, method.lower())(address.path).status_code
            is_in = role in permit.roles
            if (status == 403) is is_in or status >= 500 or (is_in and address.takes_id and status == 200):
                wrong.append((address.name, method, status))
    assert not wrong


@pytest.mark.parametrize("address", PAGES, ids=lambda each: each.name)
def test_a_form_without_its_token_is_refused(address):
    permit = permits()[address.name]
    if "POST" not in permit.methods:
        pytest.skip("reads only")
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed_in(a_person(sorted(permit.roles)[0])).cookies
    assert client.post(address.path).status_code == 403
