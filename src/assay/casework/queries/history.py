"""What happened to an item or a decision so far, as the database and the log tell it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.functional import Promise

from assay.casework.models import AuditEvent, Decision, Item, Person, Review, SubjectType
from assay.casework.services.recording import SYSTEM_NAMES, known_actions

_MOST_EVENTS = 60
# Taking, keeping and reading is work, not history; and it would tell what an item was taken for.
_NOT_TOLD = (
    "item.claimed",
    "item.claim_renewed",
    "item.released",
    "item.claim_lapsed",
    "item.claim_ended",
    "personal.read",
)


@dataclass(frozen=True, slots=True)
class Told:
    """One event in words."""

    at: datetime
    words: str | Promise
    who: str | Promise
    reason: str
    seq: int


def history_of(item: Item, decisions: Iterable[Decision], reviews: Iterable[Review] = ()) -> tuple[Told, ...]:
    """Events of an item, its decisions, answers and proposals of strikes, newest first; claims are left out."""
    rows = AuditEvent.objects.filter(
        Q(subject_type="item", subject_id=str(item.pk))
        | Q(subject_type="decision", subject_id__in=[str(each.pk) for each in decisions])
        | Q(subject_type="review", subject_id__in=[str(each.pk) for each in reviews])
        | Q(subject_type="strikeproposal", subject_id__in=_proposals(item))
    )
    return _told(rows.exclude(action__in=_NOT_TOLD).order_by("-seq")[:_MOST_EVENTS])


def history_of_decision(decision: Decision) -> tuple[Told, ...]:
    """Events of one decision, its statement, strike and appeals, newest first."""
    appeals = [str(pk) for pk in decision.appeals.values_list("pk", flat=True)]
    rows = AuditEvent.objects.filter(
        Q(subject_type="decision", subject_id=str(decision.pk))
        | Q(subject_type="statement", subject_id__in=_pk_of(decision, "statement"))
        | Q(subject_type="strike", subject_id__in=_pk_of(decision, "strike"))
        | Q(subject_type="appeal", subject_id__in=appeals)
    )
    return _told(rows.exclude(action__in=_NOT_TOLD).order_by("-seq")[:_MOST_EVENTS])


def _proposals(item: Item) -> list[str]:
    if item.subject_type != SubjectType.MERCHANT:
        return []
    return [str(pk) for pk in item.strike_proposals.values_list("pk", flat=True)]


def _pk_of(decision: Decision, name: str) -> list[str]:
    row = getattr(decision, name, None)
    return [str(row.pk)] if row is not None else []


def _told(rows: Iterable[AuditEvent]) -> tuple[Told, ...]:
    found, words = list(rows), known_actions()
    names = _names(each.actor for each in found)
    return tuple(Told(e.at, words.get(e.action, e.action), names.get(e.actor, e.actor), e.reason, e.seq) for e in found)


def _names(actors: Iterable[str]) -> dict[str, str | Promise]:
    """The log says `person:17`; the page says the name, as long as there is one. Parts of the system have theirs."""
    pks = {actor.removeprefix("person:") for actor in actors if actor.startswith("person:")}
    people = Person.objects.filter(pk__in=[int(pk) for pk in pks if pk.isdigit()])
    return SYSTEM_NAMES | {f"person:{each.pk}": str(each) for each in people}
