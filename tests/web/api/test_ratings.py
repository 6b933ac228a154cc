"""POST /ratings: the batch's score for the same listing, and what follows from a red flag."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from assay.casework.choices import Choice
from assay.casework.models import AuditEvent, Finding, Item, ItemState, Role, Stream
from assay.casework.reasons import HIGH_IMPACT_HARM_MINOR
from assay.casework.services import automation, decisions
from assay.casework.services.ranking import rank
from assay.casework.services.recording import Actor
from assay.pipeline import open_live
from assay.pipeline.dossiers import expected_harm
from assay.web.api.shapes import Rating
from tests.casework.builders import NOW, a_decision, a_person, a_run, an_item, content_of
from tests.web.api.conftest import a_caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(served):
    return a_caller(Role.SENIOR, scopes=["ratings:write"])


def _batch(run):
    table = run.table("scores_listings").to_table(columns=["listing_id", "score", "score_low", "score_high"])
    return {row["listing_id"]: row for row in table.to_pylist()}


def test_the_score_is_the_batchs_for_every_listing(caller, served, listings):
    batch = _batch(served)
    differ = []
    for row in listings[:400]:
        answer = caller.post("/ratings", {"listing": row, "open_item": False})
        assert answer.status_code == 200, answer.content
        Rating.model_validate(answer.json())
        if answer.json()["score"] != batch[row["listing_id"]]["score"]:
            differ.append(row["listing_id"])
    assert not differ


def test_the_steps_add_up_to_the_score(caller, listings):
    found = caller.post("/ratings", {"listing": listings[0], "open_item": False}).json()
    assert found["base_points"] + sum(step["points"] for step in found["steps"]) == found["points"]
    assert found["steps"][-1]["score_after"] == found["score"]


def _flagged(served, listings):
    batch = _batch(served)
    return max(listings, key=lambda row: batch[row["listing_id"]]["score"])


def test_a_red_flag_opens_an_item_once(caller, served, listings):
    row = _flagged(served, listings)
    first, second = (caller.post("/ratings", {"listing": row}).json() for _ in range(2))
    assert first["is_red_flag"] and first["item"] == second["item"]
    item = Item.objects.get()
    assert (item.pk, item.stream, item.state) == (first["item"], Stream.LIVE, ItemState.OPEN)
    assert item.finding.content["waterfall"]["score"] == first["score"]
    assert [each.action for each in AuditEvent.objects.filter(subject_type="item")] == ["item.flagged_live"]
    assert Finding.objects.count() == 1


def test_a_red_flags_harm_is_in_the_currency_of_the_loaded_run_or_not_known(caller, served, listings):
    a_run(finished_at=NOW, counts={"currency": "EUR"}, progress={"asked": {"rates": {"VND": 0.0037}}})
    row = _flagged(served, listings) | {"price": 50_000_000}
    harms = {}
    for currency in ("EUR", "VND", "IDR"):
        found = caller.post("/ratings", {"listing": row | {"listing_id": currency, "currency": currency}}).json()
        item = Item.objects.get(pk=found["item"])
        harms[currency] = item.harm_minor, item.harm_currency
        assert item.rank == rank(item.harm_minor, item.opened_at)
    assert harms["IDR"] == (0, "") and harms["VND"][1] == "EUR"
    assert 0 < harms["VND"][0] < HIGH_IMPACT_HARM_MINOR


def _loaded(**given):
    return a_run(**{"finished_at": NOW, "counts": {"currency": "EUR"}, "progress": {"asked": {"rates": {}}}} | given)


def _rated_item(row, **given):
    """An item of a listing as a run left it."""
    opened = {"subject_id": row["listing_id"], "merchant_id": row["merchant_id"], "category": row["category"]}
    return an_item(**opened | {"harm_minor": 9_000_000, "harm_currency": "EUR", "rank": rank(9_000_000, NOW)} | given)


@pytest.mark.parametrize("currency", ["EUR", "IDR"], ids=["with a rate", "without a rate"])
def test_an_edit_takes_no_item_from_under_the_line_of_high_impact(caller, served, listings, currency):
    _loaded()
    row = _flagged(served, listings) | {"price": 100, "currency": currency}
    item = _rated_item(row)
    automation.set_policy(
        Actor.of(a_person("senior")), category=item.category, most_severe_action="demote", least_score=80.0
    )
    caller.post("/ratings", {"listing": row})
    item.refresh_from_db()
    assert item.finding.content["offer"]["price_minor"] == 100
    assert (item.harm_minor, item.harm_currency, item.rank) == (9_000_000, "EUR", rank(9_000_000, NOW))
    assert automation.decide_due() == 0
    removal = Choice("counterfeit", "remove", "facts-do-not-fit")
    assert decisions.decide(Actor.of(a_person()), item, removal).state == "proposed"


@pytest.mark.parametrize("stood", [{"harm_minor": 5}, {"harm_minor": 0, "harm_currency": ""}], ids=str)
def test_a_larger_harm_replaces_a_smaller_or_unknown_one_and_the_rank_follows(caller, served, listings, stood):
    _loaded()
    item = _rated_item(row := _flagged(served, listings) | {"price": 50_000_000, "currency": "EUR"}, **stood)
    caller.post("/ratings", {"listing": row})
    item.refresh_from_db()
    assert item.harm_minor > 1_000_000 and item.harm_currency == "EUR"
    assert item.rank == rank(item.harm_minor, NOW)


def test_harm_is_weighed_by_the_safety_class_of_the_brand(caller, served, listings):
    _loaded()
    rater = open_live(served.folder)
    named = {rater.safety_class(row.get("brand")): row["brand"] for row in listings if row.get("brand")}
    worst = _flagged(served, listings) | {"price": 1_000_000, "currency": "EUR"}
    for safety_class in ("none", "high"):
        row = worst | {"listing_id": safety_class, "brand": named[safety_class]}
        found = caller.post("/ratings", {"listing": row}).json()
        expected = expected_harm(np.array([found["score"] / 100]), [0], [1_000_000], [safety_class])
        assert Item.objects.get(pk=found["item"]).harm_minor == round(expected[0])
    assert expected[0] > 1_000_000


def _moment(served, days):
    return datetime.fromisoformat(served.about["as_of"]) + timedelta(days=days)


def _content(item, at):
    about = {"as_of": at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")}
    frozen = content_of(item, 95.0).to_json()
    return frozen | {"about": frozen["about"] | about}


@pytest.mark.parametrize(("days", "is_left"), [(1, True), (0, False), (-1, False)])
def test_a_rating_with_an_older_run_leaves_the_finding_of_a_newer_one(caller, served, listings, days, is_left):
    _loaded(as_of=_moment(served, 1))
    item = _rated_item(row := _flagged(served, listings))
    Finding.objects.filter(item=item).update(content=_content(item, _moment(served, days)))
    before = Item.objects.filter(pk=item.pk).values().get()
    assert caller.post("/ratings", {"listing": row}).json()["item"] == item.pk
    assert (Item.objects.filter(pk=item.pk).values().get() == before) is is_left
    assert AuditEvent.objects.filter(action="item.flagged_live").exists() is not is_left


@pytest.mark.parametrize("state", ["closed", "decided"])
@pytest.mark.parametrize(("days", "is_left"), [(1, True), (0, False)])
def test_a_rating_with_an_older_run_opens_nothing_that_a_newer_one_left(caller, served, listings, state, days, is_left):
    _loaded(as_of=_moment(served, days))
    item = _rated_item(row := _flagged(served, listings), state=state, score=10.0)
    if state == "decided":
        a_decision(item, action="none", answer="genuine", reason_code="nothing-found")
    caller.post("/ratings", {"listing": row})
    assert (Item.objects.get(pk=item.pk).state == state) is is_left


def test_a_rating_with_an_older_run_opens_an_item_for_new_goods(caller, served, listings):
    _loaded(as_of=_moment(served, 1))
    found = caller.post("/ratings", {"listing": _flagged(served, listings) | {"listing_id": "new"}}).json()
    assert Item.objects.get(pk=found["item"]).state == ItemState.OPEN


def test_a_decided_item_is_left_as_it_was_decided(caller, served, listings):
    row = _flagged(served, listings)
    item = Item.objects.get(pk=caller.post("/ratings", {"listing": row}).json()["item"])
    item.state = ItemState.DECIDED
    item.save()
    decision = a_decision(item)
    caller.post("/ratings", {"listing": row | {"title": row["title"] + " 1:1"}})
    item.refresh_from_db()
    assert item.state == ItemState.DECIDED
    assert item.finding_id == decision.finding_id


def test_a_new_listing_of_an_unknown_merchant_is_rated(caller):
    answer = caller.post("/ratings", {"listing": {"listing_id": "new", "merchant_id": "nobody", "title": "A watch"}})
    assert answer.status_code == 200
    assert 0 <= answer.json()["score"] <= 100


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"listing": {}}, 422),
        ({"listing": {"title": "no ids"}}, 400),
        ({"listing": {"listing_id": "x", "merchant_id": "y", "nonsense": 1}}, 400),
        ({"listing": {"listing_id": "x", "merchant_id": "y", "price": "NaN"}}, 400),
        ({"listing": {"listing_id": "x", "merchant_id": "y"}, "more": 1}, 422),
        (b"not json", 400),
        (b"\xff\xfe", 400),
        ("[]", 422),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(caller, body, status):
    answer = caller.post("/ratings", body)
    assert answer.status_code == status, answer.content
    assert set(answer.json()) == {"error", "message", "where", "value", "allowed"}
    assert len(answer.json()["message"]) > 20


def test_without_a_run_the_answer_says_what_to_do(settings):
    settings.ASSAY_RUN = ""
    answer = a_caller(Role.SENIOR).post("/ratings", {"listing": {"listing_id": "x", "merchant_id": "y"}})
    assert answer.status_code == 503
    assert "ASSAY_RUN" in answer.json()["message"]


def test_an_idempotency_key_gives_the_same_answer_again(caller, served, listings):
    body = {"listing": _flagged(served, listings)}
    answers = [caller.post("/ratings", body, **{"Idempotency-Key": "k1"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotent-Replay"] == "true"


def test_whoever_calls_too_often_is_told_when_to_come_back(caller, listings, monkeypatch):
    from assay.web.api import keys

    monkeypatch.setitem(keys.PER_MINUTE, "ratings:write", 6)
    body = {"listing": listings[0], "open_item": False}
    answers = [caller.post("/ratings", body) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]
    assert int(answers[1].headers["Retry-After"]) == 10
