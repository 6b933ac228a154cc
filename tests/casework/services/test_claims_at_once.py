"""Twenty analysts at once: nobody is given what somebody else holds, and no decision is made twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import close_old_connections, connection, connections

from assay.casework.choices import Choice
from assay.casework.models import AuditEvent, Decision, Item
from assay.casework.moves import WrongState
from assay.casework.services import claims, decisions
from assay.casework.services.recording import Actor
from tests.casework.builders import a_person, an_item

pytestmark = [pytest.mark.django_db(transaction=True)]
PEOPLE, ITEMS = 20, 60


@pytest.fixture(autouse=True)
def _rows_can_be_locked():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite takes one writer at a time (transaction_mode IMMEDIATE)")


def _at_once(work, people):
    start = Barrier(len(people))

    def run(person):
        close_old_connections()
        try:
            start.wait(30)
            return work(Actor.of(person))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(run, people))


def test_no_item_is_held_twice():
    for n in range(ITEMS):
        an_item(rank=float(n))

    def take_three(actor):
        return [claims.take_next(actor, draw=lambda _n: False).pk for _ in range(3)]

    people = [a_person() for _ in range(PEOPLE)]
    taken = [pk for each in _at_once(take_three, people) for pk in each]
    assert len(taken) == len(set(taken)) == ITEMS
    held = Item.objects.values_list("claimed_by", flat=True)
    assert sorted(held) == sorted([p.pk for p in people] * 3)
    assert AuditEvent.objects.filter(action="item.claimed").count() == ITEMS


def test_one_item_is_decided_once():
    item = an_item()

    def decide(actor):
        try:
            return decisions.decide(actor, item, Choice("genuine", "none", "nothing-found")).pk
        except WrongState:
            return None

    made = [pk for pk in _at_once(decide, [a_person() for _ in range(PEOPLE)]) if pk]
    assert len(made) == 1 and Decision.objects.count() == 1


def test_two_windows_of_one_person_do_not_pass_the_limit():
    for _ in range(PEOPLE):
        an_item()
    person = a_person()

    def take(actor):
        try:
            return claims.take_next(actor, draw=lambda _n: False)
        except claims.CallerError:
            return None

    assert sum(each is not None for each in _at_once(take, [person] * 10)) == claims.MOST_CLAIMS
