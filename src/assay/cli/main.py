"""The `assay` command: its root, and how errors leave the program. Its commands are in `commands.py`."""

from __future__ import annotations

import sys
import traceback

import typer

from assay.cli.commands import Commands
from assay.market.errors import AssayError

app = typer.Typer(
    name="assay",
    cls=Commands,
    help="Rates the goods and merchants of a marketplace from 0 to 100 for counterfeits, and shows why.",
    epilog="First steps: `assay demo --out demo`, then `assay simulate --help` and `assay intake --help`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root() -> None:
    """Does nothing of its own: everything is a command."""


def run() -> None:
    """Entry point of the `assay` command. Exit codes: 0 done, 1 our fault, 2 the caller's, 3 the outside world's."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Runs one command line and gives its exit code; no traceback for what is not our fault."""
    as_json = "--json" in arguments
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except AssayError as error:
        from assay.cli.console import say_error

        say_error(error, as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What was in force before stays in force.\n")
        return 130
    except BrokenPipeError:
        from assay.cli.console import close_broken_pipe

        close_broken_pipe()
        return 0
    except Exception:
        traceback.print_exc()
        sys.stderr.write("This is a fault in Assay, not in your data; please report it with the lines above.\n")
        return 1


def _run(arguments: list[str]) -> int:
    try:
        app(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    return 0
