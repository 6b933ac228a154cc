"""The forecast of the backlog holds what its interval says."""

import numpy as np
import pytest

from assay.casework.backlog import forecast


def test_too_few_days_give_no_forecast():
    assert forecast(100, [1] * 6) == ()


def test_a_steady_queue_stays_where_it_is_with_no_doubt():
    (ahead,) = forecast(100, [0] * 28, horizons=(14,))
    assert (ahead.expected, ahead.low, ahead.high) == (100, 100, 100)


def test_a_queue_never_owes():
    assert all(each.low == each.expected == 0 for each in forecast(10, [-50] * 28))


@pytest.mark.parametrize("horizon", [7, 28])
@pytest.mark.parametrize("draw", ["poisson", "lumpy"])
def test_the_interval_covers_as_often_as_it_says(horizon, draw):
    rng = np.random.default_rng(7)
    hits, runs = 0, 2_000
    for _ in range(runs):
        days = _days(rng, draw, 28 + horizon)
        (ahead,) = forecast(100_000, days[:28].tolist(), horizons=(horizon,))
        hits += ahead.low <= 100_000 + days[28:].sum() <= ahead.high
    assert hits / runs > 0.9 - 3 * np.sqrt(0.09 / runs)  # three standard errors of the share that is claimed


def _days(rng, draw, n):
    if draw == "poisson":
        return rng.poisson(300, n) - rng.poisson(280, n)
    return rng.poisson(20, n) + 500 * (rng.random(n) < 0.15) - rng.poisson(90, n)
