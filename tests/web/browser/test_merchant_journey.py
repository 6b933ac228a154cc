"""A merchant: the reasons in both languages, a document, an appeal; somebody else's answer undoes what was done."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from tests.web.browser.walking import Site, send

WORDS = "The goods come from the brand's own wholesaler. The invoice names the model, the quantity and the day."
REASONS = "The invoice covers the model and the quantity offered, and its issuer confirmed it by telephone."


def an_invoice() -> bytes:
    """A picture of a sheet of paper."""
    sheet = Image.new("RGB", (420, 594), "white")
    ImageDraw.Draw(sheet).multiline_text((40, 40), "INVOICE 2026-0311\n12 pieces, model TR-200", fill="black")
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()


def in_language(page: object, language: str) -> None:
    """Switches the page's language where it is another."""
    if page.get_attribute("html", "lang") != language:  # type: ignore[attr-defined]
        send(page, f".who button[name=language][value={language}]")
    assert page.get_attribute("html", "lang") == language  # type: ignore[attr-defined]


def test_an_appeal_that_is_right_undoes_the_decision(walk: Site) -> None:
    shop = walk.one("SELECT o.merchant_id FROM casework_organisation o WHERE o.kind = 'merchant'")
    reference = walk.one(
        "SELECT d.reference FROM casework_decision d JOIN casework_statement s ON s.decision_id = d.id "
        "WHERE d.merchant_id = ? AND d.state = 'in_force' AND d.action = 'remove' "
        "AND NOT EXISTS (SELECT 1 FROM casework_appeal a WHERE a.decision_id = d.id) ORDER BY d.id",
        shop,
    )
    page = walk.visitor(locale="en-GB")
    walk.sign_in(page, "merchant")
    in_language(page, "zh-hans")
    send(page, f"article.card:has-text('{reference}') h2 a")
    assert page.is_visible("article.letter")
    assert page.is_visible("text=申诉 >> nth=0")
    in_language(page, "en")
    assert reference in page.url
    assert page.is_visible("article.letter")
    assert page.is_visible("#appeal >> text=Appeal")

    page.set_input_files(
        "#send ~ form [name=file], section[aria-labelledby=send] [name=file]",
        files=[{"name": "invoice.png", "mimeType": "image/png", "buffer": an_invoice()}],
    )
    send(page, "section[aria-labelledby=send] form button")
    assert "invoice.png" in page.inner_text("section[aria-labelledby=send]")
    page.fill("section[aria-labelledby=appeal] [name=text]", WORDS)
    send(page, "section[aria-labelledby=appeal] form button")
    assert page.is_visible("#messages .success")
    appeal = page.url.rstrip("/").rpartition("/")[2]

    decided_by = walk.one(
        "SELECT p.email FROM casework_decision d JOIN casework_person p ON p.id = d.decided_by_id "
        "WHERE d.reference = ?",
        reference,
    )
    answerer = walk.visitor()
    walk.sign_in(answerer, "second_analyst")
    assert decided_by != walk.made["logins"]["second_analyst"]["email"]
    send(answerer, "nav.places >> text=Appeals")
    send(answerer, f"main a[href$='/appeals/{appeal}/']")
    assert WORDS in answerer.inner_text("section[aria-labelledby=words]")
    assert "invoice.png" in answerer.inner_text("section[aria-labelledby=documents]")
    send(answerer, "form[action$='/claim/'] button")
    answerer.check("[name=outcome][value=genuine]")
    answerer.fill("[name=reasons]", REASONS)
    send(answerer, "form[action$='/answer/'] button.primary")
    assert answerer.is_visible("#messages .success")
    answerer.goto(f"/console/decisions/{reference}/")
    followed = answerer.inner_text("section[aria-labelledby=followed]")
    assert "decision.lifted" in followed
    assert "cancelled" in followed

    page.goto(f"/portal/appeals/{appeal}/")
    assert REASONS in page.inner_text("main")
    send(page, "main aside a >> nth=0")
    assert not page.is_visible("section[aria-labelledby=appeal] form")
    page.goto("/portal/standing/")
    assert reference in page.inner_text("details.reveal") or page.locator(f"details >> text={reference}").count() == 1
