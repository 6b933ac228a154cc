"""Strike policies: which is in force, a draft, and whom a draft would touch before it is switched on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assay.casework.access import NotThere, may, need
from assay.casework.models import Action, StrikePolicy
from assay.casework.queries.strikes import Histogram, preview
from assay.casework.reasons import BY_CODE
from assay.casework.services import strikes
from assay.casework.services.strikes import Policy
from assay.market.errors import CallerError
from assay.web import charts
from assay.web.console.appeals.forms import PolicyForm
from assay.web.console.asking import actor_of, person_of, told

_NOT_ACCEPTED = 422
_SHORT = {
    Action.WARN: gettext_lazy("warn"),
    Action.SUSPEND: gettext_lazy("suspend"),
    Action.CLOSE: gettext_lazy("close"),
}


def policies(request: HttpRequest) -> HttpResponse:
    """The policy in force and every draft, newest first."""
    person = person_of(request)
    need(person, "appeal.read")
    in_force = strikes.policy_in_force()
    rows = StrikePolicy.objects.select_related("created_by", "switched_on_by").order_by("-id")[:100]
    context = {
        "policies": rows,
        "in_force": in_force,
        "rules": _rules(in_force),
        "here": "strikes",
        "may_draft": may(person, "strike.policy"),
    }
    return render(request, "console/appeals/policies.html", context)


def policy(request: HttpRequest, pk: int) -> HttpResponse:
    """One policy with its histogram: how many merchants stand where, and how many each threshold touches."""
    person = person_of(request)
    need(person, "appeal.read")
    row = _row(pk)
    rules = Policy.of(row)
    found = preview(rules)
    marks = _marks(rules)
    context = {
        "row": row,
        "rules": _rules(rules),
        "policy": rules,
        "preview": found,
        "touched": [(each, Action(each.threshold.action).label) for each in found.touched],
        "today": _drawn(found.today, marks),
        "later": _drawn(found.later, marks),
        "is_in_force": strikes.policy_in_force().id == row.pk,
        "may_switch": may(person, "strike.policy") and row.switched_on_at is None,
        "here": "strikes",
    }
    return render(request, "console/appeals/policy.html", context)


def draft(request: HttpRequest) -> HttpResponse:
    """A new draft, which begins as the policy in force; nothing changes until it is switched on."""
    need(person_of(request), "strike.policy")
    form = PolicyForm(request.POST or None, policy=strikes.policy_in_force())
    if request.method == "POST" and form.is_valid():
        try:
            row = strikes.draft(actor_of(request), form.policy)
        except CallerError as error:
            form.add_error(None, error.message)
        else:
            return redirect("console:strike-policy", pk=row.pk)
    context = {"form": form, "here": "strikes"}
    return render(request, "console/appeals/draft.html", context, status=_NOT_ACCEPTED if form.errors else 200)


@told("console:strike-policies")
def switch_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a draft in force for the decisions that come."""
    strikes.switch_on(actor_of(request), _row(pk))
    messages.success(request, _("Switched on. It weighs the decisions that come; strikes that were given stay."))
    return redirect("console:strike-policy", pk=pk)


def _row(pk: int) -> StrikePolicy:
    row = StrikePolicy.objects.select_related("created_by", "switched_on_by").filter(pk=pk).first()
    if row is None:
        raise NotThere(f"There is no strike policy {pk}.", value=pk)
    return row


def _drawn(found: Histogram, marks: dict[str, float]) -> Any:  # noqa: ANN401 - safe SVG
    """The chart, wide enough for every threshold."""
    if not found.counts:
        return charts.histogram((), least=0, most=1)
    return charts.histogram(found.counts, marks, least=0, most=found.most, unit=_("merchants by strikes"))


def _marks(policy: Policy) -> dict[str, float]:
    """A short word for each threshold; the second of the same kind gets its number."""
    found: dict[str, float] = {}
    for n, each in enumerate(policy.thresholds, 1):
        word = str(_SHORT[Action(each.action)])
        found[f"{word} ({n})" if word in found else word] = each.at
    return found


def _rules(policy: Policy) -> dict[str, Any]:
    """The policy as words and numbers."""
    return {
        "actions": [(Action(name).label, weight) for name, weight in policy.actions.items() if weight],
        "reasons": [(BY_CODE[code].label, weight) for code, weight in policy.reasons.items() if weight],
        "thresholds": [(each.at, Action(each.action).label) for each in policy.thresholds],
        "window_days": policy.window_days,
        "together_days": policy.together_days,
    }
