"""The history of outcomes: lines that are only ever added, each holding the hash of the one before.

A line that was changed, removed from within or put in between breaks the chain. Lines cut off at the end do not: for
that, somebody else keeps the hash of the last line, which every status and every published manifest names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import orjson

from assay.measurement.sealing import BrokenSeal

# Of these a unit has at most one value; a later line may fill an empty one, and replaces a filled one only by request.
FACTS = ("outcome", "second_outcome", "cost_minor", "date", "examiner", "note")
START = hashlib.sha256(b"assay ledger").hexdigest()


@dataclass(frozen=True, slots=True)
class Facts:
    """What one row of an outcome file says about one unit; None where it says nothing."""

    unit: str
    outcome: str | None = None
    second_outcome: str | None = None
    cost_minor: int | None = None
    date: str | None = None
    examiner: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: all that is known of a unit from here on, when it came, from which file, and why it changed."""

    number: int
    before: str
    recorded_at: str
    source_sha256: str
    reason: str | None
    facts: Facts


@dataclass(frozen=True, slots=True)
class Conflict:
    """A row that says otherwise than the ledger."""

    unit: str
    column: str
    recorded: str
    given: str


def read_ledger(content: bytes, name: str = "ledger.jsonl") -> tuple[Entry, ...]:
    """The entries of a ledger, oldest first. BrokenSeal names the first line that does not fit the one before."""
    before, entries = START, []
    lines = content.split(b"\n")
    if lines.pop() != b"":
        raise BrokenSeal(f"{name}, line {len(lines) + 1}: the last line is cut off.", {"file": name})
    for number, line in enumerate(lines, 1):
        entry = _entry(line, number, name)
        if entry.before != before or entry.number != number:
            raise BrokenSeal(
                f"{name}, line {number}: it does not follow the line before it; the history was changed.",
                where={"file": name, "line": number},
            )
        entries.append(entry)
        before = hashlib.sha256(line + b"\n").hexdigest()
    return tuple(entries)


def head(content: bytes) -> str:
    """The hash of the last line, which stands for the whole history; of nothing it is `START`."""
    lines = content.splitlines(keepends=True)
    return hashlib.sha256(lines[-1]).hexdigest() if lines else START


def current(entries: Iterable[Entry]) -> dict[str, Facts]:
    """What is known of each unit by its latest entry."""
    return {entry.facts.unit: entry.facts for entry in entries}


def merge(known: Mapping[str, Facts], rows: Sequence[Facts], *, replacing: bool) -> tuple[list[Facts], list[Conflict]]:
    """(what is new, conflicts). A row that says nothing new gives neither; its empty cells never erase.

    `replacing` lets a row overwrite what is recorded, so that no conflict remains.
    """
    news, conflicts = [], []
    for row in rows:
        before = known.get(row.unit, Facts(row.unit))
        given = {name: value for name in FACTS if (value := getattr(row, name)) is not None}
        against = [name for name, value in given.items() if getattr(before, name) not in (None, value)]
        if against and not replacing:
            name = against[0]
            conflicts.append(Conflict(row.unit, name, str(getattr(before, name)), str(given[name])))
            continue
        after = replace(before, **given)
        if after != before:
            news.append(after)
    return news, conflicts


def append(content: bytes, news: Sequence[Facts], recorded_at: str, source_sha256: str, reason: str | None) -> bytes:
    """The ledger with one line more for each of `news`."""
    before, number = head(content), content.count(b"\n")
    lines = [content]
    for facts in news:
        number += 1
        plain = asdict(Entry(number, before, recorded_at, source_sha256, reason, facts))
        line = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
        lines.append(line)
        before = hashlib.sha256(line).hexdigest()
    return b"".join(lines)


def _entry(line: bytes, number: int, name: str) -> Entry:
    try:
        plain: dict[str, Any] = orjson.loads(line)
        if set(plain) != {each.name for each in fields(Entry)}:
            raise ValueError(f"its parts are {', '.join(sorted(plain))}")
        return Entry(**{**plain, "facts": Facts(**plain["facts"])})
    except (ValueError, TypeError) as error:
        raise BrokenSeal(
            f"{name}, line {number}: it is not an entry of the ledger ({error}).", {"file": name, "line": number}
        ) from error
