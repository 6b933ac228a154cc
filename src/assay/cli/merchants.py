"""`assay casework person import`: merchants' accounts in bulk, from a CSV file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.casework import people_group
from assay.cli.console import Json, out, plain, say_json
from assay.cli.homes import HomeFolder, need_database, need_tables, open_home
from assay.engine.folders import outside
from assay.market.errors import CallerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.casework.models import Person
    from assay.casework.services.merchants_file import Account

_EXAMPLE = "Example: `assay casework person import merchants.csv --write --links links.csv`"
# 50,000 rows of the longest names and addresses; a larger file is another one, given by mistake.
_MOST_BYTES = 64 * 1024**2


def register(app: typer.Typer) -> None:
    """Adds the command to the group of people."""
    people_group.command("import", epilog=_EXAMPLE)(bring_in)


def bring_in(
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8: merchant_id, organisation, language, person, email.")],
    write: Annotated[bool, typer.Option("--write", help="Write it; without this it is only looked through.")] = False,
    links: Annotated[
        Path | None, typer.Option(help="New CSV file for links that set a password, one for everybody without one.")
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Adds merchants and their people from a file, all or nothing; what is there already stays as it is."""
    open_home(home)
    need_database()
    need_tables()
    from assay.casework.services import merchants_file
    from assay.casework.services.recording import COMMAND_LINE

    if links is not None and (not write or links.exists()):
        raise CallerError(
            f"Links go into a new file and are made with --write; {links} {'exists' if links.exists() else 'waits'}.",
            value=str(links),
        )
    accounts = merchants_file.read(_content(file))
    found = merchants_file.bring_in(COMMAND_LINE, accounts) if write else merchants_file.plan(accounts)
    n_links = _write_links(links, accounts) if links is not None else 0
    said = {"organisations": len(found.organisations), "people": len(found.people), "known": found.n_known}
    if json:
        say_json({"is_written": write, **said, "links": n_links})
        return
    verb = "Added" if write else "Would add"
    new = f"{said['organisations']:,} merchants and {said['people']:,} people"
    out.print(plain(f"{verb} {new}; {said['known']:,} people were there already."))
    if not write:
        out.print(plain("Nothing was written; --write does it."))
    if links is not None:
        out.print(plain(f"{n_links:,} links that set a password: {links}"))


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise CallerError(f"{path} has more than {_MOST_BYTES // 1024**2} MB; split it.", value=str(path))
        return path.read_bytes()
    except FileNotFoundError as error:
        raise CallerError(f"There is no file {path}.", value=str(path)) from error
    except OSError as error:
        raise outside(error, path) from error


def _write_links(path: Path, accounts: Sequence[Account]) -> int:
    """One line per person who cannot sign in yet, in a file that only its owner reads."""
    import csv

    from assay.casework.services.merchants_file import without_password

    people = without_password(accounts)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("merchant_id", "language", "person", "email", "link"))
            merchants = {each.email: each.merchant_id for each in accounts}
            rows.writerows((merchants[p.email], p.language, p.name, p.email, _link(p)) for p in people)
    except OSError as error:
        raise outside(error, path) from error
    return len(people)


def _link(person: Person) -> str:
    from django.conf import settings
    from django.urls import reverse

    from assay.casework.services.passwords import invite
    from assay.casework.services.recording import COMMAND_LINE

    path = reverse("accounts:invitation", args=[invite(COMMAND_LINE, person)])
    return f"{settings.ORIGIN or 'http://localhost:8000'}{path}"
