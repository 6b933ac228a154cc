"""What the report gathers from a run."""

import shutil
from pathlib import Path

import pytest

from assay import pipeline
from assay.market import CallerError, OutsideError
from assay.pipeline import Run
from assay.pipeline.cases import CaseSource
from assay.pipeline.originals import Originals, originals
from assay.pipeline.reporting import gathered


def test_cases_come_in_the_order_asked_and_unknown_ids_are_left_out(run: Run) -> None:
    ids = pipeline.top_ids(run, "listing", 3)[::-1]
    cases = CaseSource(run, originals(run)).listings([*ids, "L-none"])
    assert [case.id for case in cases] == ids


def test_the_points_of_a_case_add_up_to_its_score(run: Run) -> None:
    source = CaseSource(run, originals(run))
    for case in (*source.listings(pipeline.top_ids(run, "listing", 5)), *source.merchants(["M0000001"])):
        assert case.bars
        assert case.steps[-1].score == case.score


def test_values_have_units_and_small_steps_stand_together(run: Run) -> None:
    case = CaseSource(run, originals(run)).listings(pipeline.top_ids(run, "listing", 1))[0]
    notes = {step.label: step.note for step in case.steps}
    assert notes["age of the listing"].endswith((" days", " day"))
    assert all("-" not in step.label for step in case.steps)


def test_a_listing_shows_its_price_among_others_and_its_facts(run: Run) -> None:
    cases = CaseSource(run, originals(run)).listings(pipeline.top_ids(run, "listing", 10))
    contexts = [case.price for case in cases if case.price is not None]
    assert contexts
    assert all(c.n >= 5 and c.p05 <= c.p25 <= c.p50 <= c.p75 <= c.p95 for c in contexts)
    assert {"offered by", "price", "listed"} <= {name for case in cases for name, _ in case.facts}


def test_a_market_that_is_gone_leaves_scores_and_reasons(run: Run) -> None:
    case = CaseSource(run, Originals(None)).listings(pipeline.top_ids(run, "listing", 1))[0]
    assert (case.name, case.price) == ("(no title)", None)
    assert case.reasons


def test_the_worst_goods_of_a_merchant_are_in_order_of_score(run: Run) -> None:
    case = CaseSource(run, originals(run)).merchants(pipeline.top_ids(run, "merchant", 1))[0]
    scores = [score for _, _, score in case.goods]
    assert scores == sorted(scores, reverse=True)
    assert 1 <= len(scores) <= 8


def test_every_listing_is_in_the_histogram_once(run: Run) -> None:
    assert sum(gathered(run, None, 1).histogram) == run.about["counts"]["listings"]["rated"]


def test_shares_of_signals_are_shares(run: Run) -> None:
    rows = gathered(run, None, 1).signals
    assert {row.id for row in rows} == set(run.about["computed"])
    assert all(0 <= row.checked <= 1 and (row.shown is None or row.shown <= row.checked) for row in rows)


def test_signals_that_lack_the_same_are_named_together(run: Run) -> None:
    reasons = {"price-gap": "needs listings.price", "price-outlier": "needs listings.price", "spec-gtin-brand": "x"}
    about = Run(run.folder, {**run.about, "not_computed": reasons})
    rows = gathered(about, None, 1).not_computed
    assert [(row.reason, len(row.signals)) for row in rows] == [("needs listings.price", 2), ("x", 1)]


def test_scores_of_the_scorecard_are_said_not_to_be_calibrated(tiny: Path, tmp_path: Path) -> None:
    page = pipeline.report(tiny / "run", tmp_path / "deep" / "report.html", n_top=2).read_text(encoding="utf-8")
    assert "not calibrated" in page
    assert "Nothing was measured" in page


def test_the_same_run_gives_the_same_page(tiny: Path, tmp_path: Path) -> None:
    pages = [pipeline.report(tiny / "run", tmp_path / f"{i}.html", n_top=3).read_bytes() for i in range(2)]
    assert pages[0] == pages[1]


def test_a_folder_that_is_no_model_is_the_callers_fault(run: Run, tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="is not a model"):
        gathered(run, tmp_path, 1)


def test_a_page_that_cannot_be_written_is_the_outside_worlds_fault(tiny: Path) -> None:
    with pytest.raises(OutsideError):
        pipeline.report(tiny / "run", tiny / "run" / "run.json" / "report.html", n_top=1)


def test_a_run_can_be_moved(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny / "run", tmp_path / "moved")
    assert pipeline.report(tmp_path / "moved", tmp_path / "report.html", n_top=1).stat().st_size > 10_000
