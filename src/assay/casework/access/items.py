"""Who may do what: items of the queue, claims, bulk, gold items, saved views, automation."""

from __future__ import annotations

from typing import Any

from assay.casework.access import Predicate
from assay.casework.access.roles import is_reviewer, is_senior, reads_cases
from assay.casework.models import Item, Person, Role, SavedView


def _releases(person: Person, item: Item | None) -> bool:
    """Whoever holds it gives it back; a senior frees what somebody left behind."""
    if item is None:
        return is_reviewer(person)
    return is_senior(person) or (is_reviewer(person) and item.claimed_by_id == person.pk)


def _uses_view(person: Person, view: SavedView | None) -> bool:
    """A shared view is seen by the same organisation; one that is not shared by nobody else."""
    if not reads_cases(person):
        return False
    if view is None or view.person_id == person.pk:
        return True
    return view.is_shared and view.person.organisation_id == person.organisation_id


def _owns_view(person: Person, view: SavedView | None) -> bool:
    """Only the one who made a view changes, shares or deletes it."""
    return is_reviewer(person) and (view is None or view.person_id == person.pk)


def _reads_measured(person: Person, _: Any) -> bool:  # noqa: ANN401
    """Blind and gold answers say something about colleagues: seniors act on it, auditors check that they do."""
    return person.role in (Role.SENIOR, Role.AUDITOR)


def _reads(person: Person, _: Any) -> bool:  # noqa: ANN401 - predicates take any object
    """Items belong to the marketplace: its analysts and seniors work on them, auditors check the work."""
    return reads_cases(person)


PERMISSIONS: dict[str, Predicate] = {
    "item.read": _reads,
    # Auditors look on; whoever decides is an analyst or a senior.
    "item.claim": is_reviewer,
    "item.release": _releases,
    "item.decide": is_reviewer,
    "item.snooze": is_reviewer,
    "item.bulk": is_reviewer,
    "review.measured": _reads_measured,
    # A disagreement says something about two colleagues; seniors look into it.
    "review.settle": is_senior,
    # Whoever knows which items are gold is not measured by them: few people do.
    "gold.manage": is_senior,
    "view.use": _uses_view,
    "view.change": _owns_view,
    # Its page says how often blind answers contradicted it.
    "automation.read": _reads_measured,
    # Automation decides about many at once: who decides single cases does not set it.
    "automation.set": is_senior,
}
