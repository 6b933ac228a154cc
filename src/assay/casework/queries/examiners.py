"""Who may examine a unit, best first: the owner of the mark, then laboratories, and nobody twice while others can."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from assay.casework.models import Examination, Organisation, OrganisationKind, Person, Role, TestBuyTask
from assay.casework.queries.testbuys import EXAMINING

# A first examination needs who knows the goods best, a second one who has nothing to win by the first one's word.
_FIRST = (OrganisationKind.BRAND, OrganisationKind.LABORATORY, OrganisationKind.MARKETPLACE)
_SECOND = (OrganisationKind.LABORATORY, OrganisationKind.BRAND, OrganisationKind.MARKETPLACE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An organisation that may examine a unit. `is_independent` is false when it made the unit's other examination;
    `owns_mark` when it is the brand itself; `n_open` is how many examinations it has before it."""

    organisation: Organisation
    is_independent: bool
    owns_mark: bool
    n_open: int


def candidates(task: TestBuyTask, *, besides: Examination | None = None, every: bool = False) -> tuple[Candidate, ...]:
    """Who may examine a unit next, best first. `besides` is an examination that is being given to somebody else.

    An organisation that examined it before comes only when nobody else can (or with `every`), and only while it has
    another examiner. A brand examines its own mark only: a competitor has an interest in the outcome.
    """
    before = {each.organisation_id for each in others(task, besides)}
    places = _SECOND if before else _FIRST
    found = []
    for row, n_open in _examining():
        owns = owns_mark(row, task)
        if row.kind == OrganisationKind.BRAND and not owns:
            continue
        if row.pk in before and other_examiner(task, row, besides=besides) is None:
            continue
        found.append((places.index(OrganisationKind(row.kind)), Candidate(row, row.pk not in before, owns, n_open)))
    found.sort(key=lambda each: (not each[1].is_independent, each[0], each[1].n_open, each[1].organisation.pk))
    listed = tuple(each for _, each in found)
    return listed if every else tuple(each for each in listed if each.is_independent) or listed


def other_examiner(
    task: TestBuyTask, organisation: Organisation, *, besides: Examination | None = None
) -> Person | None:
    """Somebody of an organisation who has not examined the unit, with the least to do; None when there is nobody."""
    taken = {each.examiner_id for each in others(task, besides) if each.examiner_id is not None}
    people = Person.objects.filter(organisation=organisation, role=Role.AUTHENTICATOR, is_active=True)
    waiting = Count("examinations", filter=Q(examinations__finished_at=None, examinations__task__stage__in=EXAMINING))
    return people.exclude(pk__in=taken).annotate(n_open=waiting).order_by("n_open", "pk").first()


def others(task: TestBuyTask, besides: Examination | None = None) -> list[Examination]:
    """The examinations of a unit, but for one."""
    rows = Examination.objects.filter(task=task).order_by("ordinal")
    return [each for each in rows if besides is None or each.pk != besides.pk]


def is_independent(task: TestBuyTask, organisation: Organisation, besides: Examination | None = None) -> bool:
    """Whether an organisation made no other examination of the unit."""
    return all(each.organisation_id != organisation.pk for each in others(task, besides))


def owns_mark(organisation: Organisation, task: TestBuyTask) -> bool:
    """Whether a brand's organisation is named as the brand of the goods or as its rights holder."""
    names = {_key(name) for name in (task.said_brand, task.brand, task.rights_holder)} - {""}
    return organisation.kind == OrganisationKind.BRAND and _key(organisation.name) in names


def plain_seal(number: str) -> str:
    """A seal number as it is compared: letters and digits only, in upper case."""
    return "".join(each for each in number.upper() if each.isalnum())


def _examining() -> list[tuple[Organisation, int]]:
    """Organisations that have examiners, each with the number of examinations before it."""
    is_open = Q(examination__finished_at=None, examination__task__stage__in=EXAMINING)
    waiting = Count("examination", filter=is_open, distinct=True)
    people = Count("people", filter=Q(people__role=Role.AUTHENTICATOR, people__is_active=True), distinct=True)
    rows = Organisation.objects.filter(kind__in=_FIRST, closed_at=None)
    found = rows.annotate(n_open=waiting, n_people=people).filter(n_people__gt=0).order_by("pk")
    return [(row, row.n_open) for row in found]


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
