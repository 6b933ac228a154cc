"""Agreement, accuracy on gold items and the automation's errors, with intervals that hold."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from assay.casework.models import Gold, Review, Role
from assay.casework.queries.agreement import agreement, automation_quality, by_reviewer, cohens_kappa, gold_accuracy
from assay.casework.queries.numbers import rate_of
from tests.casework.builders import NOW, a_decision, a_person, an_item

pytestmark = pytest.mark.django_db


def _review(item, person, kind, answer, **given):
    values = {"action": "none", "reason_code": "nothing-found", "started_at": NOW, "finished_at": NOW}
    return Review.objects.create(
        item=item, finding=item.finding, person=person, kind=kind, answer=answer, **values | given
    )


def _pair(first, second, one, two, **given):
    item = an_item(state="decided")
    review = _review(item, first, "first", one)
    made = a_decision(item, first, answer=one, review=review)
    return _review(item, second, "blind", two, decision=made, **given)


def test_agreement_counts_pairs_overall_and_by_person():
    ann, ben, cat = a_person(name="Ann"), a_person(name="Ben"), a_person(name="Cat")
    _pair(ann, ben, "counterfeit", "counterfeit")
    _pair(ann, ben, "counterfeit", "genuine")
    _pair(ben, cat, "genuine", "genuine")
    _pair(ben, cat, "genuine", "genuine", finished_at=NOW - timedelta(days=60))
    assert agreement().rate.rate == 0.75 and agreement().rate.n == 4
    assert agreement(since=NOW - timedelta(days=1)).rate.n == 3
    assert (agreement(person=ann).rate.positives, agreement(person=ann).rate.n) == (1, 2)
    found = {each.person.name: each.agreement for each in by_reviewer()}
    assert {name: (each.positives, each.n) for name, each in found.items()} == {
        "Ann": (1, 2),
        "Ben": (3, 4),
        "Cat": (2, 2),
    }


def test_decisions_of_the_automation_are_no_pair():
    item = an_item(state="decided")
    given = {"decided_at": timezone.now() - timedelta(days=100), "answer": "inconclusive", "action": "demote"}
    made = a_decision(item, is_automatic=True, **given)
    _review(item, a_person(), "blind", "genuine", decision=made)
    _review(item, a_person(), "blind", "counterfeit", decision=made)
    assert agreement().rate.n == 0 and agreement().kappa is None
    quality = automation_quality()
    assert quality.n_decisions == 1 and quality.contradicted.rate == 0.5 and quality.reversed.rate == 0.0


def test_the_automations_reversals_are_a_share_of_what_is_old_enough_to_have_been_appealed():
    now = timezone.now()
    for ago, state in ((1, "in_force"), (1, "reversed"), (100, "in_force"), (100, "reversed"), (100, "expired")):
        a_decision(decided_at=now - timedelta(days=ago), state=state, is_automatic=True, decided_by=None)
    quality = automation_quality()
    assert (quality.n_decisions, quality.reversed.positives, quality.reversed.n) == (5, 1, 3)


def test_gold_accuracy_by_person():
    senior, ann = a_person(Role.SENIOR), a_person(name="Ann")
    for answer in ("counterfeit", "genuine", "inconclusive"):
        item = an_item(state="decided")
        Gold.objects.create(item=item, answer="counterfeit", source="x", added_by=senior, added_at=NOW)
        _review(item, ann, "gold", answer)
    assert (gold_accuracy().positives, gold_accuracy().n) == (1, 3)
    assert gold_accuracy(person=a_person()).rate is None
    assert by_reviewer()[0].gold == gold_accuracy(person=ann)


def test_kappa_is_one_for_full_agreement_and_zero_for_chance():
    assert cohens_kappa([("a", "a"), ("b", "b")]) == 1.0
    assert cohens_kappa([("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]) == 0.0
    assert cohens_kappa([("a", "a")]) is None and cohens_kappa([]) is None


def test_the_interval_of_the_rate_holds_at_least_as_often_as_it_says():
    rng, n_runs = np.random.default_rng(5), 2_000
    for truth in (0.6, 0.9, 0.98):
        drawn = rng.binomial(60, truth, n_runs)
        limits = {int(x): rate_of(int(x), 60) for x in np.unique(drawn)}
        held = np.mean([limits[int(x)].low <= truth <= limits[int(x)].high for x in drawn])
        assert held >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / n_runs)


def test_the_number_of_queries_does_not_grow_with_reviewers(django_assert_num_queries):
    for _ in range(6):
        _pair(a_person(), a_person(), "genuine", "genuine")
    with django_assert_num_queries(3):
        by_reviewer()
