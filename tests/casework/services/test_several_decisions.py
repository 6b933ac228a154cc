"""Several decisions in force about one subject: each has its own end, and the last message says what holds."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.choices import Choice
from assay.casework.models import DecisionState, Effect, Endpoint, Item, ItemState, Role
from assay.casework.queries.holding import holding
from assay.casework.services import appeals, decisions, documents
from assay.casework.services.recording import WORKER, Actor
from tests.casework.builders import a_person, an_item, an_organisation
from tests.casework.files_sent import a_pdf
from tests.casework.merchant_cases import a_content, a_merchant

pytestmark = pytest.mark.django_db

SUSPEND, CLOSE = (
    Choice("counterfeit", "suspend", "facts-do-not-fit", days=30),
    Choice("counterfeit", "close", "repeated"),
)
WARN = Choice("counterfeit", "warn", "facts-do-not-fit")
ASK = Choice("inconclusive", "ask_invoice", "no-provenance")
REMOVE = Choice("counterfeit", "remove", "facts-do-not-fit")
NOTHING = Choice("genuine", "none", "proof-accepted")
WHY = "The invoice names the brand's dealer."


@pytest.fixture
def analyst():
    return Actor.of(a_person(Role.ANALYST))


@pytest.fixture
def senior():
    return Actor.of(a_person(Role.SENIOR))


@pytest.fixture
def merchant():
    return a_merchant(name="Shop 1")[1]


@pytest.fixture
def account(merchant):
    own = merchant.organisation.merchant_id
    return an_item(subject_type="merchant", subject_id=own, merchant_id=own, content=a_content("merchant").to_json())


@pytest.fixture
def offer(merchant):
    return an_item(merchant_id=merchant.organisation.merchant_id, content=a_content().to_json())


@pytest.fixture
def make(analyst, senior):
    """Decides about an item, open or not, and agrees where a second person must."""

    def made(item, choice):
        Item.objects.filter(pk=item.pk).update(state=ItemState.OPEN)
        row = decisions.decide(analyst, item, choice)
        return decisions.approve(senior, row) if row.state == DecisionState.PROPOSED else row

    return made


def _demote(days=30):
    return Choice("counterfeit", "demote", "facts-do-not-fit", days=days)


def _told():
    """What was told, as (type, decision, what else is in force), a repetition with `again`."""
    return [
        (
            each.kind.removeprefix("decision.") + (" again" if each.payload.get("is_repeated") else ""),
            each.payload["decision"],
            [other["decision"] for other in each.payload["still_in_force"]],
        )
        for each in Effect.objects.order_by("id")
    ]


def test_the_end_of_a_suspension_does_not_set_a_closed_merchant_free(account, make):
    first, last = make(account, SUSPEND), make(account, CLOSE)
    decisions.expire(WORKER, first.ends_at)
    assert _told() == [
        ("applied", first.reference, []),
        ("applied", last.reference, [first.reference]),
        ("lifted", first.reference, [last.reference]),
        ("applied again", last.reference, []),
    ]
    lift = Effect.objects.get(kind="decision.lifted").payload
    assert lift["lifted_because"] == "expired"
    assert lift["still_in_force"] == [{"decision": last.reference, "action": "close", "ends_at": None}]


def test_undone_a_closing_leaves_the_suspension_before_it(account, make, senior):
    first, last = make(account, SUSPEND), make(account, CLOSE)
    decisions.undo(senior, last, reason="too much")
    assert _told()[2:] == [("lifted", last.reference, [first.reference]), ("applied again", first.reference, [])]
    again = Effect.objects.order_by("id").last().payload
    assert again["ends_at"] == first.ends_at.isoformat()
    first.refresh_from_db()
    assert first.state == DecisionState.IN_FORCE
    decisions.expire(WORKER, first.ends_at)
    assert _told()[4:] == [("lifted", first.reference, [])]


def test_what_is_milder_does_not_hide_what_holds(offer, make):
    removed = make(offer, REMOVE)
    demoted = make(offer, _demote())
    assert _told()[1:] == [
        ("applied", demoted.reference, [removed.reference]),
        ("applied again", removed.reference, [demoted.reference]),
    ]
    decisions.expire(WORKER, demoted.ends_at)
    assert _told()[3:] == [("lifted", demoted.reference, [removed.reference]), ("applied again", removed.reference, [])]


def test_of_two_alike_the_one_that_ends_last_holds(offer, make):
    long, short = make(offer, _demote(40)), make(offer, _demote(10))
    assert _told()[1:] == [
        ("applied", short.reference, [long.reference]),
        ("applied again", long.reference, [short.reference]),
    ]
    longest = make(offer, _demote(90))
    assert _told()[3:] == [("applied", longest.reference, [long.reference, short.reference])]
    decisions.expire(WORKER, long.ends_at)
    assert [each[:2] for each in _told()[4:]] == [
        ("lifted", short.reference),
        ("applied again", longest.reference),
        ("lifted", long.reference),
        ("applied again", longest.reference),
    ]


def test_a_warning_is_named_and_not_given_twice(account, make):
    warned, suspended = make(account, WARN), make(account, SUSPEND)
    decisions.expire(WORKER, suspended.ends_at)
    assert _told()[2:] == [("lifted", suspended.reference, [warned.reference])]


def test_a_repetition_goes_to_every_endpoint_and_brings_no_second_letter(account, make):
    house = an_organisation()
    for name in ("first", "second"):
        Endpoint.objects.create(organisation=house, url=f"https://{name}.example/", created_at=timezone.now())
    first, last = make(account, SUSPEND), make(account, CLOSE)
    decisions.expire(WORKER, first.ends_at)
    told = Effect.objects.filter(decision=last).order_by("id")
    assert [each.payload["is_repeated"] for each in told] == [False, False, True, True]
    assert ["letter" in each.payload for each in told] == [True, True, False, False]
    assert len({each.endpoint_id for each in told[2:]}) == 2 and len({each.key for each in told}) == 4


def test_a_request_that_was_answered_gives_way_before_what_follows_is_told(offer, make, merchant):
    asked = make(offer, ASK)
    documents.upload(Actor.of(merchant), a_pdf(), "invoice.pdf", "invoice", decision=asked)
    made = make(offer, REMOVE)
    assert _told()[1:] == [("lifted", asked.reference, []), ("applied", made.reference, [])]


def test_a_demotion_outlasts_the_request_that_led_to_nothing(offer, make, merchant):
    demoted, asked = make(offer, _demote()), make(offer, ASK)
    documents.upload(Actor.of(merchant), a_pdf(), "invoice.pdf", "invoice", decision=asked)
    made = make(offer, NOTHING)
    lift, again = Effect.objects.order_by("id")[3:]
    assert (lift.kind, lift.payload["letter"]["decision"]) == ("decision.lifted", made.reference)
    assert (again.payload["decision"], again.payload["is_repeated"]) == (demoted.reference, True)


@pytest.mark.parametrize("which", ["milder", "severer"])
def test_a_successful_appeal_lifts_its_own_decision_and_the_letter_names_the_other(account, make, merchant, which):
    both = make(account, SUSPEND), make(account, CLOSE)
    against, other = both if which == "milder" else both[::-1]
    appeal = appeals.lodge(Actor.of(merchant), against, text="We are authorised by the brand, see below.")
    answered = appeals.answer(Actor.of(a_person(Role.SENIOR)), appeal, appeals.Verdict(True, WHY))
    against.refresh_from_db()
    other.refresh_from_db()
    assert (against.state, other.state) == (DecisionState.REVERSED, DecisionState.IN_FORCE)
    assert _told()[-2:] == [("lifted", against.reference, [other.reference]), ("applied again", other.reference, [])]
    assert f"as other decisions in force allow: {other.reference}." in answered.letters.get(kind="outcome").text
    assert not appeals.closed_because(other)


def test_a_warning_keeps_nothing_from_being_restored(account, make, merchant):
    make(account, WARN)
    appeal = appeals.lodge(Actor.of(merchant), make(account, SUSPEND), text="We are authorised by the brand.")
    answered = appeals.answer(Actor.of(a_person(Role.SENIOR)), appeal, appeals.Verdict(True, WHY))
    assert "What was restricted is being restored.\n" in answered.letters.get(kind="outcome").text


@pytest.mark.parametrize("seed", range(10))
def test_whoever_does_what_the_last_message_says_does_what_holds(account, make, senior, seed):
    """A receiver that keeps one state per subject and reads no more than type and action."""
    dice = random.Random(seed)
    now = timezone.now()
    for _ in range(8):
        holds = [each for each in holding(account) if each.ends_at]
        if holds and dice.random() < 0.4:
            now = max(now, min(each.ends_at for each in holds)) + timedelta(seconds=1)
            decisions.expire(WORKER, now)
        elif dice.random() < 0.2 and (all_of := holding(account)):
            decisions.undo(senior, dice.choice(all_of), reason="looked again")
        else:
            action, days = dice.choice(
                [("warn", 90), ("demote", 20), ("suspend", dice.randint(5, 60)), ("close", None)]
            )
            reason = "repeated" if action == "close" else "facts-do-not-fit"
            make(account, Choice("counterfeit", action, reason, days=days))
        restricting = [each.action for each in holding(account) if each.action in ("demote", "suspend", "close")]
        last = Effect.objects.order_by("id").last()
        applied = last.kind == "decision.applied" and last.payload["action"] in ("demote", "suspend", "close")
        assert (last.payload["action"] if applied else None) == next(iter(restricting), None)
