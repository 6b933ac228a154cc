"""Damages of a rated market, from the command line to the planted truth."""

from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest

from assay.cli import damages as commands
from assay.engine import EngineSettings, open_engine, open_market
from assay.market.errors import CallerError
from assay.measurement.damages import Range
from assay.measurement.frame import FrameSettings, main_currency
from assay.pipeline.damages import DamageRequest, _rows, market_damages, read_inputs
from assay.pipeline.runs import Run


@pytest.fixture(scope="module")
def sold(run: Run, settings: EngineSettings):
    """Rows of goods that sold, with whether each is counterfeit by the planted truth."""
    truth = pq.read_table(run.market_folder.parent / "truth" / "listings.parquet")
    fake = set(truth.filter(truth["is_counterfeit"])["listing_id"].to_pylist())
    with open_engine(None, settings) as engine:
        market = open_market(engine, run.market_folder)
        rows = engine.collect(_rows(market, run, FrameSettings(main_currency(market)))).to_pylist()
    return [row | {"is_counterfeit": row["listing_id"] in fake} for row in rows if row["units"] > 0]


@pytest.fixture(scope="module")
def report(run: Run, settings: EngineSettings):
    return market_damages(run.folder, settings=settings)


def test_the_interval_holds_the_planted_units_and_value(report, sold):
    fake = [row for row in sold if row["is_counterfeit"]]
    units, value = (report.damages.head(name) for name in ("tainted_units", "tainted_value"))
    assert units.low <= sum(row["units"] for row in fake) <= units.high
    assert value.low <= sum(row["revenue_minor"] for row in fake) <= value.high


def test_confirmed_goods_count_in_full_and_cleared_ones_not_at_all(report, sold):
    assert report.n_listings == len(sold)
    assert report.n_confirmed == sum(row["verdict"] == "counterfeit" for row in sold)
    assert report.n_cleared == sum(row["verdict"] == "genuine" for row in sold)
    least = sum(row["units"] for row in sold if row["verdict"] == "counterfeit")
    assert report.damages.head("tainted_units").low >= least


def test_uncaught_goods_are_less_likely_counterfeit_than_their_score(report):
    assert 0.3 < report.caught_rate.low < report.caught_rate.high <= 0.98


def test_one_merchants_damages_are_a_part_of_all(run, settings, report, sold):
    merchant = max(sold, key=lambda row: row["revenue_minor"] * (row["verdict"] == "counterfeit"))["merchant_id"]
    part = market_damages(run.folder, DamageRequest(merchants=(merchant,)), settings=settings)
    assert 0 < part.damages.head("tainted_value").mean < report.damages.head("tainted_value").mean
    assert part.damages.n_merchants == 1


def test_a_selection_without_sales_is_refused(run, settings):
    with pytest.raises(CallerError, match="Nothing was sold"):
        market_damages(run.folder, DamageRequest(brand="No such brand"), settings=settings)


def test_inputs_come_from_a_file_and_from_settings(tmp_path: Path):
    file = tmp_path / "inputs.toml"
    file.write_text("cost_rate = [0.1, 0.2, 0.5]\nroyalty_rate = 0.08\nmargin_rate = [0.3, 0.4]\n")
    found = read_inputs(file, ["margin_rate=0.5:0.6"])
    assert found.cost_rate == Range(0.1, 0.5, 0.2)
    assert found.royalty_rate == Range(0.08, 0.08)
    assert found.margin_rate == Range(0.5, 0.6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tea = 1", "has no input 'tea'; the inputs are cost_rate"),
        ("cost_rate = 'much'", "it is a number"),
        ("cost_rate = [0.5, 0.1]", "low <= likely <= high"),
        ("cost_rate = ", "not a readable TOML file"),
    ],
)
def test_inputs_that_cannot_be_read_are_named(tmp_path: Path, text: str, message: str):
    file = tmp_path / "inputs.toml"
    file.write_text(text)
    with pytest.raises(CallerError, match=message):
        read_inputs(file)


def test_a_setting_that_cannot_be_read_is_named():
    with pytest.raises(CallerError, match="write it as cost_rate="):
        read_inputs(None, ["cost_rate=a lot"])


def test_the_command_says_intervals_and_drivers(run, capsys, monkeypatch):
    monkeypatch.setenv("ASSAY_MEMORY_GIB", "2")
    commands.damages(run.folder)
    said = capsys.readouterr().out
    for words in ("tainted value", "95 % interval", "cost rate", "never added up", "goods are alike: "):
        assert words in said


def test_the_command_prints_json_when_asked(run, capsys):
    commands.damages(run.folder, json=True)
    found = orjson.loads(capsys.readouterr().out)
    assert [head["name"] for head in found["damages"]["heads"]][:2] == ["tainted_units", "tainted_value"]


def test_a_run_without_calibration_is_refused(tmp_path: Path):
    from tests.runs import tiny_run

    with pytest.raises(CallerError, match="whose level is a guess"):
        market_damages(tiny_run() / "run")
