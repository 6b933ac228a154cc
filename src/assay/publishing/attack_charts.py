"""Charts about organised attacks as SVG text: posts over the calendar, and figures against their nulls.

No text of a stranger is drawn: events, narratives and tests are labelled by short names that the page explains.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import altair as alt

from assay.publishing.attack_content import Bin, Figure, Layer, Timeline
from assay.publishing.charts import ACCENT, FONT, INK, QUIET, svg

CORE = ACCENT
PERIPHERY = "#9dbbdb"
BAND = "#f0e3c8"
BAND_INK = "#8a5200"
# A symmetric logarithm keeps 0 on the axis; below this count it is linear.
_SYMLOG_CONSTANT = 1
# Rows beyond this make a chart longer than it is worth; the tables beside it hold more.
MOST_ROWS = 12
# Below this, days alone would name several ticks the same.
_SPAN_OF_HOURS = timedelta(days=7)
PAPER_FONT = "Libertinus Serif"


def timeline(found: Timeline, *, font: str = FONT) -> str:
    """Posts of a group per bin, core below periphery, over the bands of the events; empty without a post."""
    if not found.bins:
        return ""
    rows = [row for each in found.bins for row in _stacked(each)]
    first, last = found.bins[0].starts_at, found.bins[-1].ends_at
    shown = "%-d %b %Y" if last - first > _SPAN_OF_HOURS else "%-d %b %H:%M"
    axis = alt.Axis(labelOverlap=True, tickCount=6, format=shown, labelFlush=True)
    domain = [first.isoformat(), last.isoformat()]
    x = alt.X("from:T", title=None, scale=alt.Scale(type="utc", domain=domain), axis=axis)
    y = alt.Y("low:Q", title=f"posts per {found.bin_words}", axis=alt.Axis(tickCount=4, tickMinStep=1))
    colour = alt.Color(
        "role:N",
        scale=alt.Scale(domain=["core", "periphery"], range=[CORE, PERIPHERY]),
        legend=alt.Legend(title=None, orient="top"),
    )
    bars = alt.Chart(alt.Data(values=rows)).mark_rect().encode(x=x, x2="to:T", y=y, y2="high:Q", color=colour)
    bands, letters = _bands(found, x)
    chart = alt.layer(bands, bars, letters) if found.events else bars
    told = "Posts of the group over time, with the bands of the calendar's events"
    return svg(chart, width=640, height=150, description=told, font=font)


def _stacked(each: Bin) -> list[dict[str, Any]]:
    """The core's posts of a bin, and those of the periphery on top of them."""
    span = {"from": each.starts_at.isoformat(), "to": each.ends_at.isoformat()}
    top = each.core + each.periphery
    parts = (("core", 0, each.core), ("periphery", each.core, top))
    return [{**span, "low": low, "high": high, "role": role} for role, low, high in parts if high > low]


def _bands(found: Timeline, x: Any) -> tuple[Any, Any]:  # noqa: ANN401 - altair's own union
    first, last = found.bins[0].starts_at, found.bins[-1].ends_at
    rows = [
        {
            "from": max(event.starts_at, first).isoformat(),
            "to": min(event.ends_at, last).isoformat(),
            "letter": event.letter,
        }
        for event in found.events
        if event.starts_at < last and event.ends_at > first
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(x=x)
    letters = base.mark_text(align="left", dx=3, dy=-4, color=BAND_INK, fontSize=11)
    return base.mark_rect(color=BAND).encode(x2="to:T"), letters.encode(y=alt.value(0), text="letter:N")


def against_null(layer: Layer, *, font: str = FONT) -> str:
    """Every figure of a layer (diamond) over where its null lies (bar: low to high, upright line: expected).

    Empty when the layer has no figure. A ratio scale has its upright line at 1 and its interval around the figure.
    """
    shown = [test for test in layer.tests if test.is_drawn][:MOST_ROWS]
    if not shown:
        return ""
    rows = [_row(place, test, layer.scale) for place, test in enumerate(shown)]
    y = alt.Y("label:N", title=None, sort=[test.label for test in shown], axis=alt.Axis(labelLimit=150, ticks=False))
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    x = alt.X(
        "observed:Q",
        title=_TITLES[layer.scale],
        scale=_scale(layer.scale, rows),
        axis=alt.Axis(tickCount=5, labelOverlap=True),
    )
    interval = base.transform_filter("isValid(datum.low)").mark_bar(color=QUIET, height=8)
    expected = base.transform_filter("isValid(datum.expected)").mark_tick(color=INK, thickness=2, size=14)
    link = base.transform_filter("isValid(datum.expected)").mark_rule(color=QUIET, strokeDash=[2, 3])
    chart = alt.layer(
        link.encode(x=x, x2="expected:Q"),
        interval.encode(x=alt.X("low:Q"), x2="high:Q"),
        expected.encode(x="expected:Q"),
        base.mark_point(color=CORE, filled=True, size=80, opacity=1, shape="diamond").encode(x=x),
    )
    told = f"{layer.title}: observed against the null"
    return svg(chart, width=470, height=22 * len(shown) + 10, description=told, font=font)


_TITLES = {"symlog": "count (logarithmic from 1 on)", "linear": "value", "ratio": "rate inside the event / outside"}


def _row(place: int, test: Figure, scale: str) -> dict[str, Any]:
    # A ratio of 0 has no place on a logarithmic scale; it is drawn at the left end.
    least = 0.01 if scale == "ratio" else float("-inf")
    values = {"observed": test.observed, "expected": test.expected, "low": test.low, "high": test.high}
    return {"label": test.label, "place": place, **{k: None if v is None else max(v, least) for k, v in values.items()}}


def _scale(kind: str, rows: list[dict[str, Any]]) -> alt.Scale:
    if kind == "ratio":
        known = [row[name] for row in rows for name in ("observed", "low", "high") if row[name] is not None]
        return alt.Scale(type="log", nice=False, domain=[min(0.5, *known) / 1.1, max(2.0, *known) * 1.1])
    return alt.Scale(type="symlog", constant=_SYMLOG_CONSTANT) if kind == "symlog" else alt.Scale(zero=False)


def letters(n: int) -> Sequence[str]:
    """Short names for n events: A to Z, then A1, B1 and so on.

    >>> letters(28)[-2:]
    ['A1', 'B1']
    """
    return [chr(65 + i % 26) + (str(i // 26) if i >= 26 else "") for i in range(n)]
