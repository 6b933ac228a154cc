"""A group looked at again with other settings: its own posts and a matched sample of others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from assay.attacks.sensitivity import Found, Posts, ShingleRun, by_threshold, by_window, likenesses
from assay.pipeline.attacks.findings import Findings, GroupRows, Row
from assay.publishing.attack_content import Cell, Grid

# The run's own shingles stand in the middle; one character more and fewer are what others use.
SHINGLES = (("3 letters, 2 syllables", ShingleRun(3, 2)), ("4 letters, 2 syllables", ShingleRun(4, 2)),
            ("5 letters, 3 syllables", ShingleRun(5, 3)))  # fmt: skip
USED_SHINGLES = 1
# From where stock phrases begin to look alike (0.4) to where copies of one text with a tenth edited part (0.7).
THRESHOLDS = (0.4, 0.5, 0.6, 0.7)
USED_THRESHOLD = 0.5
WINDOWS = (("10 minutes", 600), ("1 hour", 3_600), ("24 hours", 86_400), ("7 days", 604_800))
# As many other posts as the group has, within these bounds: fewer say nothing, more cost time and say the same.
_LEAST_SAMPLE = 500
_MOST_SAMPLE = 10_000


def grids(found: Findings, rows: GroupRows, *, seed: int = 1) -> tuple[Grid, ...]:
    """Shingle by threshold, and window by threshold, counted on the group's posts and a matched sample of others.

    Empty for a group without a core or without posts. The sample is drawn with `seed` from posts of other accounts
    between the group's first and last post.
    """
    if not rows.posts or "core" not in rows.roles.values():
        return ()
    posts = _posts(rows, sample(found, rows, seed))
    n_core = sum(role == "core" for role in rows.roles.values())
    n_sample = len(np.unique(posts.account[posts.is_sample]))
    by_run = {name: likenesses(posts, run) for name, run in SHINGLES}
    used = SHINGLES[USED_SHINGLES][0]
    return (
        Grid(
            "Core accounts found again in two narratives or more, by shingle and least similarity",
            "shingle",
            "similarity",
            tuple(
                _cell(name, least, by_threshold(posts, likeness, least), name == used and least == USED_THRESHOLD)
                for name, likeness in by_run.items()
                for least in THRESHOLDS
            ),
            n_core,
            n_sample,
        ),
        Grid(
            "Accounts with a post near in time to a core account's post of the same narrative, by window",
            "window",
            "similarity",
            tuple(
                _cell(name, least, by_window(posts, by_run[used], least, window), False)
                for name, window in WINDOWS
                for least in THRESHOLDS
            ),
            n_core,
            n_sample,
        ),
    )


def _cell(row: str, least: float, found: Found, is_used: bool) -> Cell:
    return Cell(row, f"{least:g}", found.n_core, found.n_sample, is_used)


def grid_rows(found: tuple[Grid, ...]) -> list[Row]:
    """The cells as rows for the files."""
    return [
        {
            "grid": grid.title,
            "setting": f"{grid.rows_are} {cell.row}",
            "least_similarity": float(cell.column),
            "n_core_found": cell.n_core,
            "n_core": grid.n_core,
            "n_sample_in": cell.n_sample,
            "n_sample": grid.n_sample,
        }
        for grid in found
        for cell in grid.cells
    ]


def sample(found: Findings, rows: GroupRows, seed: int) -> list[Row]:
    """Posts of accounts outside the group, drawn at random from the days of the group's posts, with their texts."""
    first, last = rows.posts[0]["posted_at"], rows.posts[-1]["posted_at"]
    n = min(max(len(rows.posts), _LEAST_SAMPLE), _MOST_SAMPLE)
    drawn = _drawn(found, first, last, set(rows.roles), n, np.random.default_rng(seed))
    keys = pa.array(sorted({row["text_key"] for row in drawn}), pa.int64())
    texts = found.table("texts", where=ds.field("text_key").isin(keys), columns=["text_key", "text"])
    wording = dict(zip(*(texts.column(name).to_pylist() for name in ("text_key", "text")), strict=True))
    return [{**row, "text": wording[row["text_key"]]} for row in drawn if wording.get(row["text_key"])]


def _drawn(
    found: Findings, first: datetime, last: datetime, group: set[str], n: int, rng: np.random.Generator
) -> list[Row]:
    between = (ds.field("posted_at") >= first) & (ds.field("posted_at") <= last) & ds.field("text_key").is_valid()
    table = found.table("posts", where=between, columns=["post_id", "account_id", "posted_at", "text_key"])
    outside = pc.invert(pc.is_in(table.column("account_id"), value_set=pa.array(sorted(group), pa.string())))
    table = table.filter(outside)
    # Sorted, so that the draw does not depend on how the engine laid out the rows.
    table = table.take(pc.sort_indices(table, [("posted_at", "ascending"), ("post_id", "ascending")]))
    places = rng.choice(table.num_rows, size=min(n, table.num_rows), replace=False)
    rows: list[Row] = table.take(pa.array(np.sort(places))).to_pylist()
    return rows


def _posts(rows: GroupRows, others: list[Row]) -> Posts:
    group = [post for post in rows.posts if post["text"]]
    every = [*group, *others]
    texts, text = _numbered([post["text"] for post in every])
    _, account = _numbered([post["account_id"] for post in every])
    core = {name for name, role in rows.roles.items() if role == "core"}
    return Posts(
        texts=texts,
        text=text,
        account=account,
        narrative=np.array([*(post["narrative"] for post in group), *([-1] * len(others))], dtype=np.int64),
        posted_at_s=np.array([int(post["posted_at"].timestamp()) for post in every], dtype=np.int64),
        is_core=np.array([post["account_id"] in core for post in every]),
    )


def _numbered(values: list[Any]) -> tuple[list[Any], npt.NDArray[np.int64]]:
    """The different values in order of appearance, and the number of each row's."""
    numbers: dict[Any, int] = {}
    rows = np.fromiter(_counted(values, numbers), dtype=np.int64, count=len(values))
    return list(numbers), rows


def _counted(values: list[Any], numbers: dict[Any, int]) -> Iterator[int]:
    for value in values:
        yield numbers.setdefault(value, len(numbers))
