"""The same call twice is answered once: idempotency keys of the API."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from assay.casework.models import ApiToken, IdempotencyKey
from assay.market.errors import CallerError

# How long an answer is kept: a program that retries for longer than a day has another trouble.
KEPT = timedelta(hours=24)
# A statement holds its rows, and on SQLite every other writer, for some hundredths of a second; a day's answers in one
# held them for minutes.
_BATCH = 1_000
# In one turn of the worker; what is left has the next one.
MOST_FORGOTTEN = 200_000
_ALLOWED = re.compile(r"[\x21-\x7e]{1,100}")


class KeyUsedDifferently(CallerError):
    """The key came before with another body. Over HTTP: 422."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and whether it is one that was given before."""

    status: int
    response: Any
    is_repeat: bool


def once(token: ApiToken, key: str, request: bytes, work: Callable[[], tuple[int, Any]]) -> Answered:
    """Does the work and keeps its answer under the key; for a key that was answered before, gives that answer.

    The key and what the work writes are one transaction: either both are there or neither. Two calls at the same time
    wait for each other. KeyUsedDifferently when `request` is not the bytes that came with the key first.
    """
    if not _ALLOWED.fullmatch(key):
        raise CallerError(
            f"The Idempotency-Key {key[:100]!r} cannot be used; allowed are 1 to 100 visible ASCII characters.",
            value=key[:100],
            allowed="1 to 100 visible ASCII characters",
        )
    digest = hashlib.sha256(request).hexdigest()
    try:
        with transaction.atomic():
            row = IdempotencyKey.objects.create(token=token, key=key, request_sha256=digest, created_at=timezone.now())
            status, response = work()
            row.status, row.response = status, response
            row.save(update_fields=["status", "response"])
            return Answered(status, response, is_repeat=False)
    except IntegrityError:
        found = IdempotencyKey.objects.filter(token=token, key=key).first()
        if found is None or found.status is None:
            raise
    if found.request_sha256 != digest:
        raise KeyUsedDifferently(
            f"The Idempotency-Key {key!r} was used for another request; use a new key for a new request.",
            value=key,
            allowed="a key that was not used in the last 24 hours, or the same body",
        )
    return Answered(found.status, found.response, is_repeat=True)


def forget_old(now: datetime | None = None) -> int:
    """Deletes answers older than a day, oldest first, up to MOST_FORGOTTEN; gives their number. The worker calls it."""
    old = IdempotencyKey.objects.filter(created_at__lt=(now or timezone.now()) - KEPT).order_by("created_at")
    n = 0
    while n < MOST_FORGOTTEN and (some := list(old.values_list("pk", flat=True)[:_BATCH])):
        n += IdempotencyKey.objects.filter(pk__in=some).delete()[0]
    return n
