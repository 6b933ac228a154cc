"""What roles have in common, as predicates on the person alone."""

from __future__ import annotations

from typing import Any

from assay.casework.models import OrganisationKind, Person, Role

# Roles each kind of organisation may give: who sells, buys, examines and audits is never the same account.
ROLES_OF: dict[str, frozenset[str]] = {
    OrganisationKind.MARKETPLACE: frozenset(
        {Role.ANALYST, Role.SENIOR, Role.TEST_BUYER, Role.AUTHENTICATOR, Role.AUDITOR, Role.ADMINISTRATOR}
    ),
    OrganisationKind.BRAND: frozenset({Role.AUTHENTICATOR}),
    OrganisationKind.LABORATORY: frozenset({Role.AUTHENTICATOR}),
    OrganisationKind.AUTHORITY: frozenset({Role.AUDITOR}),
    OrganisationKind.MERCHANT: frozenset({Role.MERCHANT}),
}


def is_reviewer(person: Person, _: Any = None) -> bool:  # noqa: ANN401 - predicates take any object
    """Analysts and seniors work the queue."""
    return person.role in (Role.ANALYST, Role.SENIOR)


def is_senior(person: Person, _: Any = None) -> bool:  # noqa: ANN401
    """Seniors approve, answer appeals against what took two people to decide, and set policy."""
    return person.role == Role.SENIOR


def is_administrator(person: Person, _: Any = None) -> bool:  # noqa: ANN401
    """Administrators manage people, tokens and endpoints; they decide nothing about goods."""
    return person.role == Role.ADMINISTRATOR


def is_auditor(person: Person, _: Any = None) -> bool:  # noqa: ANN401
    """Auditors read everything but sealed fields, and write nothing."""
    return person.role == Role.AUDITOR


def reads_cases(person: Person, _: Any = None) -> bool:  # noqa: ANN401
    """Who may look at items and decisions: those who work on them, and those who check the work."""
    return person.role in (Role.ANALYST, Role.SENIOR, Role.AUDITOR)


def is_merchant(person: Person, _: Any = None) -> bool:  # noqa: ANN401
    """People of a merchant see what concerns their own account, and nothing else."""
    return person.role == Role.MERCHANT
