"""Decisions filtered, page after page, in a number of queries that does not grow."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assay.casework.models import Role
from assay.casework.queries import decisions
from tests.casework.builders import a_decision, a_person, an_item
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "given"),
    [
        ("state=undone", {"state": "undone"}),
        ("action=warn", {"action": "warn"}),
        ("by=automation", {"is_automatic": True, "decided_by": None}),
        ("merchant=M-5", {"merchant_id": "M-5"}),
        ("text=d-777", {"reference": "D-777"}),
    ],
)
def test_each_filter_finds_what_it_says(query, given):
    other, wanted = a_decision(), a_decision(**given)
    html = signed_in(a_person()).get(f"/console/decisions/?{query}").content.decode()
    assert wanted.reference in html and other.reference not in html


def test_ones_own_and_by_the_id_of_what_they_are_about():
    person = a_person()
    own, other = a_decision(decided_by=person), a_decision()
    client = signed_in(person)
    assert other.reference not in client.get("/console/decisions/?by=me").content.decode()
    assert own.reference in client.get(f"/console/decisions/?text={own.item.subject_id}").content.decode()


@pytest.mark.parametrize("query", ["state=x", "action=%3Cb%3E", "after=-1", "after=x", f"after={'9' * 40}"])
def test_a_filter_that_cannot_be_read_is_said(query):
    assert signed_in(a_person()).get(f"/console/decisions/?{query}").status_code == 400


def test_pages_follow_one_another(monkeypatch):
    monkeypatch.setitem(decisions.page_of.__kwdefaults__, "size", 2)
    made = [a_decision() for _ in range(3)]
    client = signed_in(a_person())
    first = client.get("/console/decisions/").content.decode()
    assert made[2].reference in first and made[0].reference not in first
    second = client.get(f"/console/decisions/?after={made[1].pk}").content.decode()
    assert made[0].reference in second and "To the top" in second


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SENIOR, Role.AUDITOR])
def test_the_number_of_queries_does_not_grow_with_rows(role):
    client = signed_in(a_person(role))
    a_decision()
    with CaptureQueriesContext(connection) as few:
        client.get("/console/decisions/")
    for _ in range(30):
        a_decision(an_item(state="decided"))
    with CaptureQueriesContext(connection) as many:
        client.get("/console/decisions/")
    assert len(many) == len(few)


def test_a_reference_of_nothing_is_not_there():
    assert signed_in(a_person()).get("/console/decisions/D-NONE/").status_code == 404
