import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from assay.measurement.intervals import mid_p
from assay.measurement.restricted import (
    TAIL_SHARE,
    Trials,
    _chance,
    _mean,
    _rates,
    bare,
    likelihood_limits,
    restricted_limits,
    restricted_tail,
    stratified,
)

# Six strata of a frame of 100,000: few risky goods bought densely, many others thinly.
UNITS = np.array([60_000, 25_000, 10_000, 3_500, 1_000, 500])
BUYS = np.array([150, 130, 120, 100, 100, 100])
DESIGN = stratified(UNITS / UNITS.sum() / BUYS, BUYS, BUYS / UNITS)


def rows(*counts):
    return np.array(counts, dtype=float)


def test_the_chance_is_that_of_all_outcomes_counted_out():
    trials = stratified(np.array([0.02, 0.005]), np.array([20, 40]), np.zeros(2))
    rates = np.array([[0.05, 0.3]])
    observed = 3 * 0.02 + 10 * 0.005
    exact = 0.0
    for i, j in itertools.product(range(21), range(41)):
        value = i * 0.02 + j * 0.005
        mass = stats.binom.pmf(i, 20, 0.05) * stats.binom.pmf(j, 40, 0.3)
        exact += mass * (1.0 if value < observed - 1e-12 else 0.5 if value < observed + 1e-12 else 0.0)
    assert _chance(trials, rates, np.array([observed]))[0] == pytest.approx(exact, abs=1e-3)


def test_the_chance_allows_for_drawing_without_replacement():
    trials = stratified(np.array([1.0]), np.array([300]), np.array([0.6]))
    exact = stats.hypergeom(500, 50, 300)
    for x in (24, 27, 30, 33, 36):
        expected = exact.cdf(x - 1) + exact.pmf(x) / 2
        assert _chance(trials, np.array([[0.1]]), np.array([float(x)]))[0] == pytest.approx(expected, abs=5e-3)


def test_the_rates_are_the_most_likely_that_give_their_mean():
    counts = rows([1, 0, 2, 5, 20, 60])
    goal = 0.004

    def minus_likelihood(rates):
        return -(counts[0] * np.log(rates) + (BUYS - counts[0]) * np.log1p(-rates)).sum()

    share = UNITS / UNITS.sum()
    start = np.clip(counts[0] / BUYS, 1e-4, 0.9)
    best = optimize.minimize(
        minus_likelihood,
        start,
        bounds=[(1e-9, 0.999)] * 6,
        constraints={"type": "eq", "fun": lambda rates: 1e3 * (share @ rates - goal)},
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )
    low, high = -25.0, 40.0
    nearly = bare(DESIGN)
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _mean(nearly, _rates(nearly, counts, np.array([middle])))[0] > goal else (low, middle)
        )
    found = _rates(nearly, counts, np.array([low]))[0]
    assert share @ found == pytest.approx(goal)
    assert minus_likelihood(np.maximum(found, 1e-12)) <= best.fun + 1e-3


def test_one_stratum_gives_the_binomial_mid_p_interval():
    trials = bare(stratified(np.array([1 / 400]), np.array([400]), np.zeros(1)))
    low, high = restricted_limits(trials, rows([9]), confidence=1 - 0.05 / TAIL_SHARE)
    assert (float(low[0]), float(high[0])) == pytest.approx([float(x) for x in mid_p(9, 400)], rel=2e-3)


def test_nothing_found_is_bounded_by_the_heaviest_stratum():
    low, high = restricted_limits(DESIGN, rows([0] * 6))
    assert low[0] == 0.0
    expected = BUYS[0] * DESIGN.weight[0] * (1 - (TAIL_SHARE * 0.05) ** (1 / BUYS[0]))
    assert high[0] == pytest.approx(expected, rel=5e-3)
    assert high[0] >= -np.log(0.05) * DESIGN.weight.max() * (1 - 0.01)


def test_the_limits_are_where_the_tail_is_cut():
    counts = rows([1, 0, 2, 5, 20, 60], [0, 0, 0, 1, 0, 3])
    low, high = restricted_limits(DESIGN, counts)
    assert restricted_tail(DESIGN, counts, high) == pytest.approx(0.025 * TAIL_SHARE, abs=1e-5)
    assert restricted_tail(DESIGN, counts, low) == pytest.approx(1 - 0.025 * TAIL_SHARE, abs=1e-5)


def test_a_sample_has_the_same_limits_alone_and_among_others():
    counts = rows([1, 0, 2, 5, 20, 60], [0, 0, 0, 1, 0, 3], [0] * 6)
    together = restricted_limits(DESIGN, counts)
    for i in range(3):
        alone = restricted_limits(DESIGN, counts[i : i + 1])
        assert (alone[0][0], alone[1][0]) == pytest.approx((together[0][i], together[1][i]), rel=1e-9)


def test_two_kinds_of_one_weight_are_one_kind():
    both = Trials(
        np.repeat(DESIGN.weight, 2), np.repeat(DESIGN.stratum, 2), DESIGN.n, DESIGN.fraction, np.repeat(DESIGN.spare, 2)
    )
    both.spare[1::2] = 0.0
    counts = rows([1, 0, 2, 5, 20, 60])
    split = np.zeros((1, 12))
    split[0, ::2], split[0, 1::2] = counts // 2, counts - counts // 2
    assert np.ravel(restricted_limits(both, split)) == pytest.approx(
        np.ravel(restricted_limits(DESIGN, counts)), rel=1e-9
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=6, max_size=6))
def test_the_estimate_lies_within_and_more_confidence_is_wider(counts):
    x = rows(counts)
    estimate = float(x[0] @ DESIGN.weight)
    low, high = restricted_limits(DESIGN, x)
    wide_low, wide_high = restricted_limits(DESIGN, x, confidence=0.99)
    assert 0.0 <= wide_low[0] <= low[0] <= estimate <= high[0] <= wide_high[0]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=6, max_size=6), st.integers(0, 5))
def test_one_more_counterfeit_never_lowers_a_limit(counts, at):
    more = list(counts)
    more[at] += 1
    low, high = restricted_limits(DESIGN, rows(counts, more))
    assert low[1] >= low[0] - 1e-9
    assert high[1] >= high[0] - 1e-9


@pytest.mark.parametrize("n", [100, 1_000, 5_000, 50_000])
def test_the_limits_of_many_buys_are_near_those_of_the_normal_curve(n):
    buys = np.full(6, n)
    trials = stratified(UNITS / UNITS.sum() / buys, buys.astype(float), np.zeros(6))
    rates = np.array([0.01, 0.02, 0.03, 0.05, 0.1, 0.5])
    low, high = restricted_limits(trials, rows(rates * n))
    error = np.sqrt((trials.weight**2 * n * rates * (1 - rates)).sum())
    assert (high - low)[0] / (2 * 1.986 * error) == pytest.approx(1.0, abs=0.02 + 2 / np.sqrt(n))


@pytest.mark.parametrize("far", [0.1, 0.5, 1.0])
def test_a_mean_far_above_leaves_no_chance(far):
    buys = np.full(6, 20_000)
    trials = stratified(UNITS / UNITS.sum() / buys, buys.astype(float), np.zeros(6))
    assert _chance(trials, np.full((1, 6), far), np.array([0.001]))[0] < 1e-6


def test_likelihood_limits_of_one_stratum_are_where_the_likelihood_falls_to_the_bar():
    trials = stratified(np.array([1 / 400]), np.array([400]), np.zeros(1))

    def likelihood(p):
        return 9 * np.log(p) + 391 * np.log1p(-p)

    bar = likelihood(9 / 400) - 1.92
    low, high = likelihood_limits(trials, rows([9]), np.array([bar]))
    assert (likelihood(low[0]), likelihood(high[0])) == (pytest.approx(bar, abs=1e-3), pytest.approx(bar, abs=1e-3))


@pytest.mark.parametrize("rates", [(0.001, 0.001, 0.001, 0.01, 0.05, 0.3), (0.002, 0.005, 0.01, 0.03, 0.1, 0.8)])
def test_the_interval_covers_as_it_says(rates):
    rng = np.random.default_rng(8)
    fake = np.rint(UNITS * np.array(rates)).astype(int)
    truth = fake.sum() / UNITS.sum()
    counts = rng.hypergeometric(fake, UNITS - fake, BUYS, size=(2_000, 6)).astype(float)
    below = restricted_tail(DESIGN, counts, np.full(2_000, truth))
    covers = np.mean((below >= 0.025 * TAIL_SHARE) & (below <= 1 - 0.025 * TAIL_SHARE))
    # Three standard errors of 2,000 runs at 95 % are 0.0146.
    assert covers >= 0.95 - 0.0146
