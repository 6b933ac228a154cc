"""The stored rank orders the queue by harm and age, and time never changes the order."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from assay.casework.services.ranking import TAU_DAYS, rank

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
HARMS = st.integers(0, 10**12)
DAYS = st.floats(0, 3650, allow_nan=False)


def _urgency(harm: int, opened: datetime, at: datetime) -> float:
    return math.log10(1 + harm) + (at - opened) / timedelta(days=TAU_DAYS)


@given(HARMS, DAYS, HARMS, DAYS, st.floats(0, 3650))
def test_the_order_is_that_of_urgency_at_any_time(harm, day, other, other_day, later):
    one, two = MONDAY + timedelta(days=day), MONDAY + timedelta(days=other_day)
    at = MONDAY + timedelta(days=later)
    by_urgency = _urgency(harm, one, at) - _urgency(other, two, at)
    by_rank = rank(harm, one) - rank(other, two)
    assert math.isclose(by_urgency, by_rank, rel_tol=1e-9, abs_tol=1e-6)


@given(HARMS, DAYS)
def test_waiting_a_week_counts_like_ten_times_the_harm(harm, day):
    opened = MONDAY + timedelta(days=day)
    ten_times = 10 * (1 + harm) - 1
    assert math.isclose(rank(harm, opened), rank(ten_times, opened + timedelta(days=TAU_DAYS)), abs_tol=1e-9)


def test_harm_below_zero_is_no_harm():
    assert rank(-5, MONDAY) == rank(0, MONDAY)
