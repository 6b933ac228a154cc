"""`assay backup` and `assay restore`: a whole installation in one file, restored into either database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.console import Json, errors, out, plain, say_json
from assay.cli.homes import HomeFolder, need_database, need_tables, open_home
from assay.market.errors import OutsideError

if TYPE_CHECKING:
    from assay.casework.backups import Restored

_PRIVATE = 0o077


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("backup", epilog="Example: `assay backup --out assay-2026-06-01.zip --with-keys`")(backup)
    app.command("restore", epilog="Example: `assay restore assay-2026-06-01.zip --home new-home`")(restore)


def backup(
    to: Annotated[Path, typer.Option("--out", help="File to write; it must not exist.")],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Put the keys in as well: whoever has the file can act as this server.")
    ] = False,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Writes database and uploads of a home into one file, as they are at one moment; people may go on working."""
    os.umask(_PRIVATE)
    open_home(home)
    need_database()
    need_tables()
    from assay.casework.backups import back_up

    made = back_up(to, with_keys=with_keys)
    if json:
        say_json(made)
        return
    out.print(
        plain(
            f"Wrote {made.path}: {made.n_rows:,} rows of {made.n_tables} tables, {made.n_uploads:,} uploads, "
            f"{made.n_bytes / 1e6:,.1f} MB."
        )
    )
    out.print(plain(f"SHA-256 of its manifest, to be kept elsewhere: {made.manifest_sha256}"))
    if not with_keys:
        errors.print(
            "Its keys are not in it: keep audit-key.pem and django-secret.txt of the home as well, apart from it."
        )
    _say_missing(made.missing)


def restore(
    backup: Annotated[Path, typer.Argument(help="File from `assay backup`.")],
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Restores a backup into an empty database, SQLite or PostgreSQL, and verifies the audit log that it holds."""
    os.umask(_PRIVATE)
    open_home(home)
    name = need_database()
    from assay.casework import backups

    done = backups.restore(backup)
    n_events = _verified(done)
    if json:
        say_json({"restored": done, "audit_events_verified": n_events})
        return
    held = f"{done.n_rows:,} rows of {done.n_tables} tables and {done.n_uploads:,} uploads"
    out.print(plain(f"Restored {held}, as of {done.made_at}. {name} holds them."))
    if n_events is None:
        errors.print(
            "The key of the audit log is not here: put audit-key.pem and django-secret.txt of the old home into this "
            "one before the server starts, then run `assay audit verify`."
        )
    else:
        out.print(plain(f"The audit log verifies: events 1 to {n_events:,}."))
    _say_missing(done.missing)


def _verified(done: Restored) -> int | None:
    """How many events of the log verify; None without the key to check them with."""
    if not done.has_log_key:
        return None
    from assay.casework.services.auditing import verify

    report = verify()
    if not report.sound:
        raise OutsideError(
            f"The rows are restored, but their audit log does not verify ({report.n_faults} faults): "
            f"{report.faults[0].message} `assay audit verify` tells all.",
            value=report.n_faults,
        )
    return report.n_events


def _say_missing(missing: tuple[str, ...]) -> None:
    if missing:
        errors.print(plain(f"{len(missing)} uploads that the database names were not in the home, first {missing[0]}."))
