"""Snapshots: a market's tables on disk, content-addressed, replaced atomically, every earlier one kept.

A market folder holds `current` (the name of the snapshot in force) and `snapshots/<id>/` with `manifest.json` and
`tables/<table>/*.parquet`. A new snapshot is written beside the old ones and `current` is replaced by one rename, so a
process killed at any moment leaves the last snapshot in force. Files that did not change are hard-linked.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from assay.engine.engine import versions
from assay.engine.folders import outside, sync_folder
from assay.market.errors import CallerError, DamagedSnapshot
from assay.market.tables import TABLES

SCHEMA_VERSION = 1
# A file of a million rows is a few hundred MB at most: small enough to hash and copy, large enough to scan fast.
ROWS_PER_FILE = 1_000_000
ROWS_PER_GROUP = 100_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a market on disk: where it is and what its manifest says."""

    id: str
    folder: Path
    manifest: dict[str, Any]

    @property
    def tables(self) -> dict[str, Path]:
        """Folder of every table that the snapshot holds."""
        return {name: self.folder / "tables" / name for name in self.manifest["tables"]}

    def n_filled(self, table: str, column: str) -> int:
        """Rows in which the column holds a value; 0 when table or column is absent."""
        return int(self.manifest["tables"].get(table, {}).get("filled", {}).get(column, 0))

    def n_rows(self, table: str) -> int:
        """Rows of a table; 0 when it is absent."""
        return int(self.manifest["tables"].get(table, {}).get("rows", 0))

    @property
    def as_of(self) -> datetime:
        """The instant the market is rated at: stated when it was written, else the latest time in its tables."""
        return datetime.fromisoformat(self.manifest["as_of"])

    def verify(self) -> None:
        """Checks every file against its hash in the manifest. DamagedSnapshot names the first that differs."""
        for name, digest in self.manifest["files"].items():
            path = self.folder / name
            if not path.is_file() or _sha256(path) != digest:
                state = "is missing" if not path.is_file() else "has changed since it was written"
                raise DamagedSnapshot(
                    f"File {path} of snapshot {self.id} {state}; take the market in again or go back to an earlier "
                    f"snapshot in {self.folder.parent}.",
                    where={"file": str(path), "snapshot": self.id},
                )


def open_snapshot(market_folder: Path, snapshot_id: str | None = None) -> Snapshot:
    """The snapshot in force in a market folder, or an earlier one by id.

    CallerError when the folder is not a market; DamagedSnapshot when its manifest cannot be read.
    """
    pointer = market_folder / "current"
    if not pointer.is_file():
        raise CallerError(
            f"{market_folder} is not a market: it has no file `current`; make one with `assay intake` or "
            "`assay simulate`.",
            where={"path": str(market_folder)},
        )
    name = snapshot_id or pointer.read_text(encoding="utf-8").strip()
    folder = market_folder / "snapshots" / name
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedSnapshot(
            f"Snapshot {name} in {market_folder} cannot be read ({error}); name one of: {_known(market_folder)}.",
            where={"path": str(folder)},
            value=name,
        ) from error
    return Snapshot(name, folder, manifest)


def _known(market_folder: Path) -> str:
    found = sorted(p.name for p in (market_folder / "snapshots").glob("[0-9a-f]*"))
    return ", ".join(found) or "none"


@dataclass(slots=True)
class SnapshotWriter:
    """Writes a new snapshot of a market folder; nothing is in force before `commit`.

    Used as a context manager it removes its temporary files when the block fails. Tables may be written in any
    order, in as many pieces as memory asks for.
    """

    market_folder: Path
    _temporary: Path = field(init=False)
    _writers: dict[str, _TableWriter] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._temporary = self.market_folder / "snapshots" / f".{uuid4().hex[:8]}.tmp"
        try:
            self._temporary.mkdir(parents=True)
        except OSError as error:
            raise outside(error, self.market_folder) from error

    def __enter__(self) -> SnapshotWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.abandon()

    def write(self, table: str, rows: pa.Table | pa.RecordBatch) -> None:
        """Adds rows to a table; columns that `rows` lacks are null, columns that the table lacks are a CallerError."""
        if isinstance(rows, pa.RecordBatch):
            rows = pa.Table.from_batches([rows])
        try:
            self._writer(table).write(conform(rows, table))
        except OSError as error:
            raise outside(error, self.market_folder) from error

    def adopt(self, table: str, file: Path) -> None:
        """Takes a finished Parquet file of the table's schema into the snapshot: hard-linked, or copied.

        Files of an earlier snapshot may be adopted: the two snapshots then share them on disk.
        """
        try:
            self._writer(table).adopt(file)
        except OSError as error:
            raise outside(error, self.market_folder) from error

    def n_rows(self) -> dict[str, int]:
        """Rows of every table written or adopted so far; finishes the files that are being written."""
        for writer in self._writers.values():
            writer.close()
        return {name: _summary(writer.folder)["rows"] for name, writer in sorted(self._writers.items())}

    def keep(self, name: str) -> Path:
        """A path in the snapshot for a file that is not a table (rejects, a report of the intake)."""
        path = self._temporary / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _writer(self, table: str) -> _TableWriter:
        if table not in self._writers:
            self._writers[table] = _TableWriter(self._temporary / "tables" / table, TABLES[table].schema)
        return self._writers[table]

    def commit(self, about: dict[str, Any] | None = None, *, as_of: datetime | None = None) -> str:
        """Puts the snapshot in force and gives its id: the hash of its content.

        `about` (JSON-able: configuration, row counts in = kept + rejected) is kept in the manifest.
        """
        try:
            for writer in self._writers.values():
                writer.close()
            manifest = self._manifest(about or {}, as_of)
            (self._temporary / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True), "utf-8")
            sync_folder(self._temporary)
            return self._put_in_force(str(manifest["id"]))
        except OSError as error:
            raise outside(error, self.market_folder) from error
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Drops everything that was not committed."""
        for writer in self._writers.values():
            writer.abandon()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _put_in_force(self, snapshot_id: str) -> str:
        final = self.market_folder / "snapshots" / snapshot_id
        if not final.exists():
            self._temporary.rename(final)
        pointer = self.market_folder / f".current.{uuid4().hex[:8]}"
        pointer.write_text(snapshot_id + "\n", encoding="utf-8")
        # Without these a power cut could leave a pointer to a snapshot whose name never reached the disk.
        for path in (pointer, final.parent):
            _sync(path)
        pointer.replace(self.market_folder / "current")
        _sync(self.market_folder)
        return snapshot_id

    def _manifest(self, about: dict[str, Any], as_of: datetime | None) -> dict[str, Any]:
        files = {
            str(path.relative_to(self._temporary)): _sha256(path)
            for path in sorted(self._temporary.rglob("*"))
            if path.is_file()
        }
        tables = {name: _summary(writer.folder) for name, writer in sorted(self._writers.items())}
        latest = max((t["latest"] for t in tables.values() if t["latest"]), default=None)
        content = {"schema_version": SCHEMA_VERSION, "files": files, "about": about}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
        instant = as_of.isoformat() if as_of else latest or datetime.now(UTC).isoformat()
        return {**content, "id": digest, "tables": tables, "as_of": instant, "versions": dict(versions())}


@dataclass(slots=True)
class _TableWriter:
    """Writes one table as files of at most ROWS_PER_FILE rows."""

    folder: Path
    schema: pa.Schema
    _current: pq.ParquetWriter | None = None
    _n_files: int = 0
    _n_rows: int = 0

    def write(self, rows: pa.Table) -> None:
        if self._current is not None and self._n_rows + rows.num_rows > ROWS_PER_FILE:
            self.close()
        if self._current is None:
            self._current = pq.ParquetWriter(self._next_file(), self.schema, compression="snappy")
        self._current.write_table(rows, row_group_size=ROWS_PER_GROUP)
        self._n_rows += rows.num_rows

    def adopt(self, file: Path) -> None:
        self.close()
        target = self._next_file()
        try:
            os.link(file, target)
        except OSError:
            shutil.copyfile(file, target)

    def _next_file(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"part-{self._n_files:05d}.parquet"
        self._n_files += 1
        self._n_rows = 0
        return path

    def close(self) -> None:
        if self._current is not None:
            writer, self._current = self._current, None
            writer.close()

    def abandon(self) -> None:
        writer, self._current = self._current, None
        if writer is not None:
            try:
                writer.close()
            except OSError:  # The disk is full: the file goes away with its folder.
                return


def conform(rows: pa.Table, table: str) -> pa.Table:
    """The rows with exactly the columns and types of the market table; absent columns become null.

    CallerError for a column that the table does not have.
    """
    schema = TABLES[table].schema
    unknown = [name for name in rows.column_names if name not in schema.names]
    if unknown:
        raise CallerError(
            f"Table {table} has no column {unknown[0]!r}; it has {', '.join(schema.names)}.",
            where={"table": table, "column": unknown[0]},
        )
    columns = []
    for column in schema:
        if column.name in rows.column_names:
            columns.append(rows.column(column.name).cast(column.type))
        else:
            columns.append(pa.chunked_array([pa.nulls(rows.num_rows, column.type)]))
    return pa.Table.from_arrays(columns, schema=schema)


def _summary(folder: Path) -> dict[str, Any]:
    """Rows, filled cells per column and the latest time of a table, read from Parquet statistics."""
    filled: dict[str, int] = {}
    n_rows = 0
    latest: datetime | None = None
    for path in sorted(folder.glob("*.parquet")):
        metadata = pq.read_metadata(path)
        n_rows += metadata.num_rows
        for group in range(metadata.num_row_groups):
            for i in range(metadata.num_columns):
                column = metadata.row_group(group).column(i)
                stats = column.statistics
                n_null = stats.null_count if stats is not None else 0
                filled[column.path_in_schema] = filled.get(column.path_in_schema, 0) + column.num_values - n_null
                if stats is not None and stats.has_min_max and isinstance(stats.max, datetime):
                    moment = stats.max.replace(tzinfo=UTC) if stats.max.tzinfo is None else stats.max
                    latest = moment if latest is None else max(latest, moment)
    return {"rows": n_rows, "filled": filled, "latest": latest.isoformat() if latest else None}


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
