"""Charts of the prevalence page as SVG: intervals by period, buys by stratum, the score against what was found.

Nothing joins two periods with a line: a line would say "fell" or "rose" where only a test may. Takedowns are never
drawn. The colours are those of `charts`, which the page's style maps to its dark mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from assay.publishing.charts import ACCENT, INK, QUIET, RISK, svg
from assay.publishing.prevalence_content import CalibrationBin, Headline, Interval, Period, StratumRow
from assay.publishing.visible import visible

_PERCENT = ".3~r"
# Longer labels of periods overlap on a phone.
_LABEL_CHARACTERS = 18
_WORDS = {"listings": "listings", "orders": "orders", "value": "value"}


def period_rows(periods: Sequence[Period], estimand: str) -> list[dict[str, Any]]:
    """What `by_period` draws, in percent: one row per period that has the estimand."""
    rows = []
    for place, period in enumerate(periods):
        found = dict(period.shares).get(estimand)
        if found is not None:
            label = visible(period.label, _LABEL_CHARACTERS)
            rows.append({"place": place, "period": label, **_in_percent(found)})
    return rows


def by_period(periods: Sequence[Period], estimand: str) -> str:
    """Interval (bar) and estimate (tick) of one estimand in every period; empty without periods."""
    rows = period_rows(periods, estimand)
    if not rows:
        return ""
    base = alt.Chart(alt.Data(values=rows))
    x = alt.X("period:N", title=None, sort=alt.SortField("place"), axis=alt.Axis(labelAngle=0, labelOverlap=True))
    top = max(row["high"] for row in rows)
    scale = alt.Scale(domain=[0, top * 1.08 or 1.0], nice=False)
    y = alt.Y("low:Q", title="percent", scale=scale, axis=alt.Axis(format=_PERCENT, tickCount=5))
    chart = alt.layer(
        base.mark_bar(color=ACCENT, opacity=0.35, size=16).encode(x=x, y=y, y2="high:Q"),
        base.mark_tick(color=INK, thickness=2, size=22).encode(x=x, y=alt.Y("share:Q", scale=scale)),
    )
    return svg(
        chart, height=170, width=270, description=f"Share of {_WORDS[estimand]} counterfeit by period, intervals"
    )


def headlines(found: Sequence[Headline]) -> str:
    """The estimands on one scale: interval, estimate, and how far failed buys could move it; empty without any."""
    rows: list[dict[str, Any]] = [
        {
            "estimand": _WORDS[each.estimand],
            "best": 100 * (each.best_case if each.best_case is not None else each.figure.low),
            "worst": 100 * (each.worst_case if each.worst_case is not None else each.figure.high),
            **_in_percent(each.figure),
        }
        for each in found
    ]
    if not rows:
        return ""
    base = alt.Chart(alt.Data(values=rows))
    y = alt.Y("estimand:N", title=None, sort=None)
    top = max(max(row["high"], row["worst"]) for row in rows)
    scale = alt.Scale(domain=[0, top * 1.05 or 1.0], nice=False)
    x = alt.X("low:Q", title="percent counterfeit", scale=scale, axis=alt.Axis(format=_PERCENT, tickCount=6))
    chart = alt.layer(
        base.mark_rule(color=RISK, strokeWidth=2).encode(x=alt.X("best:Q", scale=scale), x2="worst:Q", y=y),
        base.mark_bar(color=ACCENT, opacity=0.35, height=16).encode(x=x, x2="high:Q", y=y),
        base.mark_tick(color=INK, thickness=2, size=22).encode(x=alt.X("share:Q", scale=scale), y=y),
    )
    return svg(chart, height=120, width=400, description="Share counterfeit of listings, orders and value")


def allocation(strata: Sequence[StratumRow]) -> str:
    """Share of the frame and share of the buys by stratum, numbered as in the table; empty without strata."""
    n_units, n_drawn = sum(s.n_units for s in strata), sum(s.n_drawn for s in strata)
    if not n_units or not n_drawn:
        return ""
    rows = []
    for place, stratum in enumerate(strata, start=1):
        shares = (("goods in the frame", stratum.n_units / n_units), ("test buys", stratum.n_drawn / n_drawn))
        rows += [{"stratum": place, "of": name, "share": 100 * share} for name, share in shares]
    bars = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            y=alt.Y("stratum:O", title="stratum"),
            yOffset="of:N",
            x=alt.X("share:Q", title="percent of all", axis=alt.Axis(tickCount=6)),
            color=alt.Color(
                "of:N",
                scale=alt.Scale(domain=["goods in the frame", "test buys"], range=[QUIET, ACCENT]),
                legend=alt.Legend(title=None, orient="top", columnPadding=28, labelLimit=0),
            ),
        )
    )
    return svg(bars, height=max(90, 26 * len(strata)), width=360, description="Goods and test buys by stratum")


def calibration(bins: Sequence[CalibrationBin]) -> str:
    """Share found against the chance that the score gave, square-root scales: most goods score low; empty without."""
    if not bins:
        return ""
    rows = [{"chance": 100 * each.mean_chance, "buys": each.n_buys, **_in_percent(each.found)} for each in bins]
    ticks = [0, 1, 5, 10, 25, 50, 75, 100]
    scale = alt.Scale(type="sqrt", domain=[0, 100])
    line = alt.Chart(alt.Data(values=[{"at": at} for at in range(101)])).mark_line(color=QUIET, strokeDash=[5, 4])
    base = alt.Chart(alt.Data(values=rows))
    x = alt.X("chance:Q", title="chance by the score, percent", scale=scale, axis=alt.Axis(values=ticks))
    y = alt.Y("share:Q", title="found counterfeit, percent", scale=scale, axis=alt.Axis(values=ticks))
    chart = alt.layer(
        line.encode(x=alt.X("at:Q", scale=scale), y=alt.Y("at:Q", scale=scale)),
        base.mark_rule(color=ACCENT, strokeWidth=2, opacity=0.6).encode(
            x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q"
        ),
        base.mark_circle(color=ACCENT, size=70, opacity=1).encode(x=x, y=y),
    )
    return svg(chart, height=260, width=300, description="Share found counterfeit by score, with intervals")


def _in_percent(found: Interval) -> dict[str, float]:
    return {"share": 100 * found.share, "low": 100 * found.low, "high": 100 * found.high}
