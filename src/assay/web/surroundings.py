"""What every page needs beside its subject: who is here, where they can go, what waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assay.web.permits import permits


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation."""

    name: str
    label: str | Promise
    url: str
    is_here: bool


# View name and label, in the order shown; a person sees the ones whose URL the table of permits opens to their role.
_PLACES: tuple[tuple[str, str | Promise], ...] = (
    ("home", _("Home")),
    ("console:queue", _("Queue")),
    ("console:decisions", _("Decisions")),
    ("console:appeals", _("Appeals")),
    ("console:programmes", _("Test buys")),
    ("console:examinations", _("Examinations")),
    ("console:numbers", _("Numbers")),
    ("console:audit", _("Audit")),
    ("console:endpoints", _("Effects")),
    ("accounts:people", _("People")),
    ("portal:statements", _("Decisions about us")),
    ("portal:appeals", _("Our appeals")),
)


def surroundings(request: HttpRequest) -> dict[str, Any]:
    """Navigation for the person who asks; empty before signing in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or (user.needs_second_factor and not user.is_verified()):
        return {"places": ()}
    return {"places": tuple(_open_to(user.role, request.path))}


def _open_to(role: str, path: str) -> list[Place]:
    found = []
    for name, label in _PLACES:
        permit = permits().get(name)
        if permit is None or role not in permit.roles:
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        is_here = path == url if name == "home" else path.startswith(url)
        found.append(Place(name, label, url, is_here))
    return found
