"""`assay prevalence damages`: what counterfeits cost, as intervals with what drives them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.console import (
    EngineUrl,
    Json,
    Memory,
    Workers,
    out,
    plain,
    progress_bar,
    say_json,
    say_table,
    settings,
)
from assay.market.values.currencies import exponent
from assay.measurement.damages import Head
from assay.pipeline.damages import DamageReport, DamageRequest, market_damages, read_inputs
from assay.pipeline.labels import percent

_HEADS = {
    "tainted_units": "tainted units",
    "tainted_value": "tainted value",
    "infringer_profit": "infringer's profit",
    "lost_profit": "rights holder's lost profit",
    "royalty": "reasonable royalty",
    "platform_loss": "platform's own loss",
}
# Drivers that explain less than a twentieth of the width are left to --json.
_LEAST_DRIVER = 0.05


def register(app: typer.Typer) -> None:
    """Adds the commands to the group `prevalence`, which another file may have made before."""
    prevalence_group(app).command(
        "damages", epilog="Example: `assay prevalence damages demo/run --set diversion_rate=0.1:0.4`"
    )(damages)


def prevalence_group(app: typer.Typer) -> typer.Typer:
    """The group `prevalence` of the program; made when no file has made it yet."""
    for found in app.registered_groups:
        if found.name == "prevalence" and found.typer_instance is not None:
            return found.typer_instance
    group = typer.Typer(help="How much is counterfeit, and what it costs.", no_args_is_help=True)
    app.add_typer(group, name="prevalence")
    return group


def damages(
    run: Annotated[Path, typer.Argument(help="Run folder from `assay rate` with a trained model.")],
    inputs: Annotated[
        Path | None, typer.Option(help="TOML file of inputs: cost_rate = [0.2, 0.6], royalty_rate = 0.1 and so on.")
    ] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="One input as NAME=LOW:HIGH or NAME=LOW:LIKELY:HIGH; repeatable.")
    ] = None,
    merchant: Annotated[list[str] | None, typer.Option(help="Only this merchant's goods; repeatable.")] = None,
    brand: Annotated[str | None, typer.Option(help="Only goods whose listing names this brand.")] = None,
    days: Annotated[int, typer.Option(min=1, help="Days of sales before the market's instant.")] = 90,
    currency: Annotated[str | None, typer.Option(help="Currency to count in; default that of most orders.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 1,
    engine: EngineUrl = None,
    memory: Memory = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Estimates what counterfeits cost: tainted units and value, profit, lost profit, royalty, each as an interval."""
    request = DamageRequest(
        inputs=read_inputs(inputs, change or ()),
        merchants=tuple(merchant or ()),
        brand=brand,
        period_days=days,
        currency=currency,
        seed=seed,
    )
    with progress_bar(quiet=json) as follow:
        report = market_damages(run, request, engine=engine, settings=settings(memory, workers, follow))
    say_json(report) if json else _say(report)


def _say(report: DamageReport) -> None:
    found = report.damages
    sure = f"{100 * found.confidence:g} %"
    sold = f"{report.n_listings:,} listings sold {report.sold_units:,} units for {_money(report.sold_minor, report)}"
    known = f"{report.n_confirmed:,} confirmed counterfeit, {report.n_cleared:,} cleared"
    out.print(plain(f"Sales from {report.since} to {report.until}: {sold}; {known}."), soft_wrap=False)
    rows = [
        [_HEADS[head.name], _figure(head, head.median, report), _span(head, report), _drivers(head)]
        for head in found.heads
    ]
    say_table("", ["", "middle", f"{sure} interval", "what the width comes from"], rows, frozenset({1, 2}))
    if len(found.by_group) > 1:
        groups = [[head.name, _figure(head, head.median, report), _span(head, report)] for head in found.by_group]
        say_table("\nTainted units by safety class", ["", "middle", f"{sure} interval"], groups, frozenset({1, 2}))
    out.print(
        "\nThe heads belong to different parties or are alternatives of one claim: they are never added up.",
        soft_wrap=False,
    )
    out.print(plain(f"How far a merchant's goods are alike: {report.correlation_basis}."), soft_wrap=False)
    for warning in found.warnings:
        out.print(plain(warning), soft_wrap=False)
    for code, n in report.uncounted_orders.items():
        out.print(plain(f"{n:,} orders in {code} count as units and add no value: no rate into {report.currency}."))


def _figure(head: Head, value: float, report: DamageReport) -> str:
    return f"{value:,.0f}" if head.unit == "units" else _money(round(value), report)


def _span(head: Head, report: DamageReport) -> str:
    return f"{_figure(head, head.low, report)} to {_figure(head, head.high, report)}"


def _money(minor: int, report: DamageReport) -> str:
    """Whole major units: an estimate's cents say nothing."""
    return f"{minor / 10 ** exponent(report.currency):,.0f} {report.currency}"


def _drivers(head: Head) -> str:
    named = [each for each in head.drivers if each.variance_rate >= _LEAST_DRIVER]
    return ", ".join(f"{each.name.replace('_', ' ')} {percent(each.variance_rate)}" for each in named[:3])
