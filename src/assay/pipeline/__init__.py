"""Wires the stages: one Python call for each thing that Assay does.

>>> from pathlib import Path
>>> from assay import pipeline                                            # doctest: +SKIP
>>> pipeline.simulate(Path("demo"), n_listings=60_000, seed=1)            # doctest: +SKIP
>>> pipeline.train_market(Path("demo/market"), Path("demo/model"))        # doctest: +SKIP
>>> run = pipeline.rate(Path("demo/market"), Path("demo/run"), model_folder=Path("demo/model"))  # doctest: +SKIP
>>> pipeline.explain(Path("demo/run"), "L000000123").waterfall            # doctest: +SKIP
>>> pipeline.report(Path("demo/run"), Path("report.html"))                # doctest: +SKIP
"""

from assay.intake import inspect, intake
from assay.pipeline.explaining import Explanation, explain
from assay.pipeline.rating import rate
from assay.pipeline.reporting import report, top_ids
from assay.pipeline.runs import AT_RISK_SCORE, RED_FLAG_SCORE, Run, open_run
from assay.pipeline.training import TrainedMarket, TrainingOptions, evaluate_market, train_market
from assay.simulation import SimulatedMarket, SimulationSettings, simulate

__all__ = [
    "AT_RISK_SCORE",
    "RED_FLAG_SCORE",
    "Explanation",
    "Run",
    "SimulatedMarket",
    "SimulationSettings",
    "TrainedMarket",
    "TrainingOptions",
    "evaluate_market",
    "explain",
    "inspect",
    "intake",
    "open_run",
    "rate",
    "report",
    "simulate",
    "top_ids",
    "train_market",
]
