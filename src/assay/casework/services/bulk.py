"""Many items with one choice: said beforehand for every row, done row by row, undone together.

Every row is a decision of its own in a transaction of its own: five hundred in one would keep everybody else from
writing meanwhile, and one row that somebody took in between would undo the rest.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import NotThere, Refused, may
from assay.casework.choices import Choice, check
from assay.casework.models import Decision, DecisionState, Item, ItemState, Person
from assay.casework.moves import WrongState
from assay.casework.queries.blind import passing_as_open, without_blind
from assay.casework.queries.documents import with_unopened
from assay.casework.queries.harm import counting
from assay.casework.reasons import needs_second_person
from assay.casework.services.acting import the_person
from assay.casework.services.decisions import needed_reason, undo
from assay.casework.services.recording import Actor
from assay.casework.services.renewing import Outdated
from assay.casework.services.requests import NO_PROVENANCE, Unopened
from assay.casework.services.reviews import answer
from assay.market.errors import CallerError

# As many as somebody can still look through before saying yes.
MOST_ITEMS = 500


class Fate(models.TextChoices):
    """What happens, or happened, to one row."""

    ACTS = "acts", _("takes effect")
    PROPOSES = "proposes", _("waits for a second person")
    HELD = "held", _("skipped: somebody else holds it")
    NOT_OPEN = "not_open", _("skipped: no longer open")
    DOES_NOT_FIT = "does_not_fit", _("skipped: the choice is not for this kind of item")
    UNOPENED = "unopened", _("skipped: a document came that nobody has opened")
    CHANGED = "changed", _("skipped: what is known has changed since you looked")


# The fates of items that are answered.
DECIDES = (Fate.ACTS, Fate.PROPOSES)


@dataclass(frozen=True, slots=True)
class Row:
    """One item and its fate."""

    item: Item
    fate: Fate
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What was done: the batch's id, and every row."""

    id: str
    rows: tuple[Row, ...]

    @property
    def n_done(self) -> int:
        """Rows that were answered: decisions, and what looked like them to whoever answered blindly."""
        return sum(row.fate in DECIDES for row in self.rows)

    @property
    def skipped(self) -> Counter[Fate]:
        """How many rows were left alone, by what kept them."""
        return Counter(row.fate for row in self.rows if row.fate not in DECIDES)

    @property
    def n_decisions(self) -> int:
        """Rows that became decisions, which can be undone together."""
        return sum(row.decision is not None for row in self.rows)


def plan(actor: Actor, items: Sequence[Item], choice: Choice) -> tuple[Row, ...]:
    """What would happen to each item; nothing is written. CallerError for none or more than MOST_ITEMS."""
    person, now = the_person(actor, "item.bulk"), timezone.now()
    need_some(items)
    blind = {
        pk
        for rows in passing_as_open(person)
        for pk in rows.filter(pk__in=[each.pk for each in items]).values_list("pk", flat=True)
    }
    rows = [Row(each, _fate(person, each, choice, now, is_blind=each.pk in blind)) for each in items]
    rows = _without_unopened(rows, choice, blind)
    if not needs_second_person(choice.action, together_minor(rows)):
        return tuple(rows)
    return tuple(replace(row, fate=Fate.PROPOSES) if row.fate == Fate.ACTS else row for row in rows)


def together_minor(rows: Iterable[Row]) -> int:
    """The harm of everything that is decided at once."""
    return counting().of(row.item for row in rows if row.fate in DECIDES)


def apply(actor: Actor, items: Sequence[Item], choice: Choice, *, seen: Mapping[int, int] | None = None) -> Batch:
    """Decides about every item that can be decided, under one batch; the others are skipped and say why.

    `seen` holds for each item's id the finding that the person looked at; an item that rests on another one by now is
    skipped too. Without it, every item is taken as it stands.
    """
    batch = f"B-{secrets.token_hex(8)}"
    planned = plan(actor, items, choice)
    harm, seen = together_minor(planned), seen or {}
    return Batch(batch, tuple(_apply_one(actor, row, choice, batch, harm, seen.get(row.item.pk)) for row in planned))


@dataclass(frozen=True, slots=True)
class Undone:
    """How many decisions of a batch were undone, and those that were not with what kept them."""

    n_undone: int
    kept: tuple[tuple[Decision, str], ...]


def undo_batch(actor: Actor, batch: str, *, reason: str) -> Undone:
    """Undoes every decision of a batch that still stands; NotThere when there is no such batch.

    What the person is to judge blindly is left, and not told of.
    """
    reason = needed_reason(reason)
    rows = list(without_blind(the_person(actor, "decision.undo"), decisions_of(batch)))
    if not rows:
        raise NotThere(f"There is no batch {batch[:40]!r}.", where={"batch": batch[:40]}, value=batch[:40])
    standing = [row for row in rows if row.state in (DecisionState.IN_FORCE, DecisionState.PROPOSED)]
    kept: list[tuple[Decision, str]] = []
    for row in standing:
        try:
            undo(actor, row, reason=reason)
        except Refused:
            kept.append((row, gettext("you cannot undo this one; a senior can")))
        except WrongState as error:
            kept.append((row, error.message))
    return Undone(len(standing) - len(kept), tuple(kept))


def decisions_of(batch: str) -> models.QuerySet[Decision]:
    """The decisions of a batch, in the order they were made; none for an empty id."""
    rows = Decision.objects.filter(batch=batch) if batch else Decision.objects.none()
    return rows.select_related("item", "decided_by").order_by("pk")


def _apply_one(actor: Actor, row: Row, choice: Choice, batch: str, harm_minor: int, finding: int | None) -> Row:
    if row.fate not in DECIDES:
        return row
    try:
        given = answer(actor, row.item, choice, finding=finding, batch=batch, together_minor=harm_minor)
    except Unopened:
        return Row(row.item, Fate.UNOPENED)
    except Outdated:
        return Row(row.item, Fate.CHANGED)
    except WrongState:
        fresh = Item.objects.get(pk=row.item.pk)
        if finding not in (None, fresh.finding_id):
            return Row(fresh, Fate.CHANGED)
        return Row(fresh, Fate.HELD if fresh.state == ItemState.OPEN else Fate.NOT_OPEN)
    decision = given.decision
    if decision is None:
        return row  # a blind or a gold answer: whoever gave it is told what an open item's answer would be
    is_held = decision.state == DecisionState.PROPOSED
    return Row(row.item, Fate.PROPOSES if is_held else Fate.ACTS, decision)


def _fate(person: Person, item: Item, choice: Choice, now: datetime, *, is_blind: bool) -> Fate:
    """The item's own fate. What somebody may be asked about blindly has that of an open item, as on its own page."""
    if not (item.state == ItemState.OPEN or is_blind) or not may(person, "item.decide", item):
        return Fate.NOT_OPEN
    if item.claimed_until is not None and item.claimed_until > now and item.claimed_by_id != person.pk:
        return Fate.HELD
    try:
        check(choice, item.subject_type)
    except CallerError:
        return Fate.DOES_NOT_FIT
    return Fate.ACTS


def _without_unopened(rows: list[Row], choice: Choice, blind: set[int]) -> list[Row]:
    """Rows of which the reason would say that nothing was received while a document lies there unread."""
    if choice.reason_code != NO_PROVENANCE:
        return rows
    unread = with_unopened(row.item.pk for row in rows if row.fate in DECIDES) - blind
    return [replace(row, fate=Fate.UNOPENED) if row.item.pk in unread else row for row in rows]


def need_some(items: Sequence[Item]) -> None:
    """Refuses none and more than can be looked through."""
    if not 0 < len(items) <= MOST_ITEMS:
        raise CallerError(
            gettext("%(n)d items were chosen; choose 1 to %(most)d.") % {"n": len(items), "most": MOST_ITEMS},
            where={"field": "item"},
            value=len(items),
            allowed=f"1 to {MOST_ITEMS}",
        )
