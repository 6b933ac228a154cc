"""`assay testbuy`: plan, seal and draw test buys, record what came of them, see where they stand."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

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
from assay.market.errors import CallerError
from assay.market.values import money
from assay.measurement.enforcement import Harm
from assay.measurement.frame import PERIOD_DAYS
from assay.measurement.plans import Plan, PlanSettings
from assay.pipeline.custody import TestBuys
from assay.pipeline.outcomes import Recorded, Status, record_outcomes, test_buy_status, test_buy_verdicts
from assay.pipeline.testbuys import PlanRequest, draw_test_buys, plan_test_buys

_FAULTS_SHOWN = 20

Folder = Annotated[Path, typer.Argument(help="Folder of test buys, from `assay testbuy plan`.")]

group = typer.Typer(help="Plans, seals and draws test buys, and records what came of them.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    app.add_typer(group, name="testbuy")


@group.command("plan", epilog="Example: `assay testbuy plan demo/run --buys 1000 --out demo/buys`")
def plan(
    run: Annotated[Path, typer.Argument(help="Run folder from `assay rate`.")],
    to: Annotated[Path, typer.Option("--out", help="Folder to write; it must not exist.")],
    market: Annotated[Path | None, typer.Option(help="Market folder; default the run's own.")] = None,
    buys: Annotated[int, typer.Option(help="Buys in all, controls included; 60 or more.")] = 1_000,
    enforce: Annotated[float, typer.Option(help="Share picked for expected harm; at most 0.25.")] = 0.25,
    control: Annotated[float, typer.Option(help="Share of controls, whose truth is known.")] = 0.20,
    plain_share: Annotated[float, typer.Option("--plain", help="Share drawn with equal chances.")] = 0.15,
    strata: Annotated[int, typer.Option(help="Measuring strata, 1 to 20.")] = 9,
    listings_only: Annotated[
        bool, typer.Option("--listings-only", help="Serve the share of listings alone, not orders and value.")
    ] = False,
    confidence: Annotated[float, typer.Option(help="Confidence of the intervals of the period.")] = 0.95,
    looks: Annotated[int, typer.Option(help="How often the figures will be published in the period.")] = 1,
    period: Annotated[int, typer.Option(help="Days before the snapshot in which sales count.")] = PERIOD_DAYS,
    currency: Annotated[str | None, typer.Option(help="Currency of values; default that of most orders.")] = None,
    rate: Annotated[
        list[str] | None, typer.Option(help="Rate of another currency, as USD=0.92; repeat for each.")
    ] = None,
    horizon: Annotated[int, typer.Option(help="Days that goods would go on selling, for expected harm.")] = 90,
    handling: Annotated[int, typer.Option(help="Shipping and examination of a buy, in minor units.")] = 5_000,
    budget: Annotated[int | None, typer.Option(help="Most to spend on enforcement, in minor units.")] = None,
    history: Annotated[
        list[Path] | None, typer.Option(help="Earlier folder of test buys: strikes and settled merchants; repeat.")
    ] = None,
    cases: Annotated[
        Path | None, typer.Option(help="CSV of merchant_id,value_minor: what a network case is worth.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Signing key; made on first use. Default $ASSAY_SIGNING_KEY or your own.")
    ] = None,
    seed: Annotated[
        str | None, typer.Option(help="Secret of the draw, to repeat a plan; default 256 random bits.")
    ] = None,
    note: Annotated[str, typer.Option(help="A remark to seal with the plan.")] = "",
    engine: EngineUrl = None,
    memory: Memory = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Plans a period's test buys and seals the plan: frame, strata, numbers, seed. Nothing is drawn yet."""
    chosen = PlanSettings(
        n_buys=buys,
        enforce_share=enforce,
        control_share=control,
        plain_share=plain_share,
        n_strata=strata,
        confidence=confidence,
        looks=looks,
        enforce_budget_minor=budget,
        for_sales=not listings_only,
    )
    with progress_bar(quiet=json) as follow:
        request = PlanRequest(
            market_folder=market,
            currency=currency,
            period_days=period,
            rates=_rates(rate or []),
            harm=Harm(horizon_days=horizon, handling_minor=handling),
            history=tuple(history or ()),
            cases={} if cases is None else _cases(cases),
            key_file=key,
            seed=seed,
            note=note,
            engine=engine,
            engine_settings=settings(memory, workers, follow),
        )
        made = plan_test_buys(run, to, chosen, request)
    if json:
        say_json({"folder": to, "sha256": made.seal.sha256, "key": made.seal.fingerprint, "plan": asdict(made.plan)})
        return
    _say_plan(made)


def _rates(given: list[str]) -> dict[str, float]:
    rates = {}
    for each in given:
        code, _, number = each.partition("=")
        try:
            rates[code.strip().upper()] = float(number)
        except ValueError:
            raise CallerError(f"--rate is {each!r}; write it as USD=0.92.", value=each, allowed="CODE=NUMBER") from None
    return rates


def _cases(file: Path) -> dict[str, int]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            return {row["merchant_id"]: int(row["value_minor"]) for row in csv.DictReader(opened)}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CallerError(
            f"{file} is not a CSV file with merchant_id and value_minor (whole minor units): {error}.",
            where={"file": str(file)},
            allowed="merchant_id,value_minor",
        ) from error


def _say_plan(made: TestBuys) -> None:
    frame, about = made.plan.frame, made.plan.circumstances
    left_out = ", ".join(f"{n:,} {reason}" for reason, n in frame.exclusions.items()) or "none"
    out.print(plain(f"Sealed plan of {made.plan.n_drawn + made.plan.settings.n_control:,} test buys: {made.folder}"))
    out.print(
        plain(
            f"Frame on {about.as_of[:10]}: {frame.n_units:,} listings, {frame.n_orders:,} orders; left out: {left_out}"
        )
    )
    if frame.uncounted_orders:
        lost = ", ".join(f"{n:,} in {code}" for code, n in frame.uncounted_orders.items())
        out.print(plain(f"Their value is not counted, for want of a --rate: orders {lost}"))
    if not frame.n_orders:
        out.print("No sales are known: only the share of listings can be measured.")
    _say_strata(made.plan)
    rows = [
        [e.estimand, f"{100 * e.share:.2f} %", _points(e.half_width), _points(e.random_half_width)]
        for e in made.plan.expected
    ]
    head = ["if the score is right", "counterfeit", "this plan", "as many random buys"]
    say_table("", head, rows, frozenset({1, 2, 3}))
    out.print(f"\nPlan hash, to give to somebody else before you draw:\n  {made.seal.sha256}")
    out.print(f"Key fingerprint, to publish:\n  {made.seal.fingerprint}")
    out.print(plain(f"Next: assay testbuy draw {made.folder}"))


def _points(half_width: float) -> str:
    return f"± {100 * half_width:.2f} points"


def _say_strata(plan: Plan) -> None:
    rows = [
        [
            s.stratum,
            s.pot,
            f"{s.n_units:,}",
            f"{s.n_orders:,}",
            f"{100 * s.expected_rate:.2f} %",
            f"{s.n_drawn:,}",
            f"{s.n_plain:,}",
        ]
        for s in plan.strata
    ]
    n_control = plan.n_genuine_controls + plan.n_fake_controls
    rows.append(["controls", "control", "", "", "", f"{n_control:,}", ""])
    head = ["stratum", "pot", "listings", "orders", "expected", "buys", "of them plain"]
    out.print()
    say_table("", head, rows, frozenset(range(2, 7)))
    out.print()


@group.command("draw", epilog="Example: `assay testbuy draw demo/buys`")
def draw(folder: Folder, json: Json = False) -> None:
    """Draws the units of a sealed plan: what to buy, and what the examiner may see. Drawing again changes nothing."""
    units = draw_test_buys(folder)
    files = {name: folder / f"{name}.csv" for name in ("purchases", "examiner", "enforcement")}
    if json:
        say_json({"units": len(units), "files": files})
        return
    out.print(f"Drew {len(units):,} units.")
    out.print(plain(f"What to buy (private): {files['purchases']}"))
    out.print(plain(f"What the examiner sees: {files['examiner']}"))
    out.print(plain(f"Why goods were picked for enforcement: {files['enforcement']}"))
    out.print(plain(f"Next: assay testbuy record {folder} outcomes.csv   (columns: unit, outcome, …)"))


@group.command("record", epilog="Example: `assay testbuy record demo/buys outcomes.csv`")
def record(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="CSV with unit and outcome; second_outcome, cost_minor, date, …")],
    encoding: Annotated[str | None, typer.Option(help="Encoding of the file, when it is not UTF-8.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace recorded values; the earlier ones stay in the history.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why values are replaced; kept in the history.")] = None,
    json: Json = False,
) -> None:
    """Adds outcomes to the history. Rows that cannot be taken are listed; recording a file twice changes nothing."""
    if replace != (reason is not None):
        raise CallerError("--replace and --reason belong together: say why recorded values are replaced.")
    found = record_outcomes(folder, file, encoding=encoding, replace_reason=reason if replace else None)
    if json:
        say_json(found)
    else:
        _say_recorded(found)
    if found.faults:
        raise typer.Exit(CallerError.exit_code)


def _say_recorded(found: Recorded) -> None:
    repeated = f", {found.n_repeated:,} twice in the file" if found.n_repeated else ""
    out.print(
        f"Read {found.n_rows:,} rows: {found.n_new:,} new, {found.n_unchanged:,} known already{repeated}, "
        f"{len(found.faults):,} refused."
    )
    for fault in found.faults[:_FAULTS_SHOWN]:
        out.print(plain(f"  {fault.text()}"))
    if found.rejects is not None:
        more = len(found.faults) - _FAULTS_SHOWN
        out.print(plain(f"{f'… and {more:,} more. ' if more > 0 else ''}Refused rows: {found.rejects}"))
    out.print(f"History: {found.n_entries:,} entries, last hash {found.head}")


@group.command("status", epilog="Example: `assay testbuy status demo/buys`")
def status(folder: Folder, json: Json = False) -> None:
    """Shows what is bought and outstanding, what it cost, and a live interval that may be looked at any time."""
    found = test_buy_status(folder)
    if json:
        say_json(found)
        return
    _say_status(found)


def _say_status(found: Status) -> None:
    rows = [
        [p.pot, f"{p.n_drawn:,}", f"{p.n_known:,}", f"{p.n_outstanding:,}", money.text(p.spent_minor, found.currency)]
        for p in found.pots
    ]
    say_table("", ["pot", "drawn", "known", "outstanding", "spent"], rows, frozenset({1, 2, 3, 4}))
    spent, planned = (money.text(n, found.currency) for n in (found.spent_minor, found.planned_minor))
    out.print(f"\nSpent {spent} of {planned} (prices and handling of everything drawn).")
    out.print("Outcomes: " + ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in found.outcomes.items()))
    if found.look_ready:
        out.print(f"Ready to publish: look {found.look_ready} of {found.n_looks}")
    shares = [[e.estimand, f"{100 * e.low:.2f} %", f"{100 * e.high:.2f} %"] for e in found.live]
    out.print("\nLive view: intervals that hold whenever you look, wider than a planned look and not to be published")
    say_table("", ["counterfeit share of", "from", "to"], shares, frozenset({1, 2}))
    out.print(f"\nHistory: {found.n_entries:,} entries, last hash {found.head}")


@group.command("verdicts", epilog="Example: `assay testbuy verdicts demo/buys --out verdicts.csv`")
def verdicts(
    folder: Folder,
    to: Annotated[Path, typer.Option("--out", help="CSV file to write, in the columns of the table verdicts.")],
    json: Json = False,
) -> None:
    """Writes the outcomes as the market's table of verdicts, with inclusion probabilities, to set the score's level."""
    written: dict[str, Any] = {"verdicts": test_buy_verdicts(folder, to), "file": to}
    if json:
        say_json(written)
        return
    out.print(plain(f"Wrote {written['verdicts']:,} verdicts: {to}"))
