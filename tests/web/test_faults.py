"""What the pages say of a fault that is nobody's: two people at the same row at one moment."""

import pytest
from django.db import IntegrityError, OperationalError

from assay.casework.models import Role
from assay.casework.moves import WrongState
from assay.web.faults import Busy, said_for, status_of
from tests.casework.builders import a_person
from tests.web.api.conftest import a_caller
from tests.web.signing_in import signed_in


def from_database(kind, words="", sqlstate=""):
    error = kind(words)
    error.__cause__ = Exception()
    error.__cause__.sqlstate = sqlstate
    return error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (from_database(OperationalError, "deadlock detected", "40P01"), 503),
        (from_database(OperationalError, "could not serialize access", "40001"), 503),
        (OperationalError("database is locked"), 503),
        (from_database(IntegrityError, "duplicate key", "23505"), 409),
    ],
)
def test_of_two_at_one_moment_one_is_told_to_try_again(error, status):
    said = said_for(error)
    assert isinstance(said, (Busy, WrongState))
    assert status_of(said) == status
    assert "at this very moment" in said.message


@pytest.mark.parametrize(
    "error",
    [
        from_database(OperationalError, "the connection is gone", "08006"),
        from_database(IntegrityError, "null value", "23502"),
        OperationalError("no such table"),
        ValueError("x"),
    ],
)
def test_what_is_our_fault_stays_so(error):
    assert said_for(error) is None


def ended(*_given, **_named):
    raise from_database(OperationalError, "deadlock detected", "40P01")


@pytest.mark.django_db
def test_a_transaction_that_the_database_ended_is_no_fault_of_ours_on_a_page(monkeypatch):
    monkeypatch.setattr("assay.web.console.testbuys.tasks.testbuys.tasks_of", ended)
    answer = signed_in(a_person(Role.SENIOR)).get("/console/testbuys/tasks/")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
    assert "Somebody else was faster" in answer.content.decode()


@pytest.mark.django_db
def test_a_transaction_that_the_database_ended_is_no_fault_of_ours_in_the_api(monkeypatch):
    monkeypatch.setattr("assay.web.api.cases.page_of", ended)
    answer = a_caller(Role.SENIOR).get("/items")
    assert (answer.status_code, answer.json()["error"], answer["Retry-After"]) == (503, "Busy", "1")
