"""An evaluation as the report shows it."""

from typing import Any

from assay.pipeline import trust
from assay.publishing import Estimate

FIGURES = {
    "n_rows": 8000,
    "n_counterfeit": 473,
    "roc_auc": {"value": 0.96712, "low": 0.95, "high": 0.978},
    "average_precision": {"value": None, "low": None, "high": None},
}


def figures(**changes: Any) -> dict[str, Any]:
    missing = {"sampled": "37 sampled verdicts"}
    return {"out_of_fold": FIGURES, "sampled": None, "random_split": FIGURES, "not_measured": missing, **changes}


def test_only_splits_that_were_measured_are_columns() -> None:
    found = trust.evaluation(figures(), "listing")
    assert found is not None
    assert found.splits == ("unseen merchants", "random split")
    assert found.not_measured == (("test buys", "37 sampled verdicts"),)


def test_a_figure_stands_with_its_interval_and_a_missing_one_is_a_dash() -> None:
    found = trust.evaluation(figures(), "listing")
    assert found is not None
    rows = {row.name: row.values[0] for row in found.rows}
    assert rows["ROC-AUC"] == Estimate("0.967", "0.950 to 0.978")
    assert rows["average precision"] == Estimate("–")
    assert rows["goods (counterfeit)"] == Estimate("8,000", "473")


def test_nothing_measured_is_no_table() -> None:
    assert trust.evaluation({}, "merchant") is None
    assert trust.reliability({}) == ()
    assert trust.segments({}) == ()
    assert trust.model_facts({}) == ()


def test_a_small_segment_is_not_shown_as_a_share() -> None:
    share = {"value": 0.0124, "low": 0.004, "high": 0.031}
    row = {"by": "merchant_size", "segment": "1", "n_genuine": 1234, "share_at_80": None, "share_at_40": share}
    found = trust.segments({"false_alarms": [row]})[0]
    assert (found.by, found.n_genuine) == ("merchant size", "1,234")
    assert found.at_80 == Estimate("not shown", "fewer than 10")
    assert found.at_40 == Estimate("1.2 %", "0.4 % to 3.1 %")
