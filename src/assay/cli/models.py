"""`assay train` and `evaluate`: from verdicts to models, and what they are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay import pipeline
from assay.cli.console import EngineUrl, Json, Memory, Workers, out, plain, progress_bar, say_json, say_table, settings
from assay.pipeline import TrainingOptions, trust
from assay.publishing import Estimate
from assay.rating import EvaluationSettings

VerdictsOnly = Annotated[
    bool, typer.Option("--verdicts-only", help="Leave out goods without a verdict instead of presuming them genuine.")
]
Ablation = Annotated[
    bool, typer.Option("--ablation", help="Also measure what each family of signals adds (one training each).")
]
# Four splits with their intervals beside the figures do not fit in 100 columns.
_SPLITS_ON_A_LINE = 4


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
    out.print(plain(f"\nModels and cards: {to}"))
    out.print(plain(f"Next: assay rate {market} --model {to} --out run"))


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
        found = trust.evaluation(part, kind)
        if found is not None:
            out.print(f"\n[bold]{found.title}[/], with 95 % intervals over merchants; the random split looks too good")
            between = " " if len(found.splits) < _SPLITS_ON_A_LINE else "\n"
            rows = [[row.name, *(_cell(value, between) for value in row.values)] for row in found.rows]
            say_table("", ["", *found.splits], rows, frozenset(range(1, len(found.splits) + 1)))
        for comparison in part["comparisons"]:
            out.print(_compared(comparison), soft_wrap=False)
        for name, why in found.not_measured if found else ():
            out.print(f"{name}: not measured, {why}", soft_wrap=False)


def _cell(estimate: Estimate, between: str) -> str:
    return f"{estimate.value}{between}({estimate.interval})" if estimate.interval else estimate.value


def _compared(comparison: dict[str, Any]) -> str:
    gains = ", ".join(
        f"{name.replace('_', ' ')} {value['value']:+.3f} ({value['low']:+.3f} to {value['high']:+.3f})"
        for name, value in comparison["gain"].items()
        if value.get("low") is not None
    )
    return f"The full model against one without {', '.join(comparison['without'])}: {gains}"
