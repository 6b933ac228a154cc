"""Legal holds, and what is due to be erased."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from assay.casework.access import NotThere, may, need
from assay.casework.models import DocumentKind, LegalHold
from assay.casework.queries.retention import ORGANISATION_DAYS, PERSON_DAYS, due
from assay.casework.services import holds as service
from assay.casework.services.documents import KEEP_DAYS
from assay.casework.services.holds import SUBJECTS
from assay.casework.services.recording import Actor
from assay.market.errors import CallerError
from assay.web.accounts.person import the_person
from assay.web.console.audit.forms import HoldForm

_ROWS = 50
_MOST_DUE = 20


def holds(request: HttpRequest) -> HttpResponse:
    """Holds that are on and were on, and what is due."""
    need(the_person(request), "hold.read")
    return _page(request, HoldForm())


def place(request: HttpRequest) -> HttpResponse:
    """Places a hold."""
    form = HoldForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 400)
    given = form.cleaned_data
    try:
        service.place(Actor.of(the_person(request)), given["subject_type"], given["subject_id"], reason=given["reason"])
    except CallerError as error:
        form.add_error("subject_id" if error.where.get("field") == "subject_id" else None, _words(error))
        return _page(request, form, 400)
    messages.success(request, _("The hold is on. Nothing about it is erased until it is lifted."))
    return redirect("console:holds")


def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Lifts a hold."""
    hold = LegalHold.objects.filter(pk=pk).first()
    if hold is None:
        raise NotThere(f"There is no hold {pk}.")
    service.lift(Actor.of(the_person(request)), hold, reason=request.POST.get("reason", ""))
    messages.success(request, _("The hold is lifted. What is due is erased at the next run."))
    return redirect("console:holds")


def _page(request: HttpRequest, form: HoldForm, status: int = 200) -> HttpResponse:
    rows = LegalHold.objects.select_related("placed_by", "lifted_by").order_by("lifted_at", "-placed_at", "-pk")
    found = due(timezone.now())
    page = Paginator(rows, _ROWS).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "holds": [(each, SUBJECTS.get(each.subject_type, each.subject_type)) for each in page],
        "may_keep": may(the_person(request), "hold.place"),
        "due": found,
        "counts": (found.documents.count(), found.people.count(), found.organisations.count()),
        "documents": found.documents.select_related("organisation", "decision")[:_MOST_DUE],
        "people": found.people.select_related("organisation")[:_MOST_DUE],
        "terms": [(DocumentKind(kind).label, days) for kind, days in KEEP_DAYS.items()],
        "person_days": PERSON_DAYS,
        "organisation_days": ORGANISATION_DAYS,
    }
    return render(request, "console/audit/holds.html", context, status=status)


def _words(error: CallerError) -> str:
    return _("This names nothing of this kind.") if error.where.get("field") == "subject_id" else error.message
