import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.market.errors import CallerError
from assay.measurement import live_interval, looks, prevalence
from assay.measurement.looks import live_limits
from assay.measurement.restricted import stratified
from tests.measurement.made import found, stratum, tables


@given(st.integers(1, 50), st.floats(0.001, 0.2))
def test_looks_spend_all_of_alpha_and_no_more(n, alpha):
    assert sum(looks(n, alpha)) == pytest.approx(alpha)
    assert len(looks(n, alpha)) == n


@pytest.mark.parametrize(("n", "alpha"), [(0, 0.05), (2, 0.0), (2, 1.0)])
def test_impossible_looks_are_refused(n, alpha):
    with pytest.raises(CallerError):
        looks(n, alpha)


def frame(*, known=False):
    parts = [stratum("a", 8000, found(1, 200), rate=0.005), stratum("b", 2000, found(6, 150), rate=0.04)]
    return tables(*parts, *([stratum("certain", 100, found(60, 100), pot="enforce", rate=0.5)] if known else []))


def test_the_live_interval_holds_the_published_one():
    for known in (False, True):
        low, high = live_interval(*frame(known=known))
        result = prevalence(*frame(known=known))
        assert low <= result.low <= result.high <= high


def test_the_live_interval_says_nothing_without_results():
    assert live_interval(*tables(stratum("a", 100, [None] * 5))) == (0.0, 1.0)


def test_what_is_bought_whole_is_known_in_the_live_view_too():
    assert live_interval(*tables(stratum("a", 50, found(5, 50)))) == (0.1, 0.1)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 10), min_size=2, max_size=2))
def test_more_confidence_is_wider(counts):
    trials = stratified(np.array([0.004, 0.001]), np.array([200, 200]), np.zeros(2))
    x, rates = np.array([counts], dtype=float), np.array([0.01, 0.05])
    low, high = live_limits(trials, x, rates)
    wide_low, wide_high = live_limits(trials, x, rates, confidence=0.99)
    assert wide_low[0] <= low[0] <= float(x[0] @ trials.weight) <= high[0] <= wide_high[0]


def test_reading_it_after_every_batch_errs_at_most_as_often_as_it_says():
    rng = np.random.default_rng(6)
    runs, units, rates = 400, np.array([80_000, 15_000, 5_000]), np.array([0.004, 0.02, 0.2])
    truth = (units * rates).sum() / units.sum()
    batch = np.array([20, 20, 20])
    counts, n, missed = np.zeros((runs, 3)), np.zeros(3), np.zeros(runs, dtype=bool)
    for _ in range(12):
        counts, n = counts + rng.binomial(batch, rates, size=(runs, 3)), n + batch
        low, high = live_limits(stratified(units / units.sum() / n, n, n / units), counts, np.array([0.001, 0.02, 0.3]))
        missed |= (truth < low) | (truth > high)
    assert missed.mean() <= 0.05
