"""Organisations and their people: who is added, changed, given a role, and shown out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assay.casework.access import need
from assay.casework.access.roles import ROLES_OF
from assay.casework.models import Language, Organisation, OrganisationKind, Person, Role
from assay.casework.moves import WrongState
from assay.casework.services.acting import need_reason
from assay.casework.services.recording import Actor, record
from assay.casework.services.tokens import revoke_all
from assay.market.errors import CallerError

EVENTS = {
    "organisation.added": _("added an organisation"),
    "organisation.changed": _("changed an organisation"),
    "organisation.closed": _("closed an organisation and deactivated its people"),
    "person.added": _("added a person"),
    "person.changed": _("changed a person"),
    "person.role_changed": _("gave a person another role"),
    "person.deactivated": _("deactivated a person"),
    "person.reactivated": _("let a person in again"),
    "person.language_chosen": _("chose a language"),
}
# RFC 5321 lets no address be longer, and the columns hold no more.
_MOST_EMAIL_CHARACTERS = 254


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """What an administrator may set about a person; `needs_second_factor` None means: as the role asks."""

    email: str
    name: str
    role: str
    language: str = Language.ENGLISH
    needs_second_factor: bool | None = None


def add_organisation(
    actor: Actor,
    kind: str,
    *,
    name: str,
    merchant_id: str | None = None,
    language: str = Language.ENGLISH,
    contact_email: str = "",
) -> Organisation:
    """A new organisation. A merchant's needs the market's id of the merchant, the others must not have one."""
    if actor.person is not None:
        need(actor.person, "organisation.change")
    merchant = (merchant_id or "").strip() or None
    _check_organisation(kind, name, merchant, language, contact_email)
    with transaction.atomic():
        if merchant is not None and Organisation.objects.filter(merchant_id=merchant).exists():
            raise CallerError(
                gettext("The merchant %(merchant)s has an organisation already; add people to that one.")
                % {"merchant": merchant},
                where={"field": "merchant_id"},
                value=merchant,
            )
        row = Organisation.objects.create(
            kind=kind,
            name=name.strip(),
            merchant_id=merchant,
            language=language,
            contact_email=contact_email.strip().lower(),
            created_at=timezone.now(),
        )
        record(actor, "organisation.added", row, after={"kind": row.kind, "merchant_id": merchant})
    return row


def change_organisation(
    actor: Actor, organisation: Organisation, *, name: str, language: str, contact_email: str
) -> Organisation:
    """Another name, language or address; the kind and the merchant's id stay what they are."""
    if actor.person is not None:
        need(actor.person, "organisation.change", organisation)
    with transaction.atomic():
        row = Organisation.objects.select_for_update(of=("self",), no_key=True).get(pk=organisation.pk)
        _check_organisation(row.kind, name, row.merchant_id, language, contact_email)
        before = {"language": row.language}
        changed = _set(row, {"name": name.strip(), "language": language, "contact_email": contact_email.lower()})
        if changed:
            after = {"language": row.language, "fields": changed}
            record(actor, "organisation.changed", row, before=before, after=after)
    return row


def close_organisation(
    actor: Actor, organisation: Organisation, *, reason: str, now: datetime | None = None
) -> Organisation:
    """Ends an organisation: its people are deactivated with it. WrongState when it is closed, or the person's own."""
    if actor.person is not None:
        need(actor.person, "organisation.change", organisation)
    need_reason(reason)
    at = now or timezone.now()
    with transaction.atomic():
        _lock_administrators()
        row = Organisation.objects.select_for_update(of=("self",), no_key=True).get(pk=organisation.pk)
        if row.closed_at is not None or (actor.person is not None and actor.person.organisation_id == row.pk):
            raise WrongState(
                gettext("%(organisation)s cannot be closed: it is closed already or it is your own.")
                % {"organisation": row},
                where={"organisation": row.pk},
            )
        row.closed_at = at
        row.save(update_fields=["closed_at"])
        people = list(
            Person.objects.select_for_update(of=("self",), no_key=True).filter(organisation=row, is_active=True)
        )
        for person in people:
            _shut_out(person, at)
        _need_an_administrator()
        record(actor, "organisation.closed", row, after={"people": [each.pk for each in people]}, reason=reason)
    return row


def add_person(
    actor: Actor, organisation: Organisation, details: PersonDetails, *, password: str | None = None
) -> Person:
    """A new person. Without a password nobody can sign in as them until an invitation is used.

    CallerError for an address that is taken or is none, or a role that the organisation's kind does not give.
    """
    if actor.person is not None:
        need(actor.person, "person.add")
    _check_person(organisation, details)
    with transaction.atomic():
        _need_free(details.email)
        person = Person(
            email=details.email.strip().lower(),
            name=details.name.strip(),
            organisation=organisation,
            role=details.role,
            language=details.language,
            needs_second_factor=_needs_factor(details),
            created_at=timezone.now(),
        )
        person.set_password(password)
        person.save()
        record(actor, "person.added", person, after={"organisation": organisation.pk} | _state(person))
    return person


def change_person(actor: Actor, person: Person, details: PersonDetails, *, reason: str = "") -> Person:
    """Another name, address, language, role or duty to have a second factor; a changed role ends open sessions.

    Refused for one's own role. CallerError when no administrator would be left.
    """
    with transaction.atomic():
        _lock_administrators()
        row = _locked(person)
        _need_may_change(actor, row, details)
        _check_person(row.organisation, details)
        if row.email != details.email.strip().lower():
            _need_free(details.email)
        before = _state(row)
        values: dict[str, Any] = {
            "email": details.email.strip().lower(),
            "name": details.name.strip(),
            "language": details.language,
        }
        values |= {"role": details.role, "needs_second_factor": _needs_factor(details)}
        if row.role != details.role:
            values["session_epoch"] = row.session_epoch + 1
        changed = _set(row, values)
        if row.is_active and before["role"] == Role.ADMINISTRATOR:
            _need_an_administrator()
        if changed:
            action = "person.role_changed" if before["role"] != row.role else "person.changed"
            record(actor, action, row, before=before, after=_state(row) | {"fields": changed}, reason=reason)
    return row


def deactivate(actor: Actor, person: Person, *, reason: str, now: datetime | None = None) -> Person:
    """Shuts a person out at once: open sessions end, tokens are revoked. CallerError for the last administrator."""
    need_reason(reason)
    with transaction.atomic():
        _lock_administrators()
        if actor.person is not None:
            actor.person.refresh_from_db(fields=["is_active", "role"])  # who was shown out meanwhile shows nobody out
            need(actor.person, "person.deactivate", person)
        row = Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
        if row.is_active:
            _shut_out(row, now or timezone.now())
            _need_an_administrator()
            record(actor, "person.deactivated", row, reason=reason)
    return row


def reactivate(actor: Actor, person: Person, *, reason: str) -> Person:
    """Lets a person in again; their tokens stay revoked. WrongState when the organisation is closed."""
    if actor.person is not None:
        need(actor.person, "person.deactivate", person)
    need_reason(reason)
    with transaction.atomic():
        row = _locked(person)
        if row.organisation.closed_at is not None or row.erased_at is not None:
            raise WrongState(
                gettext(
                    "%(person)s cannot be let in again: the organisation is closed or the person's data were erased."
                )
                % {"person": row},
                where={"person": row.pk},
            )
        if not row.is_active:
            row.is_active, row.deactivated_at = True, None
            row.save(update_fields=["is_active", "deactivated_at"])
            record(actor, "person.reactivated", row, reason=reason)
    return row


def choose_language(actor: Actor, person: Person, *, language: str) -> Person:
    """The language of a person's pages and letters. CallerError for one that Assay does not speak."""
    if actor.person is not None:
        need(actor.person, "person.own", person)
    if language not in Language.values:
        raise CallerError(
            gettext("There is no language %(language)s here; allowed are %(allowed)s.")
            % {"language": repr(language), "allowed": ", ".join(Language.values)},
            value=language,
            allowed=", ".join(Language.values),
        )
    with transaction.atomic():
        row = Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
        if row.language != language:
            before, row.language = row.language, language
            row.save(update_fields=["language"])
            record(actor, "person.language_chosen", row, before={"language": before}, after={"language": language})
    return row


def _locked(person: Person) -> Person:
    rows = Person.objects.select_for_update(of=("self",), no_key=True).select_related("organisation")
    return rows.get(pk=person.pk)


def _shut_out(row: Person, at: datetime) -> None:
    row.is_active, row.deactivated_at, row.session_epoch = False, at, row.session_epoch + 1
    row.save(update_fields=["is_active", "deactivated_at", "session_epoch"])
    revoke_all(row, at)


def _set(row: Organisation | Person, values: dict[str, Any]) -> list[str]:
    """Saves what differs and names it; the log keeps the names of fields, not the personal values."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        row.save(update_fields=changed)
    return [name for name in changed if name != "session_epoch"]


def _state(row: Person) -> dict[str, Any]:
    return {"role": row.role, "language": row.language, "needs_second_factor": row.needs_second_factor}


def _needs_factor(details: PersonDetails) -> bool:
    """Everybody but merchants by default: a merchant sees its own account only, staff see everybody's."""
    if details.needs_second_factor is not None:
        return details.needs_second_factor
    return details.role != Role.MERCHANT


def _need_may_change(actor: Actor, row: Person, details: PersonDetails) -> None:
    if actor.person is None:
        return
    need(actor.person, "person.change", row)
    changes_rights = row.role != details.role or (row.needs_second_factor and not _needs_factor(details))
    if changes_rights:
        need(actor.person, "person.role", row)


def _lock_administrators() -> None:
    """Before any other row: of two administrators who deactivate each other at once, one waits here and is refused."""
    rows = Person.objects.select_for_update(of=("self",), no_key=True).filter(role=Role.ADMINISTRATOR, is_active=True)
    list(rows.order_by("pk").values_list("pk"))


def _need_an_administrator() -> None:
    if not Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exists():
        raise CallerError(
            gettext("This would leave no administrator; give the role to somebody else first."), where={"field": "role"}
        )


def _need_free(email: str) -> None:
    if Person.objects.filter(email=email.strip().lower()).exists():
        raise CallerError(
            gettext("Somebody signs in with %(email)s already; every person needs an address of their own.")
            % {"email": email.strip().lower()},
            where={"field": "email"},
            value=email,
        )


def _check_organisation(kind: str, name: str, merchant_id: str | None, language: str, contact_email: str) -> None:
    is_merchant = kind == OrganisationKind.MERCHANT
    wrong = [] if kind in OrganisationKind.values else [gettext("there is no kind %(kind)s") % {"kind": repr(kind)}]
    wrong += [] if name.strip() else [gettext("it has no name")]
    wrong += (
        [gettext("a merchant needs the market's id of the merchant")] if is_merchant and merchant_id is None else []
    )
    wrong += [gettext("only a merchant has a merchant id")] if not is_merchant and merchant_id is not None else []
    wrong += (
        []
        if language in Language.values
        else [gettext("there is no language %(language)s") % {"language": repr(language)}]
    )
    wrong += (
        []
        if not contact_email or is_email(contact_email)
        else [gettext("%(email)s is no e-mail address") % {"email": repr(contact_email)}]
    )
    if wrong:
        raise CallerError(
            gettext("This organisation cannot be kept: %(faults)s.") % {"faults": "; ".join(wrong)}, value=wrong
        )


def _check_person(organisation: Organisation, details: PersonDetails) -> None:
    allowed = ROLES_OF.get(organisation.kind, frozenset())
    wrong = (
        []
        if organisation.closed_at is None
        else [gettext("the organisation %(organisation)s is closed") % {"organisation": organisation}]
    )
    wrong += (
        [] if is_email(details.email) else [gettext("%(email)s is no e-mail address") % {"email": repr(details.email)}]
    )
    wrong += [] if details.name.strip() else [gettext("there is no name")]
    if details.role not in allowed:
        given = ", ".join(sorted(str(role) for role in allowed))
        wrong.append(
            gettext("an organisation of kind %(kind)s does not give the role %(role)s; allowed are %(allowed)s")
            % {"kind": organisation.kind, "role": repr(details.role), "allowed": given}
        )
    wrong += (
        []
        if details.language in Language.values
        else [gettext("there is no language %(language)s") % {"language": repr(details.language)}]
    )
    if wrong:
        raise CallerError(
            gettext("This person cannot be kept: %(faults)s.") % {"faults": "; ".join(wrong)}, value=wrong
        )


def is_email(text: str) -> bool:
    """Whether a text is an address that the table can hold."""
    try:
        validate_email(text.strip())
    except ValidationError:
        return False
    return len(text.strip()) <= _MOST_EMAIL_CHARACTERS
