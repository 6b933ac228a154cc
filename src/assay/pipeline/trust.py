"""An evaluation as the report shows it: figures by split, reliability, who bears the false alarms, what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from assay.pipeline.labels import percent
from assay.publishing import Estimate, Evaluation, MetricRow, ReliabilityPoint, SegmentRow

_SPLITS = {
    "out_of_fold": "unseen merchants",
    "sampled": "test buys",
    "forward": "later in time",
    "random_split": "random split",
}
_FIGURES = {
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "precision_at_recall_50": "precision at recall 0.5",
    "precision_at_recall_80": "precision at recall 0.8",
    "precision_at_80": "precision at score 80 and up",
    "recall_at_80": "recall at score 80",
    "calibration_error_equal_mass": "calibration error, equal weight",
    "calibration_error_equal_width": "calibration error, 5-point bins",
}
_SUPPRESSED = Estimate("not shown", "fewer than 10")


def evaluation(figures: dict[str, Any], kind: str) -> Evaluation | None:
    """The figures of one model as a table; None when nothing was measured."""
    names = [name for name in _SPLITS if figures.get(name)]
    if not names:
        return None
    counted = MetricRow(f"{_plural(kind)} (counterfeit)", tuple(_counts(figures[name]) for name in names))
    rows = [
        MetricRow(said, tuple(estimate(figures[name].get(figure)) for name in names))
        for figure, said in _FIGURES.items()
    ]
    missing = tuple((_SPLITS.get(k, k), v) for k, v in figures.get("not_measured", {}).items())
    return Evaluation(f"Scores of {_plural(kind)}", tuple(_SPLITS[name] for name in names), (counted, *rows), missing)


def _plural(kind: str) -> str:
    return {"listing": "goods"}.get(kind, f"{kind}s")


def _counts(figures: dict[str, Any]) -> Estimate:
    return Estimate(f"{figures['n_rows']:,}", f"{figures['n_counterfeit']:,}")


def estimate(value: dict[str, Any] | None, written: Callable[[float], str] = "{:.3f}".format) -> Estimate:
    """`0.812` with `0.790 to 0.834` under it; a dash where there is none."""
    if not value or value.get("value") is None:
        return Estimate("–")
    low, high = value.get("low"), value.get("high")
    interval = "" if low is None or high is None else f"{written(low)} to {written(high)}"
    return Estimate(written(value["value"]), interval)


def reliability(figures: dict[str, Any]) -> tuple[ReliabilityPoint, ...]:
    """Points of the reliability plot."""
    return tuple(
        ReliabilityPoint(100 * bin["mean_probability"], 100 * bin["share_counterfeit"], bin["n_rows"])
        for bin in figures.get("reliability", ())
        if bin["n_rows"] > 0
    )


def segments(figures: dict[str, Any]) -> tuple[SegmentRow, ...]:
    """False alarms by segment; small segments say that they are not shown."""
    rows = []
    for found in figures.get("false_alarms", ()):
        shares = [
            estimate(found[name], percent) if found[name] else _SUPPRESSED for name in ("share_at_80", "share_at_40")
        ]
        rows.append(SegmentRow(found["by"].replace("_", " "), found["segment"], f"{found['n_genuine']:,}", *shares))
    return tuple(rows)


def model_facts(card: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What a trained model learnt from, out of its card; empty for a scorecard."""
    data = card.get("data") or {}
    if "n_rows" not in data:
        return ()
    facts = [
        ("goods learnt from", f"{data['n_rows']:,} of {data['n_merchants']:,} merchants"),
        ("counterfeit verdicts", f"{data['n_counterfeit_verdicts']:,}"),
        ("genuine verdicts", f"{data['n_genuine_verdicts']:,}"),
        ("presumed genuine, without a verdict", f"{data['n_presumed_genuine']:,}"),
        ("verdicts from sampled test buys", f"{data['n_sampled']:,} ({data['n_sampled_counterfeit']:,} counterfeit)"),
    ]
    if data.get("from"):
        facts.append(("listed between", f"{data['from']} and {data['to']}"))
    facts += [(said, str(card[name])) for name, said in (("method", "method"), ("splits", "splits")) if card.get(name)]
    return tuple(facts)
