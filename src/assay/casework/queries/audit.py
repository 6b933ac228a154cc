"""The audit log as it is stored, and as people look at it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from assay.casework.audit.events import EventRecord
from assay.casework.audit.evidence import COLUMNS, Rows
from assay.casework.audit.verification import StoredEvent
from assay.casework.models import AuditEvent, Person

_TEXTS = ("actor", "actor_role", "action", "subject_type", "subject_id", "reason")
_CHUNK = 2_000  # rows in memory at a time; more makes nothing faster
_NO_EVENT = -1
_MOST_PEOPLE = 100


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What the log is narrowed by; empty means all. `action` may be the beginning of one: `session.`

    `actors` None means everybody; an empty tuple means that nobody fits.
    """

    actors: tuple[str, ...] | None = None
    action: str = ""
    subject_type: str = ""
    subject_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


def events(wanted: EventFilter = EventFilter()) -> QuerySet[AuditEvent]:
    """Events that fit, the newest first."""
    rows = AuditEvent.objects.order_by("-seq")
    given: dict[str, Any] = {
        "actor__in": wanted.actors,
        "subject_type": wanted.subject_type or None,
        "subject_id": wanted.subject_id or None,
        "at__gte": wanted.since,
        "at__lt": wanted.until,
    }
    if wanted.action:
        given["action__startswith" if wanted.action.endswith(".") else "action"] = wanted.action
    return rows.filter(**{name: value for name, value in given.items() if value is not None})


def actors_like(text: str) -> tuple[str, ...] | None:
    """How the log names whoever is meant: `person:17`, a part of the system as it is, or people by name or e-mail.

    None for no text.
    """
    words = text.strip()
    if not words:
        return None
    if words.startswith("person:"):
        return (words,)
    people = Person.objects.filter(Q(email__icontains=words) | Q(name__icontains=words))
    return (words, *(f"person:{pk}" for pk in people.order_by("pk").values_list("pk", flat=True)[:_MOST_PEOPLE]))


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """The names behind `person:17`, in one query; who was erased has none."""
    pks = [int(each.partition(":")[2]) for each in set(actors) if re.fullmatch(r"person:[0-9]{1,18}", each)]
    return {f"person:{each.pk}": each.name for each in Person.objects.filter(pk__in=pks) if each.name}


def stored_events() -> Iterator[StoredEvent]:
    """Every row of the log in order, as it stands in the table, streamed.

    Times and JSON are read as text and taken apart here: whatever somebody wrote into the table, reading it must end
    in a sentence about that event, not in an error of the database driver.
    """
    columns = ("seq", "leaf", *_TEXTS)
    rows = AuditEvent.objects.order_by("seq").values_list(*columns, _text("at"), _text("before"), _text("after"))
    for seq, leaf, *values in rows.iterator(chunk_size=_CHUNK):
        texts = dict(zip(_TEXTS, values, strict=False))
        at, before, after = values[len(_TEXTS) :]
        number = seq if type(seq) is int else _NO_EVENT
        event = EventRecord(seq=number, at=_time(at), before=_json(before), after=_json(after), **texts)
        yield StoredEvent(number, event, _leaf(leaf))


def kept_rows(table: str, pks: list[int]) -> Rows:
    """What a table holds now of the columns that events tell of, by id; JSON taken apart here, as above."""
    columns = list(dict.fromkeys(each for group in COLUMNS[table].values() for each in group))
    asked = [_text(each) if each == "content" else each for each in columns]
    rows = apps.get_model("casework", table).objects.filter(pk__in=pks).values_list("pk", *asked)
    return {
        pk: {name: _json(value) if name == "content" else value for name, value in zip(columns, values, strict=True)}
        for pk, *values in rows
    }


def _text(name: str) -> Cast:
    return Cast(name, TextField())


def _time(text: Any) -> Any:  # noqa: ANN401 - what stands in the table
    """An aware time; what is none stays as it is, and cannot be hashed."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return text
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _json(text: Any) -> Any:  # noqa: ANN401
    if text is None:
        return None
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return text


def _leaf(text: Any) -> bytes:  # noqa: ANN401
    """The hash in its one writing; any other is none."""
    try:
        found = bytes.fromhex(text)
    except (TypeError, ValueError):
        return b""
    return found if found.hex() == text else b""
