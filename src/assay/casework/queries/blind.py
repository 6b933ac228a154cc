"""Items that somebody is to judge without knowing what others made of them: blind second reviews and gold items.

For a person who may be asked about such an item, it looks like any open one: no answer, no decision, no history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from assay.casework.findings import AUTHENTICATION
from assay.casework.models import Appeal, Decision, Gold, Item, ItemState, Person, Review, ReviewKind, Role, Stream
from assay.casework.moves import WrongState

if TYPE_CHECKING:
    from collections.abc import Callable


def blind_for(person: Person) -> QuerySet[Item]:
    """Decided items that wait for a second answer, and of which this person knows nothing."""
    return _unknown_to(person, Item.objects.filter(state=ItemState.DECIDED, needs_blind_review=True))


def gold_for(person: Person) -> QuerySet[Item]:
    """Items with a known answer that this person has neither answered, decided nor put among the gold items."""
    live = Gold.objects.filter(item=OuterRef("pk"), retired_at=None).exclude(added_by=person)
    return _unknown_to(person, Item.objects.filter(Exists(live), state=ItemState.DECIDED))


def tells_itself(item: Item) -> bool:
    """Whether the page of the item says what an examination found: whoever reads it has nothing left to judge."""
    facts = item.finding.content.get("facts", ()) if item.finding else ()
    return item.stream == Stream.TEST_BUY or any(
        isinstance(each, dict) and each.get("id") == AUTHENTICATION for each in facts
    )


def _unknown_to(person: Person, rows: QuerySet[Item]) -> QuerySet[Item]:
    """Without items that the person had a part in, and without those that nobody can judge blindly."""
    reviewed = Review.objects.filter(item=OuterRef("pk"), person=person)
    decided = Decision.objects.filter(Q(decided_by=person) | Q(approved_by=person), item=OuterRef("pk"))
    return _judged_blindly(rows).filter(~Exists(reviewed), ~Exists(decided))


def _judged_blindly(rows: QuerySet[Item]) -> QuerySet[Item]:
    """Without those of test buys, which tell themselves, and those that an appeal opened to all who may answer it."""
    appealed = Appeal.objects.filter(decision__item=OuterRef("pk"))
    return rows.filter(~Exists(appealed)).exclude(stream=Stream.TEST_BUY)


_POOLS: dict[str, Callable[[Person], QuerySet[Item]]] = {ReviewKind.GOLD: gold_for, ReviewKind.BLIND: blind_for}


def kind_for(person: Person, item: Item) -> ReviewKind | None:
    """What an answer of this person about this item would be: a first review, a blind one, gold; None for none."""
    if item.state == ItemState.OPEN:
        return ReviewKind.FIRST
    if item.state != ItemState.DECIDED:
        return None
    held = item.claimed_for if item.claimed_by_id == person.pk else ""
    kinds = (held, *_POOLS) if held in _POOLS else tuple(_POOLS)
    for kind in kinds:
        if _POOLS[kind](person).filter(pk=item.pk).exists():
            return ReviewKind(kind)
    return None


def kind_in_hand(person: Person, item: Item) -> ReviewKind | None:
    """The same for an item that the person picks or holds.

    Seniors see what was decided of every item that they do not hold: what they pick they cannot judge blindly.
    """
    kind = kind_for(person, item)
    has_seen = person.role == Role.SENIOR and item.claimed_by_id != person.pk
    return None if kind in _POOLS and has_seen else kind


def needed_kind(person: Person, item: Item) -> ReviewKind:
    """The same; WrongState when there is nothing to answer."""
    kind = kind_in_hand(person, item)
    if kind is None:
        raise WrongState(
            gettext("Item %(item)s is %(state)s: there is nothing to answer about it now.")
            % {"item": item, "state": item.get_state_display()},
            where={"item": item.pk},
            value=item.state,
            allowed=ItemState.OPEN,
        )
    return kind


def is_blind_to(person: Person, item: Item) -> bool:
    """Whether this person must not see what was made of the item.

    Analysts may be asked about any such item; seniors need to see decisions for their work, and are blind only to what
    they hold.
    """
    if item.state != ItemState.DECIDED or person.role not in (Role.ANALYST, Role.SENIOR):
        return False
    if person.role == Role.SENIOR and item.claimed_by_id != person.pk:
        return False
    return kind_for(person, item) in _POOLS


def is_asked_blindly(item: Item) -> bool:
    """Whether a decided item waits for somebody's blind answer, or is given to reviewers as a gold item."""
    live = Gold.objects.filter(item=OuterRef("pk"), retired_at=None)
    wanted = Item.objects.filter(Exists(live) | Q(needs_blind_review=True), pk=item.pk)
    return _judged_blindly(wanted).exists()


def without_blind(person: Person, decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """Decisions without those about items that the person may still be asked about."""
    if person.role not in (Role.ANALYST, Role.SENIOR):
        return decisions
    unseen = [Exists(pool(person).filter(pk=OuterRef("item_id"), **_held(person))) for pool in _POOLS.values()]
    return decisions.filter(*(~each for each in unseen))


def items_without_blind(person: Person, rows: QuerySet[Item]) -> QuerySet[Item]:
    """The same for a list of items in a state other than open."""
    if person.role not in (Role.ANALYST, Role.SENIOR):
        return rows
    unseen = [Exists(pool(person).filter(pk=OuterRef("pk"), **_held(person))) for pool in _POOLS.values()]
    return rows.filter(*(~each for each in unseen))


def passing_as_open(person: Person) -> list[QuerySet[Item]]:
    """Sets of items that must be found among the open ones: one that is found nowhere would be told apart.

    A set for each reason to ask blindly; an item may be in two.
    """
    if person.role not in (Role.ANALYST, Role.SENIOR):
        return []
    return [pool(person).filter(**_held(person)) for pool in _POOLS.values()]


def _held(person: Person) -> dict[str, Person]:
    """Seniors are blind only to what they hold."""
    return {"claimed_by": person} if person.role == Role.SENIOR else {}
