"""What views of the console share: who asks, where a form goes back to, and how a caller's fault is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from assay.casework.access import NotThere, Refused
from assay.casework.models import Person
from assay.casework.services.recording import Actor
from assay.market.errors import CallerError

View = Callable[..., HttpResponse]


def person_of(request: HttpRequest) -> Person:
    """Who asks; the gate has let nobody else in."""
    person = request.user
    assert isinstance(person, Person)
    return person


def actor_of(request: HttpRequest) -> Actor:
    """The same, as services take it."""
    return Actor.of(person_of(request))


def back(request: HttpRequest, otherwise: str) -> str:
    """The address within this site that the form came from (`back`), else the page of a view."""
    given = request.POST.get("back", "")
    is_ours = url_has_allowed_host_and_scheme(given, allowed_hosts=None) and given.startswith("/")
    return given if is_ours else reverse(otherwise)


def told(otherwise: str) -> Callable[[View], View]:
    """Says what was wrong on the page that the form came from, instead of on a page of its own.

    A refusal and what is not there stay pages of their own: the person should not have come this far.
    """

    def around(view: View) -> View:
        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401
            try:
                return view(request, *args, **kwargs)
            except (Refused, NotThere):
                raise
            except CallerError as error:
                messages.error(request, error.message)
                return redirect(back(request, otherwise))

        return asked

    return around
