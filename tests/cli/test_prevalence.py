"""`assay testbuy` and `assay prevalence` as they are typed: words, JSON, exit codes."""

import csv
from pathlib import Path

import orjson
import pytest

from assay.cli.main import main
from assay.pipeline.custody import open_test_buys


@pytest.fixture(scope="module")
def places(tiny, tmp_path_factory) -> dict[str, str]:
    """A folder of test buys made by the commands, with outcomes and published."""
    root = tmp_path_factory.mktemp("cli")
    found = {"run": f"{tiny}/run", "root": str(root), "buys": f"{root}/buys", "public": f"{root}/public"}
    key = ["--key", f"{root}/key.pem"]
    plan = ["testbuy", "plan", found["run"], "--out", found["buys"], "--buys", "200", "--seed", "7", *key]
    assert main([*plan, "--listings-only", "--memory", "1", "--workers", "1", "--json"]) == 0
    assert main(["testbuy", "draw", found["buys"], "--json"]) == 0
    units = open_test_buys(Path(found["buys"])).drawn_units().to_pylist()
    with Path(f"{root}/outcomes.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["unit", "outcome", "cost_minor"])
        writer.writerows(
            [row["unit"], row["known"] or ("counterfeit" if row["score"] > 60 else "genuine"), 900] for row in units
        )
    assert main(["testbuy", "record", found["buys"], f"{root}/outcomes.csv", "--json"]) == 0
    assert main(["prevalence", "estimate", found["buys"], "--publish", found["public"], *key, "--json"]) == 0
    return found


def say(arguments, places, capsys, code=0):
    capsys.readouterr()
    assert main([each.format(**places) for each in arguments]) == code
    return capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["testbuy", "draw", "{buys}"], ["Drew 200 units", "examiner.csv"]),
        (
            ["testbuy", "status", "{buys}"],
            ["outstanding", "Spent 1800.00 EUR", "whenever you look"],
        ),
        (["testbuy", "record", "{buys}", "{root}/outcomes.csv"], ["0 new, 200 known already, 0 refused"]),
        (["testbuy", "verdicts", "{buys}", "--out", "{root}/verdicts.csv"], ["Wrote 160 verdicts"]),
        (
            ["prevalence", "estimate", "{buys}", "--by", "category"],
            ["Plain random share", "Share of listings by category"],
        ),
        (["prevalence", "compare", "{buys}", "{public}"], ["No claim:"]),
        (["prevalence", "power", "--rate", "0.01", "--ratio", "0.75"], ["does not support the claim", "it would take"]),
        (["prevalence", "power", "--rate", "0.01", "--ratio", "0.1"], ["supports the claim"]),
        (["prevalence", "verify", "{public}"], ["Verified.", "Not proven without --key"]),
    ],
)
def test_commands_say_what_they_did_within_the_width_of_a_page(arguments, words, places, capsys):
    said = say(arguments, places, capsys)
    assert said.err == ""
    assert all(word in said.out for word in words), said.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["testbuy", "draw", "{buys}"],
        ["testbuy", "status", "{buys}"],
        ["testbuy", "verdicts", "{buys}", "--out", "{root}/verdicts.csv"],
        ["prevalence", "estimate", "{buys}"],
        ["prevalence", "compare", "{buys}", "{public}", "--of", "listings"],
        ["prevalence", "power", "{buys}"],
        ["prevalence", "verify", "{public}"],
    ],
)
def test_commands_speak_json(arguments, places, capsys):
    assert orjson.loads(say([*arguments, "--json"], places, capsys).out)


def test_the_plan_is_shown_with_strata_hash_and_fingerprint(places, capsys):
    key = ["--key", "{root}/key.pem", "--seed", "8"]
    said = say(
        ["testbuy", "plan", "{run}", "--out", "{root}/other", "--buys", "120", *key, "--memory", "1"], places, capsys
    )
    assert "Sealed plan of 120 test buys" in said.out
    assert open_test_buys(Path(places["root"]) / "other").seal.sha256 in said.out
    assert "Their value is not counted, for want of a --rate" in said.out


def test_a_changed_folder_is_not_verified_and_ends_with_3(places, capsys, tmp_path):
    import shutil

    copy = shutil.copytree(places["public"], tmp_path / "copy")
    (copy / "units.csv").write_bytes((copy / "units.csv").read_bytes().replace(b"genuine", b"swapped", 1))
    said = say(["prevalence", "verify", str(copy)], places, capsys, code=3)
    assert "FAILS  hashes: units.csv was changed" in said.out
    assert "Not verified" in said.out


def test_refused_rows_are_listed_and_end_with_2(places, capsys, tmp_path):
    (tmp_path / "bad.csv").write_text("unit,outcome\nT1,genuine\n")
    said = say(["testbuy", "record", "{buys}", str(tmp_path / "bad.csv")], places, capsys, code=2)
    assert "line 2, unit T1: unit is 'T1': the draw has no such unit" in said.out
    assert "Refused rows:" in said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["testbuy", "plan", "{run}", "--out", "{buys}"], "never replaced"),
        (["testbuy", "plan", "{run}", "--out", "{root}/p", "--enforce", "0.5"], "allowed is 0 to 0.25"),
        (["testbuy", "plan", "{run}", "--out", "{root}/p", "--rate", "USD"], "--rate is 'USD'"),
        (
            ["testbuy", "plan", "{run}", "--out", "{root}/p", "--cases", "{root}/none.csv"],
            "merchant_id and value_minor",
        ),
        (["testbuy", "plan", "{root}", "--out", "{root}/p"], "is not a run"),
        (["testbuy", "draw", "{root}"], "holds no plan of test buys"),
        (["testbuy", "record", "{buys}", "{root}/outcomes.csv", "--replace"], "belong together"),
        (["testbuy", "record", "{buys}", "{buys}/plan.json"], "header of the file of outcomes"),
        (["prevalence", "estimate", "{buys}", "--publish", "{public}"], "name a new folder"),
        (["prevalence", "estimate", "{buys}", "--look", "3"], "Look 3 was not planned"),
        (["prevalence", "estimate", "{buys}", "--by", "colour"], "--by is 'colour'"),
        (["prevalence", "power"], "Power needs a rate"),
        (["prevalence", "power", "--rate", "2"], "lies between 0 and 1"),
        (["prevalence", "verify", "{root}"], "is not a published folder"),
        (["prevalence", "verify", "{public}", "--key", "abc"], "64 hexadecimal digits"),
        (["prevalence", "compare", "{buys}", "{root}"], "holds no plan"),
    ],
)
def test_what_the_caller_got_wrong_is_said_in_a_sentence_and_ends_with_2(arguments, words, places, capsys, monkeypatch):
    monkeypatch.setenv("ASSAY_SIGNING_KEY", f"{places['root']}/key.pem")
    said = say(arguments, places, capsys, code=2)
    assert words in said.err
    assert "Traceback" not in said.err
