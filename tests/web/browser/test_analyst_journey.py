"""An analyst, from signing in to a decision and back: by mouse, by keyboard alone, and without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.browser.walking import Site, send

COURSE = "counterfeit/remove/facts-do-not-fit"
NOTE = "The box on the second picture."
WHY = "The wrong listing was chosen."


def flagged(site: Site) -> tuple[int, str]:
    """An open listing whose removal no second person has to agree to, with its id in the market."""
    return site.rows(
        "SELECT id, subject_id FROM casework_item WHERE state = 'open' AND stream = 'flagged' "
        "AND subject_type = 'listing' AND harm_minor < 1000000 AND claimed_by_id IS NULL ORDER BY rank DESC"
    )[0]


def assert_item_is_explained(page: Any) -> None:
    """Score, waterfall, what does not fit, what was not looked at."""
    assert page.is_visible("section[aria-labelledby=why] .score")
    assert page.is_visible("section[aria-labelledby=why] svg")
    assert page.locator("section[aria-labelledby=facts] .discrepancy").count() > 0
    assert page.is_visible("section[aria-labelledby=unchecked]")


def assert_a_note_outlives_a_form_that_is_not_whole(page: Any) -> None:
    """Leaving the field asks what would happen: nothing yet, as no answer is chosen."""
    page.fill("#answer-note", NOTE)
    page.press("#answer-note", "Tab")
    page.wait_for_selector("#preview .hint")
    assert page.input_value("#answer-note") == NOTE


def assert_is_in_force(page: Any, subject: str) -> None:
    """The decision's page: what was decided, what followed, and what the merchant was told."""
    assert subject in page.inner_text("section[aria-labelledby=what]")
    assert "decision.applied" in page.inner_text("section[aria-labelledby=followed]")
    assert page.inner_text("article.letter").strip()


def assert_is_undone(walk: Site, page: Any, item: int) -> None:
    """Lifted, back in the queue, and said so."""
    page.wait_for_selector("#messages .success")
    assert "decision.lifted" in page.inner_text("section[aria-labelledby=followed]")
    assert WHY in page.inner_text("section[aria-labelledby=log]")
    assert walk.one("SELECT state FROM casework_item WHERE id = ?", item) == "open"


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without-scripts"])
def test_an_item_is_taken_decided_and_undone(walk: Site, scripts: bool) -> None:
    page = walk.visitor(java_script_enabled=scripts)
    item, subject = flagged(walk)
    walk.sign_in(page, "analyst")
    assert page.locator("a.tile").count() > 0

    send(page, "nav.places >> text=Queue")
    page.fill("form[role=search] [name=text]", subject)
    send(page, "form[role=search] button")
    send(page, ".headline form button")
    assert f"/queue/{item}/" in page.url
    assert_item_is_explained(page)

    if scripts:
        assert_a_note_outlives_a_form_that_is_not_whole(page)
    page.click("#answer nav a >> nth=0")
    page.wait_for_selector("#answer a[aria-current=page]")
    assert page.input_value("#answer-note") == (NOTE if scripts else "")
    page.select_option("#answer-course", COURSE)
    page.click("#answer-form > button")
    page.wait_for_selector("#preview .callout")
    assert "statement of reasons" in page.inner_text("#preview")
    send(page, "button[name=then][value=stay]")
    assert page.is_visible("#messages .success")

    send(page, "nav.places >> text=Decisions")
    page.fill("form[role=search] [name=text]", subject)
    send(page, "form[role=search] button")
    send(page, "[data-rows] tbody tr:first-child a[data-open]")
    assert_is_in_force(page, subject)
    page.fill("#undo-reason", WHY)
    send(page, "section[aria-labelledby=undo] button")
    assert_is_undone(walk, page, item)


class Keys:
    """A keyboard and nothing else."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, words: str) -> None:
        self.page.keyboard.type(words)

    def tab_to(self, script: str) -> None:
        """Tab until the focused element answers yes to a script about `it`."""
        for _ in range(80):
            if self.page.evaluate(f"(it => Boolean({script}))(document.activeElement)"):
                return
            self.press("Tab")
        raise AssertionError(f"Tab never reaches {script}")

    def go(self, key: str, wait_for: str) -> None:
        """A key that leads to another page, which is there when the selector is."""
        with self.page.expect_navigation():
            self.press(key)
        self.page.wait_for_selector(wait_for)


def test_the_same_without_a_mouse(walk: Site) -> None:
    page = walk.visitor()
    keys, login = Keys(page), walk.made["logins"]["analyst"]
    item, subject = flagged(walk)
    page.goto("/sign-in/")
    keys.type(login["email"])  # the cursor is in the first field when the page opens
    keys.press("Tab")
    keys.type(login["password"])
    keys.go("Enter", "nav.places")

    keys.tab_to("it.textContent.trim() === 'Queue'")
    keys.go("Enter", "form[role=search]")
    keys.press("/")
    keys.type(subject)
    keys.go("Enter", "form[role=search]")
    keys.go("n", "#answer")
    assert_item_is_explained(page)

    keys.press("1")
    page.wait_for_selector("#answer a[aria-current=page]")
    keys.press("r")
    while page.input_value("#answer-course") != COURSE:
        before = page.input_value("#answer-course")
        keys.press("ArrowDown")
        assert page.input_value("#answer-course") != before, "the list has no such course"
    keys.tab_to("it.dataset.key === 'p'")  # out of the fields, where letters are keys again
    keys.press("p")
    page.wait_for_selector("#preview .callout")
    keys.go("e", "#messages .success")

    keys.tab_to("it.textContent.trim() === 'Decisions'")
    keys.go("Enter", "form[role=search]")
    keys.press("/")
    keys.type(subject)
    keys.go("Enter", "[data-rows]")
    keys.press("j")
    keys.go("Enter", "section[aria-labelledby=what]")
    assert_is_in_force(page, subject)
    keys.press("u")
    keys.type(WHY)
    keys.press("Tab")
    keys.go("Enter", "#messages .success")
    assert_is_undone(walk, page, item)
