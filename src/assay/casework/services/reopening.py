"""Which decided items a newer rating opens again, and why: not out of sight for good, not twice for nothing."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef

from assay.casework.findings import Content
from assay.casework.models import Action, Appeal, AppealState, Decision, DecisionState, Finding, Item
from assay.market.scores import AT_RISK_SCORE, RED_FLAG_SCORE


def last_words(items: Iterable[Item]) -> dict[int, Decision]:
    """The last decision about each decided item, with its finding, where a rating may open the item again.

    Not where something done to the subject still holds, and not while an appeal waits for its answer: whoever wins it
    must not find the same case opened meanwhile.
    """
    waiting = Exists(Appeal.objects.filter(decision=OuterRef("pk"), state=AppealState.OPEN))
    rows = Decision.objects.filter(item__in=items).annotate(is_appealed=waiting).select_related("finding")
    last: dict[int, Decision] = {}
    kept: set[int] = set()
    for row in rows.order_by("decided_at", "id"):
        last[row.item_id] = row
        if row.is_appealed or (row.state == DecisionState.IN_FORCE and row.action != Action.NONE):
            kept.add(row.item_id)
    return {pk: row for pk, row in last.items() if pk not in kept}


def why_again(last: Decision, content: Content) -> str:
    """Why a flagged subject is looked at again after its last decision; empty when it is not.

    What was done for a time is over with it: the subject is like any other, and flagged. Where nothing was done, or
    what was done was taken back, somebody has looked at these very facts: only what is new is worth another look.
    """
    if last.state == DecisionState.EXPIRED:
        return f"What decision {last.reference} did has ended, and a newer rating flags it still."
    if last.state == DecisionState.IN_FORCE:
        return _what_is_new(last.finding, content, "nothing was done")
    return _what_is_new(last.finding, content, f"decision {last.reference}, which was taken back, was made")


def _what_is_new(seen: Finding, content: Content, then: str) -> str:
    """What is worse now than in an earlier finding; empty when nothing is.

    The score has risen into a higher band, or a discrepancy of the subject's own that adds points is of a kind that was
    not there. What only the merchant of the goods shows is looked at with the merchant.
    """
    score = content.waterfall.score
    if _band(score) > _band(seen.score):
        return f"The score was {seen.score:.1f} when {then} and is {score:.1f} now."
    known = {each.get("signal") for each in seen.content.get("discrepancies", ())}
    fresh = sorted(each.signal for each in content.discrepancies if (each.points or 0) > 0 and each.signal not in known)
    return f"What did not fit when {then} did not include {', '.join(fresh)}." if fresh else ""


def _band(score: float) -> int:
    return (score >= AT_RISK_SCORE) + (score >= RED_FLAG_SCORE)
