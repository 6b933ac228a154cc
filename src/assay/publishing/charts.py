"""Charts as SVG text: the distribution of scores, their reliability, a price among its peers.

No text of a market is ever drawn: names stand in the page around a chart, where they are escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt
import vl_convert

if TYPE_CHECKING:
    from assay.publishing.content import PriceContext, ReliabilityPoint

INK = "#3c4048"
ACCENT = "#1f5fa8"
FLAG = "#b3261e"
RISK = "#b06a00"
QUIET = "#b9bfc9"
# The style sheets map these colours to their dark ones.
GRID = "#e8eaee"
FONT = "system-ui, sans-serif"
_TICKS = list(range(0, 101, 20))
_COUNTS = alt.Axis(tickCount=5, format="~s", labelOverlap=True)


def histogram(counts: Sequence[int]) -> str:
    """Number of goods per bin of equal width from 0 to 100, on a logarithmic scale: most goods score low."""
    step = 100 / max(len(counts), 1)
    rows = [
        {"from": i * step, "to": (i + 1) * step, "goods": count, "floor": 0.5, "band": _band(i * step)}
        for i, count in enumerate(counts)
        if count
    ]
    if not rows:
        return ""
    bars = (
        alt.Chart(alt.Data(values=rows))
        .mark_rect(stroke="white", strokeWidth=1)
        .encode(
            x=alt.X("from:Q", title="score", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(values=_TICKS)),
            x2="to:Q",
            y=alt.Y("goods:Q", title="goods (logarithmic)", scale=alt.Scale(type="log", domainMin=0.5), axis=_COUNTS),
            y2="floor:Q",
            color=alt.Color(
                "band:N",
                scale=alt.Scale(domain=["below 40", "40 to 80", "80 and more"], range=[QUIET, RISK, FLAG]),
                legend=alt.Legend(title=None, orient="top"),
            ),
        )
    )
    return svg(bars, height=170, width=400, description="Number of goods by score")


def _band(score: float) -> str:
    return "80 and more" if score >= 80 else "40 to 80" if score >= 40 else "below 40"


def reliability(points: Sequence[ReliabilityPoint]) -> str:
    """Share found counterfeit against the score given; on the diagonal the score means what it says."""
    rows = [{"score": p.mean_score, "found": p.found, "goods": p.n} for p in points]
    line = alt.Chart(alt.Data(values=[{"score": 0, "found": 0}, {"score": 100, "found": 100}])).mark_line(
        color=QUIET, strokeDash=[5, 4]
    )
    percent = alt.Scale(domain=[0, 100])
    dots = alt.Chart(alt.Data(values=rows)).mark_circle(color=ACCENT, opacity=0.85)
    x = alt.X("score:Q", title="mean score of the goods in a bin", scale=percent, axis=alt.Axis(values=_TICKS))
    y = alt.Y("found:Q", title="found counterfeit, percent", scale=percent, axis=alt.Axis(values=_TICKS))
    size = alt.Size("goods:Q", title="goods", scale=alt.Scale(type="log", range=[30, 320]), legend=None)
    chart = alt.layer(line.encode(x=x, y=y), dots.encode(x=x, y=y, size=size))
    return svg(chart, height=280, width=300, description="Reliability: share found counterfeit by score")


def price_chart(context: PriceContext) -> str:
    """One price among those of its peers: 5 to 95 % as a line, the middle half as a bar, the median, the price."""
    least = 10.0**-context.decimals
    names = ("p05", "p25", "p50", "p75", "p95", "price")
    spread = {name: max(getattr(context, name), least) for name in names}
    base = alt.Chart(alt.Data(values=[spread]))
    low, high = min(spread.values()) * 0.8, max(spread.values()) * 1.25
    scale = alt.Scale(type="log", domain=[low, high])
    axis = alt.X("p05:Q", title=None, scale=scale, axis=alt.Axis(tickCount=5, labelOverlap=True, format=",~r"))
    chart = alt.layer(
        base.mark_rule(color=QUIET, strokeWidth=2).encode(x=axis, x2="p95:Q"),
        base.mark_bar(color=QUIET, height=12).encode(x="p25:Q", x2="p75:Q"),
        base.mark_tick(color=INK, thickness=2, height=18).encode(x="p50:Q"),
        base.mark_point(color=FLAG, filled=True, size=130, opacity=1, shape="diamond").encode(x="price:Q"),
    )
    return svg(chart, height=28, width=460, description="This price among the prices of other offers")


def svg(
    chart: Any,  # noqa: ANN401 - altair's own union
    *,
    height: int,
    width: int,
    description: str,
    font: str = FONT,
) -> str:
    """A chart as SVG text in the colours of the pages, with `description` for those who do not see it."""
    spec = (
        chart.properties(width=width, height=height, description=description)
        .configure(background="transparent", font=font)
        .configure_view(stroke=None)
        .configure_axis(labelColor=INK, titleColor=INK, titleFontWeight="normal", gridColor=GRID, domainColor=QUIET)
        .configure_legend(labelColor=INK)
    )
    return str(vl_convert.vegalite_to_svg(spec.to_dict()))
