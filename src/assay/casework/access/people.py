"""Who may do what: people, their tokens, and what they leave behind."""

from __future__ import annotations

from typing import Any

from assay.casework.access import Predicate
from assay.casework.access.roles import is_administrator
from assay.casework.models import Person


def is_self_or_administrator(person: Person, subject: Any) -> bool:  # noqa: ANN401 - predicates take any object
    """A key acts in its person's name: its person makes it, or an administrator for a program's account."""
    return is_administrator(person) or subject == person


PERMISSIONS: dict[str, Predicate] = {
    "token.make": is_self_or_administrator,
}
