"""What the numbers page says is what the tables hold."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.models import Programme, QueueCensus, Role
from assay.casework.queries import numbers
from assay.casework.services import census, decisions
from assay.casework.services.recording import Actor
from tests.casework.builders import NOW, a_decision, a_person, an_item

pytestmark = pytest.mark.django_db


def test_before_the_first_census_there_are_no_numbers():
    assert numbers.queue_numbers() is None


def test_the_census_counts_what_is_open_by_category_and_stream():
    an_item(category="watches")
    an_item(category="watches", stream="random", inclusion_probability=0.01)
    an_item(category="shoes")
    an_item(category="shoes", state="decided")
    census.take()
    found = numbers.queue_numbers()
    assert found.n_open == 3
    assert found.counts["categories"] == {"watches": 2, "shoes": 1}
    assert found.counts["streams"] == {"flagged": 2, "random": 1}


def test_ages_say_how_long_half_and_a_tenth_wait():
    now = timezone.now()
    for days in range(1, 11):
        an_item(opened_at=now - timedelta(days=days))
    counts = census.count(now)
    assert counts["open_days"] == {"p50": 5.0, "p90": 9.0}
    assert counts["ages"]["over_7"] == 3


def _restricted(now, ago, *, reversed_ago=None, **given):
    ended = {} if reversed_ago is None else {"state": "reversed", "ended_at": now - timedelta(days=reversed_ago)}
    return a_decision(decided_at=now - timedelta(days=ago), **ended | given)


def test_the_share_of_reversals_is_that_of_restrictions_old_enough_to_have_been_appealed_and_answered():
    now = timezone.now()
    for ago in (61, 239):
        _restricted(now, ago)
    _restricted(now, 100, reversed_ago=80)
    _restricted(now, 100, reversed_ago=10, is_automatic=True)
    _restricted(now, 100, action="none")
    _restricted(now, 100, in_force_at=None, state="refused")
    for ago in (1, 59, 241):  # too young to be told from, or of habits long ago
        _restricted(now, ago, reversed_ago=0.5)
    census.take(now)
    found = numbers.queue_numbers().reversals
    assert (found.of_all.positives, found.of_all.n) == (2, 4)
    assert (found.of_automatic.positives, found.of_automatic.n) == (1, 1)
    assert found.of_all.low < found.of_all.rate < found.of_all.high
    assert found.n_lately == 4


def test_many_young_decisions_do_not_make_the_share_of_reversals_lower():
    now = timezone.now()
    for n in range(10):
        _restricted(now, 90, reversed_ago=70 if n < 5 else None)
        _restricted(now, 2)
    census.take(now)
    assert numbers.queue_numbers().reversals.of_all.rate == 0.5


def test_a_census_that_counted_another_share_is_not_shown_for_this_one():
    now = timezone.now()
    census.take(now)
    counts = census.count(now) | {"reversals": {"n": 9, "n_reversed": 1}}
    del counts["mature"], counts["n_reversed_lately"]
    QueueCensus.objects.update(counts=counts)
    assert numbers.queue_numbers().reversals is None


def test_the_first_load_is_not_taken_for_an_ordinary_day():
    now = timezone.now()
    for _ in range(50):
        an_item(opened_at=now - timedelta(days=10))
    for days in range(1, 9):
        an_item(opened_at=now - timedelta(days=days))
    census.take(now)
    (week, *_) = numbers.queue_numbers().ahead
    assert week.expected == pytest.approx(58 + 7 * 8 / 9, abs=0.01)


def _counted(now, n_days, n_open):
    """A census at noon of each of the last days, which counted so many open items."""
    noon = now.replace(hour=12, minute=0)
    for ago in range(n_days, 0, -1):
        QueueCensus.objects.create(taken_at=noon - timedelta(days=ago), counts={"states": {"open": n_open(ago)}})


def test_the_past_is_what_was_counted_then_and_not_what_the_flow_makes_of_it():
    now = timezone.now()
    # Undone and refused decisions: each was gone once, and their item waits as before.
    for days in range(1, 11):
        a_decision(an_item(opened_at=now - timedelta(days=20)), state="undone", decided_at=now - timedelta(days=days))
    _counted(now, 15, lambda _ago: 10)
    census.take(now)
    found = numbers.queue_numbers()
    assert found.history[-16:] == (10,) * 16
    (week, *_) = found.ahead
    assert (week.expected, week.low, week.high) == (10, 10, 10)


def test_what_is_put_aside_is_seen_in_the_forecast():
    now = timezone.now()
    _counted(now, 10, lambda ago: 5 * ago)
    census.take(now)
    QueueCensus.objects.filter(taken_at=now).update(counts=census.count(now) | {"states": {"open": 100}})
    (week, *_) = numbers.queue_numbers().ahead
    assert week.expected == pytest.approx(100 - 7 * 5)


def test_days_without_a_census_are_counted_back_from_the_next_one_that_has():
    now = timezone.now()
    for days in (1, 2, 3, 5):
        an_item(opened_at=now - timedelta(days=days))
    noon = now.replace(hour=12, minute=0)
    QueueCensus.objects.create(taken_at=noon - timedelta(days=2), counts={"states": {"open": 40}})
    QueueCensus.objects.create(taken_at=noon - timedelta(days=5), counts={"states": {"decided": 7}})
    census.take(now)
    assert numbers.queue_numbers().history[-6:] == (0, 38, 39, 40, 4, 4)


def test_of_days_gone_by_one_census_is_kept():
    now = timezone.now()
    for hours in range(0, 24 * 6, 6):
        QueueCensus.objects.create(taken_at=now - timedelta(hours=hours + 1), counts={})
    census.take(now)
    old = QueueCensus.objects.filter(taken_at__lt=now - census.FINE_FOR)
    days = [each.taken_at.date() for each in old]
    assert len(days) == len(set(days)) >= 3
    assert QueueCensus.objects.filter(taken_at__gte=now - census.FINE_FOR).count() >= 8


def test_calibration_rests_on_goods_drawn_at_random_only():
    for n in range(10):
        item = an_item(stream="random", inclusion_probability=0.01, score=30.0, state="decided")
        a_decision(item, answer="counterfeit" if n < 3 else "genuine", action="none")
    a_decision(an_item(score=30.0, state="decided"), answer="counterfeit")
    (found,) = numbers.score_calibration()
    assert (found.low, found.high, found.share.positives, found.share.n) == (20.0, 40.0, 3, 10)


def test_a_programme_under_way_has_an_interval_and_no_figure():
    live = [{"estimand": "listings", "low": 0.0, "high": 0.2, "confidence": 0.95}]
    progress = {"plan": {"as_of": "2026-05-01T00:00:00Z"}, "live": live, "pots": [{"n_known": 12}], "look": None}
    made = {"folder": "a", "plan_sha256": "1", "key_fingerprint": "f", "currency": "EUR", "budget_minor": 1}
    Programme.objects.create(name="spring", loaded_at=NOW, progress=progress, **made)
    (found,) = numbers.prevalence_by_period()
    assert (found.share, found.high, found.n_buys, found.is_final) == (None, 0.2, 12, False)


def _answered(*decided):
    item = an_item(inclusion_probability=0.01, score=30.0, state="decided")
    return [a_decision(item, action="none", **given) for given in decided]


def test_an_item_that_was_drawn_counts_once_with_its_first_answer_however_often_it_came_back():
    _answered({"answer": "genuine"}, {"answer": "counterfeit", "decided_at": NOW + timedelta(days=9)})
    (only,) = numbers.score_calibration()
    assert (only.share.positives, only.share.n) == (0, 1)


def test_what_an_appeal_reversed_counts_with_the_answer_that_was_given_there():
    (lost,) = _answered({"answer": "counterfeit"})
    decisions.reverse(Actor.of(a_person(Role.SENIOR)), lost, reason="The invoice covers the goods.")
    (only,) = numbers.score_calibration()
    assert (only.share.positives, only.share.n) == (0, 1)


@pytest.mark.parametrize("given", [{"state": "proposed"}, {"state": "undone"}, {"is_automatic": True}])
def test_what_is_exported_as_no_verdict_is_no_answer_about_the_score(given):
    _answered({"answer": "counterfeit", **given})
    assert numbers.score_calibration() == ()
