"""Seniors keep the gold items."""

from __future__ import annotations

import pytest

from assay.casework.models import Gold, Role
from tests.casework.builders import a_decision, a_person
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


def test_a_senior_adds_and_retires():
    made = a_decision(reason_code="authentication")
    client = signed_in(a_person(Role.SENIOR))
    address = f"/console/queue/{made.item_id}/"
    assert "Use it as a gold item" in client.get(address).content.decode()
    client.post(f"{address}gold/")
    gold = Gold.objects.get()
    assert "Among the gold items" in client.get(address).content.decode()
    assert made.item.title in client.get("/console/queue/gold/").content.decode()
    client.post(f"/console/queue/gold/{gold.pk}/retire/", {"reason": "everybody knows it"})
    gold.refresh_from_db()
    assert gold.retired_at


def test_what_nobody_authenticated_has_no_button_and_is_refused():
    made = a_decision()
    client = signed_in(a_person(Role.SENIOR))
    assert "gold item" not in client.get(f"/console/queue/{made.item_id}/").content.decode()
    said = client.post(f"/console/queue/{made.item_id}/gold/", follow=True).content.decode()
    assert "Nothing says for certain" in said


def test_analysts_know_nothing_of_gold():
    client = signed_in(a_person())
    assert client.get("/console/queue/gold/").status_code == 403
    assert "Gold" not in client.get("/console/queue/").content.decode()
