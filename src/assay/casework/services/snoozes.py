"""Items put aside for a while, with a reason and an end; they come back by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.models import Item, ItemState
from assay.casework.moves import make_move
from assay.casework.queries.blind import is_blind_to
from assay.casework.services import claims
from assay.casework.services.acting import need_of, the_person
from assay.casework.services.decisions import needed_reason
from assay.casework.services.recording import WORKER, Actor, record
from assay.market.errors import CallerError

EVENTS = {
    "item.snoozed": _("put an item aside"),
    "item.woken": _("brought an item back to the queue"),
}
# A season: what is put aside for longer is not waited for but given up.
MOST_DAYS = 90
_BATCH = 500
_FIELDS = ["state", "snoozed_until", "updated_at", *claims.CLAIM_FIELDS]


def snooze(actor: Actor, item: Item, *, until: datetime, reason: str) -> Item:
    """Puts an open item aside until a time within MOST_DAYS; CallerError for another time or without a reason.

    One that the person was asked about blindly goes back to where it was: to them it is put aside like any other.
    """
    reason = needed_reason(reason)
    now = timezone.now()
    if not now < until <= now + timedelta(days=MOST_DAYS):
        raise CallerError(
            gettext("An item can be put aside until a time within %(most)d days from now, not until %(day)s.")
            % {"most": MOST_DAYS, "day": f"{until:%Y-%m-%d}"},
            where={"field": "until"},
            value=until.isoformat(),
            allowed=f"within {MOST_DAYS} days",
        )
    with transaction.atomic():
        row = Item.objects.select_for_update(of=("self",), no_key=True).get(pk=item.pk)
        person = the_person(actor, "item.snooze", row)
        claims.need_free(row, person, now)
        if is_blind_to(person, row):
            claims.let_go(row)
            row.save(update_fields=claims.CLAIM_FIELDS)
            record(actor, "item.released", row, reason=reason)
            return row
        before, after = make_move(row, "item", "snooze")
        row.snoozed_until, row.updated_at = until, now
        claims.let_go(row)
        row.save(update_fields=_FIELDS)
        said = {"state": after, "until": until.isoformat()}
        record(actor, "item.snoozed", row, before={"state": before}, after=said, reason=reason)
    return row


def wake(actor: Actor, item: Item) -> Item:
    """Brings an item back to the queue before its time."""
    with transaction.atomic():
        row = Item.objects.select_for_update(of=("self",), no_key=True).get(pk=item.pk)
        need_of(actor, "item.snooze", row)
        return _woken(actor, row)


def wake_due(actor: Actor = WORKER, now: datetime | None = None) -> int:
    """Brings back every item whose time has come; gives how many."""
    at = now or timezone.now()
    due = Item.objects.filter(state=ItemState.SNOOZED, snoozed_until__lte=at).order_by("snoozed_until")
    return sum(_wake_one(actor, pk, at) for pk in due.values_list("pk", flat=True)[:_BATCH])


def _wake_one(actor: Actor, pk: int, at: datetime) -> bool:
    with transaction.atomic():
        due = Item.objects.filter(pk=pk, state=ItemState.SNOOZED, snoozed_until__lte=at)
        row = due.select_for_update(of=("self",), no_key=True, skip_locked=True).first()
        if row is not None:
            _woken(actor, row)
    return row is not None


def _woken(actor: Actor, row: Item) -> Item:
    before, after = make_move(row, "item", "wake")
    row.snoozed_until, row.updated_at = None, timezone.now()
    row.save(update_fields=["state", "snoozed_until", "updated_at"])
    record(actor, "item.woken", row, before={"state": before}, after={"state": after})
    return row
