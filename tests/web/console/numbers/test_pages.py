"""The home page and the numbers: for whom, with what, in how many queries."""

import re

import pytest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assay.casework.choices import Choice
from assay.casework.models import Action, Answer, Role
from assay.casework.services import census, gold, reviews
from assay.casework.services.recording import Actor
from tests.casework.builders import a_decision, a_person, an_item
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
STAFF = [role for role in Role.values if role != Role.MERCHANT]


@pytest.mark.parametrize("role", STAFF)
def test_home_leads_each_role_to_what_waits(role):
    client = signed_in(a_person(role))
    page = client.get("/console/")
    assert page.status_code == 200
    for tile in page.context["tiles"]:
        assert client.get(tile["url"]).status_code == 200, tile


def test_the_numbers_are_there_before_anything_was_counted():
    page = signed_in(a_person(Role.SENIOR)).get("/console/numbers/")
    assert "Nothing has been counted yet" in page.content.decode()


def test_the_numbers_say_what_the_census_counted():
    an_item(category="watches & <b>clocks</b>")
    a_decision(decided_at=timezone.now())
    census.take()
    text = signed_in(a_person(Role.AUDITOR)).get("/console/numbers/").content.decode()
    assert "watches &amp; &lt;b&gt;clocks&lt;/b&gt;" in text
    assert "several facts of the offer do not fit" in text


def test_the_number_of_queries_does_not_grow_with_rows(connection):
    client = signed_in(a_person(Role.SENIOR))

    def queries():
        census.take()
        with CaptureQueriesContext(connection) as seen:
            client.get("/console/numbers/")
        return len(seen)

    a_decision(an_item(stream="random", inclusion_probability=0.1, state="decided"))
    before = queries()
    for _ in range(20):
        a_decision(an_item(stream="random", inclusion_probability=0.1, state="decided"))
    assert queries() == before


@pytest.fixture
def connection():
    from django.db import connection

    return connection


def test_an_analyst_cannot_tell_from_the_numbers_what_an_item_was_given_for():
    known = a_decision(an_item(state="decided"), reason_code="authentication").item
    gold.add(Actor.of(a_person(Role.SENIOR)), known)
    analyst = a_person(Role.ANALYST, name="Watched")
    census.take()

    def numbers(role):
        person = analyst if role == Role.ANALYST else a_person(role)
        html = signed_in(person).get("/console/numbers/").content.decode()
        return re.sub(r'CSRFToken": "\w+|value="\w{64}"', "", html)

    before = numbers(Role.ANALYST)
    reviews.answer(Actor.of(analyst), known, Choice(Answer.GENUINE, Action.NONE, "nothing-found"))
    assert numbers(Role.ANALYST) == before and "gold" not in before.lower()
    for role in (Role.SENIOR, Role.AUDITOR):
        assert "Watched" in numbers(role) and "Gold items right" in numbers(role)
