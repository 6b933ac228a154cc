"""Restores a backup into an empty database, of either kind, and checks every hash before the first row is written."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader

from assay.casework.backups.archive import (
    Manifest,
    damaged,
    kept_models,
    opened,
    read_manifest,
    rows,
    table_path,
)
from assay.casework.services.recording import forget_audit_key
from assay.casework.services.upkeep import record_restoration
from assay.engine.folders import outside
from assay.market.errors import CallerError
from assay.measurement.sealing import public_key_of

_ROWS_AT_ONCE = 1_000
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. `has_log_key` says whether the home has the key that signed the audit log."""

    made_at: str
    n_tables: int
    n_rows: int
    n_uploads: int
    has_log_key: bool
    missing: tuple[str, ...]


def restore(path: Path) -> Restored:
    """Restores a backup into the open home, whose database must be empty.

    DamagedBackup for a file that is not as it was written; CallerError for a database with rows, a home with another
    log's key, or a backup of a newer Assay. Nothing is written before all of that has been checked.
    """
    with opened(path) as archive:
        manifest = read_manifest(archive, path)
        _check_hashes(archive, manifest, path)
        targets = _targets(manifest, path)
        _need_empty()
        _need_own_key(archive, manifest)
        _unpack(archive, manifest)
        _migrate_to(targets)
        _load(archive, manifest, targets, path)
    call_command("migrate", verbosity=0, interactive=False)
    has_key = _has_log_key(manifest)
    if has_key:
        forget_audit_key()
        record_restoration(manifest.made_at, n_rows=_n_rows(manifest))
    return Restored(
        made_at=manifest.made_at,
        n_tables=len(manifest.tables),
        n_rows=_n_rows(manifest),
        n_uploads=sum(1 for name in manifest.members if name.startswith("uploads/")),
        has_log_key=has_key,
        missing=tuple(manifest.missing),
    )


def _n_rows(manifest: Manifest) -> int:
    return sum(member.n for member in manifest.tables.values())


def _check_hashes(archive: ZipFile, manifest: Manifest, path: Path) -> None:
    for name, member in manifest.members.items():
        digest, n_bytes = hashlib.sha256(), 0
        try:
            with archive.open(name) as file:
                for block in _blocks(file):
                    digest.update(block)
                    n_bytes += len(block)
        except (BadZipFile, ZlibError, OSError, NotImplementedError, RuntimeError) as error:
            raise damaged(path, f"{name} cannot be read ({error})") from error
        if digest.hexdigest() != member.sha256 or (not name.startswith("tables/") and n_bytes != member.n):
            raise damaged(path, f"{name} was changed: its SHA-256 is not the one in the manifest")


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(_BLOCK), b"")


def _targets(manifest: Manifest, path: Path) -> list[tuple[str, str]]:
    """The migrations that the backup's tables were made with; all must be known here."""
    known = MigrationLoader(connection).disk_migrations or {}
    targets = [(app, name) for app, name in manifest.migrations]
    unknown = [f"{app}.{name}" for app, name in targets if (app, name) not in known]
    if unknown:
        raise CallerError(
            f"The backup {path} was made by a newer Assay ({manifest.assay}): this version does not know the migration "
            f"{unknown[0]}; restore it with that version.",
            where={"file": str(path)},
            value=unknown[0],
        )
    return targets


def _need_empty() -> None:
    there = set(connection.introspection.table_names())
    for model in kept_models(apps):
        table = model._meta.db_table
        if table not in there:
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")
            if cursor.fetchone() is None:
                continue
        raise CallerError(
            f"The database is not empty: {table} has rows; a backup is restored into an empty database only. Name a "
            "new one with DATABASE_URL, or a new folder with --home.",
            where={"table": table},
            allowed="an empty database",
        )


def _key_file() -> Path:
    return Path(settings.HOME) / "audit-key.pem"


def _has_log_key(manifest: Manifest) -> bool:
    return _key_file().exists() and public_key_of(_key_file().read_bytes()) == manifest.log_key


def _need_own_key(archive: ZipFile, manifest: Manifest) -> None:
    """What this home has already must be of the same installation: two keys in one log could not be told apart."""
    if _key_file().exists() and not _has_log_key(manifest):
        raise CallerError(
            f"{_key_file()} is the key of another log than the backup's; move it away, or name a new folder with "
            "--home.",
            where={"file": str(_key_file())},
        )
    for name in manifest.members:
        target = _target(name)
        if target is not None and target.exists() and target.read_bytes() != archive.read(name):
            if name == "keys/django-secret.txt":
                continue  # a new home made one to start with; the old one takes its place
            raise CallerError(f"{target} exists and is not the backup's; move it away.", where={"file": str(target)})


def _target(name: str) -> Path | None:
    """Where a member lies in the home; None for a table. Names were checked against what a backup may hold."""
    if name.startswith("tables/"):
        return None
    return Path(settings.HOME) / name.removeprefix("keys/")


def _unpack(archive: ZipFile, manifest: Manifest) -> None:
    for name in manifest.members:
        target = _target(name)
        if target is None:
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = target.with_name(f".{target.name}.restoring")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file, archive.open(name) as member:
                for block in _blocks(member):
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except OSError as error:
            raise outside(error, target) from error


def _migrate_to(targets: list[tuple[str, str]]) -> None:
    """Tables as they were when the backup was made; what came later is done to the rows afterwards."""
    loader = MigrationLoader(connection)
    if set(targets) == set(loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
        return
    for app, name in targets:
        call_command("migrate", app, name, verbosity=0, interactive=False)


def _load(archive: ZipFile, manifest: Manifest, targets: list[tuple[str, str]], path: Path) -> None:
    """All rows in one transaction. Tables point at each other in circles; databases check that at its end."""
    state = MigrationLoader(connection).project_state(targets).apps
    wanted = {model._meta.label_lower: model for model in kept_models(state)}
    if wanted.keys() != manifest.tables.keys():
        odd = min(wanted.keys() ^ manifest.tables.keys())
        raise damaged(path, f"its tables are not those of its version: {odd}")
    label = ""
    try:
        with transaction.atomic():
            for label, model in wanted.items():
                _load_table(archive, model, manifest.tables[label].n, path)
            label = "the whole"
            with connection.cursor() as cursor:
                for statement in connection.ops.sequence_reset_sql(no_style(), list(wanted.values())):
                    cursor.execute(statement)
            connection.check_constraints()
    except (DatabaseError, ValueError, TypeError, KeyError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise damaged(path, f"{label} does not fit the database ({first[:200]})") from error


def _load_table(archive: ZipFile, model: type[models.Model], n_rows: int, path: Path) -> None:
    for each in model._meta.local_fields:
        made: Any = each
        made.auto_now = made.auto_now_add = False  # times are those of the backup; this class is of this load alone
    n = 0
    with archive.open(table_path(model._meta.label_lower)) as file:
        found = rows(file, model)
        while batch := list(itertools.islice(found, _ROWS_AT_ONCE)):
            model._base_manager.bulk_create(batch, batch_size=_ROWS_AT_ONCE)
            n += len(batch)
    if n != n_rows:
        raise damaged(path, f"{model._meta.label_lower} has {n} rows, its manifest says {n_rows}")
