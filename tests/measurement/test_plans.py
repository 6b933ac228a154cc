import dataclasses

import numpy as np
import pytest

from assay.market.errors import CallerError
from assay.measurement.enforcement import Harm
from assay.measurement.plans import CERTAIN, EXPLORE, FrameUnits, PlanSettings, divide, plan_bytes, read_plan
from assay.measurement.sealing import BrokenSeal, check_seal
from tests.measurement.buys import SECRET, frame, values_of, world


def test_the_pots_share_the_buys_and_every_buy_is_given_out():
    plan = world(PlanSettings(400)).plan
    bought = {pot: sum(s.n_drawn for s in plan.strata if s.pot == pot) for pot in ("measure", "enforce")}
    n_control = plan.n_genuine_controls + plan.n_fake_controls
    assert bought["enforce"] <= 100
    assert (bought["measure"] + bought["enforce"], n_control) == (320, 80)
    assert (plan.n_genuine_controls, plan.n_fake_controls) == (60, 20)


def test_the_certainty_stratum_is_bought_whole_and_is_at_most_a_quarter():
    plan = world().plan
    certain = next(s for s in plan.strata if s.stratum == CERTAIN)
    assert certain.n_drawn == certain.n_units <= 0.25 * 400
    assert certain.n_plain == 0


def test_explored_goods_have_a_propensity_of_one_in_ten():
    plan = world().plan
    explored = next(s for s in plan.strata if s.stratum == EXPLORE)
    assert (explored.n_drawn, explored.n_units, explored.pot) == (30, 300, "enforce")


def test_measuring_strata_have_their_floors_or_are_bought_whole():
    plan = world(PlanSettings(600)).plan
    measured = [s for s in plan.strata if s.pot == "measure"]
    assert 6 <= len(measured) <= 10
    assert all(s.n_drawn >= min(30, s.n_units) for s in measured)


def test_strata_add_up_to_the_frame():
    made = world()
    assert sum(s.n_units for s in made.plan.strata) == made.plan.frame.n_units
    assert sum(s.n_orders for s in made.plan.strata) == made.plan.frame.n_orders
    assert sum(s.revenue_minor for s in made.plan.strata) == made.plan.frame.revenue_minor


def test_the_plain_share_has_equal_chances_outside_the_certainty_stratum():
    """Averaged over secrets, every stratum's plain buys are its share of the frame."""
    units, _ = frame(2_000)
    settings = PlanSettings(400)
    values = values_of(units)
    got = [divide(units, values, settings, f"secret {i}").n_plain for i in range(300)]
    division = divide(units, values, settings, SECRET)
    n_units = np.bincount(division.stratum)
    random = np.array([name != CERTAIN for name in division.names])
    wanted = 60 * n_units * random / n_units[random].sum()
    # A rounded count has a variance of at most 1/4: five standard errors over 300 secrets.
    assert np.abs(np.mean(got, axis=0) - wanted).max() < 5 * 0.5 / np.sqrt(300)
    assert all(each.sum() == 60 for each in got)


def test_runners_up_that_are_too_few_to_draw_from_are_bought_for_certain():
    units, _ = frame()
    values = values_of(units, Harm())
    division = divide(units, values, PlanSettings(400), SECRET)
    assert EXPLORE not in division.names
    assert (values.net > 0).sum() == len(division.chosen)


def test_without_enforcement_everything_measures():
    plan = world(PlanSettings(300, enforce_share=0.0)).plan
    assert {s.pot for s in plan.strata} == {"measure"}
    assert plan.n_drawn == 240


def test_merchants_that_are_settled_are_not_picked_for_enforcement():
    units, _ = frame()
    is_open = units.merchant % 2 == 0
    division = divide(units, values_of(units), PlanSettings(400), SECRET, open_units=is_open)
    picked = [h for h, name in enumerate(division.names) if name in (CERTAIN, EXPLORE)]
    assert is_open[np.isin(division.stratum, picked)].all()


def test_a_frame_smaller_than_the_buys_is_bought_whole():
    made = world(PlanSettings(400), n=150)
    assert made.plan.n_drawn == 150
    assert all(s.n_drawn == s.n_units for s in made.plan.strata if s.stratum != EXPLORE)


def test_a_market_without_sales_measures_listings_alone():
    units, _ = frame(1_000)
    nothing = np.zeros(1_000, dtype=np.int64)
    unsold = FrameUnits(units.chance, nothing, nothing, units.merchant)
    division = divide(unsold, None, PlanSettings(300), SECRET)
    made = world()
    plan = _plan_of(unsold, division, made)
    assert plan.estimands == ("listings",)


def _plan_of(units, division, made):
    from assay.measurement.plans import make_plan

    return make_plan(units, division, made.plan.frame, PlanSettings(300), made.plan.harm, made.plan.circumstances)


def test_sales_strata_narrow_the_expected_interval_of_orders_against_random_buys():
    expected = {e.estimand: e for e in world(PlanSettings(800), n=10_000).plan.expected}
    assert expected["orders"].half_width < 0.6 * expected["orders"].random_half_width
    assert expected["value"].half_width < 0.6 * expected["value"].random_half_width


def test_an_empty_frame_is_refused():
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(CallerError, match="frame is empty"):
        divide(FrameUnits(np.zeros(0), nothing, nothing, nothing), None, PlanSettings(100), SECRET)


@pytest.mark.parametrize(
    "wrong",
    [{"n_buys": 10}, {"enforce_share": 0.3}, {"n_strata": 0}, {"confidence": 1.0}, {"looks": 0}, {"plain_share": -1}],
)
def test_settings_out_of_range_are_refused_with_what_is_allowed(wrong):
    with pytest.raises(CallerError, match="allowed is"):
        PlanSettings(**({"n_buys": 400} | wrong))


def test_a_plan_comes_back_from_its_bytes_and_its_seal_holds():
    made = world()
    content = plan_bytes(made.plan)
    assert read_plan(content) == made.plan
    check_seal(content, made.seal, "plan.json")


def test_any_later_change_of_a_plan_breaks_its_seal():
    made = world()
    changed = dataclasses.replace(made.plan, n_fake_controls=made.plan.n_fake_controls + 1)
    with pytest.raises(BrokenSeal, match="changed after it was sealed"):
        check_seal(plan_bytes(changed), made.seal, "plan.json")


@pytest.mark.parametrize(
    "change", [(b'"looks": 1', b'"looks": 0'), (b'"strata"', b'"strota"'), (b"assay-test", b"other-test")]
)
def test_what_is_not_a_plan_is_refused(change):
    with pytest.raises(BrokenSeal, match=r"is not a plan|canonical"):
        read_plan(plan_bytes(world().plan).replace(*change, 1))
