"""Dossiers of a run: who is selected, what stands in each, and that batches do not change what is in them."""

import numpy as np
import pyarrow.dataset as ds
import pytest

from assay.engine import EngineSettings, open_snapshot
from assay.market.errors import AssayError, CallerError
from assay.pipeline import explain, open_run
from assay.pipeline.cases import CaseSource
from assay.pipeline.dossiers import Wanted, open_dossiers
from assay.pipeline.dossiers.reading import Beside
from assay.pipeline.dossiers.selecting import expected_harm
from assay.pipeline.originals import originals
from tests.runs import tiny_run

SETTINGS = EngineSettings(memory_gib=1.0, workers=1)
LEAST = 10.0


@pytest.fixture(scope="module")
def run():
    return open_run(tiny_run() / "run")


@pytest.fixture(scope="module")
def found(run):
    with open_dossiers(run, Wanted(least_score=LEAST, n_random=60), settings=SETTINGS) as opened:
        goods = [each for batch in opened.listings() for each in batch]
        merchants = [each for batch in opened.merchants() for each in batch]
        small = [each for batch in opened.listings(size=7) for each in batch]
        middle = goods[len(goods) // 2]
        key = (middle.explanation.merchant_id, middle.explanation.subject_id)
        rest = [each for batch in opened.listings(after=key, size=7) for each in batch]
        return {"goods": goods, "merchants": merchants, "small": small, "rest": rest, "counts": opened.counts}


def listings_of(run):
    rows = ds.dataset(open_snapshot(run.market_folder, run.snapshot_id).tables["listings"]).to_table().to_pylist()
    return {row["listing_id"]: row for row in rows}


def test_every_flagged_listing_that_is_offered_and_no_other_is_flagged(run, found):
    flagged = {each.explanation.subject_id for each in found["goods"] if each.is_flagged}
    scores = run.table("scores_listings").to_table(columns=["listing_id", "score"]).to_pylist()
    high = {row["listing_id"] for row in scores if row["score"] >= LEAST}
    rows = listings_of(run)
    assert flagged <= high
    assert found["counts"]["not_live"] == len(high) - len(flagged)
    shops = {each["merchant_id"]: each for each in originals(run).rows("merchants", "merchant_id", _all(rows)).values()}
    for missing in high - flagged:
        shop = shops[rows[missing]["merchant_id"]]
        assert rows[missing]["removed_at"] is not None or shop["status"] in ("suspended", "closed")


def _all(rows):
    return [row["merchant_id"] for row in rows.values()]


def test_the_random_sample_has_its_size_and_one_inclusion_probability(found):
    drawn = [each for each in found["goods"] if each.inclusion_probability is not None]
    assert len(drawn) == found["counts"]["drawn"] == 60
    assert {each.inclusion_probability for each in drawn} == {60 / found["counts"]["live_listings"]}
    assert any(not each.is_flagged for each in drawn)


def test_another_seed_draws_others_and_the_same_seed_the_same(run, found):
    def drawn(seed):
        with open_dossiers(run, Wanted(least_score=100, n_random=60, seed=seed), settings=SETTINGS) as opened:
            return {each.explanation.subject_id for batch in opened.listings() for each in batch}

    first = {each.explanation.subject_id for each in found["goods"] if each.inclusion_probability is not None}
    assert drawn(1) == first
    assert drawn(2) != first


def test_batches_of_any_size_and_from_any_place_give_the_same(found):
    assert found["small"] == found["goods"]
    after = found["goods"][len(found["goods"]) // 2 + 1 :]
    assert found["rest"] == after


def test_a_dossier_explains_as_explain_does(run, found):
    for each in (*found["goods"][:5], *found["merchants"][:3]):
        alone = explain(run.folder, each.explanation.subject_id)
        assert each.explanation.waterfall == alone.waterfall
        assert each.explanation.discrepancies == alone.discrepancies
        assert each.explanation.merchant_discrepancies == alone.merchant_discrepancies
        assert each.explanation.not_checked == alone.not_checked
        assert each.explanation.numbers == alone.numbers


def test_prices_stand_where_the_report_says_they_do(run, found):
    source = CaseSource(run, originals(run))
    some = [each for each in found["goods"] if each.price is not None][:10]
    cases = source.listings([each.explanation.subject_id for each in some])
    for each, case in zip(some, cases, strict=True):
        assert (each.price.among, each.price.n) == (case.price.among, case.price.n)
        scale = 10**each.price.decimals
        assert each.price.p50_minor == pytest.approx(case.price.p50 * scale, abs=0.51)
        assert each.price.p95_minor == pytest.approx(case.price.p95 * scale, abs=0.51)


def test_pictures_name_the_other_listings_that_show_them(run, found):
    tables = open_snapshot(run.market_folder, run.snapshot_id).tables
    images = ds.dataset(tables["images"]).to_table(columns=["image_id", "listing_id", "sha256", "pdq"]).to_pylist()
    for each in found["goods"]:
        for picture in each.pictures:
            others = {
                row["listing_id"]
                for row in images
                if row["listing_id"] != each.explanation.subject_id
                and (row["sha256"] == picture.row["sha256"] or row["pdq"] == picture.row["pdq"])
            }
            assert picture.n_elsewhere == len(others)
            assert picture.elsewhere == tuple(sorted(others)[:5])
    assert any(picture.n_elsewhere for each in found["goods"] for picture in each.pictures)


def test_other_goods_are_the_merchants_worst_and_never_the_subject_itself(run, found):
    for each in found["goods"]:
        ids = [listing_id for listing_id, _, _ in each.goods]
        assert each.explanation.subject_id not in ids
        assert len(ids) <= 8
        scores = [score for _, _, score in each.goods]
        assert scores == sorted(scores, reverse=True)


def test_words_that_a_signal_read_stand_in_the_text_they_are_said_to_stand_in(found):
    spans = [(each, span) for each in found["goods"] for span in each.spans]
    assert spans
    held = [span.text in (each.listing[span.place] or "") for each, span in spans]
    assert np.mean(held) > 0.8


def test_a_merchants_harm_is_that_of_its_live_goods(run, found):
    with open_dossiers(run, Wanted(least_score=0, n_random=0), settings=SETTINGS) as opened:
        by_merchant = {}
        for batch in opened.listings():
            for each in batch:
                by_merchant.setdefault(each.explanation.merchant_id, []).append(each)
        sold_out = {m for m, goods in by_merchant.items() if any(g.listing["quantity"] == 0 for g in goods)}
        checked = 0
        for batch in opened.merchants():
            for each in batch:
                goods = by_merchant.get(each.explanation.subject_id, [])
                if each.explanation.subject_id not in sold_out:
                    assert each.harm_minor == pytest.approx(sum(g.harm_minor for g in goods), abs=len(goods))
                    checked += 1
        assert checked > 10


def test_harm_is_chance_times_orders_of_thirty_days_times_price_times_safety():
    harm = expected_harm(np.array([0.5, 0.5, 0.9]), [90, 90, 0], [1_000, 1_000, None], [None, "high", "none"])
    assert harm[0] == pytest.approx(0.5 * (90.5 / 3) * 1_000)
    assert harm[1] == pytest.approx(10 * harm[0])
    assert harm[2] == 0.0


def test_a_table_beside_gives_rows_of_the_last_key_again(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"k": ["a", "b", "b", "d"], "v": [1, 2, 3, 4]}), tmp_path / "part.parquet")
    beside = Beside(tmp_path, "k")
    values = [{key[0]: [row["v"] for row in rows] for key, rows in beside.upto((last,)).items()} for last in "bbcd"]
    assert values == [{"a": [1], "b": [2, 3]}, {"b": [2, 3]}, {"b": [2, 3]}, {"d": [4]}]


@pytest.mark.parametrize("given", [{"least_score": 101}, {"least_score": -1}, {"n_random": -1}])
def test_what_cannot_be_wanted_is_refused(given):
    with pytest.raises(CallerError):
        Wanted(**given)


def test_a_market_that_is_gone_is_said(run, tmp_path):
    from dataclasses import replace

    gone = replace(run, about=run.about | {"market_folder": str(tmp_path / "nowhere")})
    with pytest.raises(AssayError, match="nowhere"), open_dossiers(gone, settings=SETTINGS):
        pass
