"""`assay casework programme`: a drawn plan of test buys becomes the work of people, and their results come back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import Json, out, plain, say_json, say_table
from assay.cli.homes import HomeFolder, need_database, need_tables, open_home
from assay.market.errors import CallerError
from assay.market.values import money

if TYPE_CHECKING:
    from assay.casework.models import Programme

group = typer.Typer(help="Makes a drawn plan of test buys the work of people.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(help="Name of the programme; default all that are open.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the group `casework`, which has been added to the program before."""
    (casework,) = (each.typer_instance for each in app.registered_groups if each.name == "casework")
    assert casework is not None
    casework.add_typer(group, name="programme")


@group.command("load", epilog="Example: `assay casework programme load demo/buys --name Spring`")
def load(
    folder: Annotated[Path, typer.Argument(help="Folder of test buys, drawn with `assay testbuy draw`.")],
    name: Annotated[str | None, typer.Option(help="Name of the programme; default that of the folder.")] = None,
    market: Annotated[
        Path | None, typer.Option(help="Market folder, for titles and weights; default `market` beside the folder.")
    ] = None,
    decoys: Annotated[
        float | None,
        typer.Option(help="Share of units found genuine that are examined again all the same, 0 to 1. Default 0.05."),
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Makes one task of every unit that was drawn. Loading the same folder again changes nothing."""
    _open(home)
    from assay.casework.services.programmes import load_programme
    from assay.casework.services.recording import COMMAND_LINE

    done = load_programme(folder, actor=COMMAND_LINE, name=name, market=market, decoy_rate=decoys)
    if json:
        found = {
            "programme": done.programme.name,
            "tasks": done.n_tasks,
            "new": done.n_new,
            "with_title": done.n_titled,
        }
        say_json(found)
        return
    known = "" if done.n_new else ", all known already"
    out.print(plain(f"Programme {done.programme.name}: {done.n_tasks:,} tasks{known}."))
    if not done.n_titled:
        out.print("No titles: the market of the plan was not found; name it with --market when you load another one.")


@group.command("refresh", epilog="Example: `assay casework programme refresh Spring`")
def refresh(name: Name = None, home: HomeFolder = None, json: Json = False) -> None:
    """Writes finished tasks into the folders' histories and reads what was recorded there by hand."""
    _open(home)
    from assay.casework.services.programmes import refresh_programme
    from assay.casework.services.recording import COMMAND_LINE

    found = []
    for programme in _programmes(name):
        n_moved = refresh_programme(COMMAND_LINE, programme)
        found.append({"programme": programme.name, "moved": n_moved, "problem": programme.problem or None})
    if json:
        say_json(found)
    for each in () if json else found:
        out.print(plain(f"{each['programme']}: {each['problem'] or str(each['moved']) + ' outcomes moved.'}"))
    if any(each["problem"] for each in found):
        raise typer.Exit(3)


@group.command("status", epilog="Example: `assay casework programme status`")
def status(name: Name = None, home: HomeFolder = None, json: Json = False) -> None:
    """Shows where the units of programmes are, what they cost and what needs somebody."""
    _open(home)
    found = [_status(each) for each in _programmes(name)]
    if json:
        say_json(found)
        return
    for each in found:
        _say(each)


def _status(programme: Programme) -> dict[str, Any]:
    from assay.casework.queries import testbuys

    costs = testbuys.money_of(programme)
    return {
        "programme": programme.name,
        "folder": programme.folder,
        "currency": programme.currency,
        "pots": {each.pot: each.stages for each in testbuys.pots(programme)},
        "spent_minor": costs.spent_minor,
        "planned_minor": costs.planned_minor,
        "forecast_minor": costs.forecast_minor,
        "attention": testbuys.attention(programme),
        "problem": programme.problem or None,
    }


def _say(found: dict[str, Any]) -> None:
    from assay.casework.models import TaskStage

    rows = [
        [pot, *(f"{stages.get(stage, 0):,}" for stage in TaskStage.values)] for pot, stages in found["pots"].items()
    ]
    head = ["pot", *(stage.replace("_", " ") for stage in TaskStage.values)]
    say_table(found["programme"], head, rows, frozenset(range(1, len(head))))
    spent, planned, forecast = (
        money.text(found[f"{what}_minor"], found["currency"]) for what in ("spent", "planned", "forecast")
    )
    out.print(plain(f"Spent {spent} of {planned}; forecast {forecast}."))
    if found["attention"]:
        waits = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in found["attention"].items())
        out.print(plain(f"Needs somebody: {waits}."))
    if found["problem"]:
        out.print(plain(f"The folder: {found['problem']}"))


def _programmes(name: str | None) -> list[Programme]:
    from assay.casework.models import Programme

    if name is None:
        return list(Programme.objects.filter(closed_at=None).order_by("pk"))
    found = list(Programme.objects.filter(name=name).order_by("pk"))
    if not found:
        known = ", ".join(Programme.objects.order_by("pk").values_list("name", flat=True)) or "none"
        raise CallerError(f"There is no programme {name!r}; known are: {known}.", value=name, allowed=known)
    return found


def _open(home: Path | None) -> None:
    open_home(home)
    need_database()
    need_tables()
