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
    from assay.casework.services.recording import COMMAND_LINE

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
