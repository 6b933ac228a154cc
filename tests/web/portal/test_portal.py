"""The merchants' face: its own decisions, documents and objections, and nothing of anybody else."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assay.casework.findings import Discrepancy, Offer
from assay.casework.models import Appeal, AppealState, AuditEvent, Document, Role, Statement
from assay.casework.services import appeals, documents, strikes
from assay.casework.services.recording import AUTOMATION, Actor
from assay.casework.uploads import MOST_BYTES
from assay.web.gate import EPOCH
from tests.casework.builders import a_person, days
from tests.casework.files_sent import a_bomb, a_pdf, a_zip
from tests.casework.merchant_cases import PRICE, a_case, a_content, a_merchant
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
TEXT = "We bought these shoes from the brand's own dealer; the invoice is attached."


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def case():
    return a_case(in_force_at=timezone.now())


@pytest.fixture
def client(case):
    return signed_in(case.merchant)


def _url(name, *args):
    return reverse(f"portal:{name}", args=args)


def _of(case, name):
    return _url(name, case.decision.reference)


def _file(content=None, name="invoice.pdf"):
    return SimpleUploadedFile(name, a_pdf() if content is None else content)


def _lodged(case):
    return appeals.lodge(Actor.of(case.merchant), case.decision, text=TEXT)


def _sent(case):
    return documents.upload(Actor.of(case.merchant), a_pdf(), "invoice.pdf", "invoice", decision=case.decision)


# reading


def test_the_list_shows_own_decisions_with_their_days(client, case):
    page = client.get(_url("statements")).content.decode()
    assert case.decision.reference in page and "The removal of the offer" in page
    assert case.statement.appeal_by.strftime("%Y-%m-%d") in page


def test_the_first_page_says_what_waits_until_it_is_done(client, case):
    asked = a_case(
        case.organisation,
        in_force_at=timezone.now(),
        action="ask_invoice",
        reason_code="no-provenance",
        answer="inconclusive",
        ends_at=timezone.now() + days(14),
    )
    appeal = _lodged(case)
    page = client.get(_url("statements")).content.decode()
    assert "Send an invoice or a letter of authorisation" in page and "2 letters that nobody of you has read" in page
    assert f"by {asked.decision.ends_at:%Y-%m-%d}" in page and f"We answer by {appeal.due_at:%Y-%m-%d}" in page
    client.get(_of(case, "statement")), client.get(_of(asked, "statement"))
    _sent(asked)
    appeals.withdraw(Actor.of(case.merchant), appeal)
    page = client.get(_url("statements")).content.decode()
    assert "What waits for you" not in page


def test_a_statement_shows_the_letter_word_for_word_and_is_noted_as_read(client, case):
    page = client.get(_of(case, "statement")).content.decode()
    assert PRICE in page
    case.statement.refresh_from_db()
    assert case.statement.first_read_at is not None
    assert AuditEvent.objects.filter(action="statement.read").count() == 1


def test_the_letter_can_be_kept_as_text(client, case):
    response = client.get(_of(case, "letter"))
    assert response.content.decode() == case.statement.text
    assert response["Content-Disposition"] == f'attachment; filename="{case.decision.reference}.txt"'


def test_a_chinese_merchant_gets_a_chinese_letter_marked_as_such_with_english_quotes_marked_too():
    own, person = a_merchant(language="zh-hans")
    case = a_case(own, in_force_at=timezone.now())
    person.language = "zh-hans"
    person.save()
    page = signed_in(person).get(_of(case, "statement")).content.decode()
    assert '<article class="letter" lang="zh-hans">' in page and '<q lang="en">' in page


def test_standing_shows_strikes_their_end_and_what_comes_next(client, case):
    strikes.give_for(AUTOMATION, case.decision)
    page = client.get(_url("standing")).content.decode()
    assert case.decision.reference in page and "the suspension of the account" in page
    strikes.cancel_for(AUTOMATION, case.decision, reason="x")
    page = client.get(_url("standing")).content.decode()
    assert "No strikes count against you" in page and "cancelled" in page


def test_empty_pages_say_so():
    client = signed_in(a_merchant()[1])
    assert "Nothing was decided about you" in client.get(_url("statements")).content.decode()
    assert "You have not appealed" in client.get(_url("appeals")).content.decode()
    assert client.get(_url("standing")).status_code == 200


# sending


def test_a_document_is_kept_and_given_back_as_a_download_that_can_do_nothing(client, case):
    response = client.post(_of(case, "upload"), {"kind": "invoice", "file": _file(name="../=My invoice.pdf")})
    assert response.status_code == 302
    row = Document.objects.get()
    assert (row.filename, row.kind, row.decision) == ("My invoice.pdf", "invoice", case.decision)
    given = client.get(_url("document", row.pk))
    assert given.content == a_pdf()
    assert given["Content-Disposition"].startswith("attachment")
    assert given["X-Content-Type-Options"] == "nosniff" and given["Content-Security-Policy"].startswith("sandbox")
    assert given["Content-Type"] == "application/pdf"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"MZ" + b"x" * 99, "cannot be read"),
        (a_zip(), "archive"),
        (a_bomb(), "million pixels"),
        (b"%PDF-1.4" + b"x" * (MOST_BYTES + 5_000_000), "more than 10 MB"),
    ],
)
def test_a_file_that_is_not_taken_is_explained_beside_the_form(client, case, content, said):
    response = client.post(_of(case, "upload"), {"kind": "invoice", "file": _file(content)})
    assert response.status_code == 422 and said in response.content.decode()
    assert not Document.objects.exists()


def test_more_than_is_allowed_is_never_kept_while_it_arrives(case, rf):
    request = rf.post("/", {"file": _file(b"x" * (3 * MOST_BYTES))})
    assert request.FILES["file"].size <= MOST_BYTES + 1
    request.close()


@pytest.mark.parametrize(
    "sent", [{}, {"kind": "invoice"}, {"kind": "virus", "file": "f"}, {"kind": "invoice", "file": "text"}]
)
def test_a_form_without_a_file_or_with_an_unknown_kind_is_refused(client, case, sent):
    response = client.post(_of(case, "upload"), sent)
    assert response.status_code == 422 and 'role="alert"' in response.content.decode()


def test_a_full_disk_is_not_the_merchants_fault(client, case, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert client.post(_of(case, "upload"), {"kind": "invoice", "file": _file()}).status_code == 503
    assert not Document.objects.exists()


def test_an_objection_is_lodged_seen_and_withdrawn(client, case):
    response = client.post(_of(case, "lodge"), {"text": TEXT})
    appeal = Appeal.objects.get()
    assert response.url == _url("appeal", appeal.pk)
    page = client.get(response.url).content.decode()
    assert "We received your appeal" in page and "bought these shoes" in page
    assert "waits for an answer" in client.get(_url("appeals")).content.decode()
    client.post(_url("withdraw", appeal.pk))
    appeal.refresh_from_db()
    assert appeal.state == AppealState.WITHDRAWN
    assert client.post(_url("withdraw", appeal.pk)).status_code == 409


@pytest.mark.parametrize("text", ["", "short", "x" * 10_001])
def test_an_objection_that_says_too_little_or_too_much_stays_in_the_form(client, case, text):
    response = client.post(_of(case, "lodge"), {"text": text})
    assert response.status_code == 422 and not Appeal.objects.exists()


def test_a_second_objection_and_a_late_one_are_refused(client, case):
    _lodged(case)
    assert "waits for an answer already" in client.get(_of(case, "statement")).content.decode()
    again = client.post(_of(case, "lodge"), {"text": f"{TEXT} Written for an hour."})
    assert again.status_code == 409 and "Written for an hour." in again.content.decode()
    late = a_case(case.organisation, in_force_at=timezone.now() - days(200))
    assert "time for an appeal is over" in client.get(_of(late, "statement")).content.decode()
    assert client.post(_of(late, "lodge"), {"text": TEXT}).status_code == 409
    assert client.post(_of(late, "upload"), {"kind": "invoice", "file": _file()}).status_code == 409


def test_the_answer_is_shown_with_its_reasons_but_without_a_name(client, case):
    appeal = _lodged(case)
    who = a_person(Role.SENIOR, name="Wanda Reviewer")
    appeals.answer(Actor.of(who), appeal, appeals.Verdict(False, "The invoice names other goods."))
    page = client.get(_url("appeal", appeal.pk)).content.decode()
    assert "The invoice names other goods." in page and "the decision stands" in page
    assert "Wanda" not in page and who.email not in page


# everybody else


def test_another_merchant_reads_nothing_and_writes_nothing(case):
    document, appeal = _sent(case), _lodged(case)
    stranger = signed_in(a_case(in_force_at=timezone.now()).merchant)
    for url in (_of(case, "statement"), _of(case, "letter"), _url("document", document.pk), _url("appeal", appeal.pk)):
        assert stranger.get(url).status_code == 404, url
    for url, sent in (
        (_of(case, "upload"), {"kind": "invoice", "file": _file()}),
        (_of(case, "lodge"), {"text": TEXT}),
        (_url("withdraw", appeal.pk), {}),
    ):
        assert stranger.post(url, sent).status_code == 404, url
    assert (Document.objects.count(), Appeal.objects.count()) == (1, 1)
    assert Appeal.objects.get().state == AppealState.OPEN
    assert case.decision.reference not in stranger.get(_url("statements")).content.decode()
    assert TEXT not in stranger.get(_url("appeals")).content.decode()


def test_what_is_not_there_looks_the_same_as_what_is_not_ones_own(client, case):
    other = a_case(in_force_at=timezone.now())
    foreign, missing = client.get(_of(other, "statement")), client.get(_url("statement", "D-NOTHING"))
    assert foreign.status_code == missing.status_code == 404
    assert _said(foreign, other.decision.reference) == _said(missing, "D-NOTHING")


def _said(response, reference):
    """A page without the address that was asked for and without its form tokens, which differ every time."""
    return re.sub(r"[A-Za-z0-9]{64}", "", response.content.decode().replace(reference, ""))


@pytest.mark.parametrize("role", [role for role in Role if role != Role.MERCHANT])
def test_no_other_role_enters_the_portal(case, role):
    client = signed_in(a_person(role))
    for url in (_url("statements"), _of(case, "statement"), _url("appeals"), _url("standing")):
        assert client.get(url).status_code == 403


def test_two_people_of_one_merchant_see_the_same(case):
    colleague = a_person(Role.MERCHANT, case.organisation)
    assert signed_in(colleague).get(_of(case, "statement")).status_code == 200


def test_a_statement_sent_before_the_merchant_signed_up_is_found():
    case = a_case()
    Statement.objects.update(organisation=None)
    assert signed_in(case.merchant).get(_of(case, "statement")).status_code == 200


def test_forms_need_their_token(case):
    client = Client(enforce_csrf_checks=True)
    client.force_login(case.merchant)
    session = client.session
    session[EPOCH] = 0
    session.save()
    for url in (_of(case, "lodge"), _of(case, "upload")):
        assert client.post(url, {"text": TEXT}).status_code == 403


@pytest.mark.parametrize("name", ["upload", "lodge"])
def test_a_form_is_not_read_by_getting_it(client, case, name):
    assert client.get(_of(case, name)).status_code == 405


# words of others


SCRIPT = "<script>alert('x')</script>"


def test_words_of_offers_merchants_and_files_are_shown_as_words():
    own, person = a_merchant(name=f"Shop {SCRIPT}")
    content = a_content(
        offer=Offer(f"Watch {SCRIPT}"), discrepancies=(Discrepancy("price-gap", SCRIPT, 1.0, f"Says {SCRIPT}.", 1),)
    )
    case = a_case(own, content, in_force_at=timezone.now(), item={"title": f"Watch {SCRIPT}"})
    client = signed_in(person)
    client.post(_of(case, "upload"), {"kind": "invoice", "file": _file(name=f"a{SCRIPT}.pdf")})
    client.post(_of(case, "lodge"), {"text": f"Not right {SCRIPT} <img src=x onerror=alert(1)>"})
    appeal = Appeal.objects.get()
    for url in (
        _url("statements"),
        _of(case, "statement"),
        _url("appeals"),
        _url("appeal", appeal.pk),
        _url("standing"),
    ):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page and "<img src=x" not in page, url
    assert "&lt;script&gt;" in client.get(_of(case, "statement")).content.decode()


# cost


def _queries(client, url, django_assert_max_num_queries, most):
    with django_assert_max_num_queries(most) as counted:
        assert client.get(url).status_code == 200
    return len(counted)


@pytest.mark.parametrize("name", ["statements", "appeals", "standing"])
def test_the_number_of_queries_does_not_grow_with_rows(client, case, name, django_assert_max_num_queries):
    def more(n):
        for _ in range(n):
            other = a_case(case.organisation, in_force_at=timezone.now())
            strikes.give_for(AUTOMATION, other.decision)
            _lodged(other)

    more(2)
    first = _queries(client, _url(name), django_assert_max_num_queries, 20)
    more(6)
    assert _queries(client, _url(name), django_assert_max_num_queries, 20) == first


def test_the_number_of_queries_of_one_statement_does_not_grow(client, case, django_assert_max_num_queries):
    client.get(_of(case, "statement"))
    _sent(case)
    appeals.withdraw(Actor.of(case.merchant), _lodged(case))
    first = _queries(client, _of(case, "statement"), django_assert_max_num_queries, 25)
    for _ in range(4):
        _sent(case)
        appeals.withdraw(Actor.of(case.merchant), _lodged(case))
    assert _queries(client, _of(case, "statement"), django_assert_max_num_queries, 25) == first
