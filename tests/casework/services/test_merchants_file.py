"""Merchants' accounts from a file: all of it or nothing, every fault with its line, twice the same as once."""

import pytest

from assay.casework.models import AuditEvent, Organisation, Person, Role
from assay.casework.services import merchants_file, people
from assay.casework.services.merchants_file import Faulty, bring_in, plan, read, without_password
from assay.casework.services.recording import COMMAND_LINE, Actor
from tests.casework.builders import a_person
from tests.casework.merchant_cases import a_merchant

pytestmark = pytest.mark.django_db
HEAD = "merchant_id,organisation,language,person,email\n"
GOOD = (
    HEAD + "M1,Shop one,en,Ana,ana@example.org\nM1,Shop one,en,Bo,Bo@Example.org\nM2,鞋店,zh-hans,陈,chen@example.org\n"
)


def _faults(text):
    with pytest.raises(Faulty) as caught:
        plan(read(text if isinstance(text, bytes) else text.encode()))
    return [(each.line, each.column) for each in caught.value.faults]


def test_a_file_brings_in_merchants_and_their_people_who_wait_for_an_invitation():
    found = bring_in(COMMAND_LINE, read(GOOD.encode()))
    assert (len(found.organisations), len(found.people), found.n_known) == (2, 3, 0)
    bo = Person.objects.get(email="bo@example.org")
    assert (bo.organisation.merchant_id, bo.role, bo.needs_second_factor) == ("M1", Role.MERCHANT, False)
    assert not bo.has_usable_password()
    assert Organisation.objects.get(merchant_id="M2").language == "zh-hans"
    assert AuditEvent.objects.filter(action="person.added").count() == 3
    assert AuditEvent.objects.filter(action="organisation.added").count() == 2


def test_twice_adds_nothing_and_changes_nothing():
    bring_in(COMMAND_LINE, read(GOOD.encode()))
    n_events = AuditEvent.objects.count()
    again = bring_in(COMMAND_LINE, read(GOOD.replace("Shop one", "Shop 1").encode()))
    assert (again.organisations, again.people, again.n_known) == ((), (), 3)
    assert AuditEvent.objects.count() == n_events
    assert Organisation.objects.get(merchant_id="M1").name == "Shop one"


def test_a_person_is_added_to_a_merchant_that_is_there():
    own, _person = a_merchant(merchant_id="M1")
    found = bring_in(COMMAND_LINE, read(GOOD.encode()))
    assert [each.merchant_id for each in found.organisations] == ["M2"]
    assert own.people.count() == 3


def test_looking_through_writes_nothing():
    assert len(plan(read(GOOD.encode())).people) == 3
    assert not Person.objects.exists() and not AuditEvent.objects.exists()


WRONG = {
    "another merchant's name": ("M1,A,en,P,a@x.org\nM1,B,en,Q,b@x.org\n", [(3, "merchant_id")]),
    "an address twice": ("M1,A,en,P,a@x.org\nM2,B,en,Q,A@x.org\n", [(3, "email")]),
    "no address": ("M1,A,en,P,a at x\n", [(2, "email")]),
    "no language of ours": ("M1,A,fr,P,a@x.org\n", [(2, "language")]),
    "nothing in a cell": ("M1,,en,P,a@x.org\n", [(2, "organisation")]),
    "a formula": ("M1,=1+1,en,@P,a@x.org\n", [(2, "organisation"), (2, "person")]),
    "what cannot be seen": ("M1,A\u202eB,en,P\u200b,a@x.org\n", [(2, "organisation"), (2, "person")]),
    "a NUL": ("M1,A\0,en,P,a@x.org\n", [(2, "organisation")]),
    "a line break in a cell, and the line after it": (
        'M1,"A\nB",en,P,a@x.org\nM2,B,en,Q,b\n',
        [(2, "organisation"), (4, "email")],
    ),
    "too long": (f"M1,{'A' * 301},en,P,a@x.org\n", [(2, "organisation")]),
    "too many cells": ("M1,A,en,P,a@x.org,more\n", [(2, "")]),
    "an open quote": ('M1,"A,en,P,a@x.org\n', [(2, "")]),
}


@pytest.mark.parametrize("name", WRONG)
def test_every_fault_is_said_with_its_line(name):
    text, faults = WRONG[name]
    assert _faults(HEAD + text) == faults


def test_bytes_that_are_no_utf8_are_said_with_their_line():
    assert _faults(HEAD.encode() + b"M1,A,en,P,a@x.org\nM2,\xb2\xe2,en,Q,b@x.org\n") == [(3, "")]


@pytest.mark.parametrize("text", ["", "name,mail\n", "merchant_id,organisation,language,person\n"])
def test_a_file_of_other_columns_is_refused(text):
    assert _faults(text) == [(1, "")]


def test_columns_in_another_order_with_a_mark_of_order_and_empty_lines_are_read():
    text = "\ufeffemail,person,language,organisation,merchant_id\r\n\r\na@x.org,P,en,A,M1\r\n"
    (row,) = read(text.encode())
    assert (row.line, row.merchant_id, row.email) == (3, "M1", "a@x.org")


def test_an_address_of_somebody_elses_organisation_and_a_closed_one_keep_all_out():
    a_person(Role.ANALYST, email="ana@example.org")
    closed, _person = a_merchant(merchant_id="M2")
    a_person(Role.ADMINISTRATOR)
    people.close_organisation(COMMAND_LINE, closed, reason="left")
    n_people = Person.objects.count()
    assert _faults(GOOD) == [(2, "email"), (4, "merchant_id")]
    with pytest.raises(Faulty):
        bring_in(COMMAND_LINE, read(GOOD.encode()))
    assert Person.objects.count() == n_people and not Organisation.objects.filter(merchant_id="M1").exists()


def test_a_failure_in_the_middle_leaves_nothing(monkeypatch):
    def fail(*_args):
        raise RuntimeError("the log is full")

    monkeypatch.setattr(merchants_file, "record_all", fail)
    with pytest.raises(RuntimeError):
        bring_in(COMMAND_LINE, read(GOOD.encode()))
    assert not Person.objects.exists() and not Organisation.objects.exists()


def test_ten_thousand_rows_come_in_with_a_number_of_queries_that_batches_set(django_assert_max_num_queries):
    text = HEAD + "".join(f"M{n},Shop {n},en,Person {n},p{n}@example.org\n" for n in range(10_000))
    with django_assert_max_num_queries(600):
        bring_in(COMMAND_LINE, read(text.encode()))
    assert Person.objects.count() == 10_000


def test_more_rows_than_fit_are_refused(monkeypatch):
    monkeypatch.setattr(merchants_file, "MOST_ROWS", 2)
    assert _faults(GOOD) == [(4, "")]


def test_only_an_administrator_may():
    from assay.casework.access import Refused

    with pytest.raises(Refused):
        bring_in(Actor.of(a_person(Role.SENIOR)), read(GOOD.encode()))


def test_who_has_a_password_needs_no_invitation():
    bring_in(COMMAND_LINE, read(GOOD.encode()))
    ana = Person.objects.get(email="ana@example.org")
    ana.set_password("correct horse battery")
    ana.save()
    assert [each.email for each in without_password(read(GOOD.encode()))] == ["bo@example.org", "chen@example.org"]
