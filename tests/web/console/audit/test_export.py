"""The export: masked, safe for spreadsheets, and itself in the log."""

import csv
import io

import pytest
from django.db import transaction

from assay.casework.masking import MASK
from assay.casework.models import AuditEvent, Role
from assay.casework.services.recording import COMMAND_LINE, Happening, record_all
from tests.casework.builders import a_person
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _log():
    with transaction.atomic():
        record_all(
            COMMAND_LINE,
            [
                Happening("hold.placed", "decision", "D-1", after={"note": "inside"}, reason="=HYPERLINK(1)"),
                Happening("token.made", "apitoken", "@SUM(1)", reason="-2+3"),
            ],
        )


def rows(role, query=""):
    response = signed_in(a_person(role)).get(f"/console/audit/export.csv{query}")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_it_holds_what_the_page_is_narrowed_to():
    assert [row["seq"] for row in rows(Role.AUDITOR)] == ["2", "1"]
    assert [row["seq"] for row in rows(Role.AUDITOR, "?action=hold.placed")] == ["1"]


def test_no_cell_begins_a_formula():
    token, hold = rows(Role.AUDITOR)
    assert (hold["reason"], token["reason"], token["subject_id"]) == ("'=HYPERLINK(1)", "'-2+3", "'@SUM(1)")


def test_it_is_masked_for_whoever_asks():
    assert rows(Role.AUDITOR)[1]["after"] == '{"note": "inside"}'
    assert rows(Role.ADMINISTRATOR)[-1]["after"] == MASK


def test_it_is_recorded_with_who_and_what():
    rows(Role.AUDITOR, "?action=hold.placed&actor=")
    event = AuditEvent.objects.get(action="audit.exported")
    assert event.after == {"events": 1, "filters": {"action": "hold.placed"}}
    assert event.actor.startswith("person:") and event.actor_role == Role.AUDITOR


def test_looking_for_its_size_leaves_no_trace():
    assert signed_in(a_person(Role.AUDITOR)).head("/console/audit/export.csv").status_code == 405
    assert not AuditEvent.objects.filter(action="audit.exported").exists()
