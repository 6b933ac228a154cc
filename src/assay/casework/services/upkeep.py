"""Small things that are done again and again so that nothing piles up: old sessions, a checkpoint a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assay.casework.audit.checkpoints import read
from assay.casework.models import AuditCheckpoint, AuditHead
from assay.casework.services.recording import COMMAND_LINE, HEAD_ID, Happening, record_all

EVENTS = {
    "backup.made": _("made a backup"),
    "backup.restored": _("restored a backup"),
}

# Beside the checkpoints by number of events: a quiet log has one for every day on which something was written.
CHECKPOINT_EVERY = timedelta(days=1)


def keep_checkpoint(now: datetime | None = None) -> int:
    """Keeps the signed head where the last kept one is a day old; gives 1 when it did. It is no event of its own."""
    at = now or timezone.now()
    with transaction.atomic():
        head = AuditHead.objects.select_for_update().filter(id=HEAD_ID).first()
        if head is None or not head.checkpoint:
            return 0
        checkpoint = read(head.checkpoint).checkpoint
        newest = AuditCheckpoint.objects.order_by("-size").first()
        if newest is not None and (newest.size >= checkpoint.size or at - newest.at < CHECKPOINT_EVERY):
            return 0
        AuditCheckpoint.objects.create(size=checkpoint.size, at=checkpoint.at, text=head.checkpoint)
    return 1


def clear_sessions() -> int:
    """Deletes sessions that have ended; says nothing about how many, so it gives 0."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return 0


def record_backup(manifest_sha256: str, *, n_rows: int, with_keys: bool) -> None:
    """A copy of everything was made: who looks for where personal data went must find it."""
    said = {"manifest_sha256": manifest_sha256, "rows": n_rows, "with_keys": with_keys}
    with transaction.atomic():
        record_all(COMMAND_LINE, [Happening("backup.made", "backup", manifest_sha256[:16], after=said)])


def record_restoration(made_at: str, *, n_rows: int) -> None:
    """The log goes on from a backup: what came after it was made is not in here."""
    said = {"made_at": made_at, "rows": n_rows}
    with transaction.atomic():
        record_all(COMMAND_LINE, [Happening("backup.restored", "backup", made_at, after=said)])
