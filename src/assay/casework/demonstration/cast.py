"""The people of the demonstration: one login per role, and colleagues who did the work of the past days."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from assay.casework.models import Language, Organisation, OrganisationKind, Person, Role
from assay.casework.services.people import PersonDetails, add_organisation, add_person
from assay.casework.services.recording import COMMAND_LINE, Actor

# Everybody's address ends here: a name that is kept free for examples (RFC 2606).
DOMAIN = "example.org"


@dataclass(frozen=True, slots=True)
class Names:
    """What the simulated market calls its people: the brand whose owner examines, the merchant who appeals."""

    rights_holder: str
    merchant_id: str
    merchant_name: str
    merchant_language: str = Language.ENGLISH


@dataclass(frozen=True, slots=True)
class Login:
    """One account to look around with. The password exists nowhere else."""

    role: str
    organisation: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is there: the seven logins by role, and colleagues that nobody signs in as."""

    logins: tuple[Login, ...]
    by_role: dict[str, Person]
    analysts: tuple[Person, ...]
    seniors: tuple[Person, ...]
    examiners: tuple[Person, ...]

    def actor(self, role: str) -> Actor:
        """The login of a role, acting."""
        return Actor.of(self.by_role[role])


def make_cast(names: Names) -> Cast:
    """An organisation of every kind and their people. Their second factor is off, so that one can look around."""
    kinds = OrganisationKind
    platform = add_organisation(COMMAND_LINE, kinds.MARKETPLACE, name="Simulated Marketplace")
    brand = add_organisation(COMMAND_LINE, kinds.BRAND, name=names.rights_holder)
    laboratories = [
        add_organisation(COMMAND_LINE, kinds.LABORATORY, name=f"Simulated Laboratory {letter}") for letter in "AB"
    ]
    authority = add_organisation(COMMAND_LINE, kinds.AUTHORITY, name="Simulated Authority")
    merchant = add_organisation(
        COMMAND_LINE,
        kinds.MERCHANT,
        name=names.merchant_name,
        merchant_id=names.merchant_id,
        language=names.merchant_language,
    )
    places = {
        Role.ANALYST: platform,
        Role.SENIOR: platform,
        Role.TEST_BUYER: platform,
        Role.ADMINISTRATOR: platform,
        Role.AUTHENTICATOR: laboratories[0],
        Role.MERCHANT: merchant,
        Role.AUDITOR: authority,
    }
    by_role: dict[str, Person] = {}
    logins = []
    for role, place in places.items():
        login, by_role[role] = _login(role, place)
        logins.append(login)
    colleagues = {
        Role.ANALYST: [_colleague(Role.ANALYST, platform, n) for n in (2, 3)],
        Role.SENIOR: [_colleague(Role.SENIOR, platform, 2)],
        Role.AUTHENTICATOR: [
            _colleague(Role.AUTHENTICATOR, place, n) for n, place in enumerate((brand, laboratories[1]), start=2)
        ],
    }
    return Cast(
        logins=tuple(logins),
        by_role=by_role,
        analysts=(by_role[Role.ANALYST], *colleagues[Role.ANALYST]),
        seniors=(by_role[Role.SENIOR], *colleagues[Role.SENIOR]),
        examiners=(by_role[Role.AUTHENTICATOR], *colleagues[Role.AUTHENTICATOR]),
    )


def _login(role: Role, place: Organisation) -> tuple[Login, Person]:
    password = secrets.token_urlsafe(12)
    email = f"{role.replace('_', '-')}@{DOMAIN}"
    person = add_person(COMMAND_LINE, place, _details(email, f"Demo {role.label}", role), password=password)
    return Login(str(role), place.name, email, password), person


def _colleague(role: Role, place: Organisation, n: int) -> Person:
    email = f"{role.replace('_', '-')}-{n}@{DOMAIN}"
    return add_person(COMMAND_LINE, place, _details(email, f"Demo {role.label} {n}", role))


def _details(email: str, name: str, role: Role) -> PersonDetails:
    return PersonDetails(email, name, role, needs_second_factor=False)
