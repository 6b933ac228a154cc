"""Ranking and calibration figures with intervals by a bootstrap of whole merchants.

Rows are counted once into merchants x distinct scores. Every replicate is then a weighted sum of that matrix, and every
figure is computed exactly from counts per distinct score: a million rows and 200 replicates take seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from assay.market.scores import RED_FLAG_SCORE
from assay.rating.examples import Codes
from assay.rating.model import Floats, Ints, score_of

# 200 replicates: the 2.5 % quantile is five replicates deep, its own error far below the interval's width.
REPLICATES = 200
# Replicates computed at once: bounds memory at replicates x merchants doubles (20 x 500,000 = 80 MB).
_AT_ONCE = 20
# 20 bins, each of a twentieth of the rows (equal mass) or 5 points of score wide (equal width): both are usual, and
# the first shows the bulk of the market while the second shows the top.
BINS = 20


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval; the interval is None when it was not computed, the value when there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bin of the reliability plot: mean score and share found counterfeit (both 0 to 1), weighted rows."""

    score_from: float
    score_to: float
    mean_probability: float
    share_counterfeit: float
    n_rows: float


@dataclass(frozen=True, slots=True)
class Figures:
    """How well scores order and mean what they say.

    `precision_at_recall_50`: at the highest threshold that finds half of the counterfeits. `*_at_80`: goods scored 80
    or more. `calibration_error_equal_mass`: mean distance of score and share over 20 bins of equal weight,
    `_equal_width` over 20 bins of 5 points; both figures and the upper ends of their intervals lean upwards, as every
    error of small bins does. Ties in the score are ordered by the total of points, as lists should be.
    """

    n_rows: int
    n_merchants: int
    n_counterfeit: int
    share_counterfeit: float
    roc_auc: Estimate
    average_precision: Estimate
    precision_at_recall_50: Estimate
    precision_at_recall_80: Estimate
    precision_at_80: Estimate
    recall_at_80: Estimate
    calibration_error_equal_mass: Estimate
    calibration_error_equal_width: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Rows to measure on: `score_points` and `totals` order them, `labels` 0 or 1, `weights`, `merchants` codes."""

    score_points: Ints
    totals: Ints
    labels: Floats
    weights: Floats
    merchants: Codes

    def take(self, rows: npt.NDArray[np.generic]) -> Scored:
        """The given rows only (indices or a mask)."""
        return Scored(*(getattr(self, name)[rows] for name in self.__slots__))


NAMES = (
    "roc_auc",
    "average_precision",
    "precision_at_recall_50",
    "precision_at_recall_80",
    "precision_at_80",
    "recall_at_80",
    "calibration_error_equal_mass",
    "calibration_error_equal_width",
)


def figures(rows: Scored, *, replicates: int = REPLICATES, seed: int = 1) -> Figures:
    """All figures of `rows`; without intervals when `replicates` is 0."""
    values, drawn = _replicated(rows, replicates, seed)
    return Figures(
        n_rows=len(rows.labels),
        n_merchants=len(np.unique(rows.merchants)),
        n_counterfeit=int(rows.labels.sum()),
        share_counterfeit=float(np.average(rows.labels, weights=rows.weights)),
        **{name: _estimate(values[name][0], drawn.get(name)) for name in NAMES},
    )


def differences(
    rows: Scored,
    other: Scored,
    names: tuple[str, ...] = ("roc_auc", "average_precision"),
    *,
    replicates: int = REPLICATES,
    seed: int = 1,
) -> dict[str, Estimate]:
    """Figures of `rows` minus those of `other` for the same rows scored otherwise, paired by merchant draw."""
    values, drawn = _replicated(rows, replicates, seed)
    other_values, other_drawn = _replicated(other, replicates, seed)
    return {
        name: _estimate(
            values[name][0] - other_values[name][0], drawn[name] - other_drawn[name] if name in drawn else None
        )
        for name in names
    }


def reliability(rows: Scored) -> tuple[ReliabilityBin, ...]:
    """The reliability plot's data: 20 bins of equal weight."""
    order = np.argsort(rows.score_points, kind="stable")
    scores = score_of(rows.score_points[order]) / 100.0
    labels, weights = rows.labels[order], rows.weights[order]
    starts = _equal_mass_starts(scores, weights)
    found = []
    for start, end in zip(starts, [*starts[1:], len(scores)], strict=True):
        part = slice(start, end)
        share = float(np.average(labels[part], weights=weights[part]))
        mean = float(np.average(scores[part], weights=weights[part]))
        low, high = float(100 * scores[start]), float(100 * scores[end - 1])
        found.append(ReliabilityBin(round(low, 2), round(high, 2), mean, share, float(weights[part].sum())))
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Distinct scores from high to low, and merchants x distinct scores counts of counterfeit and other rows."""

    probability: Floats
    counterfeit: sparse.csr_matrix
    other: sparse.csr_matrix


def _count(rows: Scored) -> _Counts:
    span = int(rows.totals.max() - rows.totals.min()) + 1
    key = -(rows.score_points * span + (rows.totals - rows.totals.min()))
    _, first, at = np.unique(key, return_index=True, return_inverse=True)
    _, merchants = np.unique(rows.merchants, return_inverse=True)
    shape = (int(merchants.max()) + 1, len(first))
    counterfeit = sparse.csr_matrix((rows.weights * rows.labels, (merchants, at)), shape=shape)
    other = sparse.csr_matrix((rows.weights * (1 - rows.labels), (merchants, at)), shape=shape)
    return _Counts(score_of(rows.score_points[first]) / 100.0, counterfeit, other)


def _replicated(rows: Scored, replicates: int, seed: int) -> tuple[dict[str, Floats], dict[str, Floats]]:
    counts = _count(rows)
    n_merchants = counts.counterfeit.shape[0]
    whole = np.ones((1, n_merchants))
    mass_starts = _mass_starts_of(counts)
    values = _figures_of(counts, whole, mass_starts)
    rng = np.random.default_rng(seed)
    parts = []
    for start in range(0, replicates, _AT_ONCE):
        size = min(_AT_ONCE, replicates - start)
        drawn = rng.multinomial(n_merchants, np.full(n_merchants, 1.0 / n_merchants), size=size).astype(np.float64)
        parts.append(_figures_of(counts, drawn, mass_starts))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in NAMES} if parts else {}
    return values, joined


def _figures_of(counts: _Counts, multiplicity: Floats, mass_starts: list[int]) -> dict[str, Floats]:
    """Each figure for each row of `multiplicity` (replicates x merchants); NaN where it does not exist."""
    hits = np.asarray(multiplicity @ counts.counterfeit)
    misses = np.asarray(multiplicity @ counts.other)
    with np.errstate(divide="ignore", invalid="ignore"):
        found, alarms = hits.cumsum(axis=1), misses.cumsum(axis=1)
        n_hits, n_misses = found[:, -1:], alarms[:, -1:]
        recall, precision = found / n_hits, found / (found + alarms)
        flagged = counts.probability * 100.0 >= RED_FLAG_SCORE
        last = int(flagged.sum()) - 1
        at_80 = (precision[:, last], recall[:, last]) if last >= 0 else (np.full(len(hits), np.nan), 0.0 * n_hits[:, 0])
        return {
            "roc_auc": (misses * (found - hits / 2)).sum(axis=1) / (n_hits * n_misses)[:, 0],
            "average_precision": np.where(hits > 0, hits * precision, 0.0).sum(axis=1) / n_hits[:, 0],
            "precision_at_recall_50": _precision_at(recall, precision, 0.5),
            "precision_at_recall_80": _precision_at(recall, precision, 0.8),
            "precision_at_80": at_80[0],
            "recall_at_80": at_80[1],
            "calibration_error_equal_mass": _calibration_error(counts.probability, hits, misses, mass_starts),
            "calibration_error_equal_width": _calibration_error(
                counts.probability, hits, misses, _width_starts(counts.probability)
            ),
        }


def _precision_at(recall: Floats, precision: Floats, wanted: float) -> Floats:
    place = (recall >= wanted - 1e-12).argmax(axis=1)
    return np.asarray(precision[np.arange(len(place)), place])


def _calibration_error(probability: Floats, hits: Floats, misses: Floats, starts: list[int]) -> Floats:
    rows = hits + misses
    expected = np.add.reduceat(rows * probability, starts, axis=1)
    got = np.add.reduceat(hits, starts, axis=1)
    return np.asarray(np.abs(expected - got).sum(axis=1) / rows.sum(axis=1))


def _mass_starts_of(counts: _Counts) -> list[int]:
    rows = np.asarray((counts.counterfeit + counts.other).sum(axis=0)).ravel()
    return _equal_mass_starts(counts.probability, rows)


def _equal_mass_starts(ordered: Floats, weights: Floats) -> list[int]:
    """Where each of 20 bins of equal weight begins; equal scores are never parted, so there may be fewer."""
    share = weights.cumsum() / weights.sum()
    cuts = np.searchsorted(share, np.arange(1, BINS) / BINS, side="left") + 1
    changes = np.flatnonzero(np.diff(ordered)) + 1
    moved = {int(changes[at]) for at in np.searchsorted(changes, cuts) if at < len(changes)}
    return sorted({0, *moved})


def _width_starts(probability: Floats) -> list[int]:
    bins = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    return [0, *(int(at) + 1 for at in np.flatnonzero(np.diff(bins)))]


def _estimate(value: float, drawn: Floats | None) -> Estimate:
    if not np.isfinite(value):
        return Estimate(None)
    kept = drawn[np.isfinite(drawn)] if drawn is not None else np.zeros(0)
    if len(kept) == 0:
        return Estimate(round(float(value), 5))
    low, high = np.quantile(kept, [0.025, 0.975])
    # Errors of small bins grow under resampling, so that the value itself can lie below all its replicates.
    low, high = min(float(low), value), max(float(high), value)
    return Estimate(round(float(value), 5), round(float(low), 5), round(float(high), 5))
