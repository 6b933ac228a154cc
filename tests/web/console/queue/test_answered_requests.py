"""A merchant's answer to a request for an invoice on the pages: home, the list, the item, the decision, the portal."""

import pytest
from django.urls import reverse

from assay.casework.choices import Choice
from assay.casework.models import Role
from assay.casework.services import claims, decisions, documents
from assay.casework.services.recording import Actor
from tests.casework.builders import a_person, an_item
from tests.casework.files_sent import a_pdf
from tests.casework.merchant_cases import a_content, a_merchant
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db
NAME = "proof-of-purchase.pdf"


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def analyst():
    return a_person(Role.ANALYST)


@pytest.fixture
def merchant():
    return a_merchant()[1]


@pytest.fixture
def asked(analyst, merchant):
    item = an_item(merchant_id=merchant.organisation.merchant_id, content=a_content().to_json())
    made = decisions.decide(Actor.of(analyst), item, Choice("inconclusive", "ask_invoice", "no-provenance"))
    documents.upload(Actor.of(merchant), a_pdf(), NAME, "invoice", decision=made)
    return made


def _read(person, name, *args, query=""):
    return signed_in(person).get(reverse(name, args=args) + query).content.decode()


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SENIOR, Role.AUDITOR])
def test_the_item_and_the_decision_name_the_document_and_lead_to_it(asked, role):
    person, link = a_person(role), reverse("console:case-document", args=[asked.documents.get().pk])
    for page in (_read(person, "console:item", asked.item_id), _read(person, "console:decision", asked.reference)):
        assert NAME in page and link in page and "nobody has opened it" in page


def test_the_item_says_that_the_merchant_answered_until_somebody_decided(asked, analyst):
    assert "The merchant answered our request" in _read(analyst, "console:item", asked.item_id)
    decisions.decide(Actor.of(analyst), asked.item, Choice("genuine", "none", "proof-accepted"))
    page = _read(analyst, "console:item", asked.item_id)
    assert "The merchant answered our request" not in page and NAME in page


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SENIOR])
def test_the_home_page_counts_a_request_once_and_leads_to_the_list(asked, merchant, analyst, role):
    documents.upload(Actor.of(merchant), a_pdf(), "more.pdf", "invoice", decision=asked)
    page = _read(a_person(role), "console:home")
    tile = f'href="{reverse("console:documents")}?state=waiting"><b>%d</b>'
    assert tile % 1 in page
    decisions.decide(Actor.of(analyst), asked.item, Choice("genuine", "none", "proof-accepted"))
    assert tile % 0 in _read(a_person(role), "console:home")


def test_the_list_says_which_wait(asked, analyst):
    query = "?state=waiting"
    assert "waits for a look" in _read(analyst, "console:documents", query=query)
    decisions.decide(Actor.of(analyst), asked.item, Choice("genuine", "none", "proof-accepted"))
    assert NAME not in _read(analyst, "console:documents", query=query)
    page = _read(analyst, "console:documents")
    assert NAME in page and "answered" in page


def test_a_refused_reason_says_why_beside_the_form(asked, analyst):
    claims.take(Actor.of(analyst), asked.item)
    client = signed_in(analyst)
    form = {"course": "inconclusive/remove/no-provenance", "then": "stay"}
    response = client.post(reverse("console:item-answer", args=[asked.item_id]), form)
    assert response.status_code == 409 and "open the document on the item" in response.content.decode()
    client.get(reverse("console:case-document", args=[asked.documents.get().pk]))
    assert client.post(reverse("console:item-answer", args=[asked.item_id]), form).status_code == 302


def test_the_merchant_reads_what_came_of_it_and_is_offered_no_appeal(asked, analyst, merchant):
    made = decisions.decide(Actor.of(analyst), asked.item, Choice("genuine", "none", "proof-accepted"))
    assert made.reference in _read(merchant, "portal:statements")
    page = _read(merchant, "portal:statement", made.reference)
    assert NAME in page and "It restricts nothing." in page
    assert reverse("portal:lodge", args=[made.reference]) not in page
    assert reverse("portal:upload", args=[made.reference]) not in page
    assert "what was sent has been decided about" in _read(merchant, "portal:statement", asked.reference)


def test_documents_on_a_page_cost_no_queries_each(asked, analyst, merchant, django_assert_max_num_queries):
    client, url = signed_in(analyst), reverse("console:item", args=[asked.item_id])
    with django_assert_max_num_queries(60) as first:
        client.get(url)
    for n in range(4):
        documents.upload(Actor.of(merchant), a_pdf(), f"{n}.pdf", "invoice", decision=asked)
    with django_assert_max_num_queries(len(first.captured_queries)):
        client.get(url)
