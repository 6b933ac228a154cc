"""`assay simulate`, `intake` and `demo`: where markets come from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from assay import pipeline
from assay.cli.analysis import say_run
from assay.cli.console import Json, Memory, Workers, out, plain, progress_bar, say_grid, say_json, settings
from assay.cli.demonstration import make_casework, say_casework, serve_demo, start_command
from assay.cli.models import say_figures
from assay.engine import EngineSettings
from assay.intake import IntakeReport
from assay.pipeline import Run, TrainedMarket
from assay.pipeline.attacks import AttackRun, find_attacks
from assay.pipeline.attacks.packs import report_attacks
from assay.pipeline.labels import percent
from assay.pipeline.simulated_period import SimulatedPeriod, measure_simulated

# Large enough that every adversary and every signal shows, small enough for three minutes on two cores.
DEMO_LISTINGS = 40_000

intake_group = typer.Typer(
    help="Takes files and databases into a market, and looks at them first.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    app.command("demo", epilog="Example: `assay demo --out demo`")(demo)
    app.command("simulate", epilog="Example: `assay simulate --listings 100000 --seed 7 --out sim`")(simulate)
    app.add_typer(intake_group, name="intake")


def simulate(
    to: Annotated[Path, typer.Option("--out", help="Folder to write: OUT/market and the hidden OUT/truth.")],
    listings: Annotated[int, typer.Option(help="Listings to simulate, from 1,000 to 10,000,000 and more.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Same seed and size, same market to the byte.")] = 1,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Simulates a marketplace with adversaries and known truth."""
    with progress_bar(quiet=json) as follow:
        tell = None if follow is None else (lambda done, total: follow("simulating listings", done, total))
        made = pipeline.simulate(to, n_listings=listings, seed=seed, progress=tell, workers=workers or 2)
    if json:
        say_json(made)
        return
    out.print(f"Simulated market {made.market} (snapshot {made.snapshot_id}): {made.n_rows_in_all:,} rows.")
    out.print(f"What is true about it: {made.truth} (never part of the market)")
    out.print(f"Next: assay train {made.market} --out {to}/model")


@intake_group.command(
    "run", epilog="Example: `assay intake run ebay.csv --mapping examples/four_markets.toml --out market`"
)
def run_intake(
    sources: Annotated[list[str], typer.Argument(help="Files, folders or database addresses.")],
    mapping: Annotated[Path, typer.Option(help="TOML mapping from source columns to market columns.")],
    to: Annotated[Path, typer.Option("--out", help="Market folder to write.")],
    append: Annotated[bool, typer.Option(help="Add to the market that is there; the newer row of a key wins.")] = False,
    encoding: Annotated[str | None, typer.Option(help="Encoding of text files, when it is not found out.")] = None,
    json: Json = False,
) -> None:
    """Takes sources into a market: every row is kept or rejected with its reason."""
    with progress_bar(quiet=json) as follow:
        report = pipeline.intake(sources, mapping, to, append=append, encoding=encoding, progress=follow)
    if json:
        say_json(report)
        return
    _say_intake(report, to)


def _say_intake(report: IntakeReport, to: Path) -> None:
    out.print(report.text(), markup=False)
    out.print(f"Next: assay rate {to} --out run")


@intake_group.command("inspect", epilog="Example: `assay intake inspect ebay.csv --mapping-out ebay.toml`")
def inspect_source(
    source: Annotated[Path, typer.Argument(help="A file to look at.")],
    mapping_out: Annotated[Path | None, typer.Option(help="Write a first mapping here.")] = None,
    json: Json = False,
) -> None:
    """Looks at a file: format, columns, what they seem to be; writes a first mapping to correct by hand."""
    from assay.intake import write_mapping

    found = pipeline.inspect(source)
    if mapping_out is not None:
        write_mapping(found, mapping_out)
    if json:
        say_json(found)
        return
    out.print(found.summary(), markup=False)
    if mapping_out is not None:
        out.print(f"First mapping: {mapping_out}; correct it, then `assay intake run {source} --mapping {mapping_out}`")


def demo(
    to: Annotated[Path, typer.Option("--out", help="Folder for market, model, run and report.")] = Path("demo"),
    listings: Annotated[int, typer.Option(help="Listings to simulate.")] = DEMO_LISTINGS,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 1,
    memory: Memory = None,
    workers: Workers = None,
    serve: Annotated[bool, typer.Option("--serve", help="Serve the console at the end, until Ctrl+C.")] = False,
    json: Json = False,
) -> None:
    """Does the main jobs on a simulated marketplace: train, rate, report, find campaigns, measure, work on it."""
    started = time.perf_counter()

    def tell(text: str) -> None:
        if not json:
            out.print(plain(text))

    with progress_bar(quiet=json) as follow:
        limits = settings(memory, workers, follow)
        done = _analyse(to, listings, seed, limits, tell)
        console = make_casework(to, seed=seed, settings=limits, tell=tell)
        tell(f"8. Put what it flags before people, and let made-up ones work for three weeks: {to / 'casework'}")
    seconds = round(time.perf_counter() - started, 1)
    if json:
        about = {"attacks": done.attacks.about, "prevalence": done.period, "casework": console, "seconds": seconds}
        say_json({"report": done.page, "run": done.rated.about, "evaluation": done.trained.evaluation, **about})
        return
    say_figures(done.trained.evaluation)
    out.print()
    say_run(done.rated)
    _say_next(done.rated, done.page, to, seconds)
    say_casework(console)
    if serve:
        serve_demo(to)
    else:
        out.print(plain(f"Next: {start_command(to)}"))


@dataclass(frozen=True, slots=True)
class _Analysed:
    """What the analysis of the demo gave."""

    trained: TrainedMarket
    rated: Run
    page: Path
    attacks: AttackRun
    period: SimulatedPeriod


def _analyse(to: Path, listings: int, seed: int, limits: EngineSettings, tell: Callable[[str], None]) -> _Analysed:
    """From nothing to a measured market: each step says what it made and where."""
    market, model, run, page = to / "market", to / "model", to / "run", to / "report.html"
    attacks, attack_page = to / "attacks", to / "attacks.html"
    made = pipeline.simulate(to, n_listings=listings, seed=seed)
    tell(f"1. Simulated {listings:,} listings, {made.n_rows_in_all:,} rows in all: {market}")
    trained = pipeline.train_market(market, model, settings=limits)
    tell(f"2. Trained on its verdicts, measured on merchants the model had not seen: {model}")
    rated = pipeline.rate(market, run, model_folder=model, settings=limits)
    tell(f"3. Rated every listing and merchant: {run}")
    pipeline.report(run, page)
    tell(f"4. Wrote the report: {page}")
    found = find_attacks(market, attacks, engine_settings=limits)
    report_attacks(attacks, attack_page)
    tell(f"5. Searched its posts for campaigns, {_groups(found)}: {attack_page}")
    period = measure_simulated(to, seed=seed, engine_settings=limits)
    tell(f"6. {_bought(period)}: {period.page}")
    for line in _beside_truth(period):
        tell(f"   {line}")
    live = pipeline.prepare_live(run, settings=limits)
    tell(f"7. Made ready to rate goods as they are created, {live.n_bytes / 2**20:,.0f} MiB: {live.folder}")
    return _Analysed(trained, rated, page, found, period)


def _groups(found: AttackRun) -> str:
    counts = found.about["counts"]["groups"]
    said = ", ".join(f"{n:,} {status}" for status, n in sorted(counts.items(), reverse=True))
    return f"{sum(counts.values()):,} groups" + (f" ({said})" if said else "")


def _bought(period: SimulatedPeriod) -> str:
    check = "verifies" if period.holds else "does not verify"
    return f"Made {period.n_buys:,} test buys by a sealed plan and published the result, which {check}"


def _beside_truth(period: SimulatedPeriod) -> Iterator[str]:
    found, truth = period.estimate, percent(period.true_share)
    interval = f"{found.confidence:.0%} interval {percent(found.low)} to {percent(found.high)}".replace("%", " %", 1)
    yield f"Counterfeit: {percent(found.share)} of listings ({interval}); the simulation's truth is {truth}."
    if found.corrected is not None:
        low, high = percent(found.corrected.low), percent(found.corrected.high)
        share = percent(found.corrected.share)
        yield f"Allowing for the examiner's errors, as far as the controls show them: {share} ({low} to {high})."


def _say_next(rated: Run, page: Path, to: Path, seconds: float) -> None:
    run = to / "run"
    listing, merchant = (pipeline.top_ids(rated, kind, 1)[0] for kind in ("listing", "merchant"))
    out.print(f"\n[bold]Done in {seconds:.0f} seconds.[/] Look at")
    say_grid(
        [
            ["the report", str(page.resolve())],
            ["campaigns", str((page.parent / "attacks.html").resolve())],
            ["prevalence", str((page.parent / "prevalence.html").resolve())],
            ["one listing", f"assay explain {run} {listing}"],
            ["one merchant", f"assay explain {run} {merchant}"],
        ]
    )
