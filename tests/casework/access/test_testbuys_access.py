"""Who may do what to test buys: one table of permission, person and object."""

import pytest

from assay.casework.access import may
from assay.casework.models import Examination, OrganisationKind, Role
from assay.casework.services import examinations
from assay.casework.services.recording import Actor
from tests.casework.bought import a_laboratory, a_task, found, sealed
from tests.casework.builders import a_person, an_organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    """A unit whose first examination found a counterfeit, with everybody around it."""
    (lab, first), (_other_lab, second) = a_laboratory(), a_laboratory()
    buyer, senior = a_person(Role.TEST_BUYER), a_person(Role.SENIOR)
    task = sealed(a_task(), buyer)
    found(examinations.assign(Actor.of(senior), task, lab), "counterfeit", first)
    task.refresh_from_db()
    people = {
        "buyer": buyer,
        "other buyer": a_person(Role.TEST_BUYER),
        "first": first,
        "colleague of first": a_person(Role.AUTHENTICATOR, lab),
        "second": second,
        "authenticator elsewhere": a_laboratory()[1],
        "analyst": a_person(Role.ANALYST),
        "senior": senior,
        "auditor": a_person(Role.AUDITOR),
        "auditor of an authority": a_person(Role.AUDITOR, an_organisation(OrganisationKind.AUTHORITY)),
        "administrator": a_person(Role.ADMINISTRATOR),
        "merchant": a_person(Role.MERCHANT),
    }
    objects = {
        "programme": task.programme,
        "their task": task,
        "free task": a_task(),
        "first examination": Examination.objects.get(task=task, ordinal=1),
        "second examination": Examination.objects.get(task=task, ordinal=2),
    }
    return people, objects


OVERSEE = {"senior", "auditor", "auditor of an authority", "administrator"}
RUN = {"senior", "administrator"}
READ = {"senior", "auditor", "auditor of an authority"}
TABLE = [
    ("programme.read", "programme", OVERSEE | {"analyst"}),
    ("programme.load", "programme", RUN),
    ("programme.refresh", "programme", RUN),
    ("programme.replace", "programme", {"senior"}),
    ("task.read", "their task", OVERSEE | {"buyer"}),
    ("task.read", "free task", OVERSEE | {"buyer", "other buyer"}),
    ("task.take", "their task", set()),
    ("task.take", "free task", {"buyer", "other buyer"}),
    ("task.assign", "free task", RUN),
    ("task.buy", "their task", {"buyer"}),
    ("task.buy", "free task", set()),
    ("task.fail", "their task", {"buyer", "senior"}),
    ("task.send", "their task", RUN | {"buyer"}),
    ("task.lose", "their task", {"senior"}),
    ("examination.assign", "their task", RUN),
    ("examination.results", "their task", READ),
    ("examination.read", "first examination", OVERSEE | {"first"}),
    ("examination.read", "second examination", OVERSEE | {"second"}),
    ("task.examine", "first examination", {"first"}),
    ("task.examine", "second examination", {"second"}),
]


@pytest.mark.parametrize(("permission", "on", "allowed"), TABLE)
def test_exactly_these_may(world, permission, on, allowed):
    people, objects = world
    assert {name for name, person in people.items() if may(person, permission, objects[on])} == allowed


def test_nobody_who_left_may_anything(world):
    people, objects = world
    for person in people.values():
        person.is_active = False
    assert not [each for each in TABLE for p in people.values() if may(p, each[0], objects[each[1]])]


def test_a_closed_laboratory_examines_no_more(world):
    people, objects = world
    people["second"].organisation.closed_at = objects["programme"].loaded_at
    assert not may(people["second"], "task.examine", objects["second examination"])
    assert not may(people["second"], "examination.read", objects["second examination"])
