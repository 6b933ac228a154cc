"""Shared accounts beyond what activity explains, with its false-alarm rate; groups and cores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from assay.attacks.groups import tied_groups
from assay.attacks.recurrence import Activity, overlaps


def activity_of(account, n_accounts=None):
    n_posts, count = np.unique(np.bincount(account), return_counts=True)
    return Activity(n_posts[n_posts > 0], count[n_posts > 0])


def written(everyone, account):
    return np.bincount(everyone)[account]


def world(rng, n_accounts=4_000, n_narratives=60, size=25):
    """Posts of ordinary accounts with a heavy tail of activity, narratives drawn without regard to who writes."""
    activity = np.minimum(rng.zipf(2.2, n_accounts), 200)
    account = np.repeat(np.arange(n_accounts), activity)
    told = rng.choice(len(account), n_narratives * size, replace=False)
    return account, account[told], np.repeat(np.arange(n_narratives), size)


def test_ordinary_posts_tie_no_narratives() -> None:
    n_runs, called = 200, 0
    for seed in range(n_runs):
        everyone, account, narrative = world(np.random.default_rng(seed))
        found = overlaps(account, narrative, written(everyone, account), activity_of(everyone), most_q=0.05)
        called += len(tied_groups(account, narrative, found, n_narratives=60, least_core=2)) > 0
    # At most one corpus in twenty may name any group; three standard errors of the simulation on top.
    assert called <= binom.ppf(0.999, n_runs, 0.05)


def planted(rng, n_members=20, n_narratives=4):
    everyone, account, narrative = world(rng)
    members = np.arange(5_000, 5_000 + n_members)
    own_account = np.repeat(members, 3)
    own_narrative = 60 + rng.integers(0, n_narratives, len(own_account))
    everyone = np.concatenate((everyone, own_account, own_account))
    return everyone, np.concatenate((account, own_account)), np.concatenate((narrative, own_narrative)), members


def test_a_small_group_with_several_narratives_is_found_and_nobody_else() -> None:
    everyone, account, narrative, members = planted(np.random.default_rng(1))
    found = overlaps(account, narrative, written(everyone, account), activity_of(everyone), most_q=0.05)
    groups = tied_groups(account, narrative, found, n_narratives=64, least_core=5)
    assert len(groups) == 1
    core = set(groups.account[groups.is_core].tolist())
    assert core <= set(members.tolist())
    assert len(core) >= 16
    assert set(np.flatnonzero(groups.of_narrative == 0)) == {60, 61, 62, 63}
    assert groups.weakest_q[0] <= 0.05


def test_parts_of_one_text_do_not_validate_each_other() -> None:
    everyone, account, narrative, _ = planted(np.random.default_rng(2), n_narratives=2)
    related = np.array([[60, 61]])
    found = overlaps(
        account, narrative, written(everyone, account), activity_of(everyone), most_q=0.05, related=related
    )
    assert len(tied_groups(account, narrative, found, n_narratives=62, least_core=5)) == 0
    without = overlaps(account, narrative, written(everyone, account), activity_of(everyone), most_q=0.05)
    assert len(tied_groups(account, narrative, without, n_narratives=62, least_core=5)) == 1


def test_one_shared_account_is_never_enough() -> None:
    account, narrative = np.array([0, 1, 0, 2]), np.array([0, 0, 1, 1])
    found = overlaps(account, narrative, np.ones_like(account), Activity(np.array([2]), np.array([10**9])), most_q=0.9)
    assert found.n_shared.tolist() == [1]
    assert not found.is_validated.any()


def test_what_is_expected_follows_the_formula() -> None:
    # Two narratives of 3 posts among 100; 40 accounts with one post and 20 with three.
    account, narrative = np.array([0, 1, 2, 0, 1, 3]), np.array([0, 0, 0, 1, 1, 1])
    found = overlaps(
        account, narrative, np.ones_like(account), Activity(np.array([1, 3]), np.array([40, 20])), most_q=0.05
    )
    expected = 40 * (1 - np.exp(-0.03)) ** 2 + 20 * (1 - np.exp(-0.09)) ** 2
    assert found.expected.tolist() == pytest.approx([expected])
    assert found.p.tolist() == pytest.approx([1 - np.exp(-expected) * (1 + expected)])


def test_those_who_write_everything_are_not_counted() -> None:
    # Account 0 wrote 500 of 1,000 posts and is in both narratives, with two others.
    account, narrative = np.array([0, 1, 2, 0, 1, 2]), np.array([0, 0, 0, 1, 1, 1])
    everybody = Activity(np.array([1, 500]), np.array([500, 1]))
    found = overlaps(account, narrative, np.array([500, 1, 1, 500, 1, 1]), everybody, most_q=0.05)
    assert found.n_shared.tolist() == [2]
    assert found.expected[0] == pytest.approx(500 * (1 - np.exp(-0.003)) ** 2)


def test_nothing_told_ties_nothing() -> None:
    nothing = np.empty(0, np.int64)
    found = overlaps(nothing, nothing, nothing, Activity(nothing, nothing), most_q=0.05)
    assert len(found.left) == 0
    groups = tied_groups(nothing, nothing, found, n_narratives=0, least_core=5)
    assert len(groups) == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_repeated_posts_and_their_order_change_no_membership(seed: int) -> None:
    rng = np.random.default_rng(seed)
    everyone, account, narrative, _ = planted(rng)
    order = rng.permutation(len(account))
    results = []
    for rows in (np.arange(len(account)), order):
        found = overlaps(
            account[rows], narrative[rows], written(everyone, account[rows]), activity_of(everyone), most_q=0.05
        )
        groups = tied_groups(account[rows], narrative[rows], found, n_narratives=64, least_core=5)
        results.append((groups.account.tolist(), groups.is_core.tolist(), groups.n_narratives.tolist()))
    assert results[0] == results[1]


def test_a_narrative_that_the_core_tells_alone_is_shown_as_theirs() -> None:
    everyone, account, narrative, members = planted(np.random.default_rng(3))
    # All members tell it many times over, so that everybody would be expected in it, and no overlap ties it.
    account = np.concatenate((account, np.repeat(members, 60)))
    narrative = np.concatenate((narrative, np.full(60 * len(members), 64)))
    found = overlaps(account, narrative, written(everyone, account), activity_of(everyone), most_q=0.05)
    ties = found.is_validated & (found.right == 64)
    found.is_validated[ties] = False
    groups = tied_groups(account, narrative, found, n_narratives=65, least_core=5)
    assert groups.of_narrative[64] == 0
    assert set(groups.account[groups.is_core].tolist()) <= set(members.tolist())
