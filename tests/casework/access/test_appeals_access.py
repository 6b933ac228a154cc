"""What the table of objects cannot say of statements, documents and appeals."""

import pytest
from django.utils import timezone

from assay.casework.access import may
from assay.casework.models import DocumentKind, Examination, OrganisationKind, Review, Role, TestBuyTask
from assay.casework.queries.appeals import answerable, may_not_answer_because
from assay.casework.services import appeals, documents
from assay.casework.services.recording import Actor
from tests.casework.builders import a_person, an_organisation
from tests.casework.files_sent import a_pdf
from tests.casework.merchant_cases import a_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(settings, tmp_path):
    settings.HOME = tmp_path
    return a_case(in_force_at=timezone.now())


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SENIOR])
def test_only_a_senior_answers_what_two_people_decided(settings, tmp_path, role):
    settings.HOME = tmp_path
    second = a_person(Role.SENIOR)
    case = a_case(in_force_at=timezone.now(), approved_by=second)
    appeal = appeals.lodge(Actor.of(case.merchant), case.decision, text="These facts are not right.")
    person = a_person(role)
    for subject in (appeal, case.decision):
        assert may(person, "appeal.answer", subject) == (role == Role.SENIOR)
        assert not may(second, "appeal.answer", subject)


def test_the_list_of_what_one_may_answer_is_the_permission_for_each(settings, tmp_path):
    settings.HOME = tmp_path
    people = [a_person(role) for role in Role if role != Role.MERCHANT] + [a_person(Role.SENIOR), a_person()]
    senior, analyst = people[-2:]
    parts = ({}, {"approved_by": senior}, {"decided_by": analyst}, {"decided_by": analyst, "approved_by": senior})
    cases = [a_case(in_force_at=timezone.now(), **given) for given in parts]
    lodged = [appeals.lodge(Actor.of(each.merchant), each.decision, text="Not right at all.") for each in cases]
    appeals.answer(Actor.of(analyst), lodged[0], appeals.Verdict(is_reversed=False, reasons="The facts stand."))
    lodged[0] = appeals.lodge(Actor.of(cases[0].merchant), cases[0].decision, text="Look once more.")
    reviewed = {"item": cases[1].decision.item, "finding": cases[1].decision.finding, "person": people[0]}
    answered = {"kind": "blind", "answer": "genuine", "action": "none", "reason_code": "nothing-found"}
    Review.objects.create(**reviewed, **answered, started_at=timezone.now(), finished_at=timezone.now())
    for person in people:
        told = set(answerable(person))
        assert told == {each for each in lodged if may(person, "appeal.answer", each)}
        assert all(bool(may_not_answer_because(person, each.decision)) != (each in told) for each in lodged)


def test_a_merchants_organisation_without_id_owns_nothing():
    """A brand's people with the merchant's role cannot be made, but a row without an id must not match them."""
    person = a_person(Role.MERCHANT, an_organisation(OrganisationKind.BRAND))
    statement = a_case().statement
    statement.merchant_id = ""
    assert not may(person, "statement.read", statement)


def _a_task(case):
    from assay.casework.models import Programme

    now = timezone.now()
    programme = Programme.objects.create(
        name="p", folder="f", plan_sha256="0" * 64, key_fingerprint="k", currency="EUR", budget_minor=1, loaded_at=now
    )
    return TestBuyTask.objects.create(programme=programme, unit="U1", pot="measure")


def test_examiners_open_photographs_of_what_they_examine_but_no_report(case):
    task, now = _a_task(case), timezone.now()
    buyer, examiner, stranger = a_person(Role.TEST_BUYER), a_person(Role.AUTHENTICATOR), a_person(Role.AUTHENTICATOR)
    Examination.objects.create(task=task, ordinal=1, organisation=examiner.organisation, assigned_at=now)
    photograph = documents.upload(Actor.of(buyer), a_pdf(), "p.pdf", DocumentKind.PHOTOGRAPH, task=task)
    report = documents.upload(Actor.of(buyer), a_pdf(), "r.pdf", DocumentKind.REPORT, task=task)
    assert may(examiner, "document.open", photograph) and not may(examiner, "document.open", report)
    assert not may(stranger, "document.open", photograph)
    assert may(examiner, "document.upload", task) and not may(stranger, "document.upload", task)
    assert not may(case.merchant, "document.open", photograph) and not may(case.merchant, "document.upload", task)
