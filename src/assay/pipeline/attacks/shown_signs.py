"""Signs of a group's accounts beside what is usual: shown, and never decisive."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

import pyarrow as pa

from assay.attacks.signs import SIGN_NAMES, SIGNS_SCHEMA, USUAL_SCHEMA, beside_usual
from assay.pipeline.attacks.findings import GroupRows, Row
from assay.publishing.attack_content import Sign
from assay.publishing.attack_page import figure

SIGN_WORDS = {
    "age_days": "days from registration to the first post here",
    "n_posts": "posts",
    "n_active_days": "days with a post",
    "posts_per_active_day": "posts on a day with any",
    "longest_silence_days": "longest silence, days",
    "woke_with": "accounts of the group that woke within a day of it",
    "copied_rate": "share of posts that others posted too",
    "n_hours": "hours of the day in which it posts",
    "quiet_hours": "longest run of hours without a post",
    "language_change": "change of script over its longest silence",
    "subject_change": "change of subject over its longest silence",
}


def sign_rows(rows: GroupRows) -> tuple[Sign, ...]:
    """Every sign that the core's accounts tell, with the middle of what is usual for accounts with as many posts."""
    known: dict[str, list[Row]] = defaultdict(list)
    for row in _beside(rows):
        if rows.roles.get(row["account_id"]) == "core":
            known[row["sign"]].append(row)
    return tuple(_sign(name, known[name]) for name in SIGN_NAMES if known[name])


def unusual_signs(rows: GroupRows) -> dict[str, tuple[tuple[str, str], ...]]:
    """By account, the signs that lie outside what is usual, in words with their values."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in _beside(rows):
        if row["is_unusual"]:
            name = str(row["sign"])
            found[row["account_id"]].append((SIGN_WORDS.get(name, name), figure(row["value"])))
    return {account: tuple(signs) for account, signs in found.items()}


def _beside(rows: GroupRows) -> list[Row]:
    if not rows.signs:
        return []
    signs = pa.Table.from_pylist(rows.signs, schema=SIGNS_SCHEMA)
    usual = pa.Table.from_pylist(rows.signs_usual, schema=USUAL_SCHEMA)
    beside: list[Row] = beside_usual(signs, usual).to_pylist()
    return beside


def _sign(name: str, rows: list[Row]) -> Sign:
    told = [row for row in rows if row["middle"] is not None]
    return Sign(
        label=SIGN_WORDS.get(name, name),
        core=median(row["value"] for row in rows),
        low=median(row["low"] for row in told) if told else None,
        middle=median(row["middle"] for row in told) if told else None,
        high=median(row["high"] for row in told) if told else None,
        n_unusual=sum(bool(row["is_unusual"]) for row in told),
        n_known=len(told),
    )
