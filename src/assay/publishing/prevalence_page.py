"""The page of a measured prevalence: one self-contained HTML file, no script, nothing loaded from elsewhere.

>>> write_prevalence_page(page, Path("prevalence.html"))                  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path

from assay.market.errors import OutsideError
from assay.publishing import prevalence_charts as charts
from assay.publishing import prevalence_words as words
from assay.publishing.pages import page_templates, stylesheet
from assay.publishing.prevalence_content import Cell, PrevalencePage

_ESTIMANDS = ("listings", "orders", "value")


def write_prevalence_page(page: PrevalencePage, path: Path) -> None:
    """Writes the page to `path`, whole or not at all. OutsideError when the place cannot be written."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(prevalence_html(page), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutsideError(f"cannot write the page to {path}: {error.strerror}", {"file": str(path)}) from error


def prevalence_html(page: PrevalencePage) -> str:
    """The whole page as text. Every value is escaped, invisible characters are named, charts are inline SVG."""
    filters = {"share": words.share_text, "interval": words.interval_text, "thousands": "{:,}".format}
    return (
        page_templates(filters)
        .get_template("prevalence.html")
        .render(
            page=page,
            words=words,
            style=stylesheet("report.css", "prevalence.css"),
            headline_chart=charts.headlines(page.headlines),
            period_charts=[(each, svg) for each in _ESTIMANDS if (svg := charts.by_period(page.periods, each))],
            allocation_chart=charts.allocation(page.strata),
            calibration_chart=charts.calibration(page.calibration.bins) if page.calibration else "",
            widest={domain.by: _widest(domain.cells) for domain in page.domains},
        )
    )


def _widest(cells: tuple[Cell, ...]) -> float:
    """The highest end among the cells of one domain: what its bars are drawn against."""
    return max((cell.figure.high for cell in cells if cell.figure), default=0.0) or 1.0
