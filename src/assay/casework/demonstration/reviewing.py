"""What the made-up analysts and seniors did in the past days: answers, second opinions, undone and snoozed items."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from assay.casework.demonstration.cast import Cast
from assay.casework.demonstration.clock import at
from assay.casework.models import Action, Answer, Decision, DecisionState, Item, ItemState, Person, ReviewKind, Stream
from assay.casework.queries.blind import kind_for
from assay.casework.services import decisions, gold, reviews, snoozes
from assay.casework.services.decisions import Choice
from assay.casework.services.recording import Actor

# People err: one answer in twelve is another than the simulation's truth, so that agreement is not perfect.
ERROR_RATE = 1 / 12
# Of a hundred answers some twelve say that the facts do not suffice.
UNSURE_RATE = 0.12
_FAKE_LISTING = (
    (Action.REMOVE, "facts-do-not-fit", 6),
    (Action.REMOVE, "offered-as-copy", 2),
    (Action.DEMOTE, "facts-do-not-fit", 2),
    (Action.ASK_INVOICE, "no-provenance", 2),
    (Action.WARN, "brand-disguised", 1),
)
_FAKE_MERCHANT = ((Action.SUSPEND, "repeated", 2), (Action.DEMOTE, "facts-do-not-fit", 1), (Action.WARN, "identity", 1))


@dataclass(slots=True)
class Work:
    """Everything the reviewing needs: who is there, what is true, when it happened, and a seeded chance."""

    cast: Cast
    fakes: frozenset[str]
    begun: datetime
    until: datetime
    chance: random.Random
    made: list[Decision] = field(default_factory=list)

    def moments(self, n: int) -> Iterator[datetime]:
        """So many moments in order, from the beginning to the day before the end, in working hours as it were."""
        step = (self.until - timedelta(hours=20) - self.begun) / max(n, 1)
        return (self.begun + step * i + step * self.chance.uniform(0.1, 0.9) for i in range(n))


def review(work: Work, items: list[Item]) -> None:
    """Decides about the items in order, by several people over the days; seniors agree to most of what is held."""
    for item, moment in zip(items, work.moments(len(items)), strict=True):
        person = work.chance.choice(work.cast.analysts)
        with at(moment):
            decision = reviews.answer(Actor.of(person), item, choice_for(work, item)).decision
        if decision is not None:
            work.made.append(decision)
    held = [each for each in work.made if each.state == DecisionState.PROPOSED]
    for each in held[2:]:  # two are left for whoever signs in as the senior
        with at(each.decided_at + timedelta(hours=3)):
            _settle_held(work, each)


def _settle_held(work: Work, held: Decision) -> None:
    senior = Actor.of(work.cast.seniors[1])
    if work.chance.random() < 0.2:
        decisions.refuse(senior, held, reason="The facts shown do not suffice for this; ask for an invoice first.")
    else:
        decisions.approve(senior, held)


def choice_for(work: Work, item: Item) -> Choice:
    """What somebody who errs now and then makes of an item."""
    if work.chance.random() < UNSURE_RATE:
        return Choice(Answer.INCONCLUSIVE, Action.NONE, "too-little")
    is_fake = item.subject_id in work.fakes
    if (work.chance.random() < ERROR_RATE) != is_fake:
        kinds = _FAKE_MERCHANT if item.subject_type == "merchant" else _FAKE_LISTING
        weights = [weight for _, _, weight in kinds]
        action, reason, _ = work.chance.choices(kinds, weights)[0]
        return Choice(Answer.COUNTERFEIT, action, reason)
    return Choice(Answer.GENUINE, Action.NONE, work.chance.choice(("nothing-found", "authorised")))


def second_opinions(work: Work, n: int) -> None:
    """Answers some of the items that wait for a blind second review, each by somebody who has not seen it."""
    waiting = Item.objects.filter(needs_blind_review=True, state=ItemState.DECIDED).order_by("pk")
    for item, moment in zip(waiting[:n], work.moments(n), strict=False):
        for person in (*work.cast.analysts, *work.cast.seniors):
            if kind_for(person, item) == ReviewKind.BLIND:
                with at(max(moment, item.updated_at + timedelta(hours=1))):
                    reviews.answer(Actor.of(person), item, choice_for(work, item))
                break


def gold_items(work: Work, n: int) -> None:
    """Makes some authenticated items gold and has a few answered, as if they had come up in the queue."""
    senior = Actor.of(work.cast.seniors[1])
    added = 0
    for item in Item.objects.filter(state=ItemState.DECIDED, subject_type="listing").order_by("-score"):
        if added == n:
            break
        if gold.evidence_for(item) is not None:
            gold.add(senior, item)
            added += 1
            _answer_gold(work, item)


def _answer_gold(work: Work, item: Item) -> None:
    for person in work.cast.analysts[1:]:
        if kind_for(person, item) == ReviewKind.GOLD:
            reviews.answer(Actor.of(person), item, choice_for(work, item))
            return


def set_aside(work: Work, items: list[Item]) -> None:
    """Puts a few items aside until next week, and takes one decision back."""
    for item in items:
        until = work.until + timedelta(days=7)
        snoozes.snooze(work.cast.actor("analyst"), item, until=until, reason="The merchant has promised an invoice.")
    for decision in work.made:
        decision.refresh_from_db()
        is_own = decision.decided_by in work.cast.analysts and decision.approved_by is None
        if decision.state == DecisionState.IN_FORCE and decision.action == Action.DEMOTE and is_own:
            person: Person | None = decision.decided_by
            if person is not None:
                _take_back(work, person, decision)
            return


def _take_back(work: Work, person: Person, decision: Decision) -> None:
    with at(min(decision.decided_at + timedelta(hours=1), work.until)):
        decisions.undo(Actor.of(person), decision, reason="The wrong listing was chosen.")


def open_items(stream: str = Stream.FLAGGED, subject_type: str = "listing") -> list[Item]:
    """Open items in the order of the queue."""
    rows = Item.objects.filter(state=ItemState.OPEN, stream=stream, subject_type=subject_type)
    return list(rows.order_by("-rank", "pk"))
