import itertools

import numpy as np
import pytest

from assay.market.errors import CallerError
from assay.measurement.enforcement import (
    BuyValues,
    Goods,
    Harm,
    Stop,
    choose_buys,
    stop_rule,
    thompson_propensities,
    value_buys,
)


def goods(**columns):
    n = len(columns.get("chance", [0.5]))
    defaults = {
        "chance": [0.5] * n,
        "merchant": list(range(n)),
        "n_orders": [10] * n,
        "price_minor": [10_000] * n,
        "safety_factor": [1.0] * n,
        "strikes": [0] * n,
        "case_minor": [0.0] * n,
    }
    return Goods(**{name: np.asarray(columns.get(name, value)) for name, value in defaults.items()})


def value(harm=None, **columns):
    return value_buys(goods(**columns), harm or Harm(handling_minor=5_000), period_days=90)


def test_the_terms_of_one_buy_add_up_as_stated():
    found = value(chance=[0.4], n_orders=[9], price_minor=[2_000], safety_factor=[3.0], case_minor=[7_000.0])
    assert found.goods[0] == pytest.approx(9.5 * 2_000 * 3.0)
    assert (found.strike[0], found.network[0], found.cost[0]) == (0.0, 7_000.0, 7_000.0)
    assert found.net[0] == pytest.approx(0.4 * (57_000.0 + 7_000.0) - 7_000.0)


def test_a_strike_is_worth_the_merchants_other_goods_over_the_strikes_still_needed():
    found = value(chance=[0.5, 0.2], merchant=[0, 0], n_orders=[9, 19], price_minor=[100, 100], strikes=[1, 1])
    assert found.strike[0] == pytest.approx(0.2 * 19.5 * 100 / 2)
    assert found.strike[1] == pytest.approx(0.5 * 9.5 * 100 / 2)


@pytest.mark.parametrize(
    ("column", "low", "high"),
    [("chance", 0.1, 0.9), ("n_orders", 1, 100), ("safety_factor", 1.0, 10.0), ("case_minor", 0.0, 1e6)],
)
def test_more_of_any_reason_never_lowers_the_value(column, low, high):
    assert value(**{column: [high]}).net[0] > value(**{column: [low]}).net[0]


def values_from(expected, cost):
    ones = np.ones(len(expected))
    return BuyValues(ones, np.asarray(expected, float), 0 * ones, 0 * ones, np.asarray(cost, float))


def test_the_greedy_choice_is_within_one_item_of_the_best():
    rng = np.random.default_rng(2)
    for _ in range(30):
        worth, cost = rng.integers(50, 500, 9), rng.integers(10, 60, 9)
        found = values_from(worth, cost)
        chosen = choose_buys(found, np.arange(9), 9, budget_minor=150)
        sets = (s for k in range(10) for s in itertools.combinations(range(9), k) if cost[list(s)].sum() <= 150)
        best = max(worth[list(s)].sum() for s in sets)
        assert cost[chosen].sum() <= 150
        assert best - worth[chosen].sum() <= worth.max()


def test_no_merchant_is_bought_from_more_often_than_allowed_and_no_loss_is_bought():
    found = values_from([900, 800, 700, 600, 5], [10, 10, 10, 10, 10])
    merchant = np.array([0, 0, 0, 1, 2])
    assert choose_buys(found, merchant, 10, most_per_merchant=2).tolist() == [0, 1, 3]


def test_settled_merchants_are_passed_over():
    found = values_from([900, 800], [10, 10])
    assert choose_buys(found, np.arange(2), 10, open_units=np.array([False, True])).tolist() == [1]


def test_stop_rule_never_confirms_on_genuine_goods_alone_and_more_fakes_never_clear():
    for n in range(40):
        assert stop_rule(0, n)[0] is not Stop.CONFIRMED
        chances = [stop_rule(k, n)[1] for k in range(4)]
        assert chances == sorted(chances)


def test_the_stop_rule_confirms_few_honest_merchants():
    """Of merchants with 5 % counterfeits (tau is 10 %), how many are confirmed within 30 buys."""
    rng = np.random.default_rng(4)
    wrong = 0
    for _ in range(400):
        fakes = np.cumsum(rng.random(30) < 0.05)
        states = (stop_rule(int(k), n + 1 - int(k))[0] for n, k in enumerate(fakes))
        wrong += next((s for s in states if s is not Stop.GO_ON), Stop.GO_ON) is Stop.CONFIRMED
    assert wrong / 400 < 0.1


def test_propensities_add_up_keep_their_floor_and_favour_what_found_more():
    found = thompson_propensities([9, 1, 0], [1, 9, 10], least=0.06)
    assert found.sum() == pytest.approx(1.0)
    assert found.min() >= 0.02
    assert found[0] > 0.9 > found[1] >= found[2]
    assert np.array_equal(found, thompson_propensities([9, 1, 0], [1, 9, 10], least=0.06))


def test_segments_without_history_are_explored_alike():
    assert thompson_propensities([0, 0], [0, 0]) == pytest.approx([0.5, 0.5], abs=0.02)


@pytest.mark.parametrize("wrong", [lambda: Harm(horizon_days=0), lambda: Harm(refund_rate=2), lambda: stop_rule(-1, 0)])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(CallerError):
        wrong()
