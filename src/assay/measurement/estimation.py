"""The share of counterfeits in the frame, with an interval that holds for rare events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.measurement.authentication import Authentication, Corrected
from assay.measurement.intervals import clopper_pearson, gamma_mid_p, korn_graubard
from assay.measurement.samples import FAILURES, Bools, Estimand, Sample, read_sample
from assay.measurement.weighing import Weighed, weigh

__all__ = ["Case", "Estimand", "Estimate", "prevalence"]

# Twelve decimals hide the last bits, in which machines differ, and keep 1e-12 of a share.
DECIMALS = 12


@dataclass(frozen=True, slots=True)
class Case:
    """A share and its interval under one reading of the buys that failed."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """The share of `estimand` that is counterfeit.

    `share`, `low`, `high`: Horvitz-Thompson share and published interval, made by `method`; buys without a result are
    made up for within their stratum (equal to `reweighted`). `best_case` and `worst_case` count all of them genuine or
    counterfeit; `complete_case` forgets them. `hajek` and `difference` are checks (`difference` only for listings with
    scores), `korn_graubard` is internal. `known_share` is the part bought whole. `n_buys` = buys with a result,
    `n_failed` without, `failures` by kind, `n_pending` not yet examined; `n_positive` confirmed counterfeits, of which
    `n_unconfirmed` saw one examination only; `n_refuted` first positives that the second examination did not confirm.
    `effective_n` = the uniform sample that would have the same variance. `corrected` is set when controls were given.
    """

    estimand: Estimand
    confidence: float
    share: float
    low: float
    high: float
    method: str
    n_buys: int
    n_positive: int
    n_failed: int
    n_pending: int
    n_unconfirmed: int
    n_refuted: int
    failures: tuple[tuple[str, int], ...]
    known_share: float
    effective_n: float
    hajek: float
    difference: float | None
    korn_graubard: tuple[float, float]
    best_case: Case
    worst_case: Case
    complete_case: float
    reweighted: float
    corrected: Corrected | None


def prevalence(
    units: pa.Table,
    strata: pa.Table,
    estimand: Estimand | str = Estimand.LISTINGS,
    *,
    confidence: float = 0.95,
    model: Authentication | None = None,
) -> Estimate:
    """The counterfeit share of listings, orders or value from a table of test buys and its strata."""
    sample = read_sample(units, strata, estimand)
    weighed = weigh(sample, sample.positive, sample.conclusive)
    case, method = _interval(weighed, confidence)
    everything = np.ones_like(sample.conclusive)
    failed = ~sample.conclusive
    counted = sample.conclusive
    effective = _effective_n(weighed, int(counted.sum()))
    kg = korn_graubard(weighed.share, _variance(weighed), max(int(counted.sum()), 1), confidence=confidence)
    return Estimate(
        estimand=sample.estimand,
        confidence=confidence,
        share=case.share,
        low=case.low,
        high=case.high,
        method=method,
        n_buys=int(counted.sum()),
        n_positive=int((sample.positive & counted).sum()),
        n_failed=int((failed & ~sample.pending).sum()),
        n_pending=int(sample.pending.sum()),
        n_unconfirmed=_n_seconds(sample, None),
        n_refuted=_n_seconds(sample, "genuine"),
        failures=_failures(sample),
        known_share=_rounded(weighed.known_share),
        effective_n=effective,
        hajek=_hajek(sample, reweighted=True),
        difference=_difference(sample),
        korn_graubard=(_rounded(float(kg[0])), _rounded(float(kg[1]))),
        best_case=_interval(weigh(sample, sample.positive, everything), confidence)[0],
        worst_case=_interval(weigh(sample, sample.positive | failed, everything), confidence)[0],
        complete_case=_hajek(sample, reweighted=False),
        reweighted=case.share,
        corrected=None,
    )


def _interval(weighed: Weighed, confidence: float) -> tuple[Case, str]:
    known, rest = weighed.known_share, weighed.drawn_share
    if weighed.even:
        n = int(weighed.n.sum())
        low, high = clopper_pearson(len(weighed.weights), n, confidence=confidence)
        low, high, method = low * weighed.whole, high * weighed.whole, "Clopper-Pearson"
    else:
        low, high = gamma_mid_p(rest, weighed.poisson_variance, weighed.largest_weight, confidence=confidence)
        method = "gamma mid-p"
    high = np.minimum(known + high, 1.0)
    return Case(_rounded(min(weighed.share, 1.0)), _rounded(known + float(low)), _rounded(float(high))), method


def _variance(weighed: Weighed) -> float:
    """The stratified variance of the drawn part, with the finite population's correction."""
    n = np.maximum(weighed.n, 2)
    x = np.bincount(weighed.strata, minlength=len(n))
    spread = (1.0 - x / n) * n / (n - 1.0)
    return float((weighed.weights**2 * (1.0 - weighed.fractions) * spread[weighed.strata]).sum())


def _effective_n(weighed: Weighed, n: int) -> float:
    variance = _variance(weighed)
    return _rounded(weighed.share * (1.0 - weighed.share) / variance) if variance > 0 else float(n)


def _hajek(sample: Sample, *, reweighted: bool) -> float:
    counted = sample.conclusive
    weight = sample.size / sample.probability
    if reweighted:
        n = len(sample.n_units)
        every = np.bincount(sample.stratum, weight, minlength=n)
        heard = np.bincount(sample.stratum[counted], weight[counted], minlength=n)
        weight = weight * np.where(heard > 0, every / np.where(heard > 0, heard, 1.0), 0.0)[sample.stratum]
    total = float(weight[counted].sum())
    return _rounded(float(weight[counted & sample.positive].sum()) / total) if total > 0 else 0.0


def _difference(sample: Sample) -> float | None:
    """The difference estimator: the frame's mean chance plus the weighted mean of (outcome - chance)."""
    if sample.estimand is not Estimand.LISTINGS or "score" not in sample.table.column_names:
        return None
    score = sample.table["score"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    if np.isnan(score).any() or np.isnan(sample.expected_rate).any():
        return None
    total = float(sample.total.sum())
    expected = float((sample.n_units * sample.expected_rate).sum()) / total
    n = np.bincount(sample.stratum[sample.conclusive], minlength=len(sample.n_units))
    gap = np.bincount(
        sample.stratum[sample.conclusive],
        (sample.positive - score / 100.0)[sample.conclusive],
        minlength=len(sample.n_units),
    )
    return _rounded(expected + float((sample.n_units * gap / np.maximum(n, 1)).sum()) / total)


def _failures(sample: Sample) -> tuple[tuple[str, int], ...]:
    counts = {kind: int(pc.sum(pc.equal(sample.table["outcome"], kind)).as_py() or 0) for kind in FAILURES}
    return tuple((kind, count) for kind, count in counts.items() if count)


def _n_seconds(sample: Sample, said: str | None) -> int:
    first = np.array(sample.table["outcome"].to_pylist(), dtype=object) == "counterfeit"
    if "second_outcome" not in sample.table.column_names:
        return int(first.sum()) if said is None else 0
    second = np.array(sample.table["second_outcome"].to_pylist(), dtype=object)
    agrees: Bools = np.array([each == said for each in second], dtype=np.bool_)
    return int((first & agrees).sum())


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS)
