"""What a simulated market promises: sameness, whole references, no truth in sight, adversaries that leave traces."""

import json
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from assay.engine.snapshots import open_snapshot
from assay.market.errors import CallerError
from assay.market.tables import TABLES
from assay.simulation import SimulationSettings, simulate
from assay.simulation.spelling import TRICKS, spellings
from assay.simulation.vocabulary import LANGUAGES, REVIEW_KINDS, review_sentences


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*.parquet"))
    }  # fmt: skip


def test_same_seed_gives_the_same_bytes_with_any_number_of_workers(tmp_path):
    settings = SimulationSettings(chunk_listings=700)
    one, three = (simulate(tmp_path / str(w), n_listings=2_500, seed=3, settings=settings, workers=w) for w in (1, 3))
    assert one.snapshot_id == three.snapshot_id
    assert _files(tmp_path / "1") == _files(tmp_path / "3")


def test_another_seed_gives_another_market(tmp_path, small):
    other = simulate(tmp_path, n_listings=4_000, seed=6)
    assert other.snapshot_id != small.simulated.snapshot_id


def test_fewer_than_a_thousand_listings_are_refused(tmp_path):
    with pytest.raises(CallerError, match="at least 1,000"):
        simulate(tmp_path, n_listings=999, seed=1)


def test_the_smallest_market_has_exactly_its_listings(tmp_path):
    made = simulate(tmp_path, n_listings=1_000, seed=1)
    assert made.n_rows["listings"] == 1_000


def test_progress_ends_at_the_number_of_listings(tmp_path):
    seen = []
    settings = SimulationSettings(chunk_listings=400)
    simulate(tmp_path, n_listings=1_000, seed=1, settings=settings, progress=lambda done, n: seen.append((done, n)))
    assert seen == [(400, 1_000), (800, 1_000), (1_000, 1_000)]


@pytest.mark.parametrize("name", list(TABLES))
def test_every_table_is_filled_and_keyed(small, name):
    table = small.table(name)
    keys = list(zip(*(table[k].to_pylist() for k in TABLES[name].key), strict=True))
    assert len(keys) == len(set(keys)) > 0
    for column in TABLES[name].columns:
        if column.required:
            assert table[column.name].null_count == 0
        if column.allowed:
            assert set(table[column.name].drop_null().to_pylist()) <= set(column.allowed)


@pytest.mark.parametrize(
    "table, column, other",
    [(t.name, c, o) for t in TABLES.values() for c, o in t.refers_to]
    + [
        ("orders", "merchant_id", "merchants"),
        ("orders", "buyer_id", "accounts"),
        ("posts", "account_id", "accounts"),
        ("reviews", "order_id", "orders"),
    ],
)
def test_references_lead_somewhere(small, table, column, other):
    known = set(small.table(other)[TABLES[other].key[0]].to_pylist())
    assert set(small.table(table)[column].to_pylist()) <= known


def test_nothing_happens_after_the_market_is_looked_at(small):
    as_of = open_snapshot(small.simulated.market).as_of
    assert as_of == SimulationSettings().as_of
    for name in small.simulated.n_rows:
        for field in small.table(name).schema:
            if pa.types.is_timestamp(field.type):
                latest = max((v for v in small.table(name)[field.name].to_pylist() if v), default=as_of)
                assert latest <= as_of, (name, field.name)


def test_orders_fall_within_the_life_of_their_listing_and_buyer(small):
    lives = {
        r["listing_id"]: (r["listed_at"], r["removed_at"])
        for r in small.table("listings").select(["listing_id", "listed_at", "removed_at"]).to_pylist()
    }
    registered = dict(
        zip(*(small.table("accounts")[c].to_pylist() for c in ("account_id", "registered_at")), strict=True)
    )
    for order in small.table("orders").select(["listing_id", "buyer_id", "ordered_at"]).to_pylist():
        start, end = lives[order["listing_id"]]
        assert start <= order["ordered_at"] <= (end or datetime.max.replace(tzinfo=start.tzinfo))
        assert registered[order["buyer_id"]] <= order["ordered_at"]


def test_listings_are_younger_than_their_shop(small):
    opened = dict(
        zip(*(small.table("merchants")[c].to_pylist() for c in ("merchant_id", "registered_at")), strict=True)
    )
    for row in small.table("listings").select(["merchant_id", "listed_at"]).to_pylist():
        assert opened[row["merchant_id"]] <= row["listed_at"]


def test_counters_agree_with_the_orders(small):
    sold = Counter()
    for order in small.table("orders").select(["listing_id", "quantity"]).to_pylist():
        sold[order["listing_id"]] += order["quantity"]
    stats = small.table("listing_stats")
    assert dict(zip(stats["listing_id"].to_pylist(), stats["n_sales"].to_pylist(), strict=True)) == {
        listing: sold[listing] for listing in stats["listing_id"].to_pylist()
    }


def test_identifiers_and_order_do_not_show_the_truth(large):
    fake = large.truth("listings")["is_counterfeit"].to_numpy().astype(float)
    place = np.arange(len(fake))
    assert abs(np.corrcoef(place, fake)[0, 1]) < 0.02
    assert abs(np.corrcoef(fake[:-1], fake[1:])[0, 1]) < 0.02


def test_gtins_of_the_catalogue_have_a_right_check_digit_and_the_brands_prefix(small):
    prefixes = {r["brand_id"]: json.loads(r["gtin_prefixes"])[0] for r in small.table("brands").to_pylist()}
    for row in small.table("products").to_pylist():
        digits = [int(d) for d in row["gtin"]]
        assert sum(d * (3 if i % 2 == 0 else 1) for i, d in enumerate(digits)) % 10 == 0
        assert row["gtin"][1:].startswith(prefixes[row["brand_id"]])


def test_there_are_seventeen_ways_to_misspell_a_brand():
    found = spellings("Norvane", np.random.default_rng(1))
    assert len(TRICKS) == 17
    assert len(found) == 34
    assert "Norvane" not in found


def test_every_adversary_and_every_honest_look_alike_is_there(large):
    kinds = Counter(large.truth("merchants")["kind"].to_pylist())
    assert len(kinds) == 14
    assert set(large.truth("listings")["adversary"].drop_null().unique().to_pylist()) == {
        "blunt_replica", "evasive_speller", "picture_thief", "mixed_seller", "returner", "dear_fake",
    }  # fmt: skip


def test_members_of_a_ring_share_identifiers_and_strangers_rarely_do(large):
    merchants = {r["merchant_id"]: r for r in large.table("merchants").to_pylist()}
    rings = defaultdict(list)
    for row in large.truth("merchants").to_pylist():
        if row["ring_id"]:
            rings[row["ring_id"]].append(row["merchant_id"])
    columns = ("phone", "payout_account", "device_id", "ip")
    linked = [
        any(n > 1 for c in columns for n in Counter(merchants[m][c] for m in members).values())
        for members in rings.values()
        if len(members) >= 4
    ]
    assert np.mean(linked) > 0.9
    payouts = Counter(r["payout_account"] for r in merchants.values())
    outside = [m for m in merchants if not any(m in members for members in rings.values())]
    assert np.mean([payouts[merchants[m]["payout_account"]] > 1 for m in outside]) < 0.05


def test_returners_come_back_after_a_ban_with_the_same_texts(large):
    merchants = {r["merchant_id"]: r for r in large.table("merchants").to_pylist()}
    pairs = [
        (r["merchant_id"], r["predecessor_id"]) for r in large.truth("merchants").to_pylist() if r["predecessor_id"]
    ]
    assert len(pairs) >= 10
    for new, old in pairs:
        assert merchants[old]["status"] == "suspended"
        assert merchants[old]["registered_at"] < merchants[new]["registered_at"]


def test_thieves_show_pictures_of_honest_listings(large):
    images = large.table("images").select(["listing_id", "pdq"]).to_pydict()
    truth = large.truth("listings")
    fake = dict(zip(truth["listing_id"].to_pylist(), truth["is_counterfeit"].to_pylist(), strict=True))
    honest_pictures = {p for p, i in zip(images["pdq"], images["listing_id"], strict=True) if not fake[i]}
    shown = [p in honest_pictures for p, i in zip(images["pdq"], images["listing_id"], strict=True) if fake[i]]
    assert 0.1 < np.mean(shown) < 0.8


def test_reviews_say_fake_about_honest_goods_too(large):
    reviews = large.table("reviews").select(["listing_id", "text"]).to_pydict()
    truth = large.truth("listings")
    fake = dict(zip(truth["listing_id"].to_pylist(), truth["is_counterfeit"].to_pylist(), strict=True))
    texts = [(t, i) for t, i in zip(reviews["text"], reviews["listing_id"], strict=True) if t]

    def rate(kind: str) -> float:
        phrases = tuple(_sentences(kind))
        return float(np.mean([fake[i] for t, i in texts if t.startswith(phrases)]))

    assert 0.3 < rate("fake") < 0.9
    assert rate("denied") < 0.2
    assert rate("elsewhere") < 0.2


def _sentences(kind: str) -> list[str]:
    pool = review_sentences()
    groups = [language * len(REVIEW_KINDS) + REVIEW_KINDS.index(kind) for language in range(len(LANGUAGES))]
    return [pool.phrases[int(pool.starts[g] + i)].as_py() for g in groups for i in range(int(pool.sizes[g]))]


def test_posts_hold_campaigns_and_innocent_crowds_in_no_visible_order(small):
    posts, truth = small.table("posts"), small.truth("posts")
    names = Counter(truth["campaign"].to_pylist())
    assert set(names) == {
        "returning", "small", "slow",
        "fan_drive", "prize_draw", "petition", "share_button", "press_feed", "angry_customers",
    }  # fmt: skip
    assert set(truth["post_id"].to_pylist()) <= set(posts["post_id"].to_pylist())
    assert (np.diff(posts["posted_at"].cast("int64").to_numpy()) >= 0).all()
    by_post = dict(zip(posts["post_id"].to_pylist(), posts["account_id"].to_pylist(), strict=True))
    assert all(by_post[r["post_id"]] == r["account_id"] for r in truth.to_pylist())


def test_accounts_exist_before_they_post(small):
    opened = dict(zip(*(small.table("accounts")[c].to_pylist() for c in ("account_id", "registered_at")), strict=True))
    for post in small.table("posts").select(["account_id", "posted_at"]).to_pylist():
        assert opened[post["account_id"]] <= post["posted_at"]


def test_the_returning_campaign_gathers_at_two_sales_with_mostly_the_same_accounts(small):
    truth = [r for r in small.truth("posts").to_pylist() if r["campaign"] == "returning"]
    first, second = ({r["account_id"] for r in truth if r["event"] == event} for event in (0, 1))
    assert len(first & second) == round(0.7 * len(first))
    assert len(first) == len(second) == 20
