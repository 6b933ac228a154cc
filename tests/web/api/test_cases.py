"""Reading and deciding over the API: the same services and rules as in the console."""

from uuid import uuid4

import pytest
from django.db import IntegrityError

from assay.casework.models import Decision, DecisionState, Effect, Endpoint, Role
from tests.casework.builders import NOW, a_decision, a_finding, a_person, an_item, an_organisation
from tests.web.api.conftest import a_caller

pytestmark = pytest.mark.django_db
REMOVE = {"answer": "counterfeit", "action": "remove", "reason_code": "facts-do-not-fit"}


@pytest.fixture
def caller():
    return a_caller(Role.SENIOR)


def test_lists_go_on_where_the_cursor_says_also_when_rows_come_meanwhile(caller):
    made = [an_item().pk for _ in range(5)]
    first = caller.get("/items", limit=2).json()
    an_item()
    second = caller.get("/items", limit=10, cursor=first["next"]).json()
    assert [each["id"] for each in first["items"]] == made[:2]
    assert [each["id"] for each in second["items"]][:3] == made[2:]
    assert second["next"] is None


@pytest.mark.parametrize("cursor", ["x", "YWZ0ZXI6LTE", "YWZ0ZXI6OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "é", "a" * 101])
def test_a_cursor_that_is_none_of_ours_is_refused(caller, cursor):
    assert caller.get("/items", cursor=cursor).status_code in (400, 422)


def test_items_are_filtered(caller):
    an_item(state="decided")
    wanted = an_item(merchant_id="M-7")
    found = caller.get("/items", state="open", merchant_id="M-7").json()["items"]
    assert [each["id"] for each in found] == [wanted.pk]


def test_an_item_comes_with_its_frozen_finding_and_decisions(caller):
    decision = a_decision(an_item(state="decided", content={"a": 1}))
    found = caller.get(f"/items/{decision.item_id}").json()
    assert found["finding"] == {"a": 1}
    assert found["decisions"] == [decision.reference]


def test_a_decision_is_made_in_the_persons_name_and_leaves_an_effect():
    person = a_person(Role.SENIOR)
    answer = a_caller(person=person).post(f"/items/{an_item().pk}/decisions", REMOVE)
    assert answer.status_code == 201, answer.content
    decision = Decision.objects.get(reference=answer.json()["reference"])
    assert (decision.decided_by, decision.state) == (person, DecisionState.IN_FORCE)
    assert Effect.objects.filter(decision=decision).exists()


def test_deciding_twice_under_one_key_decides_once(caller):
    item = an_item()
    answers = [caller.post(f"/items/{item.pk}/decisions", REMOVE, **{"Idempotency-Key": "once"}) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Decision.objects.count() == 1


def test_one_key_for_two_requests_is_refused(caller):
    first, second = an_item(), an_item()
    caller.post(f"/items/{first.pk}/decisions", REMOVE, **{"Idempotency-Key": "once"})
    answer = caller.post(f"/items/{second.pk}/decisions", REMOVE, **{"Idempotency-Key": "once"})
    assert answer.status_code == 422
    assert Decision.objects.count() == 1


def test_a_decided_item_cannot_be_decided_again(caller):
    item = an_item()
    assert caller.post(f"/items/{item.pk}/decisions", REMOVE).status_code == 201
    answer = caller.post(f"/items/{item.pk}/decisions", REMOVE)
    assert answer.status_code == 409
    assert answer.json()["error"] == "WrongState"


def test_a_choice_that_does_not_go_together_is_refused(caller):
    wrong = {"answer": "genuine", "action": "remove", "reason_code": "facts-do-not-fit"}
    answer = caller.post(f"/items/{an_item().pk}/decisions", wrong)
    assert answer.status_code == 400
    assert not Decision.objects.exists()


def test_a_proposal_needs_somebody_else(caller):
    item = an_item(subject_type="merchant")
    close = {"answer": "counterfeit", "action": "close", "reason_code": "repeated"}
    reference = caller.post(f"/items/{item.pk}/decisions", close).json()["reference"]
    assert caller.post(f"/decisions/{reference}/approve").status_code == 403
    approved = a_caller(Role.SENIOR).post(f"/decisions/{reference}/approve")
    assert approved.status_code == 200, approved.content
    assert approved.json()["state"] == "in_force"


def test_a_proposal_is_refused_by_somebody_else_and_the_item_is_open_again(caller):
    item = an_item(subject_type="merchant")
    close = {"answer": "counterfeit", "action": "close", "reason_code": "repeated"}
    reference = caller.post(f"/items/{item.pk}/decisions", close).json()["reference"]
    why = {"reason": "one fact is explained"}
    assert caller.post(f"/decisions/{reference}/refuse", why).status_code == 403
    other = a_caller(Role.SENIOR)
    assert other.post(f"/decisions/{reference}/refuse", {"reason": " "}).status_code == 422
    refused = other.post(f"/decisions/{reference}/refuse", why)
    assert (refused.status_code, refused.json()["state"]) == (200, "refused"), refused.content
    item.refresh_from_db()
    assert item.state == "open" and not Effect.objects.exists()
    assert other.post(f"/decisions/{reference}/refuse", why).status_code == 409


def test_a_decision_about_a_finding_that_was_replaced_is_refused(caller):
    item = an_item()
    read = caller.get(f"/items/{item.pk}").json()["finding_sha256"]
    item.finding = a_finding(item)
    item.save(update_fields=["finding"])
    late = caller.post(f"/items/{item.pk}/decisions", REMOVE | {"finding_sha256": read})
    assert (late.status_code, late.json()["error"]) == (409, "WrongState")
    assert "has changed since you read it" in late.json()["message"]
    assert late.json()["allowed"] == item.finding.content_sha256 and not Decision.objects.exists()
    now = caller.get(f"/items/{item.pk}").json()["finding_sha256"]
    made = caller.post(f"/items/{item.pk}/decisions", REMOVE | {"finding_sha256": now})
    assert (made.status_code, made.json()["finding_sha256"]) == (201, now)


@pytest.mark.parametrize("sha256", ["", "ab", "A" * 64, 5])
def test_a_hash_that_is_none_is_refused(caller, sha256):
    answer = caller.post(f"/items/{an_item().pk}/decisions", REMOVE | {"finding_sha256": sha256})
    assert answer.status_code == 422 and not Decision.objects.exists()


def test_an_undone_decision_no_longer_restricts(caller):
    item = an_item()
    reference = caller.post(f"/items/{item.pk}/decisions", REMOVE).json()["reference"]
    assert len(caller.get(f"/listings/{item.subject_id}").json()["restrictions"]) == 1
    letter = caller.get(f"/decisions/{reference}/statement").json()
    assert item.title in letter["text"] or item.subject_id in letter["text"]
    assert letter["transparency"]["puid"] == reference
    undone = caller.post(f"/decisions/{reference}/undo", {"reason": "wrong listing"})
    assert undone.json()["state"] == "undone"
    assert caller.get(f"/listings/{item.subject_id}").json()["restrictions"] == []


def test_a_merchants_strikes_are_said(caller):
    item = an_item()
    caller.post(f"/items/{item.pk}/decisions", REMOVE)
    assert caller.get(f"/merchants/{item.merchant_id}").json()["strike_weight"] > 0
    assert caller.get("/merchants/nobody").json()["strike_weight"] == 0


def test_effects_can_be_polled_instead_of_received(caller):
    poller = a_caller(Role.ADMINISTRATOR)
    assert poller.get("/effects").json() == {"items": [], "next": None}
    caller.post(f"/items/{an_item().pk}/decisions", REMOVE)
    assert poller.get("/effects").json()["items"] == []  # a moment later: others may be written with a lower number
    Effect.objects.update(created_at=NOW)
    page = poller.get("/effects").json()
    assert [each["kind"] for each in page["items"]] == ["decision.applied"]
    assert poller.get("/effects", cursor=page["next"]).json() == {"items": [], "next": page["next"]}
    assert poller.get("/effects", endpoint=999).json()["items"] == []


@pytest.mark.parametrize("path", ["/items/999999", "/decisions/none", "/decisions/none/statement"])
def test_what_is_not_there_is_said_to_be_not_there(caller, path):
    answer = caller.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"] == "NotThere"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_beyond_the_calendar_is_refused(caller, at):
    assert caller.get("/items", updated_since=at).status_code == 400
    assert caller.get("/decisions", decided_since=at).status_code == 400


def test_a_nul_is_refused_wherever_it_stands(caller):
    item, decision = an_item(), a_decision()
    assert caller.post(f"/items/{item.pk}/decisions", REMOVE | {"note": "a\0b"}).status_code == 422
    assert caller.post(f"/decisions/{decision.reference}/undo", {"reason": "a\0b"}).status_code == 422
    for path in ("/listings/a%00", "/merchants/%00", "/decisions/D%00", "/items?merchant_id=%00"):
        answer = caller.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {caller.token}"})
        assert answer.status_code == 400 and answer.json()["error"] == "Invalid"


def test_effects_of_another_house_are_not_given():
    own, other = an_organisation(), an_organisation()
    for house in (own, other):
        endpoint = Endpoint.objects.create(organisation=house, url="https://a.example", created_at=NOW)
        given = {"payload": {}, "created_at": NOW, "next_attempt_at": NOW, "kind": "decision.applied"}
        Effect.objects.create(key=uuid4(), endpoint=endpoint, subject=f"listing:{house.pk}", **given)
    found = a_caller(person=a_person(Role.ADMINISTRATOR, own)).get("/effects").json()["items"]
    assert [each["subject"] for each in found] == [f"listing:{own.pk}"]


@pytest.mark.parametrize(("said", "status"), [("UNIQUE constraint failed: x.y", 409), ("FOREIGN KEY failed", 500)])
def test_of_two_who_write_the_same_at_one_moment_the_second_hears_so(caller, monkeypatch, said, status):
    def decide(*_):
        raise IntegrityError(said)

    monkeypatch.setattr("assay.web.api.cases.decisions.decide", decide)
    assert caller.post(f"/items/{an_item().pk}/decisions", REMOVE).status_code == status


def test_a_wrong_method_and_a_body_that_is_too_large_are_faults_of_the_one_shape(caller, settings):
    answer = caller.post("/items")
    assert (answer.status_code, answer["Allow"], answer.json()["error"]) == (405, "GET", "Invalid")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    answer = caller.post(f"/items/{an_item().pk}/decisions", REMOVE | {"note": "x" * 2_000})
    assert (answer.status_code, answer.json()["error"]) == (413, "Invalid")
    assert caller.post("/items/1/decisions", b"{").json()["error"] == "Invalid"
