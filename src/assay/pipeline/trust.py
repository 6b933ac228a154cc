"""An evaluation as the report shows it: figures by split, reliability, who bears the false alarms."""

from __future__ import annotations

from typing import Any

from assay.publishing import MetricRow, ReliabilityPoint, SegmentRow

_SPLITS = {
    "out_of_fold": "unseen merchants",
    "sampled": "test buys",
    "forward": "later in time",
    "random_split": "random split (misleads)",
}
_FIGURES = {
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "precision_at_recall_50": "precision at recall 0.5",
    "precision_at_recall_80": "precision at recall 0.8",
    "precision_at_80": "precision of score 80 and more",
    "recall_at_80": "recall at score 80",
    "calibration_error_equal_mass": "calibration error (bins of equal weight)",
    "calibration_error_equal_width": "calibration error (bins of 5 points)",
}


def _measured(evaluation: dict[str, Any]) -> list[str]:
    return [name for name in _SPLITS if evaluation.get(name)]


def splits(evaluation: dict[str, Any]) -> tuple[str, ...]:
    """Names of the splits that were measured."""
    return tuple(_SPLITS[name] for name in _measured(evaluation))


def metrics(evaluation: dict[str, Any]) -> tuple[MetricRow, ...]:
    """One row per figure; empty when nothing was measured."""
    names = _measured(evaluation)
    if not names:
        return ()
    counted = MetricRow("goods / counterfeit", tuple(_counts(evaluation[name]) for name in names))
    rows = [
        MetricRow(label, tuple(estimate(evaluation[name][figure]) for name in names))
        for figure, label in _FIGURES.items()
    ]
    return (counted, *rows)


def _counts(figures: dict[str, Any]) -> str:
    return f"{figures['n_rows']:,} / {figures['n_counterfeit']:,}"


def estimate(value: dict[str, Any] | None) -> str:
    """`0.812 (0.790 to 0.834)`; a dash where there is none."""
    if not value or value.get("value") is None:
        return "–"
    low, high = value.get("low"), value.get("high")
    interval = "" if low is None or high is None else f" ({low:.3f} to {high:.3f})"
    return f"{value['value']:.3f}{interval}"


def not_measured(evaluation: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What could not be measured, with the reason."""
    return tuple((_SPLITS.get(k, k), v) for k, v in evaluation.get("not_measured", {}).items())


def reliability(evaluation: dict[str, Any]) -> tuple[ReliabilityPoint, ...]:
    """Points of the reliability plot."""
    return tuple(
        ReliabilityPoint(100 * bin["mean_probability"], 100 * bin["share_counterfeit"], bin["n_rows"])
        for bin in evaluation.get("reliability", ())
        if bin["n_rows"] > 0
    )


def segments(evaluation: dict[str, Any]) -> tuple[SegmentRow, ...]:
    """False alarms by segment; small segments say that they are suppressed."""
    rows = []
    for found in evaluation.get("false_alarms", ()):
        shares = [
            estimate(found[name]) if found[name] else "suppressed: fewer than 10"
            for name in ("share_at_80", "share_at_40")
        ]
        rows.append(SegmentRow(found["by"].replace("_", " "), found["segment"], f"{found['n_genuine']:,}", *shares))
    return tuple(rows)
