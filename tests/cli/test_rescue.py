"""`assay casework person rescue`: the way back in when no administrator can help."""

import re

import pytest
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from assay.casework.models import AuditEvent, Role
from assay.cli.main import main
from tests.casework.builders import a_person

pytestmark = pytest.mark.django_db


def test_the_last_administrator_gets_back_in(capsys):
    person = a_person(Role.ADMINISTRATOR)
    TOTPDevice.objects.create(user=person, confirmed=True)
    assert main(["casework", "person", "rescue", person.email.upper(), "--reason", "phone lost"]) == 0
    path = re.search(r"http://localhost:8000(/invitation/\S+)", capsys.readouterr().out)[1]
    assert Client().get(path).status_code == 200
    assert not TOTPDevice.objects.exists()
    assert [e.action for e in AuditEvent.objects.order_by("seq")] == ["factor.reset", "person.invited"]
    assert AuditEvent.objects.first().actor == "command line"


@pytest.mark.parametrize(("who", "reason"), [("nobody@example.org", "x"), (None, " ")])
def test_an_unknown_address_and_no_reason_are_refused(who, reason):
    person = a_person(Role.ADMINISTRATOR)
    assert main(["casework", "person", "rescue", who or person.email, "--reason", reason]) == 2
    person.refresh_from_db()
    assert person.has_usable_password() and not AuditEvent.objects.exists()
