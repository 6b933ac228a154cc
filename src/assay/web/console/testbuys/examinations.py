"""Blind examinations: what an examiner sees of a unit is `queries.testbuys.blind` and the photographs of the goods.

Nothing of the listing, the merchant, the plan or the other examination reaches these pages: their templates are given
no task.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from assay.casework.access import NotThere, may, need
from assay.casework.models import Examination, Person, Role
from assay.casework.queries import testbuys
from assay.casework.queries.testbuys import EXAMINING, has_sent
from assay.casework.services import documents, parcels
from assay.casework.services import examinations as service
from assay.casework.services.examinations import Result
from assay.casework.services.parcels import Arrival, Handover
from assay.web.console.asking import actor_of, person_of
from assay.web.console.testbuys import words
from assay.web.console.testbuys.asking import examination_for, is_done, picture_response
from assay.web.console.testbuys.forms import ArrivalForm, DeclineForm, HandoverForm, ResultForm

_A_PAGE = 50


def examinations(request: HttpRequest) -> HttpResponse:
    """An examiner's own organisation's units, by code; for seniors and auditors every examination."""
    person = person_of(request)
    need(person, "examination.read")
    rows = testbuys.examinations_of(person)
    show = request.GET.get("show", "open")
    if show == "open":
        rows = rows.filter(finished_at=None, task__stage__in=EXAMINING)
    page = Paginator(rows, _A_PAGE).get_page(request.GET.get("page"))
    if person.role == Role.AUTHENTICATOR:
        listed = [_blind_row(each, person) for each in page]
        return render(request, "console/testbuys/examinations.html", {"page": page, "listed": listed, "show": show})
    results = may(person, "examination.results")
    listed = [_row(each, results) for each in page]
    context = {"page": page, "listed": listed, "show": show, "may_read_results": results}
    return render(request, "console/testbuys/all_examinations.html", context)


def examination(request: HttpRequest, pk: int) -> HttpResponse:
    """The blind page of one examination; whoever is no examiner is led on to the task."""
    row = examination_for(request, pk)
    if person_of(request).role != Role.AUTHENTICATOR:
        return redirect("console:task", pk=row.task_id)
    return _page(request, row)


def take(request: HttpRequest, pk: int) -> HttpResponse:
    """The examiner takes it; colleagues see it no more."""
    service.take(actor_of(request), examination_for(request, pk))
    messages.success(request, _("This examination is yours now."))
    return redirect("console:examination", pk=pk)


def arrive(request: HttpRequest, pk: int) -> HttpResponse:
    """The parcel is there and its seal was checked, before it is opened."""
    row = examination_for(request, pk)
    form = ArrivalForm(request.POST, request.FILES)
    if not is_done(form, lambda data: parcels.arrive(actor_of(request), row, _arrival(data), data["picture"])):
        return _page(request, row, {"arrival": form}, status=422)
    messages.success(request, _("Recorded. Now open it and examine the goods."))
    return redirect("console:examination", pk=pk)


def send(request: HttpRequest, pk: int) -> HttpResponse:
    """The examined unit was handed over to be carried."""
    row = examination_for(request, pk)
    form = HandoverForm(request.POST)
    if not is_done(form, lambda data: parcels.send_on(actor_of(request), row, Handover(**data))):
        return _page(request, row, {"handover": form}, status=422)
    messages.success(request, _("Recorded: the unit is on its way."))
    return redirect("console:examination", pk=pk)


def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """The result. It stands once it is given."""
    row = examination_for(request, pk)
    form = ResultForm(request.POST, currency=row.task.programme.currency, is_seal_checked=row.is_seal_checked)
    if not is_done(form, lambda data: service.finish(actor_of(request), row, _result(data, row))):
        return _page(request, row, {"result": form}, status=422)
    messages.success(request, _("The result is recorded."))
    return redirect("console:examination", pk=pk)


def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """The examiner may not, or cannot, examine this."""
    row = examination_for(request, pk)
    form = DeclineForm(request.POST)
    if not is_done(form, lambda data: service.decline(actor_of(request), row, **data)):
        return _page(request, row, {"decline": form}, status=422)
    messages.success(request, _("Declined. A senior gives the unit to somebody else."))
    return redirect("console:examinations")


def picture(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The photograph with this number (from 1) of the goods or the seal; a parcel's label has no number here."""
    found = testbuys.blind_photographs(examination_for(request, pk).task)
    if not 1 <= number <= len(found):
        raise NotThere(f"Examination {pk} has no photograph {number}.", where={"examination": pk})
    return picture_response(documents.open_document(actor_of(request), found[number - 1]))


def _arrival(data: dict[str, Any]) -> Arrival:
    return Arrival(data["seal_no_found"], data["is_seal_intact"] == "yes", data["place"])


def _result(data: dict[str, Any], row: Examination) -> Result:
    return Result(
        outcome=data["outcome"],
        findings=data["findings"],
        seal_no_found=data.get("seal_no_found", row.seal_no_found),
        is_seal_intact=data["is_seal_intact"] == "yes" if "is_seal_intact" in data else bool(row.is_seal_intact),
        resealed_no=data["resealed_no"],
        cost_minor=data["cost"] or 0,
        place=data["place"],
    )


def _page(
    request: HttpRequest, row: Examination, sent: dict[str, Form] | None = None, status: int = 200
) -> HttpResponse:
    """The page, with a form that was sent and refused as it came."""
    unit, person = testbuys.blind(row), person_of(request)
    examines = may(person, "task.examine", row)
    may_examine = row.finished_at is None and examines
    is_open = may_examine and row.task.stage in EXAMINING
    context = {
        "pk": row.pk,
        "unit": unit,
        "numbers": range(1, unit.n_photographs + 1),
        "is_late": testbuys.is_late(row),
        "own": _own(row),
        "is_open": is_open,
        "may_take": is_open and row.examiner_id is None,
        "seal": _seal(row),
        "arrival": None if row.is_seal_checked else ArrivalForm(),
        # Asked for once the seal was checked, so that nothing is opened before.
        "result": ResultForm(currency=unit.currency, is_seal_checked=True) if row.is_seal_checked else None,
        "decline": DeclineForm(),
        "handover": HandoverForm(),
        # Whatever was found and whether it is examined again: the unit is handed over all the same.
        "may_send": row.finished_at is not None and examines and not has_sent(row.task, person, examination=row),
        **(sent or {}),
    }
    return render(request, "console/testbuys/examination.html", context, status=status)


def _seal(row: Examination) -> dict[str, Any] | None:
    """The seal as it was found on arrival, until the result shows it."""
    if row.finished_at is not None or not row.is_seal_checked:
        return None
    return {"found": row.seal_no_found, "fits": row.seal_fits, "is_intact": row.is_seal_intact}


def _own(row: Examination) -> dict[str, Any] | None:
    """What this examiner found, once it is recorded; never what another one did."""
    if row.finished_at is None:
        return None
    return {
        "outcome": words.OUTCOMES[row.outcome],
        "findings": row.findings,
        "seal_no_found": row.seal_no_found,
        "is_seal_intact": row.is_seal_intact,
        "resealed_no": row.resealed_no,
        "cost_minor": row.cost_minor,
        "finished_at": row.finished_at,
    }


def _blind_row(row: Examination, person: Person) -> dict[str, Any]:
    """One line of an examiner's list."""
    outcome: str | Promise = words.OUTCOMES[row.outcome] if row.outcome else ""
    return {
        "pk": row.pk,
        "code": row.task.unit,
        "said_brand": row.task.said_brand,
        "said_model": row.task.said_model,
        "due_at": row.due_at,
        "is_mine": row.examiner_id == person.pk,
        "is_late": testbuys.is_late(row),
        "is_over": row.task.stage not in EXAMINING,
        "is_declined": row.declined_at is not None,
        "finished_at": row.finished_at,
        "outcome": outcome,
        "outcome_code": row.outcome,
    }


def _row(row: Examination, may_read_results: bool) -> dict[str, Any]:
    """One line for those who oversee."""
    outcome: str | Promise = words.OUTCOMES[row.outcome] if may_read_results and row.outcome else ""
    return {
        "row": row,
        "outcome": outcome,
        "is_late": testbuys.is_late(row),
        "is_over": row.task.stage not in EXAMINING,
        "has_bad_seal": may_read_results and row.is_seal_checked and not (row.seal_fits and row.is_seal_intact),
    }
