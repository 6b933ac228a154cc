"""The buyer's work on one unit: take, order, receive, photograph, seal; or say that it could not be bought.

Every step is a link of the chain of custody. Nothing ends by itself: a parcel that is overdue is shown as overdue, and
a person says that it was not delivered, because a failed buy that is quietly left out would bias the figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.models import Document, DocumentKind, Person, Role, TaskStage, TestBuyTask
from assay.casework.moves import WrongState, make_move
from assay.casework.queries.examiners import plain_seal
from assay.casework.queries.testbuys import photograph_views
from assay.casework.services import custody, documents
from assay.casework.services.acting import a_person
from assay.casework.services.custody import Link
from assay.casework.services.recording import Actor, record
from assay.casework.uploads import MOST_BYTES, Unfit, media_type
from assay.market.errors import CallerError

# A parcel on the table is photographed and sealed within days: what lies open longer proves less.
SEAL_WITHIN = timedelta(days=3)
# Longest a seller may promise for delivery; a later date is a slip of the year.
MOST_DELIVERY = timedelta(days=365)
# Ten million in major units: above it a decimal point is in the wrong place. Below the ledger's own limit.
MOST_COST_MINOR = 10**9
# Parcels that a person carries; heavier is grams taken for another unit.
MOST_WEIGHT_G = 200_000.0
# At which stages a buy may end in which way, in the words of the plan's history.
FAILURES: dict[str, tuple[str, ...]] = {
    "not_bought": (TaskStage.TO_BUY, TaskStage.ORDERED),
    "not_delivered": (TaskStage.ORDERED,),
    "swapped": (TaskStage.RECEIVED,),
}
FAILURE_LABELS: dict[str, str | Promise] = {
    "not_bought": _("could not be bought"),
    "not_delivered": _("was not delivered"),
    "swapped": _("another article came"),
}
# What a photograph shows. Examiners see goods and seal; parcels carry names and addresses that they must not know.
VIEWS: dict[str, str | Promise] = {
    "goods": _("the goods"),
    "seal": _("the sealed parcel and its number"),
    "parcel": _("the parcel as it came, with its label"),
}

EVENTS: dict[str, str | Promise] = {
    "task.taken": _("took a test buy"),
    "task.assigned": _("gave a test buy to a buyer"),
    "task.ordered": _("ordered a test buy"),
    "task.received": _("received the parcel of a test buy"),
    "task.photographed": _("photographed a test buy"),
    "task.sealed": _("sealed a test buy"),
    "task.failed": _("ended a test buy without goods to examine"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What was ordered: the seller's number, what was paid in the programme's currency, when it should come."""

    order_no: str
    cost_minor: int
    due_at: datetime
    place: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What came: who brought it, its tracking number (may be empty), what it weighs as it came, and where it was."""

    carrier: str
    tracking_no: str
    weight_g: float
    place: str


@dataclass(frozen=True, slots=True)
class Seal:
    """How the goods were closed: the seal's number, where, and what they are said to be, for the examiner."""

    seal_no: str
    place: str
    said_brand: str
    said_model: str = ""


def take(actor: Actor, task: TestBuyTask) -> TestBuyTask:
    """A buyer takes a task that nobody has. WrongState when somebody was faster."""
    with transaction.atomic():
        row = locked(task)
        person = a_person(actor)
        if row.assigned_to_id not in (None, person.pk):
            said = gettext("Task %(unit)s was taken by somebody else; load the page again.") % {"unit": row.unit}
            raise WrongState(said, {"task": row.pk})
        if row.assigned_to_id == person.pk:
            return row
        need(person, "task.take", row)
        _need_open(row)
        row.assigned_to = person
        custody.add(row, person, Link("taken"), timezone.now())
        row.save(update_fields=["assigned_to", "custody_head"])
        record(actor, "task.taken", row, after=_after(row))
    return row


def assign(actor: Actor, task: TestBuyTask, buyer: Person) -> TestBuyTask:
    """Gives an open task to a buyer, whoever had it before. CallerError for somebody who is no active test buyer."""
    with transaction.atomic():
        row = locked(task)
        need(a_person(actor), "task.assign", row)
        _need_open(row)
        if buyer.role != Role.TEST_BUYER or not buyer.is_active:
            said = gettext("%(person)s is no active test buyer; choose one.") % {"person": buyer}
            raise CallerError(said, value=buyer.email, allowed="test buyers")
        if row.assigned_to_id == buyer.pk:
            return row
        before = {"assigned_to": row.assigned_to_id}
        row.assigned_to = buyer
        custody.add(row, a_person(actor), Link("handed_on", details={"to": str(buyer.pk)}), timezone.now())
        row.save(update_fields=["assigned_to", "custody_head"])
        record(actor, "task.assigned", row, before=before, after=_after(row))
    return row


def order(actor: Actor, task: TestBuyTask, what: Order) -> TestBuyTask:
    """The goods were ordered. CallerError for a missing order number, a cost or date that cannot be."""
    order_no, now = _text(what.order_no, _("order number"), 100), timezone.now()
    cost = _cost(what.cost_minor)
    if not now - timedelta(days=1) <= what.due_at <= now + MOST_DELIVERY:
        raise CallerError(
            gettext("Delivery on %(day)s cannot be; give a day from today on, within a year.")
            % {"day": f"{what.due_at:%Y-%m-%d}"},
            value=what.due_at.isoformat(),
            allowed="today to one year from now",
        )
    with transaction.atomic():
        row, person = _mine(actor, task)
        make_move(row, "task", "order", field="stage")
        row.order_no, row.cost_minor, row.due_at = order_no, cost, what.due_at
        details = {"order_no": order_no, "cost_minor": str(cost)}
        custody.add(row, person, Link("ordered", place=_place(what.place), details=details), now)
        row.save(update_fields=["stage", "order_no", "cost_minor", "due_at", "custody_head"])
        record(actor, "task.ordered", row, after=_after(row) | details)
    return row


def receive(actor: Actor, task: TestBuyTask, parcel: Parcel) -> TestBuyTask:
    """The parcel came and was weighed unopened. CallerError for a weight that no parcel has."""
    carrier, tracking_no = _text(parcel.carrier, _("carrier"), 100), _short(parcel.tracking_no, 100)
    place, now = _text(parcel.place, _("place"), 200), timezone.now()
    if not 0 < parcel.weight_g <= MOST_WEIGHT_G:
        raise CallerError(
            gettext("A parcel of %(weight)s g cannot be; give its weight in grams.")
            % {"weight": f"{parcel.weight_g:g}"},
            value=parcel.weight_g,
            allowed=f"above 0, at most {MOST_WEIGHT_G:,.0f}",
        )
    with transaction.atomic():
        row, person = _mine(actor, task)
        make_move(row, "task", "receive", field="stage")
        row.carrier, row.tracking_no, row.parcel_weight_g = carrier, tracking_no, parcel.weight_g
        row.due_at = now + SEAL_WITHIN
        details = {"carrier": carrier, "tracking_no": tracking_no, "weight_g": f"{parcel.weight_g:g}"}
        custody.add(row, person, Link("received", place=place, details=details), now)
        row.save(update_fields=["stage", "carrier", "tracking_no", "parcel_weight_g", "due_at", "custody_head"])
        record(actor, "task.received", row, after=_after(row) | details)
    return row


def photograph(actor: Actor, task: TestBuyTask, content: bytes | File[Any], filename: str, shows: str) -> Document:
    """Keeps a photograph of a unit; `shows` is one of `VIEWS`. Unfit (CallerError) for a file that is no picture."""
    if shows not in VIEWS:
        raise CallerError(
            gettext("%(shows)s is nothing that is photographed.") % {"shows": repr(shows)},
            value=shows,
            allowed=", ".join(VIEWS),
        )
    picture = picture_bytes(content)
    with transaction.atomic():
        row, person = _mine(actor, task)
        if row.stage not in (TaskStage.RECEIVED, TaskStage.SEALED):
            raise WrongState(
                gettext("Task %(unit)s has no parcel to photograph: it is “%(stage)s”; say first that it was received.")
                % {"unit": row.unit, "stage": row.get_stage_display()},
                where={"task": row.pk},
                value=row.stage,
                allowed="received, sealed",
            )
        # A label names the seller: kept under another kind, which no examiner may open wherever documents are shown.
        kind = DocumentKind.OTHER if shows == "parcel" else DocumentKind.PHOTOGRAPH
        document = documents.upload(actor, picture, filename, kind, task=row)
        details = {"document": str(document.pk), "shows": shows, "sha256": document.sha256}
        custody.add(row, person, Link("photographed", details=details), timezone.now())
        row.save(update_fields=["custody_head"])
        record(actor, "task.photographed", row, after=_after(row) | details)
    return document


def seal(actor: Actor, task: TestBuyTask, how: Seal) -> TestBuyTask:
    """Closes the goods under a seal; the unit then waits to be given to an examiner.

    CallerError without a photograph of the goods, or for a seal number that another unit of the programme has.
    """
    seal_no, place = _text(how.seal_no, _("seal number"), 60), _text(how.place, _("place"), 200)
    said_brand, said_model = _text(how.said_brand, _("brand of the goods"), 200), _short(how.said_model, 200)
    with transaction.atomic():
        row, person = _mine(actor, task)
        make_move(row, "task", "seal", field="stage")
        _need_goods_photographed(row)
        _need_new_seal(row, seal_no)
        row.seal_no, row.said_brand, row.said_model, row.due_at = seal_no, said_brand, said_model, None
        details = {"said_brand": said_brand, "said_model": said_model}
        custody.add(row, person, Link("sealed", seal_no=seal_no, place=place, details=details), timezone.now())
        row.save(update_fields=["stage", "seal_no", "said_brand", "said_model", "due_at", "custody_head"])
        record(actor, "task.sealed", row, after=_after(row) | {"seal_no": seal_no})
    return row


def fail(actor: Actor, task: TestBuyTask, outcome: str, note: str, *, place: str = "") -> TestBuyTask:
    """The buy ended without goods to examine: `outcome` is one of `FAILURES`, with a note of what happened.

    WrongState for an outcome that does not fit how far the buy had come: what was never ordered is not undelivered.
    """
    why = _text(note, _("note"), 2_000)
    if outcome not in FAILURES:
        raise CallerError(
            gettext("%(outcome)s is no way for a buy to end.") % {"outcome": repr(outcome)},
            value=outcome,
            allowed=", ".join(FAILURES),
        )
    with transaction.atomic():
        row, person = locked(task), a_person(actor)
        need(person, "task.fail", row)
        if row.stage not in FAILURES[outcome]:
            allowed = ", ".join(FAILURES[outcome])
            raise WrongState(
                gettext("Task %(unit)s cannot end as “%(outcome)s” while it is “%(stage)s”.")
                % {"unit": row.unit, "outcome": FAILURE_LABELS[outcome], "stage": row.get_stage_display()},
                where={"task": row.pk},
                value=row.stage,
                allowed=allowed,
            )
        make_move(row, "task", "fail", field="stage")
        row.outcome, row.note, row.finished_at, row.due_at = outcome, why, timezone.now(), None
        link = Link("failed", place=_place(place), note=why, details={"outcome": outcome})
        custody.add(row, person, link, row.finished_at)
        row.save(update_fields=["stage", "outcome", "note", "finished_at", "due_at", "custody_head"])
        record(actor, "task.failed", row, after=_after(row) | {"outcome": outcome}, reason=why)
    return row


def locked(task: TestBuyTask) -> TestBuyTask:
    """The row of a task, locked until the transaction ends."""
    return (
        TestBuyTask.objects.select_for_update(of=("self",), no_key=True)
        .select_related("programme", "assigned_to")
        .get(pk=task.pk)
    )


def picture_bytes(content: bytes | File[Any]) -> bytes:
    """The bytes of a picture; a PDF is a document that is kept elsewhere, but no photograph."""
    read = content if isinstance(content, bytes) else content.read(MOST_BYTES + 1)
    if not (found := media_type(read)).startswith("image/"):
        raise Unfit(
            gettext("A photograph is a JPEG, PNG or WebP file; this is %(kind)s.") % {"kind": found},
            value=found,
            allowed="JPEG, PNG, WebP",
        )
    return read


def _mine(actor: Actor, task: TestBuyTask) -> tuple[TestBuyTask, Person]:
    row, person = locked(task), a_person(actor)
    need(person, "task.buy", row)
    return row, person


def _need_open(row: TestBuyTask) -> None:
    if row.stage not in (TaskStage.TO_BUY, TaskStage.ORDERED, TaskStage.RECEIVED):
        raise WrongState(
            gettext("Task %(unit)s is “%(stage)s”: its buy is over and is given to nobody.")
            % {"unit": row.unit, "stage": row.get_stage_display()},
            where={"task": row.pk},
            value=row.stage,
            allowed="to_buy, ordered, received",
        )


def _need_goods_photographed(row: TestBuyTask) -> None:
    if "goods" not in photograph_views(row).values():
        raise CallerError(
            gettext("Task %(unit)s has no photograph of the goods; take at least one before they are sealed.")
            % {"unit": row.unit},
            where={"task": row.pk},
            allowed="one photograph of the goods or more",
        )


def _need_new_seal(row: TestBuyTask, seal_no: str) -> None:
    wanted = plain_seal(seal_no)
    others = TestBuyTask.objects.filter(programme_id=row.programme_id).exclude(pk=row.pk).exclude(seal_no="")
    if any(plain_seal(each) == wanted for each in others.values_list("seal_no", flat=True)):
        raise CallerError(
            gettext("Seal number %(seal)s is on another unit of this programme; every seal has its own number.")
            % {"seal": seal_no},
            where={"task": row.pk},
            value=seal_no,
            allowed="a number that was not used",
        )


def _text(value: str, name: str | Promise, most: int) -> str:
    text = " ".join(value.split())
    if not text or len(text) > most:
        raise CallerError(
            gettext("Give the %(name)s, at most %(most)d characters; it has %(n)d.")
            % {"name": name, "most": most, "n": len(text)},
            value=text[:40],
            allowed=f"1 to {most}",
        )
    return text


def _short(value: str, most: int) -> str:
    return " ".join(value.split())[:most]


def _place(value: str) -> str:
    return _short(value, 200)


def _cost(cost_minor: int) -> int:
    if not 0 <= cost_minor <= MOST_COST_MINOR:
        raise CallerError(
            gettext("A cost of %(cost)s minor units cannot be.") % {"cost": f"{cost_minor:,}"},
            value=cost_minor,
            allowed=f"0 to {MOST_COST_MINOR:,}",
        )
    return cost_minor


def _after(row: TestBuyTask) -> dict[str, str | int | None]:
    """What the log says of every step, with the hash of its link, so that the log vouches for the chain.

    People stand by number, as in the chain: their names may be erased one day.
    """
    return {"stage": row.stage, "assigned_to": row.assigned_to_id, "custody": row.custody_head}
