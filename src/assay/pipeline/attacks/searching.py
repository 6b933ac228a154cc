"""`assay attacks find`: reads posts, searches, measures the layers, writes a folder of tables whole or not at all."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from assay.attacks.finding import find
from assay.attacks.settings import AttackSettings
from assay.attacks.tables import TABLES
from assay.engine import EngineSettings, Workspace, open_engine, whole_folder
from assay.market.errors import CallerError, DamagedSnapshot
from assay.pipeline.attacks.records import RUN_FILE, command_line, search_record
from assay.pipeline.attacks.sources import open_posts
from assay.pipeline.attacks.tables import written_tables


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
        tables = written_tables(opened, source, found, settings)
        work.seconds["layers"] = time.perf_counter() - began
        for name, rows in tables.items():
            pq.write_table(rows, folder / f"{name}.parquet", compression="zstd")
        about = search_record(found, source, settings, tables["groups"], work.seconds) | {
            "command": command_line(["assay", "attacks", "find", posts, "--out", out], settings, events),
            "engine": opened.name,
        }
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
