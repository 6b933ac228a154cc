"""One's own account: language, password, recovery codes, tokens."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from assay.casework.services.people import choose_language
from assay.casework.services.recording import Actor
from assay.web.accounts.origin import safe_next
from assay.web.accounts.person import the_person


def me(request: HttpRequest) -> HttpResponse:
    """Everything a person may set about themselves."""
    return render(request, "accounts/me.html", {"person": the_person(request)})


def language(request: HttpRequest) -> HttpResponse:
    """Keeps the language with the person, and goes back to where the choice was made."""
    person = the_person(request)
    choose_language(Actor.of(person), person, language=request.POST.get("language", ""))
    return HttpResponseRedirect(safe_next(request))
