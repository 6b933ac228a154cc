"""Organisations and people, as the administration shows them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django_otp.plugins.otp_totp.models import TOTPDevice

from assay.casework.access.roles import is_administrator
from assay.casework.models import Organisation, Person


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """What a list of people is narrowed by; empty means all. `state`: active, waiting (no password yet), left."""

    text: str = ""
    kind: str = ""
    role: str = ""
    state: str = ""
    organisation: int | None = None


def people_for(person: Person, wanted: PeopleFilter = PeopleFilter()) -> QuerySet[Person]:
    """People that a person may know of, by name: everybody for administrators, else those of the own organisation.

    Each row has `has_factor`: whether an authenticator app is enrolled.
    """
    rows = Person.objects.select_related("organisation")
    if not is_administrator(person):
        rows = rows.filter(organisation_id=person.organisation_id, is_active=True)
    if wanted.text:
        words = wanted.text.strip()
        rows = rows.filter(
            Q(name__icontains=words) | Q(email__icontains=words) | Q(organisation__name__icontains=words)
        )
    for name, value in (("organisation__kind", wanted.kind), ("role", wanted.role)):
        rows = rows.filter(**{name: value}) if value else rows
    if wanted.organisation is not None:
        rows = rows.filter(organisation_id=wanted.organisation)
    app = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
    return _in_state(rows, wanted.state).annotate(has_factor=Exists(app)).order_by("name", "id")


def organisations(text: str = "", kind: str = "") -> QuerySet[Organisation]:
    """Organisations by name, each with `n_people`: how many of its people are active."""
    rows = Organisation.objects.annotate(n_people=Count("people", filter=Q(people__is_active=True)))
    if text:
        rows = rows.filter(Q(name__icontains=text.strip()) | Q(merchant_id__iexact=text.strip()))
    if kind:
        rows = rows.filter(kind=kind)
    return rows.order_by("name", "id")


def _in_state(rows: QuerySet[Person], state: str) -> QuerySet[Person]:
    if state == "left":
        return rows.filter(is_active=False)
    if state == "waiting":
        return rows.filter(is_active=True, password__startswith="!")
    return rows.filter(is_active=True).exclude(password__startswith="!") if state == "active" else rows
