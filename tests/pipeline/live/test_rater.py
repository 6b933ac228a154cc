"""What a caller of live rating meets: new, unknown and changed listings, faults, threads, damaged folders."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assay.engine import open_engine, open_market
from assay.market.errors import CallerError, DamagedSnapshot
from assay.measurement.frame import FrameSettings, candidates
from assay.pipeline import open_live, prepare_live, rate
from tests.signals.markets import brand, listing, write_market

NEW = "never-seen"


def values(prepared, **changed):
    return prepared.rater.signals(prepared.row(**changed))


def test_a_new_listing_has_no_later_life(prepared):
    found = values(prepared, listing_id=NEW)
    assert found["orders_count"] == found["reviews_count"] == 0
    assert found["orders_refund_rate"] is found["reviews_fake_rate"] is found["orders_weight_gap"] is None


def test_a_new_listing_adds_to_the_range_of_its_merchant(prepared):
    old, new = (values(prepared, listing_id=each, removed_at=None) for each in (prepared.row()["listing_id"], NEW))
    assert new["merchant_size"] == old["merchant_size"] + 1


def test_a_copy_of_a_stored_title_counts_the_other_merchant(prepared):
    row = prepared.row()
    other = next(r["merchant_id"] for _, r in prepared.listings if r["merchant_id"] != row["merchant_id"])
    own = values(prepared)["repetition_title"]
    assert values(prepared, listing_id=NEW, merchant_id=other)["repetition_title"] >= own


def test_an_unknown_merchant_is_rated_without_its_signals(prepared):
    found = prepared.rater.rate(prepared.row(listing_id=NEW, merchant_id="nobody"))
    assert {"merchant-age", "merchant-size", "merchant-burst"} <= {*found.not_checked}
    assert found.merchant_discrepancies == () and 0 <= found.waterfall.score <= 100


def test_a_brand_and_a_category_that_the_market_has_not_seen_are_rated(prepared):
    for _, row in prepared.listings[:60]:
        found = prepared.rater.signals(row | {"listing_id": NEW, "brand": "Quovadis", "category": "Nowhere"})
        assert found["price_gap"] is None
        assert found["history_brand__n_others"] == found["history_category__n_others"] == 0


def test_steps_add_up_to_the_score(prepared):
    fall = prepared.rater.rate(prepared.row(listing_id=NEW)).waterfall
    assert fall.base_points + sum(step.points for step in fall.steps) == fall.score_points


def test_a_listing_created_after_the_rating_is_as_if_it_had_just_appeared(prepared):
    later = datetime.fromisoformat(prepared.run.about["as_of"]) + timedelta(days=40)
    assert values(prepared, listing_id=NEW, listed_at=later)["listing_age"] == 0


def test_a_changed_price_moves_the_gap(prepared):
    place = next(i for i, (_, r) in enumerate(prepared.listings) if prepared.rater.signals(r)["price_gap"] is not None)
    row = prepared.row(place)
    cheap = prepared.rater.signals(row | {"price": max(row["price"] // 4, 1)})
    assert cheap["price_gap"] < prepared.rater.signals(row)["price_gap"] - 1


def test_values_come_as_an_api_sends_them(prepared):
    row = prepared.row()
    sent = row | {"price": str(row["price"]), "listed_at": row["listed_at"].isoformat(), "title": f" {row['title']} "}
    assert prepared.rater.signals(sent) == prepared.rater.signals(row)


def test_pictures_that_come_with_a_listing_are_compared(prepared):
    places = range(len(prepared.listings))
    shared = next(p for p in places if (prepared.rater.signals(prepared.row(p))["imagery_shared"] or 0) > 0)
    row = prepared.row(shared)
    import pyarrow.dataset as ds

    from assay.engine import open_snapshot

    images = ds.dataset(open_snapshot(prepared.run.market_folder).tables["images"]).to_table(
        filter=ds.field("listing_id") == row["listing_id"]
    )
    again = prepared.rater.signals(row | {"listing_id": NEW, "images": images.to_pylist()})
    assert again["imagery_shared"] == prepared.rater.signals(row)["imagery_shared"]
    assert prepared.rater.signals(row | {"listing_id": NEW})["imagery_shared"] is None


def test_every_fault_of_a_listing_is_told_at_once(prepared):
    with pytest.raises(CallerError) as caught:
        prepared.rater.rate({"listing_id": "x", "price": "cheap", "colour": "red", "images": [{"position": -1}]})
    columns = [fault["column"] for fault in caught.value.where["faults"]]
    assert columns == ["price", "colour", "merchant_id", "images[0].position"]
    assert all(column in str(caught.value) for column in columns)


def test_a_listing_of_another_merchant_is_refused(prepared):
    with pytest.raises(CallerError, match="its own merchant, or a new listing_id"):
        prepared.rater.rate(prepared.row(merchant_id="nobody"))


def test_what_is_no_mapping_is_refused(prepared):
    with pytest.raises(CallerError, match="mapping"):
        prepared.rater.rate(["L1"])


def test_threads_give_what_one_gives(prepared):
    rows = [row for _, row in prepared.listings[:120]]
    alone = [prepared.rater.rate(row) for row in rows]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(prepared.rater.rate, rows)) == alone


def test_preparing_again_gives_the_same_files(prepared, settings, tmp_path: Path):
    again = prepare_live(prepared.run.folder, tmp_path / "again", settings=settings)
    assert again.hash == prepared.rater.about["hash"]


def test_the_safety_class_of_every_listings_brand_is_that_which_the_batch_counts(prepared, settings):
    with open_engine(None, settings) as engine:
        market = open_market(engine, prepared.run.market_folder, prepared.run.snapshot_id)
        rows = candidates(market, engine.read(prepared.run.folder / "scores_listings"), FrameSettings("EUR"))
        batch = {
            row["listing_id"]: row["safety_class"]
            for row in engine.collect(rows.select("listing_id", "safety_class")).to_pylist()
        }
    rows = [row for _, row in prepared.listings]
    live = {row["listing_id"]: prepared.rater.safety_class(row["brand"]) for row in rows}
    assert live == {each: batch[each] for each in live}
    assert {"none", "high"} <= {*live.values()}


def test_a_safety_class_is_found_by_alias_and_whatever_the_case(tmp_path: Path, settings):
    brands = [brand("B1", "Velkora", aliases='["维尔", "VK"]', safety_class="high"), brand("B2", "Norvane")]
    market = write_market(tmp_path / "market", listings=[listing(brand="Velkora")], brands=brands)
    prepare_live(rate(market, tmp_path / "run", settings=settings).folder, settings=settings)
    rater = open_live(tmp_path / "run")
    assert {rater.safety_class(each) for each in ("velkora", " VELKORA\t", "vk", "维尔")} == {"high"}
    assert {rater.safety_class(each) for each in ("Norvane", "Quovadis", "", None)} == {None}


def test_a_run_that_was_not_prepared_says_so(tmp_path: Path):
    with pytest.raises(CallerError, match="assay live prepare"):
        open_live(tmp_path)


def test_a_damaged_or_foreign_folder_is_refused(prepared, tmp_path: Path):
    folder = shutil.copytree(prepared.rater.folder, tmp_path / "copy")
    (folder / "wording.json").write_bytes(b"{}")
    with pytest.raises(DamagedSnapshot, match=r"wording\.json"):
        open_live(folder, check=True)
    about = json.loads((folder / "live.json").read_text())
    for changed, told in (({"layout": 1}, "for this run again"), ({"code": "0"}, "rate the market again")):
        (folder / "live.json").write_text(json.dumps(about | changed))
        with pytest.raises(CallerError, match=f"another version of Assay; .*{told}"):
            open_live(folder)
