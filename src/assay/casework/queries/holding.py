"""What is done to a subject right now: several decisions about one may be in force at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from assay.casework.models import Action, Decision, DecisionState, Item
from assay.casework.reasons import SEVERITY

_NEVER = datetime.max.replace(tzinfo=UTC)


def holding(item: Item, *, without: Iterable[Decision | None] = ()) -> list[Decision]:
    """The decisions in force that do something to an item's subject, but for some.

    The most severe is first; of equals the one that ends last, then the newest.
    """
    others = {each.pk for each in without if each is not None}
    rows = Decision.objects.filter(item=item, state=DecisionState.IN_FORCE).exclude(action=Action.NONE)
    return sorted((each for each in rows if each.pk not in others), key=_weight, reverse=True)


def _weight(decision: Decision) -> tuple[int, datetime, int]:
    return SEVERITY.index(decision.action), decision.ends_at or _NEVER, decision.pk
