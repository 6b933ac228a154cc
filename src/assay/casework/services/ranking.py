"""Where an item stands in the queue: expected harm and age in one number that never has to be computed again."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

# Waiting this long counts like ten times the harm. A week: whoever flags today expects an answer within days, and over
# the five orders of magnitude between the smallest and the largest harm of a market nothing waits longer than five
# weeks behind newer items. Shorter turns the queue into first come first served; longer lets small harm starve.
TAU_DAYS = 7.0
# Only differences of ranks matter; a day near the data keeps the numbers small and so the sums exact.
_START = datetime(2020, 1, 1, tzinfo=UTC)


def rank(harm_minor: int, opened_at: datetime) -> float:
    """The place in the queue, higher first: log10(1 + harm) minus the day it was opened, in units of TAU_DAYS.

    `harm_minor` is the expected harm that acting prevents, in minor units a month; below 0 counts as 0. The urgency of
    an item at time t is log10(1 + harm) + (t - opened) / TAU. Between two items t cancels, so their order never
    changes as time passes: an index on the stored number orders the queue for ever.

    >>> monday = datetime(2026, 6, 1, tzinfo=UTC)
    >>> rank(999, monday) > rank(99, monday)
    True
    >>> math.isclose(rank(999, monday), rank(9_999, monday + timedelta(days=TAU_DAYS)))
    True
    """
    return math.log10(1 + max(harm_minor, 0)) - (opened_at - _START) / timedelta(days=TAU_DAYS)
