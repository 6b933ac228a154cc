"""Pages and papers for people: the analyst's report. Takes plain values, reads no table."""

from assay.publishing.content import (
    Case,
    DataTable,
    Estimate,
    Evaluation,
    MetricRow,
    NotComputedRow,
    PriceContext,
    Reason,
    ReliabilityPoint,
    ReportData,
    SegmentRow,
    SignalRow,
    StepBar,
    Tile,
)
from assay.publishing.report import report_html
from assay.publishing.visible import visible

__all__ = [
    "Case",
    "DataTable",
    "Estimate",
    "Evaluation",
    "MetricRow",
    "NotComputedRow",
    "PriceContext",
    "Reason",
    "ReliabilityPoint",
    "ReportData",
    "SegmentRow",
    "SignalRow",
    "StepBar",
    "Tile",
    "report_html",
    "visible",
]
