"""The outbox: effects are written where their cause is, leased by workers, settled by what the receiver answered.

Nothing is lost: an effect is in the database before its cause is committed, and leaves the state `waiting` only when a
receiver said yes, when all tries are used up (then a person retries or waives it), or when a person waived it. Nothing
is doubled for a receiver that drops keys it has seen: every attempt carries the same key and the same body.

What is written while there is no endpoint is `unheard`, which is not delivered: a person may send it to an endpoint
that is added later (`endpoints.send_unheard`).

Effects of one subject reach one endpoint in the order in which they were written: while an earlier one waits or has
failed, later ones wait as well.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.letters.statement import UNRESTRICTED
from assay.casework.models import Action, Decision, Effect, EffectState, Endpoint, Item, Statement
from assay.casework.moves import WrongState, make_move
from assay.casework.queries.holding import holding
from assay.casework.services.recording import WORKER, Actor, Happening, record, record_all
from assay.market.errors import CallerError

EVENTS = {
    "effect.delivered": _("delivered an effect"),
    "effect.failed": _("gave up an effect after all tries"),
    "effect.retried": _("asked for another try of an effect"),
    "effect.waived": _("waived an effect"),
}

UNFINISHED = (EffectState.WAITING, EffectState.FAILED)
NOBODY_LISTENS = "nobody listens: there is no endpoint"
NOTHING_IN_FLIGHT: Mapping[int, int] = MappingProxyType({})
_MOST_REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Policy:
    """How patiently the outbox tries. The usual tries reach over two and a half days: a weekend at the receiver.

    A wait grows by `growth` from `first_wait_seconds` to `most_wait_seconds`, shaken by `jitter_rate` either way so
    that what failed together is not tried together. After `rest_after` failures in a row an endpoint rests and is then
    probed with one effect; without that, one that hangs would hold all senders. A lease must be longer than an attempt
    can last (`outgoing.DEADLINE_SECONDS`): shorter ones make repetitions, longer ones delay what a dead worker held.
    """

    first_wait_seconds: float = 5.0
    growth: float = 3.0
    most_wait_seconds: float = 12 * 3600.0
    jitter_rate: float = 0.25
    most_tries: int = 14
    rest_after: int = 5
    most_rest_seconds: float = 300.0
    lease_seconds: float = 60.0

    def wait(self, n_tries: int, chance: random.Random) -> timedelta:
        """How long to wait after so many failed tries."""
        plain = min(self.first_wait_seconds * self.growth ** min(n_tries - 1, 60), self.most_wait_seconds)
        return timedelta(seconds=plain * chance.uniform(1 - self.jitter_rate, 1 + self.jitter_rate))

    def rest(self, n_failed: int) -> timedelta | None:
        """How long an endpoint rests after so many failures in a row; None for not at all."""
        beyond = n_failed - self.rest_after
        if beyond < 0:
            return None
        return timedelta(seconds=min(self.first_wait_seconds * 2 ** min(beyond, 60), self.most_rest_seconds))


USUAL_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt. `leased_until` is that of the lease it was made under; `error` is empty for a yes."""

    effect_id: int
    leased_until: datetime
    error: str = ""
    is_gone: bool = False
    retry_after_seconds: float | None = None


def emit(kind: str, subject: str, payload: dict[str, Any], *, decision: Decision | None = None) -> list[Effect]:
    """Writes an effect for every active endpoint, in the caller's transaction; without one, a row that nobody heard.

    The caller holds the lock of the row that `subject` names, so that ids follow the order of commits.
    RuntimeError outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An effect is written in the transaction of its cause; there is none.")
    endpoints: Sequence[Endpoint | None] = list(Endpoint.objects.filter(is_active=True).order_by("id")) or [None]
    return [_write(kind, subject, payload, endpoint, decision) for endpoint in endpoints]


def emit_to(endpoint: Endpoint, kind: str, subject: str, payload: dict[str, Any]) -> Effect:
    """Writes an effect for one endpoint only, such as a trial message."""
    return _write(kind, subject, payload, endpoint, None)


def emit_decision(decision: Decision, what: Literal["apply", "lift"], *, by: Decision | None = None) -> list[Effect]:
    """Tells every endpoint to apply what was decided, or to lift it again. A decision of no action tells nothing.

    Where after that another restriction is the most severe in force about the subject, it is told once more: whoever
    does what the last message says does what holds. `by` is the decision that a request gives way to: its own message
    follows, or where it does nothing its letter comes with the lift.
    """
    if decision.action == Action.NONE:
        return []
    # Held by most callers already: two decisions about one subject must not take their ids in the wrong order.
    item = Item.objects.select_for_update(of=("self",), no_key=True).get(pk=decision.item_id)
    holds = holding(item, without=[by, decision if what == "lift" else None])
    payload = decision_payload(decision, item, holds)
    if what == "apply":
        payload |= {"is_repeated": False, **_where_the_letter_is(decision)}
    else:
        payload |= {"lifted_because": decision.state, "ended_at": _time(decision.ended_at)}
        payload |= _where_the_letter_is(by) if by is not None and by.action == Action.NONE else {}
    kind = "decision.applied" if what == "apply" else "decision.lifted"
    sent = emit(kind, _subject(item), payload, decision=decision)
    first = holds[0] if holds else decision
    if first == decision or first.action in UNRESTRICTED:
        return sent
    again = decision_payload(first, item, holds) | {"is_repeated": True}  # without the letter, which came already
    return sent + emit("decision.applied", _subject(item), again, decision=first)


def decision_payload(decision: Decision, item: Item, holds: Iterable[Decision]) -> dict[str, Any]:
    """What a marketplace needs to carry a decision out: no names of people, no free text.

    Of `holds`, all that is in force about the subject, it names what is other than the decision.
    """
    others = [each for each in holds if each != decision]
    return {
        "decision": decision.reference,
        "action": decision.action,
        "subject": {"type": item.subject_type, "id": item.subject_id},
        "merchant_id": decision.merchant_id,
        "reason_code": decision.reason_code,
        "is_automatic": decision.is_automatic,
        "decided_at": _time(decision.decided_at),
        "in_force_at": _time(decision.in_force_at),
        "ends_at": _time(decision.ends_at),
        "still_in_force": [
            {"decision": each.reference, "action": each.action, "ends_at": _time(each.ends_at)} for each in others
        ],
    }


def _subject(item: Item) -> str:
    return f"{item.subject_type}:{item.subject_id}"


def _where_the_letter_is(decision: Decision) -> dict[str, Any]:
    """In which language the letter to the merchant is, where the merchant reads it and where a program fetches it.

    The text stays here: it quotes the offer and names the merchant, and effects are read by administrators, who read no
    cases. `portal` is None while the installation does not know its own address.
    """
    sent = Statement.objects.filter(decision=decision).only("language").first()
    if sent is None:
        return {}
    page = reverse("portal:statement", args=[decision.reference])
    origin = settings.ORIGIN
    letter = {
        "decision": decision.reference,
        "language": sent.language,
        "portal": f"{origin}{page}" if origin else None,
        "api": reverse("api:statement", args=[decision.reference]),
    }
    return {"letter": letter}


def _write(
    kind: str, subject: str, payload: dict[str, Any], endpoint: Endpoint | None, decision: Decision | None
) -> Effect:
    now = timezone.now()
    told: dict[str, Any] = {"state": EffectState.WAITING}
    if endpoint is None:
        told = {"state": EffectState.UNHEARD, "last_error": NOBODY_LISTENS}
    return Effect.objects.create(
        key=uuid4(),
        endpoint=endpoint,
        decision=decision,
        kind=kind,
        subject=subject,
        payload=payload,
        created_at=now,
        next_attempt_at=now,
        **told,
    )


def lease_due(
    now: datetime, *, limit: int, policy: Policy = USUAL_POLICY, in_flight: Mapping[int, int] = NOTHING_IN_FLIGHT
) -> list[Effect]:
    """Up to `limit` effects to send now, leased so that no other worker sends them.

    The endpoints share the senders, the free ones and those at work: `in_flight` says, by the id of the endpoint, how
    many the caller is sending already. So one that answers slowly holds no more than its share.
    """
    ready = _in_turn(list(_ready_endpoints(now)), now, in_flight)
    if not ready:
        return []
    share = max((limit + sum(in_flight.values())) // len(ready), 1)
    until = now + timedelta(seconds=policy.lease_seconds)
    found: list[Effect] = []
    with transaction.atomic():
        for endpoint in ready:
            most = 1 if endpoint.n_failed_in_row >= policy.rest_after else share
            n = min(most - in_flight.get(endpoint.pk, 0), limit - len(found))
            due = _due(endpoint, now).select_for_update(of=("self",), no_key=True, skip_locked=True)[: max(n, 0)]
            for effect in due:
                effect.endpoint, effect.leased_until = endpoint, until
                found.append(effect)
        Effect.objects.filter(pk__in=[effect.pk for effect in found]).update(leased_until=until)
    return found


def _ready_endpoints(now: datetime) -> QuerySet[Endpoint]:
    rested = Q(resting_until__isnull=True) | Q(resting_until__lte=now)
    return Endpoint.objects.filter(rested, is_active=True, paused_at__isnull=True).order_by("id")


def _in_turn(ready: list[Endpoint], now: datetime, in_flight: Mapping[int, int]) -> list[Endpoint]:
    """Those with the fewest in flight first; of equal ones each is the first at some moments, so none starves."""
    start = now.microsecond % len(ready) if ready else 0
    return sorted(ready[start:] + ready[:start], key=lambda endpoint: in_flight.get(endpoint.pk, 0))


def _due(endpoint: Endpoint, now: datetime) -> QuerySet[Effect]:
    earlier = Effect.objects.filter(
        endpoint=endpoint, subject=OuterRef("subject"), id__lt=OuterRef("id"), state__in=UNFINISHED
    )
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    waiting = Effect.objects.filter(free, endpoint=endpoint, state=EffectState.WAITING, next_attempt_at__lte=now)
    return waiting.filter(~Exists(earlier)).order_by("next_attempt_at", "id")


def settle(
    outcomes: Iterable[Outcome],
    now: datetime,
    *,
    policy: Policy = USUAL_POLICY,
    chance: random.Random | None = None,
) -> int:
    """Writes down what came of attempts; gives how many were delivered.

    A yes counts whoever holds the lease by now; a failure counts only under the lease it was made with, so that a
    worker that was away for too long spoils nothing.
    """
    by_id = {outcome.effect_id: outcome for outcome in outcomes}
    dice = chance or random.Random()
    happenings: list[Happening] = []
    with transaction.atomic():
        rows = Effect.objects.filter(pk__in=by_id, state=EffectState.WAITING).order_by("id")
        told: list[tuple[Effect, bool]] = []
        for effect in rows.select_for_update(of=("self",), no_key=True):
            outcome = by_id[effect.pk]
            if outcome.error and effect.leased_until != outcome.leased_until:
                continue
            happenings += _settle_one(effect, outcome, now, policy, dice)
            told.append((effect, not outcome.error))
        _tell_endpoints(told, now, policy)
        record_all(WORKER, happenings)
    return sum(1 for _effect, is_good in told if is_good)


def _settle_one(
    effect: Effect, outcome: Outcome, now: datetime, policy: Policy, dice: random.Random
) -> list[Happening]:
    effect.n_attempts += 1
    effect.leased_until, effect.last_error = None, outcome.error[:500]
    move = _move_after(effect, outcome, policy)
    after: dict[str, Any] = {"kind": effect.kind, "subject": effect.subject, "n_attempts": effect.n_attempts}
    if move:
        make_move(effect, "effect", move)
    if move == "deliver":
        effect.delivered_at = now
    elif not move:
        wait = policy.wait(effect.n_attempts, dice)
        asked = timedelta(seconds=min(outcome.retry_after_seconds or 0.0, policy.most_wait_seconds))
        effect.next_attempt_at = now + max(wait, asked)
    effect.save(update_fields=["n_attempts", "leased_until", "last_error", "state", "delivered_at", "next_attempt_at"])
    if not move:
        return []
    action = "effect.delivered" if move == "deliver" else "effect.failed"
    return [Happening(action, "effect", str(effect.pk), None, after, effect.last_error)]


def _move_after(effect: Effect, outcome: Outcome, policy: Policy) -> str:
    if not outcome.error:
        return "deliver"
    return "give_up" if outcome.is_gone or effect.n_attempts >= policy.most_tries else ""


def _tell_endpoints(told: list[tuple[Effect, bool]], now: datetime, policy: Policy) -> None:
    """Counts failures in a row; a yes wakes an endpoint that rested."""
    by_endpoint: dict[int, list[bool]] = {}
    for effect, is_good in told:
        if effect.endpoint_id is not None:
            by_endpoint.setdefault(effect.endpoint_id, []).append(is_good)
    rows = Endpoint.objects.filter(pk__in=by_endpoint).order_by("id").select_for_update(of=("self",), no_key=True)
    for endpoint in rows:
        answers = by_endpoint[endpoint.pk]
        before = endpoint.n_failed_in_row
        endpoint.n_failed_in_row = 0 if any(answers) else before + len(answers)
        rest = policy.rest(endpoint.n_failed_in_row)
        endpoint.resting_until = now + rest if rest else None
        if before or endpoint.n_failed_in_row:
            endpoint.save(update_fields=["n_failed_in_row", "resting_until"])


def retry(actor: Actor, effect: Effect, *, reason: str) -> Effect:
    """Begins again with all tries, for an effect that was given up. WrongState for any other."""
    return _decide(actor, effect, "retry", reason)


def waive(actor: Actor, effect: Effect, *, reason: str) -> Effect:
    """Ends an effect that shall not be sent any more; later ones of its subject go on. WrongState while it is sent."""
    return _decide(actor, effect, "waive", reason)


def _decide(actor: Actor, effect: Effect, move: Literal["retry", "waive"], reason: str) -> Effect:
    said = needed_reason(reason)
    now = timezone.now()
    with transaction.atomic():
        row = Effect.objects.select_for_update(of=("self",), no_key=True).select_related("endpoint").get(pk=effect.pk)
        if actor.person is not None:
            need(actor.person, f"effect.{move}", row)
        if row.leased_until is not None and row.leased_until > now:
            raise WrongState(
                gettext("Effect %(id)s is being sent at this moment; try again in a minute.") % {"id": row.pk},
                where={"effect": row.pk},
            )
        before, after = make_move(row, "effect", move)
        if move == "retry":
            row.n_attempts, row.next_attempt_at = 0, now
        row.save(update_fields=["state", "n_attempts", "next_attempt_at"])
        action = "effect.retried" if move == "retry" else "effect.waived"
        record(actor, action, row, before={"state": before}, after={"state": after}, reason=said)
    return row


def needed_reason(reason: str) -> str:
    """A reason without the space around it; CallerError when nothing is left or it is too long."""
    said = reason.strip()
    if not said or len(said) > _MOST_REASON_CHARACTERS:
        raise CallerError(
            gettext("A reason is needed; got %(n)d characters, allowed are 1 to %(most)d.")
            % {"n": len(said), "most": _MOST_REASON_CHARACTERS},
            where={"field": "reason"},
            value=said[:80],
            allowed=f"1 to {_MOST_REASON_CHARACTERS} characters",
        )
    return said


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
