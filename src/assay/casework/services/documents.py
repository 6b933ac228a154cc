"""Documents that people send: checked by content, kept under their hash outside the web root, opened only with a trace.

The file is on disk, synced, before its row is committed: a row without its file cannot be. It gets its name last, so
an upload that fails takes back a draft that is its own and never a file that another one of the same bytes relies on;
what a crash leaves, retention drops. Two rows of the same bytes share one file.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import NotThere, Refused, may, need
from assay.casework.models import (
    Decision,
    Document,
    DocumentKind,
    FieldClass,
    Item,
    Organisation,
    OrganisationKind,
    Person,
    Statement,
    TestBuyTask,
)
from assay.casework.moves import WrongState
from assay.casework.services.hearing import hear
from assay.casework.services.recording import Actor, Happening, record, record_all
from assay.casework.uploads import MOST_BYTES, Unfit, clean_name, media_type
from assay.engine.folders import outside
from assay.market.errors import CallerError, OutsideError

EVENTS = {
    "document.uploaded": _("sent a document"),
    "document.opened": _("opened a document"),
}
# Enough for the invoices of one offer; a merchant with more has them in one PDF.
MOST_PER_DECISION = 10
# Enough to answer ten decisions in full on one day; more fills a disk before anybody reads it.
MOST_BYTES_A_DAY = 10 * MOST_PER_DECISION * MOST_BYTES
# How long each kind is kept after it was sent. An appeal is possible for 6 months, an out-of-court dispute takes up to
# 180 days (DSA Art. 20(1), 21(4)): two years cover both and a court's first letter; a report is proof for longer.
KEEP_DAYS: dict[str, int] = {
    DocumentKind.INVOICE: 730,
    DocumentKind.AUTHORISATION: 730,
    DocumentKind.PHOTOGRAPH: 1_095,
    DocumentKind.REPORT: 1_825,
    DocumentKind.OTHER: 365,
}


@dataclass(frozen=True, slots=True)
class _Sent:
    """A file that passed the check."""

    content: bytes
    filename: str
    media_type: str
    sha256: str


def upload(
    actor: Actor,
    content: bytes | File[Any],
    filename: str,
    kind: str,
    *,
    decision: Decision | None = None,
    task: TestBuyTask | None = None,
) -> Document:
    """Keeps a file that belongs to a decision or to a test buy.

    The first one in answer to a request for an invoice opens the item again.

    Unfit (CallerError) for a file that is not kept, WrongState when its decision takes no more, Refused for somebody
    else's decision, OutsideError when the disk fails; then there is no row.
    """
    person = _person(actor)
    subject = decision or task
    if subject is None or kind not in DocumentKind.values:
        raise CallerError(
            gettext("A document of kind %(kind)s needs a decision or a test buy; kinds are %(kinds)s.")
            % {"kind": repr(kind), "kinds": ", ".join(DocumentKind.values)},
            value=kind,
            allowed=", ".join(DocumentKind.values),
        )
    need(person, "document.upload", subject)
    sent = _checked(content, filename)
    _need_room(person.organisation, decision, len(sent.content))
    path = path_of(sent.sha256)
    draft = _draft(sent.content, path)
    try:
        with transaction.atomic():
            if decision is not None:  # before the log's head, in the order of every other move of a case
                Item.objects.select_for_update(of=("self",), no_key=True).get(pk=decision.item_id)
                Decision.objects.select_for_update(of=("self",), no_key=True).get(pk=decision.pk)
            # One upload of an organisation at a time, so that two at once cannot pass the limits together.
            Organisation.objects.select_for_update(of=("self",), no_key=True).get(pk=person.organisation_id)
            _need_room(person.organisation, decision, len(sent.content))
            row = _row(person, sent, kind, decision, task)
            said = {"kind": kind, "media_type": sent.media_type, "n_bytes": row.n_bytes, "sha256": row.sha256}
            about = {"decision": decision.reference} if decision else {"task": task.unit if task else ""}
            record(actor, "document.uploaded", row, after={**said, **about})
            if decision is not None:
                hear(actor, decision)
            _give_name(draft, path)
    finally:
        draft.unlink(missing_ok=True)  # there is one only when something failed
    return row


def open_document(actor: Actor, document: Document) -> Path:
    """The file of a document, for somebody who may read it; leaves a trace.

    NotThere when there is none for this person, or when it was erased. OutsideError when the file is gone or damaged.
    """
    person = _person(actor)
    if not may(person, "document.open", document) or document.erased_at is not None:
        raise NotThere(f"There is no document {document.pk} for {actor.name}.", where={"document": document.pk})
    path = path_of(document.sha256)
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise outside(error, path) from error
    if found != document.sha256:
        raise OutsideError(
            f"The file of document {document.pk} has been changed on disk: its SHA-256 is {found[:16]}…, kept was "
            f"{document.sha256[:16]}…; restore it from a backup.",
            where={"document": document.pk, "path": str(path)},
            value=found,
        )
    said = {"document": document.pk, "kind": document.kind, "field_class": document.field_class}
    happenings = [Happening("document.opened", "document", str(document.pk), after=said)]
    if document.organisation_id != person.organisation_id:
        happenings.append(Happening("personal.read", "document", str(document.pk), after=said))
    with transaction.atomic():
        record_all(actor, happenings)
    return path


def path_of(sha256: str) -> Path:
    """Where a file of this hash is kept: a folder of its first two letters, so that no folder grows without end."""
    return Path(settings.HOME) / "uploads" / sha256[:2] / sha256


def takes_documents_until(decision: Decision) -> datetime | None:
    """Until when a merchant may add documents to a decision: as long as it may appeal. None when it never could."""
    statement = Statement.objects.filter(decision=decision).only("appeal_by").first()
    return statement.appeal_by if statement else None


def _person(actor: Actor) -> Person:
    if actor.person is None:
        raise Refused(f"{actor.name} is no person; documents are sent and opened by people.", value=actor.name)
    return actor.person


def _checked(content: bytes | File[Any], filename: str) -> _Sent:
    """Reads no more of the file than is allowed, whatever size it claims."""
    if isinstance(content, bytes):
        sent = content
    else:
        content.seek(0)
        sent = content.read(MOST_BYTES + 1)
    kind = media_type(sent)
    return _Sent(sent, clean_name(filename, kind), kind, hashlib.sha256(sent).hexdigest())


def _need_room(organisation: Organisation, decision: Decision | None, n_bytes: int) -> None:
    if organisation.kind == OrganisationKind.MERCHANT and decision is not None:
        _need_time(decision)
        n_kept = Document.objects.filter(decision=decision, organisation=organisation, erased_at=None).count()
        if n_kept >= MOST_PER_DECISION:
            raise Unfit(
                gettext(
                    "%(n)d documents were sent for this decision, which is the most. Put several pages into one PDF."
                )
                % {"n": n_kept},
                value=n_kept,
                allowed=str(MOST_PER_DECISION),
            )
    since = timezone.now() - timedelta(days=1)
    today = Document.objects.filter(organisation=organisation, uploaded_at__gt=since).aggregate(n=Sum("n_bytes"))["n"]
    if (today or 0) + n_bytes > MOST_BYTES_A_DAY:
        raise Unfit(
            gettext("Your organisation may send %(most)d MB in 24 hours, and has. Try again tomorrow.")
            % {"most": MOST_BYTES_A_DAY // 1024**2},
            value=today,
            allowed=str(MOST_BYTES_A_DAY),
        )


def _need_time(decision: Decision) -> None:
    until = takes_documents_until(decision)
    if until is None or until < timezone.now():
        raise WrongState(
            gettext("Decision %(reference)s takes no more documents: its time for an appeal is over.")
            % {"reference": decision.reference},
            where={"decision": decision.reference},
            value=str(until),
        )


def _draft(content: bytes, path: Path) -> Path:
    """Writes the file beside its later name, whole or not at all, readable by the server alone."""
    draft = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise outside(error, path) from error
    return draft


def _give_name(draft: Path, path: Path) -> None:
    """Gives the file its name, and makes that survive a power cut; what is in it was synced before."""
    try:
        draft.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise outside(error, path) from error


def _row(person: Person, sent: _Sent, kind: str, decision: Decision | None, task: TestBuyTask | None) -> Document:
    now = timezone.now()
    return Document.objects.create(
        organisation=person.organisation,
        decision=decision,
        task=task,
        kind=kind,
        field_class=FieldClass.CASE,
        filename=sent.filename,
        media_type=sent.media_type,
        n_bytes=len(sent.content),
        sha256=sent.sha256,
        uploaded_by=person,
        uploaded_at=now,
        keep_until=now + timedelta(days=KEEP_DAYS[kind]),
    )
