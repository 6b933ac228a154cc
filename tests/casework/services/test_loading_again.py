"""A new rating brings open items up to date and never goes over what people decided."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from assay.casework.findings import Content, Discrepancy, Fact, canonical_sha256
from assay.casework.models import (
    Action,
    AnalysisRun,
    AuditEvent,
    Decision,
    Finding,
    Item,
    ItemState,
    Statement,
    Stream,
    StrikeProposal,
)
from assay.casework.services import batches, documents, statements
from assay.casework.services.ranking import rank
from assay.casework.services.recording import WORKER, Actor
from assay.market.errors import CallerError
from tests.casework.builders import NOW, a_person
from tests.casework.files_sent import a_pdf
from tests.casework.loads import LEAST, an_open_listing, decided, frozen, load, snapshot
from tests.casework.merchant_cases import a_merchant
from tests.casework.rated_runs import a_later_run, scores, the_run

pytestmark = pytest.mark.django_db
PROOF = Fact("authentication", "Authentication", "counterfeit by two examinations of a test buy (U1, 2026-03-01)")
STANDING = Discrepancy("strikes-standing", "strikes that count", 3.0, "Three strikes count.")


@pytest.fixture(scope="module")
def loaded_once(django_db_setup, django_db_blocker):
    """The tiny run, loaded once for the tests that begin after a load: each works in a transaction within this one."""
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            yield load()
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


def test_flagged_goods_and_merchants_come_with_frozen_findings(loaded_once):
    rated = scores(the_run())
    goods = list(Item.objects.filter(subject_type="listing", stream=Stream.FLAGGED).select_related("finding"))
    assert goods
    assert Item.objects.filter(subject_type="merchant").exists()
    for item in Item.objects.select_related("finding", "run"):
        content = Content.read(item.finding.content)
        assert item.finding.content_sha256 == content.sha256 == canonical_sha256(item.finding.content)
        assert (content.about.subject_type, content.about.subject_id) == (item.subject_type, item.subject_id)
        assert item.finding.score == item.score == content.waterfall.score
        assert item.finding.item_id == item.pk
        assert item.rank == rank(item.harm_minor, item.opened_at)
        assert item.run == loaded_once.run
        total = content.waterfall.base_points + sum(step.points for step in content.waterfall.steps)
        assert content.waterfall.score == pytest.approx(100 / (1 + 10 ** -(total / 100 / 2.302585093)), abs=0.006)
    assert all(item.score == rated[item.subject_id] >= LEAST for item in goods)
    assert loaded_once.counts["opened"] == Item.objects.count()


def test_no_personal_data_of_a_merchant_is_frozen(loaded_once):
    for finding in Finding.objects.all():
        said = json.dumps(finding.content)
        assert "@mail.example" not in said
        assert "payout_account" not in said


def test_loading_a_run_twice_changes_nothing_and_says_so(loaded_once):
    before = snapshot()
    again = load()
    assert again.is_unchanged
    assert snapshot() == before


def test_the_same_run_frozen_twice_has_the_same_hashes(loaded_once):
    first = sorted(Finding.objects.values_list("content_sha256", flat=True))
    Item.objects.update(finding=None)
    Finding.objects.all().delete()
    Item.objects.all().delete()
    AnalysisRun.objects.all().delete()
    load(batch=7)
    assert sorted(Finding.objects.values_list("content_sha256", flat=True)) == first


def test_the_same_run_with_other_settings_is_refused(loaded_once):
    with pytest.raises(CallerError, match=r"was loaded with a least score of 20, 15 drawn by seed 1, not with"):
        load(least_score=30.0)


def test_a_new_run_brings_open_items_up_to_date_and_keeps_their_age(loaded_once, tmp_path):
    item = an_open_listing()
    Item.objects.filter(pk=item.pk).update(opened_at=NOW)
    loaded = load(a_later_run(tmp_path / "later", listings={item.subject_id: 60}), n_random=0)
    after = Item.objects.get(pk=item.pk)
    assert after.score > item.score
    assert after.state == ItemState.OPEN
    assert after.opened_at == NOW
    assert after.rank == rank(after.harm_minor, NOW)
    assert after.run == loaded.run
    assert after.finding.score == after.score
    assert Finding.objects.filter(item=item).count() == 2
    assert not AuditEvent.objects.filter(subject_type="item", subject_id=str(item.pk)).exists()


def test_a_batch_leaves_one_event_with_its_items_and_hashes_of_how_they_stood_and_stand(loaded_once, tmp_path):
    n_before, item = AuditEvent.objects.count(), an_open_listing()
    was, n_items = batches.standing([item]), Item.objects.count()
    loaded = load(a_later_run(tmp_path / "later", listings={item.subject_id: 60}), n_random=0, batch=1_000)
    told = list(AuditEvent.objects.filter(seq__gt=n_before, action="run.items_written"))
    assert {each.subject_id for each in told} == {str(loaded.run.pk)}
    assert len(told) < 5 < n_items
    listings = Item.objects.filter(subject_type="listing", run=loaded.run).order_by("pk")
    assert told[0].after == batches.told(batches.standing(listings))
    assert told[0].before["items"] == told[0].after["items"] and told[0].before != told[0].after
    assert batches.standing([item]) != was


def test_a_snoozed_item_is_brought_up_to_date_and_sleeps_on(loaded_once, tmp_path):
    item = an_open_listing()
    until = timezone.now() + timedelta(days=3)
    Item.objects.filter(pk=item.pk).update(state=ItemState.SNOOZED, snoozed_until=until)
    load(a_later_run(tmp_path / "later", listings={item.subject_id: 60}), n_random=0)
    after = Item.objects.get(pk=item.pk)
    assert (after.state, after.snoozed_until) == (ItemState.SNOOZED, until)
    assert after.score > item.score


def test_a_claim_ends_when_a_new_run_changes_the_facts(loaded_once, tmp_path):
    item, person = an_open_listing(), a_person()
    until = timezone.now() + timedelta(hours=1)
    Item.objects.filter(pk=item.pk).update(claimed_by=person, claimed_until=until, claimed_for="first")
    load(a_later_run(tmp_path / "later"), n_random=0)
    after = Item.objects.get(pk=item.pk)
    assert after.claimed_by is None
    assert after.claimed_until is None
    event = AuditEvent.objects.get(action="item.claim_ended")
    assert event.before == {"held_by": person.pk, "for": "first", "until": until.isoformat()}
    assert (event.subject_type, event.subject_id) == ("item", str(item.pk))


def test_a_claim_ends_with_an_event_when_a_new_run_closes_its_item(loaded_once, tmp_path):
    item, person = an_open_listing(), a_person()
    Item.objects.filter(pk=item.pk).update(claimed_by=person, claimed_until=timezone.now() + timedelta(hours=1))
    load(a_later_run(tmp_path / "later", listings={item.subject_id: -600}), n_random=0)
    actions = list(AuditEvent.objects.filter(subject_id=str(item.pk), subject_type="item").values_list("action"))
    assert actions == [("item.claim_ended",), ("item.closed_by_run",)]


def test_what_is_no_longer_flagged_is_closed_with_an_event(loaded_once, tmp_path):
    item = an_open_listing()
    loaded = load(a_later_run(tmp_path / "later", listings={item.subject_id: -600}), n_random=0)
    after = Item.objects.get(pk=item.pk)
    assert after.state == ItemState.CLOSED
    assert after.finding_id == item.finding_id
    event = AuditEvent.objects.get(action="item.closed_by_run", subject_id=str(item.pk))
    assert (event.before["state"], event.after["state"]) == ("open", "closed")
    assert "does not flag it" in event.reason
    assert loaded.counts["closed"] == AuditEvent.objects.filter(action="item.closed_by_run").count()


def test_what_a_merchant_sent_an_invoice_for_is_left_open_until_somebody_has_looked(loaded_once, tmp_path, settings):
    settings.HOME = tmp_path
    item = an_open_listing()
    _own, merchant = a_merchant(merchant_id=item.merchant_id)
    asked = decided(item, action=Action.ASK_INVOICE, answer="inconclusive", reason_code="no-provenance")
    statements.issue(WORKER, asked)
    Decision.objects.filter(pk=asked.pk).update(ends_at=timezone.now())
    Statement.objects.update(appeal_by=timezone.now() + timedelta(days=9))
    documents.upload(Actor.of(merchant), a_pdf(), "invoice.pdf", "invoice", decision=asked)
    Item.objects.filter(pk=item.pk).update(state=ItemState.OPEN)
    load(a_later_run(tmp_path / "later", listings={item.subject_id: -600}), n_random=0)
    assert Item.objects.get(pk=item.pk).state == ItemState.OPEN


@pytest.mark.parametrize("points", [60, -600], ids=["flagged", "no longer flagged"])
def test_what_a_test_buy_raised_keeps_its_place_and_its_proof(loaded_once, tmp_path, points):
    item = an_open_listing()
    finding = Finding.objects.create(
        item=item,
        run=item.run,
        frozen_at=NOW,
        score=item.score,
        content=replace(Content.read(item.finding.content), facts=(PROOF,)).to_json(),
        content_sha256="0" * 64,
    )
    Item.objects.filter(pk=item.pk).update(stream=Stream.TEST_BUY, rank=9.0, finding=finding)
    load(a_later_run(tmp_path / "later", listings={item.subject_id: points}), n_random=0)
    after = Item.objects.get(pk=item.pk)
    assert (after.state, after.stream, after.rank) == (ItemState.OPEN, Stream.TEST_BUY, 9.0)
    assert (after.run != item.run) is (points > 0)
    assert Content.read(after.finding.content).facts[0] == PROOF


def _a_merchant_put_forward(*discrepancies, state=ItemState.OPEN):
    """A merchant's item with a proposal by strikes, whose finding holds these discrepancies."""
    item = Item.objects.filter(subject_type="merchant", stream=Stream.FLAGGED)[0]
    content = replace(Content.read(item.finding.content), discrepancies=discrepancies)
    item.finding = Finding.objects.create(
        item=item, frozen_at=NOW, score=item.score, content=content.to_json(), content_sha256="1" * 64
    )
    item.state = state
    item.save(update_fields=["finding", "state"])
    StrikeProposal.objects.create(
        merchant_id=item.subject_id, item=item, weight=3, threshold=3, action="suspend", proposed_at=timezone.now()
    )
    return item


@pytest.mark.parametrize("points", [0, -600], ids=["flagged", "no longer flagged"])
def test_a_merchant_whose_strikes_put_it_forward_waits_on_and_the_reason_stays(loaded_once, tmp_path, points):
    item = _a_merchant_put_forward(STANDING)
    load(a_later_run(tmp_path / "later", merchants={item.subject_id: points}), n_random=0)
    after = Item.objects.get(pk=item.pk)
    assert after.state == ItemState.OPEN
    assert Content.read(after.finding.content).discrepancies[0] == STANDING


def test_a_merchant_whose_strikes_were_taken_back_is_closed_when_ratings_do_not_flag_it(loaded_once, tmp_path):
    item = _a_merchant_put_forward()
    load(a_later_run(tmp_path / "later", merchants={item.subject_id: -600}), n_random=0)
    assert Item.objects.get(pk=item.pk).state == ItemState.CLOSED


def test_an_item_that_a_run_opens_again_is_not_put_forward_by_the_strikes_of_before(loaded_once, tmp_path):
    item = _a_merchant_put_forward(STANDING, state=ItemState.CLOSED)
    load(a_later_run(tmp_path / "later"), n_random=0)
    after = Item.objects.get(pk=item.pk)
    assert after.state == ItemState.OPEN
    assert STANDING not in Content.read(after.finding.content).discrepancies


def test_a_closed_item_that_is_flagged_again_is_open_again(loaded_once, tmp_path):
    item = an_open_listing()
    load(a_later_run(tmp_path / "one", listings={item.subject_id: -600}), n_random=0)
    load(a_later_run(tmp_path / "two", days=2), n_random=0)
    after = Item.objects.get(pk=item.pk)
    assert after.state == ItemState.OPEN
    assert after.opened_at > item.opened_at
    assert AuditEvent.objects.get(action="item.reopened_by_run").subject_id == str(item.pk)


def test_a_decision_that_did_something_is_never_touched(loaded_once, tmp_path):
    items = list(Item.objects.filter(subject_type="listing", inclusion_probability=None)[:9])
    actions = [Action.REMOVE, Action.WARN, Action.DEMOTE] * 3
    points = [0] * 3 + [300] * 3 + [-600] * 3
    for item, action in zip(items, actions, strict=True):
        decided(item, action=action)
    before = [frozen(item) for item in items]
    changes = {item.subject_id: more for item, more in zip(items, points, strict=True)}
    load(a_later_run(tmp_path / "later", listings=changes), n_random=0)
    assert [frozen(item) for item in items] == before


def test_nothing_done_is_reopened_when_the_score_rises_into_a_higher_band(loaded_once, tmp_path):
    item = Item.objects.filter(subject_type="listing", score__lt=40, stream=Stream.FLAGGED)[0]
    decision = decided(item, action=Action.NONE, answer="genuine", reason_code="nothing-found")
    load(a_later_run(tmp_path / "later", listings={item.subject_id: 500}), n_random=0)
    after = Item.objects.get(pk=item.pk)
    assert after.state == ItemState.OPEN
    assert after.score >= 80
    assert after.finding_id != decision.finding_id
    assert Finding.objects.filter(item=item).count() == 2
    decision.refresh_from_db()
    assert (decision.state, decision.finding_id) == ("in_force", item.finding_id)
    event = AuditEvent.objects.get(action="item.reopened_by_run")
    assert event.reason == f"The score was {item.score:.1f} when nothing was done and is {after.score:.1f} now."


def test_nothing_done_stays_decided_when_nothing_is_worse(loaded_once, tmp_path):
    items = list(
        Item.objects.filter(subject_type="listing", inclusion_probability=None, score__gt=25, score__lt=75)[:3]
    )
    for item in items:
        decided(item, action=Action.NONE, answer="genuine", reason_code="nothing-found")
    before = [frozen(item) for item in items]
    changes = {item.subject_id: more for item, more in zip(items, (0, 1, -600), strict=True)}
    load(a_later_run(tmp_path / "later", listings=changes), n_random=0)
    assert [frozen(item) for item in items] == before


def test_nothing_done_is_reopened_by_a_discrepancy_of_a_new_kind(loaded_once, tmp_path):
    item = next(
        item
        for item in Item.objects.filter(subject_type="listing", stream=Stream.FLAGGED).select_related("finding")
        if any((each["points"] or 0) > 0 for each in item.finding.content["discrepancies"])
    )
    decision = decided(item, action=Action.NONE, answer="genuine", reason_code="nothing-found")
    less = decision.finding.content | {"discrepancies": []}
    Finding.objects.filter(pk=decision.finding_id).update(content=less, content_sha256=canonical_sha256(less))
    load(a_later_run(tmp_path / "later"), n_random=0)
    assert Item.objects.get(pk=item.pk).state == ItemState.OPEN
    assert "did not include" in AuditEvent.objects.get(action="item.reopened_by_run").reason


def test_what_waits_for_a_second_person_is_left_alone(loaded_once, tmp_path):
    item = an_open_listing()
    decided(item, state="proposed", action=Action.NONE)
    Item.objects.filter(pk=item.pk).update(state=ItemState.PROPOSED)
    before = frozen(item)
    load(a_later_run(tmp_path / "later", listings={item.subject_id: 500}), n_random=0)
    assert frozen(item) == before
