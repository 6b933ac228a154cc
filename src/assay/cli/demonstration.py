"""The demo's last steps: casework on the simulated market, a login per role, and the server that shows it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assay.cli.console import out, plain, say_table
from assay.cli.homes import need_database, need_tables, open_home
from assay.engine import EngineSettings
from assay.market.errors import CallerError, OutsideError

if TYPE_CHECKING:
    from assay.casework.demonstration import Demonstration

# Marks a home that a later demo may replace: whatever else stands there is somebody's work.
_MARK = "demonstration.json"
_HOST, _PORT = "127.0.0.1", 8000
_ANSWER_SECONDS = 30


def make_casework(to: Path, *, seed: int, settings: EngineSettings, tell: Callable[[str], None]) -> Demonstration:
    """Casework of the demo in TO/casework: tables, people, the loaded run, test buys and three weeks of work.

    An earlier demo's is replaced; CallerError for any other home. It always uses SQLite in that folder, whatever
    DATABASE_URL says: a demo never writes into the database that people work with.
    """
    home = to / "casework"
    _make_room(home, to)
    if os.environ.pop("DATABASE_URL", None):
        tell("   (DATABASE_URL is left alone: the demo keeps its own SQLite database)")
    os.environ["ASSAY_RUN"] = str((to / "run").absolute())
    open_home(home)
    need_database()
    need_tables(migrate=True)
    (home / _MARK).write_text(json.dumps({"market": str((to / "market").resolve())}), encoding="utf-8")
    from assay.casework.demonstration import SimulatedFolder, make

    return make(SimulatedFolder(to), seed=seed, settings=settings)


def _make_room(home: Path, to: Path) -> None:
    if home.exists() and any(home.iterdir()) and not (home / _MARK).is_file():
        raise CallerError(
            f"{home} holds a casework that no demo has made; name another folder with --out.",
            where={"path": str(home)},
            value=str(home),
        )
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(to / "buys-under-way", ignore_errors=True)


def say_casework(made: Demonstration) -> None:
    """What there is to look at, and the logins with their passwords."""
    counts = f"{made.n_open:,} items wait, {made.n_decisions:,} decisions and {made.n_appeals:,} appeals were made"
    out.print(plain(f"\nCasework: {counts}. One login per role, without a second factor as this is a demo:"))
    rows = [[each.role.replace("_", " "), each.email, each.password, each.organisation] for each in made.logins]
    say_table("", ["role", "e-mail", "password", "organisation"], rows)


def start_command(to: Path) -> str:
    """The command line that serves the demo."""
    return f"ASSAY_RUN={to / 'run'} assay serve --home {to / 'casework'}"


def serve_demo(to: Path) -> None:
    """Serves the demo until Ctrl+C at a terminal; elsewhere checks that it answers once, says how to start it, ends."""
    from assay.cli.serving import Serving, serve

    if sys.stdout.isatty():
        out.print("")
        serve(to / "casework", _HOST, _PORT)
        return
    check = _Answer()
    serve(to / "casework", _HOST, 0, Serving(ready=check.ask_once, with_worker=False))
    check.need()
    out.print(plain(f"The server answered and was stopped. Start it: {start_command(to)}"))


class _Answer:
    """Asks the server once, from a thread of its own, and has it stop."""

    def __init__(self) -> None:
        self._problem = "it was not asked"

    def ask_once(self, address: str) -> None:
        """Called when the door is open; the answer comes while the server runs."""
        threading.Thread(target=self._ask, args=(address,), daemon=True).start()

    def _ask(self, address: str) -> None:
        try:
            with urllib.request.urlopen(address, timeout=_ANSWER_SECONDS) as answer:
                self._problem = "" if answer.status == 200 else f"status {answer.status}"
        except (OSError, urllib.error.URLError) as error:
            self._problem = str(error)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def need(self) -> None:
        """OutsideError when the server did not answer."""
        if self._problem:
            raise OutsideError(f"The demo's server did not answer at {_HOST}: {self._problem}.")
