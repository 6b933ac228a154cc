"""Writes evidence packs of single groups and the page over all groups of a run."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.engine import whole_folder
from assay.engine.folders import outside
from assay.market.errors import CallerError
from assay.pipeline.attacks import words
from assay.pipeline.attacks.findings import Findings, GroupRows, Row, group_rows, open_findings
from assay.pipeline.attacks.gathering import group_card, pack_data, provenance
from assay.pipeline.attacks.grids import grid_rows, grids
from assay.publishing.attack_content import Account, AttackPack, AttackPage, Template
from assay.publishing.attack_pack import attack_pack_files
from assay.publishing.attack_page import attack_page_html
from assay.publishing.content import Tile
from assay.publishing.papers import MissingScript, Press
from assay.publishing.pseudonyms import Pseudonyms

_SALT_BYTES = 32
# Groups shown in full on one page, and wordings set aside; the tables hold all.
MOST_GROUPS = 40
_MOST_TEMPLATES = 40


@dataclass(frozen=True, slots=True)
class WrittenPack:
    """Where a pack stands, its files, whether it is the public version, and what its paper could not draw."""

    folder: Path
    group: str
    claim: str
    files: tuple[str, ...]
    is_public: bool
    not_drawn: tuple[MissingScript, ...]


def pack_attack(
    run_folder: Path,
    which: str,
    to: Path,
    *,
    is_public: bool = False,
    salt_file: Path | None = None,
    press: Press | None = None,
) -> WrittenPack:
    """Writes the evidence pack of one group (by name or number) into the folder `to`, whole or not at all.

    `is_public` masks handles, mentions, links and long numbers; pseudonyms rest on the secret in `salt_file`, by
    default a file beside the run folder that is made on first use and never part of a pack. The same run and secret
    give the same bytes. CallerError when the run or the group is not there, or when `to` is the run itself.
    """
    found = open_findings(run_folder)
    if to.resolve() == run_folder.resolve():
        raise CallerError(f"--out {to} is the run itself; name another folder.", where={"path": str(to)})
    rows = group_rows(found, which)
    looked_again = grids(found, rows)
    if is_public:
        salt = _salt(salt_file or run_folder.resolve().with_name(f"{run_folder.resolve().name}.salt"))
        rows = rows.masked(Pseudonyms(salt))
    data = pack_data(found, rows, looked_again, is_public=is_public)
    made = attack_pack_files(data, _tables(rows, data), press)
    with whole_folder(to) as folder:
        for name, content in made.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return WrittenPack(to, data.name, data.claim, tuple(sorted(made.files)), is_public, made.paper.missing)


def _salt(path: Path) -> bytes:
    """The secret under which pseudonyms are made; written on first use, readable by its owner only."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(_SALT_BYTES) + "\n")
        salt = path.read_bytes().strip()
    except OSError as error:
        raise outside(error, path) from error
    if len(salt) < _SALT_BYTES:
        raise CallerError(
            f"The secret in {path} has {len(salt)} characters; at least {_SALT_BYTES} are needed, or leave the file "
            "away and one is made.",
            where={"path": str(path)},
            allowed=f"{_SALT_BYTES} characters or more",
        )
    return salt


def _tables(rows: GroupRows, data: AttackPack) -> dict[str, list[Row]]:
    """Every table of the pack as rows for the files, by name."""
    labels = rows.labels
    return {
        "narratives": [{"label": labels[row["narrative"]], **row} for row in rows.narratives],
        "posts": [{"label": labels[row["narrative"]], **row} for row in rows.posts],
        "accounts": [_account_row(each) for each in data.accounts],
        "overlaps": rows.overlaps,
        "timing": rows.timing,
        "calendar": rows.calendar,
        "recurrences": rows.recurrences,
        "explanations": rows.explanations,
        "style": rows.style,
        "signs": rows.signs,
        "targets": rows.targets,
        "settings": grid_rows(data.grids),
        "timeline": [
            {"starts_at": b.starts_at, "ends_at": b.ends_at, "core_posts": b.core, "periphery_posts": b.periphery}
            for b in data.timeline.bins
        ],
    }


def _account_row(account: Account) -> Row:
    return {
        "account_id": account.id,
        "role": account.role,
        "n_posts": account.n_posts,
        "n_other_posts": account.n_other_posts,
        "narratives": " ".join(account.narratives),
        "first_at": account.first_at,
        "last_at": account.last_at,
        "active_days": account.active_days,
    }


def report_attacks(run_folder: Path, page: Path) -> Path:
    """Writes the page over all groups of a run as one self-contained HTML file and gives its path."""
    found = open_findings(run_folder)
    text = attack_page_html(page_data(found))
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        raise outside(error, page) from error
    return page


def page_data(found: Findings) -> AttackPage:
    """Everything on the page over all groups: the first `MOST_GROUPS` in full, named ones first."""
    groups = found.groups()
    templates = sorted(found.rows("templates"), key=lambda t: (-t["n_accounts"], -t["n_posts"], t["text_key"]))
    first = str(groups[0]["name"]) if groups else "GROUP"
    return AttackPage(
        as_of=found.as_of,
        snapshot_id=found.snapshot_id,
        summary=words.summary(groups, found.n_explanations),
        tiles=_tiles(found, groups, len(templates)),
        groups=tuple(group_card(found, group_rows(found, str(group["group"]))) for group in groups[:MOST_GROUPS]),
        templates=tuple(
            Template(row["text"] or "", row["n_posts"], row["n_accounts"], row["reason"] or "")
            for row in templates[:_MOST_TEMPLATES]
        ),
        n_templates=len(templates),
        set_aside=_counts(found),
        not_computed=_not_computed(found, len(groups)),
        provenance=provenance(found, first, is_public=False),
    )


def _tiles(found: Findings, groups: list[Row], n_templates: int) -> tuple[Tile, ...]:
    counts = {status: sum(group["status"] == status for group in groups) for status in words.STATUSES}
    n_posts = sum(group["n_posts"] for group in groups)
    return (
        Tile(f"{counts['named']:,}", "groups named", "no innocent explanation fits" if found.n_explanations else ""),
        Tile(f"{counts['explained']:,}", "groups explained", "an innocent explanation fits"),
        Tile(f"{counts['listed']:,}", "groups listed", "nobody is named"),
        Tile(f"{n_posts:,}", "posts in groups", _of_all(found)),
        Tile(f"{n_templates:,}", "wordings set aside", "share buttons and the like"),
    )


def _of_all(found: Findings) -> str:
    n = (found.about.get("counts") or {}).get("posts")
    return f"of {n:,} posts" if isinstance(n, int) else ""


def _counts(found: Findings) -> tuple[tuple[str, str], ...]:
    """What became of the posts: every count of the run, nested ones with the name of what they belong to."""
    return tuple(
        (name.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value))
        for name, value in _flat("", found.about.get("counts") or {})
    )


def _flat(prefix: str, counts: dict[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in counts.items():
        whole = f"{prefix} {name}".strip()
        found += _flat(whole, value) if isinstance(value, dict) else [(whole, value)]
    return found


def _not_computed(found: Findings, n_groups: int) -> tuple[tuple[str, str], ...]:
    told = [(str(k), str(v)) for k, v in sorted((found.about.get("not_computed") or {}).items())]
    if n_groups > MOST_GROUPS:
        told.append(("Groups beyond the first", f"{n_groups - MOST_GROUPS:,} more are in the tables of the run"))
    return tuple(told)
