"""Pages and papers for people: the analyst's report. Takes plain values, reads no table."""

from assay.publishing.report import (
    Case,
    DataTable,
    MetricRow,
    NotComputedRow,
    PriceContext,
    ReliabilityPoint,
    ReportData,
    SegmentRow,
    SignalRow,
    StepBar,
    Tile,
    report_html,
)

__all__ = [
    "Case",
    "DataTable",
    "MetricRow",
    "NotComputedRow",
    "PriceContext",
    "ReliabilityPoint",
    "ReportData",
    "SegmentRow",
    "SignalRow",
    "StepBar",
    "Tile",
    "report_html",
]
