"""What the table of objects cannot say of statements, documents and appeals."""

import pytest
from django.utils import timezone

from assay.casework.access import may
from assay.casework.models import DocumentKind, Examination, OrganisationKind, Role, TestBuyTask
from assay.casework.services import documents
from assay.casework.services.recording import Actor
from tests.casework.builders import a_person, an_organisation
from tests.casework.files_sent import a_pdf
from tests.casework.merchant_cases import a_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(settings, tmp_path):
    settings.HOME = tmp_path
    return a_case(in_force_at=timezone.now())


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
