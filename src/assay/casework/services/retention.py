"""Erases what has been kept long enough: files and personal fields go, the row, its hash and the log stay."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from assay.casework.models import ApiToken, Document, Organisation
from assay.casework.queries.retention import due
from assay.casework.services import throttle
from assay.casework.services.documents import path_of
from assay.casework.services.recording import WORKER, Actor, record
from assay.engine.folders import outside

EVENTS = {
    "document.erased": _("erased a document whose term was over"),
    "person.erased": _("erased a person's name and address"),
    "organisation.erased": _("erased a closed merchant's name and address"),
}
# A run erases no more than this and goes on at the next one: a long run would keep the worker from other work.
MOST_AT_ONCE = 500
# A file that came in meanwhile with the same bytes is written before its row: it is left until it has one.
_LEAST_FILE_AGE_SECONDS = 3_600
# After a crash between the row and its file, the file is looked for again for so long.
_LOOK_BACK = timedelta(days=30)


def erase_due(now: datetime | None = None, actor: Actor = WORKER) -> int:
    """Erases what is due and no hold keeps; how many. OutsideError when a file cannot be deleted: it is tried again."""
    at = now or timezone.now()
    found = due(at)
    n = _each(found.documents, lambda pk: _erase_document(actor, pk, at))
    n += _each(found.people, lambda pk: _erase_person(actor, pk, at))
    n += _each(found.organisations, lambda pk: _erase_organisation(actor, pk, at))
    n += throttle.erase_over(at)
    drop_files(at)
    return n


def drop_files(now: datetime) -> int:
    """Deletes the files of erased documents that no other document needs; how many were there."""
    erased = Document.objects.filter(erased_at__gt=now - _LOOK_BACK).values_list("sha256", flat=True)
    wanted = set(erased) - set(
        Document.objects.filter(sha256__in=erased, erased_at=None).values_list("sha256", flat=True)
    )
    n = 0
    for sha256 in sorted(wanted):
        path = path_of(sha256)
        try:
            if path.exists() and time.time() - path.stat().st_mtime > _LEAST_FILE_AGE_SECONDS:
                path.unlink()
                n += 1
        except OSError as error:
            raise outside(error, path) from error
    return n


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
