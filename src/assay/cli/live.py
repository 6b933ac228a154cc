"""`assay live`: one listing at the moment it is created, by the signals and the model of a rated run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from assay import pipeline
from assay.cli.analysis import say_explanation
from assay.cli.console import Json, Memory, Workers, out, plain, progress_bar, say_json, say_table, settings
from assay.engine.folders import outside
from assay.market import CallerError

group = typer.Typer(help="Rate one listing at the moment it is created, as the batch would.", no_args_is_help=True)

Prepared = Annotated[Path, typer.Argument(help="Run folder, or the folder that `assay live prepare` wrote.")]


def register(app: typer.Typer) -> None:
    """Adds the group to the program."""
    app.add_typer(group, name="live")


@group.command("prepare", epilog="Example: `assay live prepare demo/run`")
def prepare(
    run: Annotated[Path, typer.Argument(help="Run folder from `assay rate`; its market must be where it was.")],
    to: Annotated[Path | None, typer.Option("--out", help="Folder to write; by default `live` in the run.")] = None,
    memory: Memory = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Makes ready what rating one listing needs: what the market's listings are compared with, as files to map."""
    with progress_bar(quiet=json) as follow:
        made = pipeline.prepare_live(run, to, settings=settings(memory, workers, follow))
    if json:
        say_json(made)
        return
    size = f"{made.n_bytes / 2**20:,.0f} MiB"
    out.print(f"Ready: {made.n_listings:,} listings of {made.n_merchants:,} merchants, {size}, {made.seconds:.0f} s.")
    out.print(plain(f"Next: assay live rate {run if to is None else to} LISTING.json"))


@group.command("rate", epilog="Example: `assay live rate demo/run listing.json`")
def rate(
    prepared: Prepared,
    listing: Annotated[
        Path,
        typer.Argument(help="JSON file with the columns of `listings` (price in minor units) and, if any, `images`."),
    ],
    every: Annotated[bool, typer.Option("--all", help="Show steps of less than 5 points one by one.")] = False,
    json: Json = False,
) -> None:
    """Rates one listing and shows why: what does not fit, then every step to the score."""
    found = pipeline.open_live(prepared).rate(_read(listing))
    if json:
        say_json(found)
        return
    say_explanation(found, every=every)


@group.command("check", epilog="Example: `assay live check demo/run --listings 1000`")
def check(
    run: Annotated[Path, typer.Argument(help="Run folder from `assay rate`, prepared before.")],
    listings: Annotated[int, typer.Option(min=1, help="Listings of the run to rate once more.")] = 1_000,
    prepared: Annotated[Path | None, typer.Option(help="Where it was prepared, if not in the run.")] = None,
    json: Json = False,
) -> None:
    """Rates listings of the run live, from their stored rows, and counts how many agree with the batch."""
    rater = pipeline.open_live(run if prepared is None else prepared, check=True)
    found = pipeline.check_live(run, rater, listings)
    if json:
        say_json(found)
        return
    whats = ("score", "steps", "texts", "all of them")
    counts = (found.n_same_score, found.n_same_steps, found.n_same_texts, found.n_same)
    rows = [[what, f"{n:,} of {found.n_rated:,}"] for what, n in zip(whats, counts, strict=True)]
    say_table("", ["the same", "listings"], rows, frozenset({1}))
    for listing_id, faults in found.examples:
        out.print(plain(f"{listing_id}: {faults}"))


def _read(file: Path) -> dict[str, Any]:
    try:
        found = orjson.loads(file.read_bytes())
    except OSError as error:
        raise outside(error, file) from error
    except orjson.JSONDecodeError as error:
        raise CallerError(
            f"{file} is not JSON ({error}); write one object with the columns of the table listings.",
            where={"file": str(file)},
        ) from error
    if not isinstance(found, dict):
        raise CallerError(
            f"{file} holds {type(found).__name__}; write one object with the columns of the table listings.",
            where={"file": str(file)},
        )
    return found
