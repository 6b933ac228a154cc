"""Watching day by day: the groups of a search over all days, at the cost of each day's own texts."""

import hashlib
import json
import shlex
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from assay.attacks.settings import AttackSettings
from assay.attacks.tables import TABLES
from assay.engine import EngineSettings
from assay.market.errors import CallerError
from assay.pipeline.attacks import find_attacks
from assay.pipeline.attacks.packs import pack_attack
from assay.pipeline.attacks.watching import WatchedDay, watch_attacks
from assay.simulation.campaigns import plant, small_campaign
from assay.simulation.chatter import ordinary_posts

ENGINE = EngineSettings(memory_gib=1.0, workers=1)
SETTINGS = AttackSettings(n_shuffles=19)


class Watched(NamedTuple):
    """Folder with all.parquet, run/ over it, day-N.parquet and state/; what the days brought; the planted accounts."""

    folder: Path
    days: list[WatchedDay]
    planted: set[str]


def written(folder: Path, name: str, posts: pa.Table) -> Path:
    pq.write_table(posts, folder / name)
    return folder / name


def watch(posts: Path, state: Path, settings: AttackSettings = SETTINGS) -> WatchedDay:
    return watch_attacks(posts, state, settings=settings, engine_settings=ENGINE)


def rows(folder: Path, name: str) -> pa.Table:
    return pq.read_table(folder / f"{name}.parquet")


@pytest.fixture(scope="module")
def watched(tmp_path_factory) -> Watched:
    folder = tmp_path_factory.mktemp("watch")
    rng = np.random.default_rng(3)
    spec = small_campaign(edit_rate=0.1, camouflage_rate=0.3, spread_days=20.0)
    made = plant(next(ordinary_posts(2_000, rng)), spec, rng)
    find_attacks(written(folder, "all.parquet", made.posts), folder / "run", settings=SETTINGS, engine_settings=ENGINE)
    at = made.posts["posted_at"].cast(pa.int64()).to_numpy()
    own = at[pc.is_in(made.posts["post_id"], value_set=made.truth["post_id"]).to_numpy()]
    cuts = [at.min() - 1, *np.quantile(own, [0.4, 0.7]).astype(int), at.max()]
    days = []
    for day, (first, last) in enumerate(pairwise(cuts), 1):
        part = made.posts.filter(pa.array((at > first) & (at <= last)))
        days.append(watch(written(folder, f"day-{day}.parquet", part), folder / "state"))
    return Watched(folder, days, set(made.truth["account_id"].to_pylist()))


@pytest.mark.parametrize("name", sorted(TABLES))
def test_day_by_day_gives_the_tables_of_a_search_over_all_days(watched, name):
    here, there = (rows(watched.folder / part, name) for part in ("state/run", "run"))
    if name == "groups":
        # A group keeps the name it was found under, a search names it by its first post of all.
        here, there = here.drop_columns("name"), there.drop_columns("name")
    assert here.equals(there)


def test_the_planted_group_is_found_and_grows_under_one_name(watched):
    groups = rows(watched.folder / "state" / "run", "groups").to_pylist()
    assert [group["n_core"] for group in groups] == [20]
    members = rows(watched.folder / "state" / "run", "members")
    assert set(members.filter(pc.equal(members["role"], "core"))["account_id"].to_pylist()) <= watched.planted
    told = [change for day in watched.days for change in day.changes]
    assert {change.name for change in told} == {groups[0]["name"]}
    assert [change.n_core for change in told] == sorted(change.n_core for change in told)


def test_a_day_sketches_its_own_new_texts_only(watched):
    texts = {}
    for day, told in enumerate(watched.days, 1):
        own = pq.read_table(watched.folder / "state" / "prepared").filter(pc.is_valid(pc.field("text_key")))
        ids = pq.read_table(watched.folder / f"day-{day}.parquet")["post_id"]
        keys = set(own.filter(pc.is_in(own["post_id"], value_set=ids))["text_key"].to_pylist())
        assert told.n_sketched == len(keys - texts.keys())
        texts |= dict.fromkeys(keys)


def test_the_record_tells_what_every_day_read(watched, tmp_path):
    days = [watched.folder / f"day-{day}.parquet" for day in (1, 2, 3)]
    expected = {
        f"{path} (day {day})": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for day, path in enumerate(days, 1)
    }
    about = json.loads((watched.folder / "state" / "run" / "run.json").read_text(encoding="utf-8"))
    assert about["inputs"] == expected
    assert shlex.split(about["command"])[:4] == ["assay", "attacks", "watch", str(days[-1])]


def test_a_day_costs_the_same_after_few_days_and_after_many(watched, tmp_path):
    last = watched.folder / "day-3.parquet"
    alone = watch(last, tmp_path / "state")
    assert watched.days[2].n_sketched <= alone.n_sketched


def test_days_out_of_order_find_the_same_core(watched, tmp_path):
    for day in (3, 1, 2):
        told = watch(watched.folder / f"day-{day}.parquet", tmp_path / "state")
    cores = []
    for run in (told.run, watched.folder / "run"):
        members = rows(run, "members")
        cores.append(set(members.filter(pc.equal(members["role"], "core"))["account_id"].to_pylist()))
    assert cores[0] == cores[1]


def test_a_day_that_fails_leaves_the_state_as_it_was(watched, tmp_path, monkeypatch):
    watch(watched.folder / "day-1.parquet", tmp_path / "state")
    before = {path: path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()}
    monkeypatch.setattr("assay.pipeline.attacks.watching.written_tables", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        watch(watched.folder / "day-2.parquet", tmp_path / "state")
    assert {path: path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_posts_that_are_known_cost_nothing(watched):
    state = watched.folder / "state"
    before = {path: path.stat().st_mtime_ns for path in state.rglob("*") if path.is_file()}
    again = watch(watched.folder / "all.parquet", state)
    assert (again.n_posts, again.n_sketched, again.day) == (0, 0, 3)
    assert {path: path.stat().st_mtime_ns for path in state.rglob("*") if path.is_file()} == before


def test_a_state_is_kept_to_its_settings(watched):
    with pytest.raises(CallerError, match=r"begun with other settings \(least_core 5, now 9\)"):
        watch(watched.folder / "day-1.parquet", watched.folder / "state", AttackSettings(n_shuffles=19, least_core=9))


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path, watched):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(CallerError, match="is no state of `assay attacks watch` and is not empty"):
        watch(watched.folder / "day-1.parquet", tmp_path)
    assert (tmp_path / "letter.txt").read_text() == "mine"


def test_reviews_against_one_merchant_are_watched_by_the_same_code(watched, tmp_path):
    posts = pq.read_table(watched.folder / "all.parquet")
    n = posts.num_rows
    reviews = pa.table(
        {
            "review_id": posts["post_id"],
            "buyer_id": posts["account_id"],
            "written_at": posts["posted_at"],
            "text": posts["text"],
            "merchant_id": pa.array(["M1" if a in watched.planted else f"M{i % 9}" for i, a in
                                     enumerate(posts["account_id"].to_pylist())]),
            "listing_id": pa.array(["L1"] * n),
        }
    )  # fmt: skip
    path = written(tmp_path, "reviews.parquet", reviews)
    told = watch(path, tmp_path / "state", AttackSettings(n_shuffles=19, table="reviews"))
    assert [change.n_core for change in told.changes] == [20]
    (about, *others) = rows(told.run, "targets").to_pylist()
    assert about["target"] == "M1"
    assert (about["n_posts"], about["n_accounts"]) == (told.changes[0].n_posts, 20)
    page = pack_attack(told.run, told.changes[0].name, tmp_path / "pack").folder / "evidence.html"
    assert "Whom the posts are about" in page.read_text()
    assert not others


def test_both_engines_watch_alike(watched, tmp_path, sail_url):
    for day in (1, 2, 3):
        posts = watched.folder / f"day-{day}.parquet"
        watch_attacks(posts, tmp_path / "state", settings=SETTINGS, engine=sail_url, engine_settings=ENGINE)
    for path in sorted((watched.folder / "state" / "run").glob("*.parquet")):
        assert pq.read_table(tmp_path / "state" / "run" / path.name).equals(pq.read_table(path)), path.stem
