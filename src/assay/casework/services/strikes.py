"""Strikes: given with a decision, cancelled with it, and counted; a threshold proposes to a person, never acts.

Strikes of one occasion count once: a sweep that removes a hundred offers in an afternoon is one occasion, because the
merchant could not read the first statement before the second. A strike keeps the weight and the end that its
statement of reasons named; a new policy weighs only what comes after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.models import Action, Answer, Decision, Strike, StrikePolicy
from assay.casework.moves import WrongState
from assay.casework.reasons import BY_CODE
from assay.casework.services.recording import Actor, record
from assay.market.errors import CallerError

EVENTS = {
    "strike.given": _("gave a strike"),
    "strike.cancelled": _("cancelled a strike"),
    "strike.proposed": _("put a merchant before people because of its strikes"),
    "strike.withdrawn": _("took back that a merchant's strikes reach a threshold"),
    "strike-policy.drafted": _("drafted a strike policy"),
    "strike-policy.switched_on": _("switched a strike policy on"),
}
# Actions that a threshold may propose: those that are about an account.
PROPOSABLE = (Action.WARN, Action.SUSPEND, Action.CLOSE)
MOST_WINDOW_DAYS = 3_650
MOST_WEIGHT = 10.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """From `at` strikes on, `action` is proposed to a person."""

    at: float
    action: str


@dataclass(frozen=True, slots=True)
class Policy:
    """How strikes are weighed and counted. `id` is None for the one that is built in.

    A decision weighs the weight of its action times that of its reason, and nothing unless it found a counterfeit.
    Strikes within `together_days` of the first of an occasion count as one, the heaviest.
    """

    actions: dict[str, float]
    reasons: dict[str, float]
    window_days: int
    together_days: int
    thresholds: tuple[Threshold, ...]
    id: int | None = None

    def weight(self, answer: str, action: str, reason_code: str) -> float:
        """What a decision weighs."""
        if answer != Answer.COUNTERFEIT:
            return 0.0
        return round(self.actions.get(action, 0.0) * self.reasons.get(reason_code, 0.0), 4)

    def reached(self, weight: float) -> Threshold | None:
        """The highest threshold that a standing has reached."""
        return max((each for each in self.thresholds if weight >= each.at), key=lambda each: each.at, default=None)

    def next_after(self, weight: float) -> Threshold | None:
        """The lowest threshold that it has not."""
        return min((each for each in self.thresholds if weight < each.at), key=lambda each: each.at, default=None)

    @classmethod
    def of(cls, row: StrikePolicy) -> Policy:
        """The policy that a row holds."""
        return cls(
            actions={k: float(v) for k, v in row.weights.get("actions", {}).items()},
            reasons={k: float(v) for k, v in row.weights.get("reasons", {}).items()},
            window_days=row.window_days,
            together_days=int(row.weights.get("together_days", 0)),
            thresholds=tuple(Threshold(float(each["at"]), each["action"]) for each in row.thresholds),
            id=row.pk,
        )


# In force until a senior switches another one on. Three strikes for counterfeits, where lesser infringements do not
# count, is Alibaba's rule as the Rouse law firm describes it (2022); there the third closes the shop, here it proposes
# a suspension, the milder step, to a person. A year's window and seven days for one occasion are our own choice: the
# first lets an account start afresh, the second gives a merchant time to read before a further strike counts.
SAFE_POLICY = Policy(
    actions={Action.DEMOTE: 0.5, Action.REMOVE: 1.0, Action.SUSPEND: 1.0},
    reasons={
        "authentication": 1.0,
        "offered-as-copy": 1.0,
        "unsafe": 1.0,
        "facts-do-not-fit": 1.0,
        "brand-disguised": 0.5,
        "no-provenance": 0.5,
    },
    window_days=365,
    together_days=7,
    thresholds=(Threshold(3.0, Action.SUSPEND),),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts against a merchant at one moment.

    `strikes` are all that are in force, oldest first; `weight` counts each occasion once. `reached` is the highest
    threshold the weight has reached, `ahead` the next one. `lighter_at` is when the first strike of them expires.
    """

    merchant_id: str
    at: datetime
    weight: float
    n_occasions: int
    strikes: tuple[Strike, ...]
    reached: Threshold | None
    ahead: Threshold | None

    @property
    def lighter_at(self) -> datetime | None:
        """When the next strike stops counting."""
        return min((each.expires_at for each in self.strikes), default=None)


def policy_in_force() -> Policy:
    """The newest policy that was switched on, else the built-in one."""
    row = StrikePolicy.objects.filter(switched_on_at__isnull=False).order_by("-switched_on_at", "-id").first()
    return SAFE_POLICY if row is None else Policy.of(row)


def weight_of(decision: Decision, policy: Policy | None = None) -> float:
    """The strike that a decision gives under the policy in force; 0 for none."""
    rules = policy or policy_in_force()
    return rules.weight(decision.answer, decision.action, decision.reason_code)


def give_for(actor: Actor, decision: Decision) -> Strike | None:
    """Gives the strike of a decision that has come into force, once; None when it weighs nothing.

    Call it in the decision's transaction. The decision must have no strike yet, or the one it has is returned.
    """
    given = Strike.objects.filter(decision=decision).first()
    if given is not None:
        return given
    rules = policy_in_force()
    weight = weight_of(decision, rules)
    if weight <= 0:
        return None
    at = decision.in_force_at or timezone.now()
    with transaction.atomic():
        strike = Strike.objects.create(
            merchant_id=decision.merchant_id,
            decision=decision,
            weight=weight,
            given_at=at,
            expires_at=at + timedelta(days=rules.window_days),
        )
        said = {"merchant": strike.merchant_id, "weight": weight, "expires_at": strike.expires_at.isoformat()}
        record(actor, "strike.given", strike, after={**said, "decision": decision.reference, "policy": rules.id})
    return strike


def cancel_for(actor: Actor, decision: Decision, *, reason: str) -> Strike | None:
    """Cancels the strike of a decision that was undone or reversed; None when there is none left to cancel."""
    with transaction.atomic():
        strike = locked_of(decision)
        if strike is None or strike.cancelled_at is not None:
            return None
        strike.cancelled_at = timezone.now()
        strike.save(update_fields=["cancelled_at"])
        said = {"merchant": strike.merchant_id, "weight": strike.weight, "decision": decision.reference}
        record(actor, "strike.cancelled", strike, before=said, reason=reason)
    return strike


def locked_of(decision: Decision) -> Strike | None:
    """The strike of a decision, locked until the transaction ends."""
    return Strike.objects.select_for_update(of=("self",), no_key=True).filter(decision=decision).first()


def standing(merchant_id: str, at: datetime | None = None, policy: Policy | None = None) -> Standing:
    """What counts against a merchant at a moment, by default now, under a policy, by default the one in force."""
    return standings([merchant_id], at or timezone.now(), policy or policy_in_force())[merchant_id]


def standings(merchant_ids: Iterable[str], at: datetime, policy: Policy) -> dict[str, Standing]:
    """What counts against each of some merchants at a moment under a policy, in one query; also who has no strike."""
    found: dict[str, list[Strike]] = {merchant_id: [] for merchant_id in merchant_ids}
    rows = Strike.objects.filter(merchant_id__in=found, given_at__lte=at, expires_at__gt=at)
    for each in rows.select_related("decision__item").order_by("given_at", "id"):
        if each.cancelled_at is None or each.cancelled_at > at:
            found[each.merchant_id].append(each)
    return {merchant_id: counted(merchant_id, at, own, policy) for merchant_id, own in found.items()}


def counted(merchant_id: str, at: datetime, strikes: Iterable[Strike], policy: Policy) -> Standing:
    """The standing that some strikes of a merchant, oldest first, make under a policy."""
    own = tuple(strikes)
    given = [(each.given_at, each.weight) for each in own]
    total, n = weigh(given, policy.together_days), len(occasions(given, policy.together_days))
    return Standing(merchant_id, at, total, n, own, policy.reached(total), policy.next_after(total))


def weigh(strikes: Iterable[tuple[datetime, float]], together_days: int) -> float:
    """What strikes (oldest first) weigh, each occasion once; to four decimals, as weights of a decision are.

    >>> from datetime import UTC
    >>> weigh([(datetime(2026, month, 1, tzinfo=UTC), 0.3) for month in range(1, 11)], 7)
    3.0
    """
    return round(sum(occasions(strikes, together_days)), 4)


def occasions(strikes: Iterable[tuple[datetime, float]], together_days: int) -> list[float]:
    """The weight of each occasion: strikes (oldest first) within so many days of an occasion's first, the heaviest.

    >>> from datetime import UTC
    >>> day = lambda n: datetime(2026, 6, n, tzinfo=UTC)
    >>> occasions([(day(1), 1.0), (day(3), 0.5), (day(20), 1.0)], 7)
    [1.0, 1.0]
    """
    found: list[float] = []
    first: datetime | None = None
    for at, weight in strikes:
        if first is None or at - first >= timedelta(days=together_days):
            found.append(weight)
            first = at
        else:
            found[-1] = max(found[-1], weight)
    return found


def draft(actor: Actor, policy: Policy) -> StrikePolicy:
    """Keeps a policy that is not in force yet, to look at its histogram. CallerError for what makes no sense."""
    if actor.person is not None:
        need(actor.person, "strike.policy")
    _check(policy)
    with transaction.atomic():
        row = StrikePolicy.objects.create(
            weights={"actions": policy.actions, "reasons": policy.reasons, "together_days": policy.together_days},
            window_days=policy.window_days,
            thresholds=[asdict(each) for each in sorted(policy.thresholds, key=lambda each: each.at)],
            created_by=actor.person,
            created_at=timezone.now(),
        )
        record(actor, "strike-policy.drafted", row, after=_said(row))
    return row


def switch_on(actor: Actor, row: StrikePolicy) -> StrikePolicy:
    """Puts a draft in force from now on. WrongState when it is or was in force already."""
    if actor.person is not None:
        need(actor.person, "strike.policy")
    with transaction.atomic():
        kept = StrikePolicy.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
        if kept.switched_on_at is not None:
            raise WrongState(
                gettext(
                    "Strike policy %(id)s was switched on at %(at)s UTC already; draft a new one to change the rules."
                )
                % {"id": kept.pk, "at": f"{kept.switched_on_at:%Y-%m-%d %H:%M}"},
                where={"policy": kept.pk},
                value="switched on",
                allowed="draft",
            )
        before = policy_in_force().id
        kept.switched_on_at, kept.switched_on_by = timezone.now(), actor.person
        kept.save(update_fields=["switched_on_at", "switched_on_by"])
        record(actor, "strike-policy.switched_on", kept, before={"policy": before}, after=_said(kept))
    return kept


def _said(row: StrikePolicy) -> dict[str, Any]:
    return {"weights": row.weights, "window_days": row.window_days, "thresholds": row.thresholds}


def _check(policy: Policy) -> None:
    """Collects what is wrong with a draft, so that a person corrects it in one go."""
    wrong = [
        gettext("the weight of %(name)s is %(weight)g; it must be between 0 and %(most)g")
        % {"name": repr(name), "weight": weight, "most": MOST_WEIGHT}
        for name, weight in {**policy.actions, **policy.reasons}.items()
        if not 0 <= weight <= MOST_WEIGHT
    ]
    wrong += [
        gettext("there is no action %(name)s") % {"name": repr(name)}
        for name in policy.actions
        if name not in Action.values
    ]
    wrong += [
        gettext("there is no reason %(code)s") % {"code": repr(code)} for code in policy.reasons if code not in BY_CODE
    ]
    if not 1 <= policy.window_days <= MOST_WINDOW_DAYS:
        wrong.append(
            gettext("the window is %(days)d days; it must be between 1 and %(most)d")
            % {"days": policy.window_days, "most": MOST_WINDOW_DAYS}
        )
    if not 0 <= policy.together_days < policy.window_days:
        wrong.append(
            gettext("one occasion lasts %(days)d days; it must be shorter than the window")
            % {"days": policy.together_days}
        )
    for each in policy.thresholds:
        if each.action not in PROPOSABLE:
            wrong.append(
                gettext("a threshold cannot propose %(action)s; it may propose %(allowed)s")
                % {"action": repr(each.action), "allowed": ", ".join(PROPOSABLE)}
            )
        if each.at <= 0:
            wrong.append(
                gettext("a threshold of %(at)g strikes touches everybody; it must be above 0") % {"at": each.at}
            )
    if len({each.at for each in policy.thresholds}) < len(policy.thresholds):
        wrong.append(gettext("two thresholds stand at the same number of strikes"))
    if wrong:
        said = gettext("This strike policy cannot be kept: %(faults)s.") % {"faults": "; ".join(wrong)}
        raise CallerError(said, value=wrong)
