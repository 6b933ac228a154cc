"""Seniors look into disagreements and set what the automation may do."""

from __future__ import annotations

import pytest

from assay.casework.choices import Choice
from assay.casework.models import AutomationPolicy, Review, Role
from assay.casework.services import reviews
from assay.casework.services.decisions import decide
from assay.casework.services.recording import Actor
from tests.casework.builders import a_person, an_item
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
        "/console/decisions/automation/",
        {"category": "watches", "most_severe_action": "demote", "least_score": "97.5"},
        follow=True,
    ).content.decode()
    assert "watches" in said and "97.5" in said
    assert AutomationPolicy.objects.get().most_severe_action == "demote"


@pytest.mark.parametrize("form", [{"most_severe_action": "remove", "least_score": "97"}, {"least_score": "x"}, {}])
def test_what_cannot_be_set_is_said_with_the_form(senior, form):
    page = senior.post("/console/decisions/automation/", form)
    assert page.status_code == 400 and "This was not saved yet" in page.content.decode()
    assert not AutomationPolicy.objects.exists()


def test_analysts_see_neither():
    client = signed_in(a_person())
    for address in ("disagreements", "automation"):
        assert client.get(f"/console/decisions/{address}/").status_code == 403
