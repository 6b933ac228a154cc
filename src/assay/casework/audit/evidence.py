"""What events say of the rows that a case rests on, and whether those rows still are what they were.

Findings, letters and appeals are too large for the log, and may name people: an event holds hashes of them. Whoever
changes such a row in the database contradicts an event that cannot be changed unnoticed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from assay.casework.audit.events import EventRecord
from assay.casework.audit.verification import Fault, FaultKind, StoredEvent
from assay.casework.findings import Content, canonical_sha256
from assay.market.errors import CallerError

# Of each kind of row: what an event may say of it, and the columns that must still bear it out.
COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "finding": {"content_sha256": ("content", "content_sha256"), "score": ("score",)},
    "decision": {
        "item": ("item_id",),
        "finding": ("finding_id",),
        **{name: (name,) for name in ("answer", "action", "reason_code", "note")},
    },
    "review": {
        "item": ("item_id",),
        "finding": ("finding_id",),
        **{name: (name,) for name in ("kind", "answer", "action", "reason_code")},
    },
    "statement": {
        "decision": ("decision__reference",),
        "text_sha256": ("text",),
        "content_sha256": ("content",),
    },
    "appeal": {
        "decision": ("decision__reference",),
        "text_sha256": ("text",),
        "answer_sha256": ("answer_text",),
    },
    "appealletter": {"text_sha256": ("text",), "content_sha256": ("content",)},
    "document": {name: (name,) for name in ("kind", "sha256", "n_bytes")},
}
# Events that say of their own subject what it must stay; others may say the same words of what changes later.
_OF_SUBJECT = {
    **dict.fromkeys(("decision.made", "decision.proposed"), "decision"),
    **dict.fromkeys(("appeal.lodged", "appeal.upheld", "appeal.reversed"), "appeal"),
    "review.filed": "review",
    **dict.fromkeys(("statement.issued", "statement.settled"), "statement"),
    "document.uploaded": "document",
}
# Rows in memory at a time, some 20 KB each with a long finding; more makes nothing faster.
_AT_ONCE = 200
_MOST_KEPT = 100
_MOST_DIGITS = 18
_MOST_SHOWN = 80
Rows = Mapping[int, Mapping[str, Any]]


class _Finding(Protocol):
    pk: Any
    content_sha256: str
    score: float


class _Letter(Protocol):
    pk: Any
    text: str
    content: Any


@dataclass(frozen=True, slots=True)
class Claim:
    """What one event says of one row, by the keys of `COLUMNS`."""

    seq: int
    table: str
    pk: int
    said: Mapping[str, Any]


def finding_said(row: _Finding) -> dict[str, Any]:
    """What an event says of the finding that something rests on."""
    return {"id": row.pk, "content_sha256": row.content_sha256, "score": row.score}


def letter_said(row: _Letter) -> dict[str, str]:
    """What an event says of a letter: its text and its sections, from which the page is made."""
    return {"text_sha256": text_sha256(row.text), "content_sha256": canonical_sha256(row.content)}


def text_sha256(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def claims(event: EventRecord) -> Iterator[Claim]:
    """What an event says of rows: of its subject, and of each row that its `after` names with an `id`.

    An event that was tampered with may hold anything; the log's own verification tells that, and nothing is raised.
    """
    said = event.after
    if not isinstance(said, dict) or not isinstance(event.action, str):
        return
    table, pk = _OF_SUBJECT.get(event.action), _number(event.subject_id)
    if table is not None and pk is not None:
        own = {key: value["id"] if _names_row(value) else value for key, value in said.items() if key in COLUMNS[table]}
        yield Claim(event.seq, table, pk, own)
    for name, value in said.items():
        if name in COLUMNS and _names_row(value):
            yield Claim(event.seq, name, value["id"], {key: value[key] for key in COLUMNS[name] if key in value})


def faults(found: Iterable[Claim], rows: Mapping[str, Rows]) -> Iterator[Fault]:
    """A sentence for each row that is gone and each value that is not what an event says; `rows` by table and id."""
    for claim in found:
        row = rows.get(claim.table, {}).get(claim.pk)
        name = f"{claim.table.capitalize()} {claim.pk}"
        if row is None:
            yield Fault(FaultKind.ROW, f"{name} is gone: event {claim.seq} tells of it.", claim.seq, name, "none")
            continue
        for key, expected in claim.said.items():
            for column in COLUMNS[claim.table][key]:
                if not _bears_out(row[column], column, expected):
                    got = _shown(_hashed(row[column], column))
                    wanted = _shown(expected)
                    message = f"{name} is not what event {claim.seq} says: its {column} was {wanted}, is {got} now."
                    yield Fault(FaultKind.ROW, message, claim.seq, wanted, got)


@dataclass(slots=True)
class Watch:
    """Holds rows against the log while it is read: a few hundred claims at a time, so memory does not grow with it.

    `look_up` gives the rows of a table by their ids. The first hundred faults are kept, all are counted.
    """

    look_up: Callable[[str, list[int]], Rows]
    faults: list[Fault] = field(default_factory=list)
    n_faults: int = 0

    def over(self, events: Iterable[StoredEvent]) -> Iterator[StoredEvent]:
        """The same events, looked at as they pass."""
        waiting: list[Claim] = []
        for event in events:
            yield event
            if isinstance(event.content, EventRecord):
                waiting += claims(event.content)
            if len(waiting) >= _AT_ONCE:
                self._compare(waiting)
                waiting = []
        self._compare(waiting)

    def _compare(self, waiting: list[Claim]) -> None:
        wanted: dict[str, set[int]] = defaultdict(set)
        for claim in waiting:
            wanted[claim.table].add(claim.pk)
        rows = {table: self.look_up(table, sorted(pks)) for table, pks in wanted.items()}
        for fault in faults(waiting, rows):
            self.n_faults += 1
            if len(self.faults) < _MOST_KEPT:
                self.faults.append(fault)


def _bears_out(value: Any, column: str, expected: Any) -> bool:  # noqa: ANN401 - what stands in the table, and the log
    found = _hashed(value, column)
    if found == expected:
        return True
    return column == "content" and isinstance(value, dict) and _as_frozen(value) == expected


def _hashed(value: Any, column: str) -> Any:  # noqa: ANN401
    """What an event holds of a column: the hash of a text or of JSON, a short value as it is."""
    try:
        if column == "content":
            return canonical_sha256(value)
        return text_sha256(value) if column in ("text", "answer_text") else value
    except (TypeError, ValueError, AttributeError):
        return None


def _as_frozen(content: dict[str, Any]) -> str | None:
    """The hash with numbers of their kinds: a JSON column of PostgreSQL gives 1e16 back as a whole number."""
    try:
        return Content.read(content).sha256
    except (CallerError, TypeError, ValueError):
        return None


def _names_row(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, dict) and type(value.get("id")) is int and 0 < value["id"] < 10**_MOST_DIGITS


def _number(text: Any) -> int | None:  # noqa: ANN401
    is_number = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None


def _shown(value: Any) -> str:  # noqa: ANN401
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
