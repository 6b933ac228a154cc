"""What the table of objects cannot say of test buys."""

import pytest

from assay.casework.access import may
from assay.casework.models import Role
from assay.casework.services import examinations
from assay.casework.services.recording import Actor
from tests.casework.bought import a_laboratory, a_task, sealed
from tests.casework.builders import NOW, a_person

pytestmark = pytest.mark.django_db


def test_a_closed_laboratory_examines_no_more():
    (lab, examiner), task = a_laboratory(), sealed(a_task(), a_person(Role.TEST_BUYER))
    given = examinations.assign(Actor.of(a_person(Role.SENIOR)), task, lab)
    assert may(examiner, "task.examine", given) and may(examiner, "examination.read", given)
    examiner.organisation.closed_at = NOW
    assert not may(examiner, "task.examine", given) and not may(examiner, "examination.read", given)
