"""`assay prevalence`: how much is counterfeit, whether it changed, what a budget can show, and the proof of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.console import Json, out, plain, say_json, say_table
from assay.market.errors import CallerError, OutsideError
from assay.measurement.domains import DomainEstimate
from assay.measurement.estimation import Estimand, Estimate
from assay.measurement.power import Claim
from assay.measurement.publication import Verification
from assay.measurement.trends import Trend
from assay.pipeline.prevalence import (
    Comparison,
    PrevalenceStudy,
    compare_prevalence,
    estimate_prevalence,
    plan_claim,
    verify_prevalence,
)

Share = Annotated[Estimand, typer.Option("--of", help="Share of what: listings, orders or value.")]

group = typer.Typer(help="Estimates, compares, publishes and verifies how much is counterfeit.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    app.add_typer(group, name="prevalence")


@group.command("estimate", epilog="Example: `assay prevalence estimate demo/buys --publish demo/published`")
def estimate(
    folder: Annotated[Path, typer.Argument(help="Folder of test buys with outcomes.")],
    publish: Annotated[
        Path | None, typer.Option(help="Folder to publish in: anonymised units, sealed plan, figures, signature.")
    ] = None,
    look: Annotated[int | None, typer.Option(help="Planned look; default the last that is complete.")] = None,
    key: Annotated[Path | None, typer.Option(help="Signing key of the plan. Default as for `testbuy plan`.")] = None,
    by: Annotated[
        str | None, typer.Option(help="Also by category, brand, merchant_size, origin or safety_class.")
    ] = None,
    json: Json = False,
) -> None:
    """Estimates the counterfeit share of listings, orders and value, with intervals that hold for rare events."""
    study = estimate_prevalence(folder, look=look, publish_to=publish, key_file=key)
    if json:
        say_json(_plain_study(study))
        return
    _say_study(study)
    if by is not None:
        _say_domains(study, by)
    if publish is not None:
        out.print()
        out.print(plain(f"Published: {publish}"))
        out.print(plain(f"Anybody checks it with: assay prevalence verify {publish} --key {study.key_fingerprint}"))


def _plain_study(study: PrevalenceStudy) -> dict[str, object]:
    return {
        "plan_sha256": study.plan_sha256,
        "key": study.key_fingerprint,
        "figures": asdict(study.figures),
        "outcomes": {f"{pot}.{outcome}": n for (pot, outcome), n in study.outcomes.items()},
        "periods": [asdict(each) for each in study.periods],
        "published": study.published,
    }


def _say_study(study: PrevalenceStudy) -> None:
    figures = study.figures
    which = "" if figures.n_looks == 1 else f", look {figures.look} of {figures.n_looks}"
    out.print(plain(f"Counterfeit on {study.plan.circumstances.as_of[:10]}{which}"))
    head = ["share of", "counterfeit", f"{100 * figures.look_confidence:g} % interval", "buys", "found", "method"]
    say_table("", head, [_estimate_row(each) for each in figures.estimates], frozenset({1, 2, 3, 4}))
    _say_examiner(study)
    if figures.plain is not None:
        p = figures.plain
        out.print(
            f"Plain random share, to count by hand: {p.n_positive} of {p.n_buys} = {_percent(p.share)} "
            f"({_percent(p.low)} to {_percent(p.high)})"
        )
    for each in figures.estimates:
        if each.n_failed:
            out.print(
                f"{each.n_failed} buys gave no result; were all of them genuine or all counterfeit, the share of "
                f"{each.estimand} would be {_percent(each.best_case.share)} or {_percent(each.worst_case.share)}."
            )


def _estimate_row(each: Estimate) -> list[str]:
    interval = f"{_percent(each.low)} to {_percent(each.high)}"
    return [str(each.estimand), _percent(each.share), interval, f"{each.n_buys:,}", f"{each.n_positive:,}", each.method]


def _say_examiner(study: PrevalenceStudy) -> None:
    model = study.figures.authentication
    if model is None:
        out.print("No controls of both kinds have a result: the examiner's own errors are not allowed for.")
        return
    out.print(
        f"Controls: {model.n_fakes_found} of {model.n_fakes} known fakes found, {model.n_genuine_passed} of "
        f"{model.n_genuine} known genuine goods passed."
    )
    for each in study.figures.estimates:
        if each.corrected is not None:
            low, high = _percent(each.corrected.low), _percent(each.corrected.high)
            out.print(f"  allowing for that, {each.estimand}: {_percent(each.corrected.share)} ({low} to {high})")


def _say_domains(study: PrevalenceStudy, by: str) -> None:
    for estimand, cells in study.figures.domains.items():
        rows = [_domain_row(cell) for cell in cells if cell.by == by]
        if not rows:
            allowed = ", ".join(sorted({cell.by for cell in cells}))
            raise CallerError(f"--by is {by!r}; allowed is {allowed}.", value=by, allowed=allowed)
        out.print()
        say_table(
            f"Share of {estimand} by {by}",
            [by, "counterfeit", "interval", "buys", "found"],
            rows,
            frozenset({1, 2, 3, 4}),
        )


def _domain_row(cell: DomainEstimate) -> list[str]:
    name = "not said" if cell.value is None else cell.value
    if cell.share is None or cell.low is None or cell.high is None:
        return [name, "withheld: too few buys", "", "", ""]
    interval = f"{_percent(cell.low)} to {_percent(cell.high)}"
    return [name, _percent(cell.share), interval, f"{cell.n_buys or 0:,}", f"{cell.n_positive or 0:,}"]


@group.command("compare", epilog="Example: `assay prevalence compare spring/buys summer/buys`")
def compare(
    before: Annotated[Path, typer.Argument(help="Earlier folder: test buys with outcomes, or published.")],
    after: Annotated[Path, typer.Argument(help="Later folder, of either kind.")],
    of: Share = Estimand.LISTINGS,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="Confidence of the interval.")] = 0.95,
    json: Json = False,
) -> None:
    """Says whether the share rose or fell between two periods, or why that cannot be claimed and what it would take."""
    found = compare_prevalence(before, after, of, confidence=confidence)
    if json:
        say_json(found)
        return
    _say_comparison(found)


def _say_comparison(found: Comparison) -> None:
    rows = [
        [when, each.period, _percent(each.share), f"{_percent(each.low)} to {_percent(each.high)}", f"{each.n_buys:,}"]
        for when, each in (("before", found.before), ("after", found.after))
    ]
    say_table(
        f"Counterfeit share of {found.before.estimand}",
        ["", "day", "share", "interval", "buys"],
        rows,
        frozenset({2, 3, 4}),
    )
    change = found.change
    if change.ratio is not None:
        high = "no upper limit" if change.high == float("inf") else f"{change.high:.2f}"
        out.print(f"\nAfter over before: {change.ratio:.2f} ({change.low:.2f} to {high})")
    if found.supported:
        word = "fell" if change.trend is Trend.FELL else "rose"
        out.print(f"[bold]The share {word}[/] (p = {change.p:.2g}).")
    else:
        out.print("[bold]No claim:[/] these buys cannot tell whether the share rose or fell.")
        if found.buys_needed is not None:
            out.print(f"A change of this size would take about {found.buys_needed:,} buys in each period to show.")
    for each in found.differences:
        out.print(plain(f"Note: {each}."))


@group.command("power", epilog="Example: `assay prevalence power --rate 0.01 --ratio 0.75 --buys 2000`")
def power(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of test buys that gives rate and design effect; else --rate.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Share counterfeit before, 0 to 1.")] = None,
    ratio: Annotated[float, typer.Option(help="Change to see: 0.5 is halved, 2 doubled.")] = 0.5,
    buys: Annotated[int, typer.Option(min=1, help="Buys in each period, controls left out.")] = 2_000,
    of: Share = Estimand.LISTINGS,
    json: Json = False,
) -> None:
    """Says beforehand whether a number of buys can show a change, and how many would."""
    found = plan_claim(folder, ratio, buys, rate=rate, estimand=of)
    if json:
        say_json(found)
        return
    _say_claim(found)


def _say_claim(found: Claim) -> None:
    what = f"{_percent(found.rate)} to {_percent(found.rate * found.ratio)}"
    out.print(
        f"A change from {what} is seen with {found.n_buys:,} buys a period in {100 * found.power:.0f} % of cases."
    )
    if found.supported:
        out.print("That supports the claim (80 % or more).")
    else:
        out.print(f"[bold]That does not support the claim:[/] it would take {found.buys_needed:,} buys in each period.")


@group.command("verify", epilog="Example: `assay prevalence verify published --key FINGERPRINT`")
def verify(
    folder: Annotated[Path, typer.Argument(help="Published folder.")],
    key: Annotated[
        str | None, typer.Option(help="Fingerprint of the publisher's key, taken from somewhere else than the folder.")
    ] = None,
    json: Json = False,
) -> None:
    """Proves a published folder, offline: signature, every hash, the sealed plan, and every figure computed again."""
    found = verify_prevalence(folder, key_fingerprint=None if key is None else _fingerprint(key))
    if json:
        say_json(found)
    else:
        _say_verification(found)
    if not found.holds:
        raise typer.Exit(OutsideError.exit_code)


def _fingerprint(key: str) -> str:
    text = key.strip().lower()
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise CallerError(
            f"--key is {key!r}; a fingerprint has 64 hexadecimal digits.", value=key, allowed="64 hexadecimal digits"
        )
    return text


def _say_verification(found: Verification) -> None:
    for check in found.checks:
        out.print(plain(f"{'holds' if check.holds else 'FAILS'}  {check.name}: {check.said}"))
    if not found.holds:
        out.print("\n[bold red]Not verified:[/] do not rely on this folder.")
        return
    out.print("\n[bold]Verified.[/] The figures follow from the published units and the sealed plan.")
    if not found.key_expected:
        out.print(
            "Not proven without --key: who published it. Whoever replaces every file can replace the key as well; take "
            "the fingerprint from elsewhere."
        )
    out.print(
        "Not proven by any file here: that the plan is older than the draw (ask who was given its hash in time), and "
        "that the outcomes were reported truly (the controls and second examinations speak to that)."
    )
    if found.figures is not None:
        for each in found.figures["estimates"]:
            low, high = _percent(each["low"]), _percent(each["high"])
            out.print(f"  {each['estimand']}: {_percent(each['share'])} counterfeit ({low} to {high})")


def _percent(share: float) -> str:
    """A share in percent with three significant digits, however small."""
    return f"{100 * share:.3g} %" if share < 0.1 else f"{100 * share:.1f} %"
