"""Seniors look into disagreements and set what the automation may do."""

from __future__ import annotations

import re

import pytest

from assay.casework.choices import Choice
from assay.casework.models import AutomationPolicy, Review, Role
from assay.casework.services import gold, reviews
from assay.casework.services.decisions import decide
from assay.casework.services.recording import Actor
from tests.casework.builders import NOW, a_decision, a_person, an_item
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def senior():
    return signed_in(a_person(Role.SENIOR))


def _disagree():
    item = an_item()
    decide(Actor.of(a_person()), item, Choice("counterfeit", "warn", "facts-do-not-fit"))
    type(item).objects.update(needs_blind_review=True)
    item.refresh_from_db()
    return reviews.answer(Actor.of(a_person()), item, Choice("genuine", "none", "nothing-found", "it all fits")).review


def test_a_disagreement_is_looked_into(senior):
    review = _disagree()
    html = senior.get("/console/decisions/disagreements/").content.decode()
    assert "it all fits" in html and review.decision.reference in html
    senior.post(f"/console/decisions/disagreements/{review.pk}/settle/", {"note": "the first answer stands"})
    assert "it all fits" not in senior.get("/console/decisions/disagreements/").content.decode()
    assert "it all fits" in senior.get("/console/decisions/disagreements/?settled=1").content.decode()
    assert Review.objects.get(pk=review.pk).settled_by


def test_an_agreement_is_no_disagreement(senior):
    review = _disagree()
    Review.objects.filter(pk=review.pk).update(answer="counterfeit")
    assert "it all fits" not in senior.get("/console/decisions/disagreements/").content.decode()


def test_a_policy_is_set(senior):
    said = senior.post(
        "/console/decisions/automation/set/",
        {"category": "watches", "most_severe_action": "demote", "least_score": "97.5"},
        follow=True,
    ).content.decode()
    assert "watches" in said and "97.5" in said
    assert AutomationPolicy.objects.get().most_severe_action == "demote"


@pytest.mark.parametrize("form", [{"most_severe_action": "remove", "least_score": "97"}, {"least_score": "x"}, {}])
def test_what_cannot_be_set_is_said_with_the_form(senior, form):
    page = senior.post("/console/decisions/automation/set/", form)
    assert page.status_code == 400 and "This was not saved yet" in page.content.decode()
    assert not AutomationPolicy.objects.exists()


def test_analysts_see_neither():
    client = signed_in(a_person())
    for address in ("disagreements", "automation"):
        assert client.get(f"/console/decisions/{address}/").status_code == 403


@pytest.mark.parametrize("page", ["decisions/disagreements", "decisions/automation", "queue/gold"])
def test_an_auditor_reads_what_seniors_look_into_and_is_offered_no_form(page):
    _disagree()
    gold.add(Actor.of(a_person(Role.SENIOR)), a_decision(reason_code="authentication").item)
    AutomationPolicy.objects.create(category="watches", most_severe_action="demote", updated_at=NOW)
    read = signed_in(a_person(Role.AUDITOR)).get(f"/console/{page}/").content.decode()
    work = signed_in(a_person(Role.SENIOR)).get(f"/console/{page}/").content.decode()
    assert "<tbody>" in read
    assert set(forms_of(work)) - set(forms_of(read)) and set(forms_of(read)) == set(forms_of(empty_page()))


def test_an_auditor_finds_the_way_there_and_an_analyst_none():
    auditor, analyst = signed_in(a_person(Role.AUDITOR)), signed_in(a_person())
    for client, oversees in ((auditor, True), (analyst, False)):
        pages = "".join(client.get(path).content.decode() for path in ("/console/queue/", "/console/decisions/"))
        found = [
            "/console/" + page + "/" in pages
            for page in ("decisions/disagreements", "decisions/automation", "queue/gold")
        ]
        assert found == [oversees] * 3


def test_an_auditor_sets_nothing():
    client, review = signed_in(a_person(Role.AUDITOR)), _disagree()
    assert client.post("/console/decisions/automation/set/", {"least_score": "97"}).status_code == 403
    assert client.post(f"/console/decisions/disagreements/{review.pk}/settle/").status_code == 403


def forms_of(html):
    return re.findall(r'<form[^>]* action="([^"]+)"', html)


def empty_page():
    """A page without forms of its own, for those that every page has."""
    return signed_in(a_person(Role.AUDITOR)).get("/console/numbers/").content.decode()
