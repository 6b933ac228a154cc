"""A simulated period goes from plan to verified figure, beside the truth that only a simulation has."""

import shutil
from pathlib import Path

import pytest

from assay.engine import EngineSettings
from assay.market.errors import CallerError
from assay.pipeline.custody import open_test_buys
from assay.pipeline.prevalence import verify_prevalence
from assay.pipeline.simulated_period import SimulatedPeriod, measure_simulated
from assay.simulation.purchases import BuyingSettings

SMALL = EngineSettings(memory_gib=1.0, workers=1)


def measured(to: Path) -> SimulatedPeriod:
    return measure_simulated(to, n_buys=200, seed=5, engine_settings=SMALL)


@pytest.fixture(scope="module")
def simulation(tiny, tmp_path_factory) -> Path:
    return shutil.copytree(tiny, tmp_path_factory.mktemp("simulated") / "demo")


@pytest.fixture(scope="module")
def period(simulation) -> SimulatedPeriod:
    return measured(simulation)


def test_the_published_figure_verifies_and_holds_the_simulations_truth(period):
    assert period.holds
    assert verify_prevalence(period.published).holds
    assert period.n_buys == 200
    assert period.estimate.low <= period.true_share <= period.estimate.high
    assert 0.01 < period.true_share < 0.1


def test_some_buys_fail_and_every_unit_has_an_outcome(period):
    outcomes = set(open_test_buys(period.buys).units()["outcome"].to_pylist())
    assert {"counterfeit", "genuine"} < outcomes
    assert None not in outcomes


def test_the_page_says_that_it_is_simulated_and_how_to_verify_it(period):
    text = period.page.read_text()
    assert "A simulated market and simulated test buys" in text
    assert "assay prevalence verify published" in text


def test_the_key_is_the_simulations_own(simulation, period):
    assert (simulation / "signing-key.pem").is_file()


def test_measuring_again_replaces_the_simulated_period_and_gives_the_same_figure(simulation, period):
    again = measured(simulation)
    assert again.estimate == period.estimate


def test_test_buys_that_are_not_simulated_are_never_replaced(period, tiny, tmp_path):
    to = shutil.copytree(tiny, tmp_path / "demo")
    (to / "buys").mkdir()
    (to / "buys" / "plan.json").write_bytes((period.buys / "plan.json").read_bytes().replace(b"A simulated", b"A real"))
    with pytest.raises(CallerError, match="never replaced"):
        measured(to)


def test_without_the_truth_nothing_is_made_up(tiny, tmp_path):
    shutil.copytree(tiny / "run", tmp_path / "demo" / "run")
    with pytest.raises(CallerError, match="not the truth of a simulation"):
        measured(tmp_path / "demo")


def test_buyers_who_always_fail_leave_no_figure_to_trust(tiny, tmp_path):
    to = shutil.copytree(tiny, tmp_path / "demo")
    found = measure_simulated(
        to, n_buys=60, buying=BuyingSettings(not_delivered_rate=0.5), seed=5, engine_settings=SMALL
    ).estimate
    assert found.worst_case.share - found.best_case.share > 0.2
