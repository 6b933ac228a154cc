"""The home page and the numbers: for whom, with what, in how many queries."""

import pytest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assay.casework.models import Role
from assay.casework.services import census
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
