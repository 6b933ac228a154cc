"""Decisions: the list, one of them, and what a second person or a change of mind does to it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from assay.casework.access import may, need
from assay.casework.models import DecisionState
from assay.casework.queries import decisions as found_in
from assay.casework.services import decisions
from assay.web.console.asking import actor_of, person_of, told
from assay.web.console.decisions import showing


def decision_list(request: HttpRequest) -> HttpResponse:
    """Decisions, newest first, one page after another."""
    person = person_of(request)
    need(person, "decision.read")
    wanted = found_in.WantedDecisions.read(request.GET)
    page = found_in.page_of(person, wanted, after=request.GET.get("after", ""))
    context = {"wanted": wanted, "page": page, "tabs": showing.tabs(wanted), "filters": showing.filters(wanted)}
    if page.after:
        context["next_url"] = "?" + urlencode(wanted.query | {"after": page.after})
    if request.GET.get("after"):
        context["top_url"] = f"{reverse('console:decisions')}?{urlencode(wanted.query)}"
    context["oversees"] = may(person, "review.measured")
    return render(request, "console/decisions/decisions.html", context)


def decision(request: HttpRequest, reference: str) -> HttpResponse:
    """One decision: the finding it rests on as it was, what followed, and what may be done about it."""
    person = person_of(request)
    found = found_in.the_decision(person, reference)
    return render(request, "console/decisions/decision.html", showing.around_decision(person, found))


@told("console:decisions")
def approve(request: HttpRequest, reference: str) -> HttpResponse:
    """Agrees to a proposal."""
    found = found_in.the_decision(person_of(request), reference)
    decisions.approve(actor_of(request), found)
    messages.success(request, _("Agreed: the decision is in force."))
    return redirect("console:decision", reference)


@told("console:decisions")
def refuse(request: HttpRequest, reference: str) -> HttpResponse:
    """Sends a proposal back to the queue."""
    found = found_in.the_decision(person_of(request), reference)
    decisions.refuse(actor_of(request), found, reason=request.POST.get("reason", ""))
    messages.success(request, _("Refused: the item is back in the queue."))
    return redirect("console:decision", reference)


@told("console:decisions")
def undo(request: HttpRequest, reference: str) -> HttpResponse:
    """Takes a decision back."""
    found = found_in.the_decision(person_of(request), reference)
    was = found.state
    decisions.undo(actor_of(request), found, reason=request.POST.get("reason", ""))
    lifted = _("Undone: its effects are lifted and the item is back in the queue.")
    messages.success(request, lifted if was == DecisionState.IN_FORCE else _("Undone: the item is back in the queue."))
    return redirect("console:decision", reference)
