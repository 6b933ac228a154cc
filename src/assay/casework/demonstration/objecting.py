"""The made-up merchant's side: one appeal that succeeds, and one that waits."""

from __future__ import annotations

from datetime import timedelta

from assay.casework.demonstration.clock import at
from assay.casework.demonstration.reviewing import Work
from assay.casework.models import Action, Answer, Decision, DecisionState, Item
from assay.casework.services import appeals, reviews
from assay.casework.services.appeals import Verdict
from assay.casework.services.decisions import Choice
from assay.casework.services.recording import Actor

_REMOVAL = Choice(Answer.COUNTERFEIT, Action.REMOVE, "facts-do-not-fit")
_HONEST = (
    "The goods were bought from the brand's own wholesaler in March. The price is low because it is last year's model; "
    "the invoice names the model and the quantity."
)
_WAITING = "We sell this model in several countries and do not see what should not fit. Please look at the offer again."
_ACCEPTED = "The invoice covers the model and the quantity offered, and its issuer confirmed it by telephone."


def removals(work: Work, items: list[Item]) -> list[Decision]:
    """Removes some goods of the merchant who has a login, so that there is something to object to.

    What needs a second person is agreed to by the senior whom nobody signs in as.
    """
    from assay.casework.services import decisions

    made = []
    for item, moment in zip(items, work.moments(len(items)), strict=True):
        with at(moment):
            decision = reviews.answer(Actor.of(work.cast.analysts[1]), item, _REMOVAL).decision
            if decision is not None and decision.state == DecisionState.PROPOSED:
                decision = decisions.approve(Actor.of(work.cast.seniors[1]), decision)
        if decision is not None:
            made.append(decision)
    work.made.extend(made)
    return made


def object_to(work: Work, made: list[Decision]) -> int:
    """Two appeals, where there are two decisions: the first is answered and reverses, the second waits."""
    merchant = work.cast.actor("merchant")
    if made:
        lodged = max(made[0].decided_at + timedelta(days=1), work.begun)
        with at(min(lodged, work.until - timedelta(hours=6))):
            first = appeals.lodge(merchant, made[0], text=_HONEST)
        with at(min(lodged + timedelta(days=2), work.until - timedelta(hours=1))):
            # Somebody who had no part in the decision: the login's own senior.
            appeals.answer(work.cast.actor("senior"), first, Verdict(is_reversed=True, reasons=_ACCEPTED))
    if len(made) > 1:
        with at(work.until - timedelta(hours=5)):
            appeals.lodge(merchant, made[1], text=_WAITING)
    return min(len(made), 2)
