"""The second factor: asked for after the password, enrolled when there is none yet."""

from __future__ import annotations

import base64
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django_otp import login as otp_login

from assay.casework.models import Person
from assay.casework.moves import WrongState
from assay.casework.services import factors
from assay.casework.services.factors import WrongCode
from assay.casework.services.recording import Actor
from assay.casework.services.sessions import record_opened, record_wrong_code
from assay.web.accounts.forms import CodeForm
from assay.web.accounts.origin import safe_next
from assay.web.accounts.person import the_person
from assay.web.accounts.signing import end_after


def second_factor(request: HttpRequest) -> HttpResponse:
    """Asks for a code; who has no app yet is led to enrol one."""
    person = the_person(request)
    if _is_verified(person):
        return HttpResponseRedirect(safe_next(request))
    if not factors.has_factor(person):
        return _to_enrolment(request)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            device, kind = factors.verify(Actor.of(person), person, code=form.cleaned_data["code"])
        except WrongCode as error:
            if error.wait_until is None:  # one that came too soon was not looked at
                record_wrong_code(person)
            form.add_error("code", words_for(error))
        else:
            _open(request, person, device, kind)
            return HttpResponseRedirect(safe_next(request))
    context = {"form": form, "next": safe_next(request)}
    return render(request, "accounts/second_factor.html", context, status=400 if form.errors else 200)


def enrol(request: HttpRequest) -> HttpResponse:
    """Shows the secret as a QR code and as text, and confirms it with a code from the app."""
    person = the_person(request)
    try:
        device = factors.draft_device(person)
    except WrongState as error:
        messages.info(request, str(error))
        return redirect("accounts:me" if _is_verified(person) else "accounts:second-factor")
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            device, codes = factors.enrol(Actor.of(person), person, code=form.cleaned_data["code"])
        except WrongCode as error:
            form.add_error("code", words_for(error))
        else:
            _open(request, person, device, "code")
            return render(request, "accounts/recovery_codes.html", {"codes": codes, "next": safe_next(request)})
    context = {"form": form, "next": safe_next(request), **_secret(device)}
    return render(request, "accounts/enrol.html", context, status=400 if form.errors else 200)


def _open(request: HttpRequest, person: Person, device: Any, kind: str) -> None:  # noqa: ANN401 - django-otp is not typed
    request.session.cycle_key()  # what the session may do has grown
    end_after(request, settings.SESSION_COOKIE_AGE)
    otp_login(request, device)
    record_opened(person, factor=kind)


def _secret(device: Any) -> dict[str, str]:  # noqa: ANN401
    """The device's secret for a camera and for eyes: four letters and a space, as apps show it."""
    text = base64.b32encode(device.bin_key).decode().rstrip("=")
    picture = segno.make(device.config_url, error="m").svg_data_uri(scale=5, border=3, light="#fff", dark="#000")
    return {"picture": picture, "secret": " ".join(text[at : at + 4] for at in range(0, len(text), 4))}


def words_for(error: WrongCode) -> str:
    """What a wrong code means to whoever typed it."""
    if error.wait_until is not None:
        return _("Too many wrong codes; wait a little and use the next code.")
    return _("This code does not fit or was used already. Wait for the next one.")


def _to_enrolment(request: HttpRequest) -> HttpResponse:
    response = redirect("accounts:enrol")
    response["Location"] += f"?{request.GET.urlencode()}" if request.GET else ""
    return response


def _is_verified(person: Person) -> bool:
    """django-otp's middleware adds the question to whoever signed in."""
    return bool(person.is_verified())  # type: ignore[attr-defined]
