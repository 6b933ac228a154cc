"""Wires the stages: one Python call for each thing that Assay does.

>>> from pathlib import Path
>>> from assay import pipeline                                            # doctest: +SKIP
>>> pipeline.simulate(Path("demo"), n_listings=60_000, seed=1)            # doctest: +SKIP
>>> pipeline.train_market(Path("demo/market"), Path("demo/model"))        # doctest: +SKIP
>>> run = pipeline.rate(Path("demo/market"), Path("demo/run"), model_folder=Path("demo/model"))  # doctest: +SKIP
>>> pipeline.explain(Path("demo/run"), "L000000123").waterfall            # doctest: +SKIP
>>> pipeline.report(Path("demo/run"), Path("report.html"))                # doctest: +SKIP
>>> found = pipeline.find_attacks(Path("demo/market"), Path("demo/attacks"))             # doctest: +SKIP
>>> pipeline.pack_attack(found.folder, "G-ABCDE", Path("pack"))                           # doctest: +SKIP
>>> buys = pipeline.plan_test_buys(Path("demo/run"), Path("buys"), pipeline.PlanSettings(n_buys=900))  # doctest: +SKIP
>>> pipeline.draw_test_buys(buys.folder)                                                  # doctest: +SKIP
>>> pipeline.estimate_prevalence(buys.folder, publish_to=Path("published"))               # doctest: +SKIP
"""

from assay.intake import inspect, intake
from assay.measurement.plans import PlanSettings
from assay.pipeline.attacks import (
    AttackRun,
    AttackSettings,
    find_attacks,
    open_attacks,
    pack_attack,
    report_attacks,
    watch_attacks,
)
from assay.pipeline.damages import DamageRequest, market_damages
from assay.pipeline.explaining import Explanation, explain
from assay.pipeline.live import Agreement, LivePreparation, LiveRater, check_live, open_live, prepare_live
from assay.pipeline.outcomes import record_outcomes, test_buy_status, test_buy_verdicts
from assay.pipeline.prevalence import compare_prevalence, estimate_prevalence, plan_claim, verify_prevalence
from assay.pipeline.prevalence_reporting import report_prevalence
from assay.pipeline.rating import rate
from assay.pipeline.recalibrating import recalibrate
from assay.pipeline.reporting import report, top_ids
from assay.pipeline.runs import AT_RISK_SCORE, RED_FLAG_SCORE, Run, open_run
from assay.pipeline.testbuys import PlanRequest, draw_test_buys, plan_test_buys
from assay.pipeline.training import TrainedMarket, TrainingOptions, evaluate_market, train_market
from assay.simulation import SimulatedMarket, SimulationSettings, simulate

__all__ = [
    "AT_RISK_SCORE",
    "RED_FLAG_SCORE",
    "Agreement",
    "AttackRun",
    "AttackSettings",
    "DamageRequest",
    "Explanation",
    "LivePreparation",
    "LiveRater",
    "PlanRequest",
    "PlanSettings",
    "Run",
    "SimulatedMarket",
    "SimulationSettings",
    "TrainedMarket",
    "TrainingOptions",
    "check_live",
    "compare_prevalence",
    "draw_test_buys",
    "estimate_prevalence",
    "evaluate_market",
    "explain",
    "find_attacks",
    "inspect",
    "intake",
    "market_damages",
    "open_attacks",
    "open_live",
    "open_run",
    "pack_attack",
    "plan_claim",
    "plan_test_buys",
    "prepare_live",
    "rate",
    "recalibrate",
    "record_outcomes",
    "report",
    "report_attacks",
    "report_prevalence",
    "simulate",
    "test_buy_status",
    "test_buy_verdicts",
    "top_ids",
    "train_market",
    "verify_prevalence",
    "watch_attacks",
]
