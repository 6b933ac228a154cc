"""The home page and the numbers: for whom, with what, in how many queries."""

import re
from datetime import timedelta

import pytest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assay.casework.choices import Choice
from assay.casework.models import Action, Answer, QueueCensus, Role
from assay.casework.services import census, gold, reviews
from assay.casework.services.recording import Actor
from tests.casework.builders import a_decision, a_person, an_item
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
STAFF = [role for role in Role.values if role != Role.MERCHANT]


@pytest.mark.parametrize("role", STAFF)
def test_home_leads_each_role_to_what_waits(role):
    client = signed_in(a_person(role))
    page = client.get("/console/")
    assert page.status_code == 200
    for tile in page.context["tiles"]:
        assert client.get(tile["url"]).status_code == 200, tile


def test_the_numbers_are_there_before_anything_was_counted():
    page = signed_in(a_person(Role.SENIOR)).get("/console/numbers/")
    assert "Nothing has been counted yet" in page.content.decode()


def test_the_numbers_say_what_the_census_counted():
    an_item(category="watches & <b>clocks</b>")
    a_decision(decided_at=timezone.now())
    census.take()
    text = signed_in(a_person(Role.AUDITOR)).get("/console/numbers/").content.decode()
    assert "watches &amp; &lt;b&gt;clocks&lt;/b&gt;" in text
    assert "several facts of the offer do not fit" in text


LATELY = ("reversed on appeal in the last 28 days, whenever decided", "最近 28 天内经申诉撤销的数量（不限决定时间）")


def _facts(text):
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text, re.DOTALL)
    return {" ".join(words.split()): " ".join(value.split()) for words, value in found}


@pytest.mark.parametrize(
    ("language", "share", "lately", "left_out"),
    [
        (
            "en",
            ("restrictions decided 60 to 240 days ago that were reversed on appeal", "25.0 % (0.6 to 80.6 %), 1 of 4"),
            LATELY[0],
            "Younger restrictions are left out of it",
        ),
        (
            "zh-hans",
            ("60 至 240 天前决定的限制措施中经申诉撤销的比例", "25.0 %（0.6 至 80.6 %），4 项中有 1 项"),
            LATELY[1],
            "较新的限制措施不计入撤销率",
        ),
    ],
)
def test_the_share_of_reversals_says_whose_it_is_and_beside_it_stands_what_was_reversed_lately(
    language, share, lately, left_out
):
    now = timezone.now()
    for n in range(4):
        old = {"state": "reversed", "ended_at": now - timedelta(days=40)} if n == 0 else {}
        a_decision(decided_at=now - timedelta(days=100), **old)
        a_decision(decided_at=now - timedelta(days=9), state="reversed", ended_at=now)
    census.take()
    text = signed_in(a_person(Role.SENIOR, language=language)).get("/console/numbers/").content.decode()
    assert _facts(text)[share[0]] == share[1]
    assert _facts(text)[lately] == "4"
    assert left_out in text


@pytest.mark.parametrize(("language", "said"), [("en", "none is that old yet"), ("zh-hans", "尚无这么早作出的决定")])
@pytest.mark.parametrize("page", ["numbers", "decisions/automation"])
def test_a_young_house_is_told_that_nothing_is_old_enough(language, said, page):
    a_decision(decided_at=timezone.now(), is_automatic=True)
    census.take()
    text = signed_in(a_person(Role.SENIOR, language=language)).get(f"/console/{page}/").content.decode()
    assert said in text


def test_a_count_by_an_earlier_version_leaves_the_share_out():
    census.take()
    kept = QueueCensus.objects.get()
    kept.counts = {name: value for name, value in kept.counts.items() if name not in ("mature", "n_reversed_lately")}
    kept.save()
    page = signed_in(a_person(Role.SENIOR)).get("/console/numbers/")
    assert page.status_code == 200 and LATELY[0] not in page.content.decode()


def test_the_number_of_queries_does_not_grow_with_rows(connection):
    client = signed_in(a_person(Role.SENIOR))

    def queries():
        census.take()
        with CaptureQueriesContext(connection) as seen:
            client.get("/console/numbers/")
        return len(seen)

    a_decision(an_item(stream="random", inclusion_probability=0.1, state="decided"))
    before = queries()
    for _ in range(20):
        a_decision(an_item(stream="random", inclusion_probability=0.1, state="decided"))
    assert queries() == before


@pytest.fixture
def connection():
    from django.db import connection

    return connection


def test_an_analyst_cannot_tell_from_the_numbers_what_an_item_was_given_for():
    known = a_decision(an_item(state="decided"), reason_code="authentication").item
    gold.add(Actor.of(a_person(Role.SENIOR)), known)
    analyst = a_person(Role.ANALYST, name="Watched")
    census.take()

    def numbers(role):
        person = analyst if role == Role.ANALYST else a_person(role)
        html = signed_in(person).get("/console/numbers/").content.decode()
        return re.sub(r'CSRFToken": "\w+|value="\w{64}"', "", html)

    before = numbers(Role.ANALYST)
    reviews.answer(Actor.of(analyst), known, Choice(Answer.GENUINE, Action.NONE, "nothing-found"))
    assert numbers(Role.ANALYST) == before and "gold" not in before.lower()
    for role in (Role.SENIOR, Role.AUDITOR):
        assert "Watched" in numbers(role) and "Gold items right" in numbers(role)
