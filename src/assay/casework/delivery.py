"""Sends what waits in the outbox: leases, posts from a few threads, settles what came back."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from django.conf import settings
from django.utils import timezone

from assay import __version__
from assay.casework.models import Effect
from assay.casework.outgoing import Answer, post
from assay.casework.services.effects import USUAL_POLICY, Outcome, Policy, lease_due, settle
from assay.casework.services.endpoints import valid_secrets
from assay.casework.webhooks import body_of, signed_headers
from assay.market.errors import AssayError

_GONE = 410  # RFC 9110, section 15.5.11: the receiver says that it will not come back
_LOOK_SECONDS = 0.25  # while nobody answers, the longest that free senders miss what has become due
_GATHER_SECONDS = 0.01  # answers that come together are written together


@dataclass(slots=True)
class Delivery:
    """How to send: how many at once, how patiently, and for how long before the worker looks whether it shall stop.

    Endpoints share the senders evenly: an idle one's share stays free for its next effect.
    """

    policy: Policy = USUAL_POLICY
    n_senders: int = 8
    most_seconds: float = 2.0
    chance: random.Random = field(default_factory=random.Random)


def deliver_due(how: Delivery | None = None) -> int:
    """Sends all that is due, in order per subject, and awaits what it has begun; gives how many were delivered."""
    chosen = how or Delivery()
    ends_at = time.monotonic() + chosen.most_seconds
    first = lease_due(timezone.now(), limit=chosen.n_senders, policy=chosen.policy)
    if not first:
        return 0
    n_delivered = 0
    with ThreadPoolExecutor(chosen.n_senders, thread_name_prefix="effects") as senders:
        in_flight = _send(senders, first)
        while in_flight:
            has_time = time.monotonic() < ends_at
            wait(in_flight, timeout=_LOOK_SECONDS if has_time else None, return_when=FIRST_COMPLETED)
            done, left = wait(in_flight, timeout=_GATHER_SECONDS)
            outcomes = [future.result() for future in done]
            in_flight = {future: in_flight[future] for future in left}
            if outcomes:
                n_delivered += settle(outcomes, timezone.now(), policy=chosen.policy, chance=chosen.chance)
            if has_time:
                n_free, held = chosen.n_senders - len(in_flight), Counter(in_flight.values())
                more = lease_due(timezone.now(), limit=n_free, policy=chosen.policy, in_flight=held)
                in_flight |= _send(senders, more)
    return n_delivered


def _send(senders: ThreadPoolExecutor, effects: list[Effect]) -> dict[Future[Outcome], int]:
    """What was begun, each with the id of its endpoint."""
    return {senders.submit(_attempt(effect)): effect.endpoint_id or 0 for effect in effects}


def _attempt(effect: Effect) -> Callable[[], Outcome]:
    """All that needs the database is read here; the attempt itself runs in a thread without one."""
    endpoint, lease = effect.endpoint, effect.leased_until
    if endpoint is None or lease is None:
        raise RuntimeError(f"Effect {effect.pk} was not leased.")
    now = timezone.now()
    pk, url, body = effect.pk, endpoint.url, body_of(effect)
    try:
        headers = signed_headers(valid_secrets(endpoint, now), str(effect.key), int(now.timestamp()), body)
    except AssayError as error:
        locked = Outcome(pk, lease, error.message)
        return lambda: locked
    headers |= {"Content-Type": "application/json; charset=utf-8", "User-Agent": f"Assay/{__version__}"}

    def attempt() -> Outcome:
        try:
            answer = post(url, body, headers, allow_private=settings.ALLOW_PRIVATE_ENDPOINTS)
        except Exception as error:  # a fault of ours must not lose the effect: it is tried again like any other
            answer = Answer(error=f"sending failed: {type(error).__name__}: {error}")
        return Outcome(pk, lease, answer.error, answer.status == _GONE, answer.retry_after_seconds)

    return attempt
