"""`assay casework person import`: merchants from a file, with links that let them in."""

import csv
import stat

import pytest
from django.test import Client

from assay.casework.models import Person
from assay.cli.main import main

pytestmark = pytest.mark.django_db
GOOD = "merchant_id,organisation,language,person,email\nM1,Shop one,en,Ana,ana@example.org\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "merchants.csv"
    path.write_text(GOOD, encoding="utf-8")
    return path


def _run(*given):
    return main(["casework", "person", "import", *map(str, given)])


def test_it_looks_through_first_and_writes_when_told(file, capsys):
    assert _run(file) == 0
    assert "Would add 1 merchants and 1 people" in capsys.readouterr().out and not Person.objects.exists()
    assert _run(file, "--write") == 0
    assert Person.objects.get().email == "ana@example.org"
    assert _run(file, "--write") == 0
    assert "1 people were there already" in capsys.readouterr().out and Person.objects.count() == 1


def test_links_let_the_new_people_in_and_are_for_their_owner_alone(file, tmp_path):
    links = tmp_path / "links.csv"
    assert _run(file, "--write", "--links", links) == 0
    assert stat.S_IMODE(links.stat().st_mode) == 0o600
    (row,) = csv.DictReader(links.read_text(encoding="utf-8").splitlines())
    assert (row["merchant_id"], row["email"]) == ("M1", "ana@example.org")
    assert Client().get(row["link"].removeprefix("http://localhost:8000")).status_code == 200
    assert _run(file, "--write", "--links", links) == 2


def test_faults_are_said_with_their_lines(file, capsys):
    file.write_text(GOOD + "M2,=x,en,Bo,bo@example.org\n", encoding="utf-8")
    assert _run(file, "--write") == 2
    assert "line 3, organisation" in "".join(capsys.readouterr()) and not Person.objects.exists()


def test_a_file_that_is_not_there_is_said(tmp_path):
    assert _run(tmp_path / "none.csv") == 2
