"""The likelihood ratio of one hand against two: calibrated, bounded, and refused where it would mean nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.attacks.likelihood_ratio import (
    author_sides,
    bounds,
    calibrate,
    cllr,
    equal_error_rate,
    likelihood_ratio,
    verbal,
)
from assay.market.errors import CallerError
from tests.attacks.writers import nobody, writer


def authors(rng: np.random.Generator, n_authors: int, n_posts: int) -> list[list[str]]:
    return [writer(rng, n_posts) for _ in range(n_authors)]


def test_one_writer_scores_above_one_and_two_writers_below() -> None:
    rng = np.random.default_rng(1)
    others = authors(rng, 30, 90)
    posts = writer(rng, 120)
    same = likelihood_ratio(posts[:60], posts[60:], others, rng=rng)
    different = likelihood_ratio(posts[:60], writer(rng, 60), others, rng=rng)
    assert same.refused is None and same.log10_ratio is not None
    assert different.log10_ratio is not None
    assert same.log10_ratio > 0 > different.log10_ratio
    assert same.low is not None and same.high is not None
    assert same.low <= same.log10_ratio <= same.high
    assert same.n_authors >= 20 and same.n_posts >= 25
    assert same.cllr is not None and same.cllr < 1


def test_below_25_posts_a_side_it_is_refused_whatever_the_authors() -> None:
    rng = np.random.default_rng(2)
    result = likelihood_ratio(writer(rng, 20), writer(rng, 60), authors(rng, 25, 60), rng=rng)
    assert result.log10_ratio is None and result.words is None
    assert result.refused is not None and "needs 25 a side" in result.refused


def test_copies_do_not_count_towards_25() -> None:
    rng = np.random.default_rng(3)
    copied = writer(rng, 20)
    result = likelihood_ratio(copied * 3, writer(rng, 60), authors(rng, 25, 60), rng=rng)
    assert result.refused is not None and result.n_posts <= 20


def test_too_few_authors_are_refused_with_their_number() -> None:
    rng = np.random.default_rng(4)
    result = likelihood_ratio(writer(rng, 40), writer(rng, 40), authors(rng, 6, 70), rng=rng)
    assert result.refused is not None and "6 authors" in result.refused and "needs 20" in result.refused


def test_ratios_that_tell_nothing_are_refused() -> None:
    rng = np.random.default_rng(5)
    crowd = [nobody(rng, 60) for _ in range(24)]
    result = likelihood_ratio(nobody(rng, 30), nobody(rng, 30), crowd, rng=rng)
    # Writers without a manner give ratios near one, or a calibration that is worse than none and says so.
    assert result.refused is not None or abs(result.log10_ratio or 0.0) < 0.3


def test_the_sides_of_an_author_share_no_subject() -> None:
    rng = np.random.default_rng(6)
    posts = [(row % 7, f"{row % 7} post {row}") for row in range(70)]
    (left, right), others = author_sides([posts, posts[:12]], 10, rng)
    assert len(left) == 1 and len(others) == 1 and len(left[0]) == len(right[0]) == 10
    assert not {text[0] for text in left[0]} & {text[0] for text in right[0]}


def test_an_author_of_one_subject_cannot_calibrate() -> None:
    sides, others = author_sides([[("one", f"post {row}") for row in range(50)]], 10, np.random.default_rng(7))
    assert sides == ([], []) and len(others) == 1


def test_calibration_holds_on_authors_it_has_not_seen() -> None:
    rng = np.random.default_rng(8)
    found = [[(place, text) for place, text in enumerate(posts)] for posts in authors(rng, 40, 50)]
    sides, others = author_sides(found, 25, rng)
    calibration = calibrate(sides, others, rng)
    assert calibration.n_authors == 40
    assert calibration.cllr < 0.8 and calibration.eer < 0.3
    assert -2.5 < calibration.low < 0 < calibration.high < 2.5


def test_cllr_is_one_for_saying_nothing_and_falls_with_good_ratios() -> None:
    nothing = np.zeros(5)
    assert cllr(nothing, nothing) == pytest.approx(1.0)
    assert cllr(np.full(5, 10.0), np.full(5, -10.0)) < 0.001
    assert cllr(np.full(5, -10.0), np.full(5, 10.0)) > 10


def test_cllr_equals_a_value_worked_by_hand() -> None:
    # One pair each with LR 4 and LR 1/2: (log2(1 + 1/4) + log2(1 + 1/2)) / 2.
    assert cllr(np.log([4.0]), np.log([0.5])) == pytest.approx((np.log2(1.25) + np.log2(1.5)) / 2)


def test_equal_error_rate_of_a_known_overlap() -> None:
    assert equal_error_rate(np.array([1.0, 2.0, 3.0, 4.0]), np.array([-3.0, -2.0, -1.0, 1.5])) == pytest.approx(0.25)
    assert equal_error_rate(np.array([1.0, 2.0]), np.array([-1.0, -2.0])) == 0.0


def test_bounds_grow_with_the_number_of_authors() -> None:
    same, different = np.full(50, 20.0), np.full(2_450, -20.0)
    few, many = bounds(same, different, 20), bounds(same, different, 200)
    # Without an error seen, the authors bear n + 1 to one, the rule of Vergeer et al. with one more that misled.
    assert few[1] == pytest.approx(np.log10(21), abs=0.011)
    assert many[1] == pytest.approx(np.log10(201), abs=0.011)
    assert few[0] == pytest.approx(-np.log10(21), abs=0.011)


@given(st.integers(5, 300), st.floats(-1, 3), st.integers(0, 2**31))
def test_bounds_lie_on_both_sides_of_no_evidence(n_authors: int, shift: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    low, high = bounds(rng.normal(shift, 2, n_authors), rng.normal(-shift, 2, 4 * n_authors), n_authors)
    assert low <= 0 <= high <= np.log10(n_authors + 1) + 0.011


def test_words_follow_the_scale_in_both_directions() -> None:
    assert verbal(0.2) == verbal(-0.2) == "no support for either"
    assert verbal(0.5) == "weak support for one author"
    assert verbal(-1.5) == "moderate support for two authors"


def test_topics_that_do_not_fit_are_the_callers_fault() -> None:
    with pytest.raises(CallerError, match="one topic per post"):
        likelihood_ratio(["a"], ["b"], [["c", "d"]], rng=np.random.default_rng(1), topics=[["x"]])
