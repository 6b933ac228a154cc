"""Counters of sales and returns that a marketplace keeps per subject and window, added up without counting twice."""

from __future__ import annotations

from datetime import UTC, datetime

import ibis
import ibis.expr.types as ir

from assay.engine import Market
from assay.signals.sales import until

Window = tuple[datetime | None, datetime]

# More different windows than this are windows of their own per subject (since it opened, say), which never overlap
# within a subject; a marketplace that keeps 7, 30 and 90 days, or years of months, stays far below.
_MOST_WINDOWS = 500
_COUNTS = ("n_sales", "n_returns", "n_returned_as_fake")


def counters(market: Market, subject: str) -> ir.Table:
    """Per subject with counters: n_sales, n_returns, n_returned_as_fake over windows that do not overlap.

    Only windows that ended by the rating. Where a marketplace keeps overlapping windows (7, 30 and 90 days), the
    longest counts and those that overlap it do not. A missing count is null if it is missing in every window.
    """
    stats = market.table(f"{subject}_stats")
    stats = stats.filter(until(market, stats.window_end))
    windows = stats.select("window_start", "window_end").distinct().limit(_MOST_WINDOWS + 1)
    found = [(row["window_start"], row["window_end"]) for row in market.engine.collect(windows).to_pylist()]
    if len(found) <= _MOST_WINDOWS:
        taken = disjoint(found)
        stats = stats.filter(_is_any(stats, taken)) if len(taken) < len(found) else stats
        if len(taken) == 1:  # The key of the table is subject and end of window: one row a subject already.
            return stats.select(f"{subject}_id", *_COUNTS)
    return stats.group_by(f"{subject}_id").agg(**{name: stats[name].sum() for name in _COUNTS})


def disjoint(windows: list[Window]) -> list[Window]:
    """The longest window, and of the others, longest and latest first, those that overlap none taken before.

    A window without a start began before every other. Source: greedy interval packing by length.
    """
    first = datetime.min.replace(tzinfo=UTC)
    spans = sorted(((w[0] or first, w[1], w) for w in windows), key=lambda s: (s[0] - s[1], -s[1].timestamp()))
    taken: list[tuple[datetime, datetime, Window]] = []
    for start, end, window in spans:
        if all(end <= other_start or start >= other_end for other_start, other_end, _ in taken):
            taken.append((start, end, window))
    return [window for _, _, window in taken]


def _is_any(stats: ir.Table, windows: list[Window]) -> ir.BooleanValue:
    """Whether the row's window is one of these."""
    matches: ir.BooleanValue = ibis.literal(False)
    for start, end in windows:
        ends = stats.window_end == ibis.literal(end)
        begins = stats.window_start.isnull()
        if start is not None:
            begins = (stats.window_start == ibis.literal(start)).fill_null(False)
        matches = matches | (begins & ends)
    return matches
