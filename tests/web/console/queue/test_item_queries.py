"""The item's page asks the same number of questions, however much there is about it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assay.casework.choices import Choice
from assay.casework.models import Decision, Role
from assay.casework.services.decisions import decide, undo
from assay.casework.services.recording import Actor
from tests.casework.builders import a_person, an_item
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


def _again(item, times):
    for _ in range(times):
        person = Actor.of(a_person())
        made = decide(person, item, Choice("counterfeit", "warn", "facts-do-not-fit"))
        undo(person, made, reason="once more")


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SENIOR, Role.AUDITOR])
def test_the_number_of_queries_does_not_grow_with_history_or_other_goods(role):
    client = signed_in(a_person(role))
    item = an_item(merchant_id="M-1")
    _again(item, 1)
    with CaptureQueriesContext(connection) as few:
        client.get(f"/console/queue/{item.pk}/")
    _again(item, 4)
    for _ in range(20):
        an_item(merchant_id="M-1")
    with CaptureQueriesContext(connection) as many:
        client.get(f"/console/queue/{item.pk}/")
    assert len(many) <= len(few) + 1  # a query for the others' names of a list that was empty
    reference = Decision.objects.latest("pk").reference
    with CaptureQueriesContext(connection) as whole:
        client.get(f"/console/decisions/{reference}/")
    assert len(whole) < 25
