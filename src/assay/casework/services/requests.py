"""Requests for an invoice that the merchant has answered: what must be read first, and how they end."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.models import Action, Decision, DecisionState, Item
from assay.casework.moves import WrongState, make_move
from assay.casework.queries.documents import answered_requests, with_unopened
from assay.casework.reasons import BY_CODE
from assay.casework.services import effects, statements
from assay.casework.services.recording import Actor, record

EVENTS = {
    "decision.settled": _("ended a request for an invoice: what was sent has been decided about"),
}
# Says that nothing was received.
NO_PROVENANCE = "no-provenance"


class Unopened(WrongState):
    """A document came that no reviewer has opened, and the reason says that none did. Over HTTP: 409."""


def need_opened(item: Item, reason_code: str) -> None:
    """Nobody says that no proof was received while one lies there unread."""
    if reason_code == NO_PROVENANCE and with_unopened([item.pk]):
        raise Unopened(
            gettext(
                "The merchant sent a document about item %(item)s that no reviewer has opened, so the reason "
                "“%(reason)s” cannot be given yet; open the document on the item's page first."
            )
            % {"item": item, "reason": BY_CODE[NO_PROVENANCE].label},
            where={"item": item.pk},
            value=reason_code,
        )


def locked(decision: Decision) -> list[Decision]:
    """The answered requests that a decision in the making ends, locked before anything is recorded."""
    rows = answered_requests(before=decision).select_for_update(of=("self",), no_key=True)
    return list(rows.select_related("item").order_by("pk"))


def settle(actor: Actor, decision: Decision, answered: list[Decision], now: datetime) -> None:
    """A request that was answered has done its work: it ends, and where no statement is sent a short letter is.

    Call it in the transaction that puts `decision` in force, with its item and what `locked` gave.
    """
    for row in answered:
        if decision.action == Action.NONE:
            statements.settle(actor, decision, row)
        if row.state != DecisionState.IN_FORCE:
            continue
        make_move(row, "decision", "expire")
        row.ended_at = now
        row.save(update_fields=["state", "ended_at"])
        effects.emit_decision(row, "lift", by=decision)
        said = {"state": row.state, "by": decision.reference}
        record(actor, "decision.settled", row, before={"state": "in_force"}, after=said)
