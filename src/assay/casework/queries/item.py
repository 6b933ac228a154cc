"""One item as a reviewer sees it: the frozen finding, the merchant around it, what was made of it so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext

from assay.casework.access import NotThere, may
from assay.casework.choices import Choice
from assay.casework.findings import Content, Discrepancy, Step
from assay.casework.models import (
    Action,
    Decision,
    DecisionState,
    Document,
    Gold,
    Item,
    ItemState,
    Person,
    Review,
    ReviewKind,
)
from assay.casework.queries.blind import is_blind_to, kind_in_hand, passing_as_open, tells_itself
from assay.casework.queries.documents import about_item, answered_requests
from assay.casework.queries.harm import counting
from assay.casework.queries.history import Told, history_of
from assay.casework.queries.marking import Piece, pieces, unplaced
from assay.casework.queries.pictures import Shown, pictures_of
from assay.casework.reasons import needs_second_person
from assay.casework.services import gold, strikes
from assay.casework.signal_words import in_own_words
from assay.market.errors import CallerError

# What fits beside the finding; the queue filtered by the merchant shows all.
_OTHERS_SHOWN = 8
# A waterfall with more steps is not read; the small ones stand together.
_STEPS_SHOWN = 12
_LEAST_STEP = 0.5


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Everything on the page; of what somebody is to judge blindly, answers, decisions and history are left out.

    `works` says that the person reviews at all; `is_answered` that what the merchant was asked for waits for a look.
    `state` is what the page says of the item: a blind one is open, like any other.
    """

    item: Item
    content: Content | None
    is_mine: bool
    holder: str
    can_take: bool
    works: bool
    state: ItemState
    title: tuple[Piece, ...]
    description: tuple[Piece, ...]
    loose_marks: tuple[Piece, ...]
    discrepancies: tuple[Discrepancy, ...]
    merchant_discrepancies: tuple[Discrepancy, ...]
    steps: tuple[tuple[str, float], ...]
    pictures: tuple[Shown, ...]
    others: tuple[Item, ...]
    strike_weight: float
    n_in_force: int
    decisions: tuple[Decision, ...]
    reviews: tuple[Review, ...]
    history: tuple[Told, ...]
    documents: tuple[Document, ...]
    is_answered: bool
    is_gold: bool
    gold_source: str

    @property
    def can_be_gold(self) -> bool:
        """Whether the part about gold items is shown: an authentication has given the answer."""
        return bool(self.gold_source)


def the_item(person: Person, pk: int) -> Item:
    """The item; NotThere when there is none or the person may not know of it."""
    found = Item.objects.select_related("finding", "run", "claimed_by").filter(pk=pk).first()
    if found is None or not may(person, "item.read", found):
        raise NotThere(f"There is no item {pk}.", where={"item": pk}, value=pk)
    return found


def item_page(person: Person, item: Item, now: datetime) -> ItemPage:
    """The page for a person, in a number of queries that does not depend on the item."""
    content = content_of(item)
    blind = is_blind_to(person, item)
    unseen = [rows.filter(merchant_id=item.merchant_id) for rows in passing_as_open(person)]
    hidden = [pk for rows in unseen for pk in rows.values_list("pk", flat=True)]
    held = item.claimed_until is not None and item.claimed_until > now
    mine = held and item.claimed_by_id == person.pk
    decisions = () if blind else tuple(item.decisions.select_related("decided_by", "approved_by").order_by("-pk"))
    reviews = () if blind else tuple(_reviews(person, item))
    can_take = not held and may(person, "item.claim", item) and kind_in_hand(person, item) is not None
    marks = content.marks if content else ()
    return ItemPage(
        item=item,
        content=content,
        is_mine=mine,
        holder=str(item.claimed_by) if held and not mine else "",
        can_take=can_take,
        works=may(person, "item.claim", item),
        state=ItemState.OPEN if blind else ItemState(item.state),
        title=pieces(_title(item, content), marks, "title"),
        description=pieces(content.offer.description if content else "", marks, "description"),
        loose_marks=unplaced(marks),
        discrepancies=_weightiest_first(content.discrepancies if content else ()),
        merchant_discrepancies=_weightiest_first(content.merchant_discrepancies if content else ()),
        steps=_steps(content.waterfall.steps if content else ()),
        pictures=pictures_of(item, content),
        others=_others(item),
        strike_weight=_strike_weight(item, hidden),
        n_in_force=_n_in_force(item, hidden),
        decisions=decisions,
        reviews=reviews,
        documents=() if blind else tuple(about_item(item)),
        is_answered=not blind and answered_requests().filter(item=item).exists(),
        history=() if blind else history_of(item, decisions, reviews),
        is_gold=not blind and may(person, "gold.manage") and _is_gold(item),
        gold_source="" if blind else _gold_source(person, item),
    )


def content_of(item: Item) -> Content | None:
    """The frozen finding in the reader's words; None for one made by hand or by another version: nothing to show."""
    try:
        return in_own_words(Content.read(item.finding.content)) if item.finding else None
    except CallerError:
        return None


@dataclass(frozen=True, slots=True)
class Consequences:
    """What would follow from a choice, before it is made."""

    choice: Choice
    needs_second: bool
    has_statement: bool
    has_effect: bool
    strike: float
    ends_at: datetime | None


def consequences(item: Item, choice: Choice, now: datetime) -> Consequences:
    """Statement, strike, effect, end and whether a second person must agree."""
    days = choice.lasting_days
    restricts = choice.action != Action.NONE
    weight = strikes.policy_in_force().weight(choice.answer, choice.action, choice.reason_code)
    return Consequences(
        choice=choice,
        needs_second=needs_second_person(choice.action, counting().of([item])),
        has_statement=restricts,
        has_effect=restricts,
        strike=weight,
        ends_at=now + timedelta(days=days) if days else None,
    )


def _reviews(person: Person, item: Item) -> list[Review]:
    """Answers so far, without those that measure reviewers for whoever they may measure."""
    rows = item.reviews.select_related("person").order_by("-pk")
    if not may(person, "review.measured", item):
        rows = rows.exclude(kind__in=(ReviewKind.BLIND, ReviewKind.GOLD))
    return list(rows)


def _title(item: Item, content: Content | None) -> str:
    return (content.offer.title if content else "") or item.title or item.merchant_name or item.subject_id


def _weightiest_first(found: tuple[Discrepancy, ...]) -> tuple[Discrepancy, ...]:
    return tuple(sorted(found, key=lambda each: -(each.points or 0)))


def _steps(steps: tuple[Step, ...]) -> tuple[tuple[str, float], ...]:
    """Steps in points of the score with their notes; the small ones together, so that all still add up.

    The last label is empty for the ones that stand together.
    """
    moves = [(each, each.after - each.before) for each in steps]
    large = sorted((pair for pair in moves if abs(pair[1]) >= _LEAST_STEP), key=lambda pair: -abs(pair[1]))
    kept = {id(step) for step, _move in large[:_STEPS_SHOWN]}
    shown = [(_labelled(step), move) for step, move in moves if id(step) in kept]
    rest = sum(move for step, move in moves if id(step) not in kept)
    return (*shown, ("", rest)) if len(shown) < len(moves) else tuple(shown)


def _labelled(step: Step) -> str:
    return f"{step.label}{gettext(': ')}{step.note}" if step.note else step.label


def _others(item: Item) -> tuple[Item, ...]:
    rows = Item.objects.filter(merchant_id=item.merchant_id).exclude(pk=item.pk)
    return tuple(rows.order_by("-rank", "id")[:_OTHERS_SHOWN])


def _strike_weight(item: Item, hidden: list[int]) -> float:
    """Strikes that count against the merchant; without those of items that the person is to judge blindly."""
    rules = strikes.policy_in_force()
    counted = strikes.standing(item.merchant_id, policy=rules)
    if not hidden:
        return counted.weight
    others = [(each.given_at, each.weight) for each in counted.strikes if each.decision.item_id not in hidden]
    return strikes.weigh(others, rules.together_days)


def _n_in_force(item: Item, hidden: list[int]) -> int:
    rows = Decision.objects.filter(merchant_id=item.merchant_id, state=DecisionState.IN_FORCE)
    return rows.exclude(action=Action.NONE).exclude(item__in=hidden).count()


def _gold_source(person: Person, item: Item) -> str:
    """What has authenticated a decided item, for those who keep the gold items."""
    if item.state != ItemState.DECIDED or not may(person, "gold.manage", item):
        return ""
    known = None if tells_itself(item) else gold.evidence_for(item)
    return gold.in_words(known.source) if known else ""


def _is_gold(item: Item) -> bool:
    return Gold.objects.filter(item=item, retired_at=None).exists()
