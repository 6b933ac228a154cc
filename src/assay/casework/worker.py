"""The work nobody clicks for: one process, two threads, no broker. Every job has its own pace, and none stops another.

Several workers at once are safe. A periodic job is claimed in the database by one of them; deliveries are shared, since
every effect is leased on its own. A job that fails is logged, shown on the page of jobs, and tried again later.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import close_old_connections, connection
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assay.casework.services import beats
from assay.market.errors import AssayError

LOG = logging.getLogger("assay.worker")
# How often a worker looks whether something is due: the longest an effect waits when nothing else does.
POLL_SECONDS = 1.0
# A shared job that runs at every look says so this often; the health page calls a worker late after a few of them.
BEAT_SECONDS = 15.0
_LONGEST_PAUSE_SECONDS = 30.0  # between looks while the database is away
_STOP_SECONDS = 30.0  # longer than an attempt can last (outgoing.DEADLINE_SECONDS)


@dataclass(frozen=True, slots=True)
class Job:
    """One periodic job: `run` gives how many things it did.

    Jobs of one lane run one after another, lanes at the same time. A shared job runs in every worker, and again at once
    while it finds something; any other is held by one worker, that nobody waits for longer than `most_seconds`.
    """

    name: str
    every_seconds: float
    run: Callable[[], int]
    label: str | Promise = ""
    lane: str = "upkeep"
    is_shared: bool = False
    most_seconds: float = 300.0


def _deliver() -> int:
    from assay.casework.delivery import deliver_due

    return deliver_due()


def _waive_left_over() -> int:
    from assay.casework.services.endpoints import waive_left_over

    return waive_left_over()


def _wake() -> int:
    from assay.casework.services.snoozes import wake_due

    return wake_due()


def _expire() -> int:
    from assay.casework.services.decisions import expire
    from assay.casework.services.recording import WORKER

    return expire(WORKER, timezone.now())


def _release() -> int:
    from assay.casework.services.claims import release_expired
    from assay.casework.services.recording import WORKER

    return release_expired(WORKER, timezone.now())


def _put_forward() -> int:
    from assay.casework.services.proposals import put_forward
    from assay.casework.services.renewing import renew_due

    return put_forward() + renew_due()


def _decide_alone() -> int:
    from assay.casework.services import automation

    return automation.decide_due()


def _count() -> int:
    from assay.casework.services.census import take

    return take()


def _refresh() -> int:
    from assay.casework.services.programmes import refresh

    return refresh()


def _erase() -> int:
    from assay.casework.services.retention import erase_due

    return erase_due()


def _forget_answers() -> int:
    from assay.casework.services.repeats import forget_old

    return forget_old()


def _keep_checkpoint() -> int:
    from assay.casework.services.upkeep import keep_checkpoint

    return keep_checkpoint()


def _clear_sessions() -> int:
    from assay.casework.services.upkeep import clear_sessions

    return clear_sessions()


JOBS: tuple[Job, ...] = (
    Job("deliver-effects", POLL_SECONDS, _deliver, _("Deliver effects"), lane="effects", is_shared=True),
    Job("waive-left-over", 60, _waive_left_over, _("Waive effects of retired endpoints")),
    Job("wake-items", 60, _wake, _("Wake snoozed items")),
    Job("release-claims", 60, _release, _("Give back items whose lease ended")),
    Job("expire-decisions", 60, _expire, _("End decisions whose time has come")),
    Job("put-forward", 60, _put_forward, _("Put merchants forward whose strikes reached a threshold")),
    Job("decide-alone", 60, _decide_alone, _("Decide what may be decided without a person")),
    Job("take-census", 300, _count, _("Count the queue"), most_seconds=900),
    Job("refresh-testbuys", 300, _refresh, _("Take results of test buys over"), most_seconds=900),
    Job("keep-checkpoint", 3_600, _keep_checkpoint, _("Keep a checkpoint of the log")),
    Job("forget-answers", 600, _forget_answers, _("Forget answered API calls")),
    Job("clear-sessions", 6 * 3_600, _clear_sessions, _("Delete ended sessions")),
    Job("erase-expired", 6 * 3_600, _erase, _("Erase what has been kept long enough"), most_seconds=3_600),
)


class Worker:
    """Runs jobs until it is told to stop: `start` and `stop` beside a server, `run` as a process of its own."""

    def __init__(self, jobs: Iterable[Job] = JOBS, *, poll_seconds: float = POLL_SECONDS) -> None:
        self.stopping = threading.Event()
        found = tuple(jobs)
        lanes = dict.fromkeys(job.lane for job in found)
        self._lanes = [Lane([job for job in found if job.lane == lane], self.stopping, poll_seconds) for lane in lanes]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begins, one thread per lane."""
        for lane in self._lanes:
            thread = threading.Thread(target=lane.work, name=f"worker-{lane.jobs[0].lane}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, seconds: float = _STOP_SECONDS) -> bool:
        """Lets every job that runs come to its end; False when one did not within so many seconds.

        What it leaves is safe: leases and claims end by themselves.
        """
        self.stopping.set()
        ends_at = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(ends_at - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def run(self) -> bool:
        """Works until `stopping` is set; then as `stop`."""
        self.start()
        self.stopping.wait()
        return self.stop()


class Lane:
    """Jobs that run one after another, in the thread that calls `work`."""

    def __init__(self, jobs: list[Job], stopping: threading.Event, poll_seconds: float = POLL_SECONDS) -> None:
        self.jobs, self.stopping, self.poll_seconds = jobs, stopping, poll_seconds
        self.holder = f"{socket.gethostname()}:{os.getpid()}"
        self._is_announced = False
        self._said_at: dict[str, float] = {}
        self._rests_until: dict[str, float] = {}

    def work(self) -> None:
        """Looks again and again until it shall stop; a database that is away is waited for."""
        n_failed = 0
        try:
            while not self.stopping.is_set():
                close_old_connections()
                is_busy = False
                try:
                    is_busy = self.look()
                    n_failed = 0
                except Exception as error:  # nothing can be written down, so it can only be said
                    n_failed += 1
                    LOG.error("The worker cannot look for work: %s. It tries again.", _said(error))
                    connection.close()
                pause = min(self.poll_seconds * 2 ** min(n_failed, 10), _LONGEST_PAUSE_SECONDS)
                self.stopping.wait(0 if is_busy else pause)
        finally:
            connection.close()

    def look(self) -> bool:
        """Runs what is due, each job at most once; says whether a shared job found something to do."""
        now = timezone.now()
        if not self._is_announced:
            beats.announce([job.name for job in self.jobs], now)
            self._is_announced = True
        periodic = [job.name for job in self.jobs if not job.is_shared]
        due = set(beats.due(periodic, now)) if periodic else set()
        is_busy = False
        for job in self.jobs:
            if self.stopping.is_set():
                break
            if job.is_shared:
                is_busy |= self._share(job)
            elif job.name in due and beats.claim(job.name, self.holder, now, most_seconds=job.most_seconds):
                self._run(job)
        return is_busy

    def _share(self, job: Job) -> bool:
        started = time.monotonic()
        if started < self._rests_until.get(job.name, 0):
            return False
        said_at = self._said_at.get(job.name)
        return self._run(job, is_silent=said_at is not None and started < said_at + BEAT_SECONDS) > 0

    def _run(self, job: Job, *, is_silent: bool = False) -> int:
        """Runs one job and writes down how it went; a silent one that had nothing to do writes nothing."""
        started = time.monotonic()
        try:
            n_done = job.run()
        except Exception as error:
            self._note_failure(job, error)
            return 0
        if n_done or not is_silent:
            seconds = time.monotonic() - started
            now = timezone.now()
            beats.went_well(job.name, now, seconds=seconds, n_done=n_done, every_seconds=job.every_seconds)
            self._said_at[job.name] = time.monotonic()
        return n_done

    def _note_failure(self, job: Job, error: Exception) -> None:
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()  # what broke the connection must not keep it from being told
        n_failed = beats.went_wrong(job.name, timezone.now(), error=_said(error), every_seconds=job.every_seconds)
        self._said_at.pop(job.name, None)
        self._rests_until[job.name] = time.monotonic() + beats.pause(n_failed, job.every_seconds).total_seconds()
        # The trace of the first failure tells what is wrong; the same again and again would only fill the log.
        LOG.error("The job %s failed: %s", job.name, _said(error), exc_info=error if n_failed == 1 else None)


def _said(error: Exception) -> str:
    return error.message if isinstance(error, AssayError) else f"{type(error).__name__}: {error}"
