"""The journey: queue, next item, its page, preview, answer, undo."""

from __future__ import annotations

import pytest

from assay.casework.models import Decision, Item, Role
from tests.casework.builders import a_person, an_item
from tests.casework.merchant_cases import a_content
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
REMOVE = "counterfeit/remove/facts-do-not-fit"


def test_an_analyst_goes_from_the_queue_to_a_decision_and_takes_it_back():
    item = an_item(rank=9.0, content=a_content().to_json())
    other = an_item(rank=1.0)
    client = signed_in(a_person())
    assert "Norvane TR-200" in client.get("/console/queue/").content.decode()

    page = client.post("/console/queue/next/", follow=True)
    assert page.redirect_chain[-1][0] == f"/console/queue/{item.pk}/"
    html = page.content.decode()
    assert "You hold this item" in html and "Price 29.00 EUR against a usual 129.00 EUR" in html

    preview = client.post(f"/console/queue/{item.pk}/preview/", {"course": REMOVE}).content.decode()
    assert "This will happen at once" in preview and "statement of reasons" in preview

    done = client.post(f"/console/queue/{item.pk}/answer/", {"course": REMOVE, "note": "two prices", "then": "next"})
    assert done.status_code == 302 and done.url == f"/console/queue/{other.pk}/"
    decision = Decision.objects.get()
    assert decision.action == "remove" and decision.note == "two prices"

    html = client.get(f"/console/decisions/{decision.reference}/").content.decode()
    assert "Undo the decision" in html and "Statement of reasons" in html
    undone = client.post(f"/console/decisions/{decision.reference}/undo/", {"reason": "wrong listing"}, follow=True)
    assert "its effects are lifted" in undone.content.decode()
    item.refresh_from_db()
    assert item.state == "open"
    html = client.get(f"/console/queue/{item.pk}/").content.decode()
    assert "wrong listing" in html and "two prices" in html


def test_harm_is_shown_in_the_currency_that_it_was_counted_in_or_as_not_known():
    given = {"currency": "JPY", "content": a_content().to_json()}
    counted = an_item(harm_minor=123_456, harm_currency="USD", **given)
    unknown = an_item(harm_minor=0, harm_currency="", **given)
    client = signed_in(a_person())
    for address in ("/console/queue/", f"/console/queue/{counted.pk}/"):
        html = client.get(address).content.decode()
        assert "1,234.56 USD" in html and "123,456 JPY" not in html
    page = client.get(f"/console/queue/{unknown.pk}/").content.decode()
    assert "<dt>Expected harm a month</dt><dd>not known</dd>" in page
    chosen = client.post("/console/queue/together/", {"item": [counted.pk, unknown.pk]}).content.decode()
    assert "1,234.56 USD" in chosen and '<td class="num">not known</td>' in chosen


def test_an_empty_queue_says_so():
    client = signed_in(a_person())
    assert "Nothing waits here" in client.post("/console/queue/next/", follow=True).content.decode()


def test_an_auditor_looks_on():
    item = an_item()
    client = signed_in(a_person(Role.AUDITOR))
    html = client.get(f"/console/queue/{item.pk}/").content.decode()
    assert "Take this item" not in html and "Next item" not in html
    assert client.post("/console/queue/next/").status_code == 403


def test_a_merchant_sees_none_of_it():
    item = an_item()
    client = signed_in(a_person(Role.MERCHANT))
    for address in ("/console/queue/", f"/console/queue/{item.pk}/", "/console/decisions/"):
        assert client.get(address).status_code == 403


def test_keep_and_give_back():
    item = an_item()
    client = signed_in(a_person())
    client.post(f"/console/queue/{item.pk}/take/")
    assert "20 more minutes" in client.post(f"/console/queue/{item.pk}/keep/", follow=True).content.decode()
    assert "Given back" in client.post(f"/console/queue/{item.pk}/release/", follow=True).content.decode()
    assert Item.objects.get().claimed_by is None


def test_what_somebody_else_holds_is_said():
    item = an_item()
    signed_in(holder := a_person()).post(f"/console/queue/{item.pk}/take/")
    client = signed_in(a_person())
    assert f"{holder.name} holds this item" in client.get(f"/console/queue/{item.pk}/").content.decode()
    said = client.post(f"/console/queue/{item.pk}/take/", follow=True).content.decode()
    assert "Somebody else holds" in said


def test_put_aside_and_bring_back():
    item = an_item()
    client = signed_in(a_person())
    client.post(f"/console/queue/{item.pk}/take/")
    client.post(f"/console/queue/{item.pk}/snooze/", {"days": "90", "reason": "the brand answers"})
    item.refresh_from_db()
    assert item.state == "snoozed"
    assert item.subject_id in client.get("/console/queue/?state=snoozed").content.decode()
    client.post(f"/console/queue/{item.pk}/wake/")
    item.refresh_from_db()
    assert item.state == "open"


def test_put_aside_without_a_reason_is_said():
    item = an_item()
    client = signed_in(a_person())
    said = client.post(f"/console/queue/{item.pk}/snooze/", {"days": "3"}, follow=True).content.decode()
    assert "what is waited for" in said
