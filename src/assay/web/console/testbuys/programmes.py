"""Programmes of test buys: how far each is, what it costs, what was found, and what needs a senior."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assay.casework.access import NotThere, may, need
from assay.casework.models import Programme, Role, TaskStage
from assay.casework.queries import testbuys
from assay.casework.services import examinations
from assay.casework.services import programmes as service
from assay.web import charts
from assay.web.console.asking import actor_of, person_of
from assay.web.console.testbuys import words
from assay.web.console.testbuys.forms import ReasonForm

_A_PAGE = 25
_MOST_SHOWN = 50
# Points of the interval's way that are drawn: more rows than this are not read.
_MOST_POINTS = 8


def programmes(request: HttpRequest) -> HttpResponse:
    """All programmes, the newest first. A buyer is led to the tasks, which is what there is for them here."""
    person = person_of(request)
    if person.role == Role.TEST_BUYER:
        return redirect(f"{_tasks_url()}?whose={'mine' if request.GET.get('mine') else ''}")
    need(person, "programme.read")
    done = Count("tasks", filter=Q(tasks__stage=TaskStage.DONE))
    rows = Programme.objects.annotate(n_tasks=Count("tasks"), n_done=done).order_by("-loaded_at", "-pk")
    page = Paginator(rows, _A_PAGE).get_page(request.GET.get("page"))
    listed = [{"programme": row, "share": _share(row.progress, "listings")} for row in page]
    return render(request, "console/testbuys/programmes.html", {"page": page, "listed": listed})


def programme(request: HttpRequest, pk: int) -> HttpResponse:
    """One programme: stages, money, outcomes, the interval as it develops, and the figures of a complete look."""
    row = _programme(request, pk)
    return render(request, "console/testbuys/programme.html", _shown(request, row, ReasonForm()))


def refresh(request: HttpRequest, pk: int) -> HttpResponse:
    """Reads and writes the folder now; the worker does the same every few minutes."""
    row = _programme(request, pk)
    n_moved = service.refresh_programme(actor_of(request), row)
    _say_refreshed(request, row, n_moved)
    return redirect("console:programme", pk=pk)


def replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Replaces what the folder says otherwise by what was found here, with a reason."""
    row = _programme(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return render(request, "console/testbuys/programme.html", _shown(request, row, form), status=422)
    reason = form.cleaned_data["reason"]
    n_moved = service.refresh_programme(actor_of(request), row, replace_reason=reason)
    _say_refreshed(request, row, n_moved)
    return redirect("console:programme", pk=pk)


def give_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives every unit that waits to an examiner, by the rule."""
    row = _programme(request, pk)
    done = examinations.assign_waiting(actor_of(request), row)
    messages.success(request, _("Given to examiners: %(n)d.") % {"n": done.n_given})
    if done.n_left:
        said = ngettext("%(n)d unit can go to nobody yet.", "%(n)d units can go to nobody yet.", done.n_left)
        messages.warning(request, said % {"n": done.n_left})
    return redirect("console:programme", pk=pk)


def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a programme that has all its outcomes."""
    service.close_programme(actor_of(request), _programme(request, pk))
    messages.success(request, _("The programme is closed."))
    return redirect("console:programme", pk=pk)


def _programme(request: HttpRequest, pk: int) -> Programme:
    need(person_of(request), "programme.read")
    found = Programme.objects.filter(pk=pk).first()
    if found is None:
        raise NotThere(f"There is no programme {pk}.", where={"programme": pk})
    return found


def _say_refreshed(request: HttpRequest, row: Programme, n_moved: int) -> None:
    if row.problem:
        messages.error(request, _("The folder could not be read or written. What is wrong stands below."))
    else:
        said = ngettext("Up to date: %(n)d outcome moved.", "Up to date: %(n)d outcomes moved.", n_moved)
        messages.success(request, said % {"n": n_moved})


def _shown(request: HttpRequest, row: Programme, form: ReasonForm) -> dict[str, Any]:
    person, progress = person_of(request), row.progress
    pots = testbuys.pots(row)
    return {
        "programme": row,
        "pots": [{"words": words.POTS[each.pot], "row": each, "stages": _stages(each)} for each in pots],
        "stage_labels": TaskStage.labels,
        "n_units": sum(each.n_units for each in pots),
        "n_done": sum(each.n_done for each in pots),
        "money": testbuys.money_of(row),
        "attention": [
            {"name": name, "words": words.NARROWED[name], "n": n} for name, n in testbuys.attention(row).items()
        ],
        "outcomes": [(words.OUTCOMES[name], n) for name, n in progress.get("outcomes", {}).items()],
        "live": [(words.ESTIMANDS[each["estimand"]], each) for each in progress.get("live", [])],
        "way": _way(progress),
        "look": progress.get("look"),
        "estimates": [(words.ESTIMANDS[e["estimand"]], e) for e in (progress.get("look") or {}).get("estimates", [])],
        "refused": list(row.tasks.exclude(record_problem="").order_by("unit")[:_MOST_SHOWN]),
        "may_refresh": may(person, "programme.refresh", row),
        "may_replace": may(person, "programme.replace", row),
        "may_read_tasks": may(person, "task.read"),
        "may_read_results": may(person, "examination.results"),
        "form": form,
    }


def _stages(row: testbuys.PotRow) -> list[int]:
    return [row.stages.get(stage, 0) for stage in TaskStage.values]


def _way(progress: dict[str, Any]) -> str:
    """The live interval of listings as it became narrower, as a chart; empty before there are two points."""
    points = progress.get("way", [])
    if len(points) < 2:
        return ""
    step = max((len(points) - 1) // (_MOST_POINTS - 1), 1)
    picked = [*points[:-1:step], points[-1]]
    return charts.interval_bars([_bar(point) for point in picked if _live(point)])


def _bar(point: dict[str, Any]) -> charts.Share:
    live, n = _live(point), point["n_known"]
    label = ngettext("%(n)s outcome", "%(n)s outcomes", n) % {"n": f"{n:,}"}
    day = datetime.fromisoformat(point["at"]).date().isoformat()
    return charts.Share(f"{day}: {label}", None, live["low"], live["high"])


def _live(point: dict[str, Any]) -> dict[str, Any]:
    return next((each for each in point["live"] if each["estimand"] == "listings"), {})


@dataclass(frozen=True, slots=True)
class _Shown:
    """A share in a list: of a complete look, or the interval that may be looked at any time."""

    share: float | None
    low: float
    high: float
    words: str | Promise


def _share(progress: dict[str, Any], estimand: str) -> _Shown | None:
    look = progress.get("look") or {}
    for each in look.get("estimates", []):
        if each["estimand"] == estimand:
            return _Shown(each["share"], each["low"], each["high"], _("complete look"))
    for each in progress.get("live", []):
        if each["estimand"] == estimand:
            return _Shown(None, each["low"], each["high"], _("live view"))
    return None


def _tasks_url() -> str:
    from django.urls import reverse

    return reverse("console:tasks")
