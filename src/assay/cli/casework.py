"""`assay casework`: from a rating to people's work and back, and who works here."""

from __future__ import annotations

import getpass
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import Json, Memory, Workers, out, plain, progress_bar, say_grid, say_json, say_table, settings
from assay.cli.demonstration import say_casework
from assay.cli.homes import HomeFolder, need_database, need_tables, open_home
from assay.market.errors import CallerError

if TYPE_CHECKING:
    from assay.casework.models import Organisation, Person
    from assay.casework.queries.runs import Standing
    from assay.casework.services.loading import Loaded

group = typer.Typer(
    help="Loads ratings for people to act on, and takes back what they found out.", no_args_is_help=True
)
people_group = typer.Typer(help="Who works here: adds people and lists them.", no_args_is_help=True)
group.add_typer(people_group, name="person")
_HOUSE = "Marketplace"
_KINDS = "marketplace, brand, laboratory, authority, merchant"
_ROLES = "analyst, senior, test_buyer, authenticator, merchant, auditor, administrator"


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    app.add_typer(group, name="casework")


def _open(home: Path | None) -> None:
    open_home(home)
    need_database()
    need_tables()


@group.command("migrate", epilog="Example: `assay casework migrate --home assay-home`")
def migrate(home: HomeFolder = None, json: Json = False) -> None:
    """Makes casework's tables, or brings them to this version; they must not be in use by an older one."""
    open_home(home)
    name = need_database()
    need_tables(migrate=True)
    if json:
        say_json({"database": name, "is_current": True})
        return
    out.print(plain(f"{name} has the tables of this version."))


@group.command("load", epilog="Example: `assay casework load demo/run --least-score 40 --random 200`")
def load(
    run: Annotated[Path, typer.Argument(help="Run folder from `assay rate`.")],
    home: HomeFolder = None,
    least_score: Annotated[float, typer.Option(help="Bring goods and merchants of this score or more.")] = 40.0,
    random: Annotated[int, typer.Option(help="Live listings to draw at random, whatever their score.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the draw; every run draws others with the same seed.")] = 1,
    currency: Annotated[
        str | None, typer.Option(help="Currency of expected harm; default that of most orders.")
    ] = None,
    rate: Annotated[
        list[str] | None, typer.Option(help="CODE=RATE: minor units of --currency per one of CODE.")
    ] = None,
    memory: Memory = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Brings what a run flags, and a random sample, into the queue; the same run twice changes nothing."""
    _open(home)
    from assay.casework.services.loading import How, load_run
    from assay.casework.services.recording import COMMAND_LINE

    with progress_bar(quiet=json) as follow:
        how = How(currency, _rates(rate or []), settings(memory, workers, follow))
        loaded = load_run(run, actor=COMMAND_LINE, least_score=least_score, n_random=random, seed=seed, how=how)
    if json:
        about = {"run": loaded.run.run_key, "snapshot_id": loaded.run.snapshot_id, "as_of": loaded.run.as_of}
        say_json({**about, "is_unchanged": loaded.is_unchanged, "counts": loaded.counts})
        return
    _say_loaded(loaded)


def _rates(given: list[str]) -> dict[str, float]:
    found = {}
    for each in given:
        name, _, number = each.partition("=")
        try:
            found[name.strip().upper()] = float(number)
        except ValueError as error:
            raise CallerError(
                f"{each!r} is no rate; write it as CODE=RATE, such as USD=0.92.", value=each, allowed="CODE=RATE"
            ) from error
    return found


def _say_loaded(loaded: Loaded) -> None:
    counts = loaded.counts
    as_of = f"{loaded.run.as_of:%Y-%m-%d}"
    if loaded.is_unchanged:
        out.print(plain(f"The run as of {as_of} was loaded before: nothing was changed."))
        return
    out.print(plain(f"Loaded the run as of {as_of} (snapshot {loaded.run.snapshot_id})."))
    words = {
        "opened": "items opened",
        "updated": "open items brought up to date",
        "reopened": "opened again: closed before, or nothing was done and something is worse",
        "closed": "closed: no longer flagged, or no longer offered",
        "left": "left alone: decided, or waiting for a second person",
        "not_live": "flagged goods not brought: no longer offered",
    }
    drawn = f"listings drawn at random of {counts['live_listings']:,} live ones"
    say_grid([*([f"{counts[name]:,}", said] for name, said in words.items()), [f"{counts['drawn']:,}", drawn]])
    if counts["id_too_long"]:
        _say_too_long(counts)
    out.print("Next: assay serve")


def _say_too_long(counts: dict[str, Any]) -> None:
    from assay.casework.freezing import MOST_ID_CHARACTERS

    ids = ", ".join(f"{each[:60]}… ({len(each):,} characters)" for each in counts["ids_too_long"])
    out.print(
        plain(
            f"{counts['id_too_long']:,} goods and merchants were left out: their id, or their merchant's, has more "
            f"than {MOST_ID_CHARACTERS} characters, such as {ids}. Give the market shorter ones, rate it "
            "and load that run (docs/how-to/casework-start.md)."
        )
    )


@group.command("verdicts", epilog="Example: `assay casework verdicts --out verdicts.csv`")
def verdicts(
    to: Annotated[Path, typer.Option("--out", help="CSV file to write, with the columns of the market's verdicts.")],
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Writes what people found out as the market's table of verdicts, for `assay intake run --append`."""
    _open(home)
    from assay.casework.services.verdicts import export

    n = export(to)
    if json:
        say_json({"file": to, "rows": n})
        return
    out.print(plain(f"Wrote {n:,} verdicts: {to}"))
    out.print("Next: take them into the market (docs/how-to/casework-start.md), then assay train")


@group.command("demo-data", epilog="Example: `assay casework demo-data demo --home scratch-home`")
def demo_data(
    folder: Annotated[Path, typer.Argument(help="Folder of a simulation that is rated: run, truth and, if any, buys.")],
    home: HomeFolder = None,
    seed: Annotated[int, typer.Option(help="Seed of what the made-up people do.")] = 1,
    memory: Memory = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Fills an empty casework with made-up people and three weeks of their work; prints one login per role."""
    _open(home)
    from assay.casework.demonstration import SimulatedFolder, make

    with progress_bar(quiet=json) as follow:
        made = make(SimulatedFolder(folder), seed=seed, settings=settings(memory, workers, follow))
    if json:
        say_json(made)
        return
    say_casework(made)


@people_group.command("add", epilog="Example: `assay casework person add ana@example.org --role analyst --name Ana`")
def add_person(
    email: Annotated[str, typer.Argument(help="Address to sign in with.")],
    role: Annotated[str, typer.Option(help=f"What the person does: {_ROLES}.")],
    name: Annotated[str, typer.Option(help="Name shown to colleagues.")] = "",
    organisation: Annotated[str, typer.Option(help="Name of the organisation; made when there is none.")] = _HOUSE,
    kind: Annotated[str, typer.Option(help=f"Kind of the organisation: {_KINDS}; a new one is a marketplace.")] = "",
    merchant_id: Annotated[str | None, typer.Option(help="The market's id of a merchant organisation.")] = None,
    language: Annotated[str, typer.Option(help="Language of pages and letters: en or zh-hans.")] = "en",
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Adds a person, and the organisation when it is new; asks for the password, or makes one without a terminal."""
    _open(home)
    from assay.casework.services.people import PersonDetails
    from assay.casework.services.recording import COMMAND_LINE

    password, is_made = _password()
    details = PersonDetails(email=email, name=name or email.partition("@")[0], role=role, language=language)
    person = _added(COMMAND_LINE, details, password, (organisation, kind, merchant_id))
    if json:
        say_json({**_person_row(person), "password": password if is_made else None})
        return
    out.print(plain(f"Added {person.name} ({person.get_role_display()}) of {person.organisation.name}: {person.email}"))
    if is_made:
        out.print(plain(f"Password, shown this once: {password}"))
    if person.needs_second_factor:
        out.print("A second factor is set up at the first sign-in.")


def _added(actor: Any, details: Any, password: str, place: tuple[str, str, str | None]) -> Person:  # noqa: ANN401
    """The person and, where it is new, their organisation: both or neither."""
    from django.db import transaction

    from assay.casework.models import OrganisationKind, Person
    from assay.casework.services.passwords import check_password_is_good
    from assay.casework.services.people import add_organisation, add_person

    name, kind, merchant_id = place
    check_password_is_good(password, Person(email=details.email, name=details.name))
    with transaction.atomic():
        where = _organisation(name, kind, merchant_id) or add_organisation(
            actor, kind or OrganisationKind.MARKETPLACE, name=name, merchant_id=merchant_id
        )
        return add_person(actor, where, details, password=password)


def _organisation(name: str, kind: str, merchant_id: str | None) -> Organisation | None:
    """The one that is meant; None for a new one. Names are not unique: two shops may well be called the same."""
    from assay.casework.models import Organisation, OrganisationKind

    if name == _HOUSE and kind not in ("", OrganisationKind.MARKETPLACE):
        raise CallerError(
            f"A {kind} needs its name.", where={"option": "--organisation"}, value=name, allowed="a name of its own"
        )
    found = Organisation.objects.filter(closed_at=None).order_by("pk")
    found = found.filter(merchant_id=merchant_id) if merchant_id else found.filter(name=name)
    found = found.filter(kind=kind) if kind else found
    if len(found) > 1:
        ways = [f"--merchant-id {each.merchant_id}" if each.merchant_id else f"--kind {each.kind}" for each in found]
        raise CallerError(
            f"{len(found)} organisations are called {name!r}; say which: {', '.join(ways)}.",
            where={"option": "--organisation"},
            value=name,
            allowed=", ".join(ways),
        )
    if found and merchant_id and found[0].name != name:
        raise CallerError(
            f"Merchant {merchant_id} is known as {found[0].name!r}, not {name!r}.",
            where={"option": "--organisation"},
            value=name,
            allowed=found[0].name,
        )
    return found[0] if found else None


def _password() -> tuple[str, bool]:
    """The password and whether it was made here: typed twice at a terminal, made where there is none."""
    if not sys.stdin.isatty():
        return secrets.token_urlsafe(15), True
    first = getpass.getpass("Password (empty to have one made): ")
    if not first:
        return secrets.token_urlsafe(15), True
    if first != getpass.getpass("Once more: "):
        raise CallerError("The two passwords differ; nothing was changed.")
    return first, False


@people_group.command("list", epilog="Example: `assay casework person list --json`")
def list_people(home: HomeFolder = None, json: Json = False) -> None:
    """Lists everybody who may sign in, and those who may not any more."""
    _open(home)
    from assay.casework.models import Person

    people = Person.objects.select_related("organisation").order_by("organisation__name", "email")
    if json:
        say_json([_person_row(each) for each in people])
        return
    rows = [
        [each.email, each.name, str(each.role), each.organisation.name, "yes" if each.is_active else "no"]
        for each in people
    ]
    say_table("", ["e-mail", "name", "role", "organisation", "may sign in"], rows)


def _person_row(person: Person) -> dict[str, Any]:
    return {
        "email": person.email,
        "name": person.name,
        "role": str(person.role),
        "organisation": person.organisation.name,
        "is_active": person.is_active,
        "needs_second_factor": person.needs_second_factor,
    }


@group.command("status", epilog="Example: `assay casework status --json`")
def status(home: HomeFolder = None, json: Json = False) -> None:
    """Says where casework stands: the run it rests on, items, decisions, appeals, effects, test buys."""
    _open(home)
    from assay.casework.queries.runs import standing

    found = standing()
    if json:
        say_json(_standing_json(found))
        return
    _say_standing(found)


def _standing_json(found: Standing) -> dict[str, Any]:
    run, unfinished = found.run, found.unfinished
    rest = {name: getattr(found, name) for name in found.__dataclass_fields__ if name not in ("run", "unfinished")}
    about = None if run is None else {"run": run.run_key, "snapshot_id": run.snapshot_id, "as_of": run.as_of}
    return {"run": about, "unfinished_load": None if unfinished is None else unfinished.folder, **rest}


def _say_standing(found: Standing) -> None:
    if found.unfinished is not None:
        out.print(plain(f"A load was stopped; `assay casework load {found.unfinished.folder}` completes it."))
    if found.run is None:
        out.print("No run is loaded; `assay casework load RUN` brings one.")
    else:
        out.print(plain(f"Rests on the run as of {found.run.as_of:%Y-%m-%d} ({found.run.folder})."))
    oldest = f", the oldest since {found.oldest_open:%Y-%m-%d}" if found.oldest_open else ""
    say_grid(
        [
            *([f"{n:,}", f"items {state}{oldest if state == 'open' else ''}"] for state, n in found.items.items()),
            *([f"{n:,}", f"decisions {state.replace('_', ' ')}"] for state, n in found.decisions.items()),
            [f"{found.open_appeals:,}", "appeals to answer"],
            [f"{found.waiting_effects:,}", f"effects to send, {found.failed_effects:,} given up"],
            [f"{found.open_tasks:,}", "test buys under way"],
            [f"{found.people:,}", "people who may sign in"],
        ]
    )
