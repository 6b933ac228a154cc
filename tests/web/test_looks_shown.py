"""Filters, tags and surroundings that every page uses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from assay.casework.models import Action, Answer, AppealState, DecisionState, EffectState, ItemState
from assay.casework.models.testbuys import TaskStage
from assay.web import shown, surroundings
from assay.web.permits import Permit
from tests.casework.builders import a_person


def _rendered(source: str, **values: object) -> str:
    return Template(source).render(Context(values))


@pytest.mark.parametrize(("score", "name"), [(None, "none"), (0, "low"), (39.9, "low"), (40, "some"), (80, "high")])
def test_a_score_has_a_band(score, name) -> None:
    assert shown.band(score) == name


def test_a_score_is_shown_with_number_and_word() -> None:
    html = _rendered("{% score s %}", s=87.0)
    assert "score high" in html and ">87<" in html and ">high<" in html
    assert "not rated" in _rendered("{% score s %}", s=None)


def test_a_badge_escapes_its_words() -> None:
    assert _rendered("{% badge 'in_force' w %}", w="<b>") == '<span class="badge live">&lt;b&gt;</span>'


def test_a_state_that_is_not_known_is_calm() -> None:
    assert shown.tone("never heard of") == "done" and shown.tone(None) == "done"


@pytest.mark.parametrize("states", [ItemState, DecisionState, AppealState, EffectState, TaskStage])
def test_every_state_has_a_tone_of_its_own_accord(states) -> None:
    assert set(states.values) <= set(shown._TONES)


def test_actions_and_answers_never_look_like_praise_for_a_low_score() -> None:
    assert shown.tone(Answer.GENUINE) == "good" and shown.tone(Answer.COUNTERFEIT) == "bad"
    assert {shown.tone(action) for action in Action.values} == {"done"}


def test_a_time_is_an_element_that_machines_read() -> None:
    at = datetime(2026, 3, 2, 10, 12, tzinfo=UTC)
    html = shown.when(at)
    assert 'datetime="2026-03-02T10:12:00+00:00"' in html and "2026-03-02 10:12 UTC" in html
    assert shown.when(None) == "–"


def test_what_is_left_is_said_in_one_unit() -> None:
    assert shown.left(timezone.now() + timedelta(days=3, minutes=1)) == "3 days"
    assert shown.left(timezone.now() - timedelta(seconds=1)) == "over"
    assert shown.left(None) == "–"


def test_hours_are_said_in_days_from_two_days_on() -> None:
    assert [shown.hours(each) for each in (None, 0.24, 47.9, 48.0, 100)] == [
        "–",
        "0.2 h",
        "47.9 h",
        "2.0 days",
        "4.2 days",
    ]


def test_numbers_are_shown_with_commas_and_missing_ones_as_a_dash() -> None:
    assert shown.count(1_234_567) == "1,234,567" and shown.count(None) == shown.percent(None) == "–"
    assert shown.percent(0.0244) == "2.4 %"
    assert shown.money(154_900, "EUR") == "1,549.00 EUR"


def test_the_longest_address_is_where_we_are(monkeypatch) -> None:
    addresses = {"console:home": "/console/", "portal:statements": "/portal/", "portal:appeals": "/portal/appeals/"}
    everyone = Permit(frozenset({"merchant"}))
    monkeypatch.setattr(surroundings, "permits", lambda: dict.fromkeys(addresses, everyone))
    monkeypatch.setattr(surroundings, "reverse", addresses.__getitem__)
    here = [place.name for place in surroundings._open_to("merchant", "/portal/appeals/7/") if place.is_here]
    assert here == ["portal:appeals"]
    assert [place.name for place in surroundings._open_to("merchant", "/console/") if place.is_here] == ["console:home"]
    assert surroundings._open_to("analyst", "/") == []


def test_nobody_sees_places_before_signing_in() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert surroundings.surroundings(request) == {"places": (), "language_url": reverse("set-language")}


@pytest.mark.django_db
def test_nobody_sees_places_before_the_second_factor() -> None:
    request = RequestFactory().get("/")
    request.user = a_person("senior")
    request.user.needs_second_factor = True
    request.user.is_verified = lambda: False
    shown_around = surroundings.surroundings(request)
    assert shown_around["places"] == () and shown_around["language_url"] == reverse("accounts:language")


def test_the_way_through_a_list_keeps_the_filters() -> None:
    request = RequestFactory().get("/queue", {"category": "watches", "page": "2"})
    request.user = AnonymousUser()
    page = Paginator(range(101), 25).page(2)
    html = render_to_string("parts/pages.html", {"page": page}, request)
    assert "category=watches&amp;page=3" in html and "category=watches&amp;page=1" in html
    assert "26 to 50 of 101" in html


def test_a_list_of_one_page_needs_no_way_through_it() -> None:
    assert render_to_string("parts/pages.html", {"page": Paginator([1], 25).page(1)}).strip() == ""
