"""Who may call what."""

import time

import pytest
from django.test import Client

from assay.casework.models import ApiToken, Role
from assay.casework.services.recording import Actor
from assay.casework.services.tokens import SCOPES, revoke_token
from assay.web.api import keys
from assay.web.permits import permits
from tests.casework.builders import a_person
from tests.web.addresses import addresses
from tests.web.api.conftest import Caller, a_caller
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
CALLS = [each for each in addresses() if each.path.startswith("/api/") and permits()[each.name].scope]


def _call(caller, address):
    method = permits()[address.name].methods[0].lower()
    path = address.path.removeprefix("/api/v1")
    return caller.post(path, {}) if method == "post" else caller.get(path)


@pytest.mark.parametrize("address", CALLS, ids=lambda each: each.name)
def test_without_a_token_nothing_is_answered(address):
    for token in ("", "assay_0_wrong", "nonsense", "assay_" + "x" * 5_000):
        answer = _call(Caller(token, Client()), address)
        assert answer.status_code == 401
        assert answer.json()["error"] == "Unknown"


@pytest.mark.parametrize("address", CALLS, ids=lambda each: each.name)
def test_a_session_is_no_token(address):
    assert _call(Caller("", signed_in(a_person(Role.SENIOR))), address).status_code == 401


@pytest.mark.parametrize("role", Role.values)
def test_each_call_lets_in_the_roles_of_the_table_and_nobody_else(role):
    caller = a_caller(role)
    wrong = []
    for address in CALLS:
        status = _call(caller, address).status_code
        if (status == 403) is (role in permits()[address.name].roles) or (status >= 500 and status != 503):
            wrong.append((address.name, status))
    assert not wrong


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_a_token_reaches_what_its_scopes_name_and_nothing_else(scope):
    for role in (Role.SENIOR, Role.ADMINISTRATOR):
        caller = a_caller(role, scopes=[scope])
        for address in CALLS:
            permit = permits()[address.name]
            if role in permit.roles:
                assert (_call(caller, address).status_code == 403) is (permit.scope != scope), address.name


def test_the_description_is_open_and_names_every_call():
    answer = Client().get("/api/v1/openapi.json")
    paths = answer.json()["paths"]
    assert answer.status_code == 200
    assert len(paths) == len(CALLS)
    assert all(each["summary"] and "security" in each for path in paths.values() for each in path.values())


def test_a_revoked_token_is_refused_a_second_later_at_the_latest(monkeypatch):
    caller = a_caller(Role.SENIOR)
    assert caller.get("/items").status_code == 200
    token = ApiToken.objects.get()
    revoke_token(Actor.of(token.person), token, reason="lost")
    clock = time.monotonic()
    monkeypatch.setattr(keys.time, "monotonic", lambda: clock + 1.01)
    assert caller.get("/items").status_code == 401
