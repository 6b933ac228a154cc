"""`assay casework programme` as people use it."""

import json
import shutil

import pytest

from assay.casework.models import Programme, TaskStage
from assay.cli.main import main
from tests.casework.bought import drawn_folder
from tests.casework.builders import NOW
from tests.runs import tiny_run

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return drawn_folder(tmp_path_factory.mktemp("drawn") / "buys")


@pytest.fixture
def folder(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / "buys")


@pytest.fixture
def assay(capsys):
    """Runs a command line below `assay casework programme`: (exit code, standard output, standard error)."""

    def called(*arguments):
        code = main(["casework", "programme", *map(str, arguments)])
        said = capsys.readouterr()
        return code, " ".join(said.out.split()), " ".join(said.err.split())

    return called


def test_a_folder_is_loaded_once(assay, folder):
    code, said, _ = assay("load", folder, "--name", "Spring", "--market", tiny_run() / "market", "--decoys", "0.1")
    n = Programme.objects.get(name="Spring", decoy_rate=0.1).tasks.count()
    assert (code, said) == (0, f"Programme Spring: {n} tasks.")
    assert assay("load", folder)[1] == f"Programme Spring: {n} tasks, all known already."


def test_without_the_market_it_says_that_titles_are_missing(assay, folder):
    assert "No titles: the market of the plan was not found" in assay("load", folder)[1]


def test_an_undrawn_plan_names_the_command_that_draws_it(assay, folder):
    (folder / "units.parquet").unlink()
    code, _, said = assay("load", folder)
    assert code == 2 and f"assay testbuy draw {folder}" in said


def test_status_and_refresh_follow_the_work(assay, folder):
    assay("load", folder, "--name", "Spring")
    task = Programme.objects.get().tasks.first()
    type(task).objects.filter(pk=task.pk).update(stage=TaskStage.DONE, outcome="genuine", finished_at=NOW)
    assert assay("refresh")[:2] == (0, "Spring: 1 outcomes moved.")
    found = json.loads(assay("status", "Spring", "--json")[1])[0]
    assert sum(stages.get("done", 0) for stages in found["pots"].values()) == 1
    assert "forecast" in assay("status")[1]


def test_a_folder_that_is_gone_is_said_with_exit_3(assay, folder):
    assay("load", folder, "--name", "Spring")
    shutil.rmtree(folder)
    code, said, _ = assay("refresh")
    assert code == 3 and "holds no plan" in said
    assert "holds no plan" in assay("status")[1]


@pytest.mark.parametrize("command", ["status", "refresh"])
def test_an_unknown_programme_is_refused_with_the_known_ones(assay, folder, command):
    assay("load", folder, "--name", "Spring")
    code, _, said = assay(command, "Autumn")
    assert code == 2 and "There is no programme 'Autumn'; known are: Spring." in said
