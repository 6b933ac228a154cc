"""Sensitivity: posts looked at again with other settings, by exact comparison."""

import numpy as np
import pytest

from assay.attacks.sensitivity import Posts, ShingleRun, by_threshold, by_window, likenesses

RUN = ShingleRun(4, 2)
TEXTS = [
    "they force every small shop to choose one platform",
    "they force every little shop to choose one platform",
    "prices went up before the sale and down again after it",
    "the dog slept under a bench at the station this morning",
]


def some_posts(**changes):
    # Accounts 0 and 1 tell both narratives, account 2 only the first; account 3 is the sample.
    rows = [(0, 0, 0, 0), (1, 1, 0, 60), (2, 0, 0, 9_000), (2, 0, 1, 86_400), (2, 1, 1, 90_000), (3, 3, -1, 30)]
    text, account, narrative, at = (np.array(column) for column in zip(*rows, strict=True))
    parts = {"texts": TEXTS, "text": text, "account": account, "narrative": narrative, "posted_at_s": at}
    extra = np.array([0, 1, 2, 0, 1, 3])
    return Posts(**{**parts, "account": extra, "is_core": np.isin(extra, [0, 1]), **changes})


def test_likeness_is_to_other_accounts_only():
    posts = some_posts()
    likeness = likenesses(posts, RUN)
    alone = likenesses(some_posts(account=np.zeros(6, dtype=int)), RUN)
    assert likeness[2, 0] < 1.0  # its only twin is by nobody else
    assert likeness[3, 1] == 1.0
    assert (alone == 0).all()


def test_likeness_is_the_exact_jaccard_similarity():
    a, b = ({t[i : i + 4] for i in range(len(t) - 3)} for t in TEXTS[:2])
    assert likenesses(some_posts(), RUN)[0, 0] == pytest.approx(len(a & b) / len(a | b))


def test_core_accounts_need_two_narratives_and_the_sample_stays_out():
    posts = some_posts()
    likeness = likenesses(posts, RUN)
    assert by_threshold(posts, likeness, 0.5).n_core == 2
    assert by_threshold(posts, likeness, 0.5).n_sample == 0
    assert by_threshold(posts, likeness, 0.99).n_core == 0


def test_a_higher_threshold_never_finds_more():
    posts = some_posts()
    likeness = likenesses(posts, RUN)
    found = [by_threshold(posts, likeness, least) for least in (0.0, 0.3, 0.6, 0.9, 1.0)]
    assert [f.n_core for f in found] == sorted((f.n_core for f in found), reverse=True)
    assert [f.n_sample for f in found] == sorted((f.n_sample for f in found), reverse=True)
    assert found[0].n_sample == 1


def test_a_window_counts_other_core_accounts_only():
    posts = some_posts()
    likeness = likenesses(posts, RUN)
    assert by_window(posts, likeness, 0.5, 59).n_core == 0
    assert by_window(posts, likeness, 0.5, 60).n_core == 2
    alone = some_posts(is_core=np.array([True, False, False, True, False, False]))
    assert by_window(alone, likeness, 0.5, 10**6).n_core == 0


def test_a_wider_window_never_finds_fewer():
    posts = some_posts()
    likeness = likenesses(posts, RUN)
    found = [by_window(posts, likeness, 0.3, window).n_core for window in (0, 60, 600, 86_400)]
    assert found == sorted(found)
