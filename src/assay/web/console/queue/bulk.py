"""Many items with one choice: choose, look at what would happen, say yes."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext

from assay.casework.access import need
from assay.casework.models import Item
from assay.casework.services import bulk
from assay.market.errors import CallerError
from assay.web.console.asking import actor_of, back, person_of, told
from assay.web.console.queue.forms import AnswerForm


@told("console:queue")
def choose(request: HttpRequest) -> HttpResponse:
    """The chosen items with the form, and once it is filled with what would happen to each."""
    need(person_of(request), "item.bulk")
    items = _chosen(request)
    bulk.need_some(items)
    kinds = sorted({each.subject_type for each in items})
    filled = "course" in request.POST
    form = AnswerForm(*kinds, data=request.POST if filled else None)
    rows = bulk.plan(actor_of(request), items, form.choice()) if filled and form.is_valid() else ()
    status = 400 if filled and not rows else 200
    context = {"items": items, "form": form, "rows": rows, "back": back(request, "console:queue")}
    context["shown"] = _course(request)
    context["n_acting"] = sum(row.fate in bulk.DECIDES for row in rows)
    return render(request, "console/queue/bulk.html", context, status=status)


@told("console:queue")
def apply(request: HttpRequest) -> HttpResponse:
    """Does what was shown, and leads to what was done; another choice than that is shown first."""
    need(person_of(request), "item.bulk")
    items = _chosen(request)
    form = AnswerForm(*sorted({each.subject_type for each in items}), data=request.POST)
    if not form.is_valid() or request.POST.get("shown") != _course(request):
        return choose(request)
    done = bulk.apply(actor_of(request), items, form.choice(), seen=_seen(request))
    said = ngettext("%(n)d item was answered.", "%(n)d items were answered.", done.n_done) % {"n": done.n_done}
    kept = "; ".join(f"{n} {fate.label}" for fate, n in done.skipped.items())
    messages.success(request, f"{said} {kept}." if kept else said)
    return redirect("console:batch", done.id) if done.n_decisions else redirect(back(request, "console:queue"))


def _course(request: HttpRequest) -> str:
    """What would be done, as the form says it; a note changes nothing about it."""
    return f"{request.POST.get('course', '')} {request.POST.get('days', '')}".strip()


def _seen(request: HttpRequest) -> dict[int, int]:
    """The finding that each shown row rested on, by the item's id; from fields of the form `item:finding`."""
    pairs = [each.partition(":") for each in request.POST.getlist("seen")[: bulk.MOST_ITEMS]]
    return {
        int(item): int(finding)
        for item, _colon, finding in pairs
        if item.isdecimal() and finding.isdecimal() and max(len(item), len(finding)) < 19
    }


def _chosen(request: HttpRequest) -> list[Item]:
    """The ticked rows, and those of a merchant on the page the form came from; in the order of the queue."""
    ticked, on_page = _numbers(request, "item"), _numbers(request, "on_page")
    rows = list(Item.objects.filter(pk__in=ticked).order_by("-rank", "id"))
    if merchant := request.POST.get("merchant", "").replace("\0", ""):
        same = Item.objects.filter(pk__in=on_page, merchant_id=merchant).exclude(pk__in=ticked)
        rows += list(same.order_by("-rank", "id"))
    return rows


def _numbers(request: HttpRequest, name: str) -> list[int]:
    given = request.POST.getlist(name)
    if len(given) > bulk.MOST_ITEMS or not all(each.isdecimal() and len(each) < 19 for each in given):
        raise CallerError(
            gettext("%(n)d items were sent; choose 1 to %(most)d by their numbers.")
            % {"n": len(given), "most": bulk.MOST_ITEMS},
            where={"field": name},
            value=len(given),
            allowed=f"1 to {bulk.MOST_ITEMS}",
        )
    return [int(each) for each in given]
