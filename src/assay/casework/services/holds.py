"""Legal holds: while one is on, nothing about its subject is erased, whatever the terms say."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.models import LegalHold
from assay.casework.services.acting import need_reason
from assay.casework.services.recording import Actor, record
from assay.market.errors import CallerError

EVENTS = {
    "hold.placed": _("placed a legal hold"),
    "hold.lifted": _("lifted a legal hold"),
}
# What a hold may be on, and what it keeps: of a merchant and an organisation all their documents and people too.
SUBJECTS: dict[str, object] = {
    "merchant": _("merchant (the market's id)"),
    "organisation": _("organisation (number)"),
    "person": _("person (number)"),
    "decision": _("decision (reference)"),
    "task": _("test buy (unit)"),
    "document": _("document (number)"),
}
_NUMBERED = frozenset({"organisation", "person", "document"})


def place(actor: Actor, subject_type: str, subject_id: str, *, reason: str) -> LegalHold:
    """Keeps everything about a subject from being erased. The subject need not exist yet: a merchant may come later.

    CallerError for a kind of subject that there is none of, a number that is none, or no reason.
    """
    if actor.person is None:
        raise CallerError("A legal hold is placed by a person, who answers for it.")
    need(actor.person, "hold.place")
    name = subject_id.strip()
    _check(subject_type, name, reason)
    with transaction.atomic():
        row = LegalHold.objects.create(
            subject_type=subject_type,
            subject_id=name,
            reason=reason.strip(),
            placed_by=actor.person,
            placed_at=timezone.now(),
        )
        record(actor, "hold.placed", row, after={"on": subject_type, "id": name}, reason=reason.strip())
    return row


def lift(actor: Actor, hold: LegalHold, *, reason: str) -> LegalHold:
    """Ends a hold; lifting one that was lifted changes nothing. Other holds on the same subject stay."""
    if actor.person is None:
        raise CallerError("A legal hold is lifted by a person, who answers for it.")
    need(actor.person, "hold.lift", hold)
    need_reason(reason)
    with transaction.atomic():
        row = LegalHold.objects.select_for_update(of=("self",), no_key=True).get(pk=hold.pk)
        if row.lifted_at is None:
            row.lifted_at, row.lifted_by = timezone.now(), actor.person
            row.save(update_fields=["lifted_at", "lifted_by"])
            said = {"on": row.subject_type, "id": row.subject_id}
            record(actor, "hold.lifted", row, before=said, reason=reason.strip())
    return row


def _check(subject_type: str, name: str, reason: str) -> None:
    if subject_type not in SUBJECTS:
        raise CallerError(
            gettext("A hold cannot be on %(kind)s; allowed are %(kinds)s.")
            % {"kind": repr(subject_type), "kinds": ", ".join(SUBJECTS)},
            value=subject_type,
            allowed=", ".join(SUBJECTS),
        )
    if not name or len(name) > 200 or (subject_type in _NUMBERED and not _is_number(name)):
        raise CallerError(
            (
                gettext("%(name)s names no %(kind)s; allowed is a number.")
                if subject_type in _NUMBERED
                else gettext("%(name)s names no %(kind)s; allowed is its id.")
            )
            % {"name": repr(name), "kind": subject_type},
            where={"field": "subject_id"},
            value=name,
        )
    need_reason(reason)


def _is_number(name: str) -> bool:
    """A row's number as it is written; one beyond them all would stop every look at what is held."""
    return name.isascii() and name.isdigit() and int(name[:20]) < 2**63
