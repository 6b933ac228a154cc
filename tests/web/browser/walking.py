"""People in the browser: who signs in where, what the browser complains of, and what the server's database says."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
# A page on a busy machine; what takes longer on a quiet one is looked for in benchmarks.
PATIENCE_MS = 30_000
_OPERATORS = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "ASSAY_HOME", "ASSAY_RUN")


def surroundings(**given: str) -> dict[str, str]:
    """The environment of a command as an operator would have it: none of the tests' own settings."""
    mine = {name: value for name, value in os.environ.items() if name not in _OPERATORS}
    return mine | {"PYTHONPATH": str(ROOT), **given}


def command(*words: str, **given: str) -> str:
    """What `assay …` prints; its complaint as the failure when it refuses."""
    line = [sys.executable, "-m", "assay.cli", *words]
    done = subprocess.run(line, capture_output=True, text=True, env=surroundings(**given), cwd=ROOT, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


def send(page: Any, selector: str) -> None:
    """Presses a button or follows a link that leads to another page, and waits until that has come."""
    with page.expect_navigation():
        page.click(selector)


@dataclass
class Site:
    """The server as it runs: its address, its home, and who may sign in."""

    address: str
    place: Path
    made: dict[str, Any]
    browser: Any
    states: dict[str, Any] = field(default_factory=dict)
    open_contexts: list[Any] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """The home of the served casework."""
        return self.place / "casework"

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What the server's database says, read beside it."""
        connection = sqlite3.connect(f"file:{self.home / 'casework.sqlite3'}?mode=ro", uri=True)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def one(self, query: str, *values: Any) -> Any:
        """The first value of the first row."""
        found = self.rows(query, *values)
        assert found, f"nothing: {query} {values}"
        return found[0][0]

    def visitor(self, width: int = 1440, **options: Any) -> Any:
        """A new browser window in which nobody is signed in; `complaints` keeps what the browser says of its pages."""
        context = self.browser.new_context(viewport={"width": width, "height": 900}, base_url=self.address, **options)
        context.set_default_timeout(PATIENCE_MS)
        self.open_contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: page.complaints.append(f"{page.url}: {error}"))
        return page

    def sign_in(self, page: Any, who: str) -> None:
        """By the form, with the password that was printed."""
        login = self.made["logins"][who]
        page.goto("/sign-in/")
        page.fill("[name=email]", login["email"])
        page.fill("[name=password]", login["password"])
        send(page, "form.card button")
        assert "/sign-in/" not in page.url, page.inner_text("main")

    def signed_in(self, who: str, width: int = 1440, **options: Any) -> Any:
        """A window of somebody who has signed in by the form before, or does so now."""
        if who not in self.states:
            page = self.visitor()
            self.sign_in(page, who)
            self.states[who] = page.context.storage_state()
        return self.visitor(width, storage_state=self.states[who], **options)

    def close(self) -> None:
        """Every window."""
        for context in self.open_contexts:
            context.close()
        self.open_contexts.clear()


def serve(place: Path, browser: Any) -> tuple[Site, subprocess.Popen[str]]:
    """Starts `assay serve` on a home and waits for its address."""
    line = [sys.executable, "-m", "assay.cli", "serve", "--home", str(place / "casework"), "--port", "0"]
    environment = surroundings(ASSAY_RUN=str(place / "run"), PYTHONUNBUFFERED="1")
    with (place / "server.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=log, text=True, env=environment, cwd=ROOT)
    assert server.stdout is not None
    said = server.stdout.readline()  # the server's end closes the pipe, so this never waits for one that has died
    if "http://" not in said:
        server.kill()
        server.communicate()
        raise AssertionError(f"the server did not start: {said}{(place / 'server.log').read_text('utf-8')}")
    address = said.partition("http://")[2].split("/")[0]
    made = json.loads((place / "made.json").read_text("utf-8"))
    return Site(f"http://{address}", place, made, browser), server
