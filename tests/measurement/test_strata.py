import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.market.errors import CallerError
from assay.measurement.strata import allocate, stratify, unit_spread, weight_floors


def world(n=20_000, seed=3):
    rng = np.random.default_rng(seed)
    return rng.beta(0.05, 3.0, n), np.floor(rng.lognormal(1.0, 1.5, n))


def test_levels_of_chance_hold_about_the_same_spread_each():
    chance, _ = world()
    ones = np.ones(len(chance))
    held = np.bincount(stratify(chance, ones, 8), weights=unit_spread(chance, ones))
    assert len(held) == 8
    assert held.max() < 1.35 * held.mean()


def test_small_sales_are_cut_by_chance_and_larger_ones_stand_apart():
    chance, size = world()
    stratum = stratify(chance, size, 9, n_buys=600)
    worth = size / size.sum() * 600
    assert stratum.max() == 8
    assert all(chance[stratum == k].max() <= chance[stratum == k + 1].min() for k in range(4))
    assert worth[stratum <= 4].max() < 0.02
    assert all(worth[stratum == k].max() < worth[stratum == k + 1].min() for k in range(5, 8))
    assert worth[stratum == 8].min() >= 1.0


def test_with_its_floors_no_unit_drawn_by_chance_weighs_more_than_four_buys_worth():
    chance, size = world()
    stratum = stratify(chance, size, 9, n_buys=600)
    n_units = np.bincount(stratum)
    floors = weight_floors(size, stratum, 600)
    buys = allocate(n_units, np.full(9, 0.1), 600, floor=floors)
    assert floors.sum() < 600
    drawn = buys[stratum] < n_units[stratum]
    assert (size / size.sum() * (n_units / buys)[stratum])[drawn].max() * 600 <= 4.0


def test_equal_sizes_leave_strata_of_chance_alone():
    chance, _ = world()
    stratum = stratify(chance, np.ones(len(chance)), 6)
    assert all(chance[stratum == k].max() <= chance[stratum == k + 1].min() for k in range(5))


def test_strata_do_not_depend_on_the_order_of_units():
    chance, size = world(2_000)
    order = np.random.default_rng(1).permutation(len(chance))
    assert (stratify(chance, size, 8)[order] == stratify(chance[order], size[order], 8)).all()


def test_ties_share_a_stratum_and_leave_fewer_strata():
    chance = np.array([0.01] * 95 + [0.9] * 5)
    stratum = stratify(chance, np.ones(100), 10)
    assert set(stratum) == {0, 1}
    assert (stratum[:95] == 0).all()


def test_no_sales_at_all_and_no_risk_at_all_still_give_strata():
    assert stratify(np.zeros(10), np.zeros(10), 4).tolist() == [0] * 10


@pytest.mark.parametrize(
    ("chance", "size", "n_strata", "words"),
    [
        ([], [], 3, "at least one unit"),
        ([1.2], [1], 3, "between 0 and 1"),
        ([float("nan")], [1], 3, "between 0 and 1"),
        ([0.1], [-1], 3, "negative"),
        ([0.1], [1], 0, "at least 1"),
        ([0.1, 0.2], [1], 2, "one chance and one size"),
    ],
)
def test_what_cannot_be_stratified_is_said(chance, size, n_strata, words):
    with pytest.raises(CallerError, match=words):
        stratify(chance, size, n_strata)


strata = st.lists(st.tuples(st.integers(1, 5_000), st.floats(0, 0.5)), min_size=1, max_size=12)


@given(strata, st.integers(12, 5_000), st.floats(0, 1), st.integers(1, 60))
def test_allocation_adds_up_within_floors_and_caps(strata, n_buys, eta, floor):
    units, spread = np.array([n for n, _ in strata]), np.array([s for _, s in strata])
    buys = allocate(units, spread, n_buys, eta=eta, floor=floor)
    least = np.minimum(units, floor)
    assert buys.sum() == min(n_buys, units.sum())
    assert (buys <= units).all()
    assert (buys >= (least if least.sum() <= n_buys else 1)).all()
    assert (buys == allocate(units, spread, n_buys, eta=eta, floor=floor)).all()


def test_floors_that_do_not_fit_fall_and_what_is_bought_whole_stays_so():
    buys = allocate([10_000, 10_000, 40], [0.1, 0.1, 0.1], 400, floor=[300, 300, 40])
    assert buys.tolist() == [180, 180, 40]


def test_allocation_follows_neyman_where_nothing_binds():
    units, spread = np.array([8_000, 1_500, 500]), np.array([0.05, 0.2, 0.5])
    buys = allocate(units, spread, 600, eta=0.0, floor=1)
    assert np.allclose(buys, 600 * units * spread / (units * spread).sum(), atol=1)


def test_a_stratum_taken_for_genuine_keeps_its_defensive_share():
    units, spread = np.array([990_000, 10_000]), np.array([0.0, 0.3])
    assert allocate(units, spread, 1_000, eta=0.0)[0] == 30
    assert allocate(units, spread, 1_000, eta=0.4)[0] > 800


def test_fewer_buys_than_strata_are_refused():
    with pytest.raises(CallerError, match="2 buys cannot be spread over 3 strata"):
        allocate([10, 10, 10], [0.1, 0.1, 0.1], 2)
