"""The log's face: who did what, one subject's history, the signed checkpoint, an export."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from assay.casework.access import NotThere, need
from assay.casework.audit.checkpoints import read
from assay.casework.models import AuditCheckpoint, AuditEvent
from assay.casework.queries.audit import EventFilter, events
from assay.casework.services import auditing
from assay.casework.services.recording import Actor
from assay.web.accounts.person import the_person
from assay.web.console.audit.forms import LogForm, action_choices
from assay.web.console.audit.showing import Shown, shown

_ROWS = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Some events and the ways to the newer and the older ones; the address is empty where there are none."""

    events: list[Shown]
    newer: str
    older: str


def log(request: HttpRequest) -> HttpResponse:
    """The log, newest first, narrowed by actor, action, subject and time."""
    need(the_person(request), "audit.read")
    form = LogForm(request.GET)
    said = form.said()
    context = {
        "page": _page(request, events(form.wanted()), said),
        "said": said,
        "actions": action_choices()[1:],
        "export_query": urlencode({name: value for name, value in said.items() if value}),
    }
    return render(request, "console/audit/log.html", context)


def subject(request: HttpRequest, subject_type: str, subject_id: str) -> HttpResponse:
    """Everything that was done to one subject."""
    need(the_person(request), "audit.read")
    page = _page(request, events(EventFilter(subject_type=subject_type, subject_id=subject_id)), {})
    if not page.events:
        raise NotThere(f"The log tells nothing about {subject_type} {subject_id}.")
    context = {"page": page, "subject_type": subject_type, "subject_id": subject_id}
    return render(request, "console/audit/subject.html", context)


def checkpoint(request: HttpRequest) -> HttpResponse:
    """The signed checkpoint over everything so far: as a page, or as the file itself."""
    need(the_person(request), "audit.checkpoint")
    text = auditing.current_checkpoint() if AuditEvent.objects.exists() else ""
    if text and request.GET.get("as") == "file":
        size = read(text).checkpoint.size
        headers = {"Content-Disposition": f'attachment; filename="assay-checkpoint-{size}.txt"'}
        return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)
    context = {
        "text": text,
        "checkpoint": read(text).checkpoint if text else None,
        "fingerprint": auditing.key_fingerprint() if text else "",
        "kept": AuditCheckpoint.objects.order_by("-size")[:20],
    }
    return render(request, "console/audit/checkpoint.html", context)


def export(request: HttpRequest) -> HttpResponseBase:
    """The narrowed log as CSV, masked for whoever asks; recorded in the log."""
    form = LogForm(request.GET)
    rows = auditing.export(Actor.of(the_person(request)), form.wanted(), said=form.said())
    name = f"assay-log-{timezone.now():%Y%m%d-%H%M%S}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(_csv(rows), content_type="text/csv; charset=utf-8", headers=headers)


def _csv(rows: Iterator[list[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"  # spreadsheets take UTF-8 for something else without it
    for row in rows:
        yield str(writer.writerow(row))


class _Echo:
    """Gives back what is written, so that a row goes out as soon as it is made."""

    def write(self, text: str) -> str:
        return text


def _page(request: HttpRequest, rows: QuerySet[AuditEvent], said: dict[str, str]) -> Page:
    """One page by the number of an event: it stays the same page while the log grows."""
    before, after = _number(request, "before"), _number(request, "after")
    if after is not None:
        found = list(reversed(rows.filter(seq__gt=after).order_by("seq")[: _ROWS + 1]))
        is_first, found = len(found) <= _ROWS, found[-_ROWS:]
        is_last = False
    else:
        found = list(rows.filter(seq__lt=before)[: _ROWS + 1] if before is not None else rows[: _ROWS + 1])
        is_first, is_last, found = before is None, len(found) <= _ROWS, found[:_ROWS]
    given = {name: value for name, value in said.items() if value}
    newer = f"?{urlencode({**given, 'after': found[0].seq})}" if found and not is_first else ""
    older = f"?{urlencode({**given, 'before': found[-1].seq})}" if found and not is_last else ""
    return Page(shown(the_person(request), found), newer, older)


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) <= 18 else None
