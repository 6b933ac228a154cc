"""`assay rate`, `explain` and `report`: from a market to goods, merchants and reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay import pipeline
from assay.cli.console import EngineUrl, Json, Memory, Workers, out, progress_bar, say_json, say_table, settings
from assay.pipeline import AT_RISK_SCORE, RED_FLAG_SCORE, Explanation, Run

_BAR_POINTS = 25  # one block of the text waterfall is a quarter of a doubling or so of the odds


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    app.command("rate", epilog="Example: `assay rate demo/market --model demo/model --out demo/run`")(rate)
    app.command("explain", epilog="Example: `assay explain demo/run L000000123`")(explain)
    app.command("report", epilog="Example: `assay report demo/run --out report.html`")(report)


def rate(
    market: Annotated[Path, typer.Argument(help="Market folder, from `assay intake` or `assay simulate`.")],
    to: Annotated[Path, typer.Option("--out", help="Run folder to write.")],
    model: Annotated[
        Path | None, typer.Option(help="Model folder from `assay train`; without it the expert scorecard rates.")
    ] = None,
    scorecard: Annotated[
        Path | None, typer.Option(help="Your own scorecard file, instead of the built-in one.")
    ] = None,
    engine: EngineUrl = None,
    memory: Memory = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Rates every listing and merchant from 0 to 100 and writes scores, steps and discrepancies."""
    with progress_bar(quiet=json) as follow:
        run = pipeline.rate(
            market,
            to,
            model_folder=model,
            scorecard_file=scorecard,
            engine=engine,
            settings=settings(memory, workers, follow),
        )
    if json:
        say_json({"run": to, **run.about})
        return
    say_run(run, to)


def say_run(run: Run, to: Path) -> None:
    """What a rating found, in a few lines."""
    counts = run.about["counts"]
    out.print(f"Rated snapshot {run.snapshot_id} as of {run.about['as_of'][:10]}: {run.about['model']['label']}.")
    for kind in ("listings", "merchants"):
        n = counts[kind]
        out.print(
            f"  {n['rated']:,} {kind}: {n['red_flags']:,} at {RED_FLAG_SCORE:.0f} or more (red flag), "
            f"{n['at_risk']:,} at {AT_RISK_SCORE:.0f} or more."
        )
    if run.about["not_computed"]:
        out.print(f"  {len(run.about['not_computed'])} signals not computed; `assay report {to}` says what they need.")
    out.print(f"Next: assay report {to} --out report.html")


def explain(
    run: Annotated[Path, typer.Argument(help="Run folder from `assay rate`.")],
    subject: Annotated[str, typer.Argument(metavar="LISTING|MERCHANT", help="Id of a listing or a merchant.")],
    json: Json = False,
) -> None:
    """Shows why one listing or merchant scored as it did: every step, every discrepancy, what was not checked."""
    found = pipeline.explain(run, subject)
    if json:
        say_json(found)
        return
    _say_explanation(found)


def _say_explanation(found: Explanation) -> None:
    fall = found.waterfall
    interval = "" if fall.score_low is None else f" (95 % interval {fall.score_low:.1f} to {fall.score_high:.1f})"
    out.print(f"{found.subject_type} {found.subject_id}: score {fall.score:.1f} of 100{interval}; {found.label}")
    if found.subject_type == "listing":
        out.print(f"offered by merchant {found.merchant_id}")
    elif found.numbers.get("worst_listing_score") is not None:
        numbers = found.numbers
        out.print(
            f"{numbers['n_listings']:,} live listings, worst {numbers['worst_listing_score']:.1f}, "
            f"{numbers['share_at_risk']:.0%} of the range at {AT_RISK_SCORE:.0f} or more"
        )
    rows = [["start", "", f"{fall.base_points:+d}", f"{fall.base_score:.1f}", ""]]
    rows += [
        [
            step.id,
            "not checked" if not step.checked and step.id != "calibration" else _value(step.value),
            f"{step.points:+d}",
            f"{step.score_after:.1f}",
            _bar(step.points),
        ]
        for step in fall.steps
        if step.points or step.id == "calibration"
    ]
    rows.append(["end", "", f"{fall.score_points:+d}", f"{fall.score:.1f}", ""])
    say_table(
        "\nStep by step (points are hundredths of log-odds; steps of 0 are left out)",
        ["step", "value", "points", "score so far", ""],
        rows,
        frozenset({1, 2, 3}),
    )
    _say_facts(found)


def _say_facts(found: Explanation) -> None:
    out.print("\nWhat does not fit:" if found.discrepancies else "\nNothing was found that does not fit.")
    for each in found.discrepancies:
        out.print(f"  - {each.text}  ({each.signal})", markup=False)
    if found.not_checked:
        out.print(f"\nNot checked for this {found.subject_type}: {', '.join(found.not_checked)}")
    if found.not_computed:
        out.print(f"Not computed in this market: {', '.join(found.not_computed)}")


def _value(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"


def _bar(points: int) -> str:
    blocks = min(round(abs(points) / _BAR_POINTS), 30)
    return ("+" if points > 0 else "-") * blocks


def report(
    run: Annotated[Path, typer.Argument(help="Run folder from `assay rate`.")],
    to: Annotated[Path, typer.Option("--out", help="HTML file to write.")] = Path("report.html"),
    model: Annotated[
        Path | None, typer.Option(help="Model folder whose evaluation is shown; by default the one the run used.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=500, help="Goods and merchants to show in full.")] = 20,
    json: Json = False,
) -> None:
    """Writes one self-contained HTML page: scores, reasons, plots, what was not computed, data quality."""
    written = pipeline.report(run, to, model_folder=model, n_top=top)
    if json:
        say_json({"report": written, "bytes": written.stat().st_size})
        return
    out.print(f"Report: {written} ({written.stat().st_size / 2**20:.1f} MiB, one file; open it in any browser)")
