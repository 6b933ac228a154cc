"""A drawn folder becomes tasks once; what people finish reaches its history, and what stands there ends tasks here."""

import csv
import json
import shutil

import pytest

from assay.casework.access import Refused
from assay.casework.models import AuditEvent, Item, Programme, Role, TaskStage, TestBuyTask
from assay.casework.moves import WrongState
from assay.casework.services import programmes
from assay.casework.services.programmes import close_programme, load_programme, refresh, refresh_programme
from assay.casework.services.recording import COMMAND_LINE, Actor
from assay.casework.services.verdicts import export, verdicts
from assay.market.errors import CallerError
from assay.measurement.sealing import BrokenSeal
from assay.pipeline.custody import open_test_buys
from assay.pipeline.outcomes import record_outcomes
from tests.casework.bought import drawn_folder
from tests.casework.builders import NOW, a_person, an_item
from tests.runs import tiny_run

pytestmark = pytest.mark.django_db
MARKET = tiny_run() / "market"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return drawn_folder(tmp_path_factory.mktemp("drawn") / "buys")


@pytest.fixture
def folder(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / "buys")


@pytest.fixture
def programme(folder) -> Programme:
    return load_programme(folder, actor=COMMAND_LINE, market=MARKET).programme


def finished(task, outcome="genuine", second="", **given):
    values = {"stage": TaskStage.DONE, "outcome": outcome, "second_outcome": second, "finished_at": NOW} | given
    TestBuyTask.objects.filter(pk=task.pk).update(**values)
    task.refresh_from_db()
    return task


def outcomes_file(path, *rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_every_unit_becomes_a_task_and_controls_too(folder):
    loaded = load_programme(folder, actor=COMMAND_LINE, name="Spring", market=MARKET)
    units = {row["unit"]: row for row in open_test_buys(folder).drawn_units().to_pylist()}
    tasks = list(loaded.programme.tasks.all())
    assert {task.unit for task in tasks} == units.keys()
    assert {task.pot for task in tasks} == {"measure", "enforce", "control"} - ({"enforce"} - {t.pot for t in tasks})
    for task in tasks:
        row = units[task.unit]
        assert (task.listing_id, task.known) == (row["listing_id"] or "", row["known"] or "")
        assert task.inclusion_probability == row["inclusion_probability"]
        assert bool(task.title) == (task.pot != "control")
    assert any(task.catalogue_weight_g for task in tasks)
    assert loaded.programme.budget_minor > 0
    assert (loaded.n_tasks, loaded.n_new) == (len(units), len(units))


def test_loading_twice_changes_nothing(folder, programme):
    before = list(TestBuyTask.objects.values())
    events = AuditEvent.objects.count()
    again = load_programme(folder, actor=COMMAND_LINE, market=MARKET)
    assert (again.programme, again.n_new, again.n_tasks) == (programme, 0, len(before))
    assert list(TestBuyTask.objects.values()) == before
    assert AuditEvent.objects.count() == events


def test_an_undrawn_plan_is_refused_with_the_command_that_draws_it(folder):
    (folder / "units.parquet").unlink()
    with pytest.raises(CallerError, match=f"assay testbuy draw {folder}"):
        load_programme(folder, actor=COMMAND_LINE)


def test_a_plan_changed_after_sealing_is_refused(folder):
    file = folder / "plan.json"
    file.write_bytes(file.read_bytes().replace(b'"looks": 1', b'"looks": 2'))
    with pytest.raises(BrokenSeal):
        load_programme(folder, actor=COMMAND_LINE)
    assert not Programme.objects.exists()


def test_units_that_the_plan_does_not_draw_are_refused(folder):
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "units.parquet")
    pq.write_table(table.slice(1), folder / "units.parquet")
    with pytest.raises(BrokenSeal, match="not those that its sealed plan draws"):
        load_programme(folder, actor=COMMAND_LINE)


def test_a_plan_has_one_folder(folder, programme, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    with pytest.raises(CallerError, match="one history"):
        load_programme(copy, actor=COMMAND_LINE)


def test_without_its_market_a_programme_loads_without_titles(folder):
    loaded = load_programme(folder, actor=COMMAND_LINE)
    assert loaded.n_titled == 0
    assert loaded.programme.tasks.exclude(pot="control").exclude(listing_id="").count() > 0


@pytest.mark.parametrize("role", [Role.ANALYST, Role.TEST_BUYER, Role.AUTHENTICATOR, Role.AUDITOR])
def test_only_seniors_and_administrators_load_and_refresh(folder, programme, role):
    actor = Actor.of(a_person(role))
    with pytest.raises(Refused):
        load_programme(folder, actor=actor)
    with pytest.raises(Refused):
        refresh_programme(actor, programme)


def test_finished_tasks_reach_the_folder_once(folder, programme):
    tasks = list(programme.tasks.order_by("unit")[:3])
    finished(tasks[0], "counterfeit", "counterfeit", cost_minor=4_900)
    finished(tasks[1], "not_delivered", note="=1+1\nrefunded")
    assert refresh() == 2
    lines = (folder / "outcomes.jsonl").read_bytes()
    assert refresh() == 0
    assert (folder / "outcomes.jsonl").read_bytes() == lines
    facts = [json.loads(line)["facts"] for line in lines.splitlines()]
    assert [f["outcome"] for f in facts] == ["counterfeit", "not_delivered"]
    assert (facts[0]["second_outcome"], facts[0]["cost_minor"], facts[0]["date"]) == (
        "counterfeit",
        4_900,
        "2026-06-01",
    )
    assert facts[1]["note"] == "'=1+1 refunded"
    assert all(task.recorded_at for task in programme.tasks.filter(stage="done"))
    assert AuditEvent.objects.filter(action="programme.recorded").count() == 1


def test_a_crash_between_file_and_database_loses_and_doubles_nothing(folder, programme):
    task = finished(programme.tasks.first())
    refresh()
    lines = (folder / "outcomes.jsonl").read_bytes()
    TestBuyTask.objects.filter(pk=task.pk).update(recorded_at=None)
    assert refresh() == 1
    assert (folder / "outcomes.jsonl").read_bytes() == lines


def test_the_pages_figures_follow_the_folder(programme):
    assert programme.progress["look"] is None
    for task in programme.tasks.all():
        finished(task, "counterfeit" if task.known == "counterfeit" else "genuine", cost_minor=100)
    refresh()
    programme.refresh_from_db()
    progress = programme.progress
    assert progress["outcomes"].get("outstanding", 0) == 0
    assert progress["spent_minor"] == 100 * programme.tasks.count()
    assert progress["look_ready"] == progress["look"]["look"] == 1
    assert {each["estimand"] for each in progress["look"]["estimates"]} >= {"listings"}
    assert [point["n_known"] for point in progress["way"]] == [0, programme.tasks.count()]
    assert all(0 <= live["low"] <= live["high"] <= 1 for live in progress["live"])


def test_what_was_recorded_by_hand_ends_the_task_here(folder, programme, tmp_path):
    task = programme.tasks.exclude(pot="control").first()
    record_outcomes(folder, outcomes_file(tmp_path / "o.csv", {"unit": task.unit, "outcome": "genuine"}))
    assert refresh() == 1
    task.refresh_from_db()
    assert (task.stage, task.outcome) == ("done", "genuine")
    assert task.recorded_at
    assert AuditEvent.objects.get(action="task.taken_over").before["stage"] == "to_buy"
    assert refresh() == 0


def test_a_contradiction_is_said_and_settled_by_a_senior_with_a_reason(folder, programme, tmp_path):
    task = finished(programme.tasks.first(), "genuine")
    record_outcomes(folder, outcomes_file(tmp_path / "o.csv", {"unit": task.unit, "outcome": "inconclusive"}))
    assert refresh() == 0
    task.refresh_from_db()
    assert "'inconclusive' is recorded already" in task.record_problem
    assert (task.outcome, task.recorded_at) == ("genuine", None)
    with pytest.raises(Refused):
        refresh_programme(Actor.of(a_person(Role.ADMINISTRATOR)), programme, replace_reason="labels switched")
    assert refresh_programme(Actor.of(a_person(Role.SENIOR)), programme, replace_reason="labels switched") == 1
    task.refresh_from_db()
    assert task.record_problem == ""
    assert [e.reason for e in open_test_buys(folder).entries()] == [None, "labels switched"]


def test_an_outcome_replaced_in_the_folder_is_followed(folder, programme, tmp_path):
    task = finished(programme.tasks.first(), "genuine")
    refresh()
    file = outcomes_file(tmp_path / "o.csv", {"unit": task.unit, "outcome": "inconclusive"})
    record_outcomes(folder, file, replace_reason="label was switched")
    assert refresh() == 1
    task.refresh_from_db()
    assert task.outcome == "inconclusive"


def test_an_outcome_that_was_exported_and_is_replaced_by_a_failure_is_taken_back(folder, programme, tmp_path):
    task = finished(programme.tasks.exclude(pot="control").first(), "counterfeit", "counterfeit")
    refresh()
    export(tmp_path / "first.csv")
    file = outcomes_file(tmp_path / "o.csv", {"unit": task.unit, "outcome": "swapped"})
    record_outcomes(folder, file, replace_reason="label was switched")
    refresh()
    (found,) = verdicts()
    assert (found.subject_id, found.source, found.verdict) == (task.listing_id, "test_buy", "inconclusive")
    assert f",{found.decided_at}," in (tmp_path / "first.csv").read_text()


def test_a_folder_that_is_gone_is_said_and_does_not_stop_the_others(folder, programme, tmp_path):
    shutil.rmtree(folder)
    other = load_programme(drawn_folder(tmp_path / "other", looks=2), actor=COMMAND_LINE).programme
    finished(other.tasks.first())
    assert refresh() == 1
    programme.refresh_from_db()
    assert "holds no plan" in programme.problem
    assert str(folder) in programme.problem


def test_a_history_that_was_changed_is_said(folder, programme):
    finished(programme.tasks.first())
    refresh()
    file = folder / "outcomes.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"genuine"', b'"inconclusive"') * 2)
    finished(programme.tasks.last())
    refresh()
    programme.refresh_from_db()
    assert "history was changed" in programme.problem


def test_a_programme_is_closed_when_every_unit_has_its_recorded_outcome(programme):
    senior = Actor.of(a_person(Role.SENIOR))
    for task in programme.tasks.all():
        finished(task)
    with pytest.raises(WrongState, match="no recorded outcome"):
        close_programme(senior, programme)
    refresh()
    assert close_programme(senior, programme).closed_at
    with pytest.raises(WrongState, match="closed already"):
        close_programme(senior, programme)
    assert refresh() == 0


def test_every_event_of_the_room_is_declared():
    assert set(programmes.EVENTS) == {
        "programme.loaded",
        "programme.recorded",
        "programme.closed",
        "task.taken_over",
    }


def test_a_counterfeit_that_was_recorded_by_hand_comes_before_a_reviewer_too(folder, programme, tmp_path):
    task = programme.tasks.exclude(pot="control").exclude(listing_id="").first()
    both = {"unit": task.unit, "outcome": "counterfeit", "second_outcome": "counterfeit", "date": "2026-07-03"}
    record_outcomes(folder, outcomes_file(tmp_path / "o.csv", both))
    assert refresh() == 1
    item = Item.objects.get(subject_id=task.listing_id)
    assert item.stream == "test_buy"
    assert "2026-07-03" in item.finding.content["facts"][0]["value"]
    assert AuditEvent.objects.get(action="item.raised").after["unit"] == task.unit


def test_several_counterfeits_at_once_are_brought_before_reviewers_before_the_log_is_written(
    folder, programme, tmp_path
):
    tasks = list(programme.tasks.exclude(pot="control").exclude(listing_id="")[:3])
    both = {"outcome": "counterfeit", "second_outcome": "counterfeit", "date": "2026-07-03"}
    for task in tasks:
        an_item(subject_id=task.listing_id)
    record_outcomes(folder, outcomes_file(tmp_path / "o.csv", *({"unit": task.unit, **both} for task in tasks)))
    assert refresh() == 3
    assert Item.objects.filter(stream="test_buy").count() == 3


@pytest.mark.parametrize("given", [{"name": "Another"}, {"decoy_rate": 0.0}])
def test_loaded_again_it_keeps_its_name_and_its_decoys(folder, programme, given):
    with pytest.raises(CallerError, match="keeps its"):
        load_programme(folder, actor=COMMAND_LINE, **given)
    assert load_programme(folder, actor=COMMAND_LINE, name=programme.name).n_new == 0
