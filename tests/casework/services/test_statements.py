"""A statement of reasons says everything the law asks for, in the merchant's language, and is frozen as it was sent."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.casework.access import NotThere
from assay.casework.findings import Discrepancy, Fact, Offer
from assay.casework.letters import Facts, transparency
from assay.casework.letters.languages import LANGUAGES
from assay.casework.letters.transparency import faults, without_personal_data
from assay.casework.models import Action, AuditEvent, Role, Statement
from assay.casework.reasons import REASONS
from assay.casework.services import strikes
from assay.casework.services.recording import AUTOMATION, Actor
from assay.casework.services.statements import issue, mark_read, months_after
from assay.pipeline.labels import _LABELS
from tests.casework.builders import NOW, a_decision, a_person, an_item, an_organisation, days
from tests.casework.golden_letters import same_as_golden
from tests.casework.merchant_cases import PRICE, REPLICA, YOUNG, a_case, a_content, a_merchant

pytestmark = pytest.mark.django_db
EXAMINED = "counterfeit by two examinations of a test buy (unit-0007, 2026-05-28)"
BODY = "Example Board for Disputes, 1 Sample Street, Brussels"

# name: what is decided, on what, and how it came up
LETTERS = {
    "warn": ("listing", {"action": "warn", "reason_code": "brand-disguised", "ends_at": NOW + days(90)}, {}),
    "ask-invoice": (
        "listing",
        {"action": "ask_invoice", "reason_code": "no-provenance", "ends_at": NOW + days(14)},
        {},
    ),
    "demote": ("listing", {"action": "demote", "ends_at": NOW + days(30)}, {"stream": "random"}),
    "demote-account": (
        "merchant",
        {"action": "demote", "reason_code": "repeated", "answer": "counterfeit", "ends_at": NOW + days(30)},
        {},
    ),
    "remove": ("listing", {"action": "remove"}, {}),
    "remove-test-buy": ("listing", {"action": "remove", "reason_code": "authentication"}, {"stream": "test_buy"}),
    "remove-automatic": ("listing", {"action": "remove", "is_automatic": True}, {"stream": "live"}),
    "suspend": ("merchant", {"action": "suspend", "reason_code": "identity", "ends_at": NOW + days(30)}, {}),
    "close": ("merchant", {"action": "close", "reason_code": "authentication"}, {}),
}


def _sent(name, language="en", settings=None):
    subject, decided, item = LETTERS[name]
    if settings is not None:
        settings.ASSAY_DISPUTE_BODY, settings.ASSAY_TERMS_URL = BODY, "https://market.example/terms"
    an_organisation(name="Example Market") if not _has_market() else None
    own, _person = a_merchant(name="Shop 1" if language == "en" else "第一商店", language=language, merchant_id="M1")
    said = {"subject_type": subject, "subject_id": "L1" if subject == "listing" else "M1", **item}
    content = a_content(subject)
    if subject == "merchant":
        content = replace(
            content, discrepancies=content.merchant_discrepancies, merchant_discrepancies=(), offer=Offer()
        )
    if item.get("stream") == "test_buy":
        content = replace(content, facts=(Fact("authentication", "Authentication", EXAMINED),))
    second = {"approved_by": a_person(Role.SENIOR)} if decided["action"] in ("suspend", "close") else {}
    return a_case(own, content, item=said, reference="D-0000042", **decided, **second)


def _has_market():
    from assay.casework.models import Organisation

    return Organisation.objects.filter(name="Example Market").exists()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", LETTERS)
def test_every_letter_reads_as_reviewed(name, language, settings):
    sent = _sent(name, language, settings).statement
    same_as_golden(f"{language}/statement-{name}.txt", sent.text)


@pytest.mark.parametrize("name", LETTERS)
def test_what_goes_to_the_transparency_database_reads_as_reviewed_and_passes_its_rules(name, settings):
    import json

    found = _sent(name, "zh-hans", settings).statement.content["transparency"]
    same_as_golden(f"transparency/{name}.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    assert found is None or faults(found) == []
    assert (found is None) == (name in ("warn", "ask-invoice"))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_facts_are_quoted_word_for_word(language):
    text = _sent("remove", language).statement.text
    assert all(sentence in text for sentence in (PRICE, REPLICA, YOUNG))


def test_a_decision_without_action_has_no_statement():
    assert issue(Actor.of(a_person()), a_decision(action=Action.NONE, reason_code="nothing-found")) is None


def test_a_statement_is_issued_once_and_the_log_says_so():
    case = a_case()
    assert issue(AUTOMATION, case.decision) == case.statement
    assert Statement.objects.count() == 1
    assert AuditEvent.objects.get(action="statement.issued").after["decision"] == case.decision.reference


def test_the_objection_is_possible_for_six_months_to_the_end_of_the_day():
    assert a_case().statement.appeal_by == datetime(2026, 12, 1, 23, 59, 59, tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)), st.integers(1, 24))
def test_months_later_is_never_too_short_by_more_than_a_shorter_month(at, months):
    later = months_after(at, months)
    assert (later.year * 12 + later.month) - (at.year * 12 + at.month) == months
    assert later.day <= at.day and (later.day == at.day or later.day >= 28)


def test_the_language_is_the_merchants_and_english_where_nobody_signed_up():
    own, _ = a_merchant(language="zh-hans")
    assert a_case(own).statement.language == "zh-hans"
    item = an_item(content=a_content().to_json(), merchant_id="unknown", state="decided")
    sent = issue(AUTOMATION, a_decision(item))
    assert (sent.language, sent.organisation) == ("en", None)


def test_no_letter_names_a_reviewer_or_quotes_their_note():
    decided_by = a_person(Role.ANALYST, name="Wanda Reviewer")
    second = a_person(Role.SENIOR, name="Sam Second")
    sent = a_case(decided_by=decided_by, approved_by=second, note="seen with notifier Nora").statement
    for text in (sent.text, str(sent.content)):
        assert not any(word in text for word in ("Wanda", "Sam Second", "Nora", decided_by.email))


def test_the_letter_counts_the_strike_whether_it_was_given_before_or_after():
    item = an_item(content=a_content().to_json(), merchant_id="M77", state="decided")
    first = a_decision(item)
    strikes.give_for(AUTOMATION, first)
    assert "the account stands at 1 strike." in issue(AUTOMATION, first).text
    other = an_item(content=a_content().to_json(), merchant_id="M77", state="decided")
    second = a_decision(other, in_force_at=NOW + days(20))
    assert "the account stands at 2 strikes." in issue(AUTOMATION, second).text


def test_words_of_an_offer_cannot_look_like_a_part_of_the_letter():
    hostile = "Watch\n\n6. If you do not agree\n\nPay us\u202e"
    content = a_content(offer=Offer(hostile), discrepancies=(Discrepancy("price-gap", "x", 1.0, hostile, 1),))
    text = a_case(content=content).statement.text
    assert "\n6. If you do not agree" in text and text.count("\n6. If you do not agree") == 1
    assert "\u202e" not in text and "⟦U+202E⟧" in text


def test_a_finding_without_sentences_says_that_it_rests_on_the_ground():
    item = an_item(state="decided")
    assert "No single fact of an analysis" in issue(AUTOMATION, a_decision(item)).text


def test_the_first_reading_by_the_merchant_is_noted_once_and_staff_leave_no_trace():
    case = a_case()
    mark_read(Actor.of(a_person(Role.ANALYST)), case.statement)
    case.statement.refresh_from_db()
    assert case.statement.first_read_at is None
    first = mark_read(Actor.of(case.merchant), case.statement).first_read_at
    case.statement.refresh_from_db()
    assert mark_read(Actor.of(case.merchant), case.statement).first_read_at == first
    assert AuditEvent.objects.filter(action="statement.read").count() == 1


def test_another_merchant_does_not_learn_that_a_statement_exists():
    case = a_case()
    _, stranger = a_merchant()
    with pytest.raises(NotThere):
        mark_read(Actor.of(stranger), case.statement)


def test_every_restricting_reason_action_and_signal_can_be_said_in_every_language():
    for say in LANGUAGES.values():
        for reason in REASONS:
            if reason.ground:
                assert say.statement.explained[reason.code] and say.statement.grounds[reason.code]
        for action in Action:
            if action != Action.NONE:
                assert say.statement.subjects[action] and say.statement.decided[action] and say.actions[action]
    assert set(_LABELS) | {"strikes-standing", "authentication"} == set(LANGUAGES["zh-hans"].labels)


def test_a_chinese_letter_holds_no_english_but_what_is_quoted():
    text = _sent("remove", "zh-hans").statement.text
    for quoted in (
        PRICE,
        REPLICA,
        YOUNG,
        "Norvane TR-200 aaa quality",
        "D-0000042",
        "Example Market",
        "UTC",
        "L1",
        "M1",
    ):
        text = text.replace(quoted, "")
    assert not any("a" <= letter.lower() <= "z" for letter in text)


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("write to nora@example.org now", "nora@example.org"),
        ("call +86 138 0013 8000", "138"),
        ("call 13800138000", "138"),
        ("vx: nora88", "nora88"),
        ("加微信 nora88 看货", "nora88"),
        ("see https://x.example/nora", "nora"),
        ("account 6222-0210-0111-6245", "6222"),
    ],
)
def test_what_could_name_a_person_stays_out_of_the_public_fields(text, gone):
    content = a_content(discrepancies=(Discrepancy("price-gap", "price", 1.0, f"The title says “{text}”.", 1),))
    assert gone in a_case(content=content).statement.text
    assert gone not in a_case(content=content).statement.content["transparency"]["decision_facts"]
    assert gone not in without_personal_data(text)


def test_the_merchants_own_name_and_ids_stay_out_of_the_public_fields():
    own, _ = a_merchant(name="Nora Trading", merchant_id="M-nora")
    content = a_content(discrepancies=(Discrepancy("price-gap", "price", 1.0, "Nora Trading asks 1.00 EUR.", 1),))
    public = a_case(own, content, item={"subject_id": "L-nora"}).statement.content["transparency"]
    assert "nora" not in str(public).lower()


GOOD = {
    "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
    "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
    "illegal_content_legal_ground": "law",
    "illegal_content_explanation": "why",
    "content_type": ["CONTENT_TYPE_PRODUCT"],
    "category": "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    "content_date": "2026-01-01",
    "application_date": "2026-06-01",
    "decision_facts": "facts",
    "source_type": "SOURCE_VOLUNTARY",
    "automated_detection": "Yes",
    "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
    "puid": "D-1",
}


def test_a_good_statement_has_no_faults():
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"decision_visibility": None}, "no restriction"),
        ({"decision_visibility": ["DECISION_VISIBILITY_OTHER"]}, "decision_visibility_other is needed"),
        ({"decision_visibility": ["GONE"]}, "decision_visibility is"),
        ({"illegal_content_explanation": ""}, "illegal_content_explanation is needed"),
        ({"incompatible_content_ground": "x"}, "does not go with this ground"),
        ({"decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT"}, "incompatible_content_ground is needed"),
        ({"content_type": ["CONTENT_TYPE_OTHER"]}, "content_type_other is needed"),
        ({"content_date": "1999-12-31"}, "content_date"),
        ({"content_date": "01/01/2026"}, "content_date"),
        ({"application_date": "2019-12-31"}, "application_date"),
        ({"end_date_visibility_restriction": "2026-05-31"}, "before application_date"),
        ({"puid": "D 1"}, "puid"),
        ({"puid": "x" * 501}, "puid"),
        ({"decision_facts": "x" * 5_001}, "5001 characters"),
        ({"automated_detection": True}, "automated_detection"),
        ({"automated_decision": "SOMEWHAT"}, "automated_decision"),
        ({"account_type": "ACCOUNT_TYPE_BUSINESS"}, "account_type is given without"),
        ({"territory": "DE"}, "not a field"),
        ({"source_type": ""}, "source_type is missing"),
    ],
)
def test_each_rule_of_the_schema_is_checked(change, said):
    found = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    assert any(said in fault for fault in faults(found)), faults(found)


@pytest.mark.parametrize(("said", "kept"), [(date(1998, 1, 1), "2000-01-01"), (date(2050, 1, 1), f"{NOW:%Y-%m-%d}")])
def test_a_day_outside_the_schema_or_ahead_is_moved_to_the_nearest_possible_one(said, kept):
    facts = Facts(
        "en", "D-1", "remove", "authentication", "illegal", "listing", "L1", "t", "M1", "n", "s",
        NOW, NOW, None, NOW, NOW, 91.0, "flagged", False, False,
    )  # fmt: skip
    assert transparency.content(facts, said)["content_date"] == kept


def test_a_test_buy_that_came_after_a_proposal_is_not_what_drew_attention():
    sent = a_case(content=a_content(), item={"subject_id": "L1", "stream": "test_buy"}).statement
    assert "Automated means drew our attention" in sent.text and "test buy" not in sent.text
