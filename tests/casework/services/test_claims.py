"""Claims are exclusive, leased, limited, and mix in what measures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.access import Refused
from assay.casework.models import Answer, AuditEvent, Gold, Item, Role, Stream
from assay.casework.moves import WrongState
from assay.casework.queries.queue import Wanted
from assay.casework.services import claims
from assay.casework.services.recording import WORKER, Actor
from assay.market.errors import CallerError
from tests.casework.builders import NOW, a_decision, a_person, an_item

pytestmark = pytest.mark.django_db


def never(_one_in):
    return False


def only(one_in):
    return lambda asked: asked == one_in


def _actor(role=Role.ANALYST):
    return Actor.of(a_person(role))


def test_the_next_item_is_the_one_of_highest_rank():
    an_item(rank=1.0)
    best = an_item(rank=3.0)
    an_item(rank=2.0)
    actor = _actor()
    taken = claims.take_next(actor, draw=never)
    assert taken == best
    assert taken.claimed_by == actor.person and taken.claimed_for == "first"
    assert AuditEvent.objects.get().action == "item.claimed"


def test_nobody_gets_what_somebody_holds():
    an_item(rank=3.0)
    second = an_item(rank=2.0)
    claims.take_next(_actor(), draw=never)
    assert claims.take_next(_actor(), draw=never) == second
    assert claims.take_next(_actor(), draw=never) is None


def test_a_lease_in_the_past_does_not_count():
    item = an_item()
    claims.take_next(_actor(), draw=never)
    Item.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    later = _actor()
    assert claims.take_next(later, draw=never) == item
    assert Item.objects.get().claimed_by == later.person


def test_the_next_item_keeps_to_the_filter():
    an_item(rank=9.0, brand="Other")
    wanted = an_item(rank=1.0, brand="Norvane")
    assert claims.take_next(_actor(), Wanted(brand="Norvane"), draw=never) == wanted


def test_a_person_holds_a_few_items_at_most():
    for _ in range(claims.MOST_CLAIMS + 1):
        an_item()
    actor = _actor()
    for _ in range(claims.MOST_CLAIMS):
        assert claims.take_next(actor, draw=never)
    with pytest.raises(CallerError, match="at most 5"):
        claims.take_next(actor, draw=never)
    assert Item.objects.filter(claimed_by=actor.person).count() == claims.MOST_CLAIMS


def _the_sample(actor, wanted=None):
    """What is served of the sample, one after another."""
    served = []
    while taken := claims.take_next(actor, wanted, draw=only(claims.RANDOM_ONE_IN)):
        if taken.inclusion_probability is None:
            return served
        served.append(taken.subject_id)
        Item.objects.filter(pk=taken.pk).update(state="decided", claimed_until=None, claimed_by=None)
    return served


@pytest.mark.parametrize("stream", Stream.values)
def test_now_and_then_the_next_item_was_drawn_at_random_whatever_else_brought_it(stream):
    an_item(rank=9.0)
    at_random = an_item(rank=0.0, stream=stream, inclusion_probability=0.01)
    assert claims.take_next(_actor(), draw=only(claims.RANDOM_ONE_IN)) == at_random


def test_the_sample_is_served_in_an_order_that_harm_score_and_age_do_not_change():
    made = [
        an_item(subject_id=f"S{n}", inclusion_probability=0.01, rank=float(n), score=float(90 - n)) for n in range(12)
    ]
    first = _the_sample(_actor())
    assert set(first) == {item.subject_id for item in made}
    assert first not in (sorted(first), sorted(first, reverse=True))
    for n, item in enumerate(reversed(made)):
        Item.objects.filter(pk=item.pk).update(state="open", rank=float(n), score=float(n), stream="live")
    assert _the_sample(_actor()) == first


def test_who_knows_one_kind_of_goods_gets_the_part_of_the_sample_that_they_can_judge_in_the_same_order():
    for n in range(12):
        an_item(subject_id=f"S{n}", inclusion_probability=0.01, category="watches" if n % 2 else "shoes")
    watches = _the_sample(_actor(), Wanted(category="watches"))
    shoes = _the_sample(_actor(), Wanted(category="shoes"))
    assert len(watches) == len(shoes) == 6
    Item.objects.update(state="open")
    assert [each for each in _the_sample(_actor()) if each in watches] == watches


@pytest.mark.parametrize("wanted", [{"band": "high"}, {"merchant": "M1"}, {"text": "M1"}, {"stream": "flagged"}])
def test_who_picks_cases_is_served_no_share_of_the_sample(wanted):
    plain = an_item(rank=9.0, merchant_id="M1")
    an_item(rank=1.0, merchant_id="M1", inclusion_probability=0.01)
    assert claims.take_next(_actor(), Wanted(**wanted), draw=only(claims.RANDOM_ONE_IN)) == plain


def test_who_wants_what_was_drawn_gets_all_of_it_in_the_order_of_the_sample():
    for n in range(6):
        an_item(subject_id=f"S{n}", inclusion_probability=0.01, stream="random" if n % 2 else "flagged", rank=float(n))
    asked = _the_sample(_actor(), Wanted(stream="random"))
    assert len(asked) == 6
    Item.objects.update(state="open")
    assert claims.take_next(_actor(), Wanted(stream="random"), draw=never).subject_id == asked[0]


def _gold(item):
    Gold.objects.create(
        item=item, answer=Answer.COUNTERFEIT, source="examined", added_by=a_person(Role.SENIOR), added_at=NOW
    )
    return item


@pytest.mark.parametrize("waiting", ["open", "blind"])
def test_now_and_then_the_next_item_is_gold(waiting):
    gold = _gold(an_item(state="decided"))
    an_item(state="open") if waiting == "open" else an_item(state="decided", needs_blind_review=True)
    taken = claims.take_next(_actor(), draw=only(claims.GOLD_ONE_IN))
    assert taken == gold and taken.claimed_for == "gold"


def test_gold_is_never_served_in_place_of_an_empty_queue():
    _gold(an_item(state="decided"))
    an_item(state="snoozed")
    held, elsewhere = an_item(category="shoes"), Wanted(category="watches")
    assert claims.take_next(_actor(), elsewhere, draw=only(claims.GOLD_ONE_IN)) is None
    claims.take(_actor(), held)
    assert claims.take_next(_actor(), draw=only(claims.GOLD_ONE_IN)) is None


def test_whoever_added_a_gold_item_or_decided_about_it_is_never_given_it():
    decider, senior = a_person(), a_person(Role.SENIOR)
    gold = a_decision(decided_by=decider).item
    Gold.objects.create(item=gold, answer=Answer.COUNTERFEIT, source="examined", added_by=senior, added_at=NOW)
    for person in (decider, senior):
        plain = an_item()
        assert claims.take_next(Actor.of(person), draw=only(claims.GOLD_ONE_IN)) == plain


def test_a_blind_second_review_is_given_to_another_person():
    decider = a_person()
    item = a_decision(an_item(state="decided", needs_blind_review=True), decider).item
    assert claims.take_next(Actor.of(decider), draw=only(claims.BLIND_ONE_IN)) is None
    taken = claims.take_next(_actor(), draw=only(claims.BLIND_ONE_IN))
    assert taken == item and taken.claimed_for == "blind"


@pytest.mark.parametrize("one_in", [claims.BLIND_ONE_IN, claims.GOLD_ONE_IN])
def test_what_a_test_buy_raised_says_its_answer_and_is_asked_of_nobody_blindly(one_in):
    _gold(a_decision(an_item(state="decided", needs_blind_review=True, stream=Stream.TEST_BUY)).item)
    plain = an_item()
    assert claims.take_next(_actor(), draw=only(one_in)) == plain
    assert claims.take_next(_actor(), draw=only(one_in)) is None


def test_taking_what_somebody_else_holds_is_refused():
    item = an_item()
    claims.take(_actor(), item)
    with pytest.raises(WrongState, match="Somebody else holds"):
        claims.take(_actor(), item)


def test_taking_a_snoozed_item_is_refused():
    with pytest.raises(WrongState, match="nothing to answer"):
        claims.take(_actor(), an_item(state="snoozed"))


def test_work_renews_a_lease_but_not_at_every_keystroke():
    actor = _actor()
    item = claims.take(actor, an_item())
    first = item.claimed_until
    assert claims.renew(actor, item).claimed_until == first
    Item.objects.update(claimed_until=timezone.now() + timedelta(minutes=3))
    assert claims.renew(actor, item).claimed_until > timezone.now() + timedelta(minutes=19)
    assert claims.renew(_actor(), item).claimed_by == actor.person


def test_giving_back_frees_an_item_and_only_its_holder_or_a_senior_may():
    actor = _actor()
    item = claims.take(actor, an_item())
    with pytest.raises(Refused):
        claims.release(_actor(), item)
    assert claims.release(actor, item).claimed_by is None
    claims.take(actor, item)
    assert claims.release(_actor(Role.SENIOR), item).claimed_until is None
    with pytest.raises(WrongState):
        claims.release(actor, item)


def test_the_worker_clears_leases_that_ended():
    claims.take(_actor(), an_item())
    claims.take(_actor(), an_item())
    now = timezone.now()
    assert claims.release_expired(WORKER, now) == 0
    assert claims.release_expired(WORKER, now + claims.LEASE + timedelta(seconds=1)) == 2
    assert not Item.objects.filter(claimed_by__isnull=False).exists()
    assert AuditEvent.objects.filter(action="item.claim_lapsed").count() == 2


def test_who_does_not_review_claims_nothing():
    an_item()
    with pytest.raises(Refused):
        claims.take_next(_actor(Role.AUDITOR))
