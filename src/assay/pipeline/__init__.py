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


A name is imported when it is first asked for: a command or a server that needs one stage does not pay for all of them.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.intake import inspect, intake
    from assay.market.scores import AT_RISK_SCORE, RED_FLAG_SCORE
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
    from assay.pipeline.runs import Run, open_run
    from assay.pipeline.testbuys import PlanRequest, draw_test_buys, plan_test_buys
    from assay.pipeline.training import TrainedMarket, TrainingOptions, evaluate_market, train_market
    from assay.simulation import SimulatedMarket, SimulationSettings, simulate

# Where each public name lives.
_HOMES = {
    "AT_RISK_SCORE": "assay.market.scores",
    "Agreement": "assay.pipeline.live",
    "AttackRun": "assay.pipeline.attacks",
    "AttackSettings": "assay.pipeline.attacks",
    "DamageRequest": "assay.pipeline.damages",
    "Explanation": "assay.pipeline.explaining",
    "LivePreparation": "assay.pipeline.live",
    "LiveRater": "assay.pipeline.live",
    "PlanRequest": "assay.pipeline.testbuys",
    "PlanSettings": "assay.measurement.plans",
    "RED_FLAG_SCORE": "assay.market.scores",
    "Run": "assay.pipeline.runs",
    "SimulatedMarket": "assay.simulation",
    "SimulationSettings": "assay.simulation",
    "TrainedMarket": "assay.pipeline.training",
    "TrainingOptions": "assay.pipeline.training",
    "check_live": "assay.pipeline.live",
    "compare_prevalence": "assay.pipeline.prevalence",
    "draw_test_buys": "assay.pipeline.testbuys",
    "estimate_prevalence": "assay.pipeline.prevalence",
    "evaluate_market": "assay.pipeline.training",
    "explain": "assay.pipeline.explaining",
    "find_attacks": "assay.pipeline.attacks",
    "inspect": "assay.intake",
    "intake": "assay.intake",
    "market_damages": "assay.pipeline.damages",
    "open_attacks": "assay.pipeline.attacks",
    "open_live": "assay.pipeline.live",
    "open_run": "assay.pipeline.runs",
    "pack_attack": "assay.pipeline.attacks",
    "plan_claim": "assay.pipeline.prevalence",
    "plan_test_buys": "assay.pipeline.testbuys",
    "prepare_live": "assay.pipeline.live",
    "rate": "assay.pipeline.rating",
    "recalibrate": "assay.pipeline.recalibrating",
    "record_outcomes": "assay.pipeline.outcomes",
    "report": "assay.pipeline.reporting",
    "report_attacks": "assay.pipeline.attacks",
    "report_prevalence": "assay.pipeline.prevalence_reporting",
    "simulate": "assay.simulation",
    "test_buy_status": "assay.pipeline.outcomes",
    "test_buy_verdicts": "assay.pipeline.outcomes",
    "top_ids": "assay.pipeline.reporting",
    "train_market": "assay.pipeline.training",
    "verify_prevalence": "assay.pipeline.prevalence",
    "watch_attacks": "assay.pipeline.attacks",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name of the stages
    """The public name, imported now. AttributeError for what is not public."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


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
