"""`assay audit`: whether the log of casework is the one that was written, and the text that an outsider holds."""

from __future__ import annotations

import csv
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.console import Json, errors, out, plain, say_json
from assay.cli.homes import HomeFolder, need_database, need_tables, open_home
from assay.engine.folders import outside
from assay.market.errors import CallerError

if TYPE_CHECKING:
    from assay.casework.audit.verification import Report

audit = typer.Typer(
    help="Checks, seals and exports the audit log of casework.",
    epilog="Example: `assay audit verify --held checkpoint.txt`",
    no_args_is_help=True,
)
# The log is outside of what the command controls, as a damaged file is; 1 stays for our own faults.
_DOES_NOT_HOLD = 3


def register(app: typer.Typer) -> None:
    """Adds the group."""
    app.add_typer(audit, name="audit")


@audit.command("verify", epilog="Example: `assay audit verify --held checkpoint.txt --key 3f0c…`")
def verify_command(
    home: HomeFolder = None,
    held: Annotated[Path | None, typer.Option(help="File with a checkpoint that was kept outside.")] = None,
    key: Annotated[str | None, typer.Option(help="Fingerprint that the log's key must have, in hex.")] = None,
    as_json: Json = False,
) -> None:
    """Reads the whole log and says all that does not fit; exit code 0 when it holds, 3 when it does not."""
    text = None if held is None else _read(held)
    _open(home)
    from assay.casework.services.auditing import verify

    report = verify(text, None if key is None else key.strip().lower())
    if as_json:
        say_json(_plain(report))
    else:
        _say(report, is_held=held is not None)
    if not report.sound:
        raise typer.Exit(_DOES_NOT_HOLD)


@audit.command("checkpoint", epilog="Example: `assay audit checkpoint --out checkpoint.txt`")
def checkpoint_command(
    home: HomeFolder = None,
    to: Annotated[Path | None, typer.Option("--out", help="File to write; default standard output.")] = None,
    json: Json = False,
) -> None:
    """Gives the signed checkpoint over everything so far, to be held by somebody who does not run the log."""
    _open(home)
    from assay.casework.services.auditing import current_checkpoint, key_fingerprint

    text = current_checkpoint()
    if to is not None:
        try:
            to.write_text(text, encoding="utf-8")
        except OSError as error:
            raise outside(error, to) from error
    if json:
        say_json({"checkpoint": text, "key_fingerprint": key_fingerprint(), "file": to})
        return
    if to is None:
        sys.stdout.write(text)
    errors.print(
        plain(f"The log's key has the fingerprint {key_fingerprint()}; publish it where you alone cannot change it.")
    )


@audit.command("export", epilog="Example: `assay audit export log.csv --since 2026-01-01`")
def export_command(
    to: Annotated[Path, typer.Argument(help="CSV file to write; it must not exist yet.")],
    home: HomeFolder = None,
    since: Annotated[str | None, typer.Option(help="Only events from this day on, as YYYY-MM-DD (UTC).")] = None,
    until: Annotated[str | None, typer.Option(help="Only events before this day, as YYYY-MM-DD (UTC).")] = None,
    action: Annotated[
        str, typer.Option(help="Only this action, or with a point at its end all of a kind: session.")
    ] = "",
    json: Json = False,
) -> None:
    """Writes the log as CSV, as an auditor may see it, newest first; the export is recorded in the log."""
    first, end = _day(since, "--since"), _day(until, "--until")
    _open(home)
    from assay.casework.queries.audit import EventFilter
    from assay.casework.services.auditing import export
    from assay.casework.services.recording import COMMAND_LINE

    wanted = EventFilter(action=action, since=first, until=end)
    n = 0
    try:
        with to.open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            said = {"since": since or "", "until": until or "", "action": action}
            for row in export(COMMAND_LINE, wanted, said=said):
                writer.writerow(row)
                n += 1
    except FileExistsError as error:
        raise CallerError(f"{to} exists already; name a file that does not.", where={"file": str(to)}) from error
    except OSError as error:
        raise outside(error, to) from error
    if json:
        say_json({"file": to, "n_events": n - 1})
        return
    out.print(plain(f"Wrote {n - 1:,} events to {to}."))


def _open(home: Path | None) -> None:
    open_home(home)
    need_database()
    need_tables()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise outside(error, path) from error
    except UnicodeDecodeError as error:
        raise CallerError(f"{path} is no checkpoint: it is not text in UTF-8.", where={"file": str(path)}) from error


def _day(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise CallerError(
            f"{option} is {text!r}; allowed is a day such as 2026-01-31.", value=text, allowed="YYYY-MM-DD"
        ) from error


def _say(report: Report, *, is_held: bool) -> None:
    for fault in report.faults:
        out.print(plain(fault.message))
    if report.n_faults > len(report.faults):
        out.print(plain(f"… and {report.n_faults - len(report.faults):,} more."))
    if report.sound:
        out.print(plain(f"The log holds: {report.n_events:,} events, {report.n_checkpoints:,} signed checkpoints."))
    else:
        out.print(plain(f"The log does not hold: {report.n_faults:,} faults in {report.n_events:,} events."))
    if report.n_unsealed:
        out.print(plain(f"{report.n_unsealed:,} events stand after the last signed checkpoint."))
    if not is_held:
        out.print(
            plain(
                "No checkpoint from outside was given: whoever has the signing key could have written the whole log "
                "again. Use --held."
            )
        )


def _plain(report: Report) -> dict[str, object]:
    return {
        "sound": report.sound,
        "n_events": report.n_events,
        "n_checkpoints": report.n_checkpoints,
        "n_unsealed": report.n_unsealed,
        "held_size": report.held_size,
        "root": report.root.hex(),
        "n_faults": report.n_faults,
        "faults": [
            {
                "kind": str(each.kind),
                "seq": each.seq,
                "message": each.message,
                "expected": each.expected,
                "got": each.got,
            }
            for each in report.faults
        ],
    }
