"""Many items with one choice: what was shown is what happens, and it is undone together."""

from __future__ import annotations

import pytest

from assay.casework.access import NotThere, Refused
from assay.casework.choices import Choice
from assay.casework.models import Answer, Decision, Gold, Item, Review, Role
from assay.casework.reasons import HIGH_IMPACT_HARM_MINOR
from assay.casework.services import bulk, claims
from assay.casework.services.bulk import Fate
from assay.casework.services.recording import Actor
from assay.market.errors import CallerError
from tests.casework.builders import NOW, a_decision, a_finding, a_person, an_item

pytestmark = pytest.mark.django_db
REMOVE = Choice("counterfeit", "remove", "facts-do-not-fit")


@pytest.fixture
def actor():
    return Actor.of(a_person())


def _mixed():
    plain, shop, decided, held = (
        an_item(),
        an_item(subject_type="merchant"),
        an_item(state="decided"),
        an_item(harm_minor=5_000_000),
    )
    claims.take(Actor.of(a_person()), held)
    held.refresh_from_db()
    return [plain, shop, decided, held]


def test_the_plan_says_the_fate_of_every_row_and_writes_nothing(actor):
    rows = bulk.plan(actor, _mixed(), REMOVE)
    assert [row.fate for row in rows] == [Fate.ACTS, Fate.DOES_NOT_FIT, Fate.NOT_OPEN, Fate.HELD]
    assert not Decision.objects.exists()


def test_what_was_planned_is_what_happens_under_one_batch(actor):
    items = _mixed()
    planned = [row.fate for row in bulk.plan(actor, items, REMOVE)]
    done = bulk.apply(actor, items, REMOVE)
    assert [row.fate for row in done.rows] == planned and done.n_done == 1
    assert list(bulk.decisions_of(done.id).values_list("state", flat=True)) == ["in_force"]


@pytest.mark.parametrize(("n", "fate", "state"), [(4, Fate.ACTS, "in_force"), (5, Fate.PROPOSES, "proposed")])
def test_many_small_goods_together_may_need_the_second_person_that_none_needs_alone(actor, n, fate, state):
    items = [an_item(harm_minor=HIGH_IMPACT_HARM_MINOR // 5) for _ in range(n)]
    assert {row.fate for row in bulk.plan(actor, items, REMOVE)} == {fate}
    done = bulk.apply(actor, items, REMOVE)
    assert [row.decision.state for row in done.rows] == [state] * n


def test_what_is_decided_alone_is_not_weighed_with_others(actor):
    for item in [an_item(harm_minor=HIGH_IMPACT_HARM_MINOR // 5) for _ in range(5)]:
        (row,) = bulk.apply(actor, [item], REMOVE).rows
        assert row.fate == Fate.ACTS


def test_an_item_with_a_known_answer_looks_like_any_other_and_is_answered_blindly(actor):
    known, usual = a_decision().item, an_item()
    Gold.objects.create(
        item=known, answer=Answer.GENUINE, source="examined", added_by=a_person(Role.SENIOR), added_at=NOW
    )
    assert [row.fate for row in bulk.plan(actor, [known, usual], REMOVE)] == [Fate.ACTS, Fate.ACTS]
    done = bulk.apply(actor, [known, usual], REMOVE)
    assert [row.fate for row in done.rows] == [Fate.ACTS, Fate.ACTS]
    assert list(bulk.decisions_of(done.id).values_list("item", flat=True)) == [usual.pk]
    assert Review.objects.filter(item=known, kind="gold").count() == 1


def test_a_row_that_rests_on_another_finding_than_the_one_seen_is_skipped(actor):
    items = [an_item(), an_item()]
    seen = {each.pk: each.finding_id for each in items}
    items[0].finding = a_finding(items[0])
    items[0].save(update_fields=["finding"])
    done = bulk.apply(actor, items, REMOVE, seen=seen)
    assert [row.fate for row in done.rows] == [Fate.CHANGED, Fate.ACTS]
    assert dict(done.skipped) == {Fate.CHANGED: 1}
    assert list(Decision.objects.values_list("item", flat=True)) == [items[1].pk]


def test_a_row_that_somebody_took_meanwhile_is_skipped(actor):
    items = [an_item(), an_item()]
    claims.take(Actor.of(a_person()), items[0])
    done = bulk.apply(actor, items, REMOVE)  # the rows are as they were before
    assert [row.fate for row in done.rows] == [Fate.HELD, Fate.ACTS]


def test_a_whole_batch_is_undone(actor):
    done = bulk.apply(actor, [an_item(), an_item(harm_minor=5_000_000)], REMOVE)
    undone = bulk.undo_batch(actor, done.id, reason="the brand withdrew its list")
    assert undone.n_undone == 2 and not undone.kept
    assert set(Item.objects.values_list("state", flat=True)) == {"open"}
    assert bulk.undo_batch(actor, done.id, reason="again").n_undone == 0


def test_somebody_else_cannot_undo_it_but_a_senior_can(actor):
    done = bulk.apply(actor, [an_item()], REMOVE)
    Item.objects.update(needs_blind_review=False)
    assert len(bulk.undo_batch(Actor.of(a_person()), done.id, reason="no").kept) == 1
    Item.objects.update(needs_blind_review=True)  # now the colleague may be asked, and must not know of it
    with pytest.raises(NotThere):
        bulk.undo_batch(Actor.of(a_person()), done.id, reason="no")
    assert bulk.undo_batch(Actor.of(a_person(Role.SENIOR)), done.id, reason="looked again").n_undone == 1


def test_none_too_many_and_unknown_batches_are_refused(actor):
    with pytest.raises(CallerError, match="choose 1 to 500"):
        bulk.plan(actor, [], REMOVE)
    with pytest.raises(CallerError, match="choose 1 to 500"):
        bulk.plan(actor, [an_item()] * 501, REMOVE)
    with pytest.raises(CallerError, match="no batch"):
        bulk.undo_batch(actor, "", reason="x")
    with pytest.raises(Refused):
        bulk.plan(Actor.of(a_person(Role.AUDITOR)), [an_item()], REMOVE)
