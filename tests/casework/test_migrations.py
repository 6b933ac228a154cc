"""A database of the version before becomes one of this version, and can be taken back."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE, AFTER = ("casework", "0012_item_sample"), ("casework", "0013_harm_currency_unheard")


@pytest.fixture
def before():
    yield _migrated(BEFORE)
    _migrated(AFTER)


def _migrated(to):
    executor = MigrationExecutor(connection)
    executor.migrate([to])
    return MigrationExecutor(connection).loader.project_state([to]).apps


def test_harm_gets_its_currency_and_what_nobody_heard_is_no_longer_delivered(before):
    now = timezone.now()
    run = before.get_model("casework", "AnalysisRun").objects.create(
        run_key="k", as_of=now, loaded_at=now, counts={"currency": "EUR"}
    )
    plain = {"currency": "JPY", "score": 90.0, "rank": 1.0, "opened_at": now, "updated_at": now}
    items = before.get_model("casework", "Item").objects
    for name, given in (("run", {"run": run}), ("live", {"run": run, "stream": "live"}), ("bought", {})):
        items.create(subject_id=name, **plain | given)
    effect = {"payload": {}, "created_at": now, "next_attempt_at": now, "state": "delivered", "delivered_at": now}
    before.get_model("casework", "Effect").objects.create(key="1" * 32, **effect)

    after = _migrated(AFTER)
    found = dict(after.get_model("casework", "Item").objects.values_list("subject_id", "harm_currency"))
    assert found == {"run": "EUR", "live": "JPY", "bought": "JPY"}
    effects = after.get_model("casework", "Effect").objects
    assert list(effects.values_list("state", "delivered_at")) == [("unheard", None)]

    again = _migrated(BEFORE)
    assert list(again.get_model("casework", "Effect").objects.values_list("state", "delivered_at")) == [
        ("delivered", now)
    ]
