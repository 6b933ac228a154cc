"""Simulated test buys: the planted truth is there, failures come at their rates, takedowns follow effort."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from assay.market.errors import CallerError
from assay.simulation.purchases import (
    BuyingSettings,
    WorldSettings,
    buy,
    examine_controls,
    make_frame,
    next_period,
    takedowns,
)

CLEAN = BuyingSettings(1.0, 1.0, False, 0.0, 0.0, 0.0, 0.0)


def a_frame(seed=1, **changes):
    return make_frame(WorldSettings(**({"n_listings": 50_000} | changes)), np.random.default_rng(seed))


@pytest.mark.parametrize(("rate", "auc"), [(0.01, 0.97), (0.03, 0.75)])
def test_the_planted_share_and_the_scores_order_are_there(rate, auc):
    frame = a_frame(rate=rate, auc=auc, hidden_rate=0.0)
    assert frame.true_share("listings") == pytest.approx(rate, rel=0.1)
    assert roc_auc_score(frame.is_counterfeit, frame.score) == pytest.approx(auc, abs=0.02)


def test_the_score_is_calibrated_where_nothing_is_hidden():
    frame = a_frame(n_listings=200_000, rate=0.02, hidden_rate=0.0)
    assert frame.score.mean() / 100 == pytest.approx(frame.true_share("listings"), rel=0.07)
    high = frame.score > 50
    assert frame.is_counterfeit[high].mean() == pytest.approx(frame.score[high].mean() / 100, abs=0.04)


def test_hidden_counterfeits_make_the_score_expect_too_few():
    frame = a_frame(n_listings=200_000, hidden_rate=0.5)
    assert (frame.score[frame.is_counterfeit] < 1).mean() > 0.25


def test_goods_of_one_merchant_are_alike():
    frame = a_frame(rate=0.05)
    share = np.bincount(frame.merchant, frame.is_counterfeit) / np.maximum(np.bincount(frame.merchant), 1)
    assert np.quantile(share, 0.5) == 0.0 and share.max() > 0.3


@pytest.mark.parametrize("ratio", [0.75, 1.0, 1.5])
def test_the_next_period_has_the_share_that_was_asked_for(ratio):
    before = a_frame()
    after = next_period(before, ratio, np.random.default_rng(2))
    assert after.true_share("listings") == pytest.approx(ratio * before.true_share("listings"), abs=2e-5)
    assert len(after) == len(before)
    assert after.n_orders.sum() != before.n_orders.sum()


def test_without_errors_the_outcome_is_the_truth():
    fake = np.arange(100) % 3 == 0
    bought = buy(fake, CLEAN, np.random.default_rng(1))
    assert bought["outcome"].to_pylist() == ["counterfeit" if each else "genuine" for each in fake]
    assert bought["second_outcome"].null_count == 100


def test_errors_and_failures_come_at_their_rates():
    rng = np.random.default_rng(4)
    genuine = np.zeros(100_000, dtype=bool)
    said = buy(genuine, BuyingSettings(1.0, 0.98, True, 0.02, 0.03, 0.01, 0.04), rng)
    counts = {row["values"]: row["counts"] / 100_000 for row in said["outcome"].value_counts().to_pylist()}
    assert counts["inconclusive"] == pytest.approx(0.04, abs=0.003)
    assert counts["not_bought"] == pytest.approx(0.02, abs=0.003)
    both = np.array(said["second_outcome"].to_pylist()) == "counterfeit"
    assert both.mean() == pytest.approx(0.02**2, abs=2e-4)


def test_merchants_who_recognise_the_buyer_hide_their_counterfeits():
    fake = np.ones(20_000, dtype=bool)
    said = buy(fake, BuyingSettings(1.0, 1.0, False, 0, 0, 0, 0, recognised_rate=0.3), np.random.default_rng(1))
    assert np.mean(np.array(said["outcome"].to_pylist()) == "counterfeit") == pytest.approx(0.7, abs=0.01)


def test_counterfeits_fail_more_often_when_asked():
    rng = np.random.default_rng(1)
    settings = BuyingSettings(1.0, 1.0, False, 0.1, 0.0, 0.0, 0.0, failure_lift=3.0)
    failed = np.array(buy(np.ones(20_000, dtype=bool), settings, rng)["outcome"].to_pylist()) == "not_bought"
    assert failed.mean() == pytest.approx(0.3, abs=0.01)


def test_controls_are_never_lost():
    fake = np.arange(500) % 4 == 0
    said = examine_controls(fake, BuyingSettings(not_delivered_rate=0.5), np.random.default_rng(1))
    assert set(said["outcome"].to_pylist()) <= {"counterfeit", "genuine"}


def test_takedowns_fall_with_effort_while_the_truth_rises():
    rng = np.random.default_rng(9)
    before = a_frame(n_listings=100_000)
    after = next_period(before, 1.5, rng)
    assert takedowns(after, 0.2, rng) < takedowns(before, 0.4, rng)


def test_the_same_seed_gives_the_same_world():
    first, second = a_frame(3), a_frame(3)
    assert np.array_equal(first.score, second.score) and np.array_equal(first.revenue_minor, second.revenue_minor)


def test_settings_out_of_range_are_refused():
    with pytest.raises(CallerError, match="needs listings"):
        WorldSettings(auc=0.3)
    with pytest.raises(CallerError, match="recognised_rate is 1"):
        BuyingSettings(recognised_rate=1.5)
