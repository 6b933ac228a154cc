"""Who may do what to items and decisions, as one table of permission by role."""

from __future__ import annotations

import pytest

from assay.casework.access import may
from assay.casework.models import Role, SavedView
from tests.casework.builders import NOW, a_decision, a_person, an_item, an_organisation

pytestmark = pytest.mark.django_db
A, S, U = Role.ANALYST, Role.SENIOR, Role.AUDITOR
TABLE = {
    "item.read": {A, S, U},
    "item.claim": {A, S},
    "item.decide": {A, S},
    "item.snooze": {A, S},
    "item.bulk": {A, S},
    "review.measured": {S, U},
    "review.settle": {S},
    "gold.manage": {S},
    "automation.read": {S, U},
    "automation.set": {S},
    "item.release": {S},  # of what somebody else holds
    "decision.read": {A, S, U},
    "decision.approve": {S},
    "decision.undo": {S},  # of what somebody else decided
    "view.use": {A, S, U},  # shared in the same organisation
    "view.change": set(),  # of somebody else
}


@pytest.mark.parametrize("permission", sorted(TABLE))
@pytest.mark.parametrize("role", Role.values)
def test_each_role_may_what_the_table_says_and_nobody_who_left_may_anything(permission, role):
    owner = a_person()
    if permission.startswith("decision"):
        subject = a_decision(decided_by=owner)
    elif permission.startswith("view"):
        subject = SavedView.objects.create(person=owner, name="x", is_shared=True, created_at=NOW)
    else:
        subject = an_item(claimed_by=owner, claimed_until=NOW)
    person = a_person(role)
    assert may(person, permission, subject) is (role in TABLE[permission])
    person.is_active = False
    assert not may(person, permission, subject)


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
