"""How commands end: exit codes, messages, pipes, help."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from assay import pipeline
from assay.cli import commands as program
from assay.cli import console
from assay.cli.commands import every_command
from assay.cli.main import main
from assay.pipeline import Run
from assay.signals.families import SIGNALS

PROGRAM = [sys.executable, "-W", "error", "-m", "assay.cli"]


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, found in command.commands.items():
        yield from commands(found, (*path, name))


COMMANDS = {path: found for name, command in every_command() for path, found in commands(command, (name,))}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_and_every_option_a_line(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help
    assert f"`assay {' '.join(path)}" in command.epilog
    assert all(getattr(parameter, "help", None) for parameter in command.params)


@pytest.mark.parametrize("name", program.COMMANDS)
def test_the_list_of_commands_says_of_each_what_its_own_help_says_first(name: str) -> None:
    first, _, _rest = program.loaded(name).help.partition("\n\n")
    assert program.COMMANDS[name][1] == " ".join(first.split())


def test_every_part_of_the_program_is_in_the_list_of_commands() -> None:
    folder = Path(program.__file__).parent
    registered = {path.stem for path in folder.glob("*.py") if "\ndef register(" in path.read_text("utf-8")}
    assert registered == {module for modules, _ in program.COMMANDS.values() for module in modules}


def test_help_loads_no_command_and_a_command_loads_only_its_own() -> None:
    code = "import sys; from assay.cli.main import main; main({}); sys.exit('assay.{}' in sys.modules)"
    for arguments, absent in [(["--help"], "engine"), (["signals", "list"], "casework"), (["audit", "-h"], "attacks")]:
        called = [sys.executable, "-c", code.format(arguments, absent)]
        assert subprocess.run(called, check=False, capture_output=True).returncode == 0, arguments


def test_a_mistyped_command_is_answered_with_the_nearest_one() -> None:
    said = subprocess.run([*PROGRAM, "simulat"], check=False, capture_output=True, text=True)
    assert said.returncode == 2 and "Did you mean 'simulate'?" in said.stderr


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_speaks_json(path: tuple[str, ...]) -> None:
    assert "--json" in {name for parameter in COMMANDS[path].params for name in parameter.opts}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rate", "{tmp}/none", "--out", "{tmp}/run"], "is not a market"),
        (["rate", "{tiny}/run", "--out", "{tmp}/run"], "is not a market"),
        (["rate", "{tiny}/market", "--out", "{tmp}/run", "--engine", "oracle"], "Engine 'oracle' is not known"),
        (["rate", "{tiny}/market", "--out", "{tmp}/run", "--model", "{tmp}"], "{tmp}"),
        (["train", "{tmp}/none", "--out", "{tmp}/model"], "is not a market"),
        (["evaluate", "{tmp}/none"], "is not a market"),
        (["explain", "{tiny}/market", "L1"], "is not a run"),
        (["explain", "{tiny}/run", "L-none"], "rated no listing and no merchant 'L-none'"),
        (["report", "{tmp}"], "is not a run"),
        (["report", "{tiny}/run", "--model", "{tmp}"], "is not a model"),
        (["signals", "describe", "price-of-tea"], "No signal is named 'price-of-tea'"),
        (["signals", "list", "--family", "tea"], "No family of signals is named 'tea'"),
        (["intake", "inspect", "{tmp}/none.csv"], "none.csv"),
        (["intake", "run", "{tmp}/none.csv", "--mapping", "{tmp}/none.toml", "--out", "{tmp}/m"], "none.toml"),
        (["simulate", "--out", "{tmp}/sim", "--listings", "-5"], "-5"),
        (["rate", "--bogus"], "--bogus"),
        (["bogus"], "bogus"),
        (["report", "{tiny}/run", "--top", "0"], "--top"),
    ],
)
def test_what_the_caller_got_wrong_is_said_in_a_sentence_and_ends_with_2(
    arguments: list[str], words: str, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"tiny": str(tiny), "tmp": str(tmp_path)}
    assert main([each.format(**places) for each in arguments]) == 2
    said = capsys.readouterr()
    assert words.format(**places) in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_what_the_outside_world_refuses_ends_with_3(tiny: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["report", str(tiny / "run"), "--out", str(tmp_path / "file" / "report.html")]) == 3
    assert main(["rate", str(tiny / "market"), "--out", str(tmp_path / "file" / "run")]) == 3
    assert "Traceback" not in capsys.readouterr().err


def test_a_fault_is_an_object_with_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(tmp_path), "L1", "--json"]) == 2
    found = orjson.loads(capsys.readouterr().out)
    assert found["error"] == "CallerError"
    assert "is not a run" in found["message"]


def test_a_fault_of_ours_shows_where_and_ends_with_1(monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(run: Path, subject: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(pipeline, "explain", broken)
    assert main(["explain", "run", "L1"]) == 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "a fault in Assay, not in your data" in said


def test_report_says_where_it_is(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "report.html"
    assert main(["report", str(tiny / "run"), "--out", str(page), "--top", "1"]) == 0
    assert str(page) in capsys.readouterr().out
    assert main(["report", str(tiny / "run"), "--out", str(page), "--top", "1", "--json"]) == 0
    assert orjson.loads(capsys.readouterr().out) == {"bytes": page.stat().st_size, "report": str(page)}


def test_rating_again_gives_the_same_counts_in_words_and_json(
    tiny: Path, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["rate", str(tiny / "market"), "--out", str(tmp_path / "run"), "--memory", "1", "--workers", "1"]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert "expert scorecard, not calibrated" in said.out
    assert said.err == ""
    assert main([*arguments, "--json"]) == 0
    assert orjson.loads(capsys.readouterr().out)["counts"] == run.about["counts"]


def test_signals_are_listed_in_100_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console.out, "width", 100)  # that of a pipe, whatever COLUMNS says where tests run
    assert main(["signals", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.split(" ")[0] in {signal.id for signal in SIGNALS} for line in lines) == len(SIGNALS)


def test_every_signal_can_be_described(capsys: pytest.CaptureFixture[str]) -> None:
    for signal in SIGNALS:
        assert main(["signals", "describe", signal.id]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 110


def test_a_closed_pipe_ends_in_silence() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run([*PROGRAM, "signals", "list"], stdout=writer, stderr=subprocess.PIPE, check=False)
        as_json = subprocess.run(
            [*PROGRAM, "signals", "list", "--json"], stdout=writer, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writer)
    assert [(ended.returncode, ended.stderr), (as_json.returncode, as_json.stderr)] == [(0, b""), (0, b"")]


def test_no_color_is_respected_even_when_colour_is_forced() -> None:
    colours = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    with_colour = subprocess.run([*PROGRAM, "explain", "none", "L1"], env=colours, capture_output=True, check=False)
    without = {**colours, "NO_COLOR": "1"}
    plain = subprocess.run([*PROGRAM, "explain", "none", "L1"], env=without, capture_output=True, check=False)
    assert b"\x1b[1;31m" in with_colour.stderr
    assert b"31m" not in plain.stderr
    assert plain.returncode == 2
