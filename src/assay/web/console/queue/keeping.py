"""Saved views and gold items: what people keep for later."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from assay.casework.access import may, need
from assay.casework.models import Gold
from assay.casework.queries.agreement import gold_accuracy
from assay.casework.queries.item import the_item
from assay.casework.queries.policies import gold_items
from assay.casework.queries.queue import Wanted
from assay.casework.queries.views import the_view
from assay.casework.services import gold, views
from assay.market.errors import CallerError
from assay.web.console.asking import actor_of, back, person_of, told
from assay.web.console.queue.forms import ViewForm


@told("console:queue")
def save(request: HttpRequest) -> HttpResponse:
    """Keeps the filter that came along under a name."""
    form = ViewForm(request.POST)
    if not form.is_valid():
        raise CallerError(_("A view needs a name of 1 to 100 characters."))
    wanted = Wanted.read(request.POST)
    said = form.cleaned_data
    views.save(actor_of(request), name=said["name"], wanted=wanted, is_shared=said["is_shared"])
    messages.success(request, _("The view is saved."))
    return redirect(back(request, "console:queue"))


@told("console:queue")
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows one's view to colleagues, or no longer."""
    found = the_view(person_of(request), pk, "view.change")
    views.share(actor_of(request), found, is_shared=not found.is_shared)
    messages.success(request, _("No longer shared.") if found.is_shared else _("Shared with colleagues."))
    return redirect(back(request, "console:queue"))


@told("console:queue")
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Deletes one's view."""
    views.delete(actor_of(request), the_view(person_of(request), pk, "view.change"))
    messages.success(request, _("The view is deleted."))
    return redirect("console:queue")


def gold_list(request: HttpRequest) -> HttpResponse:
    """Gold items with their known answers, and how often they were answered right."""
    person = person_of(request)
    need(person, "review.measured")
    rows = [(each, gold.in_words(each.source)) for each in gold_items()[:500]]
    context = {"rows": rows, "retired": gold_items(is_retired=True)[:50], "accuracy": gold_accuracy()}
    context["can_keep"] = may(person, "gold.manage")
    return render(request, "console/queue/gold.html", context)


@told("console:gold")
def gold_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts an item among the gold items."""
    gold.add(actor_of(request), the_item(person_of(request), pk))
    messages.success(request, _("Now among the gold items; it looks like any other to whoever is given it."))
    return redirect("console:gold")


@told("console:gold")
def gold_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes an item out of the gold items."""
    found = get_object_or_404(Gold, pk=pk)
    gold.retire(actor_of(request), found, reason=request.POST.get("reason", ""))
    messages.success(request, _("Retired; answers about it stay counted."))
    return redirect("console:gold")
