"""The last unit of a plan: bought, sealed, examined blind by two, and then figures, verdicts and a checked score."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.web.browser.test_merchant_journey import an_invoice
from tests.web.browser.walking import Site, command, send

FINDINGS = "Stitching, print and weight differ from the reference piece."


def bought(walk: Site, page: Any, task: int, brand: str) -> None:
    """Taken, ordered, received, photographed and sealed, each by its short form."""
    page.goto(f"/console/testbuys/tasks/{task}/")
    send(page, "form[action$='/take/'] button")
    page.fill("[name=order_no]", "SIM-77001")
    page.fill("[name=cost]", "48.90")
    page.fill("[name=due_on]", f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}")
    send(page, "form[action$='/order/'] button.primary")
    page.fill("[name=carrier]", "Simulated Post")
    page.fill("[name=weight_g]", "241.5")
    page.fill("form[action$='/receive/'] [name=place]", "Test-buy room")
    send(page, "form[action$='/receive/'] button.primary")
    picture = {"name": "goods.png", "mimeType": "image/png", "buffer": an_invoice()}
    page.set_input_files("[name=picture]", files=[picture])
    page.check("[name=shows][value=goods]")
    send(page, "form[action$='/photograph/'] button")
    assert page.locator(".pictures img").count() == 1
    page.fill("[name=seal_no]", "S-77001")
    page.fill("form[action$='/seal/'] [name=place]", "Test-buy room")
    page.fill("[name=said_brand]", brand)
    send(page, "form[action$='/seal/'] button")
    page.fill("[name=carrier]", "Simulated Courier")
    page.fill("form[action$='/send/'] [name=place]", "Test-buy room")
    send(page, "form[action$='/send/'] button")
    assert walk.one("SELECT stage FROM casework_testbuytask WHERE id = ?", task) == "sealed"


def examined(walk: Site, task: int, who: str, seal: str, hidden: tuple[str, ...]) -> None:
    """The unit found counterfeit by whoever it was given to, on a page that names neither offer nor merchant."""
    pk = walk.one("SELECT id FROM casework_examination WHERE task_id = ? AND finished_at IS NULL", task)
    page = walk.visitor()
    walk.sign_in(page, who)
    send(page, "nav.places >> text=Examinations")
    send(page, f"main a[href$='/examinations/{pk}/']")
    if page.locator("form[action$='/take/'] button").count():
        send(page, "form[action$='/take/'] button")
    assert [each for each in hidden if each and each in page.content()] == []
    assert seal in page.inner_text("main")
    page.fill("[name=seal_no_found]", seal)
    page.check("[name=is_seal_intact][value=yes]")
    page.fill("form[action$='/arrive/'] [name=place]", "Goods in")
    send(page, "form[action$='/arrive/'] button.primary")
    page.check("[name=outcome][value=counterfeit]")
    page.fill("[name=findings]", FINDINGS)
    page.fill("[name=resealed_no]", f"R-{pk}")
    page.fill("form[action$='/finish/'] [name=place]", "Bench 2")
    page.fill("[name=cost]", "45.00")
    send(page, "form[action$='/finish/'] button.primary")
    assert page.is_visible("#messages .success")


def given(page: Any, task: int, organisation: str) -> None:
    """A senior gives the unit to an organisation."""
    page.goto(f"/console/testbuys/tasks/{task}/")
    options = page.locator("form[action$='/examine/'] [name=to] option")
    (value,) = [
        o.get_attribute("value")
        for o in options.all()
        if organisation in o.inner_text() and ":" not in (o.get_attribute("value") or ":")
    ]
    page.select_option("form[action$='/examine/'] [name=to]", value)
    reason = page.locator("form[action$='/examine/'] [name=reason]")
    if reason.count():
        reason.fill("The laboratory that is free examines it.")
    send(page, "form[action$='/examine/'] button")


def test_the_last_unit_moves_the_interval_and_comes_back_as_a_checked_score(walk: Site, tmp_path: Path) -> None:
    left, folder = walk.made["left"], walk.made["left"]["folder"]
    task, brand, merchant = walk.rows(
        "SELECT id, brand, merchant_name FROM casework_testbuytask WHERE unit = ?", left["unit"]
    )[0]
    programme = walk.one("SELECT programme_id FROM casework_testbuytask WHERE id = ?", task)
    senior = walk.visitor()
    walk.sign_in(senior, "senior")
    senior.goto(f"/console/testbuys/{programme}/")
    send(senior, "form[action$='/refresh/'] button")
    before = live(walk, programme)
    assert "No look is complete" in senior.inner_text("section[aria-labelledby=t-look]")

    buyer = walk.visitor()
    walk.sign_in(buyer, "test_buyer")
    bought(walk, buyer, task, brand or "Norvane")
    hidden = (left["listing_id"], merchant)
    laboratory = {name: walk.made["logins"][name]["organisation"] for name in ("authenticator", "second_authenticator")}
    given(senior, task, laboratory["authenticator"])
    examined(walk, task, "authenticator", "S-77001", hidden)
    first = walk.one("SELECT resealed_no FROM casework_examination WHERE task_id = ? AND ordinal = 1", task)
    if not walk.rows("SELECT 1 FROM casework_examination WHERE task_id = ? AND finished_at IS NULL", task):
        given(senior, task, laboratory["second_authenticator"])
    examined(walk, task, "second_authenticator", first, (*hidden, FINDINGS))
    assert walk.rows("SELECT stage, outcome, second_outcome FROM casework_testbuytask WHERE id = ?", task) == [
        ("done", "counterfeit", "counterfeit")
    ]

    senior.goto(f"/console/testbuys/{programme}/")
    send(senior, "form[action$='/refresh/'] button")
    assert "Estimates with" in senior.inner_text("section[aria-labelledby=t-look]")
    assert live(walk, programme) != before

    n = json.loads(
        command("casework", "verdicts", "--out", str(tmp_path / "v.csv"), "--home", str(walk.home), "--json")
    )
    with (tmp_path / "v.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert n["rows"] == len(rows)
    (own,) = [row for row in rows if row["subject_id"] == left["listing_id"] and row["source"] != "reviewer"]
    assert own["verdict"] == "counterfeit"
    assert 0 < float(own["inclusion_probability"]) <= 1
    estimate = json.loads(command("prevalence", "estimate", folder, "--json"))
    assert estimate
    checked = json.loads(command("prevalence", "recalibrate", folder, str(walk.place / "run"), "--json"))
    assert checked["said"]


def live(walk: Site, programme: int) -> Any:
    """The interval that holds at any time, as the programme's page shows it."""
    return json.loads(walk.one("SELECT progress FROM casework_programme WHERE id = ?", programme))["live"]
