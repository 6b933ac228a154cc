import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.attacks.reuse import ReuseBackground, densest_windows, length_class
from assay.attacks.timing import DAY_S
from assay.market.errors import CallerError
from tests.attacks.background import ordinary_posts

POSTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(-50, 50)), min_size=1, max_size=40)


@given(POSTS, st.integers(1, 30))
def test_the_densest_window_equals_counting_at_every_start(posts, window):
    found = densest_windows(*(np.array(column) for column in zip(*posts, strict=True)), window_s=window)
    for narrative, n_accounts, start in zip(found.narrative, found.n_accounts, found.starts_at_s, strict=True):

        def accounts_from(begins, narrative=narrative):
            return len({who for text, who, at in posts if text == narrative and begins <= at <= begins + window})

        assert accounts_from(start) == n_accounts
        assert max(accounts_from(at) for text, _, at in posts if text == narrative) == n_accounts
    assert found.narrative.tolist() == sorted({text for text, _, _ in posts})


def test_an_account_counts_once_however_often_it_posts():
    found = densest_windows([1] * 6, [7, 7, 7, 8, 7, 9], [0, 1, 2, 3, 4, 90_000])
    assert (found.n_accounts.tolist(), found.starts_at_s.tolist()) == ([2], [-86397])


def test_no_posts_one_post_and_one_second():
    assert len(densest_windows([], [], []).narrative) == 0
    assert densest_windows([3], [1], [5]).n_accounts.tolist() == [1]
    assert densest_windows([3] * 50, range(50), [5] * 50).n_accounts.tolist() == [50]


def test_length_classes_double():
    assert length_class([0, 8, 15, 16, 31, 32, 140, 9000]).tolist() == [3, 3, 3, 4, 4, 5, 7, 7]


def heavy(random, n, exponent=1.5, least=5):
    """Whole numbers with a power-law tail, as the background's are."""
    return np.floor(least * random.random(n) ** (-1 / exponent)).astype(np.int64)


def test_counted_p_values_are_ranks_in_the_background():
    background = ReuseBackground.of([5, 6, 7, 20, 2, 1], [4] * 6)
    tests = background.test([4, 5, 7, 20], [4] * 4)
    assert np.isnan(tests.p[0])
    assert tests.p[1:] == pytest.approx([1.0, 3 / 5, 2 / 5])
    assert tests.is_counted.all()
    assert tests.expected[1] == 6.5


def test_innocent_narratives_are_called_no_oftener_than_said():
    """300 backgrounds of 200, 20 new narratives each: three Monte Carlo standard errors, those beyond it included."""
    random, p = np.random.default_rng(0), []
    for _ in range(300):
        background = ReuseBackground.of(heavy(random, 200), np.zeros(200))
        p.append(background.test(heavy(random, 20), np.zeros(20)).p)
    p = np.concatenate(p)
    for level in (0.001, 0.01, 0.05, 0.10):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level * (1 - level) / len(p))
    # Ties keep it below its level, and the cautious exponent beyond it, but not out of reach.
    assert np.mean(p <= 0.05) >= 0.035


def test_each_kind_has_its_own_background_when_it_is_large_enough():
    random = np.random.default_rng(1)
    sizes = np.concatenate([heavy(random, 300, 3.0), heavy(random, 300, 1.0), heavy(random, 20, 1.0)])
    background = ReuseBackground.of(sizes, np.repeat([3, 4, 5], [300, 300, 20]))
    p = background.test([40, 40, 40], [3, 4, 5]).p
    assert p[0] < p[2] < p[1]


def test_more_accounts_never_have_the_larger_p():
    random = np.random.default_rng(2)
    for trimmed in (0.0, 0.1):
        background = ReuseBackground.of(heavy(random, 150), np.zeros(150), trimmed_rate=trimmed)
        p = background.test(np.arange(5, 5000), np.zeros(4995)).p
        assert (np.diff(p) <= 1e-15).all()
        assert p.min() > 0


def test_a_campaign_larger_than_anything_usual_is_called_by_a_clean_background():
    """Power: 1,000 narratives of tail exponent 2; 1,000 accounts in a day are beyond 1 in 1,000."""
    random = np.random.default_rng(3)
    p = [ReuseBackground.of(heavy(random, 1000, 2.0), np.zeros(1000)).test([1000], [0]).p[0] for _ in range(50)]
    assert np.mean(np.array(p) <= 0.001) >= 0.9


def test_a_campaign_in_its_own_background_hides_itself_and_trimming_gives_part_of_it_back():
    random = np.random.default_rng(4)
    clean = heavy(random, 600, 2.0)
    dirty = np.concatenate([clean, np.full(10, 400)])
    p = [
        ReuseBackground.of(sizes, np.zeros(len(sizes)), trimmed_rate=rate).test([400], [0]).p[0]
        for sizes, rate in ((clean, 0.0), (dirty, 0.1), (dirty, 0.0))
    ]
    assert p[0] < p[1] < p[2]
    assert p[2] > 10 / 611


def test_accounts_needed_is_the_edge_of_the_p_value():
    background = ReuseBackground.of(heavy(np.random.default_rng(5), 400), np.zeros(400))
    for level in (0.1, 0.01, 0.001):
        needed = background.accounts_needed(level, 0)
        p = background.test([needed - 1, needed], [0, 0]).p
        assert p[0] > level >= p[1]


def test_a_thin_background_says_little_and_none_says_nothing():
    thin = ReuseBackground.of([5, 9, 6], [0, 0, 0])
    assert thin.test([10_000], [0]).p[0] == 0.25
    assert thin.accounts_needed(0.01, 0) is None
    none = ReuseBackground.of([], [])
    assert none.test([10_000], [0]).p.tolist() == [1.0]
    assert ReuseBackground.of([8] * 200, [0] * 200).test([9], [0]).p[0] <= 1 / 201 + 1e-12
    assert len(none.test([], []).p) == 0


def test_columns_of_two_lengths_and_absurd_settings_are_refused():
    with pytest.raises(CallerError, match=r"\[1, 2, 1\] rows"):
        densest_windows([1], [1, 2], [3])
    with pytest.raises(CallerError, match="window of 0 s"):
        densest_windows([1], [1], [3], window_s=0)
    with pytest.raises(CallerError, match=r"share 0\.9"):
        ReuseBackground.of([5], [0], trimmed_rate=0.9)


def test_the_early_background_holds_for_the_later_one():
    """Identical texts of the ordinary background: p-values of the later half against the earlier half's narratives."""
    posts = ordinary_posts()
    long_enough = posts.n_characters >= 8
    at, text = posts.at_s[long_enough], posts.text[long_enough]
    windows = densest_windows(text, posts.account[long_enough], at, window_s=DAY_S)
    n_characters, first = np.zeros(posts.text.max() + 1, dtype=int), np.full(posts.text.max() + 1, 2**60)
    n_characters[posts.text] = posts.n_characters
    np.minimum.at(first, text, at)
    kind, is_early = length_class(n_characters[windows.narrative]), first[windows.narrative] < np.median(at)
    background = ReuseBackground.of(windows.n_accounts[is_early], kind[is_early])
    p = background.test(windows.n_accounts[~is_early], kind[~is_early]).p
    p = p[~np.isnan(p)]
    assert len(p) > 200
    for level in (0.01, 0.05, 0.10):
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level * (1 - level) / len(p))
    # The layer alone does not reach far here: a text must be posted by about 100 accounts in a day at 1 %.
    assert 50 < background.accounts_needed(0.01, 4) < 500
