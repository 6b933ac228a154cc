"""The layers of evidence about a group and its posts over time, as the pages show them."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from shlex import quote

from assay.pipeline.attacks.findings import Findings, GroupRows, Row
from assay.pipeline.attacks.words import TIMING_LABELS, TIMING_WORDS
from assay.publishing import attack_charts
from assay.publishing.attack_content import Bin, Event, Figure, Layer, Timeline

# Bars of a timeline that can still be told apart on a phone.
_MOST_BINS = 90
_BINS = (
    (timedelta(minutes=10), "10 minutes"),
    (timedelta(hours=1), "hour"),
    (timedelta(hours=6), "6 hours"),
    (timedelta(days=1), "day"),
    (timedelta(days=7), "week"),
    (timedelta(days=28), "4 weeks"),
    (timedelta(days=364), "52 weeks"),
)
# Tests that count pairs of posts; the others are shares and rates, which do not go on one scale with counts.
COUNTS = ("synchrony_10min", "synchrony_1h", "synchrony_24h")
# A Monday, so that bins of weeks begin on one.
_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
# Bands of more events than this cover the whole chart; those with the smallest p are drawn, the table holds all.
_MOST_BANDS = 12

_NULLS = {
    "reuse": (
        "Text reuse",
        "Do more accounts post each text within a day than accounts usually do with texts of that length?",
        "Null: narratives of that length that are in no group and no template, so not fitted on what is tested.",
    ),
    "recurrence": (
        "Recurrence",
        "Do the same accounts come back in different texts?",
        "Null: posts fall on texts by chance, as often as each account posts and each text is posted.",
    ),
    "synchrony": (
        "Timing: together in the day",
        "Do the accounts post at the same moments?",
        "Null: each account's clock turned by chance in the public's own time, whose common hours are no finding.",
    ),
    "calendar": (
        "Timing: the calendar",
        "Do the posts gather around the events of the calendar?",
        "Null: the same calendar shifted to other days of the same kind. All its events within the data were tested.",
    ),
}


def layers(rows: GroupRows, found: Findings) -> tuple[Layer, ...]:
    """Text reuse, recurrence and both kinds of timing, each with its own null and never melted into one figure."""
    missing = dict(found.about.get("not_computed") or {})
    parts = (
        ("reuse", _reuse(rows), "symlog", "narratives"),
        ("recurrence", _recurrence(rows), "symlog", "overlaps"),
        ("synchrony", _synchrony(rows), "symlog", "timing"),
        ("calendar", _calendar(rows), "ratio", "calendar"),
    )
    return tuple(
        Layer(
            id=name,
            title=_NULLS[name][0],
            question=_NULLS[name][1],
            null=_NULLS[name][2],
            tests=tests,
            n_tests=len(tests),
            scale=scale,
            missing="" if tests else str(missing.get(name) or _why_missing(name, found)),
            command=f"assay attacks show {quote(found.folder.name)} {quote(str(rows.group['name']))} --table {table}",
        )
        for name, tests, scale, table in parts
    )


def _why_missing(name: str, found: Findings) -> str:
    if name == "calendar":
        return "the run was given no calendar of events; name one with --events"
    return "the run holds no such test of this group" if found.has("overlaps") else "the run did not compute it"


def _reuse(rows: GroupRows) -> tuple[Figure, ...]:
    labels = rows.labels
    tested = [row for row in rows.narratives if row["reuse_observed"] is not None]
    return tuple(
        Figure(
            labels[row["narrative"]],
            "accounts within its densest day",
            float(row["reuse_observed"]),
            _known(row["reuse_expected"]),
            None,
            None,
            row["reuse_p"],
            row["reuse_q"],
        )
        for row in tested
    )


def _recurrence(rows: GroupRows) -> tuple[Figure, ...]:
    labels = rows.labels
    return tuple(
        Figure(
            "–".join(sorted((labels[row["left_narrative"]], labels[row["right_narrative"]]), key=label_order)),
            "accounts in both",
            float(row["n_shared"]),
            _known(row["expected"]),
            None,
            None,
            row["p"],
            row["q"],
            "validated" if row["is_validated"] else "not validated",
        )
        for row in rows.overlaps
    )


def _synchrony(rows: GroupRows) -> tuple[Figure, ...]:
    found = []
    for row in rows.timing:
        mean, sd = row["null_mean"], row["null_sd"]
        known = mean is not None and sd is not None and not math.isnan(mean)
        shuffles = f"{row['n_shuffles']:,} shuffles" if row.get("n_shuffles") else ""
        found.append(
            Figure(
                TIMING_LABELS.get(row["test"], row["test"].replace("_", " ")),
                TIMING_WORDS.get(row["test"], row["test"].replace("_", " ")),
                float(row["observed"]),
                _known(mean),
                max(0.0, mean - 2 * sd) if known else None,
                mean + 2 * sd if known else None,
                row["p"],
                row["q"],
                shuffles,
                is_drawn=row["test"] in COUNTS,
            )
        )
    return tuple(found)


def _calendar(rows: GroupRows) -> tuple[Figure, ...]:
    letters = _letters(rows)
    return tuple(
        Figure(
            letters[row["event_id"]],
            str(row["name"] or row["event_id"]),
            float(row["ratio"]),
            1.0,
            row["low"],
            row["high"],
            row["p"],
            row["q"],
            f"{row['observed']:,.0f} posts, {row['expected']:,.1f} expected",
        )
        for row in rows.calendar
        if row["ratio"] is not None and math.isfinite(row["ratio"])
    )


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _letters(rows: GroupRows) -> dict[str, str]:
    """A short name for every event, the one of the smallest p being A."""
    names = attack_charts.letters(len(rows.calendar))
    return {row["event_id"]: letter for row, letter in zip(rows.calendar, names, strict=True)}


def timeline(rows: GroupRows) -> Timeline:
    """The group's posts per bin, in the finest bins that fit, and the events that lie among them."""
    posts = [post for post in rows.posts if post["posted_at"] is not None]
    if not posts:
        return Timeline((), "day", ())
    first, last = posts[0]["posted_at"], posts[-1]["posted_at"]
    width, name = next(((w, n) for w, n in _BINS if (last - first) / w < _MOST_BINS), _BINS[-1])
    return Timeline(_bins(posts, rows.roles, width), name, _events(rows, first, last))


def _bins(posts: list[Row], roles: dict[str, str], width: timedelta) -> tuple[Bin, ...]:
    counts: Counter[tuple[int, bool]] = Counter(
        ((post["posted_at"] - _EPOCH) // width, roles.get(post["account_id"]) == "core") for post in posts
    )
    places = sorted({place for place, _ in counts})
    return tuple(Bin(_EPOCH + p * width, _EPOCH + (p + 1) * width, counts[p, True], counts[p, False]) for p in places)


def _events(rows: GroupRows, first: datetime, last: datetime) -> tuple[Event, ...]:
    letters = _letters(rows)
    among = [row for row in rows.calendar if row["starts_at"] <= last and row["ends_at"] >= first][:_MOST_BANDS]
    events = (
        Event(letters[row["event_id"]], str(row["name"] or row["event_id"]), row["starts_at"], row["ends_at"])
        for row in among
    )
    return tuple(sorted(events, key=lambda event: (event.starts_at, event.letter)))


def label_order(label: str) -> int:
    """N2 before N10."""
    return int(label[1:])
