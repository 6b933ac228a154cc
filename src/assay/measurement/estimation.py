"""The share of counterfeits in the frame, with an interval that holds for rare events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.measurement.authentication import Authentication, Corrected, correct
from assay.measurement.intervals import gamma_mid_p, korn_graubard
from assay.measurement.published import figure, published
from assay.measurement.samples import FAILURES, Bools, Estimand, Sample, read_sample
from assay.measurement.weighing import Weighed, weigh

__all__ = ["Case", "Estimand", "Estimate", "prevalence"]


@dataclass(frozen=True, slots=True)
class Case:
    """A share and its interval under one reading of the buys that failed."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """The share of `estimand` that is counterfeit. Shares lie between 0 and 1.

    `share`, `low`, `high`: the Horvitz-Thompson share and the published interval, made by `method`; buys without a
    result are made up for within their stratum (so `share` equals `reweighted`). `best_case` and `worst_case` count
    all of them genuine or counterfeit; `complete_case` forgets them. `known_share` is the part that was bought whole.
    Checks: `hajek`; `difference` (listings with scores only); `gamma_mid_p`, a wider valid interval in closed form for
    recomputing by hand; `korn_graubard`, internal. `effective_n`: the uniform sample of the same variance.
    `n_buys` buys have a result and `n_failed` none (`failures` by kind), `n_pending` are not examined yet;
    `n_positive` are counterfeit, `n_unconfirmed` of them by one examination only; `n_refuted` first positives were
    found genuine by the second. `corrected` allows for the examiner's errors, where a model of them was given.
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
    gamma_mid_p: tuple[float, float]
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
    """The counterfeit share of listings, orders or value from a table of test buys and its strata.

    `units` has unit, pot, stratum, inclusion_probability, n_orders, revenue_minor, outcome (and second_outcome, score);
    `strata` has stratum, n_units, n_orders, revenue_minor (and expected_rate, largest_n_orders,
    largest_revenue_minor): the totals of the frame. Controls are left out. With `model` the share is also corrected for
    the examiner's errors. CallerError or MissingColumn for tables that do not say this.
    """
    sample = read_sample(units, strata, estimand)
    weighed = weigh(sample, sample.positive, sample.conclusive)
    result = published(weighed, confidence)
    return Estimate(
        estimand=sample.estimand,
        confidence=confidence,
        share=result.share,
        low=result.low,
        high=result.high,
        method=result.method,
        known_share=figure(weighed.known_share),
        best_case=_case(sample, sample.positive, confidence),
        worst_case=_case(sample, sample.positive | ~sample.conclusive, confidence),
        complete_case=_hajek(sample, reweighted=False),
        reweighted=result.share,
        corrected=None if model is None else correct(result, model, confidence),
        **_counts(sample),
        **_checks(sample, weighed, confidence),
    )


def _counts(sample: Sample) -> dict[str, Any]:
    known, failed = sample.conclusive, ~sample.conclusive
    return {
        "n_buys": int(known.sum()),
        "n_positive": int((sample.positive & known).sum()),
        "n_failed": int((failed & ~sample.pending).sum()),
        "n_pending": int(sample.pending.sum()),
        "n_unconfirmed": _n_seconds(sample, None),
        "n_refuted": _n_seconds(sample, "genuine"),
        "failures": _failures(sample),
    }


def _checks(sample: Sample, weighed: Weighed, confidence: float) -> dict[str, Any]:
    """What stands beside the published figure."""
    n_known = max(int(sample.conclusive.sum()), 1)
    kg = korn_graubard(weighed.share, weighed.variance, n_known, confidence=confidence)
    heaviest = float(weighed.largest.max(initial=0.0))
    gamma = gamma_mid_p(weighed.drawn_share, weighed.poisson_variance, heaviest, confidence=confidence)
    low, high = (weighed.known_share + float(limit) for limit in gamma)
    return {
        "effective_n": _effective_n(weighed, n_known),
        "hajek": _hajek(sample, reweighted=True),
        "difference": _difference(sample),
        "korn_graubard": (figure(float(kg[0])), figure(float(kg[1]))),
        "gamma_mid_p": (figure(low), figure(min(high, 1.0))),
    }


def _case(sample: Sample, positive: Bools, confidence: float) -> Case:
    """The share and interval when every unit counts as having a result."""
    result = published(weigh(sample, positive, np.ones_like(sample.conclusive)), confidence)
    return Case(result.share, result.low, result.high)


def _effective_n(weighed: Weighed, n: int) -> float:
    variance = weighed.variance
    return figure(weighed.share * (1.0 - weighed.share) / variance) if variance > 0 else float(n)


def _hajek(sample: Sample, *, reweighted: bool) -> float:
    counted = sample.conclusive
    weight = sample.size / sample.probability
    if reweighted:
        n = len(sample.n_units)
        every = np.bincount(sample.stratum, weight, minlength=n)
        heard = np.bincount(sample.stratum[counted], weight[counted], minlength=n)
        weight = weight * np.where(heard > 0, every / np.where(heard > 0, heard, 1.0), 0.0)[sample.stratum]
    total = float(weight[counted].sum())
    return figure(float(weight[counted & sample.positive].sum()) / total) if total > 0 else 0.0


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
    return figure(expected + float((sample.n_units * gap / np.maximum(n, 1)).sum()) / total)


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
