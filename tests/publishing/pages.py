"""Builders with defaults for what a report shows."""

from typing import Any

from assay.publishing import Case, PriceContext, Reason, ReportData, StepBar


def a_case(**changes: Any) -> Case:
    defaults: dict[str, Any] = {
        "kind": "listing",
        "id": "L1",
        "name": "Norvane runner",
        "score": 62.2,
        "low": 50.0,
        "high": 71.0,
        "base": 2.0,
        "base_points": -389,
        "steps": (
            StepBar("called a replica", "said", 540, 81.9),
            StepBar("age of the listing", "13 days", -101, 62.2),
        ),
        "reasons": (Reason("The title says “replica”.", "called a replica", 540),),
    }
    return Case(**(defaults | changes))


def a_price(**changes: Any) -> PriceContext:
    defaults: dict[str, Any] = {"price": 29.0, "currency": "EUR", "decimals": 2, "among": "Norvane, Shoes", "n": 12}
    spread = {"p05": 90.0, "p25": 110.0, "p50": 129.0, "p75": 140.0, "p95": 180.0}
    return PriceContext(**(defaults | spread | changes))


def a_report(**changes: Any) -> ReportData:
    defaults: dict[str, Any] = {
        "title": "Goods and merchants",
        "as_of": "2026-06-30",
        "snapshot_id": "abc",
        "label": "calibrated on verdicts",
        "is_calibrated": True,
        "score_means": "A chance in percent.",
        "rests_on": "The calibration rests on test buys.",
        "tiles": (),
        "histogram": (),
        "merchants": (),
        "goods": (),
        "signals": (),
        "not_computed": (),
        "tables": (),
    }
    return ReportData(**(defaults | changes))
