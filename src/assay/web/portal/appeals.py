"""The merchant's appeals: where each stands, its letters, and taking it back."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from assay.casework.letters.languages import words
from assay.casework.models import AppealState
from assay.casework.queries import merchants
from assay.casework.queries.appeals import timeline
from assay.casework.services import appeals
from assay.web.console.asking import actor_of, person_of

_A_PAGE = 25


def appeal_list(request: HttpRequest) -> HttpResponse:
    """Every appeal of the merchant, newest first."""
    actions = words(person_of(request).language).actions
    page = Paginator(merchants.appeals_for(person_of(request)), _A_PAGE).get_page(request.GET.get("page"))
    rows = [(row, actions[row.decision.action]) for row in page]
    return render(request, "portal/appeals.html", {"page": page, "rows": rows})


def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """One appeal: the merchant's words, the letters about it, and what happened."""
    found = merchants.appeal_for(person_of(request), pk)
    statement = merchants.statement_for(person_of(request), found.decision.reference)
    context = {
        "appeal": found,
        "decision": found.decision,
        "action": words(person_of(request).language).actions[found.decision.action],
        "letters": found.letters.order_by("-id"),
        "documents": merchants.documents_of(statement),
        "steps": timeline(found.decision),
        "is_open": found.state == AppealState.OPEN,
    }
    return render(request, "portal/appeal.html", context)


def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """The merchant takes an appeal back."""
    found = merchants.appeal_for(person_of(request), pk)
    appeals.withdraw(actor_of(request), found)
    messages.success(request, _("Your appeal is withdrawn. The decision stays as it is."))
    return redirect("portal:appeal", pk=pk)
