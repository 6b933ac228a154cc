"""The sheet of components in a real browser: widths, keys, the policy, accessibility."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders

from assay.web.headers import POLICY
from tests.casework.builders import a_person
from tests.web.looking import pattern_page

pytestmark = pytest.mark.django_db
SITE = "http://assay.test"
Opened = Callable[..., Any]


@pytest.fixture
def opened(chromium: Any) -> Iterator[Opened]:
    """Opens the sheet as a page of a site that exists in this test only; what the browser complains of is kept."""
    html = pattern_page(a_person("senior"))
    contexts = []

    def answer(route: Any) -> None:
        path = route.request.url.removeprefix(SITE)
        if path.startswith("/static/"):
            file = Path(finders.find(path.removeprefix("/static/").split("?")[0]))
            route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0])
        else:
            headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html; charset=utf-8"}
            route.fulfill(body=html, headers=headers)

    def open_page(width: int = 1440, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.route("**/*", answer)
        page.goto(f"{SITE}/pattern")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_no_page_scrolls_sideways(opened: Opened, width: int) -> None:
    page = opened(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_browser_has_nothing_to_complain_of(opened: Opened) -> None:
    page = opened()
    page.wait_for_load_state("networkidle")
    assert page.complaints == []
    assert page.evaluate("typeof htmx") == "object"
    assert page.evaluate(
        "[htmx.config.allowEval, htmx.config.includeIndicatorStyles, htmx.config.selfRequestsOnly]"
    ) == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_axe_finds_nothing(opened: Opened, axe_source: str, scheme: str, width: int) -> None:
    page = opened(width, color_scheme=scheme, bypass_csp=True)
    page.evaluate(axe_source)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run({runOnly: tags})", tags)["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_j_and_k_walk_through_the_rows(opened: Opened) -> None:
    page = opened()
    here = "document.activeElement.closest('tr')?.rowIndex ?? null"
    page.keyboard.press("j")
    assert page.evaluate(here) == 1
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(here) == 3
    page.keyboard.press("k")
    assert page.evaluate(here) == 2


def test_a_key_presses_the_button_that_carries_it(opened: Opened) -> None:
    page = opened()
    page.evaluate("document.querySelector('[data-key=c]').addEventListener('click', () => { window.pressed = true })")
    page.keyboard.press("c")
    assert page.evaluate("window.pressed") is True


def test_keys_are_silent_in_fields_and_with_modifiers(opened: Opened) -> None:
    page = opened()
    page.evaluate("document.querySelector('[data-key=c]').addEventListener('click', () => { window.pressed = true })")
    page.focus("#p-note")
    page.keyboard.type("c?")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Control+c")
    assert page.evaluate("window.pressed") is None
    assert page.input_value("#p-note").startswith("c?")
    assert not page.is_visible("#keys")


def test_the_slash_goes_to_the_search(opened: Opened) -> None:
    page = opened()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"


def test_the_list_of_keys_is_made_from_the_page(opened: Opened) -> None:
    page = opened()
    page.keyboard.press("?")
    said = page.inner_text("#keys")
    assert all(words in said for words in ("Decide", "Claim", "Snooze", "Undo", "next row", "search"))
    page.keyboard.press("Escape")
    assert not page.is_visible("#keys")


def test_single_keys_can_be_switched_off_and_stay_off(opened: Opened) -> None:
    page = opened()
    page.click("[data-keys-open]")
    page.uncheck("[data-keys-switch]")
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('tr')") is None
    page.click("[data-keys-open]")
    assert not page.is_checked("[data-keys-switch]")


def test_the_first_tab_skips_to_the_content(opened: Opened) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_without_scripts_the_page_is_whole(opened: Opened) -> None:
    page = opened(java_script_enabled=False)
    assert page.is_visible("h1") and not page.is_visible("[data-keys-open]") and not page.is_visible("#keys")


def test_targets_are_at_least_24_pixels(opened: Opened) -> None:
    page = opened(360)
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, .button, nav a, .chips a, input, select, summary, th a")]
        .filter((each) => each.getClientRects().length && each.type !== "hidden")
        .filter((each) => !["checkbox", "radio"].includes(each.type))
        .filter((each) => each.getBoundingClientRect().height < 24)
        .map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert small == []
