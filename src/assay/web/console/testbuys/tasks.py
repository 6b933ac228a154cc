"""One unit on its way from plan to outcome: the buyer's steps, its photographs and its chain of custody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from assay.casework.access import NotThere, may, need
from assay.casework.models import CustodyEntry, Document, Examination, Person, Role, TaskStage, TestBuyTask
from assay.casework.queries import testbuys
from assay.casework.queries.examiners import candidates
from assay.casework.queries.testbuys import EXAMINING, FOR_BUYERS, NARROWED, TaskFilter
from assay.casework.services import buying, custody, documents, parcels
from assay.casework.services import examinations as examining
from assay.casework.services.buying import Order, Parcel, Seal
from assay.casework.services.parcels import Handover
from assay.web.console.asking import actor_of, person_of
from assay.web.console.testbuys import forms, words
from assay.web.console.testbuys.asking import is_done, picture_response, task_for

_A_PAGE = 50
# What a buyer reads of the chain: their own part. Who examines, and how often, says something about the outcome.
_BUYERS_ACTS = ("taken", "handed_on", "ordered", "received", "sealed", "failed")
_VIEWS = buying.VIEWS | parcels.VIEWS

Shown = dict[str, forms.TaskForm]


def tasks(request: HttpRequest) -> HttpResponse:
    """The tasks that the person may see, those that wait for a buyer first."""
    person = person_of(request)
    need(person, "task.read")
    is_buyer = may(person, "task.buy")
    stages = [(stage.value, stage.label) for stage in TaskStage if not (is_buyer and stage == TaskStage.EXAMINED)]
    form = forms.TaskFilterForm(request.GET, names=FOR_BUYERS if is_buyer else tuple(NARROWED), stages=stages)
    form.is_valid()
    read = form.cleaned_data
    programme = read.get("programme")
    wanted = TaskFilter(read.get("whose", ""), read.get("stage", ""), programme and programme.pk, read.get("q", ""))
    page = Paginator(testbuys.tasks_of(person, wanted), _A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "listed": [_row(each, is_buyer) for each in page],
        "form": form,
        "is_buyer": is_buyer,
        "work": testbuys.buyers_work(person),
        "wanted": wanted,
        "is_filtered": bool(wanted.stage or wanted.programme or wanted.text),
    }
    return render(request, "console/testbuys/tasks.html", context)


def _row(row: TestBuyTask, is_buyer: bool) -> dict[str, Any]:
    """One line of the list; what is with an examiner is one stage for buyers, whichever examination it is."""
    stage = TaskStage.SEALED if is_buyer and row.stage == TaskStage.EXAMINED else TaskStage(row.stage)
    is_overdue = testbuys.is_overdue(row) or (not is_buyer and row.is_late)  # type: ignore[attr-defined]
    return {"task": row, "stage": stage.value, "words": stage.label, "is_overdue": is_overdue}


def task(request: HttpRequest, pk: int) -> HttpResponse:
    """One task: what to do now, what is known of the goods, photographs, custody; for seniors the examinations."""
    return _page(request, task_for(request, pk), {})


def take(request: HttpRequest, pk: int) -> HttpResponse:
    """The buyer takes it."""
    buying.take(actor_of(request), task_for(request, pk))
    messages.success(request, _("This test buy is yours now."))
    return redirect("console:task", pk=pk)


def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """A senior gives it to a buyer."""
    row = task_for(request, pk)
    form = forms.BuyerForm(request.POST, task=row)
    return _step(request, row, "assign", form, lambda a, d: buying.assign(a, row, d["buyer"]))


def order(request: HttpRequest, pk: int) -> HttpResponse:
    """It was ordered."""
    row = task_for(request, pk)
    form = forms.OrderForm(request.POST, task=row)
    return _step(
        request, row, "order", form, lambda a, d: buying.order(a, row, Order(d["order_no"], d["cost"], d["due_on"]))
    )


def receive(request: HttpRequest, pk: int) -> HttpResponse:
    """The parcel came."""
    row = task_for(request, pk)
    form = forms.ParcelForm(request.POST, task=row)
    return _step(request, row, "receive", form, lambda a, d: buying.receive(a, row, Parcel(**d)))


def photograph(request: HttpRequest, pk: int) -> HttpResponse:
    """A photograph is kept."""
    row = task_for(request, pk)
    form = forms.PhotographForm(request.POST, request.FILES, task=row)
    return _step(
        request,
        row,
        "photograph",
        form,
        lambda a, d: buying.photograph(a, row, d["picture"], d["picture"].name, d["shows"]),
    )


def seal(request: HttpRequest, pk: int) -> HttpResponse:
    """The goods are closed for the examiner."""
    row = task_for(request, pk)
    form = forms.SealForm(request.POST, task=row)
    return _step(request, row, "seal", form, lambda a, d: buying.seal(a, row, Seal(**d)))


def fail(request: HttpRequest, pk: int) -> HttpResponse:
    """The buy ended without goods."""
    row = task_for(request, pk)
    form = forms.FailForm(request.POST, task=row)
    return _step(request, row, "fail", form, lambda a, d: buying.fail(a, row, d["outcome"], d["note"]))


def send(request: HttpRequest, pk: int) -> HttpResponse:
    """The sealed unit was handed over to be carried."""
    row = task_for(request, pk)
    form = forms.SendForm(request.POST, task=row)
    return _step(request, row, "send", form, lambda a, d: parcels.send(a, row, Handover(**d)))


def lose(request: HttpRequest, pk: int) -> HttpResponse:
    """A senior ends a unit that was lost or exchanged after it was sealed."""
    row = task_for(request, pk)
    form = forms.LossForm(request.POST, task=row)
    return _step(request, row, "lose", form, lambda a, d: parcels.lose(a, row, d["outcome"], d["reason"]))


def examine(request: HttpRequest, pk: int) -> HttpResponse:
    """A senior gives it to an examiner, or takes it from one and gives it to another."""
    row = task_for(request, pk)
    current = testbuys.open_examination(row)
    form = _examiner_form(row, current, request.POST)
    if current is None:
        return _step(
            request, row, "examine", form, lambda a, d: examining.assign(a, row, d["to"][0], examiner=d["to"][1])
        )
    return _step(
        request,
        row,
        "examine",
        form,
        lambda a, d: examining.reassign(a, current, d["to"][0], examiner=d["to"][1], reason=d["reason"]),
    )


def picture(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The photograph with this number (from 1) of a task."""
    row = task_for(request, pk)
    found = _photographs(person_of(request), row)
    if not 1 <= number <= len(found):
        raise NotThere(f"Task {pk} has no photograph {number}.", where={"task": pk})
    need(person_of(request), "task.photograph", found[number - 1])
    return picture_response(documents.open_document(actor_of(request), found[number - 1]))


def _step(
    request: HttpRequest,
    row: TestBuyTask,
    name: str,
    form: forms.TaskForm,
    act: Callable[[Any, dict[str, Any]], Any],
) -> HttpResponse:
    """One step of a task: done and back to its page, or the page again with what is wrong in the form."""
    if not is_done(form, lambda data: act(actor_of(request), data)):
        return _page(request, row, {name: form}, status=422)
    messages.success(request, _DONE[name]())
    return redirect("console:task", pk=row.pk)


_DONE: dict[str, Callable[[], str]] = {
    "assign": lambda: _("The task was given to the buyer."),
    "order": lambda: _("Ordered. Come back when the parcel is there."),
    "receive": lambda: _("Received. Now photograph the goods."),
    "photograph": lambda: _("The photograph is kept."),
    "seal": lambda: _("Sealed. The unit waits for its examiner."),
    "fail": lambda: _("Recorded: this buy has ended."),
    "send": lambda: _("Recorded: the unit is on its way."),
    "lose": lambda: _("Recorded: this buy has ended."),
    "examine": lambda: _("The unit was given to the examiner."),
}


def _page(request: HttpRequest, row: TestBuyTask, given: Shown, status: int = 200) -> HttpResponse:
    person = person_of(request)
    chain = custody.chain(row)
    views = testbuys.photograph_views(row)
    photographs = _photographs(person, row)
    context = {
        "task": row,
        "forms": _forms(person, row, given),
        "stages": _stages(row),
        "is_overdue": testbuys.is_overdue(row),
        "photographs": [{"row": each, "words": _VIEWS.get(views[each.pk], "")} for each in photographs],
        "chain": chain,
        "links": _links(person, chain.entries),
        "may_take": row.stage == TaskStage.TO_BUY and may(person, "task.take", row) and row.assigned_to is None,
        "may_read_results": may(person, "examination.results", row),
        "note": row.note if row.outcome in buying.FAILURES or may(person, "examination.results", row) else "",
        "outcome": _outcome(person, row),
        "weights": _weights(row),
    }
    if may(person, "examination.assign", row) or context["may_read_results"]:
        context["examinations"] = _examinations(row, chain.entries)
    return render(request, "console/testbuys/task.html", context, status=status)


def _photographs(person: Person, row: TestBuyTask) -> list[Document]:
    return [each for each in testbuys.photographs(row) if may(person, "task.photograph", each)]


def _forms(person: Person, row: TestBuyTask, given: Shown) -> Shown:
    """The forms of what the person may do now, in the order of the page; one that was sent stands as it came."""
    found: Shown = {}
    kinds: dict[str, tuple[tuple[str, ...], str, type[forms.TaskForm]]] = {
        "order": ((TaskStage.TO_BUY,), "task.buy", forms.OrderForm),
        "receive": ((TaskStage.ORDERED,), "task.buy", forms.ParcelForm),
        "photograph": ((TaskStage.RECEIVED,), "task.buy", forms.PhotographForm),
        "seal": ((TaskStage.RECEIVED,), "task.buy", forms.SealForm),
        "fail": (testbuys.BUYING, "task.fail", forms.FailForm),
        "assign": (testbuys.BUYING, "task.assign", forms.BuyerForm),
        "send": (EXAMINING, "task.send", forms.SendForm),
        "lose": (EXAMINING, "task.lose", forms.LossForm),
    }
    for name, (stages, permission, kind) in kinds.items():
        if row.stage in stages and may(person, permission, row):
            found[name] = given.get(name) or kind(task=row)
    if may(person, "task.buy", row) and testbuys.has_sent(row, person):
        found.pop("send", None)
    if row.stage in EXAMINING and may(person, "examination.assign", row):
        found["examine"] = given.get("examine") or _examiner_form(row, testbuys.open_examination(row))
    return found


def _examinations(row: TestBuyTask, entries: tuple[CustodyEntry, ...]) -> list[dict[str, Any]]:
    """The examinations of a unit, each with the coded reason of its last decline in words."""
    because = {each.details.get("examination"): _said(each) for each in entries if each.act == "declined"}
    rows = row.examinations.select_related("organisation", "examiner").order_by("ordinal")
    found = []
    for each in rows:
        each.task = row
        found.append({"row": each, "because": because.get(str(each.pk), ""), "is_late": testbuys.is_late(each)})
    return found


def _examiner_form(row: TestBuyTask, current: Examination | None, *data: Any) -> forms.ExaminerForm:  # noqa: ANN401
    who = candidates(row, besides=current, every=True)
    return forms.ExaminerForm(*data, task=row, candidates=who, is_again=current is not None)


def _stages(row: TestBuyTask) -> list[dict[str, Any]]:
    """Where the unit is. `examined once` is left out: only a second examination would show it."""
    shown: list[TaskStage] = [stage for stage in TaskStage if stage != TaskStage.EXAMINED]
    now = TaskStage.SEALED if row.stage == TaskStage.EXAMINED else TaskStage(row.stage)
    place = shown.index(now)
    return [{"label": s.label, "is_past": n < place, "is_here": n == place} for n, s in enumerate(shown)]


def _links(person: Person, entries: tuple[CustodyEntry, ...]) -> list[dict[str, Any]]:
    if may(person, "task.buy"):
        entries = tuple(each for each in entries if _is_buyers(each))
    return [{"entry": each, "words": custody.ACTS[each.act], "said": _said(each)} for each in entries]


def _is_buyers(entry: CustodyEntry) -> bool:
    """Whether a link is of the buyer's part: what another hand sent or photographed tells that it was examined."""
    if entry.act in ("sent", "photographed"):
        return entry.person.role == Role.TEST_BUYER
    return entry.act in _BUYERS_ACTS


def _said(entry: CustodyEntry) -> str | Promise:
    """What the details of a link say, for a reader."""
    details = entry.details
    if entry.act == "sent":
        return " ".join(filter(None, (details["carrier"], details["tracking_no"])))
    if entry.act == "arrived":
        fits = _("The seal fits.") if details["seal"] == "fits" else _("The seal differs.")
        return fits if details["intact"] == "yes" else f"{fits} {_('It is broken or opened.')}"
    if entry.act == "declined":
        return examining.CANNOT_EXAMINE.get(details.get("because", ""), "")
    return ""


def _outcome(person: Person, row: TestBuyTask) -> str | Promise:
    """The outcome in words: how a buy failed for everybody, what was found only for those who may read results."""
    if row.outcome in buying.FAILURES:
        return words.OUTCOMES[row.outcome]
    if not may(person, "examination.results", row):
        return ""
    verdict = testbuys.verdict_of(row)
    return words.OUTCOMES[verdict] if verdict else ""


def _weights(row: TestBuyTask) -> bool:
    """Whether parcel and catalogue can be compared, and the parcel is lighter than the goods alone should be."""
    if row.parcel_weight_g is None or row.catalogue_weight_g is None:
        return False
    return row.parcel_weight_g < row.catalogue_weight_g
