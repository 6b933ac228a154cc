"""Events as a page shows them: masked, with names in place of numbers and only what changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from assay.casework.masking import MASK, visible
from assay.casework.models import AuditEvent, Person
from assay.casework.queries.audit import names_of
from assay.casework.services.recording import known_actions

_MOST_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Change:
    """One key of a state: its value before and after, as text; None where it was not there."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One event, ready to be shown."""

    seq: int
    at: datetime
    actor: str
    name: str
    role: str
    action: str
    words: str | Promise
    subject_type: str
    subject_id: str
    changes: tuple[Change, ...]
    reason: str
    is_masked: bool
    leaf: str


def shown(person: Person, rows: Sequence[AuditEvent]) -> list[Shown]:
    """Events as this person may see them; one query for all names."""
    names, words = names_of(row.actor for row in rows), known_actions()
    return [_shown(visible(person, row), names, words) for row in rows]


def _shown(row: dict[str, Any], names: dict[str, str], words: dict[str, str | Promise]) -> Shown:
    is_masked = MASK in (row["before"], row["after"], row["reason"])
    return Shown(
        seq=row["seq"],
        at=row["at"],
        actor=row["actor"],
        name=names.get(row["actor"], ""),
        role=row["actor_role"],
        action=row["action"],
        words=words.get(row["action"], row["action"]),
        subject_type=row["subject_type"],
        subject_id=row["subject_id"],
        changes=() if is_masked else changes(row["before"], row["after"]),
        reason="" if row["reason"] == MASK else row["reason"],
        is_masked=is_masked,
        leaf=row["leaf"],
    )


def changes(before: dict[str, Any] | None, after: dict[str, Any] | None) -> tuple[Change, ...]:
    """What differs between two states, by key; of one state alone, all it holds.

    >>> changes({"role": "analyst", "n": 1}, {"role": "senior", "n": 1})
    (Change(name='role', before='analyst', after='senior'),)
    """
    old, new = before or {}, after or {}
    keys = [*old, *(key for key in new if key not in old)]
    return tuple(Change(key, _text(old, key), _text(new, key)) for key in keys if old.get(key) != new.get(key))


def _text(state: dict[str, Any], key: str) -> str | None:
    if key not in state:
        return None
    value = state[key]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
