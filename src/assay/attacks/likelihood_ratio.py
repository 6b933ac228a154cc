"""How much likelier is what two accounts wrote if one person wrote both? Stated only where it was calibrated.

A score says "alike"; a likelihood ratio says how often that much likeness is seen between the posts of one author and
between those of two. The ratio here is learned from authors of the corpus itself, checked on authors that it was not
learned from, and cut off where those authors are too few to support a larger figure.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from assay.attacks.style_features import Counts, Floats, Scale, count, scale, similarities, stacked
from assay.attacks.style_texts import own_posts
from assay.market.errors import CallerError

Sides: TypeAlias = tuple[list[list[str]], list[list[str]]]
Rows: TypeAlias = npt.NDArray[np.int64]
Scores: TypeAlias = tuple[Floats, Floats]
Curve: TypeAlias = tuple[Floats, float]

# Below this many posts a side the published figures and ours leave nothing worth saying about a single pair.
LEAST_POSTS = 25
# Sizes at which pairs are compared; the largest that both sides and enough authors reach is used.
_SIZES = (100, 70, 50, 35, LEAST_POSTS)
# Fewer authors cannot show a ratio above ten: one more misleading author among 20 is 5 %.
LEAST_AUTHORS = 20
_FOLDS = 5
# Inverse penalty of the logistic curve, as large as scikit-learn's default; three scores and 20 authors need no more.
_INVERSE_PENALTY = 1.0
# Lower ends of the verbal scale for ratios (ENFSI guideline for evaluative reporting, 2015), as powers of ten.
_WORDS = (
    (0.30103, "weak support"),
    (1.0, "moderate support"),
    (2.0, "moderately strong support"),
    (3.0, "strong support"),
    (4.0, "very strong support"),
    (6.0, "extremely strong support"),
)
# Random orders in which subjects are dealt to two sides before an author is given up.
_DEALS = 6


@dataclass(frozen=True, slots=True)
class Calibration:
    """How style scores become ratios at one number of posts a side, and how well that works on unseen authors.

    `cllr`: mean cost of the ratios in bits, 0 perfect, 1 as good as nothing (Brümmer and du Preez 2006); `eer`: the
    error rate where both errors are equal; both on authors outside the fit. `low`, `high`: log10 bounds (ELUB).
    """

    n_posts: int
    n_authors: int
    cllr: float
    eer: float
    low: float
    high: float
    usual: Scale
    curve: Curve


@dataclass(frozen=True, slots=True)
class StyleRatio:
    """The statement on one pair: log10 of the likelihood ratio, cut at its bounds, with what it rests on.

    Above 0 speaks for one author, below 0 for two. `words` is the verbal scale. Where `refused` says why nothing can
    be stated, every figure that was not found is null.
    """

    log10_ratio: float | None
    low: float | None
    high: float | None
    is_at_bound: bool
    words: str | None
    cllr: float | None
    eer: float | None
    n_authors: int
    n_posts: int
    refused: str | None


def likelihood_ratio(
    left: Sequence[str],
    right: Sequence[str],
    authors: Sequence[Sequence[str]],
    *,
    rng: np.random.Generator,
    topics: Sequence[Sequence[Hashable]] | None = None,
) -> StyleRatio:
    """The likelihood ratio of one author against two for the posts of two accounts, or a refusal with its reason.

    `authors`: posts per account of others in the same corpus, to calibrate on; neither account may be among them.
    `topics` names the thread or subject of every one of those posts; an author's two sides then share none, because
    one thread on both sides makes anybody look like one hand. Copies are removed first, across all accounts.

    Refused below `LEAST_POSTS` own posts a side, below `LEAST_AUTHORS` authors with twice as many, and where the
    ratios are no better than saying nothing (Cllr of 1 or more on authors outside the fit).
    """
    _check(authors, topics)
    own = own_posts([left, right, *authors])
    n_left, n_right = len(own[0]), len(own[1])
    n_posts = min(n_left, n_right)
    if n_posts < LEAST_POSTS:
        return _refused(
            n_posts,
            f"There are {n_left} and {n_right} own posts without copies; a statement on a pair needs "
            f"{LEAST_POSTS} a side.",
        )
    n_most = 0
    for size in _SIZES:
        if size > n_posts:
            continue
        sides, others = author_sides(_about(own[2:], topics), size, rng)
        n_most = max(n_most, len(sides[0]))
        if len(sides[0]) >= LEAST_AUTHORS:
            calibration = calibrate(sides, others, rng)
            if calibration.cllr >= 1.0:
                return _refused(
                    size,
                    f"On {calibration.n_authors} authors outside the fit the ratios cost {calibration.cllr:.2f} bits; "
                    "1.00 is what saying nothing costs.",
                )
            left_side, right_side = (_drawn([text for _, text in posts], size, rng) for posts in own[:2])
            return ratio(left_side, right_side, calibration)
    return _refused(
        n_posts,
        f"{n_most} authors of the corpus have two sides of {LEAST_POSTS} own posts that share no subject; "
        f"calibrating a ratio needs {LEAST_AUTHORS}.",
    )


def author_sides(
    authors: Sequence[Sequence[tuple[Hashable, str]]], n_posts: int, rng: np.random.Generator
) -> tuple[Sides, list[list[str]]]:
    """Two sides of `n_posts` posts for every author who has them, sharing no subject, and one side of all others.

    `authors` holds (subject, text) per post. Whole subjects are dealt to the side that is behind, the large ones
    first, in a few random orders. Authors whose posts cannot be dealt so, but who have `n_posts`, are the background.
    """
    sides: Sides = ([], [])
    others: list[list[str]] = []
    for posts in authors:
        dealt = _dealt(posts, n_posts, rng) if len(posts) >= 2 * n_posts else None
        if dealt:
            sides[0].append(_drawn(dealt[0], n_posts, rng))
            sides[1].append(_drawn(dealt[1], n_posts, rng))
        elif len(posts) >= n_posts:
            others.append(_drawn([text for _, text in posts], n_posts, rng))
    return sides, others


def calibrate(sides: Sides, background: Sequence[Sequence[str]], rng: np.random.Generator) -> Calibration:
    """Learns ratios from the sides of at least four authors and measures them on authors left out of the fit.

    `background`: as many masked posts each of other accounts, which help to say what is usual. Authors are dealt to
    five folds. The scores of a fold's pairs are taken on a scale that its authors had no part in, as those of a new
    pair will be; otherwise few authors look more alike to themselves than anybody new ever does. The three scores are
    joined by logistic regression with both classes weighing the same, so that log odds are log ratios (Morrison
    2013); Cllr, EER and bounds come from the folds that a curve was not fitted to.
    """
    counts = (count(sides[0]), count(sides[1]))
    around = count(background)
    n_authors = len(sides[0])
    everyone = np.arange(n_authors)
    folds = np.array_split(rng.permutation(n_authors), min(_FOLDS, n_authors // 2))
    scored = [_scored(_usual(counts, around, np.setdiff1d(everyone, fold)), counts, fold) for fold in folds]
    same: list[Floats] = []
    different: list[Floats] = []
    for left_out, (alike, unlike) in enumerate(scored):
        curve = _curve(scored[:left_out] + scored[left_out + 1 :])
        same.append(_log_ratios(curve, alike))
        different.append(_log_ratios(curve, unlike))
    one, two = np.concatenate(same), np.concatenate(different)
    low, high = bounds(one, two, n_authors)
    return Calibration(
        n_posts=len(sides[0][0]),
        n_authors=n_authors,
        cllr=cllr(one, two),
        eer=equal_error_rate(one, two),
        low=low,
        high=high,
        usual=_usual(counts, around, everyone),
        curve=_curve(scored),
    )


def ratio(left: Sequence[str], right: Sequence[str], calibration: Calibration) -> StyleRatio:
    """The bounded ratio of two sides of `calibration.n_posts` masked posts each."""
    c = calibration
    raw = float(log_ratios(([list(left)], [list(right)]), c)[0, 0]) / float(np.log(10.0))
    cut = float(np.clip(raw, c.low, c.high))
    return StyleRatio(cut, c.low, c.high, cut != raw, verbal(cut), c.cllr, c.eer, c.n_authors, c.n_posts, None)


def log_ratios(sides: Sides, calibration: Calibration) -> Floats:
    """Natural log ratios, not bounded, of every left with every right side: for measuring a calibration on others."""
    usual = calibration.usual
    views = similarities(usual.vectors(count(sides[0])), usual.vectors(count(sides[1])))
    return _log_ratios(calibration.curve, np.moveaxis(views, 0, -1))


def cllr(same: Floats, different: Floats) -> float:
    """Log-likelihood-ratio cost in bits of natural log ratios of same-author and different-author pairs.

    Half the mean of log2(1 + 1/LR) over the first plus that of log2(1 + LR) over the second (Brümmer and du Preez
    2006): 0 for perfect ratios, 1 for always saying 1, more for misleading ones.
    """
    return float((np.logaddexp(0.0, -same).mean() + np.logaddexp(0.0, different).mean()) / (2.0 * np.log(2.0)))


def equal_error_rate(same: Floats, different: Floats) -> float:
    """The error rate at the threshold where as large a share of same-author pairs is missed as others are taken."""
    at = np.unique(np.concatenate((same, different)))
    missed = np.searchsorted(np.sort(same), at, side="left") / len(same)
    taken = 1.0 - np.searchsorted(np.sort(different), at, side="left") / len(different)
    place = int(np.argmin(np.abs(missed - taken)))
    return float((missed[place] + taken[place]) / 2.0)


def bounds(same: Floats, different: Floats, n_authors: int) -> tuple[float, float]:
    """log10 of the smallest and largest ratio that the authors can bear (ELUB; Vergeer et al. 2016).

    A ratio t may be stated where deciding by it costs no more than deciding without evidence, at the prior odds where
    t matters, even if one more author had misled: P(LR <= t | one) + t P(LR > t | two) <= 1 for t > 1, and the
    mirror image below. Pairs that share an author are not independent, so the one more is an author, not a pair.
    """
    steps = np.arange(0.0, 6.0, 0.01)
    return -_bound(-different, -same, n_authors, steps), _bound(same, different, n_authors, steps)


def verbal(log10_ratio: float) -> str:
    """The verbal equivalent of a ratio after the ENFSI guideline of 2015; both directions.

    >>> verbal(1.2), verbal(-0.4), verbal(0.1)
    ('moderate support for one author', 'weak support for two authors', 'no support for either')
    """
    said = "no support for either"
    for least, words in _WORDS:
        if abs(log10_ratio) >= least:
            said = f"{words} for {'one author' if log10_ratio > 0 else 'two authors'}"
    return said


def _bound(for_it: Floats, against: Floats, n_authors: int, steps: Floats) -> float:
    at = steps * np.log(10.0)
    missed = np.searchsorted(np.sort(for_it), at, side="right") / len(for_it)
    misled = 1.0 - np.searchsorted(np.sort(against), at, side="right") / len(against)
    with_one_more = (misled * n_authors + 1.0) / (n_authors + 1.0)
    bears = missed * n_authors / (n_authors + 1.0) + 10.0**steps * with_one_more <= 1.0
    first_not = int(np.argmin(bears)) if not bears.all() else len(steps)
    return float(steps[max(first_not - 1, 0)])


def _usual(counts: tuple[Counts, Counts], background: Counts, authors: Rows) -> Scale:
    return scale(stacked(stacked(counts[0].take(authors), counts[1].take(authors)), background))


def _scored(usual: Scale, counts: tuple[Counts, Counts], authors: Rows) -> Scores:
    """Scores (pairs, 3) of the pairs of one author and of those of two."""
    views = similarities(usual.vectors(counts[0].take(authors)), usual.vectors(counts[1].take(authors)))
    is_same = np.eye(len(authors), dtype=bool)
    return views[:, is_same].T, views[:, ~is_same].T


def _curve(scored: Sequence[Scores]) -> Curve:
    """Weights and intercept of the log ratio as a line in the three scores."""
    alike = np.concatenate([one for one, _ in scored])
    unlike = np.concatenate([two for _, two in scored])
    scores = np.concatenate((alike, unlike))
    label = np.repeat([1, 0], [len(alike), len(unlike)])
    centre, spread = scores.mean(axis=0), scores.std(axis=0) + 1e-9
    # Both classes weigh as many pairs as there are authors: a million different pairs are no million observations.
    weight = np.where(label == 1, 1.0, len(alike) / max(len(unlike), 1))
    model = LogisticRegression(C=_INVERSE_PENALTY).fit((scores - centre) / spread, label, sample_weight=weight)
    weights = model.coef_[0] / spread
    return weights, float(model.intercept_[0] - weights @ centre)


def _log_ratios(curve: Curve, scores: Floats) -> Floats:
    weights, intercept = curve
    return np.asarray(scores @ weights + intercept)


def _about(
    own: Sequence[Sequence[tuple[int, str]]], topics: Sequence[Sequence[Hashable]] | None
) -> list[list[tuple[Hashable, str]]]:
    """(subject, text) per post; without topics every post is its own subject."""
    if topics is None:
        return [list(posts) for posts in own]
    return [[(named[place], text) for place, text in posts] for posts, named in zip(own, topics, strict=True)]


def _dealt(
    posts: Sequence[tuple[Hashable, str]], n_posts: int, rng: np.random.Generator
) -> tuple[list[str], list[str]] | None:
    by_subject: dict[Hashable, list[str]] = {}
    for subject, text in posts:
        by_subject.setdefault(subject, []).append(text)
    groups = list(by_subject.values())
    for _ in range(_DEALS):
        left: list[str] = []
        right: list[str] = []
        weights = np.array([len(texts) for texts in groups]) * (0.5 + rng.random(len(groups)))
        for place in np.argsort(-weights, kind="stable").tolist():
            (left if len(left) <= len(right) else right).extend(groups[place])
        if min(len(left), len(right)) >= n_posts:
            return (left, right) if rng.random() < 0.5 else (right, left)
    return None


def _drawn(texts: Sequence[str], n_posts: int, rng: np.random.Generator) -> list[str]:
    return [texts[place] for place in rng.permutation(len(texts))[:n_posts].tolist()]


def _refused(n_posts: int, reason: str) -> StyleRatio:
    return StyleRatio(None, None, None, False, None, None, None, 0, n_posts, reason)


def _check(authors: Sequence[Sequence[str]], topics: Sequence[Sequence[Hashable]] | None) -> None:
    if topics is None:
        return
    for row, texts in enumerate(authors):
        if row >= len(topics) or len(topics[row]) != len(texts):
            got = len(topics[row]) if row < len(topics) else 0
            raise CallerError(
                f"style: author {row} has {len(texts)} posts and {got} topics; give one topic per post.",
                where={"author": row},
                value=got,
            )
