"""Script, markup and control characters in every free text stay text on every page that shows them."""

from __future__ import annotations

import pytest
from django.utils.html import escape

from assay.casework.findings import Discrepancy, Fact, Goods, Mark, Merchant, NotChecked, NotComputed, Offer, Picture
from assay.casework.models import Decision, Item, Review, Role
from assay.casework.queries.queue import Wanted
from assay.casework.services import automation, decisions, gold, snoozes, views
from assay.casework.services.recording import Actor
from tests.casework.builders import a_person, an_item
from tests.casework.merchant_cases import a_content
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
BAD = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}\u202e\u200b\x1b[31m"


def _hostile_item(**given):
    content = a_content(
        merchant=Merchant("M1", BAD, BAD, BAD, BAD),
        offer=Offer(BAD, BAD, BAD, BAD, 100, "EUR"),
        discrepancies=(Discrepancy("s", BAD, 1.0, BAD, 5),),
        merchant_discrepancies=(Discrepancy("s", BAD, 1.0, BAD, None),),
        facts=(Fact("f", BAD, BAD),),
        pictures=(Picture(BAD, "javascript:alert(3)", BAD, BAD, BAD, 2, (BAD, "L2")),),
        goods=(Goods(BAD, BAD, 90.0),),
        marks=(Mark("s", BAD, "title", BAD[:12], 0, 12), Mark("s", BAD, "title", BAD)),
        not_checked=(NotChecked("s", BAD),),
        not_computed=(NotComputed("s", BAD, BAD),),
    )
    texts = {"title": BAD, "brand": BAD, "category": BAD, "merchant_name": BAD}
    return an_item(content=content.to_json(), **texts | given)


def _is_safe(page, own=""):
    """`own`: what the reader typed themselves stays as it is in its field."""
    html = page.content.decode().replace(escape(own), "") if own else page.content.decode()
    assert page.status_code in (200, 400), page.status_code
    for piece in ("<script>alert", "<img src=x", 'href="javascript:', "\u202e", "\x1b", "49\u202e"):
        assert piece not in html, html[max(html.find(piece) - 200, 0) : html.find(piece) + 100]


def test_every_page_of_the_queue_and_of_decisions_keeps_text_as_text():
    analyst, senior = a_person(name=BAD[:60]), a_person(Role.SENIOR, name=BAD[:60])
    item, other = _hostile_item(merchant_id="M1"), _hostile_item(merchant_id="M1")
    client, overseer = signed_in(analyst), signed_in(senior)
    client.post(f"/console/queue/{item.pk}/take/")
    views.save(Actor.of(analyst), name=BAD[:90].replace("\x1b", ""), wanted=Wanted(brand=BAD), is_shared=True)
    form = {"course": "counterfeit/remove/authentication", "note": BAD.replace("\x1b", "")}
    for address in ("/console/queue/", f"/console/queue/{item.pk}/"):
        _is_safe(client.get(address))
    _is_safe(client.get("/console/queue/", {"brand": BAD, "text": BAD, "merchant": BAD}), BAD)
    _is_safe(client.post(f"/console/queue/{item.pk}/preview/", form), form["note"])
    _is_safe(client.post(f"/console/queue/{item.pk}/answer/", form | {"course": BAD}), form["note"])
    _is_safe(client.post("/console/queue/together/", {"item": [item.pk, other.pk]} | form), form["note"])
    _is_safe(client.post(f"/console/queue/{item.pk}/answer/", form, follow=True))

    made = Decision.objects.get()
    Item.objects.filter(pk=item.pk).update(needs_blind_review=True)
    second = signed_in(a_person())
    second.post(f"/console/queue/{item.pk}/answer/", form | {"course": "genuine/none/nothing-found"})
    assert Review.objects.filter(kind="blind").count() == 1
    gold.add(Actor.of(senior), made.item)
    automation.set_policy(Actor.of(senior), category=BAD, most_severe_action="demote", least_score=90)
    automation.lower(BAD, BAD)
    for address in ("/console/queue/gold/", "/console/decisions/automation/", "/console/decisions/disagreements/"):
        _is_safe(overseer.get(address))
    decisions.undo(Actor.of(senior), made, reason=BAD)
    snoozes.snooze(Actor.of(analyst), other, until=_soon(), reason=BAD)
    for address in (
        f"/console/decisions/{made.reference}/",
        "/console/decisions/",
        f"/console/queue/{item.pk}/",
        f"/console/queue/{other.pk}/",
        "/console/queue/?state=snoozed",
    ):
        _is_safe(overseer.get(address))
    _is_safe(overseer.get("/console/decisions/", {"text": BAD, "merchant": BAD}), BAD)


def test_control_characters_in_a_form_are_refused_or_shown():
    item = an_item()
    client = signed_in(a_person())
    client.post(f"/console/queue/{item.pk}/take/")
    page = client.post(f"/console/queue/{item.pk}/answer/", {"course": "genuine/none/nothing-found", "note": "a\x00b"})
    assert page.status_code == 400


def test_a_finding_of_another_version_is_still_a_page():
    item = an_item(content={"format": 99, "about": "<script>alert(1)</script>"})
    html = signed_in(a_person()).get(f"/console/queue/{item.pk}/").content.decode()
    assert "This finding holds no analysis" in html and "<script>alert" not in html


def _soon():
    from datetime import timedelta

    from django.utils import timezone

    return timezone.now() + timedelta(days=3)
