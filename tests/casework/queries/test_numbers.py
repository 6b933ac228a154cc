"""What the numbers page says is what the tables hold."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assay.casework.models import DecisionState, Programme, QueueCensus
from assay.casework.queries import numbers
from assay.casework.services import census
from tests.casework.builders import NOW, a_decision, an_item

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


def test_reversals_count_restrictions_only():
    now = timezone.now()
    a_decision(decided_at=now)
    a_decision(decided_at=now, state=DecisionState.REVERSED)
    a_decision(decided_at=now, state=DecisionState.REVERSED, is_automatic=True)
    a_decision(decided_at=now, action="none")
    a_decision(decided_at=now - timedelta(days=60), state=DecisionState.REVERSED)
    census.take(now)
    found = numbers.queue_numbers()
    assert (found.reversals.positives, found.reversals.n) == (2, 3)
    assert (found.automatic_reversals.positives, found.automatic_reversals.n) == (1, 1)
    assert found.reversals.low < found.reversals.rate < found.reversals.high


def test_the_first_load_is_not_taken_for_an_ordinary_day():
    now = timezone.now()
    for _ in range(50):
        an_item(opened_at=now - timedelta(days=10))
    for days in range(1, 9):
        an_item(opened_at=now - timedelta(days=days))
    census.take(now)
    (week, *_) = numbers.queue_numbers().ahead
    assert week.expected == pytest.approx(58 + 7 * 8 / 9, abs=0.01)


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
