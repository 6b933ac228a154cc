"""Who may do what: people, their tokens, and what they leave behind."""

from __future__ import annotations

from typing import Any

from assay.casework.access import Predicate
from assay.casework.access.roles import is_administrator
from assay.casework.models import Person


def is_self(person: Person, subject: Any = None) -> bool:  # noqa: ANN401 - predicates take any object
    """Passwords, codes and language are nobody else's to set: an administrator resets, and never knows."""
    return subject is None or subject == person


def is_self_or_administrator(person: Person, subject: Any) -> bool:  # noqa: ANN401
    """A key acts in its person's name: its person makes it, or an administrator for a program's account."""
    return is_administrator(person) or subject == person


def reads_person(person: Person, subject: Any = None) -> bool:  # noqa: ANN401
    """Administrators, and those of the same organisation: a merchant's people see their own colleagues only."""
    if is_administrator(person):
        return True
    return isinstance(subject, Person) and subject.organisation_id == person.organisation_id


def manages_other(person: Person, subject: Any = None) -> bool:  # noqa: ANN401
    """An administrator, about somebody else: whoever could raise their own role would need nobody's consent, and who
    could reset their own second factor would not need to have it."""
    return is_administrator(person) and subject != person


PERMISSIONS: dict[str, Predicate] = {
    "person.read": reads_person,
    # Who comes in is one task, kept apart from deciding about goods.
    "person.add": is_administrator,
    "person.change": is_administrator,
    "person.role": manages_other,
    "person.deactivate": manages_other,
    "person.invite": manages_other,
    "person.own": is_self,
    "organisation.change": is_administrator,
    "factor.reset": manages_other,
    "token.make": is_self_or_administrator,
}
