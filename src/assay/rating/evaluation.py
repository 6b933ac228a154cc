"""How good a model is on merchants it has not seen, forward in time, and against simpler models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from assay.rating.calibration import LEAST_SAMPLED, LEAST_SAMPLED_COUNTERFEITS, calibrate, enough_sampled
from assay.rating.examples import Bools, Examples
from assay.rating.false_alarms import FalseAlarms, false_alarms
from assay.rating.measures import (
    BINS,
    REPLICATES,
    Estimate,
    Figures,
    ReliabilityBin,
    Scored,
    differences,
    figures,
    reliability,
)
from assay.rating.model import Model
from assay.rating.training import (
    OutOfFold,
    Trained,
    TrainingSettings,
    fit_folds,
    fit_tables,
    out_of_fold_scores,
    totals_of,
)

# What goods and merchant cannot say alone: verdicts on others, copies and pictures elsewhere, shared accounts.
NETWORK = frozenset({"history", "repetition", "imagery", "merchant-shared-identifier", "merchant-closed-siblings"})
# The last 30 % of the time is tested: late enough to be "later", long enough to hold counterfeits.
FORWARD_QUANTILE = 0.7
# Test merchants of the forward split; the others train.
_FORWARD_TEST_FOLDS = (0, 1)


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """What to measure: `ablation` trains once more per signal family, which multiplies the time."""

    replicates: int = REPLICATES
    forward: bool = True
    random_split: bool = True
    tabular: bool = True
    ablation: bool = False
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model without some families or signals, and the full model's figures minus its own, paired by draw."""

    without: tuple[str, ...]
    figures: Figures
    gain: dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything measured; `as_dict` is what the model card and `--json` hold.

    `out_of_fold`: merchants unseen by the model that scored them, calibrated on yet other merchants. `sampled`: the
    same on the sampling plan's verdicts only, weighted by 1 / inclusion probability: the honest figure where it exists.
    `forward`: trained before a date on some merchants, tested after it on others. `random_split`: rows split at random,
    beside the honest figures as a leak check: how much better it looks is what merchants give away. `not_measured` says
    why a part is missing.
    """

    out_of_fold: Figures
    reliability: tuple[ReliabilityBin, ...]
    false_alarms: tuple[FalseAlarms, ...]
    sampled: Figures | None
    forward: Figures | None
    random_split: Figures | None
    comparisons: tuple[Comparison, ...]
    not_measured: dict[str, str]
    calibration_bins: str = f"{BINS} bins of equal weight; {BINS} bins of equal width"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def evaluate(
    trained: Trained, settings: EvaluationSettings | None = None, training: TrainingSettings | None = None
) -> Evaluation:
    """Measures a trained model. `training` should be the settings it was trained with.

    Takes as long as training once more per comparison.
    """
    settings, training = settings or EvaluationSettings(), training or TrainingSettings()
    examples = trained.examples
    rows = scored(examples, trained.out_of_fold)
    not_measured: dict[str, str] = {}

    def part(name: str, wanted: bool, work: Callable[[], Figures | str]) -> Figures | None:
        result = work() if wanted else "not asked for"
        if isinstance(result, str):
            not_measured[name] = result
            return None
        return result

    return Evaluation(
        out_of_fold=figures(rows, replicates=settings.replicates, seed=settings.seed),
        reliability=reliability(rows),
        false_alarms=false_alarms(examples, trained.out_of_fold.score_points),
        sampled=part("sampled", True, lambda: _sampled(examples, rows, settings)),
        forward=part("forward", settings.forward, lambda: _forward(examples, settings, training)),
        random_split=part("random_split", settings.random_split, lambda: _random_split(examples, settings, training)),
        comparisons=_comparisons(examples, rows, settings, training),
        not_measured=not_measured,
    )


def measure_model(model: Model, examples: Examples, *, replicates: int = REPLICATES, seed: int = 1) -> Figures:
    """Figures of a finished model, for instance the scorecard, on examples it did not learn from."""
    totals = totals_of(model, examples.values)
    points = model.score_points(totals)[0]
    return figures(scored(examples, OutOfFold(totals, points)), replicates=replicates, seed=seed)


def scored(examples: Examples, out_of_fold: OutOfFold) -> Scored:
    """Examples with their scores, as the measures take them."""
    return Scored(out_of_fold.score_points, out_of_fold.totals, examples.labels, examples.weights, examples.merchants)


def _sampled(examples: Examples, rows: Scored, settings: EvaluationSettings) -> Figures | str:
    drawn = examples.sampled
    if not enough_sampled(examples):
        n_counterfeit = int(examples.sampled_labels[drawn].sum())
        return (
            f"{int(drawn.sum())} sampled verdicts with {n_counterfeit} counterfeit; "
            f"{LEAST_SAMPLED} with {LEAST_SAMPLED_COUNTERFEITS} are needed"
        )
    part = replace(rows.take(drawn), labels=examples.sampled_labels[drawn], weights=1.0 / examples.inclusion[drawn])
    return figures(part, replicates=settings.replicates, seed=settings.seed)


def _forward(examples: Examples, settings: EvaluationSettings, training: TrainingSettings) -> Figures | str:
    known = np.isfinite(examples.times)
    if known.mean() < 0.5:
        return "fewer than half of the rows have a date"
    cut = float(np.quantile(examples.times[known], FORWARD_QUANTILE))
    test_merchant = np.isin(examples.folds, _FORWARD_TEST_FOLDS)
    past = examples.take(known & (examples.times < cut) & ~test_merchant)
    # What was decided later was not known then.
    later = np.where(np.isfinite(past.decided), past.decided >= cut, False)
    past = replace(past, labels=np.where(later, 0.0, past.labels), judged=past.judged & ~later)
    future = examples.take(known & (examples.times >= cut) & test_merchant)
    fault = _too_few(past) or _too_few(future)
    if fault:
        return fault
    table = calibrate(past, out_of_fold_scores(past, fit_folds(past, training)).totals, intervals=False)
    model = replace(fit_tables(past, training)[0], calibration=table)
    return measure_model(model, future, replicates=settings.replicates, seed=settings.seed)


def _random_split(examples: Examples, settings: EvaluationSettings, training: TrainingSettings) -> Figures | str:
    """One random fifth of the rows, scored by a model of the rest; merchants stand on both sides."""
    test = np.random.default_rng(settings.seed).random(len(examples)) < 0.2
    rest, held = examples.take(~test), examples.take(test)
    fault = _too_few(rest) or _too_few(held)
    return fault or measure_model(fit_tables(rest, training)[0], held, replicates=0)


def _comparisons(
    examples: Examples, rows: Scored, settings: EvaluationSettings, training: TrainingSettings
) -> tuple[Comparison, ...]:
    families = sorted({term.family for term in examples.terms})
    ids = sorted(term.id for term in examples.terms)
    dropped: list[tuple[str, ...]] = []
    if settings.tabular:
        dropped.append(tuple(name for name in (*families, *ids) if name in NETWORK))
    if settings.ablation:
        dropped += [(family,) for family in families]
    found = []
    for without in dict.fromkeys(dropped):
        kept = [term for term in examples.terms if not {term.family, term.id} & set(without)]
        if not without or not kept:
            continue
        fewer = examples.with_terms(kept)
        other = scored(fewer, out_of_fold_scores(fewer, fit_folds(fewer, training)))
        own = figures(other, replicates=settings.replicates, seed=settings.seed)
        gain = differences(rows, other, replicates=settings.replicates, seed=settings.seed)
        found.append(Comparison(without, own, gain))
    return tuple(found)


def _too_few(examples: Examples) -> str:
    n_counterfeit = int(examples.labels.sum())
    with_counterfeit: Bools = examples.labels > 0
    n_merchants = len(np.unique(examples.merchants[with_counterfeit]))
    folds = len(np.unique(examples.folds[with_counterfeit]))
    if n_counterfeit < 20 or n_merchants < 5 or folds < 2:
        return f"one side has only {n_counterfeit} counterfeits at {n_merchants} merchants; 20 at 5 are needed"
    return ""
