"""Appends what was done to the audit log, in the transaction that does it."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assay.casework.audit.checkpoints import Checkpoint, sign
from assay.casework.audit.events import FIRST_SEQ, EventRecord
from assay.casework.audit.tree import Frontier, leaf_hash
from assay.casework.models import AuditCheckpoint, AuditEvent, AuditHead, Person

# A kept checkpoint every so many events: an outsider who holds any of them can check all that came before it.
# Smaller keeps more rows, larger leaves longer stretches that only the head vouches for.
CHECKPOINT_EVERY = 256
HEAD_ID = 1


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a person, or a part of the system (`worker`, `automation`, `command line`).

    The log says `person:17`, never a name or an address: those can be erased from the table of people, an event cannot.
    """

    name: str
    role: str
    person: Person | None = None

    @classmethod
    def of(cls, person: Person) -> Actor:
        """A person acting in their own name."""
        return cls(f"person:{person.pk}", person.role, person)


COMMAND_LINE = Actor("command line", "system")
WORKER = Actor("worker", "system")
AUTOMATION = Actor("automation", "system")
# What pages call the parts of the system; the log itself keeps the names above.
SYSTEM_NAMES: dict[str, str | Promise] = {
    COMMAND_LINE.name: _("command line"),
    WORKER.name: _("worker"),
    AUTOMATION.name: _("automation"),
}


@dataclass(frozen=True, slots=True)
class Happening:
    """What to record: a known dotted action, its subject, what changed and why. Values must be plain JSON."""

    action: str
    subject_type: str
    subject_id: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    reason: str = ""


def record(
    actor: Actor,
    action: str,
    subject: models.Model,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEvent:
    """Appends one event about a row. Call it last in the transaction: from here on other writers wait.

    It locks the head of the log, which everybody needs: whoever then locks a row that somebody holds who waits for the
    head is ended by the database. So all rows are locked, and rows that others may be writing are written, before.
    """
    name = subject._meta.model_name or type(subject).__name__.lower()
    return record_all(actor, [Happening(action, name, str(subject.pk), before, after, reason)])[0]


def record_all(actor: Actor, happenings: list[Happening]) -> list[AuditEvent]:
    """Appends events in order and signs the new head. RuntimeError outside a transaction or for an unknown action."""
    if not happenings:
        return []
    _need_known(happenings)
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An audit event is written in the transaction of what it tells; there is none.")
    head = _locked_head()
    frontier = Frontier.from_json(head.frontier) if head.frontier else Frontier()
    at = datetime.now(UTC)
    if head.last_at is not None and at < head.last_at:
        at = head.last_at  # a clock that was set back must not make the log look back-dated
    rows = []
    for each in happenings:
        row = _event(actor, each, frontier.size + FIRST_SEQ, at)
        rows.append(row)
        frontier = frontier.append(bytes.fromhex(row.leaf))
    AuditEvent.objects.bulk_create(rows, batch_size=500)
    _move_head(head, frontier, at, len(rows))
    return rows


def _event(actor: Actor, each: Happening, seq: int, at: datetime) -> AuditEvent:
    said = EventRecord(
        seq=seq,
        at=at,
        actor=actor.name,
        actor_role=actor.role,
        action=each.action,
        subject_type=each.subject_type,
        subject_id=each.subject_id,
        before=each.before,
        after=each.after,
        reason=each.reason,
    )
    names = ("seq", "at", "actor", "actor_role", "action", "subject_type", "subject_id", "before", "after", "reason")
    return AuditEvent(**{name: getattr(said, name) for name in names}, leaf=leaf_hash(said.canonical_bytes()).hex())


def _locked_head() -> AuditHead:
    head = AuditHead.objects.select_for_update().filter(id=HEAD_ID).first()
    if head is None:
        AuditHead.objects.get_or_create(id=HEAD_ID, defaults={"log_id": log_id()})
        head = AuditHead.objects.select_for_update().get(id=HEAD_ID)
    return head


def _move_head(head: AuditHead, frontier: Frontier, at: datetime, n_new: int) -> None:
    head.frontier, head.last_at = frontier.to_json(), at
    head.checkpoint = sign(Checkpoint(head.log_id, frontier.size, frontier.root, at), audit_key())
    head.save()
    if frontier.size // CHECKPOINT_EVERY != (frontier.size - n_new) // CHECKPOINT_EVERY:
        AuditCheckpoint.objects.create(size=frontier.size, at=at, text=head.checkpoint)


def log_id() -> str:
    """The name of this installation's log: the last part tells installations apart."""
    from assay.measurement.sealing import public_key_of

    return f"assay-audit/{public_key_of(audit_key())[:16]}"


def audit_key() -> bytes:
    """The Ed25519 key (PEM) that signs checkpoints, from the installation's folder; made on first use."""
    return _key_in(settings.HOME)


@cache
def _key_in(home: Path) -> bytes:
    from assay.pipeline.keys import signing_key

    return signing_key(home / "audit-key.pem")


def forget_audit_key() -> None:
    """Has the key read again: after a backup brought another one into the same folder."""
    _key_in.cache_clear()


@cache
def known_actions() -> dict[str, str | Promise]:
    """Every dotted action that may be recorded, with the words for it: the `EVENTS` of each service."""
    from assay.casework import services

    found: dict[str, str | Promise] = {}
    for module in pkgutil.iter_modules(services.__path__):
        found |= getattr(importlib.import_module(f"{services.__name__}.{module.name}"), "EVENTS", {})
    return found


def _need_known(happenings: list[Happening]) -> None:
    unknown = {each.action for each in happenings} - known_actions().keys()
    if unknown:
        raise RuntimeError(f"Unknown audit actions {sorted(unknown)}: declare them in the EVENTS of their service.")
