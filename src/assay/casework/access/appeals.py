"""Who may do what: statements of reasons, strikes, documents and appeals."""

from __future__ import annotations

from typing import Any

from assay.casework.access import Predicate, may
from assay.casework.access.roles import is_merchant, is_reviewer, is_senior, reads_cases
from assay.casework.models import Appeal, Decision, Document, DocumentKind, Examination, Person, Review, Role
from assay.casework.queries.blind import is_blind_to


def is_of_the_merchant(person: Person, subject: Any) -> bool:  # noqa: ANN401 - whatever carries a merchant's id
    """The account the row is about. By the market's id, so that a statement sent before the account signed up is found.

    A row that names no merchant belongs to none.
    """
    merchant_id = subject if isinstance(subject, str) else getattr(subject, "merchant_id", None)
    return is_merchant(person) and bool(merchant_id) and person.organisation.merchant_id == merchant_id


def had_a_part(person: Person, decision: Decision) -> bool:
    """Proposed, approved or reviewed what the decision is about, for whatever purpose, or answered an earlier appeal.

    Whoever once answered about the item has said what they think of it, and would be judging their own answer.
    """
    if person.pk in (decision.decided_by_id, decision.approved_by_id):
        return True
    if Review.objects.filter(item_id=decision.item_id, person=person).exists():
        return True
    return Appeal.objects.filter(decision=decision, answered_by=person).exists()


def _reads_statement(person: Person, statement: Any) -> bool:  # noqa: ANN401
    """The merchant must be able to read what was decided about it; those who work on cases and check them as well."""
    return reads_cases(person) or is_of_the_merchant(person, statement)


def _lodges(person: Person, subject: Any) -> bool:  # noqa: ANN401
    """Only the account that a decision restricts may object to it (DSA Art. 20(1)), and take its objection back."""
    if subject is None:
        return is_merchant(person)
    return is_of_the_merchant(person, _decision(subject))


def _reads_appeal(person: Person, subject: Any) -> bool:  # noqa: ANN401
    """Both sides of an appeal read it: the account that lodged it, and those who work on cases or check them."""
    if subject is None:
        return reads_cases(person) or is_merchant(person)
    return reads_cases(person) or is_of_the_merchant(person, _decision(subject))


def took_two(decision: Decision) -> bool:
    """Whether a second person had to agree: whoever did is written down, whatever would need it today."""
    return decision.approved_by_id is not None


def _answers(person: Person, subject: Any) -> bool:  # noqa: ANN401
    """A reviewer without a part in the decision: nobody judges their own work (DSA Art. 20(4) and (6)).

    What took two people to decide takes a senior to reverse: one analyst alone must not undo it.
    """
    if not is_reviewer(person):
        return False
    if subject is None:
        return True
    decision = _decision(subject)
    return (is_senior(person) or not took_two(decision)) and not had_a_part(person, decision)


def _uploads(person: Person, subject: Any) -> bool:  # noqa: ANN401
    """A merchant adds proof to a decision about it; test buyers and examiners add photographs and reports to a task."""
    if isinstance(subject, (Decision, Appeal)):
        return is_of_the_merchant(person, _decision(subject))
    if subject is None:
        return person.role in (Role.MERCHANT, Role.TEST_BUYER, Role.AUTHENTICATOR)
    return person.role == Role.TEST_BUYER or _examines(person, subject.pk)


def _opens(person: Person, document: Document) -> bool:
    """What a merchant sent about a decision: its own organisation, and whoever works on cases or checks them.

    It stays from whoever is to judge the item without knowing of the decision. What belongs to a test buy says where a
    covert buyer was: whoever reads the task, and examiners the photographs of what they examine. A report stays from
    the second examiner, who must not know what the first one found.
    """
    if document.task_id is not None:
        return may(person, "task.photograph", document) or (
            document.kind == DocumentKind.PHOTOGRAPH and _examines(person, document.task_id)
        )
    if person.organisation_id == document.organisation_id:
        return True
    return reads_cases(person) and (document.decision is None or not is_blind_to(person, document.decision.item))


def _examines(person: Person, task_id: int) -> bool:
    if person.role != Role.AUTHENTICATOR:
        return False
    return Examination.objects.filter(task_id=task_id, organisation_id=person.organisation_id).exists()


def _decision(subject: Any) -> Decision:  # noqa: ANN401
    decision: Decision = subject.decision if isinstance(subject, Appeal) else subject
    return decision


PERMISSIONS: dict[str, Predicate] = {
    "statement.read": _reads_statement,
    "strike.read": _reads_statement,
    # Thresholds touch many accounts at once: who decides single cases does not set them.
    "strike.policy": is_senior,
    "appeal.read": _reads_appeal,
    "appeal.lodge": _lodges,
    "appeal.answer": _answers,
    "document.upload": _uploads,
    "document.open": _opens,
}
