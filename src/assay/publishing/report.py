"""The analyst's report: one self-contained HTML page, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from assay.publishing import charts
from assay.publishing.content import ReportData
from assay.publishing.pages import page_templates, percent, stylesheet


def report_html(data: ReportData) -> str:
    """The whole page as text. Every value is escaped and its invisible characters are named; charts are inline SVG."""
    return (
        page_templates({"percent": percent, "score": _score})
        .get_template("report.html")
        .render(
            data=data,
            histogram=charts.histogram(data.histogram),
            reliability=charts.reliability(data.reliability) if data.reliability else "",
            style=stylesheet("report.css"),
        )
    )


def _score(value: float) -> str:
    """One decimal; never `0.0` or `100.0` for a score that is neither."""
    if 0 < value < 0.05:
        return "< 0.1"
    return "> 99.9" if 99.95 <= value < 100 else f"{value:.1f}"
