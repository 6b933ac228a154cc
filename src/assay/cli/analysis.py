"""`assay rate`, `explain` and `report`: from a market to goods, merchants and reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay import pipeline
from assay.cli.console import (
    EngineUrl,
    Json,
    Memory,
    Workers,
    out,
    plain,
    progress_bar,
    say_grid,
    say_json,
    say_table,
    settings,
)
from assay.market.scores import AT_RISK_SCORE, RED_FLAG_SCORE
from assay.pipeline import Explanation, Run
from assay.pipeline.cases import step_bar
from assay.pipeline.explaining import folded
from assay.pipeline.labels import label, percent
from assay.publishing import StepBar
from assay.signals.signal import Discrepancy

_BAR_POINTS = 25  # one block of the text waterfall moves the odds by a quarter or so
_MOST_BLOCKS = 13  # more would not fit beside the rest in 100 columns
_NAME_SHOWN = 200


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
    say_run(run)
    if run.about["not_computed"]:
        out.print(f"  {len(run.about['not_computed'])} signals not computed; the report says what they need.")
    out.print(plain(f"Next: assay report {to} --out report.html"))


def say_run(run: Run) -> None:
    """What a rating found, in a few lines."""
    counts = run.about["counts"]
    out.print(f"Rated snapshot {run.snapshot_id} as of {run.about['as_of'][:10]}: {run.about['model']['label']}.")
    rows = [
        [kind, f"{n['rated']:,}", *(f"{n[name]:,}  ({_share(n, name)})" for name in ("red_flags", "at_risk"))]
        for kind, n in ((kind, counts[kind]) for kind in ("listings", "merchants"))
    ]
    head = ["", "rated", f"{RED_FLAG_SCORE:.0f} or more (red flag)", f"{AT_RISK_SCORE:.0f} or more"]
    say_table("", head, rows, frozenset({1, 2, 3}))


def _share(counts: dict[str, int], name: str) -> str:
    return percent(counts[name] / max(counts["rated"], 1))


def explain(
    run: Annotated[Path, typer.Argument(help="Run folder from `assay rate`.")],
    subject: Annotated[str, typer.Argument(metavar="LISTING|MERCHANT", help="Id of a listing or a merchant.")],
    every: Annotated[bool, typer.Option("--all", help="Show steps of less than 5 points one by one.")] = False,
    json: Json = False,
) -> None:
    """Shows why one listing or merchant scored as it did: what does not fit, then every step to the score."""
    found = pipeline.explain(run, subject)
    if json:
        say_json(found)
        return
    say_explanation(found, every=every)


def say_explanation(found: Explanation, *, every: bool) -> None:
    """Why a subject scored as it did: what does not fit, then every step to the score, then what was not checked."""
    _say_head(found)
    _say_discrepancies(found)
    _say_steps(found, every=every)
    _say_gaps(found)


def _say_head(found: Explanation) -> None:
    fall = found.waterfall
    interval = "" if fall.score_low is None else f" (95 % interval {fall.score_low:.1f} to {fall.score_high:.1f})"
    out.print(plain(f"{found.subject_type} {found.subject_id}: score {fall.score:.1f} of 100{interval}, {found.label}"))
    if found.name is not None:
        out.print(plain(f"“{found.name}”", _NAME_SHOWN))
    if found.subject_type == "listing":
        out.print(plain(f"offered by merchant {found.merchant_id}"))
    elif found.numbers.get("worst_listing_score") is not None:
        numbers = found.numbers
        out.print(
            f"{numbers['n_listings']:,} live listings, worst {numbers['worst_listing_score']:.1f}, "
            f"{percent(numbers['share_at_risk'])} of the range at {AT_RISK_SCORE:.0f} or more"
        )


def _say_discrepancies(found: Explanation) -> None:
    if not found.discrepancies and not found.merchant_discrepancies:
        out.print("\nNothing was found that does not fit.")
        return
    parts = (("What does not fit", found.discrepancies), ("About its merchant", found.merchant_discrepancies))
    for title, discrepancies in parts:
        if discrepancies:
            out.print(f"\n[bold]{title}[/] (points, fact)")
            say_grid([[_points(found, each), each.text] for each in discrepancies])


def _points(found: Explanation, each: Discrepancy) -> str:
    points = found.points(each.signal)
    return "-" if points is None else f"{points:+d}"


def _say_steps(found: Explanation, *, every: bool) -> None:
    fall = found.waterfall
    steps, n_folded = folded(fall, 1) if every else folded(fall)
    rows = [["start", "", f"{fall.base_points:+d}", f"{fall.base_score:.1f}", ""]]
    rows += [_step_row(step_bar(step, n_folded)) for step in steps]
    rows.append(["score", "", f"{fall.score_points:+d}", f"{fall.score:.1f}", ""])
    out.print("\n[bold]Step by step[/] (points are hundredths of log-odds and add up; 69 double the odds)")
    say_table("", ["step", "what was measured", "points", "score", ""], rows, frozenset({2, 3}))


def _step_row(step: StepBar) -> list[str]:
    return [step.label, step.note, f"{step.points:+d}", f"{step.score:.1f}", _bar(step.points)]


def _bar(points: int) -> str:
    blocks = round(abs(points) / _BAR_POINTS)
    return ("+" if points > 0 else "-") * min(blocks, _MOST_BLOCKS) + ("…" if blocks > _MOST_BLOCKS else "")


def _say_gaps(found: Explanation) -> None:
    if found.not_checked:
        out.print(f"\n[bold]Not checked[/] for this {found.subject_type}, because nothing is there to check")
        say_grid([["", "; ".join(label(each) for each in found.not_checked)]])
    if found.not_computed:
        out.print("\n[bold]Not computed[/] in this market; the report says what is needed")
        say_grid([["", "; ".join(label(each) for each in found.not_computed)]])


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
    out.print(plain(f"Report: {written} ({written.stat().st_size / 2**20:.1f} MiB, one file; open it in any browser)"))
