"""Learns a model from verdicts: an explainable boosting machine, turned into whole points and calibrated.

One shallow curve per signal is boosted in turn (Lou, Caruana, Gehrke 2012; Nori et al. 2019, interpret-core), so the
log-odds are a plain sum and nothing is lost by writing the curves down as tables. Curves whose sign is certain are held
monotone. Every figure and the calibration rest on totals of merchants that the model had not seen.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.rating.calibration import calibrate, enough_sampled
from assay.rating.card import describe
from assay.rating.examples import Bools, Codes, Examples
from assay.rating.model import MOST_TERM_POINTS, POINTS_PER_LOG_ODDS, Floats, Ints, Model, Term, TermTable, score_of
from assay.rating.scoring import Scorer

if TYPE_CHECKING:
    from interpret.glassbox import ExplainableBoostingClassifier

# A sampled verdict stands for 1 / inclusion rows, but one that stands for hundreds would alone bend a curve; shapes
# tolerate a bias that the level does not, so only the calibration uses untrimmed weights (Potter 1990).
MOST_TRAINING_WEIGHT = 20.0
# One merchant in six checks when to stop; the same merchants are never on both sides.
_STOPPING_SHARE = 6


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train.

    `max_rows`: all counterfeits and a weighted sample of the rest (100,000 rows of 45 signals took 11 CPU-seconds a
    fit). `outer_bags`: models averaged per fit. `max_bins`: finest table per signal. `n_jobs`: processes per fit; the
    result does not depend on it. `seed` fixes sample, bags and bootstrap.
    """

    max_rows: int = 300_000
    outer_bags: int = 4
    max_bins: int = 64
    # 0.1 without smoothing equalled 0.015 with 75 rounds of it on 100,000 simulated rows at a quarter of the time.
    learning_rate: float = 0.1
    n_jobs: int = 1
    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """What models that had not seen a row's merchant say of it, one entry per example.

    `totals`: their points; `score_points`: calibrated on the merchants of the other folds.
    """

    totals: Ints
    score_points: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained model, its examples and their out-of-fold scores, and the models of the folds (place = fold).

    `fold_models` score rows that were not among the examples without having seen their merchant:
    `OutOfFoldScorer(trained.fold_models)`.
    """

    model: Model
    examples: Examples
    out_of_fold: OutOfFold
    fold_models: tuple[Model, ...]

    def scores(self) -> pa.Table:
        """The examples' ids with their out-of-fold `total_points` and `score` (0 to 100)."""
        return pa.table(
            {
                f"{self.examples.kind}_id": self.examples.ids,
                "merchant_id": self.examples.merchant_ids,
                "total_points": pa.array(self.out_of_fold.totals, pa.int32()),
                "score": pa.array(score_of(self.out_of_fold.score_points)),
            }
        )


def train(
    examples: Examples, settings: TrainingSettings | None = None, offered: Sequence[Term] | None = None
) -> Trained:
    """Trains and calibrates a model; its card says on what.

    `offered` are all signals the program knows, so that the card can name those that were not available.
    """
    settings = settings or TrainingSettings()
    fold_models = fit_folds(examples, settings)
    out_of_fold = out_of_fold_scores(examples, fold_models)
    bare, fit = fit_tables(examples, settings)
    calibration = calibrate(examples, out_of_fold.totals, seed=settings.seed)
    missing = sorted({term.id for term in offered or ()} - {term.id for term in examples.terms})
    card = describe(examples, calibration, fit | asdict(settings), missing)
    return Trained(replace(bare, calibration=calibration, card=card), examples, out_of_fold, fold_models)


def fit_folds(examples: Examples, settings: TrainingSettings) -> tuple[Model, ...]:
    """One uncalibrated model per fold, each trained on all other folds."""
    folds = range(int(examples.folds.max()) + 1)
    return tuple(fit_tables(examples, settings, np.flatnonzero(examples.folds != fold))[0] for fold in folds)


def out_of_fold_scores(examples: Examples, fold_models: Sequence[Model]) -> OutOfFold:
    """Totals by the models of the other folds, and scores calibrated on the other folds."""
    totals = np.zeros(len(examples), dtype=np.int64)
    score_points = np.zeros(len(examples), dtype=np.int64)
    for fold, model in enumerate(fold_models):
        inside = examples.folds == fold
        totals[inside] = totals_of(model, examples.values.filter(pa.array(inside)))
    bare, from_sample = examples.with_terms([]), enough_sampled(examples)
    for fold in np.unique(examples.folds):
        inside = examples.folds == fold
        table = calibrate(bare.take(~inside), totals[~inside], intervals=False, from_sample=from_sample)
        score_points[inside] = Model(examples.kind, 0, (), table).score_points(totals[inside])[0]
    return OutOfFold(totals, score_points)


def totals_of(model: Model, values: pa.Table) -> Ints:
    """Totals of every row of a table of signal columns."""
    scorer = Scorer(model)
    parts = [scorer.totals(batch) for batch in values.combine_chunks().to_batches()]
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)


def fit_tables(
    examples: Examples, settings: TrainingSettings, among: Codes | None = None
) -> tuple[Model, dict[str, Any]]:
    """An uncalibrated model of whole points, and what is worth saying of the fit (rows, rounding error).

    `among` are the rows to learn from, all when None. Signal values are copied only for the rows picked of them.
    """
    among = np.arange(len(examples)) if among is None else among
    rows, weights = training_rows(examples.with_terms([]).take(among), settings)
    picked = examples.take(among[rows])
    matrix = picked.matrix()
    machine = _machine(examples.terms, settings)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Missing values detected")
        machine.fit(matrix, picked.labels.astype(np.int64), sample_weight=weights, bags=_bags(picked, settings).T)
    model = Model(
        examples.kind,
        round(float(machine.intercept_[0]) * POINTS_PER_LOG_ODDS),
        tuple(_table(machine, place, term) for place, term in enumerate(examples.terms)),
    )
    error = np.abs(totals_of(model, picked.values) / POINTS_PER_LOG_ODDS - machine.decision_function(matrix))
    bound = (len(examples.terms) + 1) * 0.5 / POINTS_PER_LOG_ODDS
    if float(error.max()) > bound + 1e-6:
        raise AssertionError(
            f"rounding to whole points moved a total by {error.max():.4f}, more than {bound} can explain"
        )
    return model, {
        "n_training_rows": len(rows),
        "n_training_counterfeit": int(picked.labels.sum()),
        "largest_rounding_error_log_odds": round(float(error.max()), 4),
        "mean_rounding_error_log_odds": round(float(error.mean()), 4),
    }


def training_rows(examples: Examples, settings: TrainingSettings) -> tuple[Codes, Floats]:
    """Rows to fit on and their weights: every judged row, and of the presumed genuine as many as `max_rows` allows.

    A row's weight is `weights` / chance of being picked; the weights' sum stays what it was, so the sample does not
    move the level. A sampled verdict weighs 1 / inclusion probability (at most 20) when only judged rows are learnt
    from. When rows without a verdict are presumed genuine, the goods it stands for are among the rows themselves, and
    counting them twice cost 0.012 of average precision (0.769 to 0.757) on 40,000 simulated listings.
    """
    rng = np.random.default_rng(settings.seed)
    chance = _keep_chance(examples, settings.max_rows)
    rows = np.flatnonzero(rng.random(len(examples)) < chance)
    alone = examples.sampled if examples.judged.all() else np.zeros(len(examples), dtype=np.bool_)
    drawn = 1.0 / np.where(alone, examples.inclusion, 1.0)
    weights = examples.weights / chance * np.minimum(drawn, MOST_TRAINING_WEIGHT)
    return rows, weights[rows]


def _keep_chance(examples: Examples, max_rows: int) -> Floats:
    chance = np.ones(len(examples))
    left = max_rows
    for group in (examples.labels > 0, (examples.labels == 0) & examples.judged, ~examples.judged):
        size = int(group.sum())
        # Each group leaves at least half of what is left to the next, so that none can crowd out the others.
        room = left if not _any_after(group, examples) else max(left // 2, 1)
        chance[group] = min(1.0, room / size) if size else 1.0
        left -= min(size, room)
    return chance


def _any_after(group: Bools, examples: Examples) -> bool:
    return bool((~examples.judged).any()) and not bool(group[~examples.judged].any())


def _bags(examples: Examples, settings: TrainingSettings) -> npt.NDArray[np.int8]:
    """+1 to learn from, -1 to decide when to stop, per bag and row; whole merchants on one side."""
    rng = np.random.default_rng(settings.seed + 1)
    n_merchants = int(examples.merchants.max()) + 1
    bags = np.ones((settings.outer_bags, len(examples)), dtype=np.int8)
    for bag in bags:
        part = rng.permutation(n_merchants)[examples.merchants] % _STOPPING_SHARE
        # A bag whose stopping merchants hold a single class can neither learn nor stop; then another part stops.
        for candidate in range(_STOPPING_SHARE):
            stops = part == candidate
            if 0 < examples.labels[stops].sum() < stops.sum() and 0 < examples.labels[~stops].sum() < (~stops).sum():
                bag[stops] = -1
                break
    return bags


def _machine(terms: Sequence[Term], settings: TrainingSettings) -> ExplainableBoostingClassifier:
    # Takes seconds to import, and every worker process that only scores would pay for it.
    from interpret.glassbox import ExplainableBoostingClassifier

    return ExplainableBoostingClassifier(
        feature_names=[term.column for term in terms],
        feature_types=["continuous"] * len(terms),
        max_bins=settings.max_bins,
        interactions=0,
        outer_bags=settings.outer_bags,
        learning_rate=settings.learning_rate,
        smoothing_rounds=0,
        early_stopping_rounds=50,  # 100 took half as long again for figures equal to four digits (40,000 listings)
        monotone_constraints=[term.slope for term in terms],
        missing="separate",
        n_jobs=settings.n_jobs,
        random_state=settings.seed,
    )


def _table(machine: ExplainableBoostingClassifier, place: int, term: Term) -> TermTable:
    at = machine.term_features_.index((place,))
    scores = machine.term_scores_[at]  # missing, one per bin, unknown
    cuts = np.asarray(machine.bins_[place][0], dtype=np.float64)
    whole = np.clip(np.rint(scores * POINTS_PER_LOG_ODDS), -MOST_TERM_POINTS, MOST_TERM_POINTS).astype(np.int64)
    points = whole[1 : len(cuts) + 2]
    differ = np.flatnonzero(np.diff(points))
    return TermTable(
        term,
        edges=tuple(float(cut) for cut in cuts[differ]),
        points=tuple(int(each) for each in points[np.append(differ, len(points) - 1)]),
        missing_points=int(whole[0]),
    )
