"""What seniors look into and auditors check: disagreements between reviewers, and what the automation may do alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assay.casework.access import may, need
from assay.casework.models import Action, Review
from assay.casework.queries import decisions as found_in
from assay.casework.queries.policies import policies
from assay.casework.queries.queue import largest_categories
from assay.casework.queries.reversals import MATURE_FROM_DAYS, MATURE_TO_DAYS
from assay.casework.reasons import SEVERITY
from assay.casework.services import automation, reviews
from assay.casework.services.decisions import AUTOMATION_AT_MOST
from assay.web.console.asking import actor_of, person_of, told

_SHOWN = 100
_ALONE = SEVERITY[: SEVERITY.index(AUTOMATION_AT_MOST) + 1]


class PolicyForm(forms.Form):
    """What may be decided without a person in a category."""

    category = forms.CharField(
        label=gettext_lazy("Category"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Empty: every category without a line of its own."),
        widget=forms.TextInput(attrs={"list": "categories"}),
    )
    most_severe_action = forms.ChoiceField(
        label=gettext_lazy("At most"), choices=[(each, Action(each).label) for each in _ALONE]
    )
    least_score = forms.FloatField(
        label=gettext_lazy("From score"), min_value=automation.LEAST_SCORE, max_value=100, initial=95
    )

    def __init__(self, data: Any = None) -> None:  # noqa: ANN401
        super().__init__(data, auto_id="policy-%s")


def disagreements(request: HttpRequest) -> HttpResponse:
    """Blind second answers that differ from the first."""
    person = person_of(request)
    need(person, "review.measured")
    is_settled = request.GET.get("settled") == "1"
    context = {"rows": found_in.disagreements(is_settled=is_settled)[:_SHOWN], "is_settled": is_settled}
    context["can_settle"] = may(person, "review.settle")
    return render(request, "console/decisions/disagreements.html", context | {"quality": found_in.agreement()})


@told("console:disagreements")
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Marks a disagreement as looked into."""
    found = get_object_or_404(Review, pk=pk)
    reviews.settle(actor_of(request), found, note=request.POST.get("note", ""))
    messages.success(request, _("Noted."))
    return redirect("console:disagreements")


def automation_page(request: HttpRequest) -> HttpResponse:
    """What may be decided without a person, and how often that was wrong."""
    need(person_of(request), "automation.read")
    return _automation(request, PolicyForm())


def automation_set(request: HttpRequest) -> HttpResponse:
    """Sets it for a category; what is wrong is said beside the form."""
    need(person_of(request), "automation.set")
    form = PolicyForm(request.POST)
    if not form.is_valid():
        return _automation(request, form)
    automation.set_policy(actor_of(request), **form.cleaned_data)
    messages.success(request, _("Set. It holds for what comes in from now on."))
    return redirect("console:automation")


def _automation(request: HttpRequest, form: PolicyForm) -> HttpResponse:
    context = {"form": form, "rows": policies(), "quality": found_in.automation_quality()}
    context |= {"least_days": MATURE_FROM_DAYS, "most_days": MATURE_TO_DAYS}
    context |= {"can_set": may(person_of(request), "automation.set"), "categories": largest_categories()}
    return render(request, "console/decisions/automation.html", context, status=400 if form.errors else 200)
