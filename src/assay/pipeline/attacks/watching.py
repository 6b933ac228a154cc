"""Watches posts day by day: a folder keeps what new posts are compared with, and the result over all days."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.attacks.finding import Found, found_in
from assay.attacks.settings import AttackSettings
from assay.attacks.watching import KEPT, Day, kept_names, take_day, watched_texts
from assay.engine import Engine, EngineSettings, Workspace, open_engine, whole_folder
from assay.market.errors import CallerError, DamagedSnapshot
from assay.pipeline.attacks.records import RUN_FILE, command_line, search_record
from assay.pipeline.attacks.sources import PostSource, open_posts
from assay.pipeline.attacks.tables import written_tables
from assay.pipeline.rating import link_folder

STATE_FILE = "state.json"
RUN_FOLDER = "run"
# The posts as they came, for the layers that read whole texts; beside the tables that the search keeps.
_RAW = pa.schema(
    [
        ("post_id", pa.string()),
        ("account_id", pa.string()),
        ("posted_at", pa.timestamp("us", "UTC")),
        ("text", pa.string()),
        ("url", pa.string()),
        ("reply_to", pa.string()),
        ("target", pa.string()),
    ]
)
_TABLES = {"raw": _RAW, **KEPT}


@dataclass(frozen=True, slots=True)
class Change:
    """A group after a day: its core and posts then and before (0 for a new group)."""

    name: str
    status: str
    n_core: int
    n_core_before: int
    n_posts: int
    n_posts_before: int


@dataclass(frozen=True, slots=True)
class WatchedDay:
    """What a day brought. `run` is the result over all days so far, as `assay attacks find` writes it.

    `n_sketched` texts were compared for the first time, the day's own; `n_compared` pairs of texts were read.
    `changes`: groups that are new or grew. `merged`: names that went up in another group, with its name.
    """

    run: Path
    day: int
    n_posts: int
    n_posts_so_far: int
    n_sketched: int
    n_compared: int
    changes: tuple[Change, ...] = ()
    merged: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """The settings of a day and the command that makes it again."""

    settings: AttackSettings
    command: str


@dataclass(frozen=True, slots=True)
class _State:
    """What the folder said before this day."""

    folder: Path
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def day(self) -> int:
        return int(self.about.get("days", 0))

    def rows(self, name: str) -> pa.Table:
        """A table of the last result, without rows before the first day."""
        path = self.folder / RUN_FOLDER / f"{name}.parquet"
        return pq.read_table(path) if path.exists() else pa.table({})


def watch_attacks(
    posts: Path,
    state: Path,
    *,
    settings: AttackSettings | None = None,
    events: Path | None = None,
    engine: str | None = None,
    engine_settings: EngineSettings | None = None,
) -> WatchedDay:
    """Takes the posts that the folder `state` does not know yet, and writes the result over all days to `state/run`.

    `posts` and `events` as for a search; posts whose id the state knows are skipped, so that a whole market and a
    day's file both serve. Only the new posts' texts are sketched and compared; the groups are those that a search over
    all days gives when the days come in order (a post that comes later than its time is numbered by the day it came).
    The state changes whole or not at all. CallerError when the state was begun with other settings.
    """
    settings = settings or AttackSettings()
    before = _opened(state, settings)
    with open_engine(engine, engine_settings or EngineSettings()) as opened:
        source = open_posts(opened, posts, opened.scratch / "taken_in", table=settings.table, events=events)
        work = Workspace(opened, opened.scratch / "day")
        earlier = {name: _earlier(opened, before, name) for name in _TABLES}
        n_wordings = int(before.about.get("n_wordings", 0))
        day = take_day(source.posts, earlier, n_wordings, work)
        if day.n_posts == 0 and before.day:
            return WatchedDay(state / RUN_FOLDER, before.day, 0, int(before.about["n_posts"]), 0, 0)
        command = command_line(["assay", "attacks", "watch", posts, "--state", state], settings, events)
        with _next_state(before, day, source, work) as folder:
            return _searched(opened, folder, before, day, source, _Asked(settings, command))


def _opened(folder: Path, settings: AttackSettings) -> _State:
    path = folder / STATE_FILE
    if not path.exists():
        if folder.exists() and any(folder.iterdir()):
            raise CallerError(
                f"{folder} is no state of `assay attacks watch` and is not empty; name a new or empty folder.",
                where={"path": str(folder)},
            )
        return _State(folder)
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DamagedSnapshot(f"{path} cannot be read ({error}); begin a new state.") from error
    if about["settings"] != asdict(settings):
        raise CallerError(
            f"The state {folder} was begun with other settings ({_differences(about['settings'], asdict(settings))}); "
            "use them, or begin a new state.",
            where={"path": str(folder)},
        )
    return _State(folder, about)


def _differences(begun: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    changed = [name for name in sorted({*begun, *now}) if begun.get(name) != now.get(name)]
    return ", ".join(f"{name} {begun.get(name)}, now {now.get(name)}" for name in changed)


def _earlier(engine: Engine, before: _State, name: str) -> ir.Table:
    folder = before.folder / name
    return engine.read(folder) if folder.exists() else engine.table(_TABLES[name].empty_table(), f"no_{name}")


@contextmanager
def _next_state(before: _State, day: Day, source: PostSource, work: Workspace) -> Iterator[Path]:
    """The state with the day's files beside hard links to the earlier ones; put in place when the block ends well."""
    new_ids = day.tables["prepared"].select("post_id")
    work.step("raw", source.posts.select(*_RAW.names).semi_join(new_ids, "post_id"))
    with whole_folder(before.folder) as folder:
        for name in _TABLES:
            if (before.folder / name).exists():
                link_folder(before.folder / name, folder / name)
            (folder / name).mkdir(exist_ok=True)
            for place, file in enumerate(sorted((work.folder / name).glob("*.parquet"))):
                # The scratch folder may be on another disk, where a rename does not reach.
                shutil.move(file, folder / name / f"day-{before.day + 1:06d}-{place:03d}.parquet")
        yield folder


def _searched(engine: Engine, folder: Path, before: _State, day: Day, source: PostSource, asked: _Asked) -> WatchedDay:
    """Searches over all days, writes the result and the state's own file."""
    tables = {name: engine.read(folder / name) for name in _TABLES}
    work = Workspace(engine, engine.scratch / "search")
    texts = work.step("texts", watched_texts(tables["prepared"], tables["wordings"]))
    found = found_in(tables["prepared"], texts, tables["links"], work, asked.settings)
    chain = _chained(str(before.about.get("snapshot_id", "")), source.snapshot_id)
    n_days, n_wordings = before.day + 1, int(before.about.get("n_wordings", 0)) + day.n_sketched
    inputs = _inputs(before, source, n_days)
    whole = PostSource(tables["raw"], source.accounts, source.events, chain, source.set_aside, inputs)
    written = written_tables(engine, whole, found, asked.settings)
    groups, merged = _named(before, found, written["groups"])
    run = folder / RUN_FOLDER
    run.mkdir()
    for name, rows in {**written, "groups": groups}.items():
        pq.write_table(rows, run / f"{name}.parquet", compression="zstd")
    about = search_record(found, whole, asked.settings, groups, work.seconds) | {
        "command": asked.command,
        "engine": engine.name,
        "days": n_days,
        "merged": merged,
    }
    _write_json(run / RUN_FILE, about)
    state = {
        "days": n_days,
        "n_posts": found.n_posts,
        "n_wordings": n_wordings,
        "settings": asdict(asked.settings),
        "inputs": inputs,
        "snapshot_id": chain,
    }
    _write_json(folder / STATE_FILE, state)
    return WatchedDay(
        before.folder / RUN_FOLDER,
        n_days,
        day.n_posts,
        found.n_posts,
        day.n_sketched,
        day.n_compared,
        _changes(before, groups),
        tuple(sorted(merged.items())),
    )


def _inputs(before: _State, source: PostSource, day: int) -> dict[str, str]:
    """What every day read; told by day, for a file is often written over with the next day's posts."""
    earlier: dict[str, str] = before.about.get("inputs", {})
    return earlier | {f"{path} (day {day})": digest for path, digest in source.inputs.items()}


def _chained(before: str, now: str) -> str:
    """The hash of everything taken so far: of the days before, and of what came now."""
    return hashlib.sha256(f"{before}\x1f{now}".encode()).hexdigest()[:16]


def _named(before: _State, found: Found, groups: pa.Table) -> tuple[pa.Table, dict[str, str]]:
    """The groups under the names that they had before, and which earlier names went up in others."""
    cores = [set(found.members(number, core=True).to_pylist()) for number in groups["group"].to_pylist()]
    names, merged = kept_names(_earlier_cores(before), cores, groups["name"].to_pylist())
    place = groups.column_names.index("name")
    return groups.set_column(place, groups.schema.field("name"), pa.array(names, pa.string())), merged


def _earlier_cores(before: _State) -> dict[str, set[str]]:
    groups, members = before.rows("groups"), before.rows("members")
    if not groups.num_rows:
        return {}
    names = dict(zip(groups["group"].to_pylist(), groups["name"].to_pylist(), strict=True))
    cores: dict[str, set[str]] = {name: set() for name in names.values()}
    for row in members.filter(pc.equal(members["role"], "core")).to_pylist():
        cores[names[row["group"]]].add(row["account_id"])
    return cores


def _changes(before: _State, groups: pa.Table) -> tuple[Change, ...]:
    """Groups that are new or have more core accounts or posts than before."""
    earlier = {row["name"]: row for row in before.rows("groups").to_pylist()}
    found = []
    for row in groups.to_pylist():
        old = earlier.get(row["name"], {"n_core": 0, "n_posts": 0})
        if (row["n_core"], row["n_posts"]) != (old["n_core"], old["n_posts"]):
            counts = (row["n_core"], old["n_core"], row["n_posts"], old["n_posts"])
            found.append(Change(row["name"], row["status"], *counts))
    return tuple(found)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
