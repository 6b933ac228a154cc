"""Locks of the services: whoever holds one keeps nobody from writing a row that points at it.

Foreign keys are checked when a transaction commits, which is after it has locked the head of the log. A lock that
kept others from pointing at its row would make two such transactions wait for each other.
"""

import re
import threading
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection, transaction

from assay.casework import services
from assay.casework.models import Effect, Endpoint, SavedView
from assay.casework.services.recording import COMMAND_LINE, record
from tests.casework.builders import NOW, a_person

# Nothing points at the head, at a count of failures, or at an app while it is verified.
FREE = {"recording.py", "upkeep.py", "throttle.py", "factors.py"}


def test_every_lock_lets_others_point_at_its_row():
    plain = [
        f"{path.name}: {call}"
        for path in sorted(Path(services.__path__[0]).glob("*.py"))
        for call in re.findall(r"select_for_update\((?:[^()]|\([^()]*\))*\)", path.read_text(encoding="utf-8"))
        if "no_key=True" not in call and not (path.name in FREE and call == "select_for_update()")
    ]
    assert not plain, f"add no_key=True: {plain}"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs several connections")
def test_a_row_that_points_at_what_somebody_has_locked_is_written_at_once():
    from assay.casework.services import claims, endpoints, people

    person = a_person()
    endpoint = Endpoint.objects.create(organisation=person.organisation, url="https://a.example", created_at=NOW)
    found = []

    def point():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            with transaction.atomic():
                SavedView.objects.create(person=person, name="x", created_at=NOW)
                given = {"payload": {}, "created_at": NOW, "next_attempt_at": NOW, "kind": "k", "subject": "listing:1"}
                Effect.objects.create(key=uuid4(), endpoint=endpoint, **given)
            found.append("written")
        except Exception as error:
            found.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        people._lock_administrators()
        claims._with_room(person, NOW)
        endpoints._locked(COMMAND_LINE, endpoint)
        other = threading.Thread(target=point)
        other.start()
        other.join()
    assert found == ["written"]


def by_locking(row):
    return lambda: Endpoint.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)


def by_saving(row):
    return row.save


def by_updating(row):
    return lambda: Endpoint.objects.filter(pk=row.pk).update(paused_at=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("way", [by_locking, by_saving, by_updating])
def test_a_row_that_is_locked_or_changed_after_an_event_is_noticed(locks_before_events, way):
    person = a_person()
    row = Endpoint.objects.create(organisation=person.organisation, url="https://a.example", created_at=NOW)
    with transaction.atomic():
        way(row)()
        record(COMMAND_LINE, "endpoint.added", row)
        way(row)() if way is not by_updating else None
    assert locks_before_events == []
    with transaction.atomic():
        record(COMMAND_LINE, "endpoint.added", row)
        way(row)()
    (said,) = locks_before_events
    assert said.startswith(f"Endpoint {row.pk}")
    locks_before_events.clear()
