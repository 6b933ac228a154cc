"""What may be decided without a person, by category: little, set by seniors, less after every error that is found."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.choices import Choice
from assay.casework.models import (
    Action,
    Answer,
    AutomationPolicy,
    Decision,
    Item,
    ItemState,
    Stream,
    StrikeProposal,
)
from assay.casework.moves import WrongState
from assay.casework.queries.blind import tells_itself
from assay.casework.queries.harm import counting
from assay.casework.queries.queue import free
from assay.casework.reasons import HIGH_IMPACT_HARM_MINOR, SEVERITY, is_more_severe
from assay.casework.services.acting import need_of
from assay.casework.services.decisions import AUTOMATION_AT_MOST, decide
from assay.casework.services.recording import AUTOMATION, Actor, record
from assay.casework.turns import every_one
from assay.market.errors import CallerError

EVENTS = {
    "automation.set": _("set what may be decided without a person"),
    "automation.lowered": _("let less be decided without a person"),
}
# Where no senior has set anything, a person looks at everything.
_OFF = (Action.NONE, 100.0)
# A score below this is wrong more often than one time in five by its own meaning; nobody may automate that.
LEAST_SCORE = 80.0
# Decided in one turn of the worker: what is left waits a minute and no turn takes long.
_MOST_AT_ONCE = 500
# The reason that rests on the facts alone: nobody has looked at the goods.
_REASON = "facts-do-not-fit"


def policy_for(category: str) -> tuple[Action, float]:
    """The most severe action and the least score in a category: its own policy, that of every other one, or none."""
    rows = {row.category: row for row in AutomationPolicy.objects.filter(category__in={category, ""})}
    row = rows.get(category) or rows.get("")
    return (Action(row.most_severe_action), row.least_score) if row else _OFF


def may_alone(category: str, action: str, score: float) -> bool:
    """Whether an action may be taken in a category at a score without a person; never more than a demotion."""
    most, least = policy_for(category)
    if action == Action.NONE or is_more_severe(action, AUTOMATION_AT_MOST):
        return False
    return not is_more_severe(action, most) and score >= least


def decide_automatically(item: Item) -> Decision | None:
    """Takes the most severe action that the policy allows about an open item that nobody holds; None for none.

    The answer is that nobody can tell: a score is no answer about goods, and must not come back as one when verdicts
    are exported to calibrate the next score. Some items are left to people whatever their score: see `_for_people`.
    """
    with transaction.atomic():
        locked = Item.objects.select_for_update(of=("self",), no_key=True).select_related("finding")
        return _decided_alone(locked.get(pk=item.pk))


def _decided_alone(item: Item) -> Decision | None:
    action, least = policy_for(item.category)
    is_free = item.state == ItemState.OPEN and (item.claimed_until is None or item.claimed_until <= timezone.now())
    if not is_free or item.score < least or not may_alone(item.category, action, item.score) or _for_people(item):
        return None
    return decide(AUTOMATION, item, Choice(Answer.INCONCLUSIVE, action, _REASON, is_automatic=True))


def decide_due(limit: int = _MOST_AT_ONCE) -> int:
    """Decides what the policies allow among open items, most pressing first; gives how many. The worker calls it."""
    return every_one(_candidates(limit), _is_decided)


def _is_decided(item: Item) -> bool:
    try:
        return decide_automatically(item) is not None
    except WrongState:  # somebody took it meanwhile
        return False


def _candidates(limit: int) -> list[Item]:
    policies = {row.category: row for row in AutomationPolicy.objects.all()}
    found: list[Item] = []
    rows = Item.objects.filter(
        free(timezone.now()),
        ~counting().is_high,
        state=ItemState.OPEN,
        inclusion_probability=None,
    )
    rows = rows.filter(
        ~Q(stream=Stream.TEST_BUY),
        ~Exists(Decision.objects.filter(item=OuterRef("pk"))),
        ~Exists(StrikeProposal.objects.filter(item=OuterRef("pk"))),
    )
    for category, policy in policies.items():
        if policy.most_severe_action != Action.NONE:
            own = Q(category=category) if category else ~Q(category__in=[each for each in policies if each])
            wanted = rows.filter(own, score__gte=policy.least_score).select_related("finding")
            found += wanted.order_by("-rank", "id")[:limit]
    return found[:limit]


def _for_people(item: Item) -> bool:
    """What a person answers whatever the score.

    Items drawn at random measure the score itself, also when they are flagged. What causes most harm deserves more than
    a demotion. About an item that was decided before, people have had their say: deciding it again would fight them.
    What an examination or a merchant's strikes brought here is known better than by its score.
    """
    return (
        item.inclusion_probability is not None
        or tells_itself(item)
        or counting().of([item]) >= HIGH_IMPACT_HARM_MINOR
        or item.decisions.exists()
        or item.strike_proposals.exists()
    )


def set_policy(actor: Actor, *, category: str, most_severe_action: str, least_score: float) -> AutomationPolicy:
    """Sets what may be decided without a person in one category, or with "" in every other one."""
    if most_severe_action not in Action.values or is_more_severe(most_severe_action, AUTOMATION_AT_MOST):
        allowed = ", ".join(SEVERITY[: SEVERITY.index(AUTOMATION_AT_MOST) + 1])
        raise CallerError(
            gettext("The automation may not take the action %(action)s alone; allowed: %(allowed)s.")
            % {"action": repr(most_severe_action), "allowed": allowed},
            where={"field": "most_severe_action"},
            value=most_severe_action,
            allowed=allowed,
        )
    if not LEAST_SCORE <= least_score <= 100.0:
        raise CallerError(
            gettext("The least score is %(score)g; it lies between %(least)g and 100.")
            % {"score": least_score, "least": LEAST_SCORE},
            where={"field": "least_score"},
            value=least_score,
            allowed=f"{LEAST_SCORE:g} to 100",
        )
    with transaction.atomic():
        need_of(actor, "automation.set")
        row = _locked(category.strip())
        before = _said(row) if row.pk else None
        row.most_severe_action, row.least_score = most_severe_action, least_score
        row.lowered_because, row.updated_at = "", timezone.now()
        row.save()
        record(actor, "automation.set", row, before=before, after=_said(row))
    return row


@dataclass(frozen=True, slots=True)
class Lowered:
    """A policy that was taken one step down, what it said before, and why."""

    row: AutomationPolicy
    before: dict[str, object]
    reason: str


def lower(category: str, reason: str, *, actor: Actor = AUTOMATION) -> AutomationPolicy | None:
    """Takes the category's most severe action one step down after an error; None where there was nothing to take.

    A category without a policy of its own gets one: an error about watches says nothing about shoes. A senior can
    set it anew, and sees why it was lowered.
    """
    with transaction.atomic():
        done = write_lower(category, reason)
        if done is None:
            return None
        record_lowered(done, actor=actor)
    return done.row


def write_lower(category: str, reason: str) -> Lowered | None:
    """`lower` without its event, for a caller that has more to lock: it records with `record_lowered` after that."""
    row = _locked(category)
    most, least = (Action(row.most_severe_action), row.least_score) if row.pk else policy_for(category)
    if most == Action.NONE:
        return None
    before: dict[str, object] = {"category": category, "most_severe_action": most.value, "least_score": least}
    row.most_severe_action = SEVERITY[SEVERITY.index(most) - 1]
    row.least_score, row.lowered_because, row.updated_at = least, reason[:300], timezone.now()
    row.save()
    return Lowered(row, before, reason)


def record_lowered(done: Lowered, *, actor: Actor = AUTOMATION) -> None:
    """The audit event of `write_lower`."""
    record(actor, "automation.lowered", done.row, before=done.before, after=_said(done.row), reason=done.reason)


def _locked(category: str) -> AutomationPolicy:
    found = AutomationPolicy.objects.select_for_update(of=("self",), no_key=True).filter(category=category).first()
    return found or AutomationPolicy(category=category)


def _said(row: AutomationPolicy) -> dict[str, object]:
    return {
        "category": row.category,
        "most_severe_action": str(row.most_severe_action),
        "least_score": row.least_score,
    }
