"""Gathers what is shown about a group of a run, as plain values."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from shlex import join, quote, split
from typing import Any

from assay.pipeline.attacks import words
from assay.pipeline.attacks.findings import Findings, GroupRows, Row
from assay.pipeline.attacks.shown_layers import label_order, layers, timeline
from assay.pipeline.attacks.shown_signs import sign_rows, unusual_signs
from assay.publishing import visible
from assay.publishing.attack_content import (
    Account,
    AttackPack,
    Explanation,
    Grid,
    GroupCard,
    Narrative,
    Provenance,
    Recurrence,
    StyleRow,
    Target,
    Wording,
)
from assay.publishing.attack_page import MOST_SHOWN, chance
from assay.publishing.content import Tile
from assay.publishing.differences import differences
from assay.publishing.pseudonyms import WHAT_IS_MASKED

# Wordings of one narrative that are shown; all posts are in the files.
MOST_WORDINGS = 8
# A card on the page over all groups shows less; the pack shows all.
_CARD_NARRATIVES = 3
_CARD_WORDINGS = 3


def pack_data(found: Findings, rows: GroupRows, grids: tuple[Grid, ...], *, is_public: bool) -> AttackPack:
    """Everything in the pack of a group; `rows` are already masked when `is_public`."""
    group = rows.group
    return AttackPack(
        name=str(group["name"]),
        status=group["status"],
        claim=words.claim(group, words.explained_by(rows)),
        limits=words.LIMITS,
        tiles=_tiles(rows),
        narratives=narratives(rows, MOST_WORDINGS),
        accounts=_accounts(rows),
        layers=layers(rows, found),
        timeline=timeline(rows),
        grids=grids,
        explanations=explanations(rows),
        style=_style(rows),
        recurrences=_recurrences(rows),
        provenance=provenance(found, str(group["name"]), is_public=is_public),
        as_of=found.as_of,
        snapshot_id=found.snapshot_id,
        targets=tuple(
            Target(row["target"], row["n_posts"], row["n_accounts"], row["n_posts_of_all"]) for row in rows.targets
        ),
        signs=sign_rows(rows),
        redaction=WHAT_IS_MASKED if is_public else "",
        not_computed=tuple((str(k), str(v)) for k, v in sorted((found.about.get("not_computed") or {}).items())),
    )


def _recurrences(rows: GroupRows) -> tuple[Recurrence, ...]:
    names = {row["event_id"]: str(row["name"] or row["event_id"]) for row in rows.calendar}
    return tuple(
        Recurrence(
            names.get(row["left_event"], str(row["left_event"])),
            names.get(row["right_event"], str(row["right_event"])),
            row["n_shared"],
            row["expected"],
            row["q"],
        )
        for row in rows.recurrences
    )


def group_card(found: Findings, rows: GroupRows) -> GroupCard:
    """A group as the page over all groups shows it."""
    group = rows.group
    return GroupCard(
        name=str(group["name"]),
        status=group["status"],
        claim=words.claim(group, words.explained_by(rows)),
        facts=tuple((tile.label, tile.figure) for tile in _tiles(rows)),
        narratives=narratives(rows, _CARD_WORDINGS)[:_CARD_NARRATIVES],
        layers=layers(rows, found),
        explanations=explanations(rows),
        timeline=timeline(rows),
        command=f"assay attacks pack {quote(found.folder.name)} {quote(str(group['name']))} --out PACK",
    )


def _tiles(rows: GroupRows) -> tuple[Tile, ...]:
    group = rows.group
    fits = sum(row["result"] == "fits" for row in rows.explanations)
    checked = sum(row["result"] != "not checked" for row in rows.explanations)
    return (
        Tile(f"{group['n_core']:,}", "core accounts"),
        Tile(f"{group['n_periphery']:,}", "in the periphery"),
        Tile(f"{group['n_narratives']:,}", "narratives"),
        Tile(f"{group['n_posts']:,}", "posts"),
        Tile(chance(group["error_rate"]), "error rate (q)"),
        Tile(f"{fits} of {checked}" if checked else "none", f"innocent explanations {'fit' if checked else 'tested'}"),
    )


def narratives(rows: GroupRows, most_wordings: int) -> tuple[Narrative, ...]:
    """The narratives, those of most posts first, each with its most posted wordings."""
    labels, roles = rows.labels, rows.roles
    posts: dict[int, list[Row]] = defaultdict(list)
    for post in rows.posts:
        posts[post["narrative"]].append(post)
    return tuple(_narrative(row, labels[row["narrative"]], posts[row["narrative"]], roles, most_wordings)
                 for row in rows.narratives)  # fmt: skip


def _narrative(row: Row, label: str, posts: list[Row], roles: dict[str, str], most: int) -> Narrative:
    by_wording: dict[Any, list[Row]] = defaultdict(list)
    for post in posts:
        by_wording[post["text_key"]].append(post)
    ordered = sorted(by_wording.values(), key=lambda same: (same[0]["posted_at"], same[0]["post_id"]))
    central = row["central_text"] or ""
    core = {post["account_id"] for post in posts if roles.get(post["account_id"]) == "core"}
    return Narrative(
        label=label,
        id=row["narrative"],
        language=row["language"] or "other",
        central_text=central,
        terms=tuple(row["terms"] or ()),
        n_posts=row["n_posts"],
        n_accounts=row["n_accounts"],
        n_core=len(core),
        n_wordings=len(by_wording),
        first_at=row["first_at"],
        last_at=row["last_at"],
        wordings=tuple(_wording(same, central) for same in _shown(ordered, most)),
    )


def _shown(wordings: list[list[Row]], most: int) -> list[list[Row]]:
    """Those of most posts, then, of those of one post each, evenly from the most to the least alike: no best choice."""
    repeated = sorted((same for same in wordings if len(same) > 1), key=lambda same: -len(same))[:most]
    single = sorted((same for same in wordings if len(same) == 1), key=lambda same: -(same[0]["similarity"] or 0.0))
    left = min(most - len(repeated), len(single))
    return repeated + [single[place * (len(single) - 1) // max(left - 1, 1)] for place in range(left)]


def _wording(same: list[Row], central: str) -> Wording:
    first = same[0]
    text = first["text"] or ""
    return Wording(
        text=text,
        pieces=differences(visible(central, MOST_SHOWN), visible(text, MOST_SHOWN)),
        n_posts=len(same),
        n_accounts=len({post["account_id"] for post in same}),
        first_at=first["posted_at"],
        first_account=first["account_id"],
        stage=first["stage"] or "",
        similarity=first["similarity"],
        coverage=first["coverage"],
    )


def _accounts(rows: GroupRows) -> tuple[Account, ...]:
    labels = rows.labels
    posts: dict[str, list[Row]] = defaultdict(list)
    for post in rows.posts:
        posts[post["account_id"]].append(post)
    signs = unusual_signs(rows)
    return tuple(
        Account(
            id=member["account_id"],
            role=member["role"],
            n_posts=member["n_posts"],
            narratives=tuple(sorted({labels[p["narrative"]] for p in posts[member["account_id"]]}, key=label_order)),
            n_other_posts=member["n_other_posts"],
            first_at=member["first_at"],
            last_at=member["last_at"],
            active_days=len({p["posted_at"].astimezone(UTC).date() for p in posts[member["account_id"]]}),
            signs=signs.get(member["account_id"], ()),
        )
        for member in rows.members
    )


def explanations(rows: GroupRows) -> tuple[Explanation, ...]:
    """The innocent explanations, those that fit first, those not checked last."""
    place = {"fits": 0, "does not fit": 1, "not checked": 2}
    ordered = sorted(rows.explanations, key=lambda row: (place.get(row["result"], 3), row["code"]))
    return tuple(
        Explanation(row["code"], words.explanation_label(row["code"]), row["result"], row["figure"] or "")
        for row in ordered
    )


def _style(rows: GroupRows) -> tuple[StyleRow, ...]:
    names = ("observed", "null_mean", "null_sd", "p", "n_accounts", "n_posts", "refused")
    return tuple(StyleRow(str(row["statistic"]), *(row.get(name) for name in names)) for row in rows.style)


def provenance(found: Findings, group: str, *, is_public: bool) -> Provenance:
    """How the figures are made again. The public version names no path of the machine that made it."""
    about = found.about
    run = quote(found.folder.name)
    pack = f"assay attacks pack {run} {quote(group)} --out PACK" + (" --public" if is_public else "")
    command = about.get("command") or "assay attacks find MARKET --out RUN"
    told = str(command)
    commands = (
        ("The search:", _without_paths(told) if is_public else told),
        ("This pack, every figure, chart and other setting in it:", pack),
        ("The rows behind one part (narratives, overlaps, timing, calendar, members, posts, ...):",
         f"assay attacks show {run} {quote(group)} --table narratives"),
    )  # fmt: skip
    inputs = dict(about.get("inputs") or {"posts": found.snapshot_id})
    shown = ((Path(k).name if is_public else k, v) for k, v in sorted(inputs.items()))
    return Provenance(
        commands=commands,
        inputs=tuple((str(k), _flat(v)) for k, v in shown),
        settings=tuple((str(k), _flat(v)) for k, v in sorted((about.get("settings") or {}).items())),
        versions=tuple((str(k), str(v)) for k, v in sorted((about.get("versions") or {}).items())),
        seed=str(about.get("seed") or (about.get("settings") or {}).get("seed", "unknown")),
    )


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_flat(v)}" for k, v in sorted(value.items()))
    if isinstance(value, list | tuple):
        return ", ".join(map(_flat, value))
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _without_paths(command: str) -> str:
    return join(Path(part).name if "/" in part else part for part in split(command))
