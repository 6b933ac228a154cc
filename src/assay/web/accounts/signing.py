"""Signing in and out, and the page that leads everybody to their own."""

from __future__ import annotations

import math
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assay.casework.models import Person
from assay.casework.services.sessions import Locked, NotLetIn, let_in, record_closed, record_opened
from assay.web.accounts.forms import SignInForm
from assay.web.accounts.origin import address_of, first_page, safe_next
from assay.web.gate import EPOCH

# A session that waits for the second factor is worth a password; it should not lie about for a day.
SECONDS_FOR_THE_CODE = 600


def home(request: HttpRequest) -> HttpResponse:
    """Leads to the first page of the person's work."""
    return HttpResponseRedirect(first_page(request))


def sign_in(request: HttpRequest) -> HttpResponse:
    """Asks for address and password; the answer does not tell which of them was wrong."""
    if request.method == "GET" and request.user.is_authenticated:
        return HttpResponseRedirect(safe_next(request))
    form = SignInForm(request.POST or None)
    if not form.is_valid():
        return _form(request, form, 400 if request.method == "POST" else 200)
    try:
        person = let_in(form.cleaned_data["email"], form.cleaned_data["password"], address=address_of(request))
    except Locked as error:
        form.add_error(None, _wait(error))
        answer = _form(request, form, 429)
        answer.headers["Retry-After"] = str(_seconds(error))
        return answer
    except NotLetIn:
        form.add_error(None, _("This address and this password do not belong together."))
        return _form(request, form, 400)
    return _opened(request, person)


def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    if isinstance(request.user, Person):
        record_closed(request.user)
    logout(request)
    return redirect("accounts:sign-in")


def _opened(request: HttpRequest, person: Person) -> HttpResponse:
    to = safe_next(request)
    login(request, person)  # gives the session a new key
    request.session[EPOCH] = person.session_epoch
    if person.needs_second_factor:
        end_after(request, SECONDS_FOR_THE_CODE)
        response = redirect("accounts:second-factor")
        response["Location"] += "?" + urlencode({"next": to})
        return response
    end_after(request, settings.SESSION_COOKIE_AGE)
    record_opened(person, factor="password")
    return HttpResponseRedirect(to)


def end_after(request: HttpRequest, seconds: int) -> None:
    """Ends the session then, whatever is done in it: an age would begin anew with every message that a page keeps."""
    request.session.set_expiry(timezone.now() + timedelta(seconds=seconds))


def _form(request: HttpRequest, form: SignInForm, status: int) -> HttpResponse:
    return render(request, "accounts/sign_in.html", {"form": form, "next": safe_next(request)}, status=status)


def _seconds(error: Locked) -> int:
    return max(1, math.ceil((error.until - timezone.now()).total_seconds()))


def _wait(error: Locked) -> str:
    n = math.ceil(_seconds(error) / 60)
    return ngettext(
        "There were too many attempts. Try again in %(n)d minute.",
        "There were too many attempts. Try again in %(n)d minutes.",
        n,
    ) % {"n": n}
