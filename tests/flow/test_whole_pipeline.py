"""From a market to scores, steps and sentences, as a user runs it."""

from pathlib import Path

import numpy as np
import pyarrow.dataset as ds

from assay import pipeline
from assay.engine import EngineSettings
from assay.rating import score_of
from assay.signals.families import SIGNALS


def test_every_listing_and_merchant_is_rated_once(run, market):
    snapshot = pipeline.open_run(run.folder)
    assert snapshot.about["counts"]["listings"]["rated"] == 6_000
    for kind in ("listing", "merchant"):
        ids = run.table(f"scores_{kind}s").to_table(columns=[f"{kind}_id"]).column(0).to_pylist()
        assert len(ids) == len(set(ids)) > 0


def test_points_add_up_to_the_score_of_every_listing_and_merchant(run):
    for kind in ("listing", "merchant"):
        model = run.model(kind)
        scores = run.table(f"scores_{kind}s").to_table()
        points = np.sum([scores[f"points_{c}"].to_numpy().astype(np.int64) for c in model.columns], axis=0)
        totals = model.base_points + points
        assert (totals == scores["total_points"].to_numpy()).all()
        assert (score_of(model.score_points(totals)[0]) == scores["score"].to_numpy()).all()


def test_the_waterfall_of_every_flagged_listing_adds_up(run):
    rows = run.table("scores_listings").to_table(filter=ds.field("score") >= 40).to_pylist()
    assert rows
    for row in rows[:200]:
        fall = pipeline.explain(run.folder, row["listing_id"]).waterfall
        assert fall.base_points + sum(step.points for step in fall.steps) == fall.score_points
        assert fall.score == row["score"]


def test_scores_order_what_is_really_counterfeit(run, market):
    truth = ds.dataset(market.parent / "truth" / "listings.parquet").to_table(columns=["listing_id", "is_counterfeit"])
    scores = run.table("scores_listings").to_table(columns=["listing_id", "score"])
    joined = scores.join(truth, "listing_id")
    high = joined.filter(ds.field("score") >= 40)
    share_high = np.mean(high["is_counterfeit"].to_numpy(zero_copy_only=False))
    share_all = np.mean(joined["is_counterfeit"].to_numpy(zero_copy_only=False))
    assert share_high > 5 * share_all


def test_discrepancies_of_the_run_are_those_that_explain_shows(run):
    table = run.table("discrepancies").to_table(filter=ds.field("subject_type") == "listing").to_pylist()
    listing = table[0]["subject_id"]
    frozen = sorted((row["signal"], row["text"]) for row in table if row["subject_id"] == listing)
    found = pipeline.explain(run.folder, listing).discrepancies
    shown = sorted((each.signal, each.text) for each in found if each.subject_type == "listing")
    assert shown == frozen


def test_every_signal_is_computed_or_says_what_it_needs(run):
    computed, left_out = set(run.about["computed"]), run.about["not_computed"]
    assert computed | set(left_out) == {signal.id for signal in SIGNALS}
    assert all(reason for reason in left_out.values())


def test_rating_the_same_market_anew_gives_the_same_rows_in_the_same_order(run, trained, settings, tmp_path):
    market = pipeline.simulate(tmp_path, n_listings=6_000, seed=5).market
    again = pipeline.rate(market, tmp_path / "again", model_folder=trained.folder, settings=settings)
    assert again.snapshot_id == run.snapshot_id
    for name in ("scores_listings", "scores_merchants", "discrepancies"):
        first, second = (r.table(name).to_table() for r in (run, again))
        assert first.equals(second), name


def test_the_report_shows_the_top_goods_and_loads_nothing(run, tmp_path):
    page = pipeline.report(run.folder, tmp_path / "report.html", n_top=5)
    text = page.read_text(encoding="utf-8")
    assert pipeline.top_ids(run, "listing", 1)[0] in text
    assert "<script" not in text
    for attribute in ('src="http', "url(http", "@import", "<link"):
        assert attribute not in text


def test_a_market_with_two_bare_tables_is_rated_and_says_what_is_missing(tmp_path: Path, settings: EngineSettings):
    from tests.signals.markets import write_market

    write_market(
        tmp_path / "market",
        merchants=[{"merchant_id": "m"}],
        listings=[{"listing_id": "a", "merchant_id": "m", "title": "replica watch 1:1"}],
    )
    run = pipeline.rate(tmp_path / "market", tmp_path / "run", settings=settings)
    assert run.about["model"]["label"] == "expert scorecard, not calibrated"
    assert run.about["not_computed"]["price-gap"].startswith("needs ")
    assert pipeline.report(run.folder, tmp_path / "r.html").stat().st_size > 0
