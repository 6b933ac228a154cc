"""The bytes of an audit event: one way to write it, for all time, so that its hash can be taken again.

Compact JSON with sorted keys, in UTF-8. The standard library writes it, because its shortest floats (`repr`) are part
of the language; what a JSON column of SQLite or PostgreSQL would give back changed is refused before it is hashed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from assay.market.errors import BadValue, OutsideError

FORMAT = 1  # Stands in every event. Raise it when the bytes change, and keep writing old events in their old format.
FIRST_SEQ = 1  # The event with seq n is the n-th of the log: a tree of size n ends with it.
_MAX_DEPTH = 32  # Deeper than any state of a case; keeps a hostile row from exhausting the stack.
_MAX_INTEGER = 2**53 - 1  # I-JSON (RFC 7493, section 2.2): larger ones are not read alike everywhere.
_TEXTS = ("actor", "actor_role", "action", "subject_type", "subject_id")
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class UnwritableEvent(BadValue):
    """An event holds what cannot be written in one way only. Exit code 2."""


class DamagedEvent(OutsideError):
    """Stored bytes are not an event as this module writes it. Exit code 3."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Who did what to what, when and why, with the state before and after.

    `seq` counts from 1 without a gap; `at` is aware; `before` and `after` are JSON objects or None; `reason` is None
    when none was asked for.

    >>> when = datetime(2026, 1, 2, tzinfo=UTC)
    >>> event = EventRecord(1, when, "u7", "agent", "notice.received", "notice", "n1", after={"state": "open"})
    >>> event.canonical_bytes()[:87]
    b'{"action":"notice.received","actor":"u7","actor_role":"agent","after":{"state":"open"},'
    """

    seq: int
    at: datetime
    actor: str
    actor_role: str
    action: str
    subject_type: str
    subject_id: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str | None = None

    def canonical_bytes(self) -> bytes:
        """The event as the bytes that are hashed; UnwritableEvent, naming the field, for what cannot be written."""
        if type(self.seq) is not int or not FIRST_SEQ <= self.seq <= _MAX_INTEGER:
            raise _unwritable("seq", self.seq, "a whole number from 1")
        content = {
            "format": FORMAT,
            "seq": self.seq,
            "at": self._time(),
            **{name: self._text(name) for name in _TEXTS},
            "before": self._state("before"),
            "after": self._state("after"),
            "reason": None if self.reason is None else self._text("reason"),
        }
        written = _ENCODER.encode(content)
        try:
            found = written.encode()
        except UnicodeEncodeError:
            _refuse_bad_text(content, "")
            raise
        if "\\u0000" in written:  # A NUL, or only the letters of its escape.
            _refuse_bad_text(content, "")
        return found

    def _time(self) -> str:
        at: Any = self.at
        if not isinstance(at, datetime) or at.utcoffset() is None:
            raise _unwritable("at", at, "an aware time")
        try:
            return time_text(at)
        except OverflowError:
            raise _unwritable("at", at, "a time from the years 1 to 9999 in UTC") from None

    def _text(self, name: str) -> str:
        found = getattr(self, name)
        if not isinstance(found, str):
            raise _unwritable(name, found, "text")
        return found

    def _state(self, name: str) -> dict[str, Any] | None:
        found = getattr(self, name)
        if found is None:
            return None
        if not isinstance(found, Mapping):
            raise _unwritable(name, found, "an object with text keys, or None")
        if type(found) is dict and _is_flat(found):
            return found
        return _plain_object(found, name, 0)


def time_text(at: datetime) -> str:
    """An aware time in UTC with microseconds: 2026-01-02T03:04:05.000006Z."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def read_time(text: str) -> datetime:
    """The time written by `time_text`; ValueError for any other writing."""
    found = datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    if time_text(found) != text:
        raise ValueError(f"{text!r} is not a time in UTC with six decimals and Z.")
    return found


def read_event(content: bytes) -> EventRecord:
    """The event that was written as these bytes; DamagedEvent when it would be written in another way."""
    try:
        plain = json.loads(content)
        names = [field.name for field in fields(EventRecord)]
        found = EventRecord(**{**{name: plain[name] for name in names}, "at": read_time(plain["at"])})
        same = found.canonical_bytes() == content
    except (ValueError, TypeError, KeyError, RecursionError, UnwritableEvent) as error:
        raise DamagedEvent(
            f"The stored event {content[:60]!r} cannot be read ({error}); allowed are the bytes as they were written.",
            value=content,
        ) from error
    if not same:
        raise DamagedEvent(
            f"The stored event {content[:60]!r} was written again: allowed is compact JSON with sorted keys and "
            f"format {FORMAT}.",
            value=content,
        )
    return found


def _is_flat(state: dict[Any, Any]) -> bool:
    """Whether a state is its own plain form, as most are: this is half of the time that a long log takes to verify."""
    for key, value in state.items():
        kind = type(value)
        if type(key) is not str or not (
            kind is str or value is None or kind is bool or (kind is int and abs(value) <= _MAX_INTEGER)
        ):
            return False
    return True


def _plain(value: Any, place: str, depth: int) -> Any:  # noqa: ANN401 - whatever JSON holds
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return _plain_number(value, place)
    if depth >= _MAX_DEPTH:
        raise _unwritable(place, value, f"{_MAX_DEPTH} levels of nesting")
    if isinstance(value, Mapping):
        return _plain_object(value, place, depth)
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}[{i}]", depth + 1) for i, item in enumerate(value)]
    raise _unwritable(place, value, "text, numbers, true, false, null, lists and objects; write times and sums as text")


def _plain_object(value: Mapping[Any, Any], place: str, depth: int) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str):
            raise _unwritable(f"{place}[{key!r}]", key, "keys that are text")
    return {k: _plain(v, f"{place}.{k}", depth + 1) for k, v in value.items()}


def _refuse_bad_text(value: object, place: str) -> None:
    """Names the text that not both databases hold: PostgreSQL has no NUL, and half a surrogate pair has no UTF-8."""
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise _unwritable(place, value, "text without NUL and without half a surrogate pair")
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_bad_text(key, place)
            _refuse_bad_text(item, f"{place}.{key}".removeprefix("."))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _refuse_bad_text(item, f"{place}[{i}]")


def _plain_number(value: float, place: str) -> float:
    """A number in its one form: 2.0 is 2, because a JSON column of PostgreSQL keeps the value, not the writing."""
    if isinstance(value, float) and not math.isfinite(value):
        raise _unwritable(place, value, "finite numbers")
    whole = int(value)
    if whole != value:
        return float(value)
    if abs(whole) > _MAX_INTEGER:
        raise _unwritable(place, value, f"whole numbers up to {_MAX_INTEGER}; write larger ones as text")
    return whole


def _unwritable(place: str, value: object, allowed: str) -> UnwritableEvent:
    return UnwritableEvent(
        f"The audit event cannot be written: {place} is {_shown(value)}; allowed: {allowed}.",
        where={"column": place},
        value=_shown(value),
        allowed=allowed,
    )


def _shown(value: object) -> str:
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # A number with too many digits to print, or a state that holds itself.
        return f"a {type(value).__name__}"
    return f"{shown[:60]} ({type(value).__name__})"
