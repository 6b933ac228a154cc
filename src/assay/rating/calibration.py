"""From a total of points to the chance that an authentication finds a counterfeit.

Isotonic regression of the label on out-of-fold totals (Barlow et al. 1972), centred: each level block stands at its
mean total and straight lines join the blocks, which keeps the order of rows within a block (Oron and Flournoy, 2017).
The level is then moved to the verdicts of a sampling plan, where there are enough of them, by a shift of the log-odds
weighted by 1 / inclusion probability (Cox 1958; Horvitz and Thompson 1952). Intervals come from a bootstrap of whole
merchants, widened by a binomial interval where a block rests on few merchants.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import isotonic_regression

from assay.rating.examples import Codes, Examples
from assay.rating.model import MOST_SCORE_POINTS, POINTS_PER_LOG_ODDS, CalibrationTable, Floats, Ints

# 20 counterfeits leave the level uncertain by a factor of 1.5 either way (1.96 / sqrt(20) in log-odds), which is about
# what catching half of the cases costs; fewer would replace a known bias by as large an error.
LEAST_SAMPLED = 100
LEAST_SAMPLED_COUNTERFEITS = 20
# 200 replicates give a 2.5 % quantile five replicates deep; more cost seconds and move it by less than the rounding.
REPLICATES = 200
# Finest resolution of the curve: each bin holds a hundredth of all rows or of all counterfeits.
MOST_BINS = 100
# A bin should hold this many counterfeits where there are few, so that its share means something.
COUNTERFEITS_PER_BIN = 20
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class _Binned:
    """Counts per merchant and bin of totals: sparse matrices merchants x bins."""

    every: sparse.csr_matrix
    counterfeit: sparse.csr_matrix
    mean_total: Floats


@dataclass(frozen=True, slots=True)
class _Sample:
    """Verdicts of the sampling plan: totals, labels, weights 1 / inclusion, merchants."""

    totals: Ints
    labels: Floats
    weights: Floats
    merchants: Codes
    enough: bool


def calibrate(
    examples: Examples,
    totals: npt.ArrayLike,
    *,
    seed: int = 1,
    intervals: bool = True,
    from_sample: bool | None = None,
) -> CalibrationTable:
    """The calibration table of out-of-fold `totals` (one per example, whole points).

    The curve's shape comes from every row at its weight; its level from the sampled verdicts where there are at least
    100 with 20 counterfeit, else from the verdicts at hand, and `rests_on` says which. `intervals=False` skips the
    bootstrap and sets low and high to the points themselves; `from_sample` decides where the level comes from in place
    of the counts, so that the folds of one market are calibrated alike.
    """
    at = np.asarray(totals, dtype=np.int64)
    binned = _bin(examples, at)
    sample = _sample(examples, at)
    if from_sample is not None:
        sample = replace(sample, enough=from_sample)
    knots, level = _curve(binned, np.ones(binned.every.shape[0]))
    shift = _shift(sample, knots, level) if sample.enough else 0.0
    line = shift + level
    if intervals:
        low, high = _interval(binned, sample, knots, line, seed)
    else:
        low = high = line
    rests_on, figures = _basis(examples, sample, shift)
    return _table(knots, line, low, high, rests_on, figures)


def _bin(examples: Examples, totals: Ints) -> _Binned:
    positive = totals[examples.labels > 0]
    n_fine = int(np.clip(len(positive) // COUNTERFEITS_PER_BIN, 5, MOST_BINS))
    cuts = [np.quantile(part, np.linspace(0, 1, n_fine + 1)[1:-1]) for part in (totals, positive)]
    edges = np.unique(np.rint(np.concatenate(cuts)))
    bins = np.searchsorted(edges, totals, side="right")
    used, bins = np.unique(bins, return_inverse=True)
    shape = (int(examples.merchants.max()) + 1, len(used))
    at = (examples.merchants, bins)
    weight = np.bincount(bins, examples.weights)
    return _Binned(
        every=sparse.csr_matrix((examples.weights, at), shape=shape),
        counterfeit=sparse.csr_matrix((examples.weights * examples.labels, at), shape=shape),
        mean_total=np.bincount(bins, examples.weights * totals) / weight,
    )


def enough_sampled(examples: Examples) -> bool:
    """Whether the sampled verdicts can set the level: 100 or more, 20 or more of them counterfeit."""
    labels = examples.sampled_labels[examples.sampled]
    return bool(len(labels) >= LEAST_SAMPLED and labels.sum() >= LEAST_SAMPLED_COUNTERFEITS)


def _sample(examples: Examples, totals: Ints) -> _Sample:
    rows = np.flatnonzero(examples.sampled)
    labels, weights = examples.sampled_labels[rows], 1.0 / examples.inclusion[rows]
    return _Sample(totals[rows], labels, weights, examples.merchants[rows], enough_sampled(examples))


def _curve(binned: _Binned, multiplicity: Floats) -> tuple[Floats, Floats]:
    """(totals, log-odds) of the centred isotonic curve when merchant m counts `multiplicity[m]` times."""
    every = np.asarray(multiplicity @ binned.every)
    counterfeit = np.asarray(multiplicity @ binned.counterfeit)
    return _centred_isotonic(binned.mean_total, every, counterfeit)


def _centred_isotonic(at: Floats, every: Floats, counterfeit: Floats) -> tuple[Floats, Floats]:
    held = every > 0
    at, every, counterfeit = at[held], every[held], counterfeit[held]
    blocks = isotonic_regression(counterfeit / every, weights=every).blocks[:-1]
    weight = np.add.reduceat(every, blocks)
    centre = np.add.reduceat(every * at, blocks) / weight
    hits = np.add.reduceat(counterfeit, blocks)
    # Half a case of each kind keeps a block of only genuine, or only counterfeit, goods off certainty.
    share = (hits + 0.5) / (weight + 1.0)
    return centre, np.maximum.accumulate(np.log(share / (1.0 - share)))


def _shift(sample: _Sample, knots: Floats, level: Floats, multiplicity: Floats | None = None) -> float:
    """What to add to the curve's log-odds so that it expects as many counterfeits as the weighted sample holds.

    No slope is fitted: an authenticator who calls one genuine article in two hundred counterfeit can put more
    cases among the lowest scores than counterfeits do, and a slope would give way to them at the highest.
    """
    weights = sample.weights if multiplicity is None else sample.weights * multiplicity[sample.merchants]
    weights = weights / weights.mean()
    x = np.interp(sample.totals, knots, level)
    shift = 0.0
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(x + shift, -30, 30)))
        # Newton's step with a weak ridge, which keeps it finite where the sample holds one kind only.
        slope = float((weights * (sample.labels - p)).sum()) - 1e-3 * shift
        step = float(np.clip(slope / (float((weights * p * (1 - p)).sum()) + 1e-3), -2.0, 2.0))
        shift += step
        if abs(step) < 1e-8:
            break
    return shift


def _interval(binned: _Binned, sample: _Sample, knots: Floats, line: Floats, seed: int) -> tuple[Floats, Floats]:
    """95 % interval of the log-odds at each knot."""
    rng = np.random.default_rng(seed)
    n_merchants = binned.every.shape[0]
    lines = np.empty((REPLICATES, len(knots)))
    for replicate in range(REPLICATES):
        multiplicity = rng.multinomial(n_merchants, np.full(n_merchants, 1.0 / n_merchants)).astype(np.float64)
        at, level = _curve(binned, multiplicity)
        shift = _shift(sample, at, level, multiplicity) if sample.enough else 0.0
        lines[replicate] = shift + np.interp(knots, at, level)
    low, high = np.quantile(lines, [0.025, 0.975], axis=0)
    thin_low, thin_high = _block_interval(binned, knots, line)
    low = np.minimum(np.minimum(low, thin_low), line)
    high = np.maximum(np.maximum(high, thin_high), line)
    return np.maximum.accumulate(low), np.minimum.accumulate(high[::-1])[::-1]


def _block_interval(binned: _Binned, knots: Floats, line: Floats) -> tuple[Floats, Floats]:
    """Wilson interval (1927) of each knot's share on the effective number of rows nearest to it.

    Rows of one merchant depend on each other, so their number is divided by Kish's design effect
    1 + (rows per merchant - 1) x intra-merchant correlation. It matters only in thin segments, where resampling the
    same few merchants shows too little.
    """
    middles = (knots[1:] + knots[:-1]) / 2
    block = np.searchsorted(middles, binned.mean_total, side="right")
    to_block = sparse.csr_matrix((np.ones(len(block)), (np.arange(len(block)), block)), shape=(len(block), len(knots)))
    every = (binned.every @ to_block).tocsc()
    counterfeit = (binned.counterfeit @ to_block).tocsc()
    p = 1.0 / (1.0 + np.exp(-line))
    total = np.maximum(np.asarray(every.sum(axis=0)).ravel(), 1e-9)
    rows_per_merchant = np.asarray(every.multiply(every).sum(axis=0)).ravel() / total
    correlation = _merchant_correlation(every, counterfeit, p)
    effective = np.maximum(total / (1.0 + np.maximum(rows_per_merchant - 1.0, 0.0) * correlation), 1.0)
    middle = (p + _Z95**2 / (2 * effective)) / (1 + _Z95**2 / effective)
    half = _Z95 * np.sqrt(p * (1 - p) / effective + _Z95**2 / (4 * effective**2)) / (1 + _Z95**2 / effective)
    low, high = np.clip(middle - half, 1e-9, None), np.clip(middle + half, None, 1 - 1e-9)
    return np.log(low / (1 - low)), np.log(high / (1 - high))


def _merchant_correlation(every: sparse.csc_matrix, counterfeit: sparse.csc_matrix, p: Floats) -> float:
    """Correlation of two rows of one merchant at one total, from Pearson residuals pooled over all totals (0 to 1)."""
    column = np.repeat(np.arange(every.shape[1]), np.diff(every.indptr))
    n = every.data
    hits = np.asarray(counterfeit.tocoo().tocsr()[every.indices, column]).ravel()
    share = p[column]
    spread = share * (1 - share)
    summed = (hits - n * share) ** 2 / spread
    single = (hits * (1 - share) ** 2 + (n - hits) * share**2) / spread
    pairs = np.maximum(n * (n - 1.0), 0.0).sum()
    return float(np.clip((summed - single).sum() / pairs, 0.0, 1.0)) if pairs else 0.0


def _table(
    knots: Floats, line: Floats, low: Floats, high: Floats, rests_on: str, figures: dict[str, Any]
) -> CalibrationTable:
    totals, first = np.unique(np.rint(knots).astype(np.int64), return_index=True)

    def points(values: Floats) -> tuple[int, ...]:
        whole = np.rint(POINTS_PER_LOG_ODDS * values[first])
        return tuple(int(each) for each in np.clip(whole, -MOST_SCORE_POINTS, MOST_SCORE_POINTS))

    return CalibrationTable(
        tuple(int(each) for each in totals), points(line), points(low), points(high), rests_on, figures
    )


def _basis(examples: Examples, sample: _Sample, shift: float) -> tuple[str, dict[str, Any]]:
    """What the level rests on, in words and in figures."""
    n_counterfeit = int((examples.labels > 0).sum())
    n_presumed = int((~examples.judged).sum())
    figures: dict[str, Any] = {
        "n_rows": len(examples),
        "n_merchants": len(np.unique(examples.merchants)),
        "n_counterfeit_verdicts": n_counterfeit,
        "n_genuine_verdicts": int(examples.judged.sum()) - n_counterfeit,
        "n_presumed_genuine": n_presumed,
        "share_by_verdicts_at_hand": float(np.average(examples.labels, weights=examples.weights)),
        "n_sampled": len(sample.labels),
        "n_sampled_counterfeit": int(sample.labels.sum()),
    }
    if len(sample.labels):
        figures["share_by_sampled_verdicts"] = float(np.average(sample.labels, weights=sample.weights))
    if sample.enough:
        figures["level_shift_log_odds"] = shift
        return (
            f"level set by {len(sample.labels)} verdicts that a sampling plan drew ({int(sample.labels.sum())} "
            f"counterfeit), weighted by 1 / inclusion probability; shape by all {n_counterfeit} counterfeit verdicts"
        ), figures
    caught = (
        f"rests on caught cases ({n_counterfeit} counterfeit verdicts; {n_presumed} {examples.kind}s without a verdict "
        "presumed genuine): a lower bound of the true share"
    )
    if n_presumed == 0:
        caught = f"rests on judged {examples.kind}s only ({len(examples)}): says nothing about those nobody judged"
    wanted = f"sampled verdicts: {len(sample.labels)} ({int(sample.labels.sum())} counterfeit)"
    return f"{caught}; {wanted}, {LEAST_SAMPLED} with {LEAST_SAMPLED_COUNTERFEITS} are needed to set the level", figures
