"""`assay casework` as people use it."""

import csv
import json
import os
import subprocess
import sys

import pytest

from assay.casework.models import AnalysisRun, Item, Organisation, Person, Role
from assay.cli.main import main
from tests.casework.builders import a_decision, a_person, an_item
from tests.casework.rated_runs import the_run

LIGHT = ["--memory", "1", "--workers", "1"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def assay(capsys):
    """Runs a command line: (exit code, standard output, standard error)."""

    def called(*arguments):
        code = main(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return called


def test_load_says_what_it_brought_and_that_a_second_time_changed_nothing(assay):
    code, said, _ = assay("casework", "load", str(the_run()), "--least-score", "20", "--random", "9", *LIGHT)
    assert code == 0
    assert f"{Item.objects.count():,}  items opened" in said.replace("    ", "")
    assert "listings drawn at random of" in said
    code, said, _ = assay("casework", "load", str(the_run()), "--least-score", "20", "--random", "9", *LIGHT)
    assert (code, "was loaded before: nothing was changed." in said) == (0, True)


def test_load_as_json(assay):
    code, said, _ = assay("casework", "load", str(the_run()), "--random", "3", "--json", *LIGHT)
    found = json.loads(said)
    assert (code, found["is_unchanged"], found["counts"]["opened"]) == (0, False, Item.objects.count())
    assert found["run"] == AnalysisRun.objects.get().run_key


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["load", "nowhere"], "nowhere is not a run: it has no run.json"),
        (["load", str(the_run), "--rate", "USD"], "is no rate; write it as CODE=RATE"),
        (["load", "RUN", "--least-score", "400"], "The least score is 400.0; scores lie between 0 and 100."),
        (["person", "add", "a@example.org", "--role", "chief"], "chief"),
        (["person", "add", "nobody", "--role", "analyst"], "nobody"),
    ],
)
def test_faults_of_the_caller_are_one_sentence_and_exit_2(assay, arguments, words):
    given = [str(the_run()) if each == "RUN" else str(each) for each in arguments]
    code, _, said = assay("casework", *given)
    assert (code, "Traceback" in said) == (2, False)
    assert words in " ".join(said.split())


def test_verdicts_are_written_with_the_next_step(assay, tmp_path):
    a_decision(an_item(state="decided"))
    code, said, _ = assay("casework", "verdicts", "--out", str(tmp_path / "verdicts.csv"))
    assert code == 0
    assert said.startswith("Wrote 1 verdicts:")
    with (tmp_path / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 1


def test_a_person_is_added_with_an_organisation_and_a_password_shown_once(assay):
    code, said, _ = assay("casework", "person", "add", "Ana@Example.org", "--role", "analyst", "--json")
    made = json.loads(said)
    person = Person.objects.get(email="ana@example.org")
    assert code == 0
    assert person.check_password(made["password"])
    assert (person.role, person.organisation.name) == (Role.ANALYST, "Marketplace")
    assert made["needs_second_factor"] is person.needs_second_factor


def test_a_merchants_person_needs_the_merchants_id_and_leaves_nothing_behind_without(assay):
    given = ["casework", "person", "add", "shop@example.org", "--role", "merchant", "--kind", "merchant"]
    code, _, _ = assay(*given, "--organisation", "Shop")
    assert code == 2
    assert not Organisation.objects.filter(name="Shop").exists()
    code, _, _ = assay(*given, "--organisation", "Shop", "--merchant-id", "M7")
    assert code == 0
    assert Person.objects.get().organisation.merchant_id == "M7"


def test_of_two_shops_with_one_name_the_id_says_which(assay):
    given = ["casework", "person", "add", "--role", "merchant", "--organisation", "Sunny Shop", "--kind", "merchant"]
    for email, merchant_id in (("a@example.org", "M1"), ("b@example.org", "M777"), ("c@example.org", "M1")):
        assert assay(*given, email, "--merchant-id", merchant_id)[0] == 0
    found = Person.objects.order_by("email").values_list("organisation__merchant_id", flat=True)
    assert list(found) == ["M1", "M777", "M1"]
    code, _, said = assay(*given, "d@example.org")
    assert (
        code == 2
        and "2 organisations are called 'Sunny Shop'" in said
        and "--merchant-id M777" in " ".join(said.split())
    )


def test_an_organisation_of_another_kind_than_the_house_needs_its_name(assay):
    code, _, said = assay(
        "casework", "person", "add", "l@example.org", "--role", "authenticator", "--kind", "laboratory"
    )
    assert code == 2 and "A laboratory needs its name." in said
    assert not Organisation.objects.exists()


def test_made_up_work_needs_an_empty_casework(assay, tmp_path):
    a_decision()
    code, _, said = assay("casework", "demo-data", str(tmp_path))
    assert code == 2
    assert "holds work already; a demonstration is made in an empty one" in " ".join(said.split())


def test_people_are_listed(assay):
    person = a_person(Role.SENIOR)
    code, said, _ = assay("casework", "person", "list")
    assert (code, person.email in said, "senior" in said) == (0, True, True)
    code, said, _ = assay("casework", "person", "list", "--json")
    assert [each["email"] for each in json.loads(said)] == [person.email]


def test_status_says_what_to_do_first_and_then_where_things_stand(assay):
    first = assay("casework", "status")
    assert "No run is loaded; `assay casework load RUN` brings one." in first[1], first
    assay("casework", "load", str(the_run()), "--random", "3", *LIGHT)
    code, said, _ = assay("casework", "status")
    assert code == 0
    assert "Rests on the run as of" in said
    assert "items open, the oldest since" in said
    found = json.loads(assay("casework", "status", "--json")[1])
    assert found["items"] == {"open": Item.objects.count()}
    assert found["run"]["run"] == AnalysisRun.objects.get().run_key


def test_migrate_makes_the_tables_of_a_new_home_and_says_so_again(tmp_path):
    """In a process of its own: a process has one home."""
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path / 'home' / 'casework.sqlite3'}"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)

    def called(*arguments):
        command = [sys.executable, "-m", "assay.cli", "casework", *arguments, "--home", str(tmp_path / "home")]
        return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)

    refused = called("status")
    assert (refused.returncode, "has no tables yet; run `assay casework migrate`" in refused.stderr) == (2, True)
    for _ in range(2):
        made = called("migrate")
        assert (made.returncode, "has the tables of this version." in made.stdout) == (0, True), made.stderr
    assert called("status").returncode == 0


def test_other_commands_do_not_load_django():
    code = "import sys; import assay.cli.main; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
