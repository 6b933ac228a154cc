"""What opens an item again because its merchant has answered a request for an invoice."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assay.casework.models import Action, Decision, DecisionState, Item, ItemState
from assay.casework.queries.blind import is_asked_blindly
from assay.casework.queries.documents import answered_requests
from assay.casework.services.decisions import is_overtaken, locked_pair, reopen
from assay.casework.services.recording import Actor, record

EVENTS = {
    "decision.answered": _("the merchant answered a request for an invoice: the item is open again"),
}


def hear(actor: Actor, decision: Decision) -> bool:
    """Opens the item of a request for an invoice again, once the merchant has answered; gives whether it did.

    Call it in the transaction that keeps the answer. Nothing happens when the item is open already, was decided anew,
    or waits for a blind answer: then it opens when that is given or an appeal makes it impossible, and at the latest
    when the request ends.
    """
    item, row = locked_pair(decision)
    asks = row.action == Action.ASK_INVOICE and row.state == DecisionState.IN_FORCE
    if not asks or item.state != ItemState.DECIDED or is_overtaken(row) or is_asked_blindly(item):
        return False
    reopen(actor, item, timezone.now(), row, "answered")
    record(actor, "decision.answered", row, before={"item": "decided"}, after={"item": item.state})
    return True


def hear_later(actor: Actor, item: Item) -> None:
    """The same for what came while somebody was to judge a locked item blindly, once nobody is any more."""
    rows = answered_requests().filter(item=item, state=DecisionState.IN_FORCE)
    for request in list(rows.select_for_update(of=("self",), no_key=True).order_by("pk")):
        hear(actor, request)
