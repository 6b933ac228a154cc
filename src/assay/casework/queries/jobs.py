"""How the periodic work goes, for pages and for whoever watches the server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils.functional import Promise

from assay.casework.models import WorkerBeat
from assay.casework.worker import BEAT_SECONDS, JOBS

# A few beats may be missed on a busy machine; beyond that nobody delivers.
LATE_SECONDS = 6 * BEAT_SECONDS


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job of the worker with its last run; `beat` is None when it never ran."""

    name: str
    label: str | Promise
    every_seconds: float
    beat: WorkerBeat | None

    @property
    def is_failing(self) -> bool:
        """Whether its last run failed."""
        return self.beat is not None and self.beat.n_failed_in_row > 0


def job_rows() -> list[JobRow]:
    """Every job, in the order of the table of jobs."""
    beats = {beat.job: beat for beat in WorkerBeat.objects.all()}
    return [JobRow(job.name, job.label, job.every_seconds, beats.get(job.name)) for job in JOBS]


def worker_age_seconds(now: datetime) -> float | None:
    """Seconds since any worker last said something; None when none ever did."""
    newest: datetime | None = WorkerBeat.objects.aggregate(at=Max("last_run_at"))["at"]
    return None if newest is None else max((now - newest).total_seconds(), 0.0)
