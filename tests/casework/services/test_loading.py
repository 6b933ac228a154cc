"""A rating comes into casework once and whole, also when the load was killed."""

import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from assay.casework.access import Refused
from assay.casework.models import (
    AnalysisRun,
    AuditEvent,
    Finding,
    Item,
    ItemState,
    Role,
    Stream,
)
from assay.casework.services import arrivals, batches
from assay.casework.services.loading import How, load_run
from assay.casework.services.recording import Actor
from assay.market.errors import CallerError
from tests.casework.builders import a_person, an_item
from tests.casework.loads import LEAST, N_RANDOM, SETTINGS, an_open_listing, decided, everything, frozen, load
from tests.casework.rated_runs import a_later_run, scores, the_run

pytestmark = pytest.mark.django_db


def test_the_random_sample_has_its_inclusion_probability_and_flagged_ones_keep_their_stream():
    counts = load(n_random=400).counts
    drawn = Item.objects.exclude(inclusion_probability=None)
    assert drawn.count() == counts["drawn"] == 400
    assert {item.inclusion_probability for item in drawn} == {400 / counts["live_listings"]}
    flagged = drawn.filter(stream=Stream.FLAGGED)
    assert flagged
    assert all(item.score >= LEAST for item in flagged)
    assert all(item.score < LEAST for item in drawn.filter(stream=Stream.RANDOM))


def test_harm_is_in_the_currency_of_the_load_and_not_known_without_a_rate():
    counts = load().counts
    by_currency = {item.currency: item.harm_currency for item in Item.objects.filter(subject_type="listing")}
    assert by_currency.pop(counts["currency"]) == counts["currency"]
    assert by_currency and set(by_currency.values()) == {""}
    assert set(Item.objects.filter(subject_type="merchant").values_list("harm_currency")) == {(counts["currency"],)}
    assert not Item.objects.filter(harm_currency="", harm_minor__gt=0).exists()


def test_one_event_says_what_a_load_did_and_one_what_each_batch_wrote():
    actor = Actor.of(a_person(Role.SENIOR))
    loaded = load_run(the_run(), actor=actor, least_score=LEAST, n_random=N_RANDOM, how=How(engine_settings=SETTINGS))
    event = AuditEvent.objects.get(action="run.loaded")
    assert event.actor == actor.name
    assert event.after["opened"] == loaded.counts["opened"] == Item.objects.count()
    begun, *written, last = AuditEvent.objects.order_by("seq")
    assert (begun.action, last) == ("run.load_begun", event)
    assert [each.action for each in written] == [
        "run.items_written"
    ] * 2  # goods and merchants, fewer than a batch each
    ids = ",".join(each.after["items"] for each in written)
    assert all(each.before["items"] == "" for each in written)
    assert (
        sum(int(part.split("-")[-1]) - int(part.split("-")[0]) + 1 for part in ids.split(",")) == Item.objects.count()
    )


@pytest.mark.parametrize("role", [Role.ANALYST, Role.AUDITOR, Role.MERCHANT, Role.TEST_BUYER, Role.AUTHENTICATOR])
def test_people_who_may_not_load_are_refused(role):
    with pytest.raises(Refused):
        load(actor=Actor.of(a_person(role)))


def test_an_older_run_is_refused(tmp_path):
    load(a_later_run(tmp_path / "later"))
    with pytest.raises(CallerError, match="an older one would put the queue back"):
        load()


def test_items_drawn_at_random_stay_open_until_they_are_answered(tmp_path):
    load(n_random=300)
    drawn_flagged = Item.objects.filter(stream=Stream.FLAGGED).exclude(inclusion_probability=None)[0]
    only_drawn = set(Item.objects.filter(stream=Stream.RANDOM).values_list("pk", flat=True))
    load(a_later_run(tmp_path / "later", listings={drawn_flagged.subject_id: -600}), n_random=0)
    after = Item.objects.get(pk=drawn_flagged.pk)
    assert (after.state, after.stream) == (ItemState.OPEN, Stream.RANDOM)
    assert after.inclusion_probability == drawn_flagged.inclusion_probability
    kept = AuditEvent.objects.filter(action="run.items_written").latest("seq")
    assert kept.after == batches.told(batches.standing([after])) != kept.before
    assert set(Item.objects.filter(pk__in=only_drawn, state=ItemState.OPEN).values_list("pk", flat=True)) == only_drawn


def test_another_run_draws_another_sample(tmp_path):
    load(n_random=100)
    first = set(Item.objects.exclude(inclusion_probability=None).values_list("subject_id", flat=True))
    load(a_later_run(tmp_path / "later"), n_random=100)
    every = set(Item.objects.exclude(inclusion_probability=None).values_list("subject_id", flat=True))
    assert len(every) > 120
    assert first < every


def test_a_decided_item_that_is_drawn_notes_the_draw_and_nothing_else(tmp_path):
    load(n_random=0)
    item = an_open_listing()
    decided(item)
    before = frozen(item)
    load(a_later_run(tmp_path / "later"), n_random=10_000)
    after = frozen(item)
    assert after[0]["inclusion_probability"] == 1.0
    assert (after[0] | {"inclusion_probability": None}, *after[1:]) == before


def test_goods_flagged_as_they_were_created_follow_the_run_that_knows_them(tmp_path):
    rated = sorted(scores(the_run()).items(), key=lambda each: each[1])
    harmless = an_item(subject_id=rated[0][0], stream=Stream.LIVE)
    load(n_random=0)
    newer = an_item(subject_id="L-not-in-the-run", stream=Stream.LIVE)
    high = next(item for item in Item.objects.filter(subject_type="listing", run__isnull=False))
    Item.objects.filter(pk=high.pk).update(stream=Stream.LIVE)
    load(a_later_run(tmp_path / "later"), n_random=0)
    assert Item.objects.get(pk=harmless.pk).state == ItemState.CLOSED
    assert Item.objects.get(pk=newer.pk).state == ItemState.OPEN
    assert Item.objects.get(pk=high.pk).stream == Stream.FLAGGED


def test_a_load_that_stops_leaves_whole_batches_and_goes_on(monkeypatch):
    load(batch=10)
    whole = everything()
    events = AuditEvent.objects.count()
    for model in (Finding, Item, AnalysisRun):
        Item.objects.update(finding=None)
        model.objects.all().delete()
    real, calls = arrivals.write, iter(range(1_000))

    def failing(*given):
        written = real(*given)
        if next(calls) in (1, 3, 4, 8):
            raise KeyboardInterrupt
        return written

    monkeypatch.setattr(arrivals, "write", failing)
    stops = 0
    while True:
        try:
            loaded = load(batch=10)
            break
        except KeyboardInterrupt:
            stops += 1
            assert Item.objects.filter(finding=None).count() == 0
            assert Item.objects.count() == Finding.objects.count()
            assert AnalysisRun.objects.get().progress["counts"].get("opened", 0) == Item.objects.count()
    assert stops == 4
    assert everything() == whole
    assert loaded.counts["opened"] == Item.objects.count()
    assert AuditEvent.objects.count() == 2 * events


def test_a_load_cannot_go_on_once_a_newer_one_has_begun(monkeypatch, tmp_path):
    def stop(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(arrivals, "write", stop)
        load()
    load(a_later_run(tmp_path / "later"))
    with pytest.raises(CallerError, match="has begun to load a newer run"):
        load()


_KILLED = """
import os, signal, sys
import django
django.setup()
from pathlib import Path
from django.core.management import call_command
from assay.casework.services import arrivals
from assay.casework.services.loading import How, load_run
from assay.casework.services.recording import COMMAND_LINE
from assay.engine import EngineSettings

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    real, at, calls = arrivals.write, int(sys.argv[2]), []

    def write(*given):
        written = real(*given)
        calls.append(1)
        if len(calls) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return written

    arrivals.write = write
    how = How(engine_settings=EngineSettings(memory_gib=1.0, workers=1), batch=30)
    load_run(Path(sys.argv[1]), actor=COMMAND_LINE, least_score=20.0, n_random=15, how=how)
"""


def _run_killed(home, at):
    environment = os.environ | {
        "ASSAY_HOME": str(home),
        "DATABASE_URL": f"sqlite:///{home / 'casework.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "assay.web.settings",
    }
    return subprocess.run(
        [sys.executable, "-c", _KILLED, str(the_run()), str(at)], env=environment, check=False, capture_output=True
    )


def _kept(home):
    with sqlite3.connect(home / "casework.sqlite3") as db:
        rows = db.execute(
            "select i.subject_type, i.subject_id, i.score, i.stream, f.content_sha256 from casework_item i "
            "left join casework_finding f on f.id = i.finding_id order by 1, 2"
        ).fetchall()
        findings = db.execute("select count(*) from casework_finding").fetchone()[0]
        loads = db.execute("select count(*) from casework_auditevent where action = 'run.loaded'").fetchone()[0]
    return rows, findings, loads


def test_a_killed_load_leaves_a_whole_state_and_the_next_one_completes_it(tmp_path):
    """The process is killed (SIGKILL) in the middle of a transaction, twice, at different places."""
    assert _run_killed(tmp_path / "whole", 0).returncode == 0
    whole = _kept(tmp_path / "whole")
    home = tmp_path / "killed"
    for at in (2, 1):
        assert _run_killed(home, at).returncode == -signal.SIGKILL
        rows, findings, loads = _kept(home)
        assert len(rows) == findings == 30
        assert loads == 0
        assert all(row in whole[0] for row in rows)
    ended = _run_killed(home, 0)
    assert ended.returncode == 0, ended.stderr
    assert _kept(home) == whole


def test_the_same_goods_are_drawn_wherever_the_run_lies(tmp_path):
    moved = a_later_run(tmp_path / "moved", days=0)
    about = (moved / "run.json").read_text("utf-8").replace(" ", "  ", 1)
    (moved / "run.json").write_text(about, "utf-8")
    load()
    drawn = set(Item.objects.exclude(inclusion_probability=None).values_list("subject_id", flat=True))
    Item.objects.update(finding=None)
    for model in (Finding, Item, AnalysisRun):
        model.objects.all().delete()
    load(moved)
    assert drawn and drawn == set(Item.objects.exclude(inclusion_probability=None).values_list("subject_id", flat=True))
