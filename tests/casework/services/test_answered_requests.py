"""A request for an invoice leads on: reviewers see what the merchant sends, and the merchant what comes of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.access import may
from assay.casework.audit.verification import FaultKind
from assay.casework.choices import Choice
from assay.casework.letters import Settled, settled
from assay.casework.models import (
    Action,
    AuditEvent,
    Decision,
    Document,
    Effect,
    Gold,
    ItemState,
    OrganisationKind,
    Role,
    Statement,
)
from assay.casework.queries import documents as sent
from assay.casework.services import appeals, auditing, bulk, decisions, documents, reviews
from assay.casework.services.bulk import Fate
from assay.casework.services.recording import WORKER, Actor
from assay.casework.services.requests import Unopened
from tests.casework.builders import NOW, a_person, an_item, an_organisation, days
from tests.casework.files_sent import a_pdf
from tests.casework.golden_letters import same_as_golden
from tests.casework.merchant_cases import a_content, a_merchant

pytestmark = pytest.mark.django_db
ASK = Choice("inconclusive", "ask_invoice", "no-provenance")
ACCEPT = Choice("genuine", "none", "proof-accepted")
REMOVE = Choice("inconclusive", "remove", "no-provenance")


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def analyst():
    return a_person(Role.ANALYST)


@pytest.fixture
def merchant():
    return a_merchant(name="Shop 1")[1]


@pytest.fixture
def item(merchant):
    return an_item(merchant_id=merchant.organisation.merchant_id, content=a_content().to_json())


@pytest.fixture
def request_(analyst, item):
    return decisions.decide(Actor.of(analyst), item, ASK)


def _send(merchant, decision, name="invoice.pdf"):
    return documents.upload(Actor.of(merchant), a_pdf(), name, "invoice", decision=decision)


def _state(item):
    item.refresh_from_db()
    return item.state


def test_the_first_document_opens_the_item_again_and_the_log_says_so(merchant, item, request_):
    assert _state(item) == ItemState.DECIDED
    _send(merchant, request_)
    assert _state(item) == ItemState.OPEN
    event = AuditEvent.objects.get(action="decision.answered")
    assert (event.subject_id, event.actor) == (str(request_.pk), Actor.of(merchant).name)
    request_.refresh_from_db()
    assert request_.state == "in_force"  # the merchant keeps the days it was given


def test_several_documents_open_it_once(merchant, item, request_):
    for n in range(3):
        _send(merchant, request_, f"{n}.pdf")
    assert AuditEvent.objects.filter(action="decision.answered").count() == 1


def test_the_end_of_the_request_does_not_open_it_twice(merchant, item, request_, analyst):
    _send(merchant, request_)
    decisions.expire(WORKER, request_.ends_at + timedelta(hours=1))
    assert _state(item) == ItemState.OPEN
    decisions.decide(Actor.of(analyst), item, ACCEPT)
    assert decisions.expire(WORKER, request_.ends_at + timedelta(days=2)) == 0
    assert _state(item) == ItemState.DECIDED


def test_what_was_decided_about_is_not_opened_by_one_more_document(merchant, item, request_, analyst):
    _send(merchant, request_)
    decisions.decide(Actor.of(analyst), item, ACCEPT)
    _send(merchant, request_, "more.pdf")
    assert _state(item) == ItemState.DECIDED


def test_documents_about_other_decisions_open_nothing(merchant, item, analyst):
    warned = decisions.decide(Actor.of(analyst), item, Choice("inconclusive", "warn", "facts-do-not-fit"))
    _send(merchant, warned)
    assert _state(item) == ItemState.DECIDED


def test_what_waits_for_a_blind_answer_opens_when_that_is_given(merchant, item, request_, analyst):
    _asked_blindly(item)
    other = a_person(Role.ANALYST)
    _send(merchant, request_)
    assert _state(item) == ItemState.DECIDED
    assert not sent.that_came(other).exists() and not sent.requests_that_wait(other).exists()
    # The reason is refused to nobody who must not know that something came.
    reviews.answer(Actor.of(other), item, REMOVE)
    assert _state(item) == ItemState.OPEN
    assert AuditEvent.objects.get(action="decision.answered").actor == WORKER.name


def _asked_blindly(item):
    item.refresh_from_db()
    item.needs_blind_review = True
    item.save()


def test_an_appeal_makes_a_blind_answer_impossible_and_what_came_before_it_opens_the_item(merchant, item, request_):
    _asked_blindly(item)
    _send(merchant, request_)
    assert _state(item) == ItemState.DECIDED
    appeals.lodge(Actor.of(merchant), request_, text="We have sent it, and object.")
    assert _state(item) == ItemState.OPEN
    said = AuditEvent.objects.filter(action__in=("decision.answered", "appeal.lodged"))
    assert [event.action for event in said.order_by("seq")] == ["decision.answered", "appeal.lodged"]


@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_once_anybody_has_appealed_a_document_opens_what_was_drawn_for_a_blind_answer(
    merchant, item, request_, is_withdrawn
):
    _asked_blindly(item)
    appeal = appeals.lodge(Actor.of(merchant), request_, text="We will send it, but object.")
    if is_withdrawn:
        appeals.withdraw(Actor.of(merchant), appeal)
    assert _state(item) == ItemState.DECIDED
    _send(merchant, request_)
    assert _state(item) == ItemState.OPEN


def test_a_later_request_that_was_drawn_is_opened_as_well_where_an_earlier_decision_was_appealed(
    merchant, item, analyst
):
    warned = decisions.decide(Actor.of(analyst), item, Choice("inconclusive", "warn", "facts-do-not-fit"))
    appeals.withdraw(Actor.of(merchant), appeals.lodge(Actor.of(merchant), warned, text="Why were we warned?"))
    asked = decisions.decide(Actor.of(analyst), _opened(item), ASK)
    _asked_blindly(item)
    _send(merchant, asked)
    assert _state(item) == ItemState.OPEN


def test_a_gold_item_stays_as_it_is(merchant, item, request_, analyst):
    Gold.objects.create(
        item=item, answer="genuine", source="x", added_by=a_person(Role.SENIOR), added_at=timezone.now()
    )
    _send(merchant, request_)
    assert _state(item) == ItemState.DECIDED


def test_nobody_says_that_nothing_was_received_while_a_document_lies_unread(merchant, item, request_, analyst):
    document = _send(merchant, request_)
    with pytest.raises(Unopened, match="no reviewer has opened"):
        decisions.decide(Actor.of(analyst), item, REMOVE)
    # Neither the merchant's own look nor an auditor's is a reviewer's.
    documents.open_document(Actor.of(merchant), document)
    documents.open_document(Actor.of(a_person(Role.AUDITOR)), document)
    with pytest.raises(Unopened):
        decisions.decide(Actor.of(analyst), item, REMOVE)
    documents.open_document(Actor.of(analyst), document)
    assert decisions.decide(Actor.of(analyst), item, REMOVE).action == Action.REMOVE


@pytest.fixture
def proposal(analyst, item, request_):
    """A removal for want of proof, proposed after the request ended, before the merchant sent anything."""
    decisions.expire(WORKER, request_.ends_at + timedelta(hours=1))
    type(item).objects.filter(pk=item.pk).update(harm_minor=5_000_000)
    made = decisions.decide(Actor.of(analyst), item, REMOVE)
    assert made.state == "proposed"
    return made


def test_nobody_agrees_that_nothing_was_received_while_a_document_lies_unread(merchant, item, request_, proposal):
    document, senior = _send(merchant, request_), a_person(Role.SENIOR)
    with pytest.raises(Unopened, match="no reviewer has opened"):
        decisions.approve(Actor.of(senior), proposal)
    proposal.refresh_from_db()
    assert (proposal.state, _state(item)) == ("proposed", ItemState.PROPOSED)
    documents.open_document(Actor.of(senior), document)
    assert decisions.approve(Actor.of(senior), proposal).state == "in_force"


def test_a_document_that_came_after_a_proposal_waits_until_that_is_agreed_to_or_refused(
    merchant, item, request_, proposal, analyst
):
    _send(merchant, request_)
    assert sent.that_came(analyst).get().place == "waits"
    refused = decisions.refuse(Actor.of(a_person(Role.SENIOR)), proposal, reason="An invoice has come.")
    assert (refused.state, _state(item)) == ("refused", ItemState.OPEN)
    assert list(sent.requests_that_wait(analyst)) == [request_]


def test_a_document_that_a_proposal_was_made_with_waits_no_more(merchant, item, request_, analyst):
    document = _send(merchant, request_)
    documents.open_document(Actor.of(analyst), document)
    type(item).objects.filter(pk=item.pk).update(harm_minor=5_000_000)
    assert decisions.decide(Actor.of(analyst), item, REMOVE).state == "proposed"
    assert not sent.answered_requests().exists()


def test_other_reasons_are_given_with_a_document_unread(merchant, item, request_, analyst):
    _send(merchant, request_)
    assert decisions.decide(Actor.of(analyst), item, Choice("counterfeit", "remove", "offered-as-copy"))


def test_in_bulk_such_a_row_is_skipped_and_says_why(merchant, item, request_, analyst):
    _send(merchant, request_)
    actor, rows = Actor.of(analyst), [item, an_item()]
    item.refresh_from_db()
    assert [row.fate for row in bulk.plan(actor, rows, REMOVE)] == [Fate.UNOPENED, Fate.ACTS]
    assert [row.fate for row in bulk.apply(actor, rows, REMOVE).rows] == [Fate.UNOPENED, Fate.ACTS]


def test_the_answer_ends_the_request_and_tells_the_endpoints(merchant, item, request_, analyst):
    _send(merchant, request_)
    made = decisions.decide(Actor.of(analyst), item, ACCEPT)
    request_.refresh_from_db()
    assert request_.state == "expired" and request_.ended_at < request_.ends_at
    assert AuditEvent.objects.get(action="decision.settled").after["by"] == made.reference
    assert [each.kind for each in Effect.objects.order_by("pk")] == ["decision.applied", "decision.lifted"]
    assert Effect.objects.get(kind="decision.lifted").payload["letter"]["decision"] == made.reference


def test_a_request_that_nobody_answered_runs_on(item, request_, analyst):
    decisions.decide(Actor.of(analyst), _opened(item), ACCEPT)
    request_.refresh_from_db()
    assert request_.state == "in_force" and Statement.objects.count() == 1


def _opened(item):
    item.refresh_from_db()
    item.state = ItemState.OPEN
    item.save()
    return item


def test_the_merchant_learns_that_its_invoice_was_accepted_also_after_the_request_ended(
    merchant, item, request_, analyst
):
    _send(merchant, request_)
    decisions.expire(WORKER, request_.ends_at + timedelta(hours=1))
    made = decisions.decide(Actor.of(analyst), item, ACCEPT)
    letter = made.statement
    assert request_.reference in letter.subject and "invoice.pdf" in letter.text
    assert may(merchant, "statement.read", letter)
    assert appeals.closed_because(made) == "nothing"
    assert not _changed_rows()
    Statement.objects.filter(pk=letter.pk).update(text="Nothing was accepted.")
    (fault,) = _changed_rows()
    assert f"Statement {letter.pk}" in fault.message


def _changed_rows():
    """What the log says of rows and is so no more."""
    return [fault for fault in auditing.verify().faults if fault.kind == FaultKind.ROW]


def test_a_decision_that_acts_sends_its_statement_and_no_second_letter(merchant, item, request_, analyst):
    _send(merchant, request_)
    made = decisions.decide(Actor.of(analyst), item, Choice("counterfeit", "remove", "offered-as-copy"))
    assert (
        Statement.objects.filter(decision=made).count()
        == 1
        == AuditEvent.objects.filter(action="statement.issued", after__decision=made.reference).count()
    )


def test_undone_the_answer_waits_again(merchant, item, request_, analyst):
    _send(merchant, request_)
    made = decisions.decide(Actor.of(analyst), item, ACCEPT)
    assert not sent.requests_that_wait(analyst).exists()
    decisions.undo(Actor.of(analyst), made, reason="The wrong one")
    assert list(sent.requests_that_wait(analyst)) == [request_]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", ["accepted", "untold"])
def test_the_letter_reads_as_reviewed(name, language):
    facts = Settled(
        language=language,
        reference="D-0000043",
        request="D-0000042",
        requested_at=NOW,
        subject_type="listing" if name == "accepted" else "merchant",
        subject_id="L1",
        title="Norvane TR-200 aaa quality",
        merchant_id="M1",
        merchant_name="Shop 1",
        sender="Example Market",
        settled_at=NOW + days(3),
        is_accepted=name == "accepted",
        documents=("invoice 2026-05.pdf", "letter\nof authorisation.pdf"),
    )
    same_as_golden(f"{language}/settled-{name}.txt", settled(facts).text)


def test_each_document_says_where_it_stands(merchant, item, request_, analyst):
    _send(merchant, request_)
    place = lambda: sent.that_came(analyst).values_list("place", flat=True)[0]  # noqa: E731
    assert place() == "waits"
    decisions.decide(Actor.of(analyst), item, ACCEPT)
    assert place() == "answered"
    assert not sent.that_came(analyst, waiting=True).exists()


def test_a_document_about_an_appeal_stands_with_it(merchant, item, analyst):
    removed = decisions.decide(Actor.of(analyst), item, Choice("counterfeit", "remove", "offered-as-copy"))
    _send(merchant, removed)
    assert sent.that_came(analyst).get().place == ""
    appeals.lodge(Actor.of(merchant), removed, text="These facts are not right.")
    assert sent.that_came(analyst).get().place == "appeal"


def test_a_laboratorys_document_answers_nothing(request_):
    Document.objects.create(
        organisation=an_organisation(OrganisationKind.LABORATORY),
        decision=request_,
        kind="report",
        filename="r.pdf",
        media_type="application/pdf",
        n_bytes=1,
        sha256="0" * 64,
        uploaded_by=a_person(Role.AUTHENTICATOR),
        uploaded_at=timezone.now(),
        keep_until=timezone.now(),
    )
    assert not sent.answered_requests().exists()
    assert Decision.objects.filter(documents__isnull=False).count() == 1
