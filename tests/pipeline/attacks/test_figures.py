"""The pack of a planted campaign is right to the last figure: everything counted again from the posts alone."""

import csv
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.attacks.settings import AttackSettings
from assay.attacks.wording import own_words
from assay.engine import EngineSettings, SnapshotWriter
from assay.likeness import fold
from assay.pipeline.attacks import find_attacks
from assay.pipeline.attacks.packs import pack_attack
from assay.simulation.campaigns import plant, small_campaign
from assay.simulation.chatter import ordinary_posts


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(5)
    spec = small_campaign(edit_rate=0.2, camouflage_rate=0.3, spread_days=12.0)
    return plant(next(ordinary_posts(2_000, rng)), spec, rng)


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    pq.write_table(made.posts, folder / "posts.parquet")
    middle = middle_of(made)
    events = [
        {"event_id": f"E{n}", "name": f"Date {n}", "starts_at": at, "ends_at": at + timedelta(days=1)}
        for n, at in enumerate(middle + timedelta(days=shift) for shift in (-40, -12, 0, 25))
    ]
    with SnapshotWriter(folder / "calendar") as writer:
        writer.write("events", pa.Table.from_pylist(events))
        writer.commit()
    find_attacks(
        folder / "posts.parquet",
        folder / "run",
        events=folder / "calendar",
        settings=AttackSettings(n_shuffles=19),
        engine_settings=EngineSettings(memory_gib=1.0, workers=1),
    )
    pack_attack(folder / "run", "0", folder / "pack")
    return folder


def middle_of(made) -> datetime:
    times = made.posts["posted_at"].to_pylist()
    return sorted(times)[len(times) // 2].replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def found(folder):
    return json.loads((folder / "pack" / "evidence.json").read_text())["tables"]


@pytest.fixture(scope="module")
def originals(made):
    return {row["post_id"]: row for row in made.posts.to_pylist()}


def csv_rows(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / "pack/csv" / f"{name}.csv").read_text("utf-8-sig"), newline="")))


def shingles(text: str) -> set[str]:
    (folded,) = fold(pa.array([text])).strings()
    sizes = [2 if "\u2e80" <= first <= "\ua4cf" else 4 for first in folded]
    return {folded[i : i + size] for i, size in enumerate(sizes) if i + size <= len(folded)}


def test_the_planted_accounts_are_the_core_and_nobody_else(found, made):
    core = {row["account_id"] for row in found["accounts"] if row["role"] == "core"}
    assert core <= set(made.truth["account_id"].to_pylist())
    assert len(core) >= 0.8 * 20


def test_posts_stand_as_they_were_posted(found, originals):
    for row in found["posts"]:
        was = originals[row["post_id"]]
        assert row["account_id"] == was["account_id"]
        assert datetime.fromisoformat(row["posted_at"]) == was["posted_at"]
        assert (
            fold(pa.array([row["text"], own_words(was["text"])])).strings()[0]
            == fold(pa.array([own_words(was["text"])])).strings()[0]
        )


def test_narratives_count_their_posts_accounts_and_wordings(found):
    for narrative in found["narratives"]:
        own = [row for row in found["posts"] if row["narrative"] == narrative["narrative"]]
        assert narrative["n_posts"] == len(own)
        assert narrative["n_accounts"] == len({row["account_id"] for row in own})
        assert narrative["n_texts"] == len({row["text_key"] for row in own})
        assert narrative["first_at"] == min(row["posted_at"] for row in own)
        assert narrative["last_at"] == max(row["posted_at"] for row in own)
        assert narrative["central_text"] in {row["text"] for row in own}


def test_likeness_to_the_centre_is_the_exact_share_of_common_shingles(found):
    centre = {row["narrative"]: shingles(row["central_text"]) for row in found["narratives"]}
    for row in found["posts"]:
        own, other = shingles(row["text"]), centre[row["narrative"]]
        assert row["similarity"] == pytest.approx(len(own & other) / len(own | other))


def test_accounts_count_their_posts_days_and_narratives(found, originals):
    labels = {row["narrative"]: row["label"] for row in found["narratives"]}
    in_all = Counter(row["account_id"] for row in originals.values())
    for account in found["accounts"]:
        own = [row for row in found["posts"] if row["account_id"] == account["account_id"]]
        days = {datetime.fromisoformat(row["posted_at"]).astimezone(UTC).date() for row in own}
        assert account["n_posts"] == len(own)
        assert account["active_days"] == len(days)
        assert set(account["narratives"].split()) == {labels[row["narrative"]] for row in own}
        assert account["n_other_posts"] == in_all[account["account_id"]] - len(own)
        assert account["first_at"] == min(row["posted_at"] for row in own)


def test_overlaps_count_the_accounts_in_both(found):
    writers: dict[int, set[str]] = {}
    for row in found["posts"]:
        writers.setdefault(row["narrative"], set()).add(row["account_id"])
    told = {(row["left_narrative"], row["right_narrative"]): row["n_shared"] for row in found["overlaps"]}
    counted = {(a, b): len(writers[a] & writers[b]) for a, b in combinations(sorted(writers), 2)}
    assert told == {pair: n for pair, n in counted.items() if pair in told}
    assert all(counted[pair] >= 2 for pair in told)


def test_synchrony_counts_pairs_of_posts(found):
    tests = {row["test"]: row["observed"] for row in found["timing"]}
    for name, seconds in (("synchrony_10min", 600), ("synchrony_1h", 3_600), ("synchrony_24h", 86_400)):
        rows = [(r["narrative"], r["account_id"], int(datetime.fromisoformat(r["posted_at"]).timestamp())) for r in
                found["posts"]]  # fmt: skip
        pairs = sum(a[0] == b[0] and a[1] != b[1] and abs(a[2] - b[2]) <= seconds for a, b in combinations(rows, 2))
        assert tests[name] == pairs


def test_the_calendar_counts_posts_inside_each_event(found):
    times = [datetime.fromisoformat(row["posted_at"]) for row in found["posts"]]
    assert found["calendar"]
    for event in found["calendar"]:
        first, last = (datetime.fromisoformat(event[name]) for name in ("starts_at", "ends_at"))
        assert event["observed"] == sum(first <= at < last for at in times)


def test_the_timeline_counts_every_post_once(found, folder):
    bins = csv_rows(folder, "timeline")
    roles = {row["account_id"]: row["role"] for row in found["accounts"]}
    for each in bins:
        first, last = (datetime.fromisoformat(each[name]) for name in ("starts_at", "ends_at"))
        inside = [row for row in found["posts"] if first <= datetime.fromisoformat(row["posted_at"]) < last]
        assert int(each["core_posts"]) == sum(roles[row["account_id"]] == "core" for row in inside)
        assert int(each["periphery_posts"]) == sum(roles[row["account_id"]] != "core" for row in inside)
    assert sum(int(each["core_posts"]) + int(each["periphery_posts"]) for each in bins) == len(found["posts"])


def test_the_claim_and_the_page_say_the_same_counts(folder, found):
    n_core = sum(row["role"] == "core" for row in found["accounts"])
    told = json.loads((folder / "pack" / "evidence.json").read_text())
    assert told["claim"].startswith(f"{n_core} accounts posted two or more of {len(found['narratives'])} texts")
    page = (folder / "pack" / "evidence.html").read_text()
    assert f"<b>{n_core}</b>core accounts" in page
    assert f"<b>{len(found['posts'])}</b>posts" in page
