"""The way of a sealed unit: sent and arrived as links of its chain, and lost as a failed buy that says nothing."""

import pytest

from assay.casework.access import Refused
from assay.casework.models import AuditEvent, Examination, Item, Role, TaskStage
from assay.casework.moves import WrongState
from assay.casework.queries.examiners import candidates
from assay.casework.queries.testbuys import (
    NARROWED,
    attention,
    authentications,
    blind_photographs,
    open_examinations_of,
    verdict_of,
)
from assay.casework.services import buying, custody, parcels
from assay.casework.services.examinations import CANNOT_EXAMINE, assign, decline, reassign, take
from assay.casework.services.parcels import Arrival, Handover
from assay.casework.services.recording import Actor
from assay.casework.services.results import outcome_rows
from assay.market.errors import CallerError
from assay.measurement.outcome_file import COLUMNS, read_outcomes
from tests.casework.bought import a_laboratory, a_picture, a_programme, a_task, found, received, sealed
from tests.casework.builders import a_person, an_organisation

pytestmark = pytest.mark.django_db
COURIER = Handover("Courier", "CC-1", "Office")


@pytest.fixture
def buyer():
    return a_person(Role.TEST_BUYER)


@pytest.fixture
def senior():
    return a_person(Role.SENIOR)


@pytest.fixture
def task(buyer):
    return sealed(a_task(), buyer, seal_no="S-100")


def given(task, senior):
    lab, chemist = a_laboratory()
    return assign(Actor.of(senior), task, lab), chemist


def examined(task, senior, outcome="counterfeit"):
    """A unit after its first examination, and the second one with its examiner."""
    _, other = a_laboratory()
    row, chemist = given(task, senior)
    found(row, outcome, chemist, resealed_no="S-200")
    task.refresh_from_db()
    return Examination.objects.get(task=task, ordinal=2), other


def acts(task):
    task.refresh_from_db()
    chain = custody.chain(task)
    assert chain.holds, chain.faults
    return [entry.act for entry in chain.entries]


@pytest.mark.parametrize("outcome", ["not_delivered", "swapped"])
def test_a_unit_lost_after_sealing_ends_as_a_failed_buy(task, senior, outcome):
    lost = parcels.lose(Actor.of(senior), task, outcome, "The courier\nfound nothing.")
    assert (lost.stage, lost.outcome, lost.second_outcome) == (TaskStage.DONE, outcome, "")
    assert (lost.note, verdict_of(lost)) == ("The courier found nothing.", outcome)
    assert acts(task)[-1] == "lost"
    assert AuditEvent.objects.get(action="task.lost").reason == "The courier found nothing."
    assert list(authentications()) == []


def test_an_examination_of_a_lost_unit_waits_for_nobody(task, senior):
    row, chemist = given(task, senior)
    parcels.lose(Actor.of(senior), task, "not_delivered", "Never came.")
    assert not open_examinations_of(chemist).exists()
    for act in (
        lambda: take(Actor.of(chemist), row),
        lambda: decline(Actor.of(chemist), row, code="not_arrived", reason="It did not come."),
        lambda: parcels.arrive(Actor.of(chemist), row, Arrival("S-100", True, "Bench")),
        lambda: found(row, "genuine", chemist),
        lambda: reassign(Actor.of(senior), row, a_laboratory()[0], reason="Again."),
    ):
        with pytest.raises(WrongState, match="has its outcome"):
            act()


@pytest.mark.parametrize("outcome", ["not_delivered", "swapped"])
def test_a_positive_whose_second_examination_was_lost_is_no_counterfeit_and_not_genuine(task, senior, outcome):
    examined(task, senior)
    lost = parcels.lose(Actor.of(senior), task, outcome, "The second laboratory got nothing.")
    assert (lost.outcome, lost.second_outcome, verdict_of(lost)) == ("counterfeit", outcome, "inconclusive")
    assert [each.verdict for each in authentications()] == ["inconclusive"]
    assert not Item.objects.exists()
    assert not type(task).objects.filter(NARROWED["disagree"](senior)).exists()


def test_a_decoy_that_was_lost_stays_genuine(buyer, senior):
    task = sealed(a_task(a_programme(decoy_rate=1.0)), buyer)
    examined(task, senior, "genuine")
    assert verdict_of(parcels.lose(Actor.of(senior), task, "not_delivered", "Lost.")) == "genuine"


@pytest.mark.parametrize("is_second", [False, True])
def test_the_folder_takes_the_line_of_a_lost_unit(task, senior, is_second):
    if is_second:
        examined(task, senior)
    (row,) = outcome_rows([parcels.lose(Actor.of(senior), task, "not_delivered", "Lost, by the courier's word.")])
    line = ",".join(f'"{row[name]}"' for name in COLUMNS)
    read = read_outcomes(f"{','.join(COLUMNS)}\n{line}\n".encode(), {task.unit})
    assert read.faults == ()
    assert (read.rows[0].outcome, read.rows[0].second_outcome) == (
        ("counterfeit", "not_delivered") if is_second else ("not_delivered", None)
    )


@pytest.mark.parametrize("role", [Role.TEST_BUYER, Role.AUTHENTICATOR, Role.ANALYST, Role.ADMINISTRATOR, Role.AUDITOR])
def test_only_a_senior_ends_a_sealed_unit(task, role):
    person = task.assigned_to if role == Role.TEST_BUYER else a_person(role)
    with pytest.raises(Refused):
        parcels.lose(Actor.of(person), task, "not_delivered", "Lost.")


def test_a_loss_needs_a_reason_a_known_word_and_a_sealed_unit(task, senior, buyer):
    actor = Actor.of(senior)
    with pytest.raises(CallerError, match="needs a reason"):
        parcels.lose(actor, task, "swapped", "  ")
    with pytest.raises(CallerError, match="no way for a unit to be lost"):
        parcels.lose(actor, task, "not_bought", "Lost.")
    with pytest.raises(WrongState):
        parcels.lose(actor, received(a_task(), buyer), "not_delivered", "Lost.")
    parcels.lose(actor, task, "not_delivered", "Lost.")
    with pytest.raises(WrongState):
        parcels.lose(actor, task, "not_delivered", "Lost.")


def test_the_whole_way_is_in_the_chain(task, senior, buyer):
    parcels.send(Actor.of(buyer), task, COURIER)
    row, chemist = given(task, senior)
    parcels.arrive(Actor.of(chemist), row, Arrival("s 100", True, "Goods in"), a_picture())
    found(row, "genuine", chemist)
    parcels.send_on(Actor.of(chemist), row, Handover("By hand"))
    assert acts(task)[5:] == ["sent", "given_out", "photographed", "arrived", "examined", "sent"]
    sent, arrived, last = (task.custody.get(seq=n) for n in (6, 9, 11))
    assert (sent.seal_no, sent.details) == ("S-100", {"carrier": "Courier", "tracking_no": "CC-1"})
    assert (arrived.seal_no, arrived.details["seal"], arrived.details["intact"]) == ("s 100", "fits", "yes")
    assert last.seal_no == f"R-{row.pk}"


def test_a_unit_examined_without_them_has_a_whole_chain(task, senior):
    row, chemist = given(task, senior)
    found(row, "genuine", chemist)
    assert acts(task)[5:] == ["given_out", "examined"]


@pytest.mark.parametrize("change", [{"details": {"carrier": "Nobody"}}, {"seal_no": "S-1"}, {"act": "arrived"}])
def test_a_changed_handover_is_noticed(task, buyer, change):
    parcels.send(Actor.of(buyer), task, COURIER)
    task.custody.filter(act="sent").update(**change)
    task.refresh_from_db()
    assert custody.chain(task).faults


def test_a_buyer_sends_once_and_names_the_first_seal_only(task, senior, buyer):
    examined(task, senior)
    parcels.send(Actor.of(buyer), task, COURIER)
    assert task.custody.get(act="sent").seal_no == "S-100"
    with pytest.raises(WrongState, match="sent unit"):
        parcels.send(Actor.of(buyer), task, COURIER)


def test_a_senior_sends_under_the_seal_of_the_moment(task, senior):
    actor = Actor.of(senior)
    parcels.send(actor, task, COURIER)
    examined(task, senior)
    parcels.send(actor, task, COURIER)
    assert list(task.custody.filter(act="sent").order_by("seq").values_list("seal_no", flat=True)) == ["S-100", "S-200"]


def test_what_is_not_sealed_or_has_no_carrier_is_not_sent(task, senior, buyer):
    with pytest.raises(WrongState, match="only a sealed one"):
        parcels.send(Actor.of(senior), received(a_task(), buyer), COURIER)
    with pytest.raises(CallerError, match="by whom the unit travels"):
        parcels.send(Actor.of(senior), task, Handover(" "))
    with pytest.raises(Refused):
        parcels.send(Actor.of(a_person(Role.TEST_BUYER)), task, COURIER)


def test_an_examiner_sends_on_once_after_the_result(task, senior):
    row, chemist = given(task, senior)
    with pytest.raises(WrongState, match="after its examination"):
        parcels.send_on(Actor.of(chemist), row, COURIER)
    found(row, "counterfeit", chemist)
    parcels.send_on(Actor.of(chemist), row, COURIER)
    with pytest.raises(WrongState, match="sent once"):
        parcels.send_on(Actor.of(chemist), row, COURIER)


@pytest.mark.parametrize(("number", "is_intact"), [("S-101", True), ("S-100", False)])
def test_a_seal_that_does_not_fit_on_arrival_is_a_seniors_at_once_and_stands(task, senior, number, is_intact):
    row, chemist = given(task, senior)
    parcels.arrive(Actor.of(chemist), row, Arrival(number, is_intact, "Goods in"))
    assert attention(task.programme)["seals"] == 1
    done = found(row, "genuine", chemist, seal_no_found="S-100", is_seal_intact=True)
    assert (done.seal_no_found, done.is_seal_intact) == (number, is_intact)
    link = task.custody.get(act="examined")
    assert (link.seal_no, link.details["intact"]) == (number, "yes" if is_intact else "no")


def test_an_arrival_is_recorded_once_by_whoever_examines(task, senior):
    row, chemist = given(task, senior)
    with pytest.raises(Refused):
        parcels.arrive(Actor.of(senior), row, Arrival("S-100", True, "Goods in"))
    with pytest.raises(CallerError, match="seal number"):
        parcels.arrive(Actor.of(chemist), row, Arrival(" ", True, "Goods in"))
    with pytest.raises(CallerError):
        parcels.arrive(Actor.of(chemist), row, Arrival("S-100", True, "Goods in"), b"MZ no picture")
    assert "arrived" not in acts(task)
    parcels.arrive(Actor.of(chemist), row, Arrival("S-100", True, "Goods in"))
    with pytest.raises(WrongState, match="recorded already"):
        parcels.arrive(Actor.of(chemist), row, Arrival("S-100", True, "Goods in"))


def test_a_photograph_of_the_arrival_is_for_those_who_oversee(task, senior, buyer):
    row, chemist = given(task, senior)
    before = blind_photographs(task)
    parcels.arrive(Actor.of(chemist), row, Arrival("S-100", True, "Goods in"), a_picture((7, 7, 7)))
    assert blind_photographs(task) == before
    assert set(buying.VIEWS).isdisjoint(parcels.VIEWS)


def test_what_is_given_to_another_house_is_checked_there_again(task, senior):
    row, chemist = given(task, senior)
    parcels.arrive(Actor.of(chemist), row, Arrival("S-100", True, "Goods in"))
    colleague = a_person(Role.AUTHENTICATOR, row.organisation)
    same = reassign(Actor.of(senior), row, row.organisation, reason="Ill.", examiner=colleague)
    assert same.is_seal_checked
    other, _ = a_laboratory()
    assert not reassign(Actor.of(senior), row, other, reason="Closed for a week.").is_seal_checked


@pytest.mark.parametrize("code", [code for code in CANNOT_EXAMINE if code not in ("conflict", "other")])
def test_a_report_of_the_parcel_reaches_a_senior(task, senior, code):
    row, chemist = given(task, senior)
    decline(Actor.of(chemist), row, code=code, reason="The lid was cut.")
    assert attention(task.programme) == {"reported": 1, "declined": 1}
    assert AuditEvent.objects.get(action="examination.declined").after["because"] == code
    other, second = a_laboratory()
    moved = reassign(Actor.of(senior), row, other, reason="Look again.")
    assert attention(task.programme) == {}
    decline(Actor.of(second), moved, code="conflict", reason="A relative.")
    assert attention(task.programme) == {"declined": 1}
    parcels.lose(Actor.of(senior), task, "swapped", "Two laboratories say so.")
    assert attention(task.programme) == {}


def test_a_reason_that_is_not_in_the_list_is_refused(task, senior):
    row, chemist = given(task, senior)
    with pytest.raises(CallerError, match="no reason not to examine"):
        decline(Actor.of(chemist), row, code="tired", reason="Friday.")


def test_a_unit_that_is_over_is_no_work_of_its_examiner(task, senior, buyer):
    lab, _chemist = a_laboratory()
    other = an_organisation(lab.kind)
    a_person(Role.AUTHENTICATOR, other)
    assign(Actor.of(senior), task, lab)
    parcels.lose(Actor.of(senior), task, "not_delivered", "Lost.")
    assert {each.n_open for each in candidates(sealed(a_task(task.programme), buyer))} == {0}
