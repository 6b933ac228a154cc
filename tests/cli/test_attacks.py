"""`assay attacks` as people use it: plain words, never that an attack is proven, and every fault in a sentence."""

import io
import json
import re
import shlex
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import typer
from rich.console import Console

from assay.attacks.settings import AttackSettings
from assay.cli import attacks
from assay.cli import main as program
from assay.pipeline.attacks.records import command_line
from assay.simulation.campaigns import plant, small_campaign
from assay.simulation.chatter import ordinary_posts
from tests.attack_runs import a_run

GOLDEN = Path(__file__).parent.parent / "golden" / "attacks_show.txt"
WHERE = {"find": ("--out", "run"), "watch": ("--state", "state")}
LIGHT = ["--memory", "1", "--workers", "1", "--n-shuffles", "19"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return a_run(tmp_path_factory.mktemp("cli") / "run", n_background=40)


@pytest.fixture
def assay(monkeypatch, capsys):
    """Runs a command line: (exit code, standard output, standard error)."""
    app = typer.Typer()
    attacks.register(app)
    monkeypatch.setattr(program, "app", app)

    def called(*arguments):
        text = io.StringIO()
        monkeypatch.setattr(attacks, "out", Console(file=text, highlight=False, soft_wrap=True, width=100))
        monkeypatch.setattr("assay.cli.console.out", attacks.out)
        code = program.main([str(each) for each in ("attacks", *arguments)])
        said = capsys.readouterr()
        return code, text.getvalue() + said.out, said.err

    return called


@pytest.fixture(scope="module")
def posts(tmp_path_factory):
    rng = np.random.default_rng(3)
    made = plant(next(ordinary_posts(1_000, rng)), small_campaign(edit_rate=0.1), rng).posts
    path = tmp_path_factory.mktemp("posts") / "posts.parquet"
    pq.write_table(made, path)
    return path


def test_all_groups_are_listed_with_what_may_not_be_read_into_them(run, assay):
    code, text, _ = assay("show", run)
    assert code == 0
    assert text.startswith("One group of accounts acts together (12 core accounts) more than chance allows")
    assert "is for a person to find out" in text
    assert [line.split()[0] for line in text.splitlines() if line.startswith("G-")] == ["G-ABCDE", "G-FANS2", "G-EMPTY"]


def test_a_group_is_shown_with_layers_side_by_side_and_innocent_explanations(run, assay):
    code, text, _ = assay("show", run, "G-ABCDE")
    assert code == 0
    places = [text.index(words) for words in (
        "12 accounts posted two or more of 4 texts", "What the posts say", "Core: 12 accounts", "Periphery: 5 accounts",
        "Text reuse", "Recurrence", "Timing: together", "Timing: the calendar", "Innocent explanations considered",
    )]  # fmt: skip
    assert places == sorted(places)
    assert not re.search(r"proven|\bproof\b|attackers?\b", text)


def test_a_group_reads_as_reviewed(run, assay):
    _, text, _ = assay("show", run, "G-ABCDE")
    assert "".join(line.rstrip() + "\n" for line in text.splitlines()) == GOLDEN.read_text(encoding="utf-8")


def test_what_strangers_wrote_cannot_command_the_terminal(run, assay):
    _, text, _ = assay("show", run, "G-ABCDE", "--table", "posts")
    assert "⟦U+202E⟧" in text
    assert "\u202e" not in text


@pytest.mark.parametrize("table", ["narratives", "overlaps", "timing", "calendar", "members", "explanations", "style"])
def test_the_rows_behind_every_figure_can_be_printed(run, assay, table):
    code, text, _ = assay("show", run, "1", "--table", table, "--json")
    assert code == 0
    assert json.loads(text)


def test_json_has_every_table_of_a_group(run, assay):
    _, text, _ = assay("show", run, "1", "--json")
    found = json.loads(text)
    assert found["claim"].startswith("12 accounts")
    assert len(found["members"]) == 17
    assert {"narratives", "posts", "overlaps", "timing", "calendar", "explanations", "style"} <= found.keys()


def test_a_pack_and_a_page_are_written(run, assay, tmp_path):
    code, text, _ = assay("pack", run, "1", "--out", tmp_path / "pack", "--public", "--salt", tmp_path / "salt")
    assert code == 0
    assert "left for a person" in text
    assert (tmp_path / "pack" / "evidence.pdf").exists()
    assert assay("report", run, "--out", tmp_path / "page.html")[0] == 0
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_a_planted_group_is_found_from_the_command_line(posts, assay, tmp_path):
    code, text, _ = assay("find", posts, "--out", tmp_path / "run", *LIGHT)
    assert code == 0
    assert "acts together" in text
    assert not re.search(r"proven|\bproof\b|attackers?\b", text)


def test_watching_says_what_is_new_and_then_that_nothing_is(posts, assay, tmp_path):
    code, text, _ = assay("watch", posts, "--state", tmp_path / "state", *LIGHT)
    assert code == 0
    assert re.search(r"Day 1: 1,\d+ new posts of 1,\d+; \d+ new texts were compared", text)
    assert "20 core accounts (new)" in text
    _, text, _ = assay("watch", posts, "--state", tmp_path / "state", *LIGHT)
    assert text.startswith("No post is new")


@pytest.mark.parametrize("command", ["find", "watch"])
def test_the_command_that_a_result_tells_is_one_that_the_program_takes(command):
    changed = AttackSettings(0.01, 6, 99, True, "reviews", 3)
    usual = AttackSettings()
    assert all(getattr(changed, each.name) != getattr(usual, each.name) for each in fields(AttackSettings))
    told = shlex.split(command_line(["my posts.csv", *WHERE[command]], changed, Path("the events.csv")))
    app = typer.main.get_command(attacks.attacks_group).commands[command]
    taken = app.make_context(command, told).params
    asked = {each.name: taken[each.name] for each in fields(AttackSettings)}
    assert AttackSettings(**asked) == changed
    assert (taken["posts"], taken["events"]) == (Path("my posts.csv"), Path("the events.csv"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "{tmp}"], "is not a result of `assay attacks find`"),
        (["show", "{run}", "G-NONE"], "has no group 'G-NONE'; it has: G-ABCDE"),
        (["show", "{run}", "1", "--table", "tea"], "A group has no table 'tea'; it has: groups, narratives"),
        (["pack", "{run}", "9", "--out", "{tmp}/pack"], "has no group '9'"),
        (["report", "{tmp}"], "is not a result of"),
        (["find", "{tmp}/none.csv", "--out", "{tmp}/run"], "none.csv"),
        (["find", "{run}", "--out", "{tmp}/run"], "is not a market"),
        (["find", "{run}", "--out", "{tmp}/run", "--most-q", "2"], "most_q is 2.0"),
        (["watch", "{tmp}/none.csv", "--state", "{tmp}/state"], "none.csv"),
        (["watch", "{run}", "--state", "{run}"], "is no state of `assay attacks watch` and is not empty"),
    ],
)
def test_what_the_caller_got_wrong_is_said_in_a_sentence(run, assay, tmp_path, arguments, words):
    code, _, error = assay(*(each.format(run=run, tmp=tmp_path) for each in arguments))
    assert code == 2
    assert words in error
    assert "Traceback" not in error
