"""The log in the database: sound as it was written, and every tampering with its rows is noticed.

Ten thousand mutations are done to rows that were read once from the database; thirty in the database itself, by SQL,
past everything that Assay does. One checkpoint is held outside, as `docs/explanation/audit.md` asks.
"""

import random
from dataclasses import dataclass

import pytest
from django.db import connection, transaction

from assay.casework.access import Refused
from assay.casework.audit.verification import Trusted, first_fault
from assay.casework.masking import MASK
from assay.casework.models import AuditCheckpoint, AuditEvent, AuditHead, Role
from assay.casework.queries.audit import EventFilter, actors_like, stored_events
from assay.casework.services import auditing, recording
from assay.casework.services.recording import COMMAND_LINE, Actor, Happening, audit_key, log_id, record_all
from assay.market.errors import CallerError, OutsideError
from assay.measurement.sealing import public_key_of
from tests.casework.audit import logs
from tests.casework.audit import test_tampering as tampering
from tests.casework.builders import a_person

pytestmark = pytest.mark.django_db
N_EVENTS, N_MUTATIONS, SEED = 40, 10_000, 20261128


def write(n, first=1):
    """Events of many shapes, in batches, as services write them."""
    for start in range(first, first + n, 20):
        batch = [
            Happening(
                "audit.exported",
                "case" if seq % 3 else "案件",
                f"c{seq}",
                before={"state": "open", "rate": seq / 7, "list": [None, True, "仿"]},
                after={"state": "taken", "deep": {"a": {"b": seq}}},
                reason="asked — by the holder",
            )
            for seq in range(start, min(start + 20, first + n))
        ]
        with transaction.atomic():
            record_all(COMMAND_LINE, batch)


def kinds(report):
    return {str(fault.kind) for fault in report.faults}


def test_an_empty_log_is_sound_and_has_no_checkpoint():
    assert auditing.verify().sound
    with pytest.raises(CallerError, match="empty"):
        auditing.current_checkpoint()


def test_the_log_as_it_was_written_is_sound():
    write(300)
    report = auditing.verify(auditing.current_checkpoint(), auditing.key_fingerprint())
    assert report.sound, report.faults
    assert (report.n_events, report.n_unsealed, report.held_size) == (300, 0, 300)
    assert report.n_checkpoints == 2, "one kept after 256 events, and the head's"


def test_a_checkpoint_that_is_held_stays_good_while_the_log_grows():
    write(40)
    held = auditing.current_checkpoint()
    write(40, first=41)
    report = auditing.verify(held)
    assert report.sound and report.held_size == 40


def test_another_key_and_another_log_are_noticed():
    write(5)
    assert kinds(auditing.verify(key_fingerprint="0" * 64)) == {"key"}
    assert kinds(auditing.verify("nothing\n")) == {"checkpoint"}


def test_the_log_without_its_key_is_an_error_and_no_new_key_is_made(settings, tmp_path):
    write(5)
    settings.HOME = tmp_path
    with pytest.raises(OutsideError, match="missing"):
        auditing.verify()
    assert not list(tmp_path.iterdir())


def test_ten_thousand_mutations_of_the_stored_rows_are_noticed(monkeypatch):
    monkeypatch.setattr(recording, "CHECKPOINT_EVERY", 20)
    write(N_EVENTS)
    of = _subject()
    monkeypatch.setattr(tampering, "KEY", audit_key())
    monkeypatch.setattr(logs, "LOG", log_id())
    rng, unnoticed, ways = random.Random(SEED), [], set()
    for _ in range(N_MUTATIONS):
        made, how = tampering.mutation(of, rng)
        ways.add(how)
        if made.fault(of.held) is None:
            unnoticed.append(how)
    assert not unnoticed
    assert len(ways) > 60


@dataclass(frozen=True)
class StoredLog(logs.Log):
    """A log read from the database, checked with this installation's key."""

    def fault(self, held):
        trusted = Trusted(log_id(), public_key_of(audit_key()))
        return first_fault(self.rows, head=self.head, checkpoints=self.checkpoints, trusted=trusted, held=held)


def _subject():
    head = AuditHead.objects.get()
    texts = [*AuditCheckpoint.objects.order_by("size").values_list("text", flat=True), head.checkpoint]
    log = StoredLog(tuple(stored_events()), head.frontier, tuple(texts))
    return tampering.Subject(log, N_EVENTS, head.checkpoint)


SQL = [
    "UPDATE casework_auditevent SET actor = 'person:99' WHERE seq = 7",
    "UPDATE casework_auditevent SET actor = actor || ' ' WHERE seq = 7",
    "UPDATE casework_auditevent SET actor_role = 'senior' WHERE seq = 1",
    "UPDATE casework_auditevent SET action = 'session.opened' WHERE seq = 12",
    "UPDATE casework_auditevent SET subject_type = 'person' WHERE seq = 30",
    "UPDATE casework_auditevent SET subject_id = '1' WHERE seq = 30",
    "UPDATE casework_auditevent SET reason = 'because' WHERE seq = 30",
    "UPDATE casework_auditevent SET reason = '' WHERE seq = 30",
    "UPDATE casework_auditevent SET before = NULL WHERE seq = 31",
    "UPDATE casework_auditevent SET after = '{}' WHERE seq = 31",
    "UPDATE casework_auditevent SET after = '[]' WHERE seq = 31",
    'UPDATE casework_auditevent SET after = \'{"state": "taken", "deep": {"a": {"b": 32}}}\' WHERE seq = 31',
    'UPDATE casework_auditevent SET after = \'{"state": "taken", "deep": {"a": {"b": 31.5}}}\' WHERE seq = 31',
    "UPDATE casework_auditevent SET at = '2020-01-01 00:00:00+00' WHERE seq = 40",
    "UPDATE casework_auditevent SET at = '2099-01-01 00:00:00+00' WHERE seq = 60",
    "UPDATE casework_auditevent SET at = '2099-01-01 00:00:00+00'",
    "UPDATE casework_auditevent SET leaf = upper(leaf) WHERE seq = 3",
    "UPDATE casework_auditevent SET leaf = '' WHERE seq = 3",
    "UPDATE casework_auditevent SET leaf = (SELECT leaf FROM casework_auditevent WHERE seq = 4) WHERE seq = 3",
    "UPDATE casework_auditevent SET seq = 1000 WHERE seq = 60",
    "UPDATE casework_auditevent SET seq = 0 WHERE seq = 1",
    "UPDATE casework_auditevent SET seq = -seq",
    "DELETE FROM casework_auditevent WHERE seq = 1",
    "DELETE FROM casework_auditevent WHERE seq = 33",
    "DELETE FROM casework_auditevent WHERE seq > 50",
    "DELETE FROM casework_auditevent",
    "UPDATE casework_audithead SET frontier = ''",
    "UPDATE casework_audithead SET frontier = replace(frontier, 'a', 'b')",
    "UPDATE casework_audithead SET log_id = 'assay-audit/other'",
    "UPDATE casework_audithead SET last_at = '2020-01-01 00:00:00+00'",
    "UPDATE casework_audithead SET last_at = NULL",
    "UPDATE casework_audithead SET checkpoint = ''",
    "UPDATE casework_audithead SET checkpoint = (SELECT text FROM casework_auditcheckpoint)",
    "UPDATE casework_audithead SET checkpoint = replace(checkpoint, 'time 2', 'time 1')",
    "DELETE FROM casework_audithead",
    "UPDATE casework_auditcheckpoint SET size = size - 1",
    "UPDATE casework_auditcheckpoint SET at = '2020-01-01 00:00:00+00'",
    "UPDATE casework_auditcheckpoint SET text = ''",
    "UPDATE casework_auditcheckpoint SET text = replace(text, 'assay-audit', 'other-audit')",
]


@pytest.mark.parametrize("statement", SQL)
def test_what_is_changed_by_sql_is_noticed(statement, monkeypatch):
    monkeypatch.setattr(recording, "CHECKPOINT_EVERY", 40)
    write(40)
    held = auditing.current_checkpoint()
    write(20, first=41)
    assert AuditCheckpoint.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount
    assert not auditing.verify(held).sound


def test_a_whole_new_log_written_with_the_own_key_is_noticed_by_what_is_held(monkeypatch):
    write(40)
    held = auditing.current_checkpoint()
    rows = list(AuditEvent.objects.order_by("seq").values("seq", "action"))
    assert len(rows) == 40
    AuditEvent.objects.all().delete()
    AuditHead.objects.all().delete()
    AuditCheckpoint.objects.all().delete()
    write(40)
    AuditEvent.objects.filter(seq__gt=40).delete()
    assert auditing.verify().sound, "from the inside everything fits: this is why a checkpoint is held outside"
    assert "root" in kinds(auditing.verify(held))


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps such values out of its columns")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE casework_auditevent SET at = 'yesterday' WHERE seq = 2",
        "UPDATE casework_auditevent SET at = 12 WHERE seq = 2",
        "UPDATE casework_auditevent SET actor = x'ff' WHERE seq = 2",
        "UPDATE casework_auditevent SET leaf = x'ff' WHERE seq = 2",
        "UPDATE casework_auditevent SET seq = 'two' WHERE seq = 2",
        "UPDATE casework_auditevent SET seq = 2.5 WHERE seq = 2",
        "UPDATE casework_auditevent SET after = '{\"n\": 1e999}' WHERE seq = 2",
    ],
)
def test_what_no_column_should_hold_ends_in_a_sentence(statement):
    write(5)
    with connection.cursor() as cursor:
        cursor.execute(statement)
    report = auditing.verify()
    assert not report.sound and all(fault.message.endswith(".") for fault in report.faults)


def test_an_export_is_recorded_first_and_holds_what_was_there_before():
    write(5)
    rows = list(auditing.export(COMMAND_LINE, EventFilter(), said={"actor": "worker", "action": ""}))
    assert rows[0][:2] == ["seq", "at"] and [row[0] for row in rows[1:]] == [5, 4, 3, 2, 1]
    event = AuditEvent.objects.get(seq=6)
    assert (event.action, event.after) == ("audit.exported", {"events": 5, "filters": {"actor": "worker"}})


def test_a_name_or_address_that_was_looked_for_is_not_kept():
    person = a_person(Role.ANALYST, email="kim@shop.example")
    for typed in ("kim@shop.example", "person:kim@shop.example"):
        wanted = EventFilter(actors=actors_like(typed))
        list(auditing.export(Actor.of(a_person(Role.AUDITOR)), wanted, said={"actor": typed}))
    first, second = AuditEvent.objects.filter(action="audit.exported").order_by("seq").values_list("after", flat=True)
    assert first["filters"]["actor"] == f"person:{person.pk}" and second["filters"]["actor"] == ""


def test_no_cell_of_an_export_begins_a_formula():
    with transaction.atomic():
        record_all(COMMAND_LINE, [Happening("audit.exported", "case", "=cmd|' /C calc'!A0", reason="+1 for this")])
    _head, row = auditing.export(COMMAND_LINE, EventFilter(), said={})
    assert "'=cmd|' /C calc'!A0" in row and "'+1 for this" in row


def test_an_export_is_masked_for_whoever_asks():
    write(1)
    _head, row = auditing.export(Actor.of(a_person(Role.ADMINISTRATOR)), EventFilter(), said={})
    assert row.count(MASK) == 3, "states and reason of a case"
    with pytest.raises(Refused):
        auditing.export(Actor.of(a_person(Role.ANALYST)), EventFilter(), said={})
