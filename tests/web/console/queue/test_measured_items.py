"""Blind and gold items look exactly like any other in hand."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.choices import Choice
from assay.casework.models import Answer, Decision, Gold, Item, Review, Role
from assay.casework.queries.queue import Wanted, page_of
from assay.casework.services.decisions import decide
from assay.casework.services.recording import Actor
from tests.casework.builders import NOW, a_person, an_item
from tests.casework.merchant_cases import a_content
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
SAME = {"subject_id": "L1", "merchant_id": "M1", "merchant_name": "Shop", "title": "Watch"}
REMOVE = Choice("counterfeit", "remove", "facts-do-not-fit", "found by the first reviewer")


def _handed(client, item):
    """As when the queue hands it out."""
    person = client.session["_auth_user_id"]
    held = {"claimed_by_id": person, "claimed_at": NOW, "claimed_until": timezone.now() + timedelta(minutes=20)}
    Item.objects.filter(pk=item.pk).update(**held)


def _html(client, item, held=True):
    if held:
        _handed(client, item)
    html = client.get(f"/console/queue/{item.pk}/").content.decode()
    html = re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": |name="finding" value=)"[^"]+"', "", html)
    html = re.sub(r"[0-9a-f]{16}…|datetime=\"[^\"]+\"|title=\"[^\"]+\"", "", html)
    return html.replace(f"/queue/{item.pk}/", "/queue/N/")


def _plain(client, held=True):
    item = an_item(content=a_content().to_json(), **SAME)
    html = _html(client, item, held)
    item.subject_id = f"{item.pk}-gone"
    item.merchant_id = f"{item.pk}-gone"
    item.save()
    return html


def _decided():
    item = an_item(content=a_content().to_json(), **SAME)
    return decide(Actor.of(a_person()), item, REMOVE).item


def _made_gold(item):
    return Gold.objects.create(
        item=item, answer=Answer.COUNTERFEIT, source="examined", added_by=a_person(Role.SENIOR), added_at=NOW
    )


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SENIOR])
def test_a_gold_item_in_hand_is_the_same_to_the_byte(role):
    client = signed_in(a_person(role))
    usual = _plain(client)
    item = _decided()
    _made_gold(item)
    assert _html(client, item) == usual


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SENIOR])
def test_a_blind_review_in_hand_is_the_same_to_the_byte(role):
    client = signed_in(a_person(role))
    usual = _plain(client)
    item = _decided()
    type(item).objects.filter(pk=item.pk).update(needs_blind_review=True)
    assert _html(client, item) == usual


def test_before_it_is_taken_an_analyst_sees_no_difference_either():
    client = signed_in(a_person())
    usual = _plain(client, held=False)
    item = _decided()
    _made_gold(item)
    assert _html(client, item, held=False) == usual


def test_its_decision_is_not_there_for_whoever_may_be_asked():
    client = signed_in(a_person())
    item = _decided()
    decided, row = "/console/queue/?state=decided", f'href="/console/queue/{item.pk}/"'
    assert row in client.get(decided).content.decode()
    _made_gold(item)
    reference = Decision.objects.get().reference
    assert client.get(f"/console/decisions/{reference}/").status_code == 404
    assert reference not in client.get("/console/decisions/").content.decode()
    assert row not in client.get(decided).content.decode()
    senior = signed_in(a_person(Role.SENIOR))
    assert senior.get(f"/console/decisions/{reference}/").status_code == 200
    senior.post(f"/console/queue/{item.pk}/take/")
    assert senior.get(f"/console/decisions/{reference}/").status_code == 200  # what one has seen is not judged blindly
    _handed(senior, item)
    assert senior.get(f"/console/decisions/{reference}/").status_code == 404


def test_the_answer_about_gold_says_what_any_answer_says_and_does_nothing():
    client = signed_in(a_person())
    item = _decided()
    _made_gold(item)
    client.post(f"/console/queue/{item.pk}/take/")
    course = {"course": "counterfeit/remove/facts-do-not-fit"}
    before = client.post(f"/console/queue/{item.pk}/preview/", course).content.decode()
    assert "This will happen at once" in before
    said = client.post(f"/console/queue/{item.pk}/answer/", course, follow=True).content.decode()
    assert "Recorded: counterfeit, remove the listing." in said
    assert Review.objects.filter(kind="gold").count() == 1 and Decision.objects.count() == 1


def test_looked_for_in_any_way_it_is_found_among_the_open_ones():
    analyst = signed_in(a_person())
    item = _decided()
    _made_gold(item)
    narrowed = (f"brand={item.brand}", f"category={item.category}", f"band={item.band}", f"stream={item.stream}")
    for query in ("", "text=L1", "merchant=M1", *narrowed):
        assert f"/console/queue/{item.pk}/" in analyst.get(f"/console/queue/?{query}").content.decode()
        assert (
            f"/console/queue/{item.pk}/" not in analyst.get(f"/console/queue/?state=decided&{query}").content.decode()
        )
    together = analyst.post(
        "/console/queue/together/", {"item": [item.pk], "course": "counterfeit/warn/authentication"}
    )
    assert "takes effect" in together.content.decode() and "no longer open" not in together.content.decode()
    senior = signed_in(a_person(Role.SENIOR))
    assert f"/console/queue/{item.pk}/" not in senior.get("/console/queue/?text=L1").content.decode()


def test_among_the_open_ones_it_stands_in_its_place_page_after_page():
    person = a_person()
    known, blind, both = (decide(Actor.of(a_person()), an_item(), REMOVE).item for _ in range(3))
    for item in (known, both):
        _made_gold(item)
    Item.objects.filter(pk__in=[blind.pk, both.pk]).update(needs_blind_review=True)
    rows = [an_item(rank=3.0), known, an_item(rank=2.0), blind, both, an_item(rank=1.0)]
    for item, rank in zip(rows, (3.0, 2.5, 2.0, 1.5, 1.5, 1.0), strict=True):
        Item.objects.filter(pk=item.pk).update(rank=rank)
    found, after = [], ""
    while after is not None:
        page = page_of(person, Wanted(), NOW, after=after, size=2)
        found, after = [*found, *(row.pk for row in page.rows)], page.after
    assert found == [item.pk for item in rows]


def test_a_blind_answer_is_shown_to_seniors_and_auditors_only():
    item = _decided()
    type(item).objects.filter(pk=item.pk).update(needs_blind_review=True)
    second = signed_in(a_person())
    form = {"course": "genuine/none/nothing-found", "note": "all fits"}
    second.post(f"/console/queue/{item.pk}/answer/", form)
    for role, is_shown in ((Role.ANALYST, False), (Role.SENIOR, True), (Role.AUDITOR, True)):
        html = signed_in(a_person(role)).get(f"/console/queue/{item.pk}/").content.decode()
        assert ("all fits" in html) is is_shown, role


def test_gold_answers_are_shown_to_seniors_only():
    item = _decided()
    _made_gold(item)
    client = signed_in(a_person())
    client.post(f"/console/queue/{item.pk}/answer/", {"course": "genuine/none/nothing-found", "note": "all fits"})
    assert "all fits" not in client.get(f"/console/queue/{item.pk}/").content.decode()
    assert "gold item" in signed_in(a_person(Role.SENIOR)).get(f"/console/queue/{item.pk}/").content.decode()


def test_another_item_of_the_merchant_does_not_tell_what_was_decided():
    blind, other = _decided(), an_item(content=a_content().to_json(), merchant_id="M1")
    _made_gold(blind)
    analyst, senior = (
        signed_in(a_person(r)).get(f"/console/queue/{other.pk}/").context["page"] for r in (Role.ANALYST, Role.SENIOR)
    )
    assert (analyst.n_in_force, analyst.strike_weight) == (0, 0)
    assert senior.n_in_force == 1 and senior.strike_weight > 0
