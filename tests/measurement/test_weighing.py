from itertools import combinations

import numpy as np
import pytest

from assay.measurement.samples import read_sample
from assay.measurement.weighing import weigh
from tests.measurement.made import found, stratum, tables


def weighed(*parts, estimand="listings"):
    sample = read_sample(*tables(*parts), estimand)
    return weigh(sample, sample.positive, sample.conclusive)


def test_the_share_is_unbiased_over_all_samples():
    fake = np.array([1, 0, 0, 1, 0, 0])
    orders = np.array([5, 1, 2, 2, 9, 1])
    shares = []
    for drawn in combinations(range(6), 3):
        rows = list(drawn)
        outcomes = ["counterfeit" if fake[i] else "genuine" for i in rows]
        part = stratum("a", 6, outcomes, sizes=orders[rows].tolist(), n_orders=20)
        shares.append(weighed(part, estimand="orders").share)
    assert np.mean(shares) == pytest.approx(7 / 20)


def test_what_was_bought_whole_is_known():
    result = weighed(stratum("certain", 20, found(12, 20), pot="enforce"), stratum("a", 980, found(0, 98)))
    assert result.known_share == pytest.approx(12 / 1000)
    assert result.n_whole == 20
    assert len(result.weights) == 0


def test_a_failure_in_what_was_bought_whole_leaves_it_uncertain():
    result = weighed(stratum("certain", 20, found(9, 20, "swapped", "not_delivered")))
    assert result.known_share == 0.0
    assert result.fraction[0] == pytest.approx(0.9)
    assert result.share == pytest.approx(0.5)


def test_failures_are_made_up_for_within_their_stratum():
    result = weighed(stratum("a", 1000, found(5, 50, *["inconclusive"] * 10)), stratum("b", 1000, found(1, 50)))
    assert result.share == pytest.approx(0.5 * 5 / 40 + 0.5 * 1 / 50)


def test_a_stratum_without_results_borrows_the_nearest():
    silent = stratum("s", 1000, ["not_bought"] * 30, rate=0.02)
    near, far = stratum("n", 1000, found(3, 30), rate=0.03), stratum("f", 1000, found(15, 30), rate=0.5)
    result = weighed(near, silent, far)
    assert result.share == pytest.approx((2000 * 0.1 + 1000 * 0.5) / 3000)


def test_a_larger_unit_of_the_frame_makes_the_largest_weight():
    units, strata = tables(stratum("a", 100, found(0, 10), sizes=[2] * 10, n_orders=400))
    sample = read_sample(units, strata.append_column("largest_n_orders", [[50]]), "orders")
    assert weigh(sample, sample.positive, sample.conclusive).largest[0] == pytest.approx(50 * 10 / 400)


def test_a_domain_is_weighed_by_its_own_units():
    sample = read_sample(*tables(stratum("a", 900, found(2, 30)), stratum("b", 100, found(8, 20))), "listings")
    domain = np.arange(50) % 2 == 0
    result = weigh(sample, sample.positive, sample.conclusive, domain=domain)
    # 15 units of 30 and 10 of 5 are in the domain: one positive of a, four of b.
    assert result.share == pytest.approx((1 * 30 + 4 * 5) / (15 * 30 + 10 * 5))
