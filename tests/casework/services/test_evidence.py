"""What a case rests on is held against the log: a finding, a letter or an answer rewritten in the database is named."""

import copy
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from assay.casework.audit import evidence
from assay.casework.audit.verification import FaultKind
from assay.casework.choices import Choice
from assay.casework.findings import Content, canonical_sha256
from assay.casework.models import Action, Answer, AuditEvent, Decision, Document, Finding, ItemState, Role, Statement
from assay.casework.queries.audit import kept_rows, stored_events
from assay.casework.services import appeals, auditing, decisions, documents, retention, reviews, statements
from assay.casework.services.appeals import Verdict
from assay.casework.services.recording import Actor, record
from tests.casework.builders import a_person, an_item
from tests.casework.files_sent import a_pdf
from tests.casework.merchant_cases import a_content, a_merchant

pytestmark = pytest.mark.django_db
N_MUTATIONS, SEED = 10_000, 20261128
WHY = "The invoice names the brand's dealer and covers these goods."


@pytest.fixture
def decided():
    """A removal with its statement, a document, an appeal that was answered, and a blind second answer."""
    shop, merchant = a_merchant()
    item = an_item(content=a_content().to_json(), merchant_id=shop.merchant_id, merchant_name=shop.name)
    removal = Choice(Answer.COUNTERFEIT, Action.REMOVE, "facts-do-not-fit", note="seen twice")
    decision = decisions.decide(Actor.of(a_person(Role.SENIOR)), item, removal)
    item.refresh_from_db()
    item.needs_blind_review, item.state = True, ItemState.DECIDED
    item.save(update_fields=["needs_blind_review", "state"])
    blind = a_person(Role.ANALYST)
    item.claimed_by, item.claimed_for, item.claimed_at = blind, "blind", timezone.now()
    item.claimed_until = timezone.now() + timedelta(hours=1)
    item.save()
    reviews.answer(Actor.of(blind), item, removal)
    documents.upload(Actor.of(merchant), a_pdf(), "invoice.pdf", "invoice", decision=decision)
    appeal = appeals.lodge(Actor.of(merchant), decision, text="We bought these from the dealer; see the invoice.")
    appeals.answer(Actor.of(a_person(Role.SENIOR)), appeal, Verdict(is_reversed=False, reasons=WHY))
    return decision


def all_claims():
    return [claim for event in stored_events() for claim in evidence.claims(event.content)]


def all_rows(claims):
    return {table: kept_rows(table, [c.pk for c in claims if c.table == table]) for table in {c.table for c in claims}}


def told(held=None):
    return [fault for fault in auditing.verify(held).faults if fault.kind == FaultKind.ROW]


def test_everything_that_a_case_rests_on_is_held_in_the_log_and_fits(decided):
    report = auditing.verify(auditing.current_checkpoint())
    assert report.sound, report.faults
    assert {claim.table for claim in all_claims()} == evidence.COLUMNS.keys()
    for claim in all_claims():
        assert claim.said, f"{claim.table} {claim.pk} is only said to be there"


def test_the_log_holds_hashes_of_texts_and_not_the_texts(decided):
    said = str(list(AuditEvent.objects.values_list("after", flat=True)))
    statement = Statement.objects.get(decision=decided)
    assert evidence.text_sha256(statement.text) in said and decided.finding.content_sha256 in said
    assert "see the invoice" not in said and WHY not in said and statement.subject not in said


def test_ten_thousand_changes_of_rows_that_a_case_rests_on_are_noticed(decided):
    claims = all_claims()
    rows, rng, unnoticed, ways = all_rows(claims), random.Random(SEED), [], set()
    assert not list(evidence.faults(claims, rows))
    for _ in range(N_MUTATIONS):
        made, how = mutated(rows, rng)
        ways.add(how)
        if not list(evidence.faults(claims, made)):
            unnoticed.append(how)
    assert not unnoticed
    columns = {(table, each) for table, said in evidence.COLUMNS.items() for group in said.values() for each in group}
    assert {(table, how) for table, how in ways if how != "gone"} == columns
    assert {table for table, how in ways if how == "gone"} == evidence.COLUMNS.keys()


def mutated(rows, rng):
    """The rows with one of them gone, or one value of it another one."""
    table = rng.choice(sorted(rows))
    pk = rng.choice(sorted(rows[table]))
    made = {**rows, table: dict(rows[table])}
    if rng.random() < 0.05:
        del made[table][pk]
        return made, (table, "gone")
    column = rng.choice(sorted(rows[table][pk]))
    value = rows[table][pk][column]
    made[table][pk] = {**rows[table][pk], column: rng.choice([lambda: another(value, rng), lambda: None])()}
    return made, (table, column)


def another(value, rng):
    if isinstance(value, dict):
        return another_json(value, rng)
    if isinstance(value, int | float):
        return value + rng.choice([-1, 1, 0.5, 1e-9])
    place = rng.randrange(len(value) + 1)
    return value[:place] + rng.choice("abcxyz09 é仿") + value[place:]


def another_json(value, rng):
    """One leaf of a JSON object changed, or a key left out or added."""
    made = copy.deepcopy(value)
    at = made
    while isinstance(at, dict | list) and at:
        key = rng.choice(sorted(at) if isinstance(at, dict) else range(len(at)))
        if not isinstance(at[key], dict | list) or not at[key]:
            at[key] = "another" if at[key] != "another" else None
            return made
        if rng.random() < 0.1:
            del at[key]
            return made
        at = at[key]
    return {"n": 1}


SQL = [
    ("finding", "UPDATE casework_finding SET score = 12"),
    ("finding", "UPDATE casework_finding SET content_sha256 = 'ab'"),
    ("finding", "UPDATE casework_finding SET content = '{}'"),
    ("decision", "UPDATE casework_decision SET answer = 'genuine'"),
    ("decision", "UPDATE casework_decision SET action = 'warn'"),
    ("decision", "UPDATE casework_decision SET note = 'never seen'"),
    ("decision", "UPDATE casework_decision SET reason_code = 'authentication'"),
    ("review", "UPDATE casework_review SET answer = 'genuine' WHERE kind = 'blind'"),
    ("statement", "UPDATE casework_statement SET text = text || '.'"),
    ("statement", "UPDATE casework_statement SET content = '{\"letter\": {}}'"),
    ("appeal", "UPDATE casework_appeal SET text = 'We give in.'"),
    ("appeal", "UPDATE casework_appeal SET answer_text = ''"),
    ("appealletter", "UPDATE casework_appealletter SET text = '' WHERE kind = 'outcome'"),
    ("appealletter", "UPDATE casework_appealletter SET content = '[]' WHERE kind = 'receipt'"),
    ("appealletter", "DELETE FROM casework_appealletter"),
    ("document", "UPDATE casework_document SET sha256 = 'ab'"),
]


@pytest.mark.parametrize(("table", "statement"), SQL)
def test_what_is_changed_by_sql_is_named(table, statement, decided):
    held = auditing.current_checkpoint()
    with connection.cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount
    found = told(held)
    assert found and {fault.message.split()[0].lower() for fault in found} == {table}
    assert all(fault.seq and fault.message.endswith(".") for fault in found)


def test_a_finding_rewritten_with_a_hash_that_fits_is_told_with_both_hashes(decided):
    finding = decided.finding
    before, content = finding.content_sha256, finding.content | {"discrepancies": []}
    Finding.objects.filter(pk=finding.pk).update(content=content, content_sha256=canonical_sha256(content))
    first = told()[0]
    assert first.message.startswith(f"Finding {finding.pk} is not what event ")
    assert (first.expected, first.got) == (before, canonical_sha256(content))


def test_a_decision_turned_to_another_finding_is_noticed(decided):
    Decision.objects.filter(pk=decided.pk).update(finding=an_item().finding)
    assert [fault.message.partition(" is not")[0] for fault in told()] == [f"Decision {decided.pk}"]


def test_what_was_erased_because_its_term_was_over_is_no_fault(decided):
    later = timezone.now() + timedelta(days=800)
    assert retention.erase_due(later) and Document.objects.get().filename == ""
    assert auditing.verify(auditing.current_checkpoint()).sound


def test_events_from_before_hashes_were_held_verify_as_they_did(decided):
    other = an_item(content=a_content().to_json())
    old = Decision.objects.create(
        **{
            each: getattr(decided, each)
            for each in ("merchant_id", "answer", "action", "reason_code", "decided_at", "state")
        },
        reference="D-OLD",
        item=other,
        finding=other.finding,
    )
    with transaction.atomic():
        said = {"item": other.pk, "answer": "counterfeit", "action": "remove", "reason_code": "facts-do-not-fit"}
        record(Actor.of(a_person()), "decision.made", old, after=said | {"state": "in_force", "note": ""})
    Finding.objects.filter(pk=other.finding_id).update(score=1.0)
    assert auditing.verify().sound


def test_numbers_that_postgresql_writes_in_another_way_are_the_same_finding():
    content = Content.read(a_content().to_json())
    content = replace(content, waterfall=replace(content.waterfall, base=1e16))
    given = content.to_json()
    given["waterfall"]["base"] = 10**16
    assert canonical_sha256(given) != content.sha256
    claim = evidence.Claim(1, "finding", 1, {"content_sha256": content.sha256})
    row = {"content": given, "content_sha256": content.sha256, "score": 91.0}
    assert not list(evidence.faults([claim], {"finding": {1: row}}))


@pytest.mark.parametrize("after", [None, [], {"finding": 1}, {"finding": {"id": "x"}}, {"finding": {"id": 10**30}}])
def test_an_event_of_any_shape_claims_nothing_and_raises_nothing(after):
    with transaction.atomic():
        record(Actor.of(a_person()), "audit.exported", an_item(), after={"n": 1})
    event = next(iter(stored_events())).content
    object.__setattr__(event, "after", after)
    assert list(evidence.claims(event)) == []


def test_rows_are_looked_up_a_few_hundred_at_a_time(decided, monkeypatch):
    monkeypatch.setattr(evidence, "_AT_ONCE", 3)
    asked = []
    watch = evidence.Watch(lambda table, pks: asked.append(len(pks)) or kept_rows(table, pks))
    assert len(list(watch.over(stored_events()))) == AuditEvent.objects.count()
    assert watch.n_faults == 0 and max(asked) <= 4 and len(asked) > len(evidence.COLUMNS)


def test_a_statement_issued_twice_is_one_claim(decided):
    with transaction.atomic():
        statements.issue(Actor.of(a_person(Role.SENIOR)), decided)
    assert [claim.table for claim in all_claims()].count("statement") == 1
