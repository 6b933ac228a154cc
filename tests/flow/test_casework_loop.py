"""From a rating to people and back: load, decide, appeal, export, take in, train and rate again, load again."""

import csv
import shutil
from datetime import timedelta
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from assay import pipeline
from assay.casework.demonstration.clock import at
from assay.casework.findings import Content
from assay.casework.models import (
    Action,
    AnalysisRun,
    Answer,
    AuditEvent,
    Decision,
    DecisionState,
    Finding,
    Item,
    ItemState,
    Role,
    Stream,
)
from assay.casework.services import decisions
from assay.casework.services.auditing import verify
from assay.casework.services.decisions import Choice
from assay.casework.services.loading import How, load_run
from assay.casework.services.recording import COMMAND_LINE, Actor
from assay.casework.services.verdicts import export
from assay.engine import open_snapshot
from assay.rating import EvaluationSettings, TrainingSettings
from tests.casework.builders import a_person

pytestmark = pytest.mark.django_db
MAPPING = Path(__file__).parents[2] / "examples" / "casework_verdicts.toml"
FAKE = Choice(Answer.COUNTERFEIT, Action.DEMOTE, "facts-do-not-fit")
FINE = Choice(Answer.GENUINE, Action.NONE, "nothing-found")
QUICK = pipeline.TrainingOptions(
    training=TrainingSettings(outer_bags=1),
    evaluation=EvaluationSettings(replicates=20, forward=False, tabular=False),
)


@pytest.fixture(scope="module")
def fakes(market):
    rows = pq.read_table(market.parent / "truth" / "listings.parquet", columns=["listing_id", "is_counterfeit"])
    return set(rows.filter(rows["is_counterfeit"])["listing_id"].to_pylist())


def rows_of(folder, table):
    return ds.dataset(open_snapshot(folder).tables[table]).to_table().to_pylist()


def unjudged(market):
    """Open flagged goods that the market has no verdict on: what people find out about them is news."""
    judged = {row["subject_id"] for row in rows_of(market, "verdicts")}
    goods = Item.objects.filter(subject_type="listing", stream=Stream.FLAGGED, state=ItemState.OPEN)
    return [item for item in goods.order_by("-rank") if item.subject_id not in judged]


def work_on(items, fakes, moment):
    """Everybody answers what is true; the last two decisions are undone and reversed on appeal."""
    analyst, senior = Actor.of(a_person(Role.ANALYST)), Actor.of(a_person(Role.SENIOR))
    with at(moment):
        made = [decisions.decide(analyst, item, FAKE if item.subject_id in fakes else FINE) for item in items]
    reversed_one = next(each for each in made if each.action == Action.DEMOTE)
    undone = next(each for each in made if each.action == Action.DEMOTE and each.pk != reversed_one.pk)
    with at(moment + timedelta(hours=1)):
        decisions.undo(analyst, undone, reason="the wrong listing was chosen")
        decisions.reverse(senior, reversed_one, reason="the invoice was accepted")
    return made, reversed_one, undone


def test_the_loop(market, trained, run, settings, fakes, tmp_path):
    how = How(engine_settings=settings)
    first = load_run(run.folder, actor=COMMAND_LINE, n_random=50, how=how)
    assert load_run(run.folder, actor=COMMAND_LINE, n_random=50, how=how).is_unchanged

    items = unjudged(market)[:60]
    as_of = AnalysisRun.objects.get().as_of
    made, reversed_one, undone = work_on(items, fakes, as_of - timedelta(hours=3))
    frozen = {each.pk: (each.finding.content, each.finding.content_sha256) for each in made}

    assert export(tmp_path / "verdicts.csv") == len(made) - 1
    with (tmp_path / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        exported = {row["subject_id"]: row for row in csv.DictReader(file)}
    assert undone.item.subject_id not in exported
    assert exported[reversed_one.item.subject_id]["source"] == "appeal"
    assert exported[reversed_one.item.subject_id]["verdict"] == "genuine"

    grown = tmp_path / "market"
    shutil.copytree(market, grown)
    before = rows_of(grown, "verdicts")
    report = pipeline.intake([tmp_path / "verdicts.csv"], MAPPING, grown, append=True)
    assert [each.rejected for each in report.sources] == [0]
    after = rows_of(grown, "verdicts")
    assert len(after) == len(before) + len(exported)
    assert open_snapshot(grown).as_of == open_snapshot(market).as_of

    take_back_one(made, reversed_one, undone, tmp_path, grown)

    again = pipeline.train_market(grown, tmp_path / "model", options=QUICK, settings=settings)
    counted = again.listing.calibration.figures["n_counterfeit_verdicts"]
    n_new = sum(row["verdict"] == "counterfeit" for row in exported.values()) - 1
    assert n_new > 10
    assert counted == trained.listing.calibration.figures["n_counterfeit_verdicts"] + n_new

    second = pipeline.rate(grown, tmp_path / "run", model_folder=again.folder, settings=settings)
    decided = {
        item.pk: Item.objects.values().get(pk=item.pk)
        for item in items
        if Item.objects.get(pk=item.pk).state == ItemState.DECIDED
    }
    loaded = load_run(second.folder, actor=COMMAND_LINE, n_random=50, how=how)
    assert not loaded.is_unchanged
    assert loaded.counts["updated"] > 0
    assert_history_stands(frozen, decided)
    assert_the_queue_follows(loaded, second, first)
    assert verify().sound


def take_back_one(made, reversed_one, undone, tmp_path, grown):
    """A decision that is undone after it was exported is forgotten by a market that only ever grows."""
    late = next(each for each in made if each.action == Action.DEMOTE and each.pk not in (reversed_one.pk, undone.pk))
    decisions.undo(Actor.of(late.decided_by), late, reason="the goods were taken for others")
    export(tmp_path / "verdicts.csv")
    pipeline.intake([tmp_path / "verdicts.csv"], MAPPING, grown, append=True)
    said = [row for row in rows_of(grown, "verdicts") if row["subject_id"] == late.item.subject_id]
    assert [row["verdict"] for row in said] == ["inconclusive"]


def assert_history_stands(frozen, decided):
    """No decision has another finding than it was made on, and no finding another content."""
    for pk, (content, digest) in frozen.items():
        finding = Decision.objects.get(pk=pk).finding
        assert (finding.content, finding.content_sha256) == (content, digest)
        assert Content.read(finding.content).sha256 == digest
    reopened = set(AuditEvent.objects.filter(action="item.reopened_by_run").values_list("subject_id", flat=True))
    for pk, before in decided.items():
        now = Item.objects.values().get(pk=pk)
        if str(pk) in reopened:
            assert now["state"] == ItemState.OPEN
            last = Decision.objects.filter(item=pk).latest("pk")
            assert (last.state, last.action) == (DecisionState.IN_FORCE, Action.NONE)
        else:
            drawn = {"inclusion_probability": now["inclusion_probability"]}
            assert now == before | drawn


def assert_the_queue_follows(loaded, second, first):
    """What is open is what the new run flags or somebody drew, on findings of the run that it came with."""
    scores = second.table("scores_listings").to_table(columns=["listing_id", "score"]).to_pylist()
    by_id = {row["listing_id"]: row["score"] for row in scores}
    for item in Item.objects.filter(state=ItemState.OPEN, subject_type="listing").select_related("finding"):
        if item.run == loaded.run:
            assert item.score == by_id[item.subject_id] == item.finding.score
            assert item.finding.snapshot_id == second.snapshot_id
        else:
            assert item.stream == Stream.RANDOM
            assert item.run == first.run
    assert Finding.objects.filter(item__state=ItemState.CLOSED, run=loaded.run).count() == 0
