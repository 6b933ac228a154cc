"""Endpoints and effects as people look at them: what waits, what failed, what left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assay.casework.access import NotThere, may
from assay.casework.models import AuditEvent, Effect, EffectState, Endpoint, Person
from assay.casework.queries.audit import names_of
from assay.casework.services.recording import SYSTEM_NAMES, known_actions

ROWS = 50
_MOST_EVENTS = 100
# An installation that never had an endpoint may have millions: nobody reads the exact number.
MOST_COUNTED = 10_000
# Codes of the badges, and their words.
_STATES: dict[str, str | Promise] = {
    "active": _("sends"),
    "snoozed": _("paused"),
    "overdue": _("rests after failures"),
    "closed": _("retired"),
}


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One endpoint with what waits for it."""

    endpoint: Endpoint
    state: str
    n_waiting: int
    n_failed: int
    oldest_waiting_at: datetime | None
    last_delivered_at: datetime | None

    @property
    def state_words(self) -> str | Promise:
        """The state as people call it."""
        return _STATES[self.state]


def endpoints_of(person: Person) -> QuerySet[Endpoint]:
    """The endpoints that a person may know of: auditors all, others those of their own organisation."""
    found = Endpoint.objects.select_related("organisation").order_by("-is_active", "id")
    if may(person, "endpoint.read_all"):
        return found
    return found.filter(organisation=person.organisation_id)


def endpoint_rows(person: Person) -> list[EndpointRow]:
    """Every endpoint that a person may know of, active ones first; four queries however many there are."""
    now = timezone.now()
    newest = Effect.objects.filter(endpoint=OuterRef("pk"), state=EffectState.DELIVERED).order_by("-id")
    rows = list(endpoints_of(person).annotate(last_delivered_at=Subquery(newest.values("delivered_at")[:1])))
    unfinished = Effect.objects.filter(endpoint__in=rows, state__in=[EffectState.WAITING, EffectState.FAILED])
    counted = {
        each["endpoint"]: each
        for each in unfinished.values("endpoint").annotate(
            n_waiting=Count("pk", filter=Q(state=EffectState.WAITING)),
            n_failed=Count("pk", filter=Q(state=EffectState.FAILED)),
            oldest=Min("created_at", filter=Q(state=EffectState.WAITING)),
        )
    }
    found = []
    for row in rows:
        n: dict[str, Any] = dict(counted.get(row.pk, {}))
        n_waiting, n_failed = n.get("n_waiting", 0), n.get("n_failed", 0)
        last = row.last_delivered_at
        found.append(EndpointRow(row, _state(row, now), n_waiting, n_failed, n.get("oldest"), last))
    return found


def _state(endpoint: Endpoint, now: datetime) -> str:
    if not endpoint.is_active:
        return "closed"
    if endpoint.paused_at is not None:
        return "snoozed"
    return "overdue" if endpoint.resting_until is not None and endpoint.resting_until > now else "active"


def the_endpoint(person: Person, pk: int) -> EndpointRow:
    """One endpoint; NotThere when there is none that this person may know of."""
    for row in endpoint_rows(person):
        if row.endpoint.pk == pk:
            return row
    raise NotThere(f"There is no endpoint {pk}.", where={"endpoint": pk})


@dataclass(frozen=True, slots=True)
class WantedEffects:
    """A filter of the list: state, endpoint, and a subject (`listing:ID`) or the reference of a decision."""

    state: str = ""
    endpoint: int | None = None
    text: str = ""
    before: int | None = None

    @property
    def query(self) -> dict[str, str]:
        """The filter as it stands in an address, without the page."""
        given = {"state": self.state, "endpoint": str(self.endpoint or ""), "text": self.text}
        return {name: value for name, value in given.items() if value}


def effects_of(person: Person) -> QuerySet[Effect]:
    """The effects that a person may know of."""
    found = Effect.objects.select_related("endpoint", "decision")
    if may(person, "endpoint.read_all"):
        return found
    return found.filter(Q(endpoint__organisation=person.organisation_id) | Q(endpoint=None))


def page_of(person: Person, wanted: WantedEffects) -> tuple[list[Effect], int | None]:
    """One page, newest first, and the id after which the next one begins (None at the end)."""
    found = effects_of(person).order_by("-id")
    if wanted.state in EffectState.values:
        found = found.filter(state=wanted.state)
    if wanted.endpoint is not None:
        found = found.filter(endpoint=wanted.endpoint)
    if wanted.text:
        column = "subject" if ":" in wanted.text else "decision__reference"
        found = found.filter(**{column: wanted.text})
    if wanted.before is not None:
        found = found.filter(pk__lt=wanted.before)
    rows = list(found[: ROWS + 1])
    return rows[:ROWS], rows[ROWS - 1].pk if len(rows) > ROWS else None


def the_effect(person: Person, pk: int) -> Effect:
    """One effect; NotThere when there is none that this person may know of."""
    found = effects_of(person).filter(pk=pk).first()
    if found is None:
        raise NotThere(f"There is no effect {pk}.", where={"effect": pk})
    return found


def n_unheard() -> int:
    """How many effects nobody has heard, counted up to MOST_COUNTED."""
    return Effect.objects.filter(endpoint=None, state=EffectState.UNHEARD)[:MOST_COUNTED].count()


def targets_of(person: Person, effect: Effect) -> list[Endpoint]:
    """The endpoints that a person may send an effect to that nobody has heard; none for any other."""
    if effect.state != EffectState.UNHEARD or not may(person, "endpoint.keep"):
        return []
    return list(endpoints_of(person).filter(is_active=True, organisation=person.organisation_id))


def held_by(effect: Effect) -> Effect | None:
    """The earlier effect of the same subject that this one waits for, if any."""
    if effect.state != EffectState.WAITING or effect.endpoint_id is None:
        return None
    earlier = Effect.objects.filter(endpoint=effect.endpoint_id, subject=effect.subject, pk__lt=effect.pk)
    return earlier.filter(state__in=[EffectState.WAITING, EffectState.FAILED]).order_by("id").first()


@dataclass(frozen=True, slots=True)
class Told:
    """One line of what was done about an effect or endpoint."""

    at: datetime
    actor: str | Promise
    words: str | Promise
    reason: str


def history(subject_type: str, pk: int) -> list[Told]:
    """What the log says about an effect or endpoint, oldest first."""
    words = known_actions()
    found = AuditEvent.objects.filter(subject_type=subject_type, subject_id=str(pk)).order_by("seq")
    rows = list(found[:_MOST_EVENTS])
    names = SYSTEM_NAMES | names_of(row.actor for row in rows)
    return [
        Told(row.at, names.get(row.actor, row.actor), words.get(row.action, row.action), row.reason) for row in rows
    ]
