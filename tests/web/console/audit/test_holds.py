"""Legal holds and what is due, as a page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.models import Document, LegalHold, OrganisationKind, Role
from tests.casework.builders import a_person, an_organisation
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
URL = "/console/audit/holds/"


@pytest.fixture
def document():
    shop = an_organisation(OrganisationKind.MERCHANT)
    now = timezone.now()
    values = {"kind": "invoice", "filename": "f.pdf", "media_type": "application/pdf", "n_bytes": 1, "sha256": "0" * 64}
    given = values | {
        "uploaded_by": a_person(Role.MERCHANT, shop),
        "uploaded_at": now,
        "keep_until": now - timedelta(1),
    }
    return Document.objects.create(organisation=shop, **given)


def place(client, **given):
    return client.post(f"{URL}place/", {"subject_type": "merchant", "subject_id": "M1", "reason": "court"} | given)


@pytest.mark.parametrize("role", [Role.SENIOR, Role.ADMINISTRATOR])
def test_a_hold_is_placed_shown_and_lifted(role, document):
    client = signed_in(a_person(role))
    assert client.get(URL).context["counts"] == (1, 0, 0)
    assert place(client, subject_id=document.organisation.merchant_id).status_code == 302
    page = client.get(URL)
    assert page.context["counts"] == (0, 0, 0) and page.context["due"].n_held == 1
    hold = LegalHold.objects.get()
    assert client.post(f"{URL}{hold.pk}/lift/", {"reason": "over"}).status_code == 302
    assert client.get(URL).context["counts"] == (1, 0, 0)


@pytest.mark.parametrize(
    "given", [{"reason": " "}, {"subject_type": "item"}, {"subject_type": "person", "subject_id": "li"}]
)
def test_what_makes_no_sense_is_said_on_the_page(given):
    response = place(signed_in(a_person(Role.SENIOR)), **given)
    assert response.status_code == 400 and response.context["form"].errors
    assert not LegalHold.objects.exists()


def test_lifting_needs_a_reason_and_a_hold():
    client = signed_in(a_person(Role.SENIOR))
    place(client)
    hold = LegalHold.objects.get()
    assert client.post(f"{URL}{hold.pk}/lift/", {"reason": ""}).status_code == 400
    assert client.post(f"{URL}{hold.pk + 1}/lift/", {"reason": "x"}).status_code == 404


def test_an_auditor_reads_and_changes_nothing():
    client = signed_in(a_person(Role.AUDITOR))
    page = client.get(URL)
    assert page.status_code == 200 and "hold-place" not in page.content.decode()
    assert f'action="{URL}place/"' not in page.content.decode()
    assert place(client).status_code == 403


@pytest.mark.parametrize("number", ["9" * 19, "9" * 200, "٣", "²"])
def test_a_number_beyond_every_row_is_none_and_stops_no_erasure(number, document):
    client = signed_in(a_person(Role.SENIOR))
    assert place(client, subject_type="document", subject_id=number).status_code == 400
    person = a_person(Role.SENIOR)
    LegalHold.objects.create(subject_type="document", subject_id=number, placed_by=person, placed_at=timezone.now())
    assert client.get(URL).context["counts"] == (1, 0, 0)
