from datetime import UTC, datetime

import ibis
import numpy as np
import pyarrow as pa
import pytest

from assay.market.tables import LISTINGS, VERDICTS
from assay.rating import (
    MERCHANT_KEYS,
    CalibrationTable,
    Model,
    OutOfFoldScorer,
    Scorer,
    Term,
    TermTable,
    attach_merchant_labels,
    merchant_goods,
    merchant_terms,
    plain_numbers,
    scorecard,
)
from assay.rating.examples import merchant_folds

HISTORY = TermTable(Term("history-merchant", "history_merchant"), (0.5,), (-20, 300), missing_points=5)
PRICE = TermTable(Term("price-gap", "price_gap"), (0.0,), (200, 0))
MODEL = Model("listing", -300, (PRICE, HISTORY))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def scored(*rows):
    """Rows (merchant, price gap, history) as a scores table."""
    batch = pa.record_batch(
        {
            "listing_id": [f"L{i}" for i in range(len(rows))],
            "merchant_id": [row[0] for row in rows],
            "price_gap": pa.array([row[1] for row in rows], pa.float64()),
            "history_merchant": pa.array([row[2] for row in rows], pa.float64()),
        }
    )
    return batch, ibis.memtable(pa.Table.from_batches([Scorer(MODEL)(batch)]))


def by_merchant(expression):
    return {row["merchant_id"]: row for row in expression.to_pyarrow().to_pylist()}


def listings(*rows):
    """Rows (listing, merchant, removed?)."""
    plain = [{"listing_id": i, "merchant_id": m, "removed_at": NOW if gone else None} for i, m, gone in rows]
    return ibis.memtable(pa.Table.from_pylist(plain, LISTINGS.schema))


def test_a_merchants_own_verdicts_do_not_enter_its_goods():
    _, scores = scored(("A", 1.0, 0.9), ("A", 1.0, None), ("B", 1.0, 0.0))
    goods = by_merchant(merchant_goods(scores, MODEL))
    assert goods["A"]["goods_worst"] == goods["B"]["goods_worst"] == pytest.approx(-2.95)
    assert goods["A"]["goods_count"] == 2.0


def test_out_of_fold_and_finished_scores_sum_up_alike_when_the_models_are_equal():
    batch, scores = scored(("A", -1.0, 0.9), ("A", 1.0, None), ("B", -1.0, 0.0), ("C", None, 0.7))
    blind = ibis.memtable(pa.Table.from_batches([OutOfFoldScorer((MODEL,) * 5)(batch)]))
    assert by_merchant(merchant_goods(blind, MODEL)) == by_merchant(merchant_goods(scores, MODEL))


def test_each_row_is_scored_by_the_model_of_its_merchants_fold():
    batch, _ = scored(*[(f"M{i}", 1.0, None) for i in range(40)])
    models = tuple(Model("listing", 1000 * fold, ()) for fold in range(5))
    got = OutOfFoldScorer(models)(batch)
    assert (got.column("blind_points").to_numpy() == 1000 * merchant_folds(batch.column("merchant_id"))).all()


def test_few_goods_shrink_towards_the_market():
    _, scores = scored(("A", -1.0, None), *[("B", -1.0, None)] * 30, *[("C", 1.0, None)] * 30)
    goods = by_merchant(merchant_goods(scores, MODEL))
    market = goods["A"]["goods_mean"] * 6 / 5 - -0.95 / 5
    assert goods["C"]["goods_mean"] < market < goods["A"]["goods_mean"] < goods["B"]["goods_mean"] < -0.95


def test_the_share_at_risk_counts_goods_that_reach_40():
    calibration = CalibrationTable((-400, 0), (-400, 0), (-500, -100), (-300, 100))
    model = Model("listing", -300, (PRICE, HISTORY), calibration)
    rows = ibis.memtable(
        pa.table({"merchant_id": ["A"] * 4, "blind_points": pa.array([-41, -40, 0, -300], pa.int32())})
    )
    assert by_merchant(merchant_goods(rows, model))["A"]["goods_share_at_risk"] == 0.5


def test_plain_numbers_are_of_live_goods():
    scores = ibis.memtable(
        pa.table(
            {"listing_id": ["a", "b", "c", "d"], "merchant_id": ["A", "A", "A", "B"], "score": [90.0, 50.0, 10.0, 99.0]}
        )
    )
    shelf = listings(("a", "A", True), ("b", "A", False), ("c", "A", False), ("d", "B", True))
    got = by_merchant(plain_numbers(scores, shelf))
    assert got["A"] == {"merchant_id": "A", "worst_listing_score": 50.0, "n_listings": 2, "share_at_risk": 0.5}
    assert got["B"] == {"merchant_id": "B", "worst_listing_score": None, "n_listings": 0, "share_at_risk": None}


def test_a_merchant_is_labelled_by_its_own_verdict_or_by_its_goods():
    rows = [
        ("merchant", "A", "genuine", "audit", NOW, None),
        ("listing", "a", "counterfeit", "lab", NOW, None),
        ("listing", "b", "counterfeit", "lab", NOW, None),
        ("listing", "c", "genuine", "lab", NOW, None),
    ]
    plain = [dict(zip(VERDICTS.column_names, row, strict=True)) for row in rows]
    verdicts = ibis.memtable(pa.Table.from_pylist(plain, VERDICTS.schema))
    shelf = listings(("a", "A", False), ("b", "B", False), ("c", "C", False))
    signals = ibis.memtable(pa.table({"merchant_id": ["A", "B", "C"]}))
    got = by_merchant(attach_merchant_labels(signals, verdicts, shelf))
    assert {name: row["verdict"] for name, row in got.items()} == {"A": "genuine", "B": "counterfeit", "C": None}
    assert got["B"]["decided_at"] == NOW


def test_the_merchant_scorecard_rises_with_the_share_of_goods_at_risk():
    model = scorecard("merchant", merchant_terms([Term("merchant-age", "merchant_age")]))
    keys = {
        "merchant_id": ["A", "B"],
        "worst_listing_score": [90.0, 5.0],
        "share_at_risk": [0.8, 0.0],
        "n_listings": [9, 9],
    }
    goods = {"goods_mean": [0.5, -4.0], "goods_worst": [2.2, -3.0], "goods_share_at_risk": [0.8, 0.0]}
    got = Scorer(model, MERCHANT_KEYS)(pa.record_batch(keys | goods)).to_pylist()
    assert got[0]["score"] > 80 > 10 > got[1]["score"]
    assert got[0]["worst_listing_score"] == 90.0 and np.isclose(got[0]["share_at_risk"], 0.8)
