"""A senior, an auditor and an administrator, each through the whole of what they come for."""

from __future__ import annotations

import base64
import hmac
import struct
import time
from typing import Any

from tests.web.addresses import addresses
from tests.web.browser.walking import Site, send

CLOSURE = "counterfeit/close/authentication"


def merchant_to_close(site: Site) -> int:
    """An open item about a merchant."""
    query = "SELECT id FROM casework_item WHERE state = 'open' AND subject_type = 'merchant' AND claimed_by_id IS NULL"
    return int(site.one(f"{query} ORDER BY rank DESC"))


def propose(walk: Site, item: int) -> str:
    """An analyst proposes to close a merchant; gives the decision's reference."""
    page = walk.signed_in("analyst")
    page.goto(f"/console/queue/{item}/")
    send(page, "div.actionbar button.primary")
    page.click("#answer nav a >> nth=0")
    page.wait_for_selector("#answer a[aria-current=page]")
    page.select_option("#answer-course", CLOSURE)
    page.click("#answer-form > button")
    page.wait_for_selector("#preview .callout.warn")  # nothing yet: a second person must agree
    send(page, "button[name=then][value=stay]")
    assert page.is_visible("#messages .success")
    reference = str(walk.one("SELECT reference FROM casework_decision WHERE item_id = ? ORDER BY id DESC", item))
    page.goto(f"/console/decisions/{reference}/")
    assert page.is_visible("main .callout.note")
    assert not page.is_visible("form[action$=approve\\/]")
    return reference


def test_a_closure_takes_two_people(walk: Site) -> None:
    item = merchant_to_close(walk)
    reference = propose(walk, item)
    assert walk.one("SELECT state FROM casework_decision WHERE reference = ?", reference) == "proposed"

    page = walk.visitor()
    walk.sign_in(page, "senior")
    send(page, "a.tile >> text=/second person|agree/i")
    send(page, f"text={reference}")
    send(page, "form[action$=approve\\/] button")
    assert page.is_visible("#messages .success")
    assert "decision.applied" in page.inner_text("section[aria-labelledby=followed]")
    assert page.inner_text("article.letter").strip()
    assert walk.one("SELECT state FROM casework_decision WHERE reference = ?", reference) == "in_force"

    send(page, "nav.places >> text=Numbers")
    assert page.locator("main svg.chart, main svg").count() > 0

    page.goto(f"/console/decisions/{reference}/")  # what is in force is undone as well, so that others find it open
    page.fill("#undo-reason", "The examination was of another unit.")
    send(page, "section[aria-labelledby=undo] button")
    assert page.is_visible("#messages .success")
    assert walk.one("SELECT state FROM casework_decision WHERE reference = ?", reference) == "undone"


# An auditor's own account and language, and the API, which takes tokens and no sessions.
OWN = ("accounts:", "set-language")


def buttons_that_write(page: Any) -> list[str]:
    """Forms that post, but for the language and the way out that every page has."""
    return list(
        page.evaluate(
            "[...document.querySelectorAll('form[method=post]')].map(each => new URL(each.action).pathname)"
            ".filter(path => !['/sign-out/', '/me/language/'].includes(path))"
        )
    )


def test_an_auditor_reads_everything_and_changes_nothing(walk: Site) -> None:
    page = walk.visitor()
    walk.sign_in(page, "auditor")
    item = walk.one("SELECT id FROM casework_item WHERE state = 'open' AND stream = 'flagged' ORDER BY rank DESC")
    reference = walk.one("SELECT reference FROM casework_decision WHERE action = 'remove' ORDER BY id")
    appeal = walk.one("SELECT id FROM casework_appeal WHERE state = 'open'")
    task = walk.one("SELECT id FROM casework_testbuytask WHERE stage = 'sealed' ORDER BY id")
    reads = {
        f"/console/queue/{item}/": "#why",
        f"/console/decisions/{reference}/": "article.letter",
        f"/console/appeals/{appeal}/": "#words",
        f"/console/testbuys/tasks/{task}/": "#t-goods",
        "/console/testbuys/": "table",
        "/console/numbers/": "svg",
        "/console/audit/": "table",
        "/console/audit/checkpoint/": "pre",
        "/console/effects/": "h1",
    }
    for address, sign in reads.items():
        answer = page.goto(address)
        assert (address, answer.status) == (address, 200)
        assert page.locator(sign).count() > 0, address
        assert buttons_that_write(page) == [], address


def test_what_an_auditor_posts_by_hand_is_refused(walk: Site) -> None:
    page = walk.signed_in("auditor")
    page.goto("/me/")
    token = page.get_attribute(".who [name=csrfmiddlewaretoken]", "value")
    item = walk.one("SELECT min(id) FROM casework_item WHERE state = 'open'")
    states = "SELECT (SELECT group_concat(state) FROM casework_item), (SELECT count(*) FROM casework_decision)"
    before = walk.rows(states)
    tried = 0
    for each in addresses():
        if each.name.startswith(OWN) or "/api/" in each.path:
            continue
        path = each.path.replace("999999999", str(item))
        form = {"csrfmiddlewaretoken": token, "reason": "by hand"}
        answer = page.request.post(path, form=form, headers={"Referer": f"{walk.address}/"})
        assert answer.status in (403, 404, 405), (path, answer.status)
        tried += 1
    assert tried > 60
    assert walk.rows(states) == before
    unsigned = page.request.post("/me/password/", form={"old": "x"}, headers={"Referer": f"{walk.address}/"})
    assert unsigned.status == 403  # without the page's token not even one's own account


def code_of(secret: str) -> str:
    """The six digits of an authenticator app now (RFC 6238: SHA-1, 30 seconds)."""
    key = base64.b32decode(secret.replace(" ", "") + "=" * (-len(secret.replace(" ", "")) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), "sha1").digest()
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def test_a_new_person_comes_in_by_a_link_and_an_app(walk: Site) -> None:
    admin = walk.visitor()
    walk.sign_in(admin, "administrator")
    send(admin, "nav.places >> text=People")
    send(admin, "nav.tabs >> text=Organisations")
    send(admin, "[data-rows] >> text=Simulated Marketplace")
    send(admin, ".headline >> text=Add a person")
    admin.fill("[name=name]", "Demo newcomer")
    admin.fill("[name=email]", "newcomer@example.org")
    admin.select_option("[name=role]", "analyst")
    assert admin.is_checked("[name=needs_second_factor]")
    send(admin, "form.card button.primary")
    link = admin.inner_text("code.secret").strip()

    page = walk.visitor()
    page.goto(link)
    password = "four words in a row"
    page.fill("[name=password]", password)
    page.fill("[name=again]", password)
    send(page, "form.card button.primary")
    assert "/sign-in/" in page.url
    page.fill("[name=email]", "newcomer@example.org")
    page.fill("[name=password]", password)
    send(page, "form.card button.primary")
    assert page.locator("nav.places").count() == 0  # nothing else is open before the second factor is set up
    page.fill("[name=code]", code_of(page.inner_text("code.secret").strip()))
    send(page, "form.card button.primary")
    recovery = page.inner_text(".card ol li:first-child code").strip()
    send(page, "main a.primary")
    assert page.locator("nav.places >> text=Queue").count() == 1

    send(page, ".who >> text=Sign out")
    page.fill("[name=email]", "newcomer@example.org")
    page.fill("[name=password]", password)
    send(page, "form.card button.primary")
    page.fill("[name=code]", recovery)  # the app's code was used a moment ago, and a code works once
    send(page, "form.card button.primary")
    assert page.locator("nav.places >> text=Queue").count() == 1

    again = walk.visitor()
    assert again.goto(link).status in (404, 410)
    again.complaints.clear()  # the browser says that a page with that status is one
