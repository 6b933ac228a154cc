"""What people found out leaves casework as the market's verdicts: what holds, once, with its source."""

import csv
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.utils import timezone

from assay.casework.access import Refused
from assay.casework.models import AuditEvent, Decision, DecisionState, Gold, Programme, Review, Role, TestBuyTask
from assay.casework.services import gold
from assay.casework.services.recording import COMMAND_LINE, Actor, record
from assay.casework.services.verdicts import export, verdicts
from assay.market.errors import OutsideError
from assay.market.tables import VERDICTS
from tests.casework.builders import NOW, a_decision, a_person, an_item, days

pytestmark = pytest.mark.django_db


def rows(tmp_path):
    export(tmp_path / "verdicts.csv")
    with (tmp_path / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def a_task(listing="L1", **given):
    programme, _ = Programme.objects.get_or_create(
        folder="buys",
        defaults={
            "name": "spring",
            "plan_sha256": "ab",
            "key_fingerprint": "k",
            "currency": "EUR",
            "budget_minor": 1,
            "loaded_at": NOW,
        },
    )
    n = TestBuyTask.objects.count()
    values = {"unit": f"u{n}", "pot": "measure", "stage": "done", "outcome": "counterfeit", "finished_at": NOW}
    return TestBuyTask.objects.create(programme=programme, listing_id=listing, **values | given)


@pytest.mark.parametrize("state", [DecisionState.IN_FORCE, DecisionState.EXPIRED])
@pytest.mark.parametrize("answer", ["counterfeit", "genuine", "inconclusive"])
def test_a_decision_that_holds_or_ran_out_gives_its_answer_as_a_review(tmp_path, state, answer):
    item = an_item(state="decided", inclusion_probability=0.25)
    a_decision(item, state=state, answer=answer)
    assert rows(tmp_path) == [
        {
            "subject_type": "listing",
            "subject_id": item.subject_id,
            "verdict": answer,
            "source": "review",
            "decided_at": "2026-06-01T12:00:00.000000Z",
            "inclusion_probability": "0.25",
        }
    ]


@pytest.mark.parametrize("state", [DecisionState.PROPOSED, DecisionState.REFUSED, DecisionState.UNDONE])
def test_what_never_held_or_was_undone_gives_nothing(state):
    a_decision(state=state)
    assert verdicts() == []


def test_a_decision_made_without_a_person_gives_nothing():
    a_decision(is_automatic=True)
    assert verdicts() == []


def test_a_reversed_decision_gives_the_answer_of_the_appeal_and_no_longer_its_own():
    item, senior = an_item(state="decided"), a_person(Role.SENIOR)
    a_decision(item, state=DecisionState.REVERSED, ended_at=NOW + days(5))
    Review.objects.create(
        item=item,
        finding=item.finding,
        person=senior,
        kind="appeal",
        answer="genuine",
        action="none",
        reason_code="proof-accepted",
        started_at=NOW + days(5),
        finished_at=NOW + days(5),
    )
    (found,) = verdicts()
    assert (found.verdict, found.source, found.decided_at[:10]) == ("genuine", "appeal", "2026-06-06")


def test_what_an_earlier_export_said_and_was_undone_since_is_taken_back(tmp_path):
    now = timezone.now()
    item, never = an_item(state="decided"), an_item(state="decided")
    a_decision(item, in_force_at=now - days(1))
    assert [row["verdict"] for row in rows(tmp_path)] == ["counterfeit"]
    a_decision(never, in_force_at=now - days(9), state=DecisionState.UNDONE, ended_at=now - days(8))
    Decision.objects.filter(item=item).update(state=DecisionState.UNDONE, ended_at=timezone.now())
    (found,) = rows(tmp_path)
    assert (found["subject_id"], found["verdict"], found["source"]) == (item.subject_id, "inconclusive", "review")
    assert found["decided_at"] == Decision.objects.get(item=item).in_force_at.isoformat(
        timespec="microseconds"
    ).replace("+00:00", "Z")


def test_retired_gold_that_was_exported_is_taken_back(tmp_path):
    item, now = an_item(), timezone.now()
    person = a_person(Role.SENIOR)
    known = Gold.objects.create(item=item, answer="genuine", source="lab", added_by=person, added_at=now - days(1))
    assert [row["verdict"] for row in rows(tmp_path)] == ["genuine"]
    known.retired_at = timezone.now()
    known.save()
    assert [(row["source"], row["verdict"]) for row in rows(tmp_path)] == [("authentication", "inconclusive")]


def _told(tmp_path):
    return sorted((row["source"], row["verdict"], row["decided_at"]) for row in rows(tmp_path))


def test_gold_that_came_back_takes_back_what_was_said_of_every_time_before(tmp_path):
    senior, made = Actor.of(a_person(Role.SENIOR)), a_decision(reason_code="authentication", is_automatic=True)
    moments = []
    for answer in ("counterfeit", "genuine", "counterfeit"):
        Decision.objects.filter(pk=made.pk).update(answer=answer)
        row = gold.add(senior, made.item)
        moments.append(row.added_at.isoformat(timespec="microseconds").replace("+00:00", "Z"))
        before = [("authentication", "inconclusive", at) for at in moments[:-1]]
        assert _told(tmp_path) == sorted([*before, ("authentication", answer, moments[-1])])
        gold.retire(senior, row, reason="Another unit was examined.")
    assert _told(tmp_path) == [("authentication", "inconclusive", at) for at in moments]


def test_a_time_as_gold_that_no_export_told_of_is_not_taken_back(tmp_path):
    senior, item = Actor.of(a_person(Role.SENIOR)), a_decision(reason_code="authentication", is_automatic=True).item
    export(tmp_path / "early.csv")
    AuditEvent.objects.filter(action="verdicts.exported").update(after={"read_at": (NOW - days(9)).isoformat()})
    gold.retire(senior, gold.add(senior, item), reason="A mistake.")
    gold.add(senior, item)
    assert [row["verdict"] for row in rows(tmp_path)] == ["counterfeit"]


def _replaced(task, outcome, second=""):
    """As `programmes` takes over what the plan's folder says by now."""
    before = {"stage": task.stage, "outcome": task.outcome, "second_outcome": task.second_outcome}
    TestBuyTask.objects.filter(pk=task.pk).update(outcome=outcome, second_outcome=second)
    task.refresh_from_db()
    with transaction.atomic():
        record(COMMAND_LINE, "task.taken_over", task, before=before, after={"outcome": outcome})


@pytest.mark.parametrize("outcome", ["swapped", "not_delivered", "not_bought"])
def test_a_test_buy_that_was_exported_and_counts_as_failed_since_is_taken_back(tmp_path, outcome):
    task = a_task(second_outcome="counterfeit", inclusion_probability=0.1)
    assert _told(tmp_path) == [("test_buy", "counterfeit", "2026-06-01T00:00:00Z")]
    _replaced(task, outcome)
    (found,) = rows(tmp_path)
    assert (found["verdict"], found["decided_at"]) == ("inconclusive", "2026-06-01T00:00:00Z")
    assert found["inclusion_probability"] == ""


def test_a_test_buy_that_no_export_told_of_is_not_taken_back(tmp_path):
    _replaced(a_task(second_outcome="counterfeit"), "swapped")
    a_task("L2", outcome="not_delivered")
    assert rows(tmp_path) == []
    early = {"read_at": (NOW - days(9)).isoformat()}
    AuditEvent.objects.filter(action="verdicts.exported").update(after=early)
    assert rows(tmp_path) == []


def test_what_was_bought_again_on_the_same_day_stands(tmp_path):
    task = a_task(second_outcome="counterfeit")
    rows(tmp_path)
    _replaced(task, "swapped")
    a_task(outcome="genuine")
    assert [row["verdict"] for row in rows(tmp_path)] == ["genuine"]


def test_a_merchants_decision_is_about_the_merchant():
    item = an_item(state="decided", subject_type="merchant", subject_id="M7", merchant_id="M7")
    a_decision(item, action="suspend")
    (found,) = verdicts()
    assert (found.subject_type, found.subject_id) == ("merchant", "M7")


def test_every_decision_of_an_item_gives_a_row():
    item = an_item(state="decided")
    a_decision(item, answer="genuine", action="none")
    a_decision(item, in_force_at=NOW + days(9))
    assert [each.verdict for each in verdicts()] == ["genuine", "counterfeit"]


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ("counterfeit", "counterfeit", "counterfeit"),
        ("counterfeit", "", "counterfeit"),
        ("counterfeit", "genuine", "genuine"),
        ("counterfeit", "inconclusive", "inconclusive"),
        ("genuine", "", "genuine"),
        ("inconclusive", "", "inconclusive"),
    ],
)
def test_a_test_buy_gives_its_final_outcome_with_its_inclusion_probability(first, second, verdict):
    a_task(outcome=first, second_outcome=second, inclusion_probability=0.004)
    (found,) = verdicts()
    assert (found.source, found.verdict, found.inclusion_probability) == ("test_buy", verdict, 0.004)
    assert found.decided_at == "2026-06-01T00:00:00Z"


@pytest.mark.parametrize(
    "given",
    [
        {"outcome": "not_bought"},
        {"outcome": "not_delivered"},
        {"outcome": "swapped"},
        {"outcome": "", "stage": "sealed", "finished_at": None},
        {"pot": "control"},
        {"listing_id": ""},
    ],
)
def test_units_that_say_nothing_about_goods_of_the_market_give_nothing(given):
    a_task(given.pop("listing_id", "L1"), **given)
    assert verdicts() == []


def test_gold_items_are_authentications_unless_the_test_buy_is_there_itself():
    item, other = an_item(subject_id="L1"), an_item(subject_id="L2")
    person = a_person(Role.SENIOR)
    for each in (item, other):
        Gold.objects.create(item=each, answer="counterfeit", source="laboratory", added_by=person, added_at=NOW)
    retired = an_item(subject_id="L3")
    Gold.objects.create(
        item=retired, answer="genuine", source="laboratory", added_by=person, added_at=NOW, retired_at=NOW
    )
    a_task("L2", outcome="genuine")
    assert [(each.subject_id, each.source, each.verdict) for each in verdicts()] == [
        ("L1", "authentication", "counterfeit"),
        ("L2", "test_buy", "genuine"),
    ]


def test_the_file_has_the_columns_of_the_market_and_is_the_same_every_time(tmp_path):
    for _ in range(5):
        a_decision(an_item(state="decided"))
    a_task(inclusion_probability=0.1)
    assert export(tmp_path / "a.csv") == export(tmp_path / "b.csv") == 6
    first = (tmp_path / "a.csv").read_bytes()
    assert first == (tmp_path / "b.csv").read_bytes()
    assert set(first.decode().splitlines()[0].split(",")) == set(VERDICTS.column_names)
    keys = [tuple(line.split(",")[:2]) for line in first.decode().splitlines()[1:]]
    assert keys == sorted(keys)


def test_nothing_found_out_is_a_file_with_a_header_only(tmp_path):
    assert rows(tmp_path) == []
    assert (
        (tmp_path / "verdicts.csv").read_text("utf-8").startswith("subject_type,subject_id,verdict,source,decided_at")
    )


def test_a_moment_in_another_zone_is_written_in_utc(tmp_path):
    from datetime import timedelta, timezone

    at = datetime(2026, 6, 2, 1, 30, tzinfo=timezone(timedelta(hours=3)))
    a_decision(in_force_at=at)
    assert rows(tmp_path)[0]["decided_at"] == "2026-06-01T22:30:00.000000Z"
    assert Decision.objects.get().in_force_at == datetime(2026, 6, 1, 22, 30, tzinfo=UTC)


def test_the_export_is_recorded(tmp_path):
    person = a_person(Role.SENIOR)
    a_decision()
    export(tmp_path / "verdicts.csv", actor=Actor.of(person))
    event = AuditEvent.objects.get(action="verdicts.exported")
    assert (event.actor, event.after["rows"], event.after["file"]) == (Actor.of(person).name, 1, "verdicts.csv")


@pytest.mark.parametrize("role", [Role.ANALYST, Role.AUDITOR, Role.MERCHANT, Role.ADMINISTRATOR])
def test_people_who_may_not_export_are_refused(tmp_path, role):
    with pytest.raises(Refused):
        export(tmp_path / "verdicts.csv", actor=Actor.of(a_person(role)))
    assert not (tmp_path / "verdicts.csv").exists()


def test_a_place_that_cannot_be_written_is_said_and_nothing_is_recorded(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutsideError):
        export(tmp_path / "file" / "verdicts.csv")
    assert not AuditEvent.objects.filter(action="verdicts.exported").exists()
