"""The queue and one item of it, to look at."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from assay.casework.access import need
from assay.casework.models import Item
from assay.casework.queries.item import item_page, the_item
from assay.casework.queries.queue import Wanted, page_of
from assay.web.console.asking import person_of
from assay.web.console.queue import showing
from assay.web.console.queue.forms import AnswerForm


def queue(request: HttpRequest) -> HttpResponse:
    """Items in order of their rank, one page after another."""
    person = person_of(request)
    need(person, "item.read")
    wanted, now = Wanted.read(request.GET), timezone.now()
    page = page_of(person, wanted, now, after=request.GET.get("after", ""))
    context = {"wanted": wanted, "page": page, "now": now, "query": urlencode(wanted.query)}
    context["next_url"] = _url(wanted, page.after) if page.after else ""
    context["top_url"] = _url(wanted) if request.GET.get("after") else ""
    return render(request, "console/queue/queue.html", context | showing.around_queue(person, wanted, page, now))


def item(request: HttpRequest, pk: int) -> HttpResponse:
    """One item with everything that is known about it, and the form to answer for whoever holds it."""
    found = the_item(person_of(request), pk)
    answer = request.GET.get("answer", "")
    return item_with(request, found, AnswerForm(found.subject_type, answer=answer), chosen=answer)


def item_with(request: HttpRequest, found: Item, form: AnswerForm, *, status: int = 200, **more: Any) -> HttpResponse:  # noqa: ANN401
    """The page of an item around a form, as it was filled."""
    page = item_page(person_of(request), found, timezone.now())
    context = {"page": page, "item": found, "content": page.content, "form": form, **more}
    return render(request, "console/queue/item.html", context | showing.around_item(page), status=status)


def _url(wanted: Wanted, after: str = "") -> str:
    query = wanted.query | ({"after": after} if after else {})
    return reverse("console:queue") + (f"?{urlencode(query)}" if query else "")
