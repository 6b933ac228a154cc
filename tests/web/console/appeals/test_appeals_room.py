"""The staff side of appeals: who sees what, who answers, and what everybody else's words may not do."""

import pytest
from django.urls import reverse
from django.utils import timezone

from assay.casework.models import (
    Action,
    Answer,
    Appeal,
    AppealState,
    AuditEvent,
    DecisionState,
    Item,
    Review,
    ReviewKind,
    Role,
)
from assay.casework.reasons import REASONS
from assay.casework.services import appeals, documents, strikes
from assay.casework.services.recording import AUTOMATION, Actor
from tests.casework.builders import a_person, days
from tests.casework.files_sent import a_pdf
from tests.casework.merchant_cases import PRICE, a_case, a_content, a_merchant
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
TEXT = "We bought these shoes from the brand's own dealer; the invoice is attached."
WHY = "The invoice names the brand's dealer and covers these goods."


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def senior():
    return a_person(Role.SENIOR)


def _url(name, *args):
    return reverse(f"console:{name}", args=args)


def _appeal(case=None, text=TEXT, **given):
    case = case or a_case(**{"in_force_at": timezone.now(), **given})
    return appeals.lodge(Actor.of(case.merchant), case.decision, text=text)


def _document(case):
    return documents.upload(Actor.of(case.merchant), a_pdf(), "invoice.pdf", "invoice", decision=case.decision)


def test_a_document_tells_nobody_of_a_decision_that_they_are_to_judge_blindly(senior):
    case = a_case(in_force_at=timezone.now())
    sent = _document(case)
    Item.objects.filter(pk=case.decision.item_id).update(needs_blind_review=True)
    address = _url("case-document", sent.pk)
    assert signed_in(a_person(Role.ANALYST)).get(address).status_code == 404
    assert signed_in(senior).get(address).status_code == 200
    _appeal(case)  # from now on it is open to whoever may answer
    assert signed_in(a_person(Role.ANALYST)).get(address).status_code == 200


def test_the_list_begins_with_what_is_due_first(senior):
    late, early = _appeal(), _appeal()
    Appeal.objects.filter(pk=early.pk).update(due_at=timezone.now() - days(1))
    page = signed_in(senior).get(_url("appeals")).content.decode()
    assert page.index(early.decision.reference) < page.index(late.decision.reference)
    assert "overdue" in page


def test_answered_appeals_are_another_list(senior):
    appeal = _appeal()
    appeals.answer(Actor.of(senior), appeal, appeals.Verdict(False, WHY))
    client = signed_in(senior)
    assert appeal.decision.reference not in client.get(_url("appeals")).content.decode()
    assert appeal.decision.reference in client.get(_url("appeals") + "?state=answered").content.decode()


def test_one_appeal_shows_the_finding_the_statement_the_documents_and_the_merchants_words(senior):
    case = a_case(in_force_at=timezone.now())
    _document(case)
    appeal = _appeal(case, "First line here.\nSecond line here.")
    page = signed_in(senior).get(_url("appeal", appeal.pk)).content.decode()
    assert PRICE in page and "<p>First line here.</p><p>Second line here.</p>" in page
    assert "invoice.pdf" in page and "How it was found and decided" in page and "Send the answer" in page


def test_a_decision_is_reversed_from_the_page_and_the_merchant_reads_why(senior):
    case = a_case(in_force_at=timezone.now())
    strikes.give_for(AUTOMATION, case.decision)
    appeal = _appeal(case)
    client = signed_in(senior)
    client.post(_url("appeal-claim", appeal.pk))
    response = client.post(_url("appeal-answer", appeal.pk), {"outcome": "genuine", "reasons": WHY})
    assert response.url == _url("appeal", appeal.pk)
    case.decision.refresh_from_db()
    assert case.decision.state == DecisionState.REVERSED
    merchants_page = signed_in(case.merchant).get(reverse("portal:appeal", args=[appeal.pk])).content.decode()
    assert "covers these goods" in merchants_page and "the decision is reversed" in merchants_page


@pytest.mark.parametrize("sent", [{}, {"outcome": "upheld", "reasons": "no"}, {"outcome": "close", "reasons": WHY}])
def test_an_answer_that_is_not_whole_stays_in_the_form(senior, sent):
    appeal = _appeal()
    response = signed_in(senior).post(_url("appeal-answer", appeal.pk), sent)
    assert response.status_code == 422
    appeal.refresh_from_db()
    assert appeal.state == AppealState.OPEN


def test_a_second_answer_comes_too_late(senior):
    appeal = _appeal()
    first, second = signed_in(senior), signed_in(a_person(Role.SENIOR))
    sent = {"outcome": "upheld", "reasons": WHY}
    assert first.post(_url("appeal-answer", appeal.pk), sent).status_code == 302
    late = second.post(_url("appeal-answer", appeal.pk), sent | {"reasons": "Written for half an hour."})
    assert late.status_code == 409 and "Written for half an hour." in late.content.decode()


def test_a_reversal_takes_reasons_as_long_as_any_answer(senior):
    appeal = _appeal()
    sent = {"outcome": Answer.GENUINE, "reasons": "Long. " * 1_500}
    assert signed_in(senior).post(_url("appeal-answer", appeal.pk), sent).status_code == 302
    appeal.refresh_from_db()
    assert appeal.state == AppealState.REVERSED


def test_while_somebody_holds_it_others_read_who_and_cannot_answer(senior):
    appeal = _appeal()
    holder = a_person(Role.SENIOR, name="Hilda Holder")
    signed_in(holder).post(_url("appeal-claim", appeal.pk))
    client = signed_in(senior)
    page = client.get(_url("appeal", appeal.pk)).content.decode()
    assert "Hilda Holder holds it until" in page and "Send the answer" not in page
    assert client.post(_url("appeal-answer", appeal.pk), {"outcome": "upheld", "reasons": WHY}).status_code == 409
    signed_in(holder).post(_url("appeal-release", appeal.pk))
    assert "Send the answer" in client.get(_url("appeal", appeal.pk)).content.decode()


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("decided", "You took this decision"),
        ("approved", "You agreed to this decision"),
        ("reviewed", "You reviewed this item before"),
        ("answered", "You answered an earlier appeal"),
        ("role", "Your role reads appeals"),
    ],
)
def test_whoever_may_not_answer_reads_why_and_is_refused(part, said):
    person = a_person(Role.AUDITOR if part == "role" else Role.SENIOR)
    case = a_case(
        in_force_at=timezone.now(),
        **{"decided": {"decided_by": person}, "approved": {"approved_by": person}}.get(part, {}),
    )
    if part == "reviewed":
        now = timezone.now()
        Review.objects.create(
            item=case.decision.item, finding=case.decision.finding, person=person, kind=ReviewKind.FIRST,
            answer="counterfeit", action="remove", reason_code="facts-do-not-fit", started_at=now, finished_at=now,
        )  # fmt: skip
    if part == "answered":
        appeals.answer(Actor.of(person), _appeal(case), appeals.Verdict(False, WHY))
    appeal = _appeal(case)
    client = signed_in(person)
    page = client.get(_url("appeal", appeal.pk)).content.decode()
    assert said in page and "Send the answer" not in page
    for name in ("appeal-answer", "appeal-claim"):
        assert client.post(_url(name, appeal.pk), {"outcome": "genuine", "reasons": WHY}).status_code == 403
    appeal.refresh_from_db()
    assert appeal.state == AppealState.OPEN


@pytest.mark.parametrize("role", list(Role))
def test_who_may_see_and_who_may_write(role):
    case = a_case(in_force_at=timezone.now())
    document, appeal = _document(case), _appeal(case)
    person = case.merchant if role == Role.MERCHANT else a_person(role)
    client = signed_in(person)
    reads = role in (Role.ANALYST, Role.SENIOR, Role.AUDITOR)
    for url in (
        _url("appeals"), _url("appeal", appeal.pk), _url("documents"), _url("case-document", document.pk),
        _url("strike-policies"),
    ):  # fmt: skip
        assert client.get(url).status_code == (200 if reads else 403), url
    writes = role in (Role.ANALYST, Role.SENIOR)
    assert client.post(_url("appeal-claim", appeal.pk)).status_code == (302 if writes else 403)
    assert client.get(_url("strike-draft")).status_code == (200 if role == Role.SENIOR else 403)


@pytest.mark.parametrize("name", ["appeal", "case-document", "strike-policy"])
def test_what_is_not_there_is_not_found(senior, name):
    assert signed_in(senior).get(_url(name, 999_999)).status_code == 404


def test_opening_a_document_is_logged_as_reading_personal_data(senior):
    case = a_case(in_force_at=timezone.now())
    row = _document(case)
    response = signed_in(senior).get(_url("case-document", row.pk))
    assert response.content == a_pdf()
    assert response["Content-Disposition"].startswith("attachment") and "sandbox" in response["Content-Security-Policy"]
    assert AuditEvent.objects.get(action="personal.read").actor == Actor.of(senior).name


def test_documents_that_came_are_listed_newest_first(senior):
    first, second = a_case(in_force_at=timezone.now()), a_case(in_force_at=timezone.now())
    _document(first), _document(second)
    page = signed_in(senior).get(_url("documents")).content.decode()
    assert page.index(second.decision.reference) < page.index(first.decision.reference)


SCRIPT = "<script>alert('x')</script>"


def test_words_of_others_are_shown_as_words(senior):
    own, person = a_merchant(name=f"Shop {SCRIPT}")
    case = a_case(own, a_content(), in_force_at=timezone.now(), item={"title": f"Watch {SCRIPT}"})
    documents.upload(Actor.of(person), a_pdf(), f"{SCRIPT}.pdf", "invoice", decision=case.decision)
    appeal = _appeal(case, f"Hear this {SCRIPT} \u202e<img src=x onerror=alert(1)>")
    client = signed_in(senior)
    client.post(_url("appeal-answer", appeal.pk), {"outcome": "upheld", "reasons": f"No {SCRIPT} here at all"})
    for url in (_url("appeals") + "?state=answered", _url("appeal", appeal.pk), _url("documents")):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page and "<img src=x" not in page and "\u202e" not in page, url
    merchants_page = signed_in(person).get(reverse("portal:appeal", args=[appeal.pk])).content.decode()
    assert "<script>alert" not in merchants_page and "\u202e" not in merchants_page


@pytest.mark.parametrize("name", ["appeals", "documents"])
def test_the_number_of_queries_does_not_grow_with_rows(senior, name, django_assert_max_num_queries):
    client = signed_in(senior)

    def counted(n):
        for _ in range(n):
            case = a_case(in_force_at=timezone.now())
            _document(case)
            _appeal(case)
        with django_assert_max_num_queries(20) as found:
            assert client.get(_url(name)).status_code == 200
        return len(found)

    assert counted(2) == counted(6)


def test_the_number_of_queries_of_one_appeal_does_not_grow(senior, django_assert_max_num_queries):
    case = a_case(in_force_at=timezone.now())
    appeal, client = _appeal(case), signed_in(senior)

    def counted(n):
        for _ in range(n):
            _document(case)
        with django_assert_max_num_queries(30) as found:
            assert client.get(_url("appeal", appeal.pk)).status_code == 200
        return len(found)

    assert counted(1) == counted(5)


def test_taking_what_somebody_holds_says_so_on_the_same_page(senior):
    appeal = _appeal()
    signed_in(a_person(Role.SENIOR)).post(_url("appeal-claim", appeal.pk))
    response = signed_in(senior).post(_url("appeal-claim", appeal.pk), {"back": _url("appeal", appeal.pk)}, follow=True)
    assert response.redirect_chain[0][0] == _url("appeal", appeal.pk)
    assert "held by somebody else" in response.content.decode()


# strike policies


def _form(**given):
    sent = {
        "window_days": "200",
        "together_days": "7",
        **{f"action_{each}": "0" for each in Action},
        **{f"reason_{each.code}": "0" for each in REASONS},
        "action_remove": "1",
        "reason_facts-do-not-fit": "1",
        "at_1": "1",
        "propose_1": "warn",
        "propose_2": "suspend",
        "propose_3": "suspend",
    }
    return sent | given


def test_a_draft_shows_whom_it_would_touch_before_it_is_switched_on(senior):
    for ago in (40, 20):
        case = a_case(in_force_at=timezone.now() - days(ago), item={"merchant_id": "M77"})
        strikes.give_for(AUTOMATION, case.decision)
    client = signed_in(senior)
    response = client.post(_url("strike-draft"), _form())
    page = client.get(response.url).content.decode()
    assert "Whom it would touch" in page and "<svg" in page and "Switch on" in page
    assert '<td class="num">1</td><td class="num">1</td>' in page
    assert strikes.policy_in_force().id is None
    switched = client.post(response.url + "switch-on/")
    assert switched.status_code == 302 and strikes.policy_in_force().thresholds[0].at == 1
    assert "Switch on" not in client.get(response.url).content.decode().replace("Switched on", "")


def test_switching_on_twice_says_so_and_changes_nothing(senior):
    row = strikes.draft(Actor.of(senior), strikes.SAFE_POLICY)
    client = signed_in(senior)
    client.post(_url("strike-switch-on", row.pk))
    response = client.post(_url("strike-switch-on", row.pk), follow=True)
    assert "already" in response.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"window_days": "0"}, {"action_remove": "-1"}, {"action_remove": "99"}, {"together_days": "300"}, {"at_1": "x"}],
)
def test_a_draft_that_makes_no_sense_stays_in_the_form(senior, wrong):
    response = signed_in(senior).post(_url("strike-draft"), _form(**wrong))
    assert response.status_code == 422 and 'role="alert"' in response.content.decode()


def test_an_analyst_sees_policies_but_neither_drafts_nor_switches(senior):
    row = strikes.draft(Actor.of(senior), strikes.SAFE_POLICY)
    client = signed_in(a_person(Role.ANALYST))
    page = client.get(_url("strike-policy", row.pk)).content.decode()
    assert "Whom it would touch" in page and "Switch it on" not in page
    assert client.post(_url("strike-switch-on", row.pk)).status_code == 403
    assert client.post(_url("strike-draft"), _form()).status_code == 403


def test_what_two_people_decided_tells_an_analyst_that_a_senior_answers():
    case = a_case(in_force_at=timezone.now(), approved_by=a_person(Role.SENIOR))
    appeal, analyst = _appeal(case), a_person(Role.ANALYST)
    client = signed_in(analyst)
    page = client.get(_url("appeal", appeal.pk)).content.decode()
    assert "A senior who had no part in it answers" in page and _url("appeal-answer", appeal.pk) not in page
    assert "taken by two: a senior answers" in client.get(_url("appeals")).content.decode()
    given = {"outcome": "genuine", "reasons": "The invoice covers the goods."}
    assert client.post(_url("appeal-answer", appeal.pk), given).status_code == 403
    appeal.refresh_from_db()
    assert appeal.state == "open"
