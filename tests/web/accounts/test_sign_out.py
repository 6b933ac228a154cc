"""Signing out."""

import pytest
from django.test import Client

from assay.casework.models import AuditEvent
from tests.casework.builders import a_person
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


def test_a_person_leaves_and_the_session_is_gone():
    person = a_person()
    client = signed_in(person)
    stolen = Client()
    stolen.cookies = client.cookies.copy()
    assert client.post("/sign-out/").url == "/sign-in/"
    for each in (client, stolen):
        assert each.get("/me/").url.startswith("/sign-in/")
    assert AuditEvent.objects.get(action="session.closed").subject_id == str(person.pk)


def test_a_link_does_not_sign_out():
    client = signed_in(a_person())
    assert client.get("/sign-out/").status_code == 405
    assert client.get("/me/").status_code == 200
