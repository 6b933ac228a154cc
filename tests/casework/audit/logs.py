"""Logs of made-up events, as they are stored."""

import functools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from assay.casework.audit.checkpoints import Checkpoint, sign
from assay.casework.audit.events import EventRecord
from assay.casework.audit.tree import Frontier, leaf_hash
from assay.casework.audit.verification import StoredEvent, Trusted, first_fault, verify_log
from assay.measurement.sealing import new_key, public_key_of

LOG = "example.com/audit"
KEY = new_key()
OTHER_KEY = new_key()
TRUSTED = Trusted(LOG, public_key_of(KEY))
START = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def event(seq=1, **given):
    values = {
        "at": START + timedelta(minutes=seq),
        "actor": f"u{seq % 7}",
        "actor_role": "agent",
        "action": "case.taken",
        "subject_type": "case",
        "subject_id": f"c{seq // 3}",
        "before": {"state": "open", "n": seq},
        "after": {"state": "taken", "note": "仿"},
        "reason": "asked by the rights holder",
    }
    return EventRecord(seq, **{**values, **given})


def stored(record):
    return StoredEvent(record.seq, record, leaf_hash(record.canonical_bytes()))


@dataclass(frozen=True)
class Log:
    """What a database holds: rows, head, checkpoints."""

    rows: tuple[StoredEvent, ...]
    head: str
    checkpoints: tuple[str, ...]

    def checked(self, held=None, trusted=TRUSTED):
        return verify_log(self.rows, head=self.head, checkpoints=self.checkpoints, trusted=trusted, held=held)

    def fault(self, held):
        return first_fault(self.rows, head=self.head, checkpoints=self.checkpoints, trusted=TRUSTED, held=held)

    def with_rows(self, rows):
        return replace(self, rows=tuple(rows))


def frontier_of(rows):
    return functools.reduce(Frontier.append, [row.leaf_hash for row in rows], Frontier())


def checkpoint(rows, size, key=KEY, **given):
    at = rows[size - 1].content.at if size else START
    return sign(
        Checkpoint(**{"log_id": LOG, "size": size, "root": frontier_of(rows[:size]).root, "at": at, **given}), key
    )


def log(size=20, sealed=(5, 10, 15)):
    rows = tuple(stored(event(seq)) for seq in range(1, size + 1))
    return Log(rows, frontier_of(rows).to_json(), tuple(checkpoint(rows, n) for n in sealed))


def kinds(report):
    return [str(fault.kind) for fault in report.faults]
