"""The group test of style: what counts as own words, and that random groups are not told apart."""

import numpy as np
import pytest
from scipy.stats import binom

from assay.attacks.style import group_style
from assay.attacks.style_features import count, habits, scale, similarities
from assay.attacks.style_texts import masked, own_posts
from assay.market.errors import CallerError
from tests.attacks.writers import nobody, writer

COPIED = "The announced merger of both harbour companies will be voted on by the shareholders next spring"


def test_masking_keeps_case_and_marks_and_hides_names() -> None:
    assert masked("回复@某人:好吧！！[哈哈] http://t.cn/a #话题# //@别人:转") == "好吧！！[哈哈] \u241f #"
    assert masked("RT @b: WOW, so Good…") == "WOW, so Good…"


def test_a_text_shared_by_two_accounts_speaks_for_neither() -> None:
    own = own_posts([[COPIED, "my own words about the garden wall"], [COPIED.replace("spring", "summer") + "!"]])
    assert [[place for place, _ in posts] for posts in own] == [[1], []]


def test_near_copies_within_an_account_count_once() -> None:
    assert [place for place, _ in own_posts([[COPIED, COPIED + " !!", "something else entirely was said"]])[0]] == [
        0,
        2,
    ]


def test_short_common_texts_stay_with_everybody() -> None:
    assert [len(posts) for posts in own_posts([["so true!"], ["so true!"], ["ok"]])] == [1, 1, 0]


def test_no_posts_give_no_posts() -> None:
    assert own_posts([[], []]) == [[], []]


def test_habits_hold_no_content_words() -> None:
    assert not any("merger" in habit or "harbour" in habit for habit in habits(COPIED))


def test_denying_is_no_habit() -> None:
    assert sorted(habits("this is not true")) == sorted(habits("this is now true".replace("now", "xyz")))


def test_an_account_is_most_like_itself() -> None:
    rng = np.random.default_rng(3)
    writers = [writer(rng, 60) for _ in range(12)]
    left, right = count([posts[:30] for posts in writers]), count([posts[30:] for posts in writers])
    usual = scale(left)
    views = similarities(usual.vectors(left), usual.vectors(right))
    assert views.shape == (3, 12, 12)
    assert np.abs(views).max() <= 1.0 + 1e-9
    assert (views.mean(axis=0).argmax(axis=1) == np.arange(12)).mean() >= 0.75


def test_similarity_does_not_depend_on_the_order_of_posts() -> None:
    rng = np.random.default_rng(4)
    posts = [writer(rng, 10) for _ in range(4)]
    forwards, backwards = count(posts), count([list(reversed(one)) for one in posts])
    assert (forwards.words != backwards.words).nnz == 0
    assert (forwards.runs != backwards.runs).nnz == 0
    assert (forwards.habits != backwards.habits).nnz == 0


def test_one_hand_behind_many_accounts_is_found() -> None:
    rng = np.random.default_rng(5)
    posts = writer(rng, 96)
    group = [posts[start::12] for start in range(12)]
    result = group_style(group, [writer(rng, 8) for _ in range(80)], n_permutations=199, rng=rng)
    assert result.refused is None
    assert result.p == pytest.approx(1 / 200)
    assert result.observed is not None and result.null_mean is not None and result.null_sd is not None
    assert result.observed > result.null_mean + 3 * result.null_sd
    assert (result.n_accounts, result.n_left_out) == (12, 0)


def test_random_groups_are_called_alike_no_more_often_than_stated() -> None:
    rng = np.random.default_rng(6)
    n_groups = 40
    accounts = [writer(rng, 6) for _ in range(40)]
    p = []
    for _ in range(n_groups):
        order = rng.permutation(40).tolist()
        group, pool = [accounts[row] for row in order[:8]], [accounts[row] for row in order[8:]]
        p.append(group_style(group, pool, n_permutations=39, rng=rng).p)
    rejected = sum(one is not None and one <= 0.05 for one in p)
    assert rejected <= binom.ppf(0.999, n_groups, 0.05)


def test_a_shared_subject_is_no_shared_hand_once_topics_are_matched() -> None:
    rng = np.random.default_rng(7)
    about = ["at Skagen light"]
    group = [writer(rng, 6, about[0]) for _ in range(10)]
    same = [writer(rng, 6, about[0]) for _ in range(40)]
    other = [writer(rng, 6) for _ in range(40)]
    topics = (["skagen"] * 10, ["skagen"] * 40 + ["other"] * 40)
    matched = group_style(group, same + other, n_permutations=199, rng=rng, topics=topics)
    unmatched = group_style(group, other, n_permutations=199, rng=rng)
    assert unmatched.p == pytest.approx(1 / 200)
    assert matched.p is not None and matched.p > 0.05
    assert matched.n_pool == 40


def test_few_accounts_are_refused_with_the_reason() -> None:
    rng = np.random.default_rng(8)
    result = group_style([nobody(rng, 5)] * 3, [nobody(rng, 5) for _ in range(20)], rng=rng)
    assert result.p is None and result.observed is None
    assert result.refused is not None and "needs 5" in result.refused


def test_the_same_seed_gives_the_same_result() -> None:
    posts = [writer(np.random.default_rng(9), 6) for _ in range(30)]
    accounts = [writer(np.random.default_rng(seed), 6) for seed in range(30)]
    assert posts[0] == posts[1]
    first, second = (
        group_style(accounts[:8], accounts[8:], n_permutations=50, rng=np.random.default_rng(1)) for _ in range(2)
    )
    assert first == second


def test_topics_that_do_not_fit_are_the_callers_fault() -> None:
    with pytest.raises(CallerError, match="one topic per account"):
        group_style([["a"]], [["b"]], rng=np.random.default_rng(1), topics=([], []))
    with pytest.raises(CallerError, match="at least 1"):
        group_style([["a"]], [["b"]], n_permutations=0, rng=np.random.default_rng(1))
