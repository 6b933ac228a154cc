import dataclasses
import hashlib
import re
from functools import cache

import numpy as np
import orjson
import pytest

from assay.market.errors import CallerError
from assay.measurement.plans import PlanSettings, plan_bytes
from assay.measurement.publication import FILES, LISTED, MANIFEST, Custody, publish, verify
from assay.measurement.sealing import BrokenSeal, canonical_json, new_key, seal, seal_bytes
from assay.measurement.studies import figures_bytes, measure, public_units
from assay.measurement.unit_file import csv_bytes, read_units
from tests.measurement.buys import KEY, examined, world

CUSTODY = Custody("2026-08-01T00:00:00+00:00", "a" * 64, 400)


@cache
def made():
    return world(PlanSettings(300), sold=False)


@cache
def published():
    return publish_look(made())


def publish_look(of, look=1, *, sealed=None, key=KEY):
    public = public_units(examined(of), of.plan, look)
    return publish(public, measure(public, of.plan, look), of.plan, sealed or of.seal, CUSTODY, key)


def failing(files, **more):
    found = verify(files, **more)
    assert not found.holds
    assert found.figures is None
    return found.checks[-1]


def test_a_published_folder_verifies_and_gives_its_figures():
    found = verify(published(), key_fingerprint=made().seal.fingerprint)
    assert found.holds
    assert [check.name for check in found.checks] == [
        "signature", "files", "hashes", "plan", "strata", "units", "figures",
    ]  # fmt: skip
    assert found.figures == orjson.loads(published()["figures.json"])
    assert found.plan_sha256 == made().seal.sha256


def test_publishing_again_gives_the_same_bytes():
    assert publish_look(made()) == published()


def mutated(rng, files):
    """One change of a published folder, of any kind."""
    files = dict(files)
    name = str(rng.choice(sorted(files)))
    content = files[name]
    place = int(rng.integers(len(content)))
    kind = rng.integers(10)
    if kind <= 4:
        files[name] = content[:place] + bytes([content[place] ^ int(rng.integers(1, 256))]) + content[place + 1 :]
    elif kind == 5:
        files[name] = content[:place] + bytes([int(rng.integers(256))]) + content[place:]
    elif kind == 6:
        files[name] = content[:place] + content[place + 1 :]
    elif kind == 7:
        files[name] = content[:place]
    elif kind == 8:
        files[name + str(rng.choice(["", " ", ".bak", "~"]))] = files.pop(name) if place % 2 else content + b"\n"
        if files == published():
            del files[name]
    else:
        other = str(rng.choice([each for each in sorted(files) if each != name]))
        files[name], files[other] = files[other], files[name]
    return files


def test_ten_thousand_mutations_are_all_noticed():
    rng = np.random.default_rng(11)
    unnoticed = 0
    for _ in range(10_000):
        files = mutated(rng, published())
        assert files != published()
        unnoticed += verify(files).holds
    assert unnoticed == 0


@pytest.mark.parametrize("name", FILES)
def test_every_byte_of_the_small_files_counts(name):
    content = published()[name]
    for place in range(0, len(content), max(1, len(content) // 300)):
        files = published() | {name: content[:place] + bytes([content[place] ^ 32]) + content[place + 1 :]}
        assert not verify(files).holds


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f | {"notes.txt": b""}, "'notes.txt' does not belong there"),
        (lambda f: {k: v for k, v in f.items() if k != "units.csv"}, "units.csv is missing"),
        (lambda f: {k: v for k, v in f.items() if k != MANIFEST}, "manifest.json is missing"),
        (lambda f: f | {"units.csv": f["units.csv"].replace(b"\n", b"\r\n")}, "units.csv was changed"),
        (lambda f: f | {"figures.json": f["figures.json"] + b" "}, "figures.json was changed"),
        (lambda f: {}, "is missing"),
    ],
)
def test_what_was_changed_is_named(change, words):
    assert words in failing(change(published())).said


def signed_anew(files, key=KEY):
    """The folder as its publisher could sign it again: hashes, sizes and signature fit."""
    manifest = orjson.loads(files[MANIFEST])
    manifest["files"] = {
        name: {"bytes": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()} for name in LISTED
    }
    content = canonical_json(manifest)
    return files | {MANIFEST: content, "manifest.seal.json": seal_bytes(seal(content, key))}


def reworded(name, old, new, count=1):
    content = published()[name]
    assert re.search(old, content)
    return published() | {name: re.sub(old, new, content, count=count)}


@pytest.mark.parametrize(
    ("files", "check"),
    [
        (lambda: reworded("figures.json", rb'"share": 0\.0', b'"share": 0.1'), "figures"),
        (lambda: reworded("units.csv", rb"genuine,,,", b"counterfeit,,,"), "figures"),
        (lambda: reworded("units.csv", rb",measure,m1,", b",measure,m2,"), "units"),
        (lambda: reworded("units.csv", rb"\n(T[0-9a-f]{12},measure.*)", b""), "units"),
        (lambda: reworded("units.csv", rb",m1,false,1,0\.", b",m1,false,1,0.9"), "units"),
        (lambda: reworded("units.csv", rb",m1,true,", b",m1,false,"), "units"),
        (lambda: reworded("units.csv", rb",genuine,,,", b",perhaps,,,"), "units"),
        (lambda: reworded("units.csv", rb",1\.0,", b",1.00,"), "units"),
        (lambda: reworded("strata.csv", rb"\nm1,measure,", b"\nm1,measure,1"), "strata"),
        (lambda: reworded("plan.json", rb'"looks": 1', b'"looks": 2'), "plan"),
    ],
)
def test_even_the_publisher_cannot_make_parts_disagree(files, check):
    """Signed again with the right key: what was changed contradicts the sealed plan or the recomputed figures."""
    assert failing(signed_anew(files())).name == check


def test_a_plan_sealed_anew_after_the_draw_has_another_hash():
    plan = dataclasses.replace(made().plan, n_fake_controls=made().plan.n_fake_controls)
    about = dataclasses.replace(plan.circumstances, note="better")
    content = plan_bytes(dataclasses.replace(plan, circumstances=about))
    files = published() | {"plan.json": content, "plan.seal.json": seal_bytes(seal(content, KEY))}
    found = verify(signed_anew(files))
    assert found.holds
    assert found.plan_sha256 != made().seal.sha256


def test_a_folder_replaced_with_its_key_is_noticed_only_by_who_has_the_fingerprint():
    other = new_key()
    content = plan_bytes(made().plan)
    forged = publish_look(made(), sealed=seal(content, other), key=other)
    assert verify(forged).holds
    assert failing(forged, key_fingerprint=made().seal.fingerprint).name == "signature"


def test_another_key_than_the_plans_cannot_publish():
    with pytest.raises(BrokenSeal, match="publish with the key of the plan"):
        publish_look(made(), key=new_key())


def test_nothing_published_leads_to_a_listing_or_a_merchant():
    text = b"".join(published().values())
    for row in made().drawn.to_pylist():
        if row["listing_id"]:
            assert row["listing_id"].encode() not in text
            assert (row["merchant_id"] + ",").encode() not in text


def test_values_of_fewer_than_ten_units_are_not_published():
    public = public_units(examined(made()), made().plan, 1)
    before, after = (set(units["category"].drop_null().to_pylist()) for units in (made().drawn, public))
    assert "Rare" in before - after
    assert all(row["counts"] >= 10 for row in public["category"].drop_null().value_counts().to_pylist())


def test_units_without_outcome_stop_the_figures():
    with pytest.raises(CallerError, match="have no outcome yet"):
        measure(public_units(made().drawn, made().plan, 1), made().plan, 1)


def test_an_earlier_look_hides_later_outcomes_and_verifies():
    looks = world(PlanSettings(300, looks=2), sold=False)
    files = publish_look(looks)
    assert verify(files).holds
    later = [row for row in read_units(files["units.csv"]).to_pylist() if row["look"] == 2]
    assert later
    assert all(row["outcome"] is None for row in later)
    assert orjson.loads(files["figures.json"])["look_confidence"] == 0.975


def test_a_look_that_was_not_planned_is_refused():
    with pytest.raises(CallerError, match="Look 2 was not planned"):
        public_units(examined(made()), made().plan, 2)


def test_units_come_back_from_their_file_to_the_byte():
    public = public_units(examined(made()), made().plan, 1)
    assert csv_bytes(read_units(csv_bytes(public))) == csv_bytes(public)
    assert figures_bytes(measure(read_units(csv_bytes(public)), made().plan, 1)) == published()["figures.json"]


def test_the_plain_share_is_what_counting_by_hand_gives():
    rows = [row for row in read_units(published()["units.csv"]).to_pylist() if row["is_plain"]]
    plain = orjson.loads(published()["figures.json"])["plain"]
    assert plain["n_positive"] == sum(row["outcome"] == "counterfeit" for row in rows)
    assert plain["n_buys"] == len(rows) == 45


def test_the_readme_tells_an_outsider_what_to_do():
    text = published()["README.txt"].decode()
    assert f"assay prevalence verify THIS_FOLDER --key {made().seal.fingerprint}" in text
    assert "listings:" in text and "45 with a result" in text
    assert max(map(len, text.splitlines())) <= 130
