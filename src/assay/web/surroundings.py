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


# Every page of the console lies below it, so it is where a person is only at its own address.
_HOME = "console:home"

# View name and label, in the order shown; a person sees the ones whose URL the table of permits opens to their role.
_PLACES: tuple[tuple[str, str | Promise], ...] = (
    (_HOME, _("Home")),
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
    """Navigation for the person who asks, empty before signing in; and where the choice of a language is sent."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"places": (), "language_url": reverse("set-language")}
    # A person's own language wins over the cookie, so the choice has to reach the person.
    language_url = reverse("accounts:language")
    if user.needs_second_factor and not user.is_verified():
        return {"places": (), "language_url": language_url}
    return {"places": tuple(_open_to(user.role, request.path)), "language_url": language_url}


def _open_to(role: str, path: str) -> list[Place]:
    found = [(name, label, url) for name, label in _PLACES if (url := _url_for(name, role))]
    # The longest address that the page's own begins with: `/portal/` is not here while `/portal/appeals/` is.
    here = max((url for name, _label, url in found if name != _HOME and path.startswith(url)), key=len, default="")
    return [Place(name, label, url, url == here or (name == _HOME and path == url)) for name, label, url in found]


def _url_for(name: str, role: str) -> str:
    """Empty where the role has no permit or the room is not built in."""
    permit = permits().get(name)
    if permit is None or role not in permit.roles:
        return ""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
