import numpy as np
import pytest
from scipy import stats

from assay.market.errors import CallerError
from assay.measurement import buys_needed, claim, power


@pytest.mark.parametrize(("before", "ratio"), [(60, 0.5), (30, 2.0), (200, 0.75)])
def test_power_is_that_of_the_simulated_test(before, ratio):
    rng = np.random.default_rng(2)
    x, y = rng.poisson(before, 20_000), rng.poisson(before * ratio, 20_000)
    below = stats.binom.cdf(y, x + y, 0.5) - stats.binom.pmf(y, x + y, 0.5) / 2
    seen = np.minimum(below, 1 - below) < 0.025
    assert power(0.01, ratio, before * 100) == pytest.approx(seen.mean(), abs=0.025)


def test_buys_needed_is_the_fewest_with_the_power():
    n = buys_needed(0.01, 0.5, 0.4)
    assert power(0.01, 0.5, n, 0.4) >= 0.8 > power(0.01, 0.5, n - 5, 0.4)


def test_a_halving_of_one_percent_is_supported_by_2000_buys_of_a_good_design():
    result = claim(0.01, 0.5, 2000, 0.38)
    assert result.supported
    assert result.power >= 0.8


def test_a_fall_by_a_quarter_is_refused_at_2000_buys_with_the_number_it_needs():
    result = claim(0.01, 0.75, 2000, 0.38)
    assert not result.supported
    assert 7_000 < result.buys_needed < 10_000
    assert claim(0.01, 0.75, result.buys_needed, 0.38).supported


def test_a_rise_needs_fewer_buys_than_the_fall_by_the_same_factor():
    assert buys_needed(0.01, 2.0) < buys_needed(0.01, 0.5)


@pytest.mark.parametrize(
    ("rate", "ratio", "effect", "says"),
    [(0.0, 0.5, 1, "rate"), (0.01, 1.0, 1, "ratio"), (0.01, 0.5, 0, "design effect")],
)
def test_what_cannot_be_planned_is_refused(rate, ratio, effect, says):
    with pytest.raises(CallerError, match=says):
        power(rate, ratio, 1000, effect)
