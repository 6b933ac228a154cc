"""Explanations of a run: order, merchants' part, folding that adds up."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay import pipeline
from assay.market import CallerError
from assay.pipeline import Run
from assay.pipeline.explaining import SMALL_STEPS, folded, run_signals
from assay.rating import Model, Term, TermTable, explain_row


def waterfall(points: list[int]):
    terms = tuple(TermTable(Term(f"s-{i}", f"s_{i}"), (0.5,), (0, each)) for i, each in enumerate(points))
    return explain_row(Model("listing", -389, terms), {f"s_{i}": 1.0 for i in range(len(points))})


@given(st.lists(st.integers(-30, 30), max_size=25))
def test_folded_steps_add_up_and_follow_on_each_other(points: list[int]) -> None:
    fall = waterfall(points)
    steps, n_folded = folded(fall)
    assert fall.base_points + sum(step.points for step in steps) == fall.score_points
    ends = [fall.base_score, *(step.score_after for step in steps)]
    assert [step.score_before for step in steps] == ends[:-1]
    assert ends[-1] == fall.score
    assert n_folded == (n if (n := sum(0 < abs(each) < 5 for each in points)) >= 2 else 0)


def test_small_steps_stand_together_before_the_end() -> None:
    steps, n_folded = folded(waterfall([100, 3, -2, 4, 0]))
    assert [(step.id, step.points) for step in steps] == [("s-0", 100), (SMALL_STEPS, 5)]
    assert n_folded == 3


def test_a_lone_small_step_keeps_its_name() -> None:
    steps, n_folded = folded(waterfall([100, 3]))
    assert [step.id for step in steps] == ["s-0", "s-1"]
    assert n_folded == 0


def test_what_adds_most_comes_first(tiny: Path, run: Run) -> None:
    for subject in pipeline.top_ids(run, "listing", 5):
        found = pipeline.explain(tiny / "run", subject)
        for part in (found.discrepancies, found.merchant_discrepancies):
            points = [found.points(each.signal) or 0 for each in part]
            assert points == sorted(points, reverse=True)


def test_a_listing_is_explained_with_its_merchants_discrepancies_apart(tiny: Path, run: Run) -> None:
    rows = run.measured_rows("listing", pipeline.top_ids(run, "listing", 1_500))
    of_merchants = [signal for signal in run_signals(run, "listing") if signal.subject == "merchant"]
    told = [each for each, row in rows.items() if any(s.fires(row.get(s.column)) for s in of_merchants)]
    assert told
    for found in (pipeline.explain(tiny / "run", each) for each in told[:5]):
        assert {d.subject_type for d in found.discrepancies} <= {"listing"}
        assert {d.subject_id for d in found.merchant_discrepancies} == {found.merchant_id}


def test_a_merchant_has_no_merchant_part(tiny: Path, run: Run) -> None:
    assert pipeline.explain(tiny / "run", pipeline.top_ids(run, "merchant", 1)[0]).merchant_discrepancies == ()


def test_an_unknown_id_is_the_callers_fault(tiny: Path) -> None:
    with pytest.raises(CallerError, match="rated no listing and no merchant 'L-none'"):
        pipeline.explain(tiny / "run", "L-none")
