"""Damages: intervals hold the planted loss, goods of a merchant fall together, drivers are named rightly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from assay.market.errors import CallerError
from assay.measurement.damages import (
    CHANCE,
    LEVEL,
    DamageInputs,
    Range,
    SoldGoods,
    damages,
    merchant_correlation,
)

FIXED = DamageInputs(
    cost_rate=Range(0.4, 0.4),
    diversion_rate=Range(0.3, 0.3),
    margin_rate=Range(0.5, 0.5),
    royalty_rate=Range(0.1, 0.1),
    refund_rate=Range(0.1, 0.1),
    merchant_correlation=Range(0.0, 0.0),
)


def some_goods(rng, n=300, n_merchants=60, level_sd=0.0, **changes):
    chance = np.clip(rng.beta(0.3, 2.0, n), 1e-4, 0.999)
    bar = ndtri(chance)
    parts = {
        "chance": chance,
        "low": np.minimum(ndtr(bar - 1.96 * level_sd), chance),
        "high": np.maximum(ndtr(bar + 1.96 * level_sd), chance),
        "merchants": rng.integers(0, n_merchants, n),
        "units": np.floor(rng.lognormal(2.0, 1.2, n)),
        "group": None,
    }
    parts["revenue_minor"] = parts["units"] * np.round(rng.lognormal(8.0, 0.8, n))
    return SoldGoods(**(parts | changes))


def planted(rng, goods, correlation, level_sd):
    """Which goods of one world are counterfeit, with a common error of the level and merchants that differ."""
    bar = ndtri(goods.chance) + rng.standard_normal() * level_sd
    shared = rng.standard_normal(int(goods.merchants.max()) + 1)[goods.merchants]
    return np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * rng.standard_normal(len(goods)) < bar


def beta_planted(rng, goods, spread):
    """The same with merchants that differ in another way than the estimator believes: odds times a gamma variable."""
    odds = goods.chance / (1 - goods.chance)
    factor = rng.gamma(1 / spread, spread, int(goods.merchants.max()) + 1)[goods.merchants]
    return rng.random(len(goods)) < odds * factor / (1 + odds * factor)


@pytest.mark.parametrize(
    "correlation", [pytest.param(0.0, marks=pytest.mark.long), 0.3, pytest.param(0.6, marks=pytest.mark.long)]
)
def test_intervals_hold_the_planted_loss_nine_times_in_ten(correlation):
    rng = np.random.default_rng(11)
    inputs = DamageInputs(merchant_correlation=Range(max(0.0, correlation - 0.2), correlation + 0.2))
    covered = {name: 0 for name in ("tainted_units", "tainted_value", "infringer_profit", "lost_profit", "royalty")}
    worlds = 300
    for _ in range(worlds):
        goods = some_goods(rng, n=150, level_sd=0.15)
        fake = planted(rng, goods, correlation, 0.15)
        units, value = goods.units[fake].sum(), goods.revenue_minor[fake].sum()
        cost, diverted, margin, rate = (
            getattr(inputs, name).draws(rng, 1)[0]
            for name in ("cost_rate", "diversion_rate", "margin_rate", "royalty_rate")
        )
        truth = (units, value, value * (1 - cost), value * diverted * margin, value * rate)
        found = damages(goods, inputs, replicates=500, rng=rng)
        for name, loss in zip(covered, truth, strict=True):
            covered[name] += found.head(name).low <= loss <= found.head(name).high
    # The standard error of a coverage of 0.95 over 300 worlds is 0.013.
    assert min(covered.values()) / worlds >= 0.90, covered


def test_intervals_hold_when_merchants_differ_in_another_way_than_assumed():
    rng = np.random.default_rng(5)
    inputs = DamageInputs(merchant_correlation=Range(0.1, 0.6))
    hits, worlds = 0, 120
    for _ in range(worlds):
        goods = some_goods(rng, n=150, level_sd=0.15)
        value = goods.revenue_minor[beta_planted(rng, goods, 1.0)].sum()
        head = damages(goods, inputs, replicates=500, rng=rng).head("tainted_value")
        hits += head.low <= value <= head.high
    assert hits / worlds >= 0.90


def test_taking_goods_of_a_merchant_as_independent_makes_intervals_too_narrow():
    rng = np.random.default_rng(3)
    hits = {0.0: 0, 0.5: 0}
    for _ in range(60):
        goods = some_goods(rng, n_merchants=12, revenue_minor=np.ones(300))
        value = goods.revenue_minor[planted(rng, goods, 0.5, 0.0)].sum()
        for believed in hits:
            inputs = DamageInputs(merchant_correlation=Range(believed, believed))
            head = damages(goods, inputs, replicates=600, rng=rng).head("tainted_value")
            hits[believed] += head.low <= value <= head.high
    assert hits[0.0] <= 48 < 54 <= hits[0.5]


def test_the_mean_is_what_the_chances_say():
    goods = some_goods(np.random.default_rng(2))
    found = damages(goods, FIXED, rng=np.random.default_rng(3))
    expected = float((goods.chance * goods.revenue_minor).sum())
    assert found.head("tainted_value").mean == pytest.approx(expected, rel=0.03)
    assert found.head("infringer_profit").mean == pytest.approx(0.6 * expected, rel=0.03)
    assert found.head("lost_profit").mean == pytest.approx(0.15 * expected, rel=0.03)
    assert found.head("royalty").mean == pytest.approx(0.1 * expected, rel=0.03)
    assert found.head("platform_loss").mean == pytest.approx(0.1 * expected, rel=0.03)


def test_judged_goods_are_not_drawn():
    sure = np.array([1.0, 0.0, 1.0])
    goods = SoldGoods(sure, sure, sure, np.array([0, 1, 1]), np.array([3.0, 50.0, 2.0]), np.array([300.0, 9e5, 200.0]))
    head = damages(goods, FIXED, replicates=50, rng=np.random.default_rng(1)).head("tainted_units")
    assert (head.low, head.median, head.high) == (5.0, 5.0, 5.0)


def test_merchants_of_more_goods_than_a_chunk_still_fall_together():
    n = 2_500
    half = np.full(n, 0.5)
    goods = SoldGoods(half, half, half, np.zeros(n, np.int64), np.ones(n), np.ones(n))
    alike = DamageInputs(merchant_correlation=Range(0.99, 0.99))
    head = damages(goods, alike, replicates=400, rng=np.random.default_rng(1)).head("tainted_units")
    assert head.low < 0.05 * n and head.high > 0.95 * n


def test_tainted_units_are_counted_by_group():
    sure = np.ones(3)
    goods = SoldGoods(sure, sure, sure, np.arange(3), np.array([3.0, 5.0, 7.0]), sure, ["safety", "other", "safety"])
    found = damages(goods, FIXED, replicates=20, rng=np.random.default_rng(1))
    assert {head.name: head.median for head in found.by_group} == {"safety": 10.0, "other": 5.0}


def test_the_input_with_the_widest_range_is_named_first():
    goods = some_goods(np.random.default_rng(4), n=3000, n_merchants=3000)
    inputs = DamageInputs(
        diversion_rate=Range(0.05, 0.9), margin_rate=Range(0.49, 0.51), merchant_correlation=Range(0.0, 0.0)
    )
    drivers = damages(goods, inputs, rng=np.random.default_rng(5)).head("lost_profit").drivers
    assert drivers[0].name == "diversion_rate" and drivers[0].variance_rate > 0.8
    assert drivers[0].rank_correlation > 0.9
    assert sum(driver.variance_rate for driver in drivers) == pytest.approx(1.0, abs=0.05)


def test_an_uncertain_score_is_named_as_the_driver():
    goods = some_goods(np.random.default_rng(4), n=2000, n_merchants=2000, level_sd=0.5)
    drivers = damages(goods, FIXED, rng=np.random.default_rng(5)).head("royalty").drivers
    assert drivers[0].name == LEVEL and drivers[0].rank_correlation > 0.9


def test_a_cost_pulls_the_infringers_profit_down():
    goods = some_goods(np.random.default_rng(4))
    drivers = {d.name: d for d in damages(goods, rng=np.random.default_rng(5)).head("infringer_profit").drivers}
    assert drivers["cost_rate"].rank_correlation < -0.1
    assert drivers[CHANCE].rank_correlation is None


def test_goods_that_carry_most_of_the_value_are_pointed_out():
    goods = some_goods(np.random.default_rng(4))
    goods.revenue_minor[:3] *= 10_000
    assert "test-buy them" in damages(goods, rng=np.random.default_rng(5)).warnings[0]


def test_the_same_seed_gives_the_same_figures():
    goods = some_goods(np.random.default_rng(4))
    first, second = (damages(goods, replicates=200, rng=np.random.default_rng(9)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.5])
def test_the_correlation_of_a_merchants_goods_is_found_again(correlation):
    rng = np.random.default_rng(8)
    goods = some_goods(rng, n=12_000, n_merchants=1_500)
    found, n_pairs = merchant_correlation(goods.chance, planted(rng, goods, correlation, 0.0), goods.merchants)
    assert found == pytest.approx(correlation, abs=0.06)
    assert n_pairs > 10_000


def test_goods_of_merchants_with_one_each_say_nothing_of_correlation():
    assert merchant_correlation([0.1, 0.9], [0, 1], [1, 2]) == (0.0, 0)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.integers(1, 1000))
def test_intervals_are_in_order_and_within_what_was_sold(chance, width, units):
    low, high = chance * (1 - width), chance + (1 - chance) * width
    goods = SoldGoods(*(np.array([each]) for each in (chance, low, high, 0, float(units), 100.0 * units)))
    head = damages(goods, replicates=40, rng=np.random.default_rng(1)).head("tainted_units")
    assert 0 <= head.low <= head.median <= head.high <= units


def test_ranges_and_goods_out_of_order_are_refused():
    with pytest.raises(CallerError, match="low <= likely <= high"):
        Range(0.5, 0.2)
    with pytest.raises(CallerError, match="cost_rate runs from"):
        DamageInputs(cost_rate=Range(0.2, 1.4))
    one = np.array([0.5])
    with pytest.raises(CallerError, match="0 <= low <= chance"):
        damages(SoldGoods(one, np.array([0.7]), one, one.astype(int), one, one), rng=np.random.default_rng(1))
