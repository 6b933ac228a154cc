"""Where bars and labels stand."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.publishing import StepBar
from assay.publishing.waterfall import points_of, scale_over
from tests.publishing.pages import a_case


def test_points_of_a_score_are_hundredths_of_log_odds() -> None:
    assert points_of(50) == 0
    assert points_of(80) == pytest.approx(138.6, abs=0.1)


@given(st.lists(st.integers(-900, 900), max_size=20))
def test_every_bar_and_both_limits_are_on_the_scale(points: list[int]) -> None:
    case = a_case(steps=tuple(StepBar("step", "", each, 1.0) for each in points))
    assert all(0 <= bar.left <= 100 and bar.left + bar.width <= 101 for bar in case.bars)
    limits = [tick for tick in case.scale.ticks if tick.is_limit]
    assert [tick.score for tick in limits] == [40.0, 80.0]
    assert all(0 < tick.place < 100 for tick in limits)


def test_a_bar_is_as_wide_as_its_points() -> None:
    one, two = a_case(steps=(StepBar("a", "", 100, 1.0), StepBar("b", "", -200, 1.0))).bars
    assert two.width == pytest.approx(2 * one.width)


def test_labels_do_not_run_into_each_other() -> None:
    places = [tick.place for tick in scale_over([-900, 900]).ticks if not tick.is_limit]
    assert all(b - a >= 10 for a, b in pairwise(places))
