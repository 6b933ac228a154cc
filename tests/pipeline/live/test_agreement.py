"""Live and batch say the same of the same listing: family by family, score, steps and sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay import pipeline
from assay.engine import EngineSettings
from assay.pipeline import check_live, open_live, open_run, prepare_live
from assay.pipeline.live.checking import differences
from assay.signals.families import SIGNALS
from tests.pipeline.live.odd_markets import odd_market

FAMILIES = sorted({signal.family for signal in SIGNALS})


@pytest.fixture(scope="module")
def values(prepared):
    """The batch's values and the live ones of every listing, by identifier."""
    ids = [batch.subject_id for batch, _ in prepared.listings]
    batch = prepared.run.rows("signals_listings", "listing_id", ids)
    return [(batch[row["listing_id"]], prepared.rater.signals(row)) for _, row in prepared.listings]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_value_of_a_family_equals_the_stored_one(values, family):
    columns = [signal.column for signal in SIGNALS if signal.family == family]
    apart = [
        (batch["listing_id"], name, batch[name], live[name])
        for batch, live in values
        for name in columns
        if name in batch and batch[name] != live[name]
    ]
    assert not apart


def test_no_family_is_null_everywhere(values):
    for family in FAMILIES:
        columns = [signal.column for signal in SIGNALS if signal.family == family]
        assert any(live.get(name) is not None for _, live in values for name in columns), family


def test_score_steps_and_sentences_are_the_batch_s(prepared):
    faults = {batch.subject_id: differences(batch, prepared.rater.rate(row)) for batch, row in prepared.listings}
    assert not {each: fault for each, fault in faults.items() if fault}
    assert any(batch.discrepancies and batch.merchant_discrepancies for batch, _ in prepared.listings)


@pytest.mark.parametrize("tables", ["bare", "all"])
def test_markets_with_odd_rows_and_missing_tables_agree(tmp_path: Path, settings: EngineSettings, tables: str):
    market = odd_market(tmp_path / "market", seed=1, tables=tables)
    run = pipeline.rate(market, tmp_path / "run", settings=settings)
    prepare_live(run.folder, settings=settings)
    found = check_live(run.folder, open_live(run.folder))
    assert (found.n_rated, found.n_same, found.examples) == (240, 240, ())


@pytest.mark.long
@pytest.mark.parametrize("tables", ["bare", "stats", "all"])
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_more_odd_markets_agree(tmp_path: Path, settings: EngineSettings, tables: str, seed: int):
    market = odd_market(tmp_path / "market", seed=seed, tables=tables)
    run = pipeline.rate(market, tmp_path / "run", settings=settings)
    prepare_live(run.folder, settings=settings)
    assert check_live(run.folder, open_live(run.folder)).examples == ()


@pytest.mark.long
@pytest.mark.parametrize("trained", [True, False], ids=["model", "scorecard"])
def test_ten_thousand_listings_get_the_score_of_the_batch(tmp_path_factory, settings, trained):
    folder = tmp_path_factory.getbasetemp() / "ten-thousand"
    if not folder.exists():
        pipeline.simulate(folder, n_listings=10_000, seed=5)
        pipeline.train_market(folder / "market", folder / "model", settings=settings)
    run = folder / f"run-{trained}"
    pipeline.rate(folder / "market", run, model_folder=folder / "model" if trained else None, settings=settings)
    prepare_live(run, settings=settings)
    found = check_live(run, open_live(run))
    assert found.n_rated == open_run(run).about["counts"]["listings"]["rated"] >= 10_000
    assert (found.n_same_score, found.n_same_steps, found.n_same_texts, found.n_same) == (found.n_rated,) * 4
