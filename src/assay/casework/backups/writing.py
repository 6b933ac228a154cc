"""Writes a backup: every table as it stood at one moment, while people go on working."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

from assay import __version__
from assay.casework.backups.archive import KEYS, MANIFEST, Manifest, Member, columns, kept_models, line, table_path
from assay.casework.models import AuditHead, Document
from assay.casework.queries.moment import one_moment
from assay.casework.services.recording import audit_key
from assay.casework.services.upkeep import record_backup
from assay.engine.folders import outside
from assay.market.errors import CallerError, OutsideError
from assay.measurement.sealing import public_key_of

_ROWS_AT_ONCE = 2_000
_COMPRESSION = 3  # measured on rows of items: 6 takes twice the time for a twentieth less


@dataclass(frozen=True, slots=True)
class Made:
    """What was written. `missing` are uploads that the database names and the home does not have."""

    path: Path
    n_tables: int
    n_rows: int
    n_uploads: int
    n_bytes: int
    manifest_sha256: str
    missing: tuple[str, ...]


def back_up(to: Path, *, with_keys: bool = False) -> Made:
    """Writes a backup of the open home, readable by its owner only; whole or not at all.

    CallerError when the file exists; OutsideError when the disk refuses or a key is missing.
    """
    if to.exists():
        raise CallerError(f"{to} exists; a backup replaces nothing: choose another name.", where={"file": str(to)})
    draft = to.with_name(f".{to.name}.{uuid4().hex[:8]}.tmp")
    try:
        with _private_zip(draft) as archive:
            manifest = _fill(archive, with_keys)
        made = _made(to, draft, manifest)
        draft.replace(to)
    except OSError as error:
        raise outside(error, to) from error
    finally:
        draft.unlink(missing_ok=True)
    record_backup(made.manifest_sha256, n_rows=made.n_rows, with_keys=with_keys)
    return made


@contextmanager
def _private_zip(path: Path) -> Iterator[ZipFile]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION) as archive:
            yield archive
        file.flush()
        os.fsync(file.fileno())


def _fill(archive: ZipFile, with_keys: bool) -> Manifest:
    manifest = Manifest(
        assay=__version__,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        database=connection.vendor,
        migrations=_last_migrations(),
        log_key=_log_key(),
        with_keys=with_keys,
    )
    with one_moment():
        for model in kept_models(apps):
            manifest.members[table_path(model._meta.label_lower)] = _add_table(archive, model)
        wanted = set(Document.objects.filter(erased_at=None).values_list("sha256", flat=True))
    # After the rows: a file is there before its row is, so every row finds its file.
    manifest.members.update(_add_uploads(archive))
    manifest.missing.extend(sorted(wanted - {name.rpartition("/")[2] for name in manifest.members}))
    if with_keys:
        manifest.members.update(_add_keys(archive))
    archive.writestr(_info(MANIFEST), manifest.to_bytes())
    return manifest


def _log_key() -> str:
    """The public key of the log. A key made anew would be another log's."""
    path = Path(settings.HOME) / "audit-key.pem"
    if AuditHead.objects.exists() and not path.exists():
        raise OutsideError(
            f"The log's key {path} is missing; put it back first, a backup names the key it was signed with.",
            where={"file": str(path)},
        )
    return public_key_of(audit_key())


def _last_migrations() -> list[list[str]]:
    """The newest applied migration of every app: the applied ones that no applied one of their app follows."""
    loader = MigrationLoader(connection)
    applied = loader.applied_migrations.keys() & loader.graph.node_map.keys()
    followed = {
        (app, name)
        for app, name in applied
        if any(child.key in applied and child.key[0] == app for child in loader.graph.node_map[app, name].children)
    }
    return sorted([app, name] for app, name in applied - followed)


def _add_table(archive: ZipFile, model: type[models.Model]) -> Member:
    names = columns(model)
    floats = [place for place, each in enumerate(model._meta.concrete_fields) if isinstance(each, models.FloatField)]
    digest, n_rows = hashlib.sha256(), 0
    rows = model._base_manager.order_by("pk").values_list(*names)
    with archive.open(_info(table_path(model._meta.label_lower)), "w", force_zip64=True) as member:
        pending = [line(names)]
        for row in rows.iterator(_ROWS_AT_ONCE):
            if any(row[place] is not None and not math.isfinite(row[place]) for place in floats):
                raise OutsideError(
                    f"{model._meta.db_table} row {row[0]} holds a number that is none; correct it first."
                )
            pending.append(line(row))
            n_rows += 1
            if len(pending) >= _ROWS_AT_ONCE:
                _pour(pending, member, digest)
        _pour(pending, member, digest)
    return Member(n_rows, digest.hexdigest())


def _pour(pending: list[bytes], member: object, digest: object) -> None:
    block = b"".join(pending)
    member.write(block)  # type: ignore[attr-defined]
    digest.update(block)  # type: ignore[attr-defined]
    pending.clear()


def _add_uploads(archive: ZipFile) -> dict[str, Member]:
    folder = Path(settings.HOME) / "uploads"
    found: dict[str, Member] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(settings.HOME).as_posix()
        if path.is_file() and not path.name.startswith("."):
            try:
                found[name] = _add_file(archive, path, name)
            except FileNotFoundError:
                continue  # erased by retention since the folder was listed
    return found


def _add_keys(archive: ZipFile) -> dict[str, Member]:
    """The keys that lie in the home; those that come from the environment are kept by whoever set it."""
    paths = [Path(settings.HOME) / name for name in KEYS]
    return {f"keys/{path.name}": _add_file(archive, path, f"keys/{path.name}") for path in paths if path.exists()}


def _add_file(archive: ZipFile, path: Path, name: str) -> Member:
    with path.open("rb") as source:
        content_hash = hashlib.file_digest(source, "sha256").hexdigest()
        n_bytes = source.seek(0, os.SEEK_END)
        source.seek(0)
        info = _info(name)
        info.compress_type = ZIP_STORED  # pictures and PDF files are compressed already
        with archive.open(info, "w", force_zip64=True) as member:
            shutil.copyfileobj(source, member, 1024 * 1024)
    return Member(n_bytes, content_hash)


def _info(name: str) -> ZipInfo:
    info = ZipInfo(name, datetime.now(UTC).timetuple()[:6])
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16  # whoever unpacks it by hand gets private files as well
    return info


def _made(to: Path, draft: Path, manifest: Manifest) -> Made:
    tables = manifest.tables
    return Made(
        path=to,
        n_tables=len(tables),
        n_rows=sum(member.n for member in tables.values()),
        n_uploads=sum(1 for name in manifest.members if name.startswith("uploads/")),
        n_bytes=draft.stat().st_size,
        manifest_sha256=hashlib.sha256(manifest.to_bytes()).hexdigest(),
        missing=tuple(manifest.missing),
    )
