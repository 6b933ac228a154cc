"""What waits for a person, by role: the tiles of the home page.

The open items are those of the last census: a home page does not count a million rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from assay.casework.audit.tree import Frontier
from assay.casework.models import (
    Appeal,
    AppealState,
    AuditHead,
    Decision,
    DecisionState,
    Effect,
    EffectState,
    Item,
    ItemState,
    LegalHold,
    Person,
    QueueCensus,
    Role,
    TaskStage,
    TestBuyTask,
)
from assay.casework.queries.appeals import answerable
from assay.casework.queries.decisions import disagreements
from assay.casework.queries.documents import requests_that_wait
from assay.casework.queries.testbuys import BUYING, NARROWED, open_examinations_of


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for a person: what, how many, where (a view name with its query)."""

    what: str
    n: int
    view: str
    query: str = ""


def waits_for(person: Person, now: datetime | None = None) -> tuple[Waiting, ...]:
    """What waits for a person, by role, most pressing first; zeros are kept so that places stay where they are."""
    at = now or timezone.now()
    by_role = _BY_ROLE.get(person.role)
    return by_role(person, at) if by_role else ()


def _for_analyst(person: Person, at: datetime) -> tuple[Waiting, ...]:
    return (Waiting("appeals", answerable(person).count(), "console:appeals"), *_for_reviewer(person, at))


def _for_reviewer(person: Person, at: datetime) -> tuple[Waiting, ...]:
    mine = Item.objects.filter(claimed_by=person, claimed_until__gt=at)
    woken = Item.objects.filter(state=ItemState.SNOOZED, snoozed_until__lt=at + timedelta(days=1))
    return (
        Waiting("answers", requests_that_wait(person).count(), "console:documents", "state=waiting"),
        Waiting("claims", mine.count(), "console:queue", "claimed=mine"),
        Waiting("queue", _n_open(), "console:queue"),
        Waiting("snoozed", woken.count(), "console:queue", "state=snoozed"),
    )


def _for_senior(person: Person, at: datetime) -> tuple[Waiting, ...]:
    proposals = Decision.objects.filter(state=DecisionState.PROPOSED).exclude(decided_by=person)
    return (
        Waiting("proposals", proposals.count(), "console:decisions", "state=proposed"),
        *_for_analyst(person, at),
        Waiting("disagreements", disagreements().count(), "console:disagreements"),
        *(_tasks(name, person) for name in ("give_out", "reported", "declined", "refused")),
        _late_examinations(person),
        _tasks("overdue", person),
    )


def _tasks(whose: str, person: Person) -> Waiting:
    """Test buys that a list is narrowed to, in the words of that list."""
    n = TestBuyTask.objects.filter(NARROWED[whose](person)).count()
    return Waiting(f"tasks_{whose}", n, "console:tasks", f"whose={whose}")


def _late_examinations(person: Person) -> Waiting:
    n = TestBuyTask.objects.filter(NARROWED["late"](person)).count()
    return Waiting("examinations_late", n, "console:tasks", "whose=late")


def _for_buyer(person: Person, at: datetime) -> tuple[Waiting, ...]:
    # Only what waits for a buyer: what lies with an examiner must not be counted down before the buyer's eyes.
    counted = TestBuyTask.objects.filter(stage__in=BUYING).aggregate(
        mine=Count("pk", filter=Q(assigned_to=person)),
        late=Count("pk", filter=Q(assigned_to=person, due_at__lt=at)),
        free=Count("pk", filter=Q(assigned_to=None, stage=TaskStage.TO_BUY)),
    )
    return (
        Waiting("tasks_overdue", counted["late"], "console:tasks", "whose=overdue"),
        Waiting("tasks_mine", counted["mine"], "console:tasks", "whose=mine"),
        Waiting("tasks_free", counted["free"], "console:tasks", "whose=free"),
    )


def _for_examiner(person: Person, at: datetime) -> tuple[Waiting, ...]:
    rows = open_examinations_of(person)  # what a colleague has must not be counted: it may be a second examination
    return (
        Waiting("examinations", rows.count(), "console:examinations"),
        Waiting("examinations_late", rows.filter(due_at__lt=at).count(), "console:examinations"),
    )


def _for_auditor(person: Person, at: datetime) -> tuple[Waiting, ...]:
    head = AuditHead.objects.first()
    n = Frontier.from_json(head.frontier).size if head and head.frontier else 0
    late: QuerySet[Appeal] = Appeal.objects.filter(state=AppealState.OPEN, due_at__lt=at)
    return (
        Waiting("appeals_late", late.count(), "console:appeals"),
        _failed_effects(),
        _tasks("refused", person),
        _late_examinations(person),
        Waiting("holds", LegalHold.objects.filter(lifted_at=None).count(), "console:holds"),
        Waiting("events", n, "console:audit"),
    )


def _failed_effects() -> Waiting:
    return Waiting("effects_failed", Effect.objects.filter(state=EffectState.FAILED).count(), "console:endpoints")


def _for_administrator(person: Person, at: datetime) -> tuple[Waiting, ...]:
    waiting = Effect.objects.filter(state=EffectState.WAITING).count()
    return (
        _failed_effects(),
        Waiting("effects_waiting", waiting, "console:endpoints"),
        Waiting("people", Person.objects.filter(is_active=True).count(), "accounts:people"),
    )


def _n_open() -> int:
    """As last counted; counted now while there is no census yet, when the queue is small."""
    census = QueueCensus.objects.order_by("-taken_at").values_list("counts", flat=True).first()
    return int(census["states"].get(ItemState.OPEN, 0)) if census else Item.objects.filter(state=ItemState.OPEN).count()


_BY_ROLE: dict[str, Callable[[Person, datetime], tuple[Waiting, ...]]] = {
    Role.ANALYST: _for_analyst,
    Role.SENIOR: _for_senior,
    Role.TEST_BUYER: _for_buyer,
    Role.AUTHENTICATOR: _for_examiner,
    Role.AUDITOR: _for_auditor,
    Role.ADMINISTRATOR: _for_administrator,
}
