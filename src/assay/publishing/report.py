"""The analyst's report: one self-contained HTML page, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from assay.publishing import charts
from assay.publishing.content import ReportData
from assay.publishing.visible import visible


def report_html(data: ReportData) -> str:
    """The whole page as text. Every value is escaped and its invisible characters are named; charts are inline SVG."""
    return (
        _environment()
        .get_template("report.html")
        .render(
            data=data,
            histogram=charts.histogram(data.histogram),
            reliability=charts.reliability(data.reliability) if data.reliability else "",
            style=_style(),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("assay.publishing", "templates"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = _percent
    environment.filters["visible"] = visible
    environment.filters["score"] = _score
    return environment


def _percent(share: float) -> str:
    if share == 0 or share >= 0.0995:
        return f"{share:.0%}".replace("%", " %")
    return f"{100 * share:.2g} %" if share < 0.01 else f"{100 * share:.1f} %"


def _score(value: float) -> str:
    """One decimal; never `0.0` or `100.0` for a score that is neither."""
    if 0 < value < 0.05:
        return "< 0.1"
    return "> 99.9" if 99.95 <= value < 100 else f"{value:.1f}"


def _style() -> str:
    source = PackageLoader("assay.publishing", "templates").get_source(Environment(autoescape=True), "report.css")
    return source[0]
