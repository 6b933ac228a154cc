"""From a study to its page: every part arrives, small cells stay hidden, the score is checked."""

import numpy as np
import pytest

from assay.market.errors import CallerError
from assay.measurement.domains import DomainEstimate
from assay.measurement.recalibration import CheckSettings
from assay.pipeline.prevalence_reporting import _domains, prevalence_page
from assay.publishing.prevalence_content import Drift
from assay.publishing.prevalence_page import prevalence_html
from assay.simulation.purchases import BuyingSettings, WorldSettings, make_frame
from tests.purchases import a_study

QUICK = CheckSettings(replicates=200)


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(5)
    frame = make_frame(WorldSettings(20_000, rate=0.03), rng)
    return a_study(frame, 500, rng, buying=BuyingSettings(not_delivered_rate=0.05))


@pytest.fixture(scope="module")
def page(study):
    return prevalence_page(study, settings=QUICK)


def test_headlines_are_the_studys_estimates(study, page):
    for shown, estimate in zip(page.headlines, study.figures.estimates, strict=True):
        assert (shown.figure.share, shown.figure.low, shown.figure.high) == (
            estimate.share,
            estimate.low,
            estimate.high,
        )
        assert shown.best_case <= shown.figure.share <= shown.worst_case
        assert shown.corrected is not None


def test_strata_add_up_to_the_frame_and_the_buys(study, page):
    assert sum(row.n_units for row in page.strata) == page.frame.n_listings
    assert sum(row.n_drawn for row in page.strata) == study.plan.n_drawn
    assert sum(row.n_found for row in page.strata) == page.headlines[0].n_positive
    assert {row.pot for row in page.strata} == {"measure", "enforce"}


def test_outcomes_leave_controls_out(study, page):
    assert sum(n for _, n in page.outcomes) == study.plan.n_drawn
    assert "not delivered" in dict(page.outcomes)


def test_the_score_is_checked_and_the_examiner_shown(page):
    assert page.calibration.drift in (Drift.NONE_SEEN, Drift.DRIFTED)
    assert page.calibration.n_plain > 0 and page.calibration.bins
    assert page.authenticator.n_known_genuine == 75 and page.authenticator.n_known_counterfeit == 25


def test_what_so_few_buys_cannot_show_is_refused_by_name(page):
    assert [row.claim.split(" of the")[0] for row in page.not_claimable] == [
        "A halving",
        "A fall by a quarter",
        "A rise by a quarter",
    ]
    assert all(row.buys_needed > 500 for row in page.not_claimable)


def test_an_unpublished_study_says_that_it_cannot_be_checked(page):
    assert page.verification is None
    assert "cannot be checked from outside" in prevalence_html(page)


def test_the_same_study_gives_the_same_page(study, page):
    assert prevalence_page(study, settings=QUICK) == page


def test_takedowns_of_another_period_are_refused(study):
    with pytest.raises(CallerError, match="2025-01-01, which is not among the periods 2026-06-30"):
        prevalence_page(study, takedowns={"2025-01-01": 3}, settings=QUICK)


def test_suppressed_cells_stay_without_a_figure():
    cells = (
        DomainEstimate("brand", "Small", True, None, None, None, None, None),
        DomainEstimate("brand", "Large", False, 120, 3, 0.02, 0.01, 0.05),
        DomainEstimate("origin", "CN", True, None, None, None, None, None),
    )
    found = _domains(cells)
    assert [(cell.name, cell.figure is None) for cell in found[0].cells] == [("Large", False), ("Small", True)]
    assert len(found) == 1
