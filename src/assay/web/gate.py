"""Stands before every view: no entry in the table, no way in; and turns Assay's errors into answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import translation

from assay.casework.models import Person
from assay.web import faults
from assay.web.permits import Permit, permits

LOG = logging.getLogger("assay.web")
EPOCH = "assay_session_epoch"


class Gate:
    """Refuses whoever the table of permits does not let in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes the request on."""
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        """None lets the view run."""
        match = request.resolver_match
        name = match.view_name if match else ""
        permit = permits().get(name)
        if permit is None:
            LOG.error("The page %r has no entry in the table of permits; it is refused.", name)
            return faults.refused(request)
        if _has_nul(request.path, request.GET):
            return faults.bad_request(request)
        if permit.methods and request.method not in permit.methods:
            return faults.wrong_method(request, permit.methods)
        if permit.scope:
            return None  # the API reads its token itself and asks the same table
        answer = None if permit.is_anonymous else _let_in(request, permit)
        return faults.bad_request(request) if answer is None and _has_nul("", request.POST) else answer

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for a fault that is not ours; everything else is left to Django."""
        said = faults.said_for(error)
        return faults.answer(request, said) if said else None


def _has_nul(path: str, given: QueryDict) -> bool:
    """Nobody types a NUL, and PostgreSQL keeps none: asked for such a text it fails instead of finding nothing."""
    return "\0" in path or any("\0" in text for name in given for text in (name, *given.getlist(name)))


def _let_in(request: HttpRequest, permit: Permit) -> HttpResponse | None:
    if not request.user.is_authenticated:
        return _to("accounts:sign-in", request)
    person = request.user
    if not person.is_active or request.session.get(EPOCH, 0) != person.session_epoch:
        logout(request)
        return _to("accounts:sign-in", request)
    _speak(request, person)
    if not permit.before_second_factor and person.needs_second_factor and not _verified(person):
        return _to("accounts:second-factor", request)
    if person.role not in permit.roles:
        return faults.refused(request)
    return None


def _verified(person: Person) -> bool:
    """django-otp's middleware adds the question to whoever signed in."""
    return bool(person.is_verified())  # type: ignore[attr-defined]


def _speak(request: HttpRequest, person: Person) -> None:
    """A person's own language wins over the browser's."""
    if translation.get_language() != person.language:
        translation.activate(person.language)
        request.LANGUAGE_CODE = person.language


def _to(name: str, request: HttpRequest) -> HttpResponse:
    """A redirect to signing in that comes back here; parts fetched by htmx make the whole page go."""
    url = (
        f"{reverse(name)}?{urlencode({'next': request.get_full_path()})}" if request.method == "GET" else reverse(name)
    )
    if getattr(request, "htmx", False):
        return HttpResponse(status=401, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
