"""What a reviewer does to one item: take, keep, give back, answer, put aside."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from assay.casework.choices import Choice
from assay.casework.models import Action, Answer, Item
from assay.casework.moves import WrongState
from assay.casework.queries.harm import counting
from assay.casework.queries.item import consequences, the_item
from assay.casework.queries.queue import Wanted
from assay.casework.reasons import needs_second_person
from assay.casework.services import claims, reviews, snoozes
from assay.market.errors import CallerError
from assay.web.console.asking import actor_of, back, person_of, told
from assay.web.console.queue.forms import AnswerForm, SnoozeForm
from assay.web.console.queue.views import item_with

# A preview that was asked for by leaving a field says what is missing yet, which is no fault of anybody's.
_ONLY_A_PART = 200
_LONGEST_NUMBER = 19


@told("console:queue")
def take_next(request: HttpRequest) -> HttpResponse:
    """Claims the best item within the filter that came along, and shows it."""
    found = claims.take_next(actor_of(request), Wanted.read(request.POST))
    if found is None:
        messages.info(request, _("Nothing waits here. New items come with the next run."))
        return redirect(back(request, "console:queue"))
    return redirect("console:item", found.pk)


@told("console:queue")
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Claims this item."""
    claims.take(actor_of(request), the_item(person_of(request), pk))
    return redirect("console:item", pk)


@told("console:queue")
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Starts the lease anew: claiming again what one holds."""
    claims.take(actor_of(request), the_item(person_of(request), pk))
    messages.success(request, _("It is yours for 20 more minutes."))
    return redirect("console:item", pk)


@told("console:queue")
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives the item back."""
    claims.release(actor_of(request), the_item(person_of(request), pk))
    messages.success(request, _("Given back to the queue."))
    return redirect(back(request, "console:queue"))


def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The item's page with what would follow from the form as it is filled; renews the lease."""
    found = the_item(person_of(request), pk)
    claims.renew(actor_of(request), found)
    form = AnswerForm(found.subject_type, data=request.POST)
    if not form.is_valid():
        return item_with(request, found, form, status=_ONLY_A_PART if getattr(request, "htmx", False) else 400)
    return item_with(request, found, form, preview=consequences(found, form.choice(), timezone.now()))


def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Files the answer, and goes on to the next item or back to the queue."""
    found = the_item(person_of(request), pk)
    form = AnswerForm(found.subject_type, data=request.POST)
    if not form.is_valid():
        return item_with(request, found, form, status=400)
    try:
        reviews.answer(actor_of(request), found, form.choice(), finding=_finding(request))
    except CallerError as error:
        form.add_error(None, error.message)
        return item_with(request, found, form, status=409 if isinstance(error, WrongState) else 400)
    messages.success(request, _words(found, form.choice()))
    return take_next(request) if request.POST.get("then") == "next" else redirect("console:queue")


def _finding(request: HttpRequest) -> int | None:
    """The finding that the page showed."""
    given = request.POST.get("finding", "")
    return int(given) if given.isdecimal() and len(given) < _LONGEST_NUMBER else None


def _words(item: Item, choice: Choice) -> str:
    """The same words whatever the answer was for."""
    said = _("Recorded: %(answer)s, %(action)s.") % {
        "answer": Answer(choice.answer).label,
        "action": Action(choice.action).label,
    }
    if needs_second_person(choice.action, counting().of([item])):
        said = f"{said} {_('A second person looks at it before anything happens.')}"
    return said


@told("console:queue")
def snooze(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts the item aside."""
    found, form = the_item(person_of(request), pk), SnoozeForm(request.POST)
    if not form.is_valid():
        raise CallerError(_("Say for how long the item is put aside, and what is waited for."))
    snoozes.snooze(actor_of(request), found, until=form.until(), reason=form.cleaned_data["reason"])
    messages.success(request, _("Put aside; it comes back by itself."))
    return redirect("console:queue")


@told("console:queue")
def wake(request: HttpRequest, pk: int) -> HttpResponse:
    """Brings an item back that was put aside."""
    snoozes.wake(actor_of(request), the_item(person_of(request), pk))
    messages.success(request, _("Back in the queue."))
    return redirect("console:item", pk)
