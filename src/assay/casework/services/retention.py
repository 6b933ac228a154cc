"""Erases what has been kept long enough: files and personal fields go, the row, its hash and the log stay.

Files that no row needs go as well: those of erased documents, and what an upload left that was killed on its way.
"""

from __future__ import annotations

import logging
import re
import stat
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from assay.casework.models import ApiToken, Document, Organisation
from assay.casework.queries.retention import due
from assay.casework.services import throttle
from assay.casework.services.recording import WORKER, Actor, record
from assay.engine.folders import outside

EVENTS = {
    "document.erased": _("erased a document whose term was over"),
    "person.erased": _("erased a person's name and address"),
    "organisation.erased": _("erased a closed merchant's name and address"),
}
# A run erases no more than this and goes on at the next one: a long run would keep the worker from other work.
MOST_AT_ONCE = 500
# An upload that is on its way has a file and no row yet, for some seconds: it is left for an hour.
_LEAST_FILE_AGE_SECONDS = 3_600
_FILE = re.compile(r"[0-9a-f]{64}")
_DRAFT = re.compile(r"\.[0-9a-f]{64}\.[0-9a-z]+")  # of an upload, and of a restoration
# Names asked for in one query: SQLite takes a thousand values or so.
_NAMES_AT_ONCE = 500
LOG = logging.getLogger("assay.retention")


def erase_due(now: datetime | None = None, actor: Actor = WORKER) -> int:
    """Erases what is due and no hold keeps; how many. OutsideError when a file cannot be deleted: it is tried again."""
    at = now or timezone.now()
    found = due(at)
    n = _each(found.documents, lambda pk: _erase_document(actor, pk, at))
    n += _each(found.people, lambda pk: _erase_person(actor, pk, at))
    n += _each(found.organisations, lambda pk: _erase_organisation(actor, pk, at))
    n += throttle.erase_over(at)
    drop_files()
    return n


def drop_files() -> int:
    """Deletes files that no document needs and that are an hour old; how many. OutsideError when one cannot be deleted.

    Files without any row stay when there are as many as with one: then this home is rather another database's.
    """
    uploads = Path(settings.HOME) / "uploads"
    n, unknown, n_known = 0, list[Path](), 0
    for folder in sorted(uploads.glob("[0-9a-f][0-9a-f]")):
        old = [path for path in sorted(folder.iterdir()) if _is_old(path)]
        n += sum(_drop(path) for path in old if _DRAFT.fullmatch(path.name))
        files = {path.name: path for path in old if _FILE.fullmatch(path.name)}
        is_needed = _are_needed(list(files))
        n += sum(_drop(files[name]) for name, needed in is_needed.items() if not needed)
        unknown += [path for name, path in files.items() if name not in is_needed]
        n_known += len(is_needed)
    if unknown and len(unknown) >= n_known:
        said = "%s of %s files in %s belong to no document and stay: is this the home of this database?"
        LOG.warning(said, len(unknown), len(unknown) + n_known, uploads)
        return n
    return n + sum(_drop(path) for path in unknown)


def _is_old(path: Path) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > _LEAST_FILE_AGE_SECONDS


def _are_needed(names: list[str]) -> dict[str, bool]:
    """Whether a document that is not erased has a file, by the file's name; what has no row at all is left out."""
    found = dict[str, bool]()
    for start in range(0, len(names), _NAMES_AT_ONCE):
        some = names[start : start + _NAMES_AT_ONCE]
        for name, erased_at in Document.objects.filter(sha256__in=some).values_list("sha256", "erased_at"):
            found[name] = found.get(name, False) or erased_at is None
    return found


def _drop(path: Path) -> bool:
    """Takes a file aside, looks once more, and only then deletes it: the same bytes may have come in meanwhile."""
    aside = path.with_name(f".{path.name.strip('.')[:64]}.{uuid4().hex[:8]}")
    try:
        path.rename(aside)
        if not _is_old(aside):
            aside.rename(path)
            return False
        aside.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise outside(error, path) from error
    return True


def _each(rows: models.QuerySet[Any], erase: Callable[[int], bool]) -> int:
    pks: Iterable[int] = list(rows.values_list("pk", flat=True)[:MOST_AT_ONCE])
    return sum(erase(pk) for pk in pks)


def _erase_document(actor: Actor, pk: int, at: datetime) -> bool:
    """The file's name goes at once, the file after the transaction: a row must not promise a file that is gone."""
    with transaction.atomic():
        row = due(at).documents.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
        if row is None:
            return False
        row.filename, row.erased_at = "", at
        row.save(update_fields=["filename", "erased_at"])
        said = {
            "kind": row.kind,
            "sha256": row.sha256,
            "n_bytes": row.n_bytes,
            "kept_until": row.keep_until.isoformat(),
        }
        record(actor, "document.erased", row, before=said, reason="the term is over")
    return True


def _erase_person(actor: Actor, pk: int, at: datetime) -> bool:
    with transaction.atomic():
        row = due(at).people.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
        if row is None:
            return False
        row.name, row.email, row.erased_at = "", f"erased-{row.pk}@erased.invalid", at
        row.set_unusable_password()
        row.save(update_fields=["name", "email", "password", "erased_at"])
        for device in (TOTPDevice, StaticDevice):
            device.objects.filter(user=row).delete()
        ApiToken.objects.filter(person=row).update(name="erased")
        said = {"role": row.role, "organisation": row.organisation_id}
        record(actor, "person.erased", row, before=said, reason="the term is over")
    return True


def _erase_organisation(actor: Actor, pk: int, at: datetime) -> bool:
    with transaction.atomic():
        row: Organisation | None = (
            due(at).organisations.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
        )
        if row is None:
            return False
        row.name, row.contact_email = row.merchant_id or "", ""
        row.save(update_fields=["name", "contact_email"])
        record(actor, "organisation.erased", row, after={"merchant_id": row.merchant_id}, reason="the term is over")
    return True
