"""`assay prevalence report` and `recalibrate`: the page of a period, and whether the score still holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.console import Json, out, plain, say_json, say_table
from assay.cli.damages import prevalence_group
from assay.market.errors import CallerError
from assay.measurement.recalibration import CheckSettings
from assay.pipeline.labels import number, percent
from assay.pipeline.prevalence_reporting import report_prevalence
from assay.pipeline.recalibrating import Recalibration
from assay.pipeline.recalibrating import recalibrate as recalibrated
from assay.publishing import prevalence_words as words


def register(app: typer.Typer) -> None:
    """Adds the commands to the group `prevalence`, which another file may have made before."""
    group = prevalence_group(app)
    group.command("report", epilog="Example: `assay prevalence report buys/q2 --out q2.html --before buys/q1`")(report)
    group.command("recalibrate", epilog="Example: `assay prevalence recalibrate buys demo/run --out model2`")(
        recalibrate
    )


def report(
    folder: Annotated[Path, typer.Argument(help="Folder of test buys with outcomes.")],
    to: Annotated[Path, typer.Option("--out", help="HTML file to write.")],
    before: Annotated[
        list[Path] | None,
        typer.Option(help="Earlier folder (test buys or published), oldest first; repeatable. The last is compared."),
    ] = None,
    takedowns: Annotated[
        list[str] | None,
        typer.Option(help="Goods taken down in a period as YYYY-MM-DD=N; shown beside the shares, never as a measure."),
    ] = None,
    look: Annotated[int | None, typer.Option(min=1, help="Planned look; default the last that is complete.")] = None,
    published: Annotated[
        Path | None, typer.Option(help="Published folder of this plan; the page says how to verify it.")
    ] = None,
    json: Json = False,
) -> None:
    """Writes the page of a measured prevalence: figures, periods, what cannot be claimed, how far to trust it."""
    page = report_prevalence(
        folder, to, history=before or (), takedowns=_counts(takedowns or []), look=look, published=published
    )
    if json:
        say_json({"page": to, "content": page})
        return
    for headline in page.headlines:
        out.print(plain(words.headline_sentence(headline)), soft_wrap=False)
    for change in page.changes:
        out.print(plain(words.change_sentence(change)), soft_wrap=False)
    out.print(plain(f"\nPage: {to}"))


def _counts(given: list[str]) -> dict[str, int]:
    found = {}
    for each in given:
        period, _, text = each.partition("=")
        if not text.isdigit():
            raise CallerError(
                f"--takedowns {each} cannot be read; write it as 2026-06-30=41210.", value=each, allowed="YYYY-MM-DD=N"
            )
        found[period] = int(text)
    return found


def recalibrate(
    buys: Annotated[Path, typer.Argument(help="Folder of test buys with outcomes, from `assay testbuy plan`.")],
    run: Annotated[Path, typer.Argument(help="The run that the plan was made from.")],
    to: Annotated[
        Path | None, typer.Option("--out", help="Model folder to write when the score drifted; without it only checks.")
    ] = None,
    false_alarm_rate: Annotated[
        float, typer.Option(help="How often a score in order may fail the test, 0 to 1.")
    ] = 0.05,
    seed: Annotated[int, typer.Option(help="Seed of the simulated test.")] = 1,
    json: Json = False,
) -> None:
    """Checks the score by a period's test buys and, where it drifted, writes models with the level set right."""
    found = recalibrated(buys, run, to, settings=CheckSettings(false_alarm_rate=false_alarm_rate), seed=seed)
    if json:
        say_json({"drifted": found.check.drifted, "said": found.said, "result": found})
        return
    _say_check(found)
    if found.folder is not None:
        out.print(plain(f"Next: rate the market again with --model {found.folder}"))


def _say_check(found: Recalibration) -> None:
    check = found.check
    rows = [
        [
            "plain random share",
            f"{check.n_plain_positive:,} of {check.n_plain:,}",
            percent(check.plain.share),
            percent(check.plain_expected),
        ],
        [
            "all buys, weighted",
            f"{check.n_positive:,} of {check.n_buys:,}",
            percent(check.observed.share),
            percent(check.expected),
        ],
    ]
    say_table("", ["", "counterfeit", "share found", "expected by the score"], rows, frozenset({1, 2, 3}))
    ratio = check.ratio
    out.print(
        plain(
            f"Found over expected: {number(ratio.share)} (95 % interval {number(ratio.low)} to {number(ratio.high)}); "
            f"p = {check.p:.2g}, and a score in order fails {percent(check.false_alarm_rate)} of the time."
        ),
        soft_wrap=False,
    )
    out.print(plain("The score has drifted." if check.drifted else "No drift was seen; that is not proof of none."))
    out.print(plain(found.said), soft_wrap=False)
