"""`assay train` and `evaluate`: from verdicts to models, and what they are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay import pipeline
from assay.cli.console import EngineUrl, Json, Memory, Workers, out, progress_bar, say_json, say_table, settings
from assay.pipeline import TrainingOptions
from assay.rating import EvaluationSettings

VerdictsOnly = Annotated[
    bool, typer.Option("--verdicts-only", help="Leave out goods without a verdict instead of presuming them genuine.")
]
Ablation = Annotated[
    bool, typer.Option("--ablation", help="Also measure what each family of signals adds (one training each).")
]


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    app.command("train", epilog="Example: `assay train demo/market --out demo/model`")(train)
    app.command("evaluate", epilog="Example: `assay evaluate demo/market`")(evaluate)


def train(
    market: Annotated[Path, typer.Argument(help="Market folder with a table of verdicts.")],
    to: Annotated[Path, typer.Option("--out", help="Model folder to write.")],
    verdicts_only: VerdictsOnly = False,
    ablation: Ablation = False,
    engine: EngineUrl = None,
    memory: Memory = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Trains the two models on the market's verdicts, evaluates them out of fold, writes models and model cards."""
    with progress_bar(quiet=json) as follow:
        trained = pipeline.train_market(
            market,
            to,
            options=_options(verdicts_only=verdicts_only, ablation=ablation),
            engine=engine,
            settings=settings(memory, workers, follow),
        )
    if json:
        say_json({"model": to, "evaluation": trained.evaluation})
        return
    say_figures(trained.evaluation)
    out.print(f"Models and cards: {to}")


def evaluate(
    market: Annotated[Path, typer.Argument(help="Market folder with a table of verdicts.")],
    verdicts_only: VerdictsOnly = False,
    ablation: Ablation = False,
    engine: EngineUrl = None,
    memory: Memory = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Makes the figures of the model card again, from the market alone."""
    with progress_bar(quiet=json) as follow:
        figures = pipeline.evaluate_market(
            market,
            options=_options(verdicts_only=verdicts_only, ablation=ablation),
            engine=engine,
            settings=settings(memory, workers, follow),
        )
    if json:
        say_json(figures)
        return
    say_figures(figures)


def _options(*, verdicts_only: bool, ablation: bool) -> TrainingOptions:
    return TrainingOptions(evaluation=EvaluationSettings(ablation=ablation), verdicts_only=verdicts_only)


def say_figures(evaluation: dict[str, Any]) -> None:
    """The evaluation of both models as tables: honest figures first, the leaky split beside them."""
    for kind in ("listing", "merchant"):
        part = evaluation[kind]
        splits = [(name, part[name]) for name in ("out_of_fold", "sampled", "forward", "random_split") if part[name]]
        names = [name for name in splits[0][1] if isinstance(splits[0][1][name], dict)]
        rows = [[name.replace("_", " "), *(_estimate(split[name]) for _, split in splits)] for name in names]
        head = ["", *(name.replace("_", " ") for name, _ in splits)]
        say_table(f"\n{kind}s (95 % interval by merchant)", head, rows)
        for comparison in part["comparisons"]:
            gains = ", ".join(f"{k.replace('_', ' ')} {_estimate(v)}" for k, v in comparison["gain"].items())
            out.print(f"  the full model against one without {', '.join(comparison['without'])}: {gains}")
        for name, why in part["not_measured"].items():
            out.print(f"  {name.replace('_', ' ')}: not measured, {why}")


def _estimate(value: dict[str, Any]) -> str:
    if value.get("value") is None:
        return "-"
    low, high = value.get("low"), value.get("high")
    return f"{value['value']:.3f}" + (f" ({low:.3f} to {high:.3f})" if low is not None and high is not None else "")
