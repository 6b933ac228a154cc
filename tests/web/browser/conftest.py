"""A real browser, Debian's Chromium, and a real server to walk through; accessibility by axe-core."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.browser.walking import ROOT, Site, serve, surroundings

# The driver runs an event loop in this thread, in which Django would refuse to touch the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

AXE = Path(__file__).resolve().parents[3] / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
_SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """The browser; skipped where there is none, unless ASSAY_REQUIRE_BROWSER says that there must be."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("ASSAY_REQUIRE_BROWSER"):
            pytest.fail("ASSAY_REQUIRE_BROWSER is set and there is no chromium")
        pytest.skip("no chromium; on Debian: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=_SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe_source() -> str:
    """The text of axe-core; skipped where npm did not bring it."""
    if not AXE.is_file():
        if os.environ.get("ASSAY_REQUIRE_BROWSER"):
            pytest.fail("ASSAY_REQUIRE_BROWSER is set and axe-core is missing; `make test` brings it where npm is")
        pytest.skip("no axe-core; install npm and run `make test`")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def site(chromium: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`assay serve` on a small home that the product made; ASSAY_BROWSER_HOME names one that was made before."""
    place = Path(os.environ.get("ASSAY_BROWSER_HOME") or tmp_path_factory.mktemp("site"))
    if not (place / "made.json").is_file():
        making = [sys.executable, "-m", "tests.web.browser.making", str(place)]
        made = subprocess.run(making, capture_output=True, text=True, env=surroundings(), cwd=ROOT, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
    served, server = serve(place, chromium)
    try:
        yield served
    finally:
        served.close()
        server.terminate()
        server.communicate(timeout=60)
    assert server.returncode == 0, (place / "server.log").read_text("utf-8")


@pytest.fixture
def walk(site: Site) -> Iterator[Site]:
    """The site, for one journey: its windows are closed afterwards, and no page may have made the browser complain."""
    yield site
    complaints = [said for context in site.open_contexts for page in context.pages for said in page.complaints]
    site.close()
    assert complaints == []
