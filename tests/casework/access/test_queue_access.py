"""What the table of objects cannot say of the queue: one's own, and views of another organisation."""

from __future__ import annotations

import pytest

from assay.casework.access import may
from assay.casework.models import Role, SavedView
from tests.casework.builders import NOW, a_decision, a_person, an_item, an_organisation

pytestmark = pytest.mark.django_db
S = Role.SENIOR


def test_ones_own_is_ones_own():
    person = a_person()
    assert may(person, "item.release", an_item(claimed_by=person, claimed_until=NOW))
    assert may(person, "decision.undo", a_decision(decided_by=person))
    assert not may(person, "decision.undo", a_decision(decided_by=person, approved_by=a_person(S)))
    senior = a_person(S)
    assert not may(senior, "decision.approve", a_decision(decided_by=senior, state="proposed"))


def test_another_organisations_view_is_not_used():
    view = SavedView.objects.create(person=a_person(), name="x", is_shared=True, created_at=NOW)
    assert not may(a_person(organisation=an_organisation()), "view.use", view)
