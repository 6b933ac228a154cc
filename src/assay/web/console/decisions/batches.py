"""Decisions that were made together."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from assay.casework.access import NotThere, may, need
from assay.casework.models import DecisionState
from assay.casework.queries.blind import without_blind
from assay.casework.services import bulk
from assay.web.console.asking import actor_of, person_of, told

_STANDING = (DecisionState.IN_FORCE, DecisionState.PROPOSED)


def batch(request: HttpRequest, batch: str) -> HttpResponse:
    """Every decision of a batch, and undoing them together."""
    person = person_of(request)
    need(person, "decision.read")
    rows = list(without_blind(person, bulk.decisions_of(batch)))
    if not rows:
        raise NotThere(f"There is no batch {batch!r}.", where={"batch": batch}, value=batch)
    n_standing = sum(row.state in _STANDING and may(person, "decision.undo", row) for row in rows)
    context = {"batch": batch, "rows": rows, "n_standing": n_standing}
    return render(request, "console/decisions/batch.html", context)


@told("console:decisions")
def undo(request: HttpRequest, batch: str) -> HttpResponse:
    """Undoes what still stands of a batch."""
    done = bulk.undo_batch(actor_of(request), batch, reason=request.POST.get("reason", ""))
    said = ngettext("%(n)d decision was undone.", "%(n)d decisions were undone.", done.n_undone)
    messages.success(request, said % {"n": done.n_undone})
    for row, why in done.kept[:5]:
        messages.warning(request, f"{row.reference}: {why}")
    return redirect("console:batch", batch)
