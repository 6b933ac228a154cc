import numpy as np
import pytest

from assay.attacks.calendar import CalendarEvent, calendar_test, follows_calendar
from assay.attacks.timing import DAY_S
from assay.market.errors import CallerError
from tests.attacks.background import ordinary_posts

START = 1_356_998_400  # Tuesday 2013-01-01 00:00 UTC
YEAR = (START, START + 364 * DAY_S)


def event(day, days=3, name="e"):
    return CalendarEvent(f"{name}{day}", name, START + int(day * DAY_S), START + int((day + days) * DAY_S))


def burst(random, day, n, sd_hours=12):
    return (START + (day + 1.5) * DAY_S + random.normal(0, sd_hours * 3600, n)).astype(np.int64)


def evenly(random, n, days=364):
    return START + random.integers(0, days * DAY_S, n)


def clumps(random, n_clumps, mean_size, days=364):
    sizes = random.geometric(1 / mean_size, n_clumps)
    return np.repeat(evenly(random, n_clumps, days), sizes) + random.integers(0, 7200, sizes.sum())


def decoys(random, n=40):
    return [event(day) for day in random.choice(90, n, replace=False) * 4]


def p_of(tests):
    return np.array([test.p for test in tests])


def assert_at_most(p, levels=(0.01, 0.05, 0.10)):
    """Not above a level by more than three Monte Carlo standard errors."""
    for level in levels:
        assert np.mean(p <= level) <= level + 3 * np.sqrt(level * (1 - level) / len(p))


def test_expected_is_the_rate_of_the_same_weekday_in_the_season():
    # 4 posts every Tuesday to Thursday, 1 on other days; the event's days hold 40 each.
    days = np.arange(364)
    n = np.where(np.isin(days % 7, [0, 1, 2]), 4, 1)
    n[70:73] = 40
    at = np.repeat(START + days * DAY_S + 1000, n)
    (test,) = calendar_test(at, None, [event(70)], period_s=YEAR)
    assert (test.observed, test.expected, test.ratio) == (120, pytest.approx(12.0), pytest.approx(10.0))
    assert test.low < 10 < test.high
    assert (test.basis, test.p < 1e-6, test.q) == ("rate", True, test.p)
    # Only windows that hold the burst as well, less than a day away, are as hot.
    assert test.n_as_hot < 2 * 24
    assert test.n_shifted == 361 * 24


def test_true_bursts_among_forty_decoys_rank_on_top_and_decoys_stay_uncalled():
    random = np.random.default_rng(0)
    dates = decoys(random, 45)
    true = [(each.starts_at_s - START) / DAY_S for each in dates[:5]]
    at = np.concatenate([evenly(random, 2000), *(burst(random, day, 300) for day in true)])
    tests = calendar_test(at, None, dates, period_s=YEAR)
    p = p_of(tests)
    assert p[:5].max() < p[5:].min()
    assert [test.q <= 0.05 for test in tests] == [True] * 5 + [False] * 40


@pytest.mark.parametrize("draw", [lambda r: evenly(r, 3000), lambda r: clumps(r, 200, 10)], ids=["even", "clumps"])
def test_dates_without_a_burst_are_called_no_oftener_than_said(draw):
    """50 groups x 40 decoy dates; dates of one group share their shifted windows, so fewer than 2,000 independent."""
    random = np.random.default_rng(1)
    p = np.concatenate([p_of(calendar_test(draw(random), None, decoys(random), period_s=YEAR)) for _ in range(50)])
    assert_at_most(p)


def test_dates_of_a_small_group_are_tested_by_place_and_hold_their_size():
    random, p = np.random.default_rng(2), []
    for _ in range(400):
        (test,) = calendar_test(clumps(random, 4, 10), None, [event(random.integers(0, 361))], period_s=YEAR)
        assert test.basis == "place"
        assert (test.low, test.high) == (None, None)
        p.append(test.p)
    assert_at_most(np.array(p))


def test_a_lone_burst_of_a_group_with_nothing_else_is_as_rare_as_its_place():
    random = np.random.default_rng(3)
    at = burst(random, 100, 500, sd_hours=6)
    (test,) = calendar_test(at, None, [event(100)], period_s=YEAR)
    # Windows within about a day and a half hold the whole burst too: about 3 days of 364.
    assert test.basis == "place"
    assert 0.002 < test.p < 0.01


def test_following_the_corpus_is_no_tie_and_going_beyond_it_is():
    random, p, beyond = np.random.default_rng(4), [], []
    for _ in range(20):
        dates = decoys(random)
        rate = np.ones(364)
        for each in dates:
            first = (each.starts_at_s - START) // DAY_S
            rate[first : first + 3] = 3
        days = random.choice(364, 63_000, p=rate / rate.sum())
        at = START + days * DAY_S + random.integers(0, DAY_S, len(days))
        group, corpus = at[:3000], at[3000:]
        p.append(p_of(calendar_test(group, corpus, dates, period_s=YEAR)))
        alone = p_of(calendar_test(group, None, dates, period_s=YEAR))
        beyond.append(
            calendar_test(np.concatenate([group, burst(random, 4, 200)]), corpus, [event(4), *dates[:20]])[0].p
        )
    assert_at_most(np.concatenate(p))
    # Without the corpus the same dates are all called: that is what the reference is for.
    assert np.mean(alone <= 0.01) > 0.8
    assert max(beyond) < 1e-3


def test_weekly_and_seasonal_rhythms_are_no_ties():
    random, p = np.random.default_rng(5), []
    weekends = [event(4 + 7 * week, 2) for week in range(0, 50, 2)]
    for _ in range(40):
        days = np.arange(364)
        rate = (1 + 2 * np.isin(days % 7, [4, 5])) * (1 + 0.5 * np.cos(2 * np.pi * days / 364))
        chosen = random.choice(364, 3000, p=rate / rate.sum())
        at = START + chosen * DAY_S + random.integers(0, DAY_S, 3000)
        p.append(p_of(calendar_test(at, None, weekends, period_s=YEAR)))
    assert_at_most(np.concatenate(p))


def test_the_interval_of_the_ratio_covers_it():
    """200 groups in clumps, true ratio 2: at least 95 % less three Monte Carlo standard errors."""
    random, covers = np.random.default_rng(6), []
    for _ in range(200):
        at = np.concatenate([clumps(random, 400, 4), START + 100 * DAY_S + clumps(random, 3, 4, 3) - START])
        (test,) = calendar_test(at, None, [event(100)], period_s=YEAR)
        covers.append(test.low <= 1 + 3 / (400 * 3 / 364) <= (test.high or np.inf))
    assert np.mean(covers) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200)


def test_overlapping_events_share_their_burst_and_say_so():
    random = np.random.default_rng(7)
    at = np.concatenate([evenly(random, 2000), burst(random, 100, 300)])
    tests = calendar_test(at, None, [event(100), event(101), event(200)], period_s=YEAR)
    assert [test.shares_with for test in tests] == [("e101",), ("e100",), ()]
    assert [test.q <= 0.05 for test in tests] == [True, True, False]


def test_an_event_across_the_edge_of_the_data_is_cut_and_one_outside_is_not_tested():
    random = np.random.default_rng(8)
    at = np.concatenate([evenly(random, 3640), START + random.integers(0, DAY_S, 100)])
    edge, outside = calendar_test(at, None, [event(-2), event(400)], period_s=YEAR)
    assert (edge.observed > 100, edge.expected) == (True, pytest.approx(10, rel=0.3))
    assert edge.q < 0.05
    assert (outside.p, outside.q, outside.why_not) == (None, None, "outside the period of the data")


def test_a_burst_next_to_the_event_is_not_the_events():
    random = np.random.default_rng(9)
    at = np.concatenate([evenly(random, 2000), burst(random, 104, 300, 6)])
    before, after = calendar_test(at, None, [event(101), event(107)], period_s=YEAR)
    assert min(before.p, after.p) > 0.05


def test_a_silent_corpus_and_a_period_of_one_window_are_said():
    random = np.random.default_rng(10)
    corpus = evenly(random, 5000)
    corpus = corpus[(corpus < START + 100 * DAY_S) | (corpus >= START + 103 * DAY_S)]
    (silent,) = calendar_test(evenly(random, 500), corpus, [event(100)], period_s=YEAR)
    assert silent.why_not == "the reference has no posts in this window"
    (alone,) = calendar_test(evenly(random, 50, 3), None, [event(0)], period_s=(START, START + 3 * DAY_S))
    assert alone.why_not == "no other window fits the period of the data"


def test_no_posts_one_post_and_one_second_are_answered():
    assert calendar_test([], None, [event(3)])[0].why_not == "outside the period of the data"
    assert calendar_test([], None, [event(3)], period_s=YEAR)[0].p == 1.0
    assert calendar_test([START + 4 * DAY_S], None, [event(3)], period_s=YEAR)[0].p < 0.05
    second = np.full(500, START + 4 * DAY_S)
    assert calendar_test(second, None, [event(3)], period_s=YEAR)[0].p == pytest.approx(3 / 364, rel=0.3)
    assert calendar_test(second, None, []) == []


def test_the_order_of_posts_and_events_plays_no_part():
    random = np.random.default_rng(11)
    at, dates = clumps(random, 200, 10), decoys(random, 10)
    straight = calendar_test(at, None, dates, period_s=YEAR)
    turned = calendar_test(random.permutation(at), None, dates[::-1], period_s=YEAR)
    assert straight == turned[::-1]


def test_an_event_without_length_is_refused():
    with pytest.raises(CallerError, match="Event x ends at 5 s, not after its start at 5 s"):
        CalendarEvent("x", "x", 5, 5)


def test_the_whole_calendar_is_an_exact_test_whatever_the_bursts():
    """200 groups that burst three times anywhere: one of many windows is met by chance, and that is no finding."""
    random, p = np.random.default_rng(12), []
    for _ in range(200):
        at = np.concatenate([burst(random, day, 100) for day in random.integers(0, 361, 3)])
        p.append(follows_calendar(at, None, decoys(random, 10), period_s=YEAR, n_shuffles=100).p)
    assert_at_most(np.array(p))
    # Three bursts meet few windows: ties keep the test below its level, but not far.
    assert np.mean(np.array(p) <= 0.1) >= 0.03


def test_the_whole_calendar_is_found_when_bursts_recur_at_its_events():
    random, p = np.random.default_rng(13), []
    for _ in range(20):
        dates = decoys(random, 10)
        true = [(each.starts_at_s - START) / DAY_S for each in dates[:6]]
        at = np.concatenate([evenly(random, 200), *(burst(random, day, 50) for day in true)])
        p.append(follows_calendar(at, None, dates, period_s=YEAR, n_shuffles=400).p)
    assert np.mean(np.array(p) <= 0.01) >= 0.9


def test_the_whole_calendar_is_found_above_a_corpus_that_is_busy_at_all_its_events():
    random, followers, attackers = np.random.default_rng(16), [], []
    for _ in range(20):
        dates = decoys(random, 20)
        rate = np.ones(364)
        for each in dates:
            first = (each.starts_at_s - START) // DAY_S
            rate[first : first + 3] = 3
        days = random.choice(364, 42_000, p=rate / rate.sum())
        at = START + days * DAY_S + random.integers(0, DAY_S, len(days))
        true = [(each.starts_at_s - START) / DAY_S for each in dates[:10]]
        follower, corpus = at[:2000], at[2000:]
        attacker = np.concatenate([follower, *(burst(random, day, 200) for day in true)])
        followers.append(follows_calendar(follower, corpus, dates, period_s=YEAR, n_shuffles=100).p)
        attackers.append(follows_calendar(attacker, corpus, dates, period_s=YEAR, n_shuffles=100).p)
    assert_at_most(np.array(followers), (0.05, 0.10))
    assert np.mean(np.array(attackers) <= 0.05) >= 0.9


def test_the_whole_calendar_needs_posts_events_and_days():
    assert follows_calendar([], None, [event(3)], period_s=YEAR).why_not == "no posts"
    assert (
        follows_calendar([START], None, [event(500)], period_s=YEAR).why_not == "no event inside the period of the data"
    )
    assert follows_calendar([START], None, [event(0)]).why_not == "less than two days of data"


def two_full_years():
    """Threads and times of the ordinary background in 2012 and 2013."""
    posts = ordinary_posts()
    inside = (posts.at_s >= START - 366 * DAY_S) & (posts.at_s < YEAR[1])
    return posts.thread[inside], posts.at_s[inside]


def random_dates(random, at):
    first = at.min()
    days = random.choice((at.max() - first) // DAY_S // 4, 40, replace=False) * 4
    return [CalendarEvent(str(day), "", int(first + day * DAY_S), int(first + (day + 3) * DAY_S)) for day in days]


def test_random_posts_of_the_ordinary_background_are_not_tied_to_random_dates():
    """Share of 30 groups with any date called at q = 0.05: at most 0.05 and three Monte Carlo standard errors."""
    _, at = two_full_years()
    random, called = np.random.default_rng(14), []
    for _ in range(30):
        chosen = random.random(len(at)) < 3000 / len(at)
        tests = calendar_test(at[chosen], at[~chosen], random_dates(random, at))
        called.append(any(test.q is not None and test.q <= 0.05 for test in tests))
    assert np.mean(called) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 30)


def test_threads_of_the_ordinary_background_are_not_tied_to_random_dates():
    thread, at = two_full_years()
    random, called = np.random.default_rng(15), []
    names, counts = np.unique(thread, return_counts=True)
    for name in random.choice(names[counts >= 300], 40, replace=False):
        own = thread == name
        tests = calendar_test(at[own], at[~own], random_dates(random, at))
        called.append(any(test.q is not None and test.q <= 0.05 for test in tests))
    assert np.mean(called) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 40)
