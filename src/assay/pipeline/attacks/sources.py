"""Where posts, events and accounts come from: a market, or a single file of posts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from assay.attacks.calendar import CalendarEvent
from assay.engine import Engine
from assay.engine.snapshots import Snapshot, open_snapshot
from assay.intake import inspect, intake, write_mapping
from assay.market.errors import CallerError

# What a search cannot do without, by the table that it reads as posts. Reviews are posts about a merchant, so that a
# smear by reviews is found by the same code.
_MEANING = {
    "posts": {"post_id": "post_id", "account_id": "account_id", "posted_at": "posted_at", "text": "text"},
    "reviews": {"post_id": "review_id", "account_id": "buyer_id", "posted_at": "written_at", "text": "text"},
}
_OPTIONAL = {
    "posts": {"url": "url", "reply_to": "reply_to", "target": "target"},
    "reviews": {"target": "merchant_id"},
}
READABLE_TABLES = tuple(_MEANING)


@dataclass(frozen=True, slots=True)
class PostSource:
    """The posts to search, as a table with post_id, account_id, posted_at, text, url, reply_to and target.

    `accounts` has account_id and registered_at where the market knows them. `snapshot_id`: of the market, or the
    SHA-256 of the file. `set_aside`: rows that cannot be searched, by reason. `inputs`: the SHA-256 of every file and
    the snapshot id of every market that was read, by path.
    """

    posts: ir.Table
    accounts: ir.Table | None
    events: tuple[CalendarEvent, ...]
    snapshot_id: str
    set_aside: dict[str, int] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)


def open_posts(
    engine: Engine, path: Path, scratch: Path, *, table: str = "posts", events: Path | None = None
) -> PostSource:
    """Opens a market folder, a Parquet file with the columns of the market's table, or any file that intake can read.

    `scratch` takes the market that a file becomes. Rows without an id, account or time are set aside and counted, and
    so are later rows of a post_id that was there before. CallerError for a path that holds no posts.
    """
    if table not in _MEANING:
        raise CallerError(
            f"There is no way to read {table} as posts; allowed are {', '.join(READABLE_TABLES)}.",
            value=table,
            allowed=", ".join(READABLE_TABLES),
        )
    if path.is_file() and _is_plain(path, table):
        rows, accounts, snapshot_id = engine.read(path), None, f"sha256:{file_hash(path)}"
        in_market: tuple[CalendarEvent, ...] = ()
    else:
        snapshot = open_snapshot(path if path.is_dir() else _taken_in(path, table, scratch))
        rows, snapshot_id = _table(engine, snapshot, table, path), snapshot.id
        accounts = _known_accounts(engine, snapshot)
        in_market = _market_events(engine, snapshot)
    posts, set_aside = _usable(engine, _named(rows, table))
    found = read_events(engine, events, scratch) if events is not None else in_market
    inputs = {str(each): _read_state(each) for each in (path, events) if each is not None}
    return PostSource(posts, accounts, found, snapshot_id, set_aside, inputs)


def _read_state(path: Path) -> str:
    """What tells that the same was read: the snapshot in force of a market, the hash of a file."""
    return open_snapshot(path).id if path.is_dir() else f"sha256:{file_hash(path)}"


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_plain(path: Path, table: str) -> bool:
    """Whether a file is Parquet with the market's own columns and an aware time: it is then read where it lies."""
    if path.suffix != ".parquet":
        return False
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowInvalid):
        return False
    needed = _MEANING[table]
    at = needed["posted_at"]
    if not set(needed.values()) <= set(schema.names):
        return False
    kind = schema.field(at).type
    return pa.types.is_timestamp(kind) and kind.tz is not None


def _taken_in(path: Path, table: str, scratch: Path) -> Path:
    """Takes a file of posts into a market of its own, by the meaning of its headers."""
    found = inspect(path, table=table)
    mapping, market = scratch / f"{table}.toml", scratch / f"market_{table}"
    scratch.mkdir(parents=True, exist_ok=True)
    write_mapping(found, mapping)
    intake([path], mapping, market)
    return market


def _table(engine: Engine, snapshot: Snapshot, table: str, path: Path) -> ir.Table:
    if snapshot.n_rows(table) == 0:
        have = ", ".join(name for name in snapshot.tables if snapshot.n_rows(name))
        raise CallerError(
            f"{path} has no {table} to search (it has {have or 'no rows'}); take some in with `assay intake run`.",
            where={"path": str(path), "table": table},
        )
    return engine.read(snapshot.tables[table])


def _named(rows: ir.Table, table: str) -> ir.Table:
    columns = {name: rows[column] for name, column in _MEANING[table].items()}
    for name in ("url", "reply_to", "target"):
        column = _OPTIONAL[table].get(name)
        columns[name] = rows[column] if column in rows.columns else ibis.null("string")
    texts = {name: value.cast("string") for name, value in columns.items() if name != "posted_at"}
    return rows.select(**texts, posted_at=columns["posted_at"])


def _usable(engine: Engine, rows: ir.Table) -> tuple[ir.Table, dict[str, int]]:
    """Rows with id, account and time, each post_id once (the earliest), and how many were set aside why."""
    incomplete = rows.post_id.isnull() | rows.account_id.isnull() | rows.posted_at.isnull()
    counts = engine.collect(
        rows.agg(
            n=rows.count(),
            n_incomplete=incomplete.cast("int64").sum(),
            n_ids=rows.post_id.nunique(where=~incomplete),
        )
    ).to_pylist()[0]
    n_incomplete = counts["n_incomplete"] or 0
    n_repeated = counts["n"] - n_incomplete - counts["n_ids"]
    set_aside = {}
    if n_incomplete:
        set_aside["no id, account or time"] = n_incomplete
        rows = rows.filter(~incomplete)
    if n_repeated:
        set_aside["post_id seen before"] = n_repeated
        first = ibis.row_number().over(
            ibis.window(group_by=rows.post_id, order_by=[rows.posted_at, rows.account_id, rows.text])
        )
        rows = rows.mutate(place=first).filter(lambda t: t.place == 0).drop("place")
    return rows, set_aside


def _known_accounts(engine: Engine, snapshot: Snapshot) -> ir.Table | None:
    return engine.read(snapshot.tables["accounts"]) if snapshot.n_rows("accounts") else None


def _market_events(engine: Engine, snapshot: Snapshot) -> tuple[CalendarEvent, ...]:
    return _events(engine.collect(engine.read(snapshot.tables["events"]))) if snapshot.n_rows("events") else ()


def read_events(engine: Engine, path: Path, scratch: Path) -> tuple[CalendarEvent, ...]:
    """The events of a market or of a file with event_id, name, starts_at and ends_at, in order of time."""
    snapshot = open_snapshot(path if path.is_dir() else _taken_in(path, "events", scratch))
    found = _market_events(engine, snapshot)
    if not found:
        raise CallerError(
            f"{path} has no events that could be read; it needs event_id, name, starts_at and ends_at.",
            where={"path": str(path)},
        )
    return found


def _events(rows: pa.Table) -> tuple[CalendarEvent, ...]:
    """Market events as whole seconds; an event of no length lasts one second."""
    found = []
    for row in rows.sort_by([("starts_at", "ascending"), ("event_id", "ascending")]).to_pylist():
        start, end = int(row["starts_at"].timestamp()), int(row["ends_at"].timestamp())
        found.append(CalendarEvent(row["event_id"], row["name"], start, max(end, start + 1)))
    return tuple(found)
