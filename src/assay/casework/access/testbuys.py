"""Who may do what: programmes of test buys, their tasks, and blind examinations.

Three people must never be one: who buys, who examines, and who says what is done about it.
"""

from __future__ import annotations

from typing import Any

from assay.casework.access import Predicate
from assay.casework.access.roles import is_administrator, is_senior, reads_cases
from assay.casework.models import Document, Examination, OrganisationKind, Person, Role, TestBuyTask


def _reads_programmes(person: Person, _: Any) -> bool:  # noqa: ANN401 - predicates take any object
    """Who works on cases and who checks the work; administrators see where examinations wait. Buyers see their tasks
    and no figures: a buyer who knows what is being found looks for more of it."""
    return reads_cases(person) or is_administrator(person)


def _runs_programmes(person: Person, _: Any) -> bool:  # noqa: ANN401
    """Seniors answer for the figures, administrators for what runs; both may bring a programme in and up to date."""
    return is_senior(person) or is_administrator(person)


def _is_buyer(person: Person, _: Any = None) -> bool:  # noqa: ANN401
    """Test buyers, and nobody else, buy."""
    return person.role == Role.TEST_BUYER


def _oversees(person: Person) -> bool:
    return is_senior(person) or is_administrator(person) or person.role == Role.AUDITOR


def _reads_task(person: Person, task: TestBuyTask | None) -> bool:
    """Buyers see what is theirs and what nobody has taken, not the rounds of other buyers; seniors, auditors and
    administrators see all. Examiners never do: a task names the listing."""
    if _oversees(person):
        return True
    return _is_buyer(person) and (task is None or task.assigned_to_id in (None, person.pk))


def _takes_task(person: Person, task: TestBuyTask | None) -> bool:
    """A buyer takes what nobody has."""
    return _is_buyer(person) and (task is None or task.assigned_to_id is None)


def _buys(person: Person, task: TestBuyTask | None) -> bool:
    """Only the buyer who took the task: each link of the chain of custody has one hand."""
    return _is_buyer(person) and (task is None or task.assigned_to_id == person.pk)


def _fails(person: Person, task: TestBuyTask | None) -> bool:
    """The buyer who took it, or a senior for one who is away: a parcel that never came is an outcome, and it is a
    person who says so."""
    return _buys(person, task) or is_senior(person)


def _sends(person: Person, task: TestBuyTask | None) -> bool:
    """Whoever has the sealed unit in hand and may say so: its buyer, and those who give units to examiners. An
    examiner sends through the examination."""
    return _buys(person, task) or _runs_programmes(person, task)


def _reads_examination(person: Person, examination: Examination | None) -> bool:
    """Seniors, auditors and administrators; else the organisation that examines, and within it the one examiner.
    Whoever made the other examination of the unit does not learn that there is this one."""
    if _oversees(person):
        return True
    if person.role != Role.AUTHENTICATOR:
        return False
    if examination is None:
        return True
    return _is_theirs(person, examination)


def _is_theirs(person: Person, examination: Examination) -> bool:
    if examination.organisation_id != person.organisation_id or not _may_examine_for(person):
        return False
    if examination.examiner_id is not None:
        return examination.examiner_id == person.pk
    others = Examination.objects.filter(task_id=examination.task_id).exclude(pk=examination.pk)
    return not others.filter(examiner=person).exists()


def _may_examine_for(person: Person) -> bool:
    """An authenticator of a brand, a laboratory or the marketplace; closed organisations examine no more."""
    kinds = (OrganisationKind.BRAND, OrganisationKind.LABORATORY, OrganisationKind.MARKETPLACE)
    return person.organisation.kind in kinds and person.organisation.closed_at is None


def _examines(person: Person, examination: Examination | None) -> bool:
    """The examiner to whom it was given, or one of the organisation that it was given to."""
    if person.role != Role.AUTHENTICATOR:
        return False
    return examination is None or (examination.declined_at is None and _is_theirs(person, examination))


def _reads_results(person: Person, _: Any) -> bool:  # noqa: ANN401
    """What was found, with its text and its seals: seniors who answer for it and auditors who check it. Not buyers,
    not administrators, and of examiners nobody but the one who found it (on their own page)."""
    return is_senior(person) or person.role == Role.AUDITOR


def _sees_photograph(person: Person, document: Document) -> bool:
    """Whoever reads the task; examiners ask through their examination, which shows them the goods and the seal only.
    Buyers see what buyers took: a photograph of another hand says that the unit was examined."""
    if document.task is None or not _reads_task(person, document.task):
        return False
    return _oversees(person) or document.uploaded_by.role == Role.TEST_BUYER


PERMISSIONS: dict[str, Predicate] = {
    "programme.read": _reads_programmes,
    "programme.load": _runs_programmes,
    "programme.refresh": _runs_programmes,
    # What the folder says is replaced with a reason, by whoever answers for the figures.
    "programme.replace": is_senior,
    "task.read": _reads_task,
    "task.take": _takes_task,
    # Who sends buyers out: seniors by subject, administrators by who is there.
    "task.assign": _runs_programmes,
    "task.buy": _buys,
    "task.fail": _fails,
    "task.send": _sends,
    # A unit that ends without a result moves the figures: whoever answers for them says so.
    "task.lose": is_senior,
    "task.photograph": _sees_photograph,
    "examination.read": _reads_examination,
    "task.examine": _examines,
    "examination.assign": _runs_programmes,
    "examination.results": _reads_results,
}
