"""What a backup file is: a zip of one JSON-lines file per table, the uploads, the keys, and a manifest of hashes.

    manifest.json                     what follows, with SHA-256 of every member as it is unpacked
    tables/casework.item.jsonl        first line the columns, then one line per row, in order of their ids
    uploads/ab/ab12…                  as they lie in the home
    keys/audit-key.pem, keys/django-secret.txt   only when asked for

Times are ISO 8601 in UTC, bytes base64, JSON columns JSON: nothing of it is of one database.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

import orjson
from django.apps.registry import Apps
from django.db import models

from assay.engine.folders import outside
from assay.market.errors import OutsideError

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = ("audit-key.pem", "django-secret.txt")
# Made by Django for itself, or of no use elsewhere: sessions end, and a worker's beats are those of a running process.
_SKIPPED_APPS = frozenset({"contenttypes", "auth", "sessions"})
_SKIPPED_TABLES = frozenset({"casework.workerbeat"})
_UPLOAD = re.compile(r"uploads/[0-9A-Za-z._-]+(/[0-9A-Za-z._-]+)*")
_LABEL = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
_MOST_MANIFEST_BYTES = 1024 * 1024 * 1024


class DamagedBackup(OutsideError):
    """A file is not a backup, or not the one that was written. Exit code 3."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive; `n` counts rows of a table, bytes of any other."""

    n: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `migrations` are the last ones applied per app; `log_key` is the audit log's public key."""

    assay: str
    made_at: str
    database: str
    migrations: list[list[str]]
    log_key: str
    with_keys: bool
    members: dict[str, Member] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """The manifest as it lies in the archive."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)

    @property
    def tables(self) -> dict[str, Member]:
        """The members that are tables, by model label."""
        return {label_in(path): member for path, member in self.members.items() if path.startswith("tables/")}


def read_manifest(archive: ZipFile, path: Path) -> Manifest:
    """The manifest of an archive; DamagedBackup when it has none that can be read, or members it does not name."""
    try:
        if archive.getinfo(MANIFEST).file_size > _MOST_MANIFEST_BYTES:
            raise ValueError("it is too large")
        said = json.loads(archive.read(MANIFEST))
        if said["format"] != FORMAT:
            raise ValueError(f"its format is {said['format']}, this version reads {FORMAT}")
        members = {name: Member(**each) for name, each in said.pop("members").items()}
        manifest = Manifest(members=members, **said)
    except (KeyError, TypeError, ValueError, AttributeError, BadZipFile) as error:
        raise damaged(path, f"its manifest cannot be read ({error})") from error
    held = set(archive.namelist()) - {MANIFEST}
    if held != members.keys():
        odd = min(held ^ members.keys())
        raise damaged(path, f"{odd} stands in {'the file' if odd in held else 'the manifest'} only")
    for name in held:
        if not _is_known(name):
            raise damaged(path, f"{name[:80]!r} has no place in a backup")
    return manifest


def _is_known(name: str) -> bool:
    if name.startswith("tables/"):
        return _LABEL.fullmatch(label_in(name)) is not None and name == table_path(label_in(name))
    if name.startswith("keys/"):
        return name.removeprefix("keys/") in KEYS
    return _UPLOAD.fullmatch(name) is not None and not {".", ".."} & set(PurePosixPath(name).parts)


def opened(path: Path) -> ZipFile:
    """The archive in a file. OutsideError when it cannot be read."""
    try:
        return ZipFile(path)
    except BadZipFile as error:
        raise damaged(path, "it is no zip file, or its end is missing") from error
    except OSError as error:
        raise outside(error, path) from error


def damaged(path: Path, why: str) -> DamagedBackup:
    """The fault of a backup file, in one sentence."""
    return DamagedBackup(f"The backup {path} cannot be restored: {why}.", where={"file": str(path)})


def kept_models(apps: Apps) -> list[type[models.Model]]:
    """The tables that a backup holds, in order of their labels."""
    found = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in _SKIPPED_APPS
        and model._meta.label_lower not in _SKIPPED_TABLES
        and model._meta.managed
        and not model._meta.proxy
    ]
    return sorted(found, key=lambda model: model._meta.label_lower)


def table_path(label: str) -> str:
    """Where the rows of a model lie in the archive."""
    return f"tables/{label}.jsonl"


def label_in(path: str) -> str:
    """The model whose rows lie there."""
    return path.removeprefix("tables/").removesuffix(".jsonl")


def columns(model: type[models.Model]) -> list[str]:
    """The columns of a table as Django's attributes name them (`item_id`)."""
    return [each.attname for each in model._meta.concrete_fields]


def line(values: Any) -> bytes:  # noqa: ANN401 - a list or tuple of column values
    """One row as a line; the same row is the same line whichever database it comes from."""
    return orjson.dumps(values, default=_plain, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS)


def _plain(value: Any) -> Any:  # noqa: ANN401 - orjson's hook
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be backed up")


def rows(file: IO[bytes], model: type[models.Model]) -> Iterator[models.Model]:
    """The rows of a table, ready to be saved. ValueError for columns that the model does not have."""
    names = json.loads(next(iter(file), b"[]"))
    by_name = {each.attname: each for each in model._meta.concrete_fields}
    if set(names) != by_name.keys():
        raise ValueError(f"its columns are not those of its version: {sorted(set(names) ^ by_name.keys())[0]}")
    readers = [_reader(by_name[name]) for name in names]
    for each in file:
        values = orjson.loads(each)
        yield model(**{name: reader(value) for name, reader, value in zip(names, readers, values, strict=True)})


def _reader(column: Any) -> Any:  # noqa: ANN401 - a field of any kind
    return (lambda value: value) if isinstance(column, models.JSONField) else column.to_python
