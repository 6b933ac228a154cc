import numpy as np
import pytest
from scipy.stats import hypergeom

from assay.attacks.bursts import burst_overlaps
from assay.market.errors import CallerError
from tests.attacks.background import ordinary_posts


def test_equally_active_accounts_give_the_plain_hypergeometric_tail():
    (pair,) = burst_overlaps([range(20), range(15, 40)], range(100), [3] * 100)
    assert (pair.n_left, pair.n_right, pair.n_shared) == (20, 25, 5)
    assert pair.expected == pytest.approx(20 * 25 / 100)
    assert pair.p == pytest.approx(hypergeom.sf(4, 100, 20, 25))


def test_activity_explains_the_overlap_of_busy_accounts():
    """30 busy accounts in both of two bursts: telling among equals, expected where only they are busy."""
    busy = np.where(np.arange(1000) < 40, 500, 1)
    same = burst_overlaps([range(35), range(5, 40)], range(1000), busy)[0]
    equal = burst_overlaps([range(35), range(5, 40)], range(1000), np.ones(1000))[0]
    assert equal.p < 1e-20
    assert same.p > 0.1


def drawn(random, activity, n):
    """A burst of about n accounts, each in with a chance that grows with its activity."""
    return np.flatnonzero(random.random(len(activity)) < np.minimum(1, n * activity / activity.sum()))


def test_bursts_of_independent_accounts_hold_their_size():
    """800 pairs of bursts among 3,000 accounts of very unequal activity: three Monte Carlo standard errors above."""
    random, p = np.random.default_rng(0), []
    for _ in range(800):
        activity = np.floor(random.random(3000) ** (-1 / 1.2)).clip(1, 1000)
        p.append(burst_overlaps([drawn(random, activity, 150) for _ in range(2)], range(3000), activity)[0].p)
    for level in (0.01, 0.05, 0.10):
        assert np.mean(np.array(p) <= level) <= level + 3 * np.sqrt(level * (1 - level) / 800)
    assert np.mean(np.array(p) <= 0.1) >= 0.02


def test_one_campaign_behind_two_bursts_is_found():
    """40 campaign accounts of a market of 20,000, each in either burst with chance 0.5, among 150 others a burst."""
    random, p = np.random.default_rng(1), []
    for _ in range(50):
        activity = np.floor(random.random(20_000) ** (-1 / 1.2)).clip(1, 1000)
        activity[:40] = 20
        bursts = [np.union1d(drawn(random, activity, 150), np.flatnonzero(random.random(40) < 0.5)) for _ in range(2)]
        p.append(burst_overlaps(bursts, range(20_000), activity)[0].p)
    assert np.mean(np.array(p) <= 0.01) >= 0.6


def test_all_pairs_are_tested_and_counted():
    pairs = burst_overlaps([[1, 2], [2, 3], [5]], range(10), [1] * 10)
    assert [(pair.left, pair.right) for pair in pairs] == [(0, 1), (0, 2), (1, 2)]
    assert [pair.n_shared for pair in pairs] == [1, 0, 0]
    assert pairs[0].q == pytest.approx(min(1, 3 * pairs[0].p))


def test_empty_and_single_bursts_are_answered():
    assert burst_overlaps([], [], []) == []
    assert burst_overlaps([[1]], [1], [1]) == []
    assert burst_overlaps([[], [1, 1]], [1], [1])[0].p == 1.0


def test_unknown_and_doubled_accounts_are_refused():
    with pytest.raises(CallerError, match="Account 9 of burst 1 is not among"):
        burst_overlaps([[1], [9]], [1, 2], [1, 1])
    with pytest.raises(CallerError, match="Account 2 is listed twice"):
        burst_overlaps([], [2, 2], [1, 1])
    with pytest.raises(CallerError, match="2 accounts and 1 numbers"):
        burst_overlaps([], [1, 2], [1])


def test_random_posts_of_the_ordinary_background_share_no_more_accounts_than_their_activity_explains():
    posts = ordinary_posts()
    random = np.random.default_rng(2)
    accounts, n_posts = np.unique(posts.account, return_counts=True)
    p = []
    for _ in range(100):
        first, second = (posts.account[random.choice(len(posts.account), 500, replace=False)] for _ in range(2))
        p.append(burst_overlaps([first, second], accounts, n_posts)[0].p)
    for level in (0.05, 0.10):
        assert np.mean(np.array(p) <= level) <= level + 3 * np.sqrt(level * (1 - level) / 100)
