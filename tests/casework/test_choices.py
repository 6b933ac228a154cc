"""What may be chosen: every reason can be reached, and nothing that does not go together."""

from __future__ import annotations

import pytest

from assay.casework.choices import Choice, check, courses, read_course
from assay.casework.models import SubjectType
from assay.casework.reasons import REASONS, USUAL_DAYS
from assay.market.errors import CallerError


@pytest.mark.parametrize("subject", SubjectType.values)
def test_everything_offered_is_accepted(subject):
    for course in courses(subject):
        for reason in course.reasons:
            assert check(Choice(course.answer, course.action, reason.code), subject)


def test_every_reason_can_be_chosen_about_each_subject_it_names():
    for reason in REASONS:
        for subject in reason.subjects:
            assert any(reason in course.reasons for course in courses(subject)), (reason.code, subject)


def test_a_course_reads_back():
    choice = Choice("counterfeit", "remove", "offered-as-copy")
    assert read_course(choice.course) == choice
    for text in ("", "a/b", "a/b/c/d"):
        with pytest.raises(CallerError, match="choose one from the list"):
            read_course(text)


def test_days_are_those_given_else_the_usual_ones():
    assert Choice("counterfeit", "warn", "repeated", days=5).lasting_days == 5
    assert Choice("counterfeit", "warn", "repeated").lasting_days == USUAL_DAYS["warn"]
    assert Choice("counterfeit", "remove", "offered-as-copy").lasting_days is None
