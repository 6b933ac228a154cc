"""Blind examinations: who gets a unit, who must not, what the second one learns, and what a counterfeit sets off."""

import pytest

from assay.casework.access import Refused, may
from assay.casework.choices import Choice
from assay.casework.findings import Content
from assay.casework.models import (
    Answer,
    AuditEvent,
    Examination,
    Item,
    ItemState,
    OrganisationKind,
    Role,
    Stream,
    TaskStage,
)
from assay.casework.moves import WrongState
from assay.casework.queries.examiners import candidates, plain_seal
from assay.casework.queries.testbuys import authentications, blind, examinations_of, open_examinations_of, verdict_of
from assay.casework.reasons import HIGH_IMPACT_HARM_MINOR
from assay.casework.services import custody, examinations
from assay.casework.services.decisions import decide
from assay.casework.services.examinations import assign, assign_waiting, decline, reassign, take
from assay.casework.services.recording import Actor
from assay.market.errors import CallerError
from tests.casework.bought import a_brand, a_control, a_laboratory, a_programme, a_task, found, sealed
from tests.casework.builders import NOW, a_decision, a_person, an_item, an_organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer():
    return a_person(Role.TEST_BUYER)


@pytest.fixture
def senior():
    return a_person(Role.SENIOR)


@pytest.fixture
def task(buyer):
    return sealed(a_task(), buyer)


def first_of(task, senior, where, **given):
    return assign(Actor.of(senior), task, where, **given)


def second_of(task):
    return Examination.objects.get(task=task, ordinal=2)


def test_the_owner_of_the_mark_examines_first_and_a_laboratory_second(task, senior):
    (lab, _chemist), (brand, expert) = a_laboratory(), a_brand()
    assert [each.organisation for each in candidates(task)] == [brand, lab]
    first = first_of(task, senior, brand)
    assert [each.organisation for each in candidates(task)] == [lab]
    found(first, "counterfeit", expert)
    task.refresh_from_db()
    second = second_of(task)
    assert (task.stage, second.organisation, second.is_independent) == (TaskStage.EXAMINED, lab, True)


def test_another_brand_never_examines(task, senior):
    rival, _ = a_brand("Calloway")
    assert candidates(task) == ()
    with pytest.raises(CallerError, match="does not own the mark"):
        first_of(task, senior, rival)


def test_a_rights_holder_under_another_name_owns_the_mark(buyer):
    holder, _ = a_brand("Norvane Holding SA")
    task = sealed(a_task(rights_holder="norvane  holding sa"), buyer)
    assert [each.organisation for each in candidates(task)] == [holder]


@pytest.mark.parametrize("kind", [OrganisationKind.AUTHORITY, OrganisationKind.LABORATORY])
def test_an_organisation_without_examiners_is_no_candidate(task, senior, kind):
    with pytest.raises(CallerError, match="has no examiner"):
        first_of(task, senior, an_organisation(kind))


def test_work_is_shared_among_laboratories(buyer, senior):
    programme = a_programme()
    for _ in range(4):
        sealed(a_task(programme), buyer)
    one, two = a_laboratory()[0], a_laboratory()[0]
    done = assign_waiting(Actor.of(senior), programme)
    assert (done.n_given, done.n_left) == (4, 0)
    assert [Examination.objects.filter(organisation=each).count() for each in (one, two)] == [2, 2]
    again = assign_waiting(Actor.of(senior), programme)
    assert (again.n_given, again.n_left) == (0, 0)


def test_units_that_nobody_may_examine_are_counted(task, senior):
    assert assign_waiting(Actor.of(senior), task.programme).n_left == 1


@pytest.mark.parametrize("role", [Role.ANALYST, Role.TEST_BUYER, Role.AUTHENTICATOR, Role.AUDITOR])
def test_only_seniors_and_administrators_give_out(task, role):
    lab, _ = a_laboratory()
    with pytest.raises(Refused):
        assign(Actor.of(a_person(role)), task, lab)
    with pytest.raises(Refused):
        assign_waiting(Actor.of(a_person(role)), task.programme)


def test_a_unit_is_given_out_once(task, senior):
    lab, _ = a_laboratory()
    first_of(task, senior, lab)
    with pytest.raises(WrongState, match="nothing to give out"):
        first_of(task, senior, lab)
    with pytest.raises(WrongState):
        assign(Actor.of(senior), a_task(), lab)


def test_a_genuine_unit_is_done_after_one_examination(task, senior):
    lab, chemist = a_laboratory()
    row = found(first_of(task, senior, lab), "genuine", chemist)
    task.refresh_from_db()
    assert (task.stage, task.outcome, task.second_outcome) == (TaskStage.DONE, "genuine", "")
    assert (row.seal_fits, row.examiner) == (True, chemist)
    assert custody.chain(task).holds


def test_a_counterfeit_needs_two_that_agree(task, senior):
    (lab, chemist), (other, second_chemist) = a_laboratory(), a_laboratory()
    found(first_of(task, senior, lab), "counterfeit", chemist)
    task.refresh_from_db()
    assert verdict_of(task) == "" and not Item.objects.exists()
    second = second_of(task)
    assert second.organisation == other
    found(second, "counterfeit", second_chemist)
    task.refresh_from_db()
    assert (task.stage, task.outcome, task.second_outcome) == (TaskStage.DONE, "counterfeit", "counterfeit")
    assert verdict_of(task) == "counterfeit"


@pytest.mark.parametrize(("second", "verdict"), [("genuine", "genuine"), ("inconclusive", "inconclusive")])
def test_an_unconfirmed_positive_is_no_counterfeit(task, senior, second, verdict):
    (lab, chemist), (_, other) = a_laboratory(), a_laboratory()
    found(first_of(task, senior, lab), "counterfeit", chemist)
    found(second_of(task), second, other)
    assert [each.verdict for each in authentications()] == [verdict]
    assert not Item.objects.exists()


def test_the_only_organisation_is_asked_again_through_another_examiner(task, senior):
    lab, chemist = a_laboratory()
    colleague = a_person(Role.AUTHENTICATOR, lab)
    found(first_of(task, senior, lab), "counterfeit", chemist)
    second = second_of(task)
    assert (second.organisation, second.examiner, second.is_independent) == (lab, colleague, False)
    assert not may(chemist, "examination.read", second)
    assert not may(colleague, "examination.read", Examination.objects.get(task=task, ordinal=1))


def test_with_one_examiner_in_the_world_the_second_waits(task, senior):
    lab, chemist = a_laboratory()
    found(first_of(task, senior, lab), "counterfeit", chemist)
    task.refresh_from_db()
    assert task.stage == TaskStage.EXAMINED
    assert task.examinations.count() == 1
    other, _ = a_laboratory()
    assert assign(Actor.of(senior), task, other).ordinal == 2


def test_the_second_checks_the_seal_that_the_first_put_on(task, senior):
    (lab, chemist), _ = a_laboratory(), a_laboratory()
    found(first_of(task, senior, lab), "counterfeit", chemist, resealed_no="NEW-7")
    assert second_of(task).seal_no_expected == "NEW-7"


@pytest.mark.parametrize(
    ("number", "intact", "fits"),
    [("seal-{}", True, True), ("SEAL {}", True, True), ("SEAL-9{}", True, False), ("SEAL-{}", False, True)],
)
def test_a_seal_that_differs_is_recorded_and_stops_nothing(task, senior, number, intact, fits):
    lab, chemist = a_laboratory()
    row = first_of(task, senior, lab)
    done = found(row, "genuine", chemist, seal_no_found=number.format(task.pk), is_seal_intact=intact)
    assert (done.seal_fits, done.is_seal_intact) == (fits, intact)
    link = custody.chain(task.__class__.objects.get(pk=task.pk)).entries[-1]
    assert (link.details["seal"], link.details["intact"]) == ("fits" if fits else "differs", "yes" if intact else "no")


def test_seals_compare_by_letters_and_digits():
    assert plain_seal(" ab-12/3 ") == plain_seal("AB123")


def test_the_chain_of_custody_never_says_what_was_found(task, senior):
    lab, chemist = a_laboratory()
    found(first_of(task, senior, lab), "counterfeit", chemist)
    said = repr([(e.act, e.note, e.details) for e in custody.chain(type(task).objects.get(pk=task.pk)).entries])
    assert "counterfeit" not in said


def test_nobody_sees_an_examination_of_another_organisation(task, senior):
    (lab, chemist), (_, stranger) = a_laboratory(), a_laboratory()
    row = first_of(task, senior, lab)
    assert list(open_examinations_of(chemist)) == [row]
    assert list(examinations_of(stranger)) == []
    assert not may(stranger, "examination.read", row)
    with pytest.raises(Refused):
        found(row, "genuine", stranger)


def test_what_one_examiner_took_no_colleague_sees(task, senior):
    lab, chemist = a_laboratory()
    colleague = a_person(Role.AUTHENTICATOR, lab)
    row = first_of(task, senior, lab)
    assert list(examinations_of(colleague)) == [row]
    take(Actor.of(chemist), row)
    assert list(examinations_of(colleague)) == []
    with pytest.raises(Refused):
        take(Actor.of(colleague), row)


@pytest.mark.parametrize("role", [Role.SENIOR, Role.TEST_BUYER, Role.ANALYST, Role.AUDITOR, Role.ADMINISTRATOR])
def test_only_examiners_examine(task, senior, role):
    row = first_of(task, senior, a_laboratory()[0])
    with pytest.raises(Refused):
        found(row, "genuine", a_person(role))


def test_a_result_stands(task, senior):
    lab, chemist = a_laboratory()
    row = found(first_of(task, senior, lab), "genuine", chemist)
    with pytest.raises(WrongState, match="its result stands"):
        found(row, "counterfeit", chemist)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"findings": "fake"}, "rests on"),
        ({"findings": "x" * 10_001}, "rests on"),
        ({"cost_minor": -1}, "cannot be"),
        ({"seal_no_found": " "}, "seal number"),
        ({"resealed_no": ""}, "seal number"),
    ],
)
def test_a_result_needs_its_reasons_and_seals(task, senior, given, words):
    lab, chemist = a_laboratory()
    with pytest.raises(CallerError, match=words):
        found(first_of(task, senior, lab), "genuine", chemist, **given)
    with pytest.raises(CallerError, match="no outcome"):
        found(Examination.objects.get(task=task), "not_delivered", chemist)


def test_an_examiner_with_a_conflict_declines_and_a_senior_gives_it_on(task, senior):
    (lab, chemist), (other, _) = a_laboratory(), a_laboratory()
    row = decline(Actor.of(chemist), first_of(task, senior, lab), code="conflict", reason="The seller is a relative.")
    assert not may(chemist, "task.examine", row)
    assert not open_examinations_of(chemist).exists()
    moved = reassign(Actor.of(senior), row, other, reason="conflict of interest")
    assert (moved.organisation, moved.examiner, moved.declined_at) == (other, None, None)
    assert AuditEvent.objects.get(action="examination.reassigned").reason == "conflict of interest"
    with pytest.raises(CallerError, match="needs a reason"):
        reassign(Actor.of(senior), moved, lab, reason=" ")


def test_the_first_examiner_does_not_make_the_second_examination(task, senior):
    lab, chemist = a_laboratory()
    colleague = a_person(Role.AUTHENTICATOR, lab)
    found(first_of(task, senior, lab), "counterfeit", chemist)
    second = second_of(task)
    assert second.examiner == colleague
    with pytest.raises(CallerError, match="made the other examination"):
        reassign(Actor.of(senior), second, lab, reason="colleague is ill", examiner=chemist)


def test_decoys_go_to_a_second_examination_and_change_no_verdict(buyer, senior):
    (lab, chemist), (_, other) = a_laboratory(), a_laboratory()
    task = sealed(a_task(a_programme(decoy_rate=1.0)), buyer)
    found(first_of(task, senior, lab), "genuine", chemist)
    found(second_of(task), "genuine", other)
    task.refresh_from_db()
    assert (task.outcome, task.second_outcome, task.stage) == ("genuine", "genuine", TaskStage.DONE)
    assert verdict_of(task) == "genuine"


def test_decoys_are_as_many_as_asked_for_and_always_the_same():
    programme = a_programme(decoy_rate=0.05)
    tasks = [a_task(programme) for _ in range(400)]
    chosen = [examinations.is_decoy(task) for task in tasks]
    # 400 draws at 5 %: 20 +- 4 standard deviations of 4.4.
    assert 3 <= sum(chosen) <= 38
    assert chosen == [examinations.is_decoy(task) for task in tasks]


def confirm(task, senior):
    (lab, chemist), (_, other) = a_laboratory(), a_laboratory()
    found(assign(Actor.of(senior), task, lab), "counterfeit", chemist)
    found(second_of(task), "counterfeit", other)


def test_a_confirmed_counterfeit_comes_before_reviewers_first(task, senior):
    waiting = an_item(rank=9.0)
    confirm(task, senior)
    item = Item.objects.get(subject_id=task.listing_id)
    assert (item.state, item.stream, item.title) == (ItemState.OPEN, Stream.TEST_BUY, task.title)
    assert item.rank > waiting.rank
    facts = Content.read(item.finding.content).facts
    assert [fact.id for fact in facts] == ["authentication"]
    assert task.unit in facts[0].value
    event = AuditEvent.objects.get(action="item.raised")
    assert (event.before, "Two examinations" in event.reason) == (None, True)


def test_an_item_that_waits_moves_to_the_front_and_keeps_its_inclusion_probability(task, senior):
    item = an_item(subject_id=task.listing_id, rank=1.0, stream=Stream.RANDOM, inclusion_probability=0.5)
    ahead = an_item(rank=5.0)
    confirm(task, senior)
    item.refresh_from_db()
    assert item.rank > ahead.rank
    assert (item.state, item.stream, item.inclusion_probability) == (ItemState.OPEN, Stream.TEST_BUY, 0.5)
    assert item.findings.count() == 2


@pytest.mark.parametrize("state", [ItemState.CLOSED, ItemState.SNOOZED, ItemState.DECIDED])
def test_an_item_that_was_put_away_is_opened_again(task, senior, state):
    item = an_item(subject_id=task.listing_id, state=state)
    confirm(task, senior)
    item.refresh_from_db()
    assert item.state == ItemState.OPEN
    event = AuditEvent.objects.get(action="item.raised")
    assert (event.before, event.after["state"]) == ({"state": state, "rank": 4.7}, "open")


def test_whoever_holds_an_item_that_is_raised_loses_it_with_an_event(task, senior):
    holder = a_person()
    item = an_item(subject_id=task.listing_id, claimed_by=holder, claimed_for="first", claimed_until=NOW)
    confirm(task, senior)
    item.refresh_from_db()
    assert item.claimed_by is None
    actions = AuditEvent.objects.filter(subject_type="item", subject_id=str(item.pk)).values_list("action", flat=True)
    assert list(actions) == ["item.claim_ended", "item.raised"]


def test_what_waits_for_a_second_person_waits_on_with_the_new_fact(task, senior):
    item = an_item(subject_id=task.listing_id, harm_minor=HIGH_IMPACT_HARM_MINOR)
    proposal = decide(Actor.of(senior), item, Choice("counterfeit", "remove", "facts-do-not-fit"))
    confirm(task, senior)
    item.refresh_from_db()
    proposal.refresh_from_db()
    assert (item.state, proposal.state) == (ItemState.PROPOSED, "proposed")
    assert Content.read(item.finding.content).facts[0].id == "authentication"


def test_where_counterfeit_was_decided_nothing_is_opened(task, senior):
    item = an_item(subject_id=task.listing_id, state=ItemState.DECIDED)
    a_decision(item, answer=Answer.COUNTERFEIT)
    confirm(task, senior)
    item.refresh_from_db()
    assert item.state == ItemState.DECIDED
    assert not AuditEvent.objects.filter(action="item.raised").exists()


def test_a_control_raises_nothing_and_is_no_verdict(buyer, senior):
    confirm(sealed(a_control(), buyer), senior)
    assert not Item.objects.exists()
    assert list(authentications()) == []


def test_authentications_carry_their_inclusion_probability(task, senior):
    lab, chemist = a_laboratory()
    found(first_of(task, senior, lab), "genuine", chemist)
    (row,) = authentications()
    task.refresh_from_db()
    assert (row.subject_type, row.subject_id, row.verdict) == ("listing", task.listing_id, "genuine")
    assert (row.decided_at, row.inclusion_probability) == (task.finished_at, 0.25)


def test_failed_buys_are_no_authentications():
    a_task(stage=TaskStage.DONE, outcome="not_delivered")
    assert list(authentications()) == []


def test_a_blind_unit_holds_nothing_but_what_is_listed(task, senior):
    row = first_of(task, senior, a_laboratory()[0])
    said = blind(row).to_json()
    assert set(said) == {"code", "said_brand", "said_model", "seal_no", "n_photographs", "due_at", "currency"}
    assert said["n_photographs"] == 1
