import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.rating import Model, score_of
from assay.rating.calibration import calibrate
from assay.rating.examples import Examples


def examples(merchants, labels, sampled_labels=None, inclusion=None, weights=None, judged=None):
    n = len(labels)
    nothing = np.full(n, np.nan)
    return Examples(
        kind="listing",
        terms=(),
        values=pa.table({}),
        ids=pa.chunked_array([pa.nulls(n, pa.string())]),
        merchant_ids=pa.chunked_array([pa.nulls(n, pa.string())]),
        merchants=np.asarray(merchants),
        folds=np.asarray(merchants) % 5,
        labels=np.asarray(labels, dtype=float),
        judged=np.asarray(labels) > 0 if judged is None else judged,
        sampled_labels=nothing if sampled_labels is None else sampled_labels,
        inclusion=nothing if inclusion is None else inclusion,
        weights=np.ones(n) if weights is None else weights,
        times=nothing,
        decided=nothing,
        segments=pa.table({}),
    )


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def draw(rng, n=3000, n_merchants=300, between=1.0):
    """Merchants, totals, true chance of each total, labels; labels of one merchant lean the same way."""
    size = rng.pareto(1.3, n_merchants) + 0.3
    merchants = rng.choice(n_merchants, n, p=size / size.sum())
    log_odds = rng.normal(-4, 1.8, n) + 0.7 * rng.normal(size=n_merchants)[merchants]
    totals = np.rint(100 * log_odds).astype(int)
    nodes, weights = np.polynomial.hermite_e.hermegauss(31)
    truth = sigmoid(1.1 * totals[:, None] / 100 + 0.4 + between * nodes) @ (weights / weights.sum())
    lean = between * rng.normal(size=n_merchants)[merchants]
    labels = (rng.random(n) < sigmoid(1.1 * totals / 100 + 0.4 + lean)).astype(float)
    return merchants, totals, truth, labels


@pytest.mark.parametrize("between", [0.0, 1.0])
def test_the_interval_covers_the_true_chance_in_95_of_100_totals(between):
    rng = np.random.default_rng(11)
    covered = []
    for run in range(25):
        merchants, totals, truth, labels = draw(rng, between=between)
        table = calibrate(examples(merchants, labels), totals, seed=run)
        _, low, high = Model("listing", 0, (), table).score_points(totals)
        half = 0.5e-4  # scores have two decimals
        covered.append(np.mean((score_of(low) / 100 - half <= truth) & (truth <= score_of(high) / 100 + half)))
    tolerance = 3 * np.std(covered) / np.sqrt(len(covered))
    assert np.mean(covered) >= 0.95 - tolerance


def test_the_curve_tells_the_truth_on_other_merchants():
    merchants, totals, _, labels = draw(np.random.default_rng(1), n=30_000, n_merchants=2000)
    table = calibrate(examples(merchants, labels), totals, intervals=False)
    _, other, truth, _ = draw(np.random.default_rng(2), n=10_000, n_merchants=2000)
    got = score_of(Model("listing", 0, (), table).score_points(other)[0]) / 100
    assert np.abs(got - truth).mean() < 0.01


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(40, 400), st.integers(1, 40))
def test_the_table_never_falls_whatever_the_data(seed, n, n_merchants):
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < rng.choice([0.02, 0.3, 0.9])
    labels[0] = True
    totals = rng.integers(-300, 300, n)
    merchants = rng.integers(0, n_merchants, n)
    table = calibrate(examples(merchants, labels), totals)  # CalibrationTable refuses a line that falls
    assert len(table.totals) >= 1


def test_biased_sampling_is_weighted_back_to_the_true_level():
    errors = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        merchants, totals, _, labels = draw(rng, n=20_000, n_merchants=1500)
        caught = labels * (rng.random(len(labels)) < 0.4)
        chance = np.where(totals > -350, 0.15, 0.03)
        drawn = rng.random(len(labels)) < chance
        known = np.where(drawn, labels, np.nan), np.where(drawn, chance, np.nan)
        table = calibrate(examples(merchants, caught, *known, judged=drawn | (caught > 0)), totals, intervals=False)
        got = score_of(Model("listing", 0, (), table).score_points(totals)[0]).mean() / 100
        errors.append(got / labels.mean() - 1)
        assert table.rests_on.startswith("level set by")
        assert table.figures["share_by_verdicts_at_hand"] < 0.5 * labels.mean()
        assert table.figures["share_by_sampled_verdicts"] == pytest.approx(labels.mean(), rel=0.35)
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(len(errors)) + 0.02


def test_too_few_sampled_verdicts_leave_the_level_and_are_named():
    rng = np.random.default_rng(3)
    merchants, totals, _, labels = draw(rng)
    few = np.where(rng.random(len(labels)) < 0.02, labels, np.nan)
    with_few = calibrate(examples(merchants, labels, few, np.full(len(labels), 0.02)), totals, intervals=False)
    without = calibrate(examples(merchants, labels), totals, intervals=False)
    assert with_few.points == without.points
    assert "lower bound of the true share" in with_few.rests_on and "are needed to set the level" in with_few.rests_on


def test_rows_that_stand_for_ten_calibrate_as_ten_rows_do():
    merchants, totals, _, labels = draw(np.random.default_rng(4), n=20_000, n_merchants=1500)
    keep = (labels > 0) | (np.random.default_rng(5).random(len(labels)) < 0.1)
    weights = np.where(labels > 0, 1.0, 10.0)[keep]
    whole = calibrate(examples(merchants, labels), totals, intervals=False)
    part = calibrate(examples(merchants[keep], labels[keep], weights=weights), totals[keep], intervals=False)
    scores = [score_of(Model("listing", 0, (), table).score_points(totals)[0]).mean() for table in (whole, part)]
    assert scores[0] == pytest.approx(scores[1], rel=0.05) == pytest.approx(100 * labels.mean(), rel=0.05)


def test_judged_goods_only_are_said_to_say_nothing_of_the_others():
    merchants, totals, _, labels = draw(np.random.default_rng(6))
    table = calibrate(examples(merchants, labels, judged=np.ones(len(labels), bool)), totals, intervals=False)
    assert "rests on judged listings only" in table.rests_on


def test_thin_segments_get_wide_intervals():
    rng = np.random.default_rng(7)
    merchants, totals, _, labels = draw(rng)
    many = calibrate(examples(merchants, labels), totals)
    few_rows = rng.random(len(labels)) < 0.2
    few = calibrate(examples(merchants[few_rows], labels[few_rows]), totals[few_rows])

    def width(table):
        _, low, high = Model("listing", 0, (), table).score_points([0])
        return float(score_of(high)[0] - score_of(low)[0])

    assert width(few) > 1.3 * width(many)
