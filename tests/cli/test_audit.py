"""`assay audit`: the log of a home, checked, sealed and exported from the command line."""

import csv
import json

import pytest
from django.db import transaction

from assay.casework.models import AuditEvent
from assay.casework.services.recording import COMMAND_LINE, Happening, record_all
from assay.cli.main import main

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _log():
    with transaction.atomic():
        record_all(COMMAND_LINE, [Happening("token.made", "apitoken", f"={n}", reason="x") for n in range(5)])


def test_a_log_that_holds_is_said_to_hold(capsys):
    assert main(["audit", "verify"]) == 0
    said = capsys.readouterr().out
    assert "The log holds: 5 events" in said and "--held" in said


def test_a_checkpoint_goes_out_and_holds_against_the_log(tmp_path, capsys):
    file = tmp_path / "checkpoint.txt"
    assert main(["audit", "checkpoint", "--out", str(file)]) == 0
    key = capsys.readouterr().err.split("fingerprint ")[1].split(";")[0]
    assert main(["audit", "verify", "--held", str(file), "--key", key.upper()]) == 0
    assert "--held" not in capsys.readouterr().out
    assert main(["audit", "checkpoint"]) == 0
    assert capsys.readouterr().out == file.read_text()


def test_a_log_that_was_changed_ends_with_3_and_says_where(capsys):
    AuditEvent.objects.filter(seq=3).update(reason="another")
    assert main(["audit", "verify"]) == 3
    said = capsys.readouterr().out
    assert "Event 3 was changed" in said and "does not hold" in said
    assert main(["audit", "verify", "--json"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert report["sound"] is False and report["faults"][0]["seq"] == 3


@pytest.mark.parametrize(("text", "code"), [(None, 3), (b"\xff\xfe", 2), (b"nothing", 3)])
def test_a_held_file_that_is_none_is_refused(text, code, tmp_path):
    file = tmp_path / "held.txt"
    if text is not None:
        file.write_bytes(text)
    assert main(["audit", "verify", "--held", str(file)]) == code


def test_another_key_is_noticed():
    assert main(["audit", "verify", "--key", "0" * 64]) == 3


def test_an_export_is_written_once_and_recorded(tmp_path):
    file = tmp_path / "log.csv"
    assert main(["audit", "export", str(file), "--action", "token."]) == 0
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["subject_id"] for row in rows] == ["'=4", "'=3", "'=2", "'=1", "'=0"]
    assert AuditEvent.objects.get(action="audit.exported").after["events"] == 5
    assert main(["audit", "export", str(file)]) == 2
    assert AuditEvent.objects.filter(action="audit.exported").count() == 1


def test_a_day_that_is_none_is_refused(tmp_path):
    assert main(["audit", "export", str(tmp_path / "x.csv"), "--since", "yesterday"]) == 2
