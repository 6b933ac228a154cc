import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from assay.rating.measures import Scored, differences, figures, reliability
from assay.rating.model import points_of_probability, score_of


def rows(points, labels, merchants=None, weights=None):
    points = np.asarray(points)
    merchants = np.arange(len(points)) if merchants is None else merchants
    weights = np.ones(len(points)) if weights is None else weights
    return Scored(points, points, np.asarray(labels, dtype=float), weights, merchants)


def perfect(rng, n=50_000):
    points = np.rint(rng.normal(-250, 180, n)).astype(int).clip(-921, 921)
    return rows(points, rng.random(n) < score_of(points) / 100)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-20, 20), st.booleans(), st.integers(1, 5)), min_size=3, max_size=60))
def test_ranking_figures_equal_scikit_learns_with_ties_and_weights(drawn):
    points, labels, weights = (np.array(each) for each in zip(*drawn, strict=True))
    labels[:2] = [True, False]
    got = figures(rows(points, labels, weights=weights.astype(float)), replicates=0)
    assert got.roc_auc.value == pytest.approx(roc_auc_score(labels, points, sample_weight=weights), abs=1e-5)
    want = average_precision_score(labels, points, sample_weight=weights)
    assert got.average_precision.value == pytest.approx(want, abs=1e-5)


def test_precision_at_recall_is_read_at_the_highest_threshold_that_reaches_it():
    rng = np.random.default_rng(0)
    scored = perfect(rng, 5000)
    precision, recall, _ = precision_recall_curve(scored.labels, scored.totals)
    want = precision[np.flatnonzero(recall >= 0.5)[-1]]
    assert figures(scored, replicates=0).precision_at_recall_50.value == pytest.approx(want, abs=1e-5)


def test_a_perfect_model_has_no_calibration_error():
    got = figures(perfect(np.random.default_rng(1), 400_000), replicates=0)
    assert got.calibration_error_equal_mass.value < 0.002
    assert got.calibration_error_equal_width.value < 0.002


def test_a_model_that_says_twice_the_truth_is_off_by_the_truth():
    n = 20_000
    labels = np.random.default_rng(2).random(n) < 0.1
    points = np.full(n, int(points_of_probability(0.2)))
    got = figures(rows(points, labels), replicates=0)
    assert got.calibration_error_equal_mass.value == pytest.approx(0.1, abs=0.01)


def test_precision_and_recall_at_80():
    points = [200, 200, 150, 100, -300]  # scores 88, 88, 82, 73, 5
    got = figures(rows(points, [1, 0, 1, 1, 0]), replicates=0)
    assert got.precision_at_80.value == pytest.approx(2 / 3, abs=1e-5)
    assert got.recall_at_80.value == pytest.approx(2 / 3, abs=1e-5)


def test_nothing_at_80_has_no_precision():
    got = figures(rows([0, 10, 20], [0, 1, 1]), replicates=20)
    assert got.precision_at_80.value is None and got.recall_at_80.value == 0.0


def test_the_bootstrap_by_merchant_covers_the_true_area():
    """95 of 100 intervals; 60 runs allow three standard deviations of a binomial."""
    rng = np.random.default_rng(3)

    def draw(n_merchants):
        merchants = np.repeat(np.arange(n_merchants), 8)
        lean = rng.normal(0, 60, n_merchants)[merchants]
        labels = rng.random(len(merchants)) < 0.3
        return rows(np.rint(lean + 100 * labels + rng.normal(0, 100, len(merchants))).astype(int), labels, merchants)

    truth = figures(draw(40_000), replicates=0).roc_auc.value
    hits = [interval.low <= truth <= interval.high for interval in (figures(draw(80)).roc_auc for _ in range(60))]
    assert np.mean(hits) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)


def test_the_same_scores_differ_by_nothing():
    scored = perfect(np.random.default_rng(4), 2000)
    gain = differences(scored, scored, replicates=20)["average_precision"]
    assert gain.value == gain.low == gain.high == 0.0


def test_the_reliability_bins_hold_every_row_once_and_rise():
    scored = perfect(np.random.default_rng(5), 10_000)
    bins = reliability(scored)
    assert sum(each.n_rows for each in bins) == len(scored.labels)
    means = [each.mean_probability for each in bins]
    assert means == sorted(means) and len(bins) == 20
    assert pa.array(means).null_count == 0
