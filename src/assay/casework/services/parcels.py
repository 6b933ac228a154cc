"""The way of a sealed unit between hands: sent, arrived at an examiner, or lost under way.

Sending and arriving are links of the chain of custody and move nothing: a unit examined without them has a gap in its
chain and no fault. A unit that is lost or exchanged after it was sealed ends as a failed buy, which is neither genuine
nor counterfeit; a senior says so, with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.models import DocumentKind, Examination, Person, TaskStage, TestBuyTask
from assay.casework.moves import WrongState, make_move
from assay.casework.queries.examiners import plain_seal
from assay.casework.queries.testbuys import EXAMINING, has_sent, seal_under_way
from assay.casework.services import custody, documents
from assay.casework.services.acting import a_person
from assay.casework.services.buying import locked, picture_bytes
from assay.casework.services.custody import Link
from assay.casework.services.examinations import locked_both, need_to_examine, seal_details
from assay.casework.services.recording import Actor, record
from assay.market.errors import CallerError

# How a unit may end after it was sealed, in the words of the plan's history.
LOSSES: dict[str, str | Promise] = {
    "not_delivered": _("was lost after it was sealed"),
    "swapped": _("was exchanged after it was sealed"),
}
# What an examiner's photograph shows; neither buyers nor other examiners see it.
ARRIVED = "arrival"
VIEWS: dict[str, str | Promise] = {ARRIVED: _("the parcel as it came to the examiner")}

EVENTS: dict[str, str | Promise] = {
    "task.sent": _("sent a sealed test buy"),
    "task.lost": _("ended a test buy that was lost or exchanged after it was sealed"),
    "examination.sent": _("sent a unit on after examining it"),
    "examination.arrived": _("checked the seal of a unit that arrived"),
}


@dataclass(frozen=True, slots=True)
class Handover:
    """By whom a unit travels (a carrier, or the person who carries it), its tracking number, and from where."""

    carrier: str
    tracking_no: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What an examiner sees before anything is opened: the seal's number, whether it is whole, and where that was."""

    seal_no_found: str
    is_seal_intact: bool
    place: str


def send(actor: Actor, task: TestBuyTask, how: Handover) -> TestBuyTask:
    """A sealed unit leaves: its buyer hands it over once, a senior or administrator as often as it travels.

    WrongState when it is not sealed, is over, or its buyer has sent it already.
    """
    link = _handover(how)
    with transaction.atomic():
        row, person = locked(task), a_person(actor)
        need(person, "task.send", row)
        _need_sealed(row)
        is_buyers = row.assigned_to_id == person.pk
        if is_buyers and has_sent(row, person):
            said = gettext("You have sent unit %(unit)s already.") % {"unit": row.unit}
            raise WrongState(said, where={"task": row.pk})
        # A buyer's link names the buyer's own seal: another one would tell that it was examined.
        seal_no = row.seal_no if is_buyers else seal_under_way(row)
        custody.add(row, person, replace(link, seal_no=seal_no), timezone.now())
        row.save(update_fields=["custody_head"])
        record(actor, "task.sent", row, after={"stage": row.stage, "custody": row.custody_head, **link.details})
    return row


def send_on(actor: Actor, examination: Examination, how: Handover) -> Examination:
    """An examiner hands a unit over after examining it, once, wherever it goes and whatever was found."""
    link = _handover(how)
    with transaction.atomic():
        task, row = locked_both(examination)
        person = a_person(actor)
        need(person, "task.examine", row)
        if row.finished_at is None or has_sent(task, person, examination=row):
            said = gettext("Unit %(unit)s is sent once, after its examination.") % {"unit": task.unit}
            raise WrongState(said, where={"examination": row.pk})
        details = {"examination": str(row.pk), **link.details}
        custody.add(task, person, replace(link, seal_no=row.resealed_no, details=details), timezone.now())
        task.save(update_fields=["custody_head"])
        record(actor, "examination.sent", row, after={"custody": task.custody_head, **link.details})
    return row


def arrive(
    actor: Actor, examination: Examination, seen: Arrival, picture: bytes | File[Any] | None = None
) -> Examination:
    """A unit arrived and its seal was checked before anything was opened; seniors see at once where it does not fit.

    `picture` shows the parcel as it came. CallerError without a seal number, Unfit for a file that is no picture,
    WrongState when its arrival was recorded already or it is not waited for.
    """
    found, place = (" ".join(text.split()) for text in (seen.seal_no_found, seen.place))
    if not found:
        raise CallerError(gettext("Give the seal number that is on the parcel."), allowed="1 to 60 characters")
    photograph = None if picture is None else picture_bytes(picture)
    with transaction.atomic():
        task, row = locked_both(examination)
        person = a_person(actor)
        need_to_examine(person, task, row)
        if row.is_seal_checked:
            said = gettext("The arrival of unit %(unit)s is recorded already.") % {"unit": task.unit}
            raise WrongState(said, where={"examination": row.pk})
        row.seal_no_found, row.is_seal_intact = found[:60], seen.is_seal_intact
        row.seal_fits = plain_seal(found) == plain_seal(row.seal_no_expected)
        row.save(update_fields=["seal_no_found", "is_seal_intact", "seal_fits"])
        if photograph is not None:
            _keep(actor, person, task, row, photograph)
        details = {"examination": str(row.pk), **seal_details(row)}
        link = Link("arrived", seal_no=row.seal_no_found, place=place[:200], details=details)
        custody.add(task, person, link, timezone.now())
        task.save(update_fields=["custody_head"])
        after = {"custody": task.custody_head, "seal_fits": row.seal_fits, "is_seal_intact": row.is_seal_intact}
        record(actor, "examination.arrived", row, after=after)
    return row


def lose(actor: Actor, task: TestBuyTask, outcome: str, reason: str) -> TestBuyTask:
    """A sealed unit was lost or exchanged: `outcome` is one of `LOSSES`. The estimate takes it as a failed buy.

    After a first examination it is the second one that ends so, which leaves a positive unconfirmed and without a
    result; goods that were found genuine stay so. WrongState for a unit that is not sealed or is over.
    """
    why = " ".join(reason.split())[:2_000]
    if outcome not in LOSSES:
        raise CallerError(
            gettext("%(outcome)s is no way for a unit to be lost.") % {"outcome": repr(outcome)},
            value=outcome,
            allowed=", ".join(LOSSES),
        )
    if not why:
        raise CallerError(gettext("Ending a sealed unit needs a reason."), allowed="a few words")
    with transaction.atomic():
        row, person = locked(task), a_person(actor)
        need(person, "task.lose", row)
        before = {"stage": row.stage}
        is_second = row.stage == TaskStage.EXAMINED
        make_move(row, "task", "lose", field="stage")
        if is_second:
            row.second_outcome = outcome
        else:
            row.outcome = outcome
        row.note, row.finished_at, row.due_at = why, timezone.now(), None
        # The link does not say whether the first or the second outcome ended so: whoever follows the parcel need not
        # know what was found.
        custody.add(row, person, Link("lost", note=why, details={"outcome": outcome}), row.finished_at)
        names = ["stage", "outcome", "second_outcome", "note", "finished_at", "due_at", "custody_head"]
        row.save(update_fields=names)
        after = {"stage": row.stage, "outcome": row.outcome, "second_outcome": row.second_outcome}
        record(actor, "task.lost", row, before=before, after=after | {"custody": row.custody_head}, reason=why)
    return row


def _handover(how: Handover) -> Link:
    carrier = " ".join(how.carrier.split())
    if not carrier:
        raise CallerError(gettext("Say by whom the unit travels: a carrier, or who carries it."), allowed="a name")
    details = {"carrier": carrier[:100], "tracking_no": " ".join(how.tracking_no.split())[:100]}
    return Link("sent", place=" ".join(how.place.split())[:200], details=details)


def _keep(actor: Actor, person: Person, task: TestBuyTask, row: Examination, picture: bytes) -> None:
    """Keeps a photograph of the parcel as it came: it may show a label, so that no other examiner is shown it."""
    document = documents.upload(actor, picture, "arrival", DocumentKind.OTHER, task=task)
    details = {"document": str(document.pk), "shows": ARRIVED, "sha256": document.sha256}
    custody.add(task, person, Link("photographed", details={"examination": str(row.pk), **details}), timezone.now())
    record(actor, "task.photographed", task, after={"custody": task.custody_head, **details})


def _need_sealed(row: TestBuyTask) -> None:
    if row.stage not in EXAMINING:
        raise WrongState(
            gettext("Unit %(unit)s is “%(stage)s”; only a sealed one is sent.")
            % {"unit": row.unit, "stage": row.get_stage_display()},
            where={"task": row.pk},
            value=row.stage,
            allowed=", ".join(EXAMINING),
        )
