"""A decision is undone with a reason by whoever made it or a senior."""

from __future__ import annotations

import pytest

from assay.casework.models import Item, Role
from tests.casework.builders import a_decision, a_person
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


def test_undo_needs_a_reason():
    person = a_person()
    made = a_decision(decided_by=person)
    client = signed_in(person)
    address = f"/console/decisions/{made.reference}/"
    said = client.post(f"{address}undo/", {"reason": " ", "back": address}, follow=True).content.decode()
    assert "A reason in words is needed" in said
    client.post(f"{address}undo/", {"reason": "looked again"})
    made.refresh_from_db()
    assert made.state == "undone"
    assert "Undo the decision" not in client.get(address).content.decode()


def test_somebody_elses_decision_is_undone_by_seniors_only():
    made = a_decision()
    address = f"/console/decisions/{made.reference}/"
    colleague, senior = signed_in(a_person()), signed_in(a_person(Role.SENIOR))
    assert "Undo the decision" not in colleague.get(address).content.decode()
    assert colleague.post(f"{address}undo/", {"reason": "x"}).status_code == 403
    assert "Undo the decision" in senior.get(address).content.decode()
    assert senior.post(f"{address}undo/", {"reason": "x"}).status_code == 302


def test_a_batch_hides_what_somebody_is_to_judge_without_knowing():
    plain, blind = a_decision(batch="B-1"), a_decision(batch="B-1")
    Item.objects.filter(pk=blind.item_id).update(needs_blind_review=True)
    html = {r: signed_in(a_person(r)).get("/console/decisions/batches/B-1/").content.decode() for r in Role.values[:2]}
    assert plain.reference in html[Role.ANALYST] and blind.reference not in html[Role.ANALYST]
    assert blind.reference in html[Role.SENIOR]
    told = signed_in(a_person()).post("/console/decisions/batches/B-1/undo/", {"reason": "x"}, follow=True)
    assert blind.reference not in told.content.decode()
    Item.objects.filter(pk=plain.item_id).update(needs_blind_review=True)
    nothing = signed_in(a_person())
    assert nothing.get("/console/decisions/batches/B-1/").status_code == 404
    assert nothing.post("/console/decisions/batches/B-1/undo/", {"reason": "x"}).status_code == 404
