"""One's own account: language, password, recovery codes, tokens."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from assay.casework.access import NotThere
from assay.casework.models import ApiToken, Language, Person
from assay.casework.queries.people import PeopleFilter, people_for
from assay.casework.services import factors
from assay.casework.services.factors import WrongCode
from assay.casework.services.passwords import BadPassword, change_password, confirm
from assay.casework.services.people import choose_language
from assay.casework.services.recording import Actor
from assay.casework.services.sessions import Locked
from assay.casework.services.tokens import make_token, revoke_token
from assay.web.accounts.factors import words_for
from assay.web.accounts.forms import ChangePasswordForm, CodeForm, TokenForm
from assay.web.accounts.origin import address_of, safe_next
from assay.web.accounts.person import the_person
from assay.web.gate import EPOCH
from assay.web.permits import permits

_MOST_COLLEAGUES = 200


def me(request: HttpRequest) -> HttpResponse:
    """Everything a person may set about themselves, and who else is of their organisation."""
    person = the_person(request)
    colleagues = people_for(person, PeopleFilter(organisation=person.organisation_id, state="active"))
    context = {
        "person": person,
        "languages": Language.choices,
        "has_factor": factors.has_factor(person),
        "n_codes": factors.n_recovery_codes(person),
        "tokens": ApiToken.objects.filter(person=person).order_by("-created_at"),
        "can_make_tokens": bool(scopes_for(person)),
        "colleagues": colleagues.exclude(pk=person.pk)[:_MOST_COLLEAGUES],
    }
    return render(request, "accounts/me.html", context)


def language(request: HttpRequest) -> HttpResponse:
    """Keeps the language with the person, and goes back to where the choice was made."""
    person = the_person(request)
    choose_language(Actor.of(person), person, language=request.POST.get("language", ""))
    return HttpResponseRedirect(safe_next(request))


def password(request: HttpRequest) -> HttpResponse:
    """Changes the password; all other sessions of the person end."""
    person = the_person(request)
    form = ChangePasswordForm(request.POST or None)
    if form.is_valid():
        given, address = form.cleaned_data, address_of(request)
        try:
            changed = change_password(
                Actor.of(person), person, old=given["old"], new=given["password"], address=address
            )
        except (BadPassword, Locked) as error:
            _say(form, error)
        else:
            _stay(request, changed)
            messages.success(request, _("The password is changed. All your other sessions have ended."))
            if ApiToken.objects.filter(person=person, revoked_at=None).exists():
                messages.info(request, _("Your API tokens still work. Revoke those that you no longer trust."))
            return redirect("accounts:me")
    return render(request, "accounts/password.html", {"form": form}, status=400 if form.errors else 200)


def recovery_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes for a code of the app, shown in this answer only: an open session alone is not enough."""
    person = the_person(request)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            factors.verify(Actor.of(person), person, code=form.cleaned_data["code"])
        except WrongCode as error:
            form.add_error("code", words_for(error))
        else:
            codes = factors.new_recovery_codes(Actor.of(person), person)
            return render(request, "accounts/recovery_codes.html", {"codes": codes, "next": reverse("accounts:me")})
    return render(request, "accounts/recovery_ask.html", {"form": form}, status=400 if form.errors else 200)


def token_add(request: HttpRequest) -> HttpResponse:
    """Makes a token for whoever knows the password; its clear text is shown in this answer only."""
    person = the_person(request)
    scopes = scopes_for(person)
    form = TokenForm(request.POST or None, scopes=scopes)
    if form.is_valid():
        given = dict(form.cleaned_data)
        try:
            confirm(person, given.pop("password"), address=address_of(request))
        except (BadPassword, Locked) as error:
            _say(form, error)
        else:
            made = make_token(Actor.of(person), person, **given)
            return render(request, "accounts/token_made.html", {"made": made})
    context = {"form": form, "scopes": scopes}
    return render(request, "accounts/token_add.html", context, status=400 if form.errors else 200)


def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends one of one's own tokens."""
    person = the_person(request)
    token = ApiToken.objects.filter(pk=pk, person=person).first()
    if token is None:
        raise NotThere(f"You have no token {pk}.")
    revoke_token(Actor.of(person), token, reason="by its person")
    messages.success(request, _("The token no longer works."))
    return redirect("accounts:me")


def scopes_for(person: Person) -> list[str]:
    """What a token in a person's name could do at all: the scopes of the API's URLs that are open to their role."""
    return sorted({permit.scope for permit in permits().values() if permit.scope and person.role in permit.roles})


def _say(form: forms.Form, error: BadPassword | Locked) -> None:
    if isinstance(error, Locked):
        form.add_error(None, _("There were too many attempts. Wait a little, or sign in again later."))
        return
    for sentence in error.sentences:
        form.add_error(None, sentence)


def _stay(request: HttpRequest, person: Person) -> None:
    """This session goes on, with a new key; the raised epoch has ended the others."""
    update_session_auth_hash(request, person)
    request.session[EPOCH] = person.session_epoch
