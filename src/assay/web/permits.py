"""One table: for every URL who may use it, and how. A URL without an entry is refused, and a test fails.

Roles here keep strangers off whole pages; what a person may do to one object is asked of `casework.access` in the view.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache

from assay.casework.models import Role

EVERYONE = frozenset(Role.values)
REVIEWERS = frozenset({Role.ANALYST, Role.SENIOR})
READERS = frozenset({Role.ANALYST, Role.SENIOR, Role.AUDITOR})
SENIORS = frozenset({Role.SENIOR})
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
AUDITORS = frozenset({Role.AUDITOR})
OVERSEERS = SENIORS | AUDITORS
BUYERS = frozenset({Role.TEST_BUYER})
EXAMINERS = frozenset({Role.AUTHENTICATOR})
MERCHANTS = frozenset({Role.MERCHANT})

READ = ("GET", "HEAD")
WRITE = ("POST",)
FORM = ("GET", "HEAD", "POST")

# Rooms of the faces; each has a `permits` module with PERMITS: dict[str, Permit] by view name.
_ROOMS = (
    "accounts",
    "console.queue",
    "console.decisions",
    "console.appeals",
    "console.testbuys",
    "console.numbers",
    "console.audit",
    "console.effects",
    "portal",
    "api",
)


@dataclass(frozen=True, slots=True)
class Permit:
    """Who may use one URL: roles, methods, and whether it comes before the second factor or before signing in.

    `scope` is the token scope that an API URL needs; API URLs take tokens only, all others sessions only.
    """

    roles: frozenset[str]
    methods: tuple[str, ...] = READ
    is_anonymous: bool = False
    before_second_factor: bool = False
    scope: str = ""


@cache
def permits() -> dict[str, Permit]:
    """Every permit by view name."""
    found = {"set-language": Permit(EVERYONE, WRITE, is_anonymous=True)}
    for room in _ROOMS:
        found |= importlib.import_module(f"assay.web.{room}.permits").PERMITS
    return found
