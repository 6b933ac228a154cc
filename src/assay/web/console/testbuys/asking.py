"""What every view of this room begins with: for which object somebody asks, and what a refused form answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse

from assay.casework.access import NotThere, Refused, may
from assay.casework.models import Examination, TestBuyTask
from assay.casework.moves import WrongState
from assay.market.errors import CallerError
from assay.web.console.asking import person_of
from assay.web.pictures import shown_bytes


def task_for(request: HttpRequest, pk: int) -> TestBuyTask:
    """A task that the person may see; NotThere for every other number, taken or not."""
    found = TestBuyTask.objects.select_related("programme", "assigned_to").filter(pk=pk).first()
    if found is None or not may(person_of(request), "task.read", found):
        raise NotThere(f"There is no task {pk}.", where={"task": pk})
    return found


def examination_for(request: HttpRequest, pk: int) -> Examination:
    """An examination that the person may see; NotThere for every other number, taken or not."""
    rows = Examination.objects.select_related("task__programme", "organisation", "examiner")
    found = rows.filter(pk=pk).first()
    if found is None or not may(person_of(request), "examination.read", found):
        raise NotThere(f"There is no examination {pk}.", where={"examination": pk})
    return found


def is_done(form: Form, act: Callable[[dict[str, Any]], Any]) -> bool:
    """Does what a form asks for; False leaves its faults in the form.

    What somebody else changed in the meantime, and what the person may not do, is answered by its own page.
    """
    if not form.is_valid():
        return False
    try:
        act(form.cleaned_data)
    except (Refused, NotThere, WrongState):
        raise
    except CallerError as error:
        form.add_error(None, error.message)
        return False
    return True


def picture_response(path: Path) -> HttpResponse:
    """A photograph, under a name that says nothing."""
    headers = {"Content-Disposition": 'inline; filename="photograph.jpg"', "Cache-Control": "private, no-store"}
    return HttpResponse(shown_bytes(path), content_type="image/jpeg", headers=headers)
