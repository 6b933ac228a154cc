"""The answer form: only what goes together, and what was filled is not lost."""

from __future__ import annotations

import re

import pytest

from assay.casework.models import Decision
from tests.casework.builders import a_decision, a_person, an_item
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return signed_in(a_person())


def _taken(client, **given):
    item = an_item(**given)
    client.post(f"/console/queue/{item.pk}/take/")
    return item


def _courses(html):
    return re.findall(r'<option value="([a-z_]+/[a-z_]+/[a-z-]+)"', html)


def test_the_list_holds_only_what_goes_together(client):
    item = _taken(client)
    courses = _courses(client.get(f"/console/queue/{item.pk}/").content.decode())
    assert "counterfeit/remove/offered-as-copy" in courses and "genuine/none/authorised" in courses
    assert not [each for each in courses if "/suspend/" in each or "/close/" in each]
    assert len(courses) == len(set(courses))


def test_about_a_merchant_the_account_can_be_suspended_and_nothing_removed(client):
    item = _taken(client, subject_type="merchant")
    courses = _courses(client.get(f"/console/queue/{item.pk}/").content.decode())
    assert "counterfeit/suspend/repeated" in courses and not [each for each in courses if "/remove/" in each]


def test_one_answer_shortens_the_list_and_works_as_a_link(client):
    item = _taken(client)
    html = client.get(f"/console/queue/{item.pk}/?answer=genuine").content.decode()
    assert {each.split("/")[0] for each in _courses(html)} == {"genuine"}
    assert '<option value="genuine/none/nothing-found" selected>' in html
    assert _courses(client.get(f"/console/queue/{item.pk}/?answer=nonsense").content.decode())


@pytest.mark.parametrize(
    "course", ["", "counterfeit/close/offered-as-copy", "genuine/remove/authorised", "x", "a/b/c/d", "<script>/x/y"]
)
def test_what_does_not_go_together_is_refused_and_the_note_is_kept(client, course):
    item = _taken(client)
    page = client.post(f"/console/queue/{item.pk}/answer/", {"course": course, "note": "half a page of notes"})
    assert page.status_code == 400 and "half a page of notes" in page.content.decode()
    assert not Decision.objects.exists()


def test_somebody_was_faster_and_the_note_is_kept(client):
    item = a_decision().item
    page = client.post(f"/console/queue/{item.pk}/answer/", {"course": "genuine/none/nothing-found", "note": "mine"})
    assert page.status_code == 409 and "nothing to answer" in page.content.decode()


def test_days_left_over_do_not_keep_from_doing_nothing(client):
    item = _taken(client)
    client.post(f"/console/queue/{item.pk}/answer/", {"course": "genuine/none/nothing-found", "days": "30"})
    assert Decision.objects.get().ends_at is None


def test_a_second_person_is_announced_before_and_after(client):
    item = _taken(client, harm_minor=2_000_000)
    course = {"course": "counterfeit/remove/facts-do-not-fit"}
    assert "a second person must agree" in client.post(f"/console/queue/{item.pk}/preview/", course).content.decode()
    said = client.post(f"/console/queue/{item.pk}/answer/", course, follow=True).content.decode()
    assert "A second person looks at it" in said


def test_the_preview_writes_no_decision(client):
    item = _taken(client)
    client.post(f"/console/queue/{item.pk}/preview/", {"course": "counterfeit/remove/facts-do-not-fit"})
    assert not Decision.objects.exists()


def test_every_key_of_the_page_is_there_once(client):
    item = _taken(client)
    keys = re.findall(r'data-key="([^"]+)"', client.get(f"/console/queue/{item.pk}/").content.decode())
    assert len(keys) == len(set(keys)) and {"1", "2", "3", "d", "e", "p", "s", "r", "t"} <= set(keys)
