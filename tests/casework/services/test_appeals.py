"""An appeal is lodged by the merchant alone and answered by somebody who had no part; a reversal undoes everything."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from assay.casework.access import NotThere, Refused, may
from assay.casework.models import (
    Answer,
    Appeal,
    AppealState,
    AuditEvent,
    AutomationPolicy,
    DecisionState,
    Effect,
    Review,
    ReviewKind,
    Role,
)
from assay.casework.moves import WrongState
from assay.casework.services import appeals, strikes
from assay.casework.services.appeals import LEASE, Verdict, answer, claim, lodge, release, withdraw
from assay.casework.services.recording import AUTOMATION, WORKER, Actor
from assay.market.errors import CallerError
from tests.casework.builders import a_decision, a_person, days
from tests.casework.golden_letters import same_as_golden
from tests.casework.merchant_cases import a_case, a_merchant

pytestmark = pytest.mark.django_db
TEXT = "We bought these shoes from the brand's own dealer; the invoice is attached."
WHY = "The invoice names the brand's dealer and covers these goods."


def _case(**given):
    return a_case(**{"in_force_at": timezone.now(), **given})


def _lodged(case=None, text=TEXT):
    case = case or _case()
    return case, lodge(Actor.of(case.merchant), case.decision, text=text)


def _senior(**given):
    return Actor.of(a_person(Role.SENIOR, **given))


# lodging


def test_a_merchant_objects_and_gets_a_receipt_with_the_day_of_the_answer():
    case, appeal = _lodged()
    assert appeal.state == AppealState.OPEN
    assert appeal.due_at - appeal.lodged_at == days(appeals.DUE_DAYS)
    letter = appeal.letters.get()
    assert letter.kind == "receipt" and TEXT in letter.text and case.decision.reference in letter.subject
    event = AuditEvent.objects.get(action="appeal.lodged")
    assert TEXT not in str(event.after), "the log cannot be erased; what people write stays out of it"


def test_only_the_merchant_itself_objects():
    case = _case()
    for person in (a_merchant()[1], a_person(Role.ANALYST), a_person(Role.SENIOR), a_person(Role.AUDITOR)):
        with pytest.raises(NotThere):
            lodge(Actor.of(person), case.decision, text=TEXT)
    with pytest.raises(Refused):
        lodge(WORKER, case.decision, text=TEXT)


@pytest.mark.parametrize("text", ["", "   \n ", "too short", "x" * 10_001])
def test_an_objection_says_something_and_not_too_much(text):
    with pytest.raises(CallerError, match="characters are needed"):
        _lodged(text=text)


def test_one_objection_at_a_time():
    case, _appeal = _lodged()
    with pytest.raises(WrongState, match="waits for an answer already"):
        _lodged(case)
    with pytest.raises(IntegrityError), transaction.atomic():
        Appeal.objects.create(
            decision=case.decision, organisation=case.organisation, lodged_by=case.merchant, language="en", text="x",
            lodged_at=timezone.now(), due_at=timezone.now(),
        )  # fmt: skip


def test_the_time_for_objecting_ends():
    with pytest.raises(WrongState, match="time for an appeal is over"):
        _lodged(_case(in_force_at=timezone.now() - days(200)))


@pytest.mark.parametrize("state", [DecisionState.UNDONE, DecisionState.REVERSED])
def test_what_no_longer_applies_is_not_objected_to(state):
    case = _case()
    case.decision.state = state
    case.decision.save()
    with pytest.raises(WrongState, match="does not apply any more"):
        _lodged(case)


def test_after_three_answers_nothing_more_is_taken():
    case = _case()
    for _ in range(3):
        _, appeal = _lodged(case)
        answer(_senior(), appeal, Verdict(False, WHY))
    with pytest.raises(WrongState, match="as many appeals against it"):
        _lodged(case)


def test_a_withdrawn_objection_can_be_lodged_again():
    case, appeal = _lodged()
    assert withdraw(Actor.of(case.merchant), appeal).state == AppealState.WITHDRAWN
    with pytest.raises(WrongState):
        withdraw(Actor.of(case.merchant), appeal)
    _lodged(case)


def test_only_its_merchant_withdraws_it():
    _, appeal = _lodged()
    for person in (a_merchant()[1], a_person(Role.SENIOR)):
        with pytest.raises(NotThere):
            withdraw(Actor.of(person), appeal)


# claiming


def test_a_held_appeal_is_answered_by_nobody_else_until_the_lease_ends():
    _, appeal = _lodged()
    first, second = _senior(), _senior()
    claim(first, appeal)
    with pytest.raises(WrongState, match="held by somebody else"):
        claim(second, appeal)
    with pytest.raises(WrongState, match="held by somebody else"):
        answer(second, appeal, Verdict(False, WHY))
    Appeal.objects.update(claimed_until=timezone.now() - days(0.001))
    assert claim(second, appeal).claimed_by == second.person


def test_a_claim_lasts_two_hours_and_can_be_given_back():
    _, appeal = _lodged()
    actor = _senior()
    held = claim(actor, appeal)
    assert abs((held.claimed_until - timezone.now()) - LEASE).total_seconds() < 5
    assert release(actor, appeal).claimed_by is None
    assert release(actor, appeal).claimed_by is None
    assert AuditEvent.objects.filter(action="appeal.released").count() == 1


# who may answer


@pytest.mark.parametrize("part", ["decided", "approved", "reviewed", "answered an earlier appeal"])
def test_whoever_had_a_part_does_not_answer(part):
    person = a_person(Role.SENIOR)
    case = _case(**{"decided": {"decided_by": person}, "approved": {"approved_by": person}}.get(part, {}))
    if part == "reviewed":
        Review.objects.create(
            item=case.decision.item, finding=case.decision.finding, person=person, kind=ReviewKind.BLIND,
            answer="counterfeit", action="remove", reason_code="facts-do-not-fit", started_at=timezone.now(),
            finished_at=timezone.now(),
        )  # fmt: skip
    _, appeal = _lodged(case)
    if part.startswith("answered"):
        answer(Actor.of(person), appeal, Verdict(False, WHY))
        _, appeal = _lodged(case)
    for act in (lambda: claim(Actor.of(person), appeal), lambda: answer(Actor.of(person), appeal, Verdict(True, WHY))):
        with pytest.raises(Refused):
            act()
    appeal.refresh_from_db()
    assert appeal.state == AppealState.OPEN


@pytest.mark.parametrize("role", list(Role))
def test_reviewers_without_a_part_answer_and_nobody_else(role):
    _, appeal = _lodged()
    assert may(a_person(role), "appeal.answer", appeal) == (role in (Role.ANALYST, Role.SENIOR))


def test_no_machine_answers():
    _, appeal = _lodged()
    for actor in (WORKER, AUTOMATION):
        with pytest.raises(Refused):
            answer(actor, appeal, Verdict(False, WHY))


# answering


def test_an_upheld_decision_stays_with_reasons_and_may_be_objected_to_again():
    case, appeal = _lodged()
    row = answer(_senior(), appeal, Verdict(False, WHY))
    case.decision.refresh_from_db()
    assert (row.state, case.decision.state) == (AppealState.UPHELD, DecisionState.IN_FORCE)
    letter = row.letters.get(kind="outcome")
    assert WHY in letter.text and "You can appeal once more until" in letter.text


def test_a_reversal_lifts_the_effect_cancels_the_strike_and_tells_the_merchant():
    case = _case()
    strikes.give_for(AUTOMATION, case.decision)
    _, appeal = _lodged(case)
    actor = _senior()
    row = answer(actor, appeal, Verdict(True, WHY))
    case.decision.refresh_from_db()
    assert (row.state, case.decision.state) == (AppealState.REVERSED, DecisionState.REVERSED)
    assert strikes.standing(case.decision.merchant_id).weight == 0
    assert Effect.objects.filter(decision=case.decision, kind="decision.lifted").exists()
    letter = row.letters.get(kind="outcome").text
    assert "is being restored" in letter and "strike that came with it is cancelled" in letter
    assert Review.objects.get(kind=ReviewKind.APPEAL).person == actor.person
    assert not AuditEvent.objects.filter(action="automation.lowered").exists(), "a person had decided"


def _automatic():
    """A demotion that the automation may take alone among watches."""
    AutomationPolicy.objects.create(
        category="watches", most_severe_action="demote", least_score=90.0, updated_at=timezone.now()
    )
    return _case(is_automatic=True, decided_by=None, action="demote", answer="inconclusive")


def test_a_reversed_automatic_decision_lowers_what_the_automation_may_do():
    case = _automatic()
    _, appeal = _lodged(case)
    answer(_senior(), appeal, Verdict(True, WHY))
    policy = AutomationPolicy.objects.get(category="watches")
    assert policy.most_severe_action == "ask_invoice"
    assert case.decision.reference in policy.lowered_because


def test_an_upheld_automatic_decision_lowers_nothing():
    _, appeal = _lodged(_automatic())
    answer(_senior(), appeal, Verdict(False, WHY))
    assert AutomationPolicy.objects.get(category="watches").most_severe_action == "demote"


def test_a_decision_that_ended_on_time_can_still_be_reversed_and_loses_its_strike():
    case = _case(state=DecisionState.EXPIRED)
    strikes.give_for(AUTOMATION, case.decision)
    _, appeal = _lodged(case)
    row = answer(_senior(), appeal, Verdict(True, WHY))
    assert strikes.standing(case.decision.merchant_id).weight == 0
    assert not Effect.objects.filter(kind="decision.lifted").exists(), "nothing was left to lift"
    assert "being restored" not in row.letters.get(kind="outcome").text


def test_an_appeal_is_answered_once():
    _, appeal = _lodged()
    answer(_senior(), appeal, Verdict(False, WHY))
    with pytest.raises(WrongState):
        answer(_senior(), appeal, Verdict(True, WHY))


def test_an_answer_needs_reasons_and_a_sensible_verdict():
    _, appeal = _lodged()
    with pytest.raises(CallerError, match="characters are needed"):
        answer(_senior(), appeal, Verdict(False, "no"))
    with pytest.raises(CallerError, match="cannot be reversed with"):
        answer(_senior(), appeal, Verdict(True, WHY, Answer.COUNTERFEIT))


def test_a_reversal_that_fails_half_way_changes_nothing(monkeypatch):
    case, appeal = _lodged()
    monkeypatch.setattr(appeals, "_send", lambda *_a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        answer(_senior(), appeal, Verdict(True, WHY))
    appeal.refresh_from_db()
    case.decision.refresh_from_db()
    assert (appeal.state, case.decision.state) == (AppealState.OPEN, DecisionState.IN_FORCE)


# letters


def _fixed_letters(language, monkeypatch, settings, verdict, is_double=False):
    from datetime import UTC, datetime

    from tests.casework.builders import an_organisation

    settings.ASSAY_DISPUTE_BODY = "Example Board for Disputes, 1 Sample Street, Brussels"
    monkeypatch.setattr(appeals.timezone, "now", lambda: datetime(2026, 6, 3, 9, 30, tzinfo=UTC))
    an_organisation(name="Example Market")
    own, _ = a_merchant(name="Shop 1" if language == "en" else "第一商店", language=language, merchant_id="M1")
    case = a_case(own, reference="D-0000042")
    if is_double:
        a_decision(case.decision.item, reference="D-0000017", action="demote")
    strikes.give_for(AUTOMATION, case.decision)
    words = TEXT if language == "en" else "这些鞋购自品牌经销商。\n发票见附件。"
    appeal = lodge(Actor.of(case.merchant), case.decision, text=words)
    return answer(
        _senior(), appeal, Verdict(verdict, WHY if language == "en" else "发票列明了品牌经销商，并覆盖这些商品。")
    )


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("is_reversed", [True, False])
def test_receipts_and_outcomes_read_as_reviewed(language, is_reversed, monkeypatch, settings):
    row = _fixed_letters(language, monkeypatch, settings, is_reversed)
    same_as_golden(f"{language}/receipt.txt", row.letters.get(kind="receipt").text)
    name = "outcome-reversed" if is_reversed else "outcome-upheld"
    same_as_golden(f"{language}/{name}.txt", row.letters.get(kind="outcome").text)


def test_letters_name_nobody():
    _, appeal = _lodged()
    actor = _senior(name="Wanda Reviewer")
    row = answer(actor, appeal, Verdict(False, WHY))
    for letter in row.letters.all():
        assert "Wanda" not in letter.text and actor.person.email not in letter.text


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_outcome_where_another_decision_still_restricts_reads_as_reviewed(language, monkeypatch, settings):
    row = _fixed_letters(language, monkeypatch, settings, True, is_double=True)
    same_as_golden(f"{language}/outcome-reversed-in-part.txt", row.letters.get(kind="outcome").text)
