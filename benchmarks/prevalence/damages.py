"""Whether the intervals of damages hold what was planted, on simulated markets that are trained and rated first.

    python benchmarks/prevalence/damages.py --markets 7 --listings 12000

Prints, over the markets, how often units and value of the planted counterfeits lie inside, with and without lowering
the chance of goods that nobody caught.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from unittest import mock

import pyarrow.parquet as pq

from assay import pipeline
from assay.engine import EngineSettings, open_engine, open_market
from assay.measurement.damages import Range
from assay.measurement.frame import FrameSettings, main_currency
from assay.pipeline import damages as damages_of
from assay.rating import EvaluationSettings, TrainingSettings

SETTINGS = EngineSettings(memory_gib=2.0, workers=1)
QUICK = pipeline.TrainingOptions(
    training=TrainingSettings(outer_bags=1),
    evaluation=EvaluationSettings(replicates=10, forward=False, tabular=False, random_split=False),
)
HEADS = ("tainted_units", "tainted_value")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markets", type=int, default=7)
    parser.add_argument("--listings", type=int, default=12_000)
    options = parser.parse_args()
    inside = {way: dict.fromkeys(HEADS, 0) for way in ("caught goods allowed for", "not allowed for")}
    for seed in range(11, 11 + options.markets):
        with tempfile.TemporaryDirectory() as folder:
            run = rated(Path(folder), options.listings, seed)
            truth = planted(run)
            for way, counts in inside.items():
                found = estimated(run, allow=way.startswith("caught"))
                for head, value in zip(HEADS, truth, strict=True):
                    counts[head] += found.head(head).low <= value <= found.head(head).high
        print(seed, json.dumps(inside), flush=True)


def rated(folder: Path, n_listings: int, seed: int) -> pipeline.Run:
    pipeline.simulate(folder, n_listings=n_listings, seed=seed, workers=1)
    pipeline.train_market(folder / "market", folder / "model", options=QUICK, settings=SETTINGS)
    return pipeline.rate(folder / "market", folder / "run", model_folder=folder / "model", settings=SETTINGS)


def planted(run: pipeline.Run) -> tuple[int, int]:
    truth = pq.read_table(run.market_folder.parent / "truth" / "listings.parquet")
    fake = set(truth.filter(truth["is_counterfeit"])["listing_id"].to_pylist())
    with open_engine(None, SETTINGS) as engine:
        market = open_market(engine, run.market_folder)
        rows = engine.collect(damages_of._rows(market, run, FrameSettings(main_currency(market)))).to_pylist()
    mine = [row for row in rows if row["listing_id"] in fake]
    return sum(row["units"] for row in mine), sum(row["revenue_minor"] for row in mine)


def estimated(run: pipeline.Run, *, allow: bool) -> damages_of.Damages:
    if allow:
        return damages_of.market_damages(run.folder, settings=SETTINGS).damages
    with mock.patch.object(damages_of, "_caught_rate", lambda sold: Range(0.0, 0.0)):
        return damages_of.market_damages(run.folder, settings=SETTINGS).damages


if __name__ == "__main__":
    main()
