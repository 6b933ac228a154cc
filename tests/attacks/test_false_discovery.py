import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, norm

from assay.attacks.false_discovery import dependent_q_values, q_values, shuffled_p
from assay.market.errors import CallerError

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=50)


@given(P_VALUES)
def test_q_values_equal_scipys(p):
    assert q_values(p) == pytest.approx(false_discovery_control(p))
    assert dependent_q_values(p) == pytest.approx(false_discovery_control(p, method="by"))


@given(P_VALUES, st.randoms())
def test_order_plays_no_part_and_q_keeps_the_order_of_p(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    assert q_values(np.array(p)[order]) == pytest.approx(q_values(p)[order])
    q = q_values(p)
    assert (np.diff(q[np.argsort(p)]) >= -1e-12).all()
    assert (q >= np.array(p) - 1e-12).all()


def test_tests_left_out_of_the_list_still_count():
    assert q_values([0.001], n_tests=100).tolist() == pytest.approx([0.1])
    whole = q_values([0.001, 0.002, *[1.0] * 98])
    assert q_values([0.001, 0.002], n_tests=100) == pytest.approx(whole[:2])


def test_what_was_not_tested_is_not_counted():
    q = q_values([0.01, np.nan, 0.02])
    assert q[[0, 2]] == pytest.approx([0.02, 0.02])
    assert np.isnan(q[1])


def test_no_tests_give_no_q_values():
    assert q_values([]).shape == (0,)
    assert np.isnan(q_values([np.nan])).all()


@pytest.mark.parametrize("p", [[-0.1], [0.5, 1.1]])
def test_a_p_value_outside_0_to_1_is_refused(p):
    with pytest.raises(CallerError, match="0 to 1"):
        q_values(p)


def test_a_family_smaller_than_its_tests_is_refused():
    with pytest.raises(CallerError, match="n_tests is 1"):
        q_values([0.1, 0.2], n_tests=1)


def test_the_share_of_false_calls_stays_at_the_level_asked():
    """2,000 families of 50 tests, 10 of them true: Monte Carlo error of the mean share about 0.002."""
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(2000):
        z = rng.normal(size=50)
        z[:10] += 3
        called = q_values(norm.sf(z)) <= 0.05
        shares.append(called[10:].sum() / max(1, called.sum()))
    # Theory: 0.05 times the share of true nulls, 0.04.
    assert np.mean(shares) == pytest.approx(0.04, abs=0.006)


def test_shuffled_p_is_never_nought_and_counts_ties():
    assert shuffled_p(10, np.zeros(199)) == pytest.approx(1 / 200)
    assert shuffled_p(0, np.zeros(199)) == 1.0
    assert shuffled_p(3, []) == 1.0
    assert shuffled_p(0.1 + 0.2, [0.3]) == 1.0


def test_shuffled_p_holds_its_size():
    rng = np.random.default_rng(1)
    p = np.array([shuffled_p(row[0], row[1:]) for row in rng.normal(size=(20_000, 100))])
    for level in (0.01, 0.05, 0.1):
        # Attainable level with 99 shuffles is the level itself; three standard errors of 20,000 runs.
        assert np.mean(p <= level) == pytest.approx(level, abs=3 * np.sqrt(level / 20_000))
