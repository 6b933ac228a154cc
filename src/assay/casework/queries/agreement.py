"""How well reviewers agree with one another and with what is known, and how often the automation erred."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from assay.casework.models import Answer, DecisionState, Person, Review, ReviewKind
from assay.casework.queries import reversals
from assay.casework.queries.numbers import Rate, rate_of


@dataclass(frozen=True, slots=True)
class Agreement:
    """First and blind second answers about the same finding.

    `rate` is the share of pairs with the same answer and its exact interval. `kappa` is Cohen's (1960): agreement
    beyond what the two would reach by answering at random with their own frequencies; None without pairs, or where
    everybody always gives one and the same answer. It has no interval here: read it beside the rate.
    """

    rate: Rate
    kappa: float | None


@dataclass(frozen=True, slots=True)
class ReviewerQuality:
    """One reviewer: pairs of answers they were either side of, and their answers about gold items."""

    person: Person
    agreement: Rate
    gold: Rate


@dataclass(frozen=True, slots=True)
class AutomationQuality:
    """What became of decisions that nobody looked at before they took effect.

    `contradicted`: of those drawn at random for a person who did not know the decision, the share about which that
    person found nothing against the goods. `reversed`: of those old enough (`queries.reversals`), the share that an
    appeal reversed.
    """

    n_decisions: int
    contradicted: Rate
    reversed: Rate


def agreement(since: datetime | None = None, person: Person | None = None) -> Agreement:
    """Agreement of first and blind second answers, of everybody or of one reviewer on either side.

    Decisions are drawn for a second answer at random, so the share holds for all decisions. Answers of one reviewer
    are treated as independent; who answers many items of one merchant in a row makes the interval too narrow.
    """
    rows = _pairs(since)
    if person is not None:
        rows = rows.filter(Q(person=person) | Q(decision__review__person=person))
    pairs = list(rows.values_list("decision__review__answer", "answer"))
    n_same = sum(first == second for first, second in pairs)
    return Agreement(rate_of(n_same, len(pairs)), cohens_kappa(pairs))


def cohens_kappa(pairs: Iterable[tuple[str | None, str]]) -> float | None:
    """Cohen's kappa (1960, equation 1) of pairs of answers; None where chance alone would agree always, or no pairs.

    >>> round(cohens_kappa([("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15), 3)
    0.4
    """
    counted = Counter(pairs)
    n = sum(counted.values())
    if n == 0:
        return None
    first, second = Counter[str | None](), Counter[str | None]()
    for (one, other), times in counted.items():
        first[one] += times
        second[other] += times
    observed = sum(times for (one, other), times in counted.items() if one == other) / n
    by_chance = sum(first[each] * second[each] for each in first) / n**2
    return None if by_chance >= 1 else (observed - by_chance) / (1 - by_chance)


def by_reviewer(since: datetime | None = None) -> tuple[ReviewerQuality, ...]:
    """Everybody who was measured, by name; three queries, whatever their number."""
    pairs, same, gold, right = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
    rows = _pairs(since).values_list("decision__review__person_id", "decision__review__answer", "person_id", "answer")
    for first, first_answer, second, answer in rows:
        for each in (first, second):
            pairs[each] += 1
            same[each] += first_answer == answer
    for person_id, answer, known in _gold_answers(since).values_list("person_id", "answer", "item__gold__answer"):
        gold[person_id] += 1
        right[person_id] += answer == known
    people = Person.objects.filter(pk__in={*pairs, *gold}).order_by("name", "pk")
    return tuple(ReviewerQuality(p, rate_of(same[p.pk], pairs[p.pk]), rate_of(right[p.pk], gold[p.pk])) for p in people)


def gold_accuracy(since: datetime | None = None, person: Person | None = None) -> Rate:
    """Share of answers about gold items that were the known one; "cannot tell" is not the known one."""
    rows = _gold_answers(since)
    if person is not None:
        rows = rows.filter(person=person)
    answers = list(rows.values_list("answer", "item__gold__answer"))
    return rate_of(sum(given == known for given, known in answers), len(answers))


def automation_quality(since: datetime | None = None) -> AutomationQuality:
    """How often the automation erred, as far as people looked or objected; `since` does not narrow `reversed`."""
    made = reversals.restrictions().filter(is_automatic=True)
    seen = Review.objects.filter(kind=ReviewKind.BLIND, decision__is_automatic=True)
    if since is not None:
        made, seen = made.filter(in_force_at__gte=since), seen.filter(finished_at__gte=since)
    old = reversals.mature(timezone.now()).filter(is_automatic=True)
    return AutomationQuality(
        n_decisions=made.count(),
        contradicted=rate_of(seen.filter(answer=Answer.GENUINE).count(), seen.count()),
        reversed=rate_of(old.filter(state=DecisionState.REVERSED).count(), old.count()),
    )


def _pairs(since: datetime | None) -> QuerySet[Review]:
    """Blind answers with a first one by a person behind them, on the finding that was decided."""
    rows = Review.objects.filter(kind=ReviewKind.BLIND, decision__review__isnull=False)
    return rows.filter(finished_at__gte=since) if since is not None else rows


def _gold_answers(since: datetime | None) -> QuerySet[Review]:
    rows = Review.objects.filter(kind=ReviewKind.GOLD, item__gold__isnull=False)
    return rows.filter(finished_at__gte=since) if since is not None else rows
