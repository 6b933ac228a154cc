"""Every move of every state in one table: from where, to where, who may, what it needs.

A service locks the row, calls `make_move`, saves and records the event in one transaction; there is no other way to
change a state.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Model
from django.utils.translation import gettext

from assay.market.errors import CallerError


class WrongState(CallerError):
    """The object is not where this move begins: somebody else was faster, or the page is old. Over HTTP: 409."""


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table. `evidence` says in words what the service insists on."""

    subject: str
    name: str
    sources: tuple[str, ...]
    target: str
    permission: str
    evidence: str = ""


_REVIEWED = "answer, action, reason code; nobody else holds it"
_ANOTHER = "another person than the one who proposed"
_OUTSIDER = "somebody without a part in the decision; reasons"

MOVES: tuple[Move, ...] = (
    Move("item", "propose", ("open",), "proposed", "item.decide", _REVIEWED),
    Move("item", "decide", ("open", "proposed"), "decided", "item.decide", _REVIEWED),
    Move("item", "snooze", ("open",), "snoozed", "item.snooze", "an end within 90 days, a reason"),
    Move("item", "wake", ("snoozed",), "open", "item.snooze"),
    Move(
        "item",
        "reopen",
        ("decided", "proposed", "closed"),
        "open",
        "item.decide",
        "an undone, refused or reversed decision, an answer to a request for an invoice, or new facts",
    ),
    Move(
        "item",
        "close",
        ("open", "snoozed"),
        "closed",
        "run.load",
        "a newer run in which it is no longer flagged, or strikes that reach no threshold any more and nothing else",
    ),
    Move("decision", "enforce", ("proposed",), "in_force", "decision.approve", _ANOTHER),
    Move("decision", "refuse", ("proposed",), "refused", "decision.approve", f"{_ANOTHER}; a reason"),
    Move("decision", "undo", ("in_force", "proposed"), "undone", "decision.undo", "a reason"),
    # What ended on time may still be objected to: its strike counts on, and the merchant may want to be told otherwise.
    Move("decision", "reverse", ("in_force", "expired"), "reversed", "appeal.answer", "a successful appeal"),
    Move(
        "decision",
        "expire",
        ("in_force",),
        "expired",
        "worker",
        "its end has come, or a request for an invoice was answered and decided about",
    ),
    Move("appeal", "uphold", ("open",), "upheld", "appeal.answer", _OUTSIDER),
    Move("appeal", "reverse", ("open",), "reversed", "appeal.answer", _OUTSIDER),
    Move("appeal", "withdraw", ("open",), "withdrawn", "appeal.lodge"),
    Move("task", "order", ("to_buy",), "ordered", "task.buy", "order number, cost"),
    Move("task", "receive", ("ordered",), "received", "task.buy", "parcel: tracking number, weight"),
    Move("task", "seal", ("received",), "sealed", "task.buy", "seal number, at least one photograph"),
    Move(
        "task",
        "fail",
        ("to_buy", "ordered", "received"),
        "done",
        "task.fail",
        "outcome not_bought, not_delivered or swapped; note",
    ),
    Move("task", "lose", ("sealed", "examined"), "done", "task.lose", "outcome not_delivered or swapped; a reason"),
    Move("task", "examine", ("sealed",), "examined", "task.examine", "a first examination that a second one follows"),
    Move(
        "task",
        "finish",
        ("sealed", "examined"),
        "done",
        "task.examine",
        "the outcome; a second, independent one where the first was positive",
    ),
    Move(
        "task",
        "take_over",
        ("to_buy", "ordered", "received", "sealed", "examined", "done"),
        "done",
        "programme.refresh",
        "an outcome in the programme's folder that was recorded there by hand",
    ),
    Move("effect", "deliver", ("waiting",), "delivered", "worker", "an answer of the receiver from 200 to 299"),
    Move("effect", "give_up", ("waiting",), "failed", "worker", "all tries used up, or the receiver says gone"),
    Move("effect", "retry", ("failed",), "waiting", "effect.retry", "a reason"),
    Move("effect", "send", ("unheard",), "waiting", "endpoint.keep", "an endpoint that exists by now; a reason"),
    Move("effect", "waive", ("failed", "waiting"), "waived", "effect.waive", "a reason"),
)

_BY_NAME = {(move.subject, move.name): move for move in MOVES}


def the_move(subject: str, name: str) -> Move:
    """A row of the table. KeyError when there is none."""
    return _BY_NAME[subject, name]


def make_move(row: Model, subject: str, name: str, *, field: str = "state") -> tuple[str, str]:
    """Sets the new state on a row that the caller has locked; gives the old and the new one. It does not save.

    WrongState when the row is not in a state that the move begins in.
    """
    move = the_move(subject, name)
    now = str(getattr(row, field))
    if now not in move.sources:
        raise WrongState(
            gettext(
                "%(subject)s %(row)s cannot be moved by %(move)s: it is %(now)s, the move begins in %(sources)s; load "
                "the page again to see where it stands."
            )
            % {
                "subject": subject,
                "row": row,
                "move": repr(name),
                "now": repr(now),
                "sources": " or ".join(repr(each) for each in move.sources),
            },
            where={subject: row.pk, "move": name},
            value=now,
            allowed=", ".join(move.sources),
        )
    setattr(row, field, move.target)
    return now, move.target
