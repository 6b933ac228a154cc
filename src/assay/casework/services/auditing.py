"""Whether the stored log is the one that was written, and the signed text that an outsider holds against it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.audit.checkpoints import Checkpoint, read
from assay.casework.audit.events import time_text
from assay.casework.audit.evidence import Watch
from assay.casework.audit.tree import Frontier
from assay.casework.audit.verification import Fault, FaultKind, Report, Trusted, verify_log
from assay.casework.masking import safe_cell, visible
from assay.casework.models import AuditCheckpoint, AuditEvent, AuditHead, Organisation, OrganisationKind, Person, Role
from assay.casework.queries.audit import EventFilter, events, kept_rows, stored_events
from assay.casework.queries.moment import one_moment
from assay.casework.services.recording import (
    AUTOMATION,
    COMMAND_LINE,
    HEAD_ID,
    WORKER,
    Actor,
    Happening,
    audit_key,
    log_id,
    record_all,
)
from assay.market.errors import AssayError, CallerError, OutsideError
from assay.measurement.sealing import fingerprint, public_key_of

EVENTS = {"audit.exported": _("exported a part of the log")}
_MOST_SHOWN = 100
_PARTS = (*(each.name for each in (AUTOMATION, COMMAND_LINE, WORKER)), "stranger")
_PERSON = re.compile(r"person:[0-9]+")


def verify(held: str | None = None, key_fingerprint: str | None = None) -> Report:
    """Reads the whole log once and says all that does not fit, in it and in the rows that it tells of.

    `held`: a checkpoint kept outside.

    Events written meanwhile are not half seen, and nobody waits for it. OutsideError where the log has events and the
    key that signed them is gone.
    """
    watch = Watch(kept_rows)
    with one_moment():
        head = AuditHead.objects.filter(id=HEAD_ID).first()
        _need_key(has_log=head is not None or AuditEvent.objects.exists())
        kept = list(AuditCheckpoint.objects.order_by("size", "pk"))
        texts = [each.text for each in kept]
        frontier = head.frontier if head is not None and head.frontier else Frontier().to_json()
        report = verify_log(
            watch.over(stored_events()),
            head=frontier,
            checkpoints=[*texts, *([head.checkpoint] if head is not None and head.checkpoint else [])],
            trusted=Trusted(log_id(), public_key_of(audit_key()), key_fingerprint),
            held=held,
        )
    extra = [*_head_faults(head, report), *(fault for row in kept for fault in _kept_faults(row))]
    shown = (*report.faults, *extra, *watch.faults)[:_MOST_SHOWN]
    return replace(report, faults=shown, n_faults=report.n_faults + len(extra) + watch.n_faults)


def current_checkpoint() -> str:
    """The signed checkpoint over everything so far, as text to be held outside. CallerError for an empty log."""
    head = AuditHead.objects.filter(id=HEAD_ID).first()
    if head is None or not head.checkpoint:
        raise CallerError(
            gettext("The log is empty; there is nothing to sign yet."), value=0, allowed="a log with events"
        )
    return head.checkpoint


def key_fingerprint() -> str:
    """The fingerprint of the log's key, as it is published in advance."""
    _need_key(has_log=AuditHead.objects.exists())
    return fingerprint(public_key_of(audit_key()))


def export(actor: Actor, wanted: EventFilter, *, said: dict[str, str]) -> Iterator[list[Any]]:
    """Rows for a CSV file, the first with the names: the events that fit, newest first, as this actor may see them.

    The export itself is recorded first, with how many events it holds and what they were narrowed by (`said`). Text
    that a spreadsheet would run is made harmless. The command line sees what an auditor sees.
    """
    if actor.person is not None:
        need(actor.person, "audit.export")
    last = AuditEvent.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    rows = events(wanted).filter(seq__lte=last)
    with transaction.atomic():
        after = {"events": rows.count(), "filters": _filters(wanted, said)}
        record_all(actor, [Happening("audit.exported", "audit", "log", after=after)])
    return _lines(actor.person or _an_auditor(), rows)


def _filters(wanted: EventFilter, said: dict[str, str]) -> dict[str, str]:
    """Whoever looks for somebody may type a name or an address; the log keeps numbers of people only."""
    filters = {name: value for name, value in said.items() if value}
    if filters.get("actor", "") not in ("", *_PARTS):
        filters["actor"] = ", ".join(each for each in wanted.actors or () if _PERSON.fullmatch(each))
    return filters


def _lines(person: Person, rows: QuerySet[AuditEvent]) -> Iterator[list[Any]]:
    names = [each.name for each in AuditEvent._meta.concrete_fields]
    yield list(names)
    for row in rows.iterator(chunk_size=2_000):
        shown = visible(person, row)
        yield [safe_cell(_cell(shown[name])) for name in names]


def _cell(value: Any) -> Any:  # noqa: ANN401 - any field of an event
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "" if value is None else value


def _an_auditor() -> Person:
    """Stands for the command line where a person's role decides; never saved."""
    return Person(role=Role.AUDITOR, organisation=Organisation(kind=OrganisationKind.MARKETPLACE))


def _need_key(*, has_log: bool) -> None:
    """A key made anew would make every signature look forged."""
    path = settings.HOME / "audit-key.pem"
    if has_log and not path.exists():
        raise OutsideError(
            f"The log's key {path} is missing; restore it from the backup of this home, another key cannot check it.",
            where={"file": str(path)},
        )


def _head_faults(head: AuditHead | None, report: Report) -> Iterator[Fault]:
    """The head's own columns and its signed checkpoint, which must be there whenever the log has events."""
    if head is None:
        if report.n_events:
            yield _fault("The head of the log is missing.", f"{report.n_events} events", "no head")
        return
    if head.log_id != log_id():
        yield _fault(f"The head is of the log {head.log_id}, expected was {log_id()}.", log_id(), head.log_id)
    signed = _read(head.checkpoint)
    if signed is None:
        if head.checkpoint == "" and report.n_events:
            yield _fault("The head carries no signed checkpoint.", "a signed checkpoint", "none")
        return
    if signed.size != report.n_events:
        message = f"The head's checkpoint covers {signed.size} events, got {report.n_events}."
        yield _fault(message, str(signed.size), str(report.n_events))
    if head.last_at != signed.at:
        got = time_text(head.last_at) if head.last_at else "none"
        message = f"The head's time is {got}, its checkpoint was signed at {time_text(signed.at)}."
        yield _fault(message, time_text(signed.at), got)


def _kept_faults(row: AuditCheckpoint) -> Iterator[Fault]:
    """The columns beside a kept checkpoint must say what the signed text says."""
    signed = _read(row.text)
    if signed is not None and (signed.size != row.size or signed.at != row.at):
        message = (
            f"The kept checkpoint {row.pk} is filed under size {row.size} and {time_text(row.at)}; its text says "
            f"{signed.size} and {time_text(signed.at)}."
        )
        yield Fault(FaultKind.CHECKPOINT, message, None, str(signed.size), str(row.size))


def _read(text: str) -> Checkpoint | None:
    """The checkpoint in a text; None for a damaged one, which the log's own verification tells."""
    try:
        return read(text).checkpoint
    except AssayError:
        return None


def _fault(message: str, expected: str, got: str) -> Fault:
    return Fault(FaultKind.HEAD, message, None, expected, got)
