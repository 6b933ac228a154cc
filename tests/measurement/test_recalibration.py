"""The score checked by test buys: false alarms at the stated rate, drift seen, re-fits that help and refusals."""

import numpy as np
import pyarrow as pa
import pytest

from assay.market.errors import CallerError
from assay.measurement.recalibration import CheckSettings, Examiner, check_score
from assay.measurement.refitting import refit_score
from assay.simulation.purchases import BuyingSettings, WorldSettings, make_frame
from tests.purchases import a_period

QUICK = CheckSettings(replicates=500)
PERFECT = BuyingSettings(1.0, 1.0, False, 0.0, 0.0, 0.0, 0.0)


def uniform_buys(rng, chance, truth=None, *, specificity=1.0):
    """Uniform buys of goods with the given chances; `truth`: what their chances really are."""
    n = len(chance)
    fake = rng.random(n) < (chance if truth is None else truth)
    said = np.where(fake, True, rng.random(n) >= specificity)
    units = pa.table(
        {
            "unit": [f"T{i}" for i in range(n)],
            "pot": ["measure"] * n,
            "stratum": ["all"] * n,
            "is_plain": np.arange(n) % 5 == 0,
            "inclusion_probability": np.full(n, 0.01),
            "n_orders": np.ones(n, dtype=np.int64),
            "revenue_minor": np.ones(n, dtype=np.int64),
            "outcome": np.where(said, "counterfeit", "genuine").tolist(),
            "score": np.round(100 * chance, 2),
        }
    )
    totals = {"n_units": [100 * n], "n_orders": [100 * n], "revenue_minor": [100 * n], "n_drawn": [n]}
    return units, pa.table({"stratum": ["all"], **totals, "expected_rate": [float(chance.mean())]})


def moved(chance, shift=0.0, slope=1.0, centre=-3.0):
    x = np.log(chance / (1 - chance))
    return 1 / (1 + np.exp(-(shift + centre + slope * (x - centre))))


def chances(rng, n=2000):
    return np.clip(rng.beta(0.25, 4.0, n), 0.0005, 0.98)


def test_a_score_in_order_fails_at_the_stated_rate():
    rng = np.random.default_rng(1)
    runs, alarms = 200, 0
    for _ in range(runs):
        alarms += check_score(*uniform_buys(rng, chances(rng, 600)), settings=QUICK, rng=rng).drifted
    # 200 runs at 5 % spread with a standard error of 1.5 points.
    assert 0.01 <= alarms / runs <= 0.09


def test_a_score_in_order_fails_at_the_stated_rate_in_a_planned_period():
    runs, alarms = 24, 0
    settings = WorldSettings(30_000, rate=0.02, hidden_rate=0.0)
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        units, strata, _ = a_period(make_frame(settings, rng), 1000, rng, buying=PERFECT)
        alarms += check_score(units, strata, settings=QUICK, rng=rng).drifted
    # At 5 % more than 4 of 24 are one chance in 160.
    assert alarms <= 4


@pytest.mark.parametrize("shift", [-1.0, 1.0])
def test_a_shifted_level_is_seen_and_set_right(shift):
    rng = np.random.default_rng(4)
    chance = chances(rng, 4000)
    units, strata = uniform_buys(rng, chance, moved(chance, shift))
    check = check_score(units, strata, settings=QUICK, rng=rng)
    refit = refit_score(units, strata, check)
    assert check.drifted and refit.refused is None
    assert refit.shift.low <= shift <= refit.shift.high
    assert (check.ratio.share > 1) == (shift > 0)


def test_a_flatter_score_is_given_its_slope():
    rng = np.random.default_rng(6)
    chance = chances(rng, 8000)
    units, strata = uniform_buys(rng, chance, moved(chance, slope=0.6, centre=-2.0))
    check = check_score(units, strata, settings=QUICK, rng=rng)
    refit = refit_score(units, strata, check)
    assert refit.refused is None and refit.no_slope_because is None
    assert refit.slope.low <= 0.6 <= refit.slope.high < 1


def test_intervals_of_the_shift_hold():
    rng = np.random.default_rng(8)
    held, runs = 0, 100
    for _ in range(runs):
        chance = chances(rng, 1500)
        units, strata = uniform_buys(rng, chance, moved(chance, 0.5))
        check = check_score(units, strata, settings=CheckSettings(replicates=20), rng=rng)
        shift = refit_score(units, strata, check).shift
        held += shift.low <= 0.5 <= shift.high
    # 100 runs at 95 % spread with a standard error of 2.2 points.
    assert held / runs >= 0.9


def test_an_examiners_false_alarms_are_not_taken_for_drift():
    rng = np.random.default_rng(2)
    chance = np.clip(rng.beta(0.1, 12.0, 4000), 0.0005, 0.98)
    units, strata = uniform_buys(rng, chance, specificity=0.98)
    assert check_score(units, strata, settings=QUICK, rng=rng).drifted
    assert not check_score(units, strata, examiner=Examiner(1.0, 0.98), settings=QUICK, rng=rng).drifted


def test_nothing_is_refitted_without_drift():
    rng = np.random.default_rng(3)
    units, strata = uniform_buys(rng, chances(rng))
    check = check_score(units, strata, settings=QUICK, rng=rng)
    assert not check.drifted
    assert refit_score(units, strata, check).refused.startswith("no drift was seen")


def test_few_verdicts_do_not_move_the_level():
    rng = np.random.default_rng(3)
    chance = np.full(90, 0.05)
    units, strata = uniform_buys(rng, chance, np.full(90, 0.5))
    check = check_score(units, strata, settings=QUICK, rng=rng)
    assert check.drifted
    assert "90 verdicts with" in refit_score(units, strata, check).refused


def test_counterfeits_found_where_much_was_bought_do_not_move_the_level():
    settings = WorldSettings(100_000, hidden_rate=0.0, level_shift=1.2)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        units, strata, _ = a_period(make_frame(settings, rng), 800, rng)
        check = check_score(units, strata, settings=QUICK, rng=rng)
        refit = refit_score(units, strata, check)
        assert refit.n_positive > 50 and refit.effective_positive < 20
        assert refit.refused is not None


def test_a_slope_is_not_fitted_from_few():
    rng = np.random.default_rng(5)
    chance = np.full(300, 0.03)
    units, strata = uniform_buys(rng, chance, np.full(300, 0.13))
    refit = refit_score(units, strata, check_score(units, strata, settings=QUICK, rng=rng))
    assert refit.refused is None
    assert "a slope needs 50" in refit.no_slope_because
    assert (refit.slope.low, refit.slope.high) == (1.0, 1.0)


def test_an_uncertain_level_is_allowed_for():
    rng = np.random.default_rng(7)
    chance = chances(rng)
    units, strata = uniform_buys(rng, chance, moved(chance, 0.6))
    sure = check_score(units, strata, settings=QUICK, rng=np.random.default_rng(1))
    unsure = check_score(units, strata, settings=CheckSettings(level_error=0.4, replicates=500), rng=rng)
    assert sure.drifted and unsure.p > sure.p


def test_observed_and_expected_are_those_of_the_frame():
    rng = np.random.default_rng(9)
    chance = chances(rng)
    units, strata = uniform_buys(rng, chance)
    check = check_score(units, strata, settings=QUICK, rng=rng)
    found = np.mean(np.array(units["outcome"].to_pylist()) == "counterfeit")
    assert check.observed.share == pytest.approx(found)
    assert check.expected == pytest.approx(chance.mean(), abs=1e-5)
    assert check.ratio.share == pytest.approx(found / chance.mean(), rel=1e-3)
    assert check.n_plain == 400 and check.plain.low <= check.plain.share <= check.plain.high
    assert sum(each.n_buys for each in check.bins) == check.n_buys
    means = [each.mean_chance for each in check.bins]
    assert means == sorted(means)


def test_failed_buys_are_made_up_for_by_their_stratum():
    rng = np.random.default_rng(9)
    units, strata = uniform_buys(rng, chances(rng))
    outcome = units["outcome"].to_pylist()
    outcome[:300] = ["not_delivered"] * 300
    failed = units.set_column(units.schema.get_field_index("outcome"), "outcome", pa.array(outcome))
    check = check_score(failed, strata, settings=QUICK, rng=rng)
    assert check.n_buys == 1700 and not check.drifted


def test_the_same_seed_gives_the_same_answer():
    rng = np.random.default_rng(9)
    units, strata = uniform_buys(rng, chances(rng))
    first, second = (check_score(units, strata, settings=QUICK, rng=np.random.default_rng(3)) for _ in range(2))
    assert first == second


def test_units_without_score_or_outcome_are_refused():
    rng = np.random.default_rng(9)
    units, strata = uniform_buys(rng, chances(rng, 50))
    with pytest.raises(CallerError, match="no column score"):
        check_score(units.drop_columns(["score"]), strata, rng=rng)
    empty = units.set_column(units.schema.get_field_index("outcome"), "outcome", pa.nulls(50, pa.string()))
    with pytest.raises(CallerError, match="No unit has both"):
        check_score(empty, strata, rng=rng)
    with pytest.raises(CallerError, match="tells nothing"):
        Examiner(0.4, 0.5)
    with pytest.raises(CallerError, match="false-alarm rate"):
        CheckSettings(false_alarm_rate=0.0)
