import math

import numpy as np
import pytest

from assay.measurement import Trend, change, power
from assay.measurement.restricted import stratified
from assay.measurement.trends import Side, no_change_p, ratio_limits
from tests.measurement.made import found, stratum, tables

UNITS = np.array([60_000, 25_000, 10_000, 4_000, 1_000])
BUYS = np.array([300, 280, 260, 260, 200])


def period(low, middle, high, certain=None):
    parts = [
        stratum("low", 9000, found(low, 400)),
        stratum("middle", 900, found(middle, 200)),
        stratum("high", 100, found(high, 50)),
    ]
    return tables(*parts, *([stratum("certain", 50, found(certain, 50), pot="enforce")] if certain is not None else []))


def side(rates, runs, rng):
    fake = np.rint(UNITS * np.array(rates)).astype(int)
    counts = rng.hypergeometric(fake, UNITS - fake, BUYS, size=(runs, 5)).astype(float)
    return Side(stratified(UNITS / UNITS.sum() / BUYS, BUYS.astype(float), BUYS / UNITS), counts, 0.0)


def test_no_difference_is_no_claim():
    result = change(period(4, 10, 25), period(4, 11, 24))
    assert result.trend is Trend.NO_CLAIM
    assert result.low < 1 < result.high
    assert result.p > 0.5


def test_a_clear_fall_and_a_clear_rise_are_said():
    many, few = period(20, 40, 40), period(4, 8, 20)
    fell, rose = change(many, few), change(few, many)
    assert (fell.trend, rose.trend) == (Trend.FELL, Trend.ROSE)
    assert fell.high < 1 < rose.low
    assert max(fell.p, rose.p) < 0.05


def test_the_change_back_is_the_change_turned_round():
    there, back = change(period(9, 10, 25), period(3, 11, 24)), change(period(3, 11, 24), period(9, 10, 25))
    assert there.p == pytest.approx(back.p, abs=1e-4)
    assert (there.low, there.high) == pytest.approx((1 / back.high, 1 / back.low), rel=1e-3)


def test_the_interval_leaves_out_1_exactly_when_p_is_small():
    rng = np.random.default_rng(5)
    before, after = side([0.002, 0.004, 0.02, 0.1, 0.5], 4, rng), side([0.001, 0.001, 0.01, 0.06, 0.3], 4, rng)
    p = no_change_p(before, after)
    for i in range(4):
        one = [Side(s.trials, s.counts[i : i + 1], 0.0) for s in (before, after)]
        low, high = ratio_limits(*one)
        assert (low > 1 or high < 1) == (p[i] < 0.05)


def test_nothing_found_before_has_no_ratio_and_no_upper_limit():
    result = change(period(0, 0, 0), period(0, 2, 3))
    assert (result.ratio, result.high) == (None, math.inf)


def test_nothing_found_at_all_is_no_claim():
    result = change(period(0, 0, 0), period(0, 0, 0))
    assert (result.low, result.high, result.trend) == (0.0, math.inf, Trend.NO_CLAIM)


def test_what_was_bought_whole_counts_in_both_periods():
    many, few = (
        change(period(1, 2, 5), period(1, 2, 5)),
        change(period(1, 2, 5, certain=50), period(1, 2, 5, certain=0)),
    )
    assert few.ratio == pytest.approx(few.after.share / few.before.share)
    assert few.p < many.p
    assert few.high < many.high


def test_a_change_that_is_not_there_is_seen_one_time_in_twenty_at_most():
    rng, runs = np.random.default_rng(7), 2_000
    rates = [0.002, 0.004, 0.02, 0.1, 0.5]
    p = no_change_p(side(rates, runs, rng), side(rates, runs, rng))
    # Three standard errors of 2,000 runs are 0.0146.
    assert (p < 0.05).mean() <= 0.05 + 0.0146


def test_a_halving_is_seen_about_as_often_as_was_said_beforehand():
    rng, runs = np.random.default_rng(9), 1_000
    rates = np.array([0.01, 0.012, 0.02, 0.1, 0.5])
    weight = UNITS / UNITS.sum() / BUYS
    share = (weight * BUYS) @ rates
    effect = (weight**2 * BUYS * rates * (1 - rates)).sum() * BUYS.sum() / share
    seen = (no_change_p(side(rates, runs, rng), side(rates / 2, runs, rng)) < 0.05).mean()
    said = power(share, 0.5, int(BUYS.sum()), effect)
    # The formula is that of a normal log-ratio: a few points from the test wherever ten positives are expected.
    assert seen == pytest.approx(said, abs=0.07)
