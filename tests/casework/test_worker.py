"""The worker: every job at its own pace, one worker per job, and no job that fails stops another."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from assay.casework.models import AuditCheckpoint, WorkerBeat
from assay.casework.services import beats
from assay.casework.services.recording import COMMAND_LINE, record
from assay.casework.services.upkeep import clear_sessions, keep_checkpoint
from assay.casework.worker import JOBS, Job, Lane, Worker
from tests.casework.builders import an_item

pytestmark = pytest.mark.django_db


class Done:
    """A job's work: counts its runs, and fails when told to."""

    def __init__(self, n_done=1, error=None):
        self.n_runs, self.n_done, self.error = 0, n_done, error

    def __call__(self):
        self.n_runs += 1
        if self.error:
            raise self.error
        return self.n_done


def a_lane(*jobs):
    return Lane(list(jobs), threading.Event())


def make_due(*names):
    WorkerBeat.objects.filter(job__in=names).update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_job_runs_when_its_time_has_come_and_not_before():
    work = Done(n_done=7)
    lane = a_lane(Job("count", 60, work))
    lane.look()
    lane.look()
    assert work.n_runs == 1
    make_due("count")
    lane.look()
    assert work.n_runs == 2
    beat = WorkerBeat.objects.get(job="count")
    assert (beat.last_done, beat.held_until, beat.n_failed_in_row) == (7, None, 0)
    assert timedelta(seconds=55) < beat.due_at - timezone.now() <= timedelta(seconds=60)


def test_a_job_that_fails_stops_no_other_and_is_told(caplog):
    bad, good = Done(error=ZeroDivisionError("no")), Done()
    lane = a_lane(Job("bad", 60, bad), Job("good", 60, good))
    lane.look()
    assert (bad.n_runs, good.n_runs) == (1, 1)
    beat = WorkerBeat.objects.get(job="bad")
    assert (beat.n_failed_in_row, beat.last_error, beat.last_good_at) == (1, "ZeroDivisionError: no", None)
    assert "The job bad failed" in caplog.text and "Traceback" in caplog.text


def test_a_job_that_fails_again_rests_longer_and_fills_no_log(caplog):
    bad = Done(error=ZeroDivisionError("no"))
    lane = a_lane(Job("bad", 60, bad))
    for _ in range(3):
        lane.look()
        make_due("bad")
    caplog.clear()
    lane.look()
    beat = WorkerBeat.objects.get(job="bad")
    assert beat.n_failed_in_row == 4
    assert beat.due_at - timezone.now() > timedelta(seconds=470)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("every", "n_failed", "seconds"), [(60, 1, 60), (60, 3, 240), (60, 99, 3600), (7200, 5, 7200)])
def test_a_pause_doubles_up_to_an_hour_and_is_never_shorter_than_the_pace(every, n_failed, seconds):
    assert beats.pause(n_failed, every) == timedelta(seconds=seconds)


def test_a_job_that_recovers_forgets_its_failures():
    work = Done(error=ZeroDivisionError("no"))
    lane = a_lane(Job("job", 60, work))
    lane.look()
    work.error = None
    make_due("job")
    lane.look()
    beat = WorkerBeat.objects.get(job="job")
    assert (beat.n_failed_in_row, beat.last_error) == (0, "") and beat.last_good_at is not None


def test_a_job_that_another_worker_holds_is_left_to_it_until_its_claim_ends():
    work = Done()
    lane = a_lane(Job("job", 60, work))
    beats.announce(["job"], timezone.now())
    assert beats.claim("job", "other:1", timezone.now(), most_seconds=300)
    assert not beats.claim("job", "third:1", timezone.now(), most_seconds=300)
    lane.look()
    assert work.n_runs == 0
    WorkerBeat.objects.update(held_until=timezone.now())
    lane.look()
    assert work.n_runs == 1


def test_a_shared_job_runs_at_every_look_in_every_worker():
    work = Done()
    job = Job("send", 1, work, is_shared=True)
    first, second = a_lane(job), a_lane(job)
    assert [lane.look() for lane in (first, second, first)] == [True, True, True]
    assert work.n_runs == 3


def test_a_shared_job_without_work_writes_its_beat_now_and_then_only(django_assert_num_queries):
    lane = a_lane(Job("send", 1, Done(n_done=0), is_shared=True))
    assert lane.look() is False
    with django_assert_num_queries(0):
        lane.look()


def test_a_shared_job_that_fails_rests():
    work = Done(error=ZeroDivisionError("no"))
    lane = a_lane(Job("send", 60, work, is_shared=True))
    lane.look()
    lane.look()
    assert work.n_runs == 1 and WorkerBeat.objects.get(job="send").n_failed_in_row == 1


def test_told_to_stop_it_begins_no_other_job():
    stopping = threading.Event()
    last = Done()
    lane = Lane([Job("first", 60, lambda: stopping.set() or 0), Job("last", 60, last)], stopping)
    lane.look()
    assert last.n_runs == 0


def test_names_of_jobs_are_unique_and_said_in_words():
    assert len({job.name for job in JOBS}) == len(JOBS)
    assert all(str(job.label) for job in JOBS)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_job_runs_on_an_empty_database(job):
    assert isinstance(job.run(), int)


@pytest.mark.django_db(transaction=True)
def test_threads_work_until_they_are_stopped():
    if connection.vendor == "sqlite":
        pytest.skip("a database in memory has one connection")
    slow, quick = Done(), Done()
    worker = Worker(
        [Job("slow", 60, slow), Job("quick", 0, quick, lane="other", is_shared=True)],
        poll_seconds=0.01,
    )
    worker.start()
    ends = time.monotonic() + 10
    while not (slow.n_runs and quick.n_runs > 3) and time.monotonic() < ends:
        time.sleep(0.01)
    assert worker.stop(5)
    n_runs = quick.n_runs
    time.sleep(0.05)
    assert slow.n_runs == 1 and quick.n_runs == n_runs > 3


def test_a_database_that_is_away_is_waited_for(monkeypatch, caplog):
    stopping = threading.Event()
    lane = Lane([Job("job", 60, Done())], stopping, poll_seconds=0.001)
    looks = []

    def look():
        looks.append(1)
        if len(looks) < 3:
            raise OSError("database is away")
        stopping.set()
        return False

    monkeypatch.setattr(lane, "look", look)
    thread = threading.Thread(target=lane.work)
    thread.start()
    thread.join(10)
    assert len(looks) == 3 and caplog.text.count("cannot look for work") == 2


def _write():
    item = an_item()
    from django.db import transaction

    with transaction.atomic():
        record(COMMAND_LINE, "effect.retried", item)


def test_a_checkpoint_is_kept_a_day():
    assert keep_checkpoint() == 0
    _write()
    assert keep_checkpoint() == 1
    _write()
    assert keep_checkpoint() == 0
    assert keep_checkpoint(timezone.now() + timedelta(days=1, minutes=1)) == 1
    assert keep_checkpoint(timezone.now() + timedelta(days=9)) == 0
    assert list(AuditCheckpoint.objects.order_by("size").values_list("size", flat=True)) == [1, 2]


def test_ended_sessions_are_deleted():
    from django.contrib.sessions.models import Session

    now = timezone.now()
    Session.objects.create(session_key="old", session_data="x", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="new", session_data="x", expire_date=now + timedelta(hours=1))
    clear_sessions()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]
