"""The checkpoint's page and file."""

import pytest
from django.db import transaction

from assay.casework.models import Role
from assay.casework.services import auditing
from assay.casework.services.recording import COMMAND_LINE, Happening, record_all
from tests.casework.builders import a_person
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


def test_an_empty_log_has_none():
    assert "nothing to sign" in signed_in(a_person(Role.AUDITOR)).get("/console/audit/checkpoint/").content.decode()


def test_the_file_is_the_signed_text_and_holds_against_the_log():
    with transaction.atomic():
        record_all(COMMAND_LINE, [Happening("token.made", "apitoken", "1")])
    client = signed_in(a_person(Role.AUDITOR))
    page = client.get("/console/audit/checkpoint/").content.decode()
    assert auditing.key_fingerprint() in page
    file = client.get("/console/audit/checkpoint/?as=file")
    assert file["Content-Disposition"] == 'attachment; filename="assay-checkpoint-1.txt"'
    assert auditing.verify(file.content.decode()).sound
