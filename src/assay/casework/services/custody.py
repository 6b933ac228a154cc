"""The chain of custody of a test buy: entries that are only added, each holding the hash of the one before.

An entry that was changed, taken out or put in between breaks the chain; one cut off at the end does not fit the head
that the task holds. A chain that was forged as a whole, head included, does not fit the audit log, which names the hash
of every entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.models import AuditEvent, CustodyEntry, Person, TestBuyTask

# What may be done to a unit, in the order it usually happens.
ACTS: dict[str, str | Promise] = {
    "taken": _("took the task"),
    "handed_on": _("task given to another buyer"),
    "ordered": _("ordered"),
    "received": _("parcel received"),
    "photographed": _("photographed"),
    "sealed": _("sealed"),
    "failed": _("ended without goods to examine"),
    "given_out": _("given to an examiner"),
    "sent": _("handed over to be carried"),
    "arrived": _("arrived, seal checked before it was opened"),
    "examined": _("seal checked, examined, closed again"),
    "declined": _("examination declined"),
    "lost": _("lost or exchanged after it was sealed"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """What an entry says: the act (one of `ACTS`), and where it applies the seal, the place, a note and details.

    `details` are texts, so that both databases give back the same bytes.
    """

    act: str
    seal_no: str = ""
    place: str = ""
    note: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chain:
    """A unit's chain as it stands: its entries, and what does not fit (empty when it is whole)."""

    entries: tuple[CustodyEntry, ...]
    faults: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every entry follows the one before, up to the head that the task names."""
        return not self.faults


def add(task: TestBuyTask, person: Person, link: Link, at: datetime) -> CustodyEntry:
    """Adds an entry to a task that the caller has locked, and sets the task's `custody_head`, which the caller saves.

    RuntimeError for an act that is not in `ACTS`.
    """
    if link.act not in ACTS:
        raise RuntimeError(f"Unknown act of custody {link.act!r}: it is one of {', '.join(ACTS)}.")
    last = CustodyEntry.objects.filter(task=task).order_by("-seq").first()
    entry = CustodyEntry(
        task=task,
        seq=(last.seq if last else 0) + 1,
        act=link.act,
        at=at.astimezone(UTC),
        person=person,
        seal_no=link.seal_no,
        place=link.place,
        note=link.note,
        details=dict(link.details),
        previous_sha256=task.custody_head,
    )
    entry.sha256 = entry_sha256(entry, task)
    entry.save(force_insert=True)
    task.custody_head = entry.sha256
    return entry


def entry_sha256(entry: CustodyEntry, task: TestBuyTask) -> str:
    """The hash of everything an entry says, with the hash of the one before it.

    People stand by number, not by name or address: what retention erases must not break a chain.
    """
    said = {
        "unit": task.unit,
        "programme": task.programme_id,
        "seq": entry.seq,
        "act": entry.act,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "person": entry.person_id,
        "seal_no": entry.seal_no,
        "place": entry.place,
        "note": entry.note,
        "details": entry.details,
        "previous": entry.previous_sha256,
    }
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def chain(task: TestBuyTask) -> Chain:
    """The entries of a task, oldest first, checked against each other, the task's head and the audit log."""
    entries = tuple(CustodyEntry.objects.filter(task=task).select_related("person").order_by("seq"))
    return Chain(entries, (*_faults(entries, task), *_unlogged(entries, task)))


def _faults(entries: Iterable[CustodyEntry], task: TestBuyTask) -> Iterable[str]:
    before, number = "", 0
    for number, entry in enumerate(entries, 1):
        if entry.seq != number:
            yield gettext("entry %(n)d is missing; number %(next)d follows") % {"n": number, "next": entry.seq}
            return
        if entry.previous_sha256 != before:
            yield gettext("entry %(n)d does not follow the one before it") % {"n": number}
        if entry_sha256(entry, task) != entry.sha256:
            yield gettext("entry %(n)d was changed after it was written") % {"n": number}
        before = entry.sha256
    if before != task.custody_head:
        yield gettext("entry %(n)d is not the last one that the task names") % {"n": number}


def _unlogged(entries: Iterable[CustodyEntry], task: TestBuyTask) -> Iterable[str]:
    """What chain and audit log say otherwise. Changing the log as well breaks its own tree (`assay audit verify`)."""
    examinations = [str(pk) for pk in task.examinations.values_list("pk", flat=True)]
    about = Q(subject_type="testbuytask", subject_id=str(task.pk))
    about |= Q(subject_type="examination", subject_id__in=examinations)
    said = AuditEvent.objects.filter(about).values_list("after", flat=True)
    logged = {str(after["custody"]) for after in said if after and after.get("custody")}
    for entry in entries:
        if entry.sha256 not in logged:
            yield gettext("entry %(n)d is not in the audit log") % {"n": entry.seq}
        logged.discard(entry.sha256)
    if logged:
        yield gettext("the audit log names %(n)d entries that are not here") % {"n": len(logged)}
