"""What has been kept long enough, and what a legal hold keeps longer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet

from assay.casework.models import Document, LegalHold, Organisation, OrganisationKind, Person

# A trader's data are kept six months after the contract's end (Regulation (EU) 2022/2065, DSA, Art. 30(5)), and then
# deleted. Staff are kept as long: what they decided stays open to objections for six months (Art. 20(1)).
PERSON_DAYS = 183
ORGANISATION_DAYS = 183


@dataclass(frozen=True, slots=True)
class Holds:
    """The holds that are on, as ids by kind of subject."""

    by_type: dict[str, frozenset[str]]

    @classmethod
    def now_on(cls) -> Holds:
        """Read from the database."""
        found: dict[str, set[str]] = defaultdict(set)
        rows = LegalHold.objects.filter(lifted_at=None).values_list("subject_type", "subject_id")
        for subject_type, subject_id in rows:
            found[subject_type].add(subject_id)
        return cls({name: frozenset(ids) for name, ids in found.items()})

    def ids(self, subject_type: str) -> list[str]:
        """Names of the subjects of one kind."""
        return sorted(self.by_type.get(subject_type, ()))

    def numbers(self, subject_type: str) -> list[int]:
        """The same as numbers of rows."""
        return [int(each) for each in self.ids(subject_type) if each.isdecimal() and len(each) < 19]


@dataclass(frozen=True, slots=True)
class Due:
    """What may be erased now, and how much more a hold keeps."""

    documents: QuerySet[Document]
    people: QuerySet[Person]
    organisations: QuerySet[Organisation]
    with_held: tuple[QuerySet[Any], ...]

    @property
    def n_held(self) -> int:
        """Rows whose term is over and that a hold keeps; counted anew each time."""
        free = (self.documents, self.people, self.organisations)
        return sum(rows.count() for rows in self.with_held) - sum(rows.count() for rows in free)


def due(now: datetime) -> Due:
    """Everything whose term is over at a moment, without what a hold keeps."""
    holds = Holds.now_on()
    documents = Document.objects.filter(keep_until__lte=now, erased_at=None)
    people = Person.objects.filter(
        is_active=False, deactivated_at__lte=now - timedelta(days=PERSON_DAYS), erased_at=None
    )
    closed = Organisation.objects.filter(
        kind=OrganisationKind.MERCHANT, closed_at__lte=now - timedelta(days=ORGANISATION_DAYS)
    ).exclude(name=F("merchant_id"), contact_email="")
    free = (documents.exclude(_documents(holds)), people.exclude(_people(holds)), closed.exclude(_organisations(holds)))
    return Due(
        free[0].order_by("keep_until", "pk"),
        free[1].order_by("deactivated_at", "pk"),
        free[2].order_by("pk"),
        (documents, people, closed),
    )


def _documents(holds: Holds) -> Q:
    merchants, organisations = holds.ids("merchant"), holds.numbers("organisation")
    return (
        Q(pk__in=holds.numbers("document"))
        | Q(organisation_id__in=organisations)
        | Q(organisation__merchant_id__in=merchants)
        | Q(uploaded_by_id__in=holds.numbers("person"))
        | Q(decision__reference__in=holds.ids("decision"))
        | Q(decision__merchant_id__in=merchants)
        | Q(task__unit__in=holds.ids("task"))
        | Q(task__merchant_id__in=merchants)
    )


def _people(holds: Holds) -> Q:
    return (
        Q(pk__in=holds.numbers("person"))
        | Q(organisation_id__in=holds.numbers("organisation"))
        | Q(organisation__merchant_id__in=holds.ids("merchant"))
    )


def _organisations(holds: Holds) -> Q:
    return Q(pk__in=holds.numbers("organisation")) | Q(merchant_id__in=holds.ids("merchant"))
