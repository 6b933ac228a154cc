"""Who may do what: decisions."""

from __future__ import annotations

from assay.casework.access import Predicate
from assay.casework.access.roles import is_reviewer, is_senior, reads_cases
from assay.casework.models import Decision, Person
from assay.casework.queries.blind import is_blind_to


def _reads(person: Person, decision: Decision | None) -> bool:
    """Who works on cases and who checks the work; but nobody what they are to judge without knowing the answer."""
    if not reads_cases(person):
        return False
    return decision is None or not is_blind_to(person, decision.item)


def _approves(person: Person, decision: Decision | None) -> bool:
    """A senior other than the one who proposed: two people stand behind a decision that ends a livelihood."""
    return is_senior(person) and (decision is None or decision.decided_by_id != person.pk)


def _undoes(person: Person, decision: Decision | None) -> bool:
    """Whoever decided corrects their own slip, as long as nobody else has agreed to it; seniors undo any."""
    if decision is None or is_senior(person):
        return is_reviewer(person)
    return is_reviewer(person) and decision.decided_by_id == person.pk and decision.approved_by_id is None


PERMISSIONS: dict[str, Predicate] = {
    "decision.read": _reads,
    "decision.approve": _approves,
    "decision.undo": _undoes,
}
