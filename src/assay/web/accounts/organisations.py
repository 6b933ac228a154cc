"""The administration of organisations."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from assay.casework.access import NotThere
from assay.casework.models import Organisation, OrganisationKind
from assay.casework.queries.people import organisations
from assay.casework.services import people, personal
from assay.casework.services.recording import Actor
from assay.market.errors import CallerError
from assay.web.accounts.forms import OrganisationForm, ReasonForm, say
from assay.web.accounts.person import the_person

_ROWS = 50


def organisation_list(request: HttpRequest) -> HttpResponse:
    """All organisations, narrowed by words and kind."""
    text, kind = request.GET.get("q", "")[:200], request.GET.get("kind", "")
    wanted = kind if kind in OrganisationKind.values else ""
    page = Paginator(organisations(text, wanted), _ROWS).get_page(request.GET.get("page"))
    context = {"page": page, "text": text, "kind": wanted, "kinds": OrganisationKind.choices}
    return render(request, "accounts/organisations.html", context)


def organisation_add(request: HttpRequest) -> HttpResponse:
    """Adds an organisation."""
    form = OrganisationForm(request.POST or None, is_new=True)
    if form.is_valid():
        given: dict[str, Any] = form.cleaned_data
        try:
            row = people.add_organisation(Actor.of(the_person(request)), given.pop("kind"), **given)
        except CallerError as error:
            say(form, error)
        else:
            messages.success(request, _("Added. Now add its people."))
            return redirect("accounts:organisation", row.pk)
    context = {"form": form}
    return render(request, "accounts/organisation_add.html", context, status=400 if form.errors else 200)


def organisation_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One organisation: its data and its people."""
    row = _organisation(pk)
    initial = {"name": row.name, "language": row.language, "contact_email": row.contact_email}
    form = OrganisationForm(request.POST or None, is_new=False, initial=initial)
    if form.is_valid():
        people.change_organisation(Actor.of(the_person(request)), row, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("accounts:organisation", pk)
    page = Paginator(row.people.order_by("-is_active", "name", "id"), _ROWS).get_page(request.GET.get("page"))
    personal.read_people(Actor.of(the_person(request)), page.object_list, of=row)
    context = {"form": form, "organisation": row, "page": page, "is_own": the_person(request).organisation_id == row.pk}
    return render(request, "accounts/organisation.html", context, status=400 if form.errors else 200)


def organisation_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends an organisation and deactivates its people."""
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    people.close_organisation(Actor.of(the_person(request)), _organisation(pk), reason=reason)
    messages.success(request, _("The organisation is closed; its people can no longer sign in."))
    return redirect("accounts:organisation", pk)


def _organisation(pk: int) -> Organisation:
    found = Organisation.objects.filter(pk=pk).first()
    if found is None:
        raise NotThere(f"There is no organisation {pk}.")
    return found
