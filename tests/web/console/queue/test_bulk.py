"""Choose rows, look at what would happen, say yes, undo the batch."""

from __future__ import annotations

import re

import pytest

from assay.casework.models import Decision
from tests.casework.builders import a_finding, a_person, an_item
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
COURSE = {"course": "counterfeit/remove/facts-do-not-fit"}


@pytest.fixture
def client():
    return signed_in(a_person())


def shown_in(html):
    return re.search(r'name="shown" value="([^"]*)"', html)[1]


def test_from_the_ticked_rows_to_a_batch_and_back(client):
    items = [an_item(), an_item(harm_minor=9_000_000)]
    ticked = {"item": [each.pk for each in items]}
    html = client.post("/console/queue/together/", ticked).content.decode()
    assert "Decide about 2 items" in html and "Yes, decide" not in html
    html = client.post("/console/queue/together/", ticked | COURSE).content.decode()
    assert "waits for a second person" in html and "Yes, decide about 2 items" in html
    assert not Decision.objects.exists()
    changed = client.post("/console/queue/together/apply/", ticked | COURSE | {"days": "7", "shown": shown_in(html)})
    assert "Yes, decide about 2 items" in changed.content.decode()  # shown first, as it is not what was shown
    assert not Decision.objects.exists()
    shown = {"shown": shown_in(html)}
    done = client.post("/console/queue/together/apply/", ticked | COURSE | shown, follow=True)
    assert "2 items were answered." in done.content.decode()
    address = done.redirect_chain[-1][0]
    assert "Undo 2 decisions" in client.get(address).content.decode()
    undone = client.post(f"{address}undo/", {"reason": "wrong list"}, follow=True).content.decode()
    assert "2 decisions were undone." in undone
    assert set(Decision.objects.values_list("state", flat=True)) == {"undone"}


def test_what_changed_after_it_was_shown_is_left_alone_and_said(client):
    items = [an_item(), an_item()]
    ticked = {"item": [each.pk for each in items]}
    html = client.post("/console/queue/together/", ticked | COURSE).content.decode()
    form = {"shown": shown_in(html), "seen": re.findall(r'name="seen" value="([^"]*)"', html)}
    items[0].finding = a_finding(items[0])
    items[0].save(update_fields=["finding"])
    said = client.post("/console/queue/together/apply/", ticked | COURSE | form, follow=True).content.decode()
    assert "1 item was answered. 1 skipped: what is known has changed since you looked." in said
    assert Decision.objects.get().item_id == items[1].pk


@pytest.mark.parametrize("seen", ["", ":", "1", "x:1", "1:x", "²:1", "1:" + "9" * 30])
def test_findings_that_are_none_change_nothing(client, seen):
    item = an_item()
    form = COURSE | {"item": item.pk, "shown": COURSE["course"], "seen": seen}
    assert client.post("/console/queue/together/apply/", form).status_code == 302
    assert Decision.objects.count() == 1


def test_all_of_a_merchant_on_the_page(client):
    same, other = [an_item(merchant_id="M-1") for _ in range(3)], an_item()
    assert "<option>M-1</option>" in client.get("/console/queue/").content.decode()
    on_page = {"on_page": [each.pk for each in (*same[:2], other)], "merchant": "M-1"}
    html = client.post("/console/queue/together/", on_page).content.decode()
    assert "Decide about 2 items" in html


def test_nothing_chosen_is_said_on_the_page_one_came_from(client):
    said = client.post("/console/queue/together/", {"back": "/console/queue/?band=high"}, follow=True)
    assert said.redirect_chain[-1][0] == "/console/queue/?band=high" and "choose 1 to 500" in said.content.decode()


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org/", "javascript:alert(1)", "\\\\example.org"])
def test_the_way_back_leads_nowhere_else(client, back):
    assert client.post("/console/queue/together/", {"back": back}).url == "/console/queue/"


@pytest.mark.parametrize("item", ["x", "-1", "9" * 30, ""])
def test_numbers_that_are_none_are_refused(client, item):
    said = client.post("/console/queue/together/", {"item": item}, follow=True).content.decode()
    assert "by their numbers" in said


def test_a_batch_of_nobody_is_not_there(client):
    assert client.get("/console/decisions/batches/B-none/").status_code == 404
