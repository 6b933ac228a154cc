"""`assay attacks find`: reads posts, searches, measures the layers, writes a folder of tables whole or not at all."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from assay.attacks.finding import Found, find
from assay.attacks.settings import AttackSettings
from assay.attacks.tables import TABLES
from assay.engine import Engine, EngineSettings, Workspace, open_engine, versions, whole_folder
from assay.market.errors import CallerError, DamagedSnapshot
from assay.pipeline.attacks.accounts import account_tables, with_status
from assay.pipeline.attacks.layers import layer_tables, with_reuse
from assay.pipeline.attacks.rows import core_tables
from assay.pipeline.attacks.sources import PostSource, open_posts

RUN_FILE = "run.json"


@dataclass(frozen=True, slots=True)
class AttackRun:
    """One search: its folder of tables, and `about`, the content of run.json."""

    folder: Path
    about: dict[str, Any]

    def table(self, name: str) -> pa.Table:
        """One of the tables of `assay.attacks.tables`. CallerError for a name that is none."""
        if name not in TABLES:
            known = ", ".join(TABLES)
            raise CallerError(f"A search has no table {name!r}; it has: {known}.", value=name, allowed=known)
        return pq.read_table(self.folder / f"{name}.parquet")


def find_attacks(
    posts: Path,
    out: Path,
    *,
    settings: AttackSettings | None = None,
    events: Path | None = None,
    engine: str | None = None,
    engine_settings: EngineSettings | None = None,
) -> AttackRun:
    """Searches posts for organised campaigns and writes what was found to the folder `out`.

    `posts`: a market folder, or a file with post_id, account_id, posted_at and text. `events`: a file or market with
    the calendar; by default the market's own. The same posts and settings give the same tables. What stood at `out` is
    replaced only when all is written.

    Raises CallerError for a path without posts or settings that make no sense, OutsideError when the disk fails.
    """
    settings = settings or AttackSettings()
    started = time.perf_counter()
    with whole_folder(out) as folder, open_engine(engine, engine_settings or EngineSettings()) as opened:
        work = Workspace(opened, opened.scratch / "attacks")
        source = open_posts(opened, posts, opened.scratch / "taken_in", table=settings.table, events=events)
        found = find(source.posts, work, settings)
        began = time.perf_counter()
        tables = core_tables(found, _posts_of_members(opened, found), settings.seed)
        tables["narratives"] = with_reuse(tables["narratives"], found)
        tables |= layer_tables(opened, source, found, settings)
        tables |= account_tables(opened, source, found, settings)
        tables["groups"] = with_status(tables["groups"], tables["explanations"])
        work.seconds["layers"] = time.perf_counter() - began
        for name, rows in tables.items():
            pq.write_table(rows, folder / f"{name}.parquet", compression="zstd")
        about = _about(found, source, settings, work.seconds) | {
            "posts": str(posts),
            "events": None if events is None else str(events),
            "command": _command(posts, out, events, settings),
            "engine": opened.name,
        }
        about["counts"]["groups"] = _by_status(tables["groups"])
        about["seconds"]["all"] = round(time.perf_counter() - started, 1)
        (folder / RUN_FILE).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return AttackRun(out, about)


def open_attacks(folder: Path) -> AttackRun:
    """Opens the folder of a search. CallerError when it is none."""
    try:
        about = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    except OSError as error:
        raise CallerError(
            f"{folder} is not a search for organised posts: it has no {RUN_FILE}; make one with "
            f"`assay attacks find POSTS --out {folder}`.",
            where={"path": str(folder)},
        ) from error
    except ValueError as error:
        raise DamagedSnapshot(f"{folder / RUN_FILE} cannot be read ({error}); search again.") from error
    return AttackRun(folder, about)


def _posts_of_members(engine: Engine, found: Found) -> dict[str, int]:
    """How many posts of any kind each member of a group wrote."""
    if not len(found.groups):
        return {}
    ids = pa.array(sorted({each for number in range(len(found.groups)) for each in found.members(number).to_pylist()}))
    members = engine.table(pa.table({"account_id": ids}), "members_of_groups")
    own = found.prepared.semi_join(members, "account_id")
    counts = engine.collect(own.group_by("account_id").agg(n=own.count()))
    return dict(zip(counts["account_id"].to_pylist(), counts["n"].to_pylist(), strict=True))


def _about(found: Found, source: PostSource, settings: AttackSettings, seconds: Mapping[str, float]) -> dict[str, Any]:
    n_aside = sum(source.set_aside.values())
    return {
        "snapshot_id": source.snapshot_id,
        "settings": asdict(settings),
        "counts": {
            "posts": found.n_posts + n_aside,
            "compared": found.n_posts - sum(found.set_aside.values()),
            "set_aside": source.set_aside | found.set_aside,
            "narratives": len(found.told),
            "templates": len(found.templates),
            "pairs_of_narratives_tested": found.overlaps.n_tests,
            "events": len(source.events),
        },
        "versions": dict(versions()),
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
    }


def _by_status(groups: pa.Table) -> dict[str, int]:
    status = groups["status"].to_pylist()
    return {name: status.count(name) for name in sorted(set(status))}


def _command(posts: Path, out: Path, events: Path | None, settings: AttackSettings) -> str:
    """The command line that makes this search again."""
    words = ["assay", "attacks", "find", str(posts), "--out", str(out)]
    words += [] if events is None else ["--events", str(events)]
    changed = {name: value for name, value in asdict(settings).items() if value != getattr(AttackSettings(), name)}
    for name, value in changed.items():
        flag = f"--{name.replace('_', '-')}"
        words += [flag] if value is True else [flag, str(value)]
    return " ".join(words)
