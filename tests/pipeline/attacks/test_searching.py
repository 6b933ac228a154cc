"""A search from files to tables: campaigns are found, input is refused or set aside with its reason."""

import hashlib
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest

from assay.attacks.tables import TABLES
from assay.engine import EngineSettings, SnapshotWriter
from assay.market.errors import CallerError
from assay.pipeline.attacks import AttackSettings, find_attacks, open_attacks
from assay.simulation.campaigns import plant, small_campaign
from assay.simulation.talk import ordinary_texts

SMALL = EngineSettings(memory_gib=1.0, workers=1)
START = datetime(2026, 3, 1, tzinfo=UTC)


def background(n: int = 3_000, seed: int = 1) -> pa.Table:
    rng = np.random.default_rng(seed)
    at = [START + timedelta(seconds=int(s)) for s in np.sort(rng.integers(0, 60 * 86_400, n))]
    return pa.table(
        {
            "post_id": [f"o{i}" for i in range(n)],
            "account_id": [f"a{i}" for i in np.minimum(rng.zipf(1.3, n), 2_000)],
            "posted_at": pa.array(at, pa.timestamp("us", "UTC")),
            "text": pa.array(ordinary_texts(n, "en", rng), pa.string()),
        }
    )


@pytest.fixture(scope="module")
def planted():
    spec = small_campaign(edit_rate=0.2, camouflage_rate=0.5, language="en")
    return plant(background(), spec, np.random.default_rng(2))


@pytest.fixture(scope="module")
def run(planted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    pq.write_table(planted.posts, folder / "posts.parquet")
    return find_attacks(folder / "posts.parquet", folder / "run", engine_settings=SMALL)


def core_of(run) -> set[str]:
    members = run.table("members").to_pylist()
    return {row["account_id"] for row in members if row["role"] == "core"}


def test_a_small_campaign_is_found_and_nobody_else(run, planted) -> None:
    truth = planted.truth.to_pylist()
    members = {row["account_id"] for row in truth}
    assert core_of(run) <= members
    assert len(core_of(run)) >= 0.8 * len(members)


def test_every_table_is_written_with_its_columns(run) -> None:
    assert {path.stem for path in run.folder.glob("*.parquet")} == TABLES.keys()
    for name, schema in TABLES.items():
        assert run.table(name).schema.equals(schema), name


def test_whom_the_posts_are_about_is_written(run, planted, tmp_path: Path) -> None:
    assert len(run.table("targets")) == 0
    members = set(planted.truth["account_id"].to_pylist())
    about = ["M1" if each in members else "M2" for each in planted.posts["account_id"].to_pylist()]
    posts = planted.posts.append_column("target", pa.array(about))
    with SnapshotWriter(tmp_path / "market") as writer:
        writer.write("posts", posts)
        writer.commit({"as_of": START.isoformat()})
    found = find_attacks(tmp_path / "market", tmp_path / "run", engine_settings=SMALL)
    (target,) = (row for row in found.table("targets").to_pylist() if row["target"] == "M1")
    assert target["n_posts"] == found.table("groups").to_pylist()[0]["n_posts"]
    assert target["n_posts_of_all"] == about.count("M1")


def test_the_record_has_the_hash_of_every_file_that_was_read(run, planted, tmp_path: Path) -> None:
    posts = run.folder.parent / "posts.parquet"
    digest = hashlib.sha256(posts.read_bytes()).hexdigest()
    assert run.about["inputs"] == {str(posts): f"sha256:{digest}"}
    with SnapshotWriter(tmp_path / "a market") as writer:
        writer.write("posts", background(300))
        snapshot_id = writer.commit({"as_of": START.isoformat()})
    calendar = tmp_path / "events.csv"
    calendar.write_text("event_id,name,starts_at,ends_at\nE1,Sale,2026-03-05T00:00:00Z,2026-03-06T00:00:00Z\n")
    told = find_attacks(tmp_path / "a market", tmp_path / "run", events=calendar, engine_settings=SMALL).about
    digest = hashlib.sha256(calendar.read_bytes()).hexdigest()
    assert told["inputs"] == {str(tmp_path / "a market"): snapshot_id, str(calendar): f"sha256:{digest}"}
    assert shlex.split(told["command"])[3] == str(tmp_path / "a market")


def test_posts_add_up_to_what_was_read(run, planted) -> None:
    counts = run.about["counts"]
    assert counts["posts"] == len(planted.posts)
    assert counts["compared"] + sum(counts["set_aside"].values()) == counts["posts"]


def test_members_and_posts_tell_the_same_numbers(run) -> None:
    group = run.table("groups").to_pylist()[0]
    members = run.table("members").to_pylist()
    narratives = {row["narrative"] for row in run.table("narratives").to_pylist() if row["group"] == 0}
    posts = [row for row in run.table("posts").to_pylist() if row["narrative"] in narratives]
    assert group["n_posts"] == len(posts) == sum(row["n_posts"] for row in members)
    assert group["n_narratives"] == len(narratives)
    assert group["n_core"] == sum(row["role"] == "core" for row in members)
    assert group["first_at"] == min(row["posted_at"] for row in posts)


def test_the_same_posts_give_the_same_tables_in_any_order(run, planted, tmp_path: Path) -> None:
    shuffled = planted.posts.take(pa.array(np.random.default_rng(9).permutation(len(planted.posts))))
    pq.write_table(shuffled, tmp_path / "posts.parquet")
    again = find_attacks(tmp_path / "posts.parquet", tmp_path / "run", engine_settings=SMALL)
    for name in ("posts", "texts", "narratives", "overlaps", "groups", "members", "timing", "style"):
        assert again.table(name).equals(run.table(name)), name


def test_negating_every_post_changes_no_group(planted, run, tmp_path: Path) -> None:
    """Being negative is never evidence: the same campaign in praise is found as surely."""
    texts = planted.posts["text"].to_pylist()
    praise = [None if text is None else re.sub(r"\b(is|was|are|were|has|have)\b", r"\1 not", text) for text in texts]
    assert sum(a != b for a, b in zip(texts, praise, strict=True)) > len(texts) / 10
    posts = planted.posts.set_column(3, "text", pa.array(praise, pa.string()))
    pq.write_table(posts, tmp_path / "posts.parquet")
    other = find_attacks(tmp_path / "posts.parquet", tmp_path / "run", engine_settings=SMALL)
    assert len(core_of(other) ^ core_of(run)) <= 2


def test_a_csv_file_and_a_market_are_searched_like_parquet(planted, run, tmp_path: Path) -> None:
    pc_csv.write_csv(planted.posts, tmp_path / "posts.csv")
    from_csv = find_attacks(tmp_path / "posts.csv", tmp_path / "csv_run", engine_settings=SMALL)
    with SnapshotWriter(tmp_path / "market") as writer:
        writer.write("posts", planted.posts)
        writer.commit({"as_of": START.isoformat()})
    from_market = find_attacks(tmp_path / "market", tmp_path / "market_run", engine_settings=SMALL)
    assert core_of(from_csv) == core_of(from_market) == core_of(run)


def test_incomplete_and_repeated_rows_are_set_aside_and_counted(tmp_path: Path) -> None:
    posts = background(200)
    broken = pa.Table.from_pylist(
        [
            {"post_id": None, "account_id": "x", "posted_at": START, "text": "a"},
            {"post_id": "n1", "account_id": None, "posted_at": START, "text": "a"},
            {"post_id": "n2", "account_id": "x", "posted_at": None, "text": "a"},
            {"post_id": "o1", "account_id": "x", "posted_at": START + timedelta(days=99), "text": "later"},
        ],
        schema=posts.schema,
    )
    pq.write_table(pa.concat_tables([posts, broken]), tmp_path / "posts.parquet")
    run = find_attacks(tmp_path / "posts.parquet", tmp_path / "run", engine_settings=SMALL)
    set_aside = run.about["counts"]["set_aside"]
    assert set_aside["no id, account or time"] == 3
    assert set_aside["post_id seen before"] == 1
    assert run.about["counts"]["posts"] == 204


def test_posts_without_any_text_give_an_empty_result(tmp_path: Path) -> None:
    posts = background(50).set_column(3, "text", pa.nulls(50, pa.string()))
    pq.write_table(posts, tmp_path / "posts.parquet")
    run = find_attacks(tmp_path / "posts.parquet", tmp_path / "run", engine_settings=SMALL)
    assert len(run.table("groups")) == len(run.table("posts")) == 0


def test_an_empty_file_gives_an_empty_result(tmp_path: Path) -> None:
    pq.write_table(background(5).slice(0, 0), tmp_path / "posts.parquet")
    run = find_attacks(tmp_path / "posts.parquet", tmp_path / "run", engine_settings=SMALL)
    assert run.about["counts"]["posts"] == 0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "absent", "does not exist"),
        (lambda folder: folder, "not a market"),
        (lambda folder: _csv(folder, "a,b\n1,2\n"), "post_id"),
        (lambda folder: _csv(folder, ""), "empty"),
    ],
)
def test_paths_without_posts_are_refused_in_one_sentence(make, said: str, tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=said):
        find_attacks(make(tmp_path), tmp_path / "run", engine_settings=SMALL)
    assert not (tmp_path / "run").exists()


def _csv(folder: Path, text: str) -> Path:
    (folder / "posts.csv").write_text(text, encoding="utf-8")
    return folder / "posts.csv"


def test_a_folder_that_is_no_search_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="assay attacks find"):
        open_attacks(tmp_path)


def test_what_stood_at_the_place_stays_when_a_search_fails(run, tmp_path: Path) -> None:
    target = tmp_path / "run"
    target.mkdir()
    (target / "precious.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(CallerError):
        find_attacks(tmp_path / "absent", target, engine_settings=SMALL)
    assert (target / "precious.txt").read_text(encoding="utf-8") == "keep"


@pytest.mark.parametrize("wrong", [{"most_q": 0.0}, {"least_core": 1}, {"n_shuffles": 3}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(CallerError, match=next(iter(wrong))):
        AttackSettings(**wrong)
