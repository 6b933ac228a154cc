"""Who reads other people's addresses, or what somebody wrote in an appeal, leaves one event a page."""

import pytest
from django.utils import timezone

from assay.casework.models import AuditEvent, Role
from assay.casework.services.appeals import lodge
from assay.casework.services.recording import Actor
from tests.casework.builders import a_person, an_organisation
from tests.casework.merchant_cases import a_case
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


def noted():
    rows = AuditEvent.objects.filter(action="personal.read").order_by("seq")
    return list(rows.values_list("actor", "subject_type", "subject_id", "after"))


@pytest.fixture
def administrator():
    return a_person(Role.ADMINISTRATOR)


def test_the_list_of_people_and_a_search_leave_one_event_each_with_numbers_and_no_addresses(administrator):
    first, second = a_person(email="li@example.org"), a_person(Role.MERCHANT, name="Li Wei")
    client = signed_in(administrator)
    client.get("/people/")
    client.get("/people/?q=li@example.org")
    who = f"person:{administrator.pk}"
    assert noted() == [
        (who, "person", "all", {"people": sorted([first.pk, second.pk])}),
        (who, "person", str(first.pk), {}),
    ]
    assert "li@example.org" not in str(list(AuditEvent.objects.values()))


def test_a_persons_page_and_an_organisations_leave_one_each(administrator):
    person, client = a_person(Role.MERCHANT), signed_in(administrator)
    client.get(f"/people/{person.pk}/")
    client.get(f"/people/organisations/{person.organisation_id}/")
    assert [each[1:] for each in noted()] == [
        ("person", str(person.pk), {}),
        ("organisation", str(person.organisation_id), {"people": [person.pk]}),
    ]


def test_ones_own_page_and_an_organisation_without_people_leave_none(administrator):
    client, empty = signed_in(administrator), an_organisation("brand")
    for path in ("/me/", "/people/", f"/people/{administrator.pk}/", f"/people/organisations/{empty.pk}/"):
        assert client.get(path).status_code == 200
    assert noted() == []


def test_an_appeal_that_is_read_is_noted_for_staff_and_not_for_whoever_wrote_it():
    case = a_case(in_force_at=timezone.now())
    appeal = lodge(Actor.of(case.merchant), case.decision, text="These facts are not right.")
    signed_in(case.merchant).get(f"/portal/appeals/{appeal.pk}/")
    assert noted() == []
    auditor = a_person(Role.AUDITOR)
    signed_in(auditor).get(f"/console/appeals/{appeal.pk}/")
    assert noted() == [(f"person:{auditor.pk}", "appeal", str(appeal.pk), {"decision": case.decision.reference})]


def test_who_may_not_read_leaves_no_trace_of_reading():
    signed_in(a_person()).get("/people/")
    assert noted() == []


def test_reading_is_no_part_of_what_happened_to_a_decision():
    case = a_case(in_force_at=timezone.now())
    appeal = lodge(Actor.of(case.merchant), case.decision, text="These facts are not right.")
    client = signed_in(a_person(Role.SENIOR))
    client.get(f"/console/appeals/{appeal.pk}/")
    assert noted()
    assert "read personal data" not in client.get(f"/console/decisions/{case.decision.reference}/").content.decode()
