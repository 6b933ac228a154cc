"""Who may do what to which object: small named predicates, one file per subject, each with its reason.

A permission is a dotted name (`item.decide`). `need` refuses in one sentence; nothing else in the house asks for roles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assay.casework.models import Person
from assay.market.errors import CallerError

Predicate = Callable[[Person, Any], bool]


class Refused(CallerError):
    """The person may not do this, here or at all. Over HTTP: 403. Exit code 2."""


class NotThere(CallerError):
    """No such object, or none that this person may know of: both look the same. Over HTTP: 404. Exit code 2."""


def may(person: Person, permission: str, subject: Any = None) -> bool:  # noqa: ANN401 - any object of casework
    """Whether a person may do something to an object. KeyError for a permission that does not exist."""
    return person.is_active and permissions()[permission](person, subject)


def need(person: Person, permission: str, subject: Any = None) -> None:  # noqa: ANN401 - any object of casework
    """Refuses when `may` says no."""
    if not may(person, permission, subject):
        what = f" of {subject}" if subject is not None else ""
        raise Refused(
            f"{person.email} ({person.role}) may not do {permission}{what}.",
            where={"permission": permission},
            value=person.role,
        )


def permissions() -> dict[str, Predicate]:
    """Every permission by name."""
    from assay.casework.access import appeals, audit, decisions, effects, items, people, runs, testbuys

    found: dict[str, Predicate] = {}
    for subject in (items, runs, decisions, appeals, testbuys, people, audit, effects):
        found |= subject.PERMISSIONS
    return found
