"""Which worker runs which periodic job until when, and how it went; shared by all workers of an installation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from assay.casework.models import WorkerBeat

# A job that fails is tried again at its own pace first and an hour apart at most.
_LONGEST_PAUSE = timedelta(hours=1)
_MOST_ERROR_CHARACTERS = 500


def announce(jobs: Iterable[str], now: datetime) -> None:
    """Gives every job its row; those that have one keep it."""
    rows = [WorkerBeat(job=job, due_at=now) for job in jobs]
    WorkerBeat.objects.bulk_create(rows, ignore_conflicts=True)


def due(jobs: Iterable[str], now: datetime) -> list[str]:
    """The names among `jobs` whose time has come and that nobody holds."""
    return list(_free(now).filter(job__in=list(jobs)).order_by("due_at").values_list("job", flat=True))


def claim(job: str, holder: str, now: datetime, *, most_seconds: float) -> bool:
    """Takes a job; False when another worker was faster. A worker that dies keeps others away for `most_seconds`."""
    until = now + timedelta(seconds=most_seconds)
    return _free(now).filter(job=job).update(held_by=holder[:100], held_until=until) == 1


def went_well(job: str, now: datetime, *, seconds: float, n_done: int, every_seconds: float) -> None:
    """Writes down that a job ended and when it is due again."""
    WorkerBeat.objects.filter(job=job).update(
        due_at=now + timedelta(seconds=every_seconds),
        held_until=None,
        last_run_at=now,
        last_good_at=now,
        last_seconds=seconds,
        last_done=n_done,
        n_failed_in_row=0,
        last_error="",
    )


def went_wrong(job: str, now: datetime, *, error: str, every_seconds: float) -> int:
    """Writes down that a job failed and lets it rest, longer each time; gives the failures in a row."""
    row = WorkerBeat.objects.filter(job=job).first()
    n_failed = (row.n_failed_in_row if row else 0) + 1
    WorkerBeat.objects.filter(job=job).update(
        due_at=now + pause(n_failed, every_seconds),
        held_until=None,
        last_run_at=now,
        n_failed_in_row=n_failed,
        last_error=error[:_MOST_ERROR_CHARACTERS],
    )
    return n_failed


def pause(n_failed: int, every_seconds: float) -> timedelta:
    """How long a job rests after so many failures in a row: its own pace, doubled each time, an hour at most."""
    own = timedelta(seconds=every_seconds)
    return max(own, min(own * float(2 ** min(n_failed - 1, 30)), _LONGEST_PAUSE))


def _free(now: datetime) -> QuerySet[WorkerBeat]:
    return WorkerBeat.objects.filter(Q(held_until__isnull=True) | Q(held_until__lte=now), due_at__lte=now)
