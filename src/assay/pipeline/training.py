"""Trains the models of a market from its verdicts, and measures what they are worth."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ibis.expr.types as ir

from assay.engine import EngineSettings, Market, Workspace, open_engine, open_market, whole_folder
from assay.market.errors import MissingColumn
from assay.pipeline.measuring import MeasuredMarket, measured
from assay.pipeline.rating import terms
from assay.rating import (
    Evaluation,
    EvaluationSettings,
    Examples,
    Model,
    OutOfFoldScorer,
    Term,
    Trained,
    TrainingSettings,
    attach_labels,
    attach_merchant_labels,
    card_markdown,
    evaluate,
    merchant_goods,
    merchant_terms,
    read_examples,
    sample_rows,
    save_model,
    train,
    with_figures,
)
from assay.signals.families import SIGNALS

# More rows than this change no figure in the third digit, and memory stays under two gigabytes.
MOST_EXAMPLES = 1_200_000


@dataclass(frozen=True, slots=True)
class TrainedMarket:
    """The models of a market with what was measured of them, as they lie in a model folder."""

    folder: Path
    listing: Model
    merchant: Model
    evaluation: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What to train on and what to measure.

    `verdicts_only` leaves out goods without a verdict instead of presuming them genuine. `ablation` measures the worth
    of every family of signals, at the price of one training each.
    """

    training: TrainingSettings = field(default_factory=TrainingSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    verdicts_only: bool = False
    most_examples: int = MOST_EXAMPLES


def train_market(
    market_folder: Path,
    model_folder: Path,
    *,
    options: TrainingOptions | None = None,
    engine: str | None = None,
    settings: EngineSettings | None = None,
) -> TrainedMarket:
    """Trains both models on a market's verdicts, evaluates them out of fold and writes models, card and figures.

    MissingColumn when the market has no verdicts, CallerError when there are too few.
    """
    options = options or TrainingOptions()
    with open_engine(engine, settings) as opened:
        market = open_market(opened, market_folder)
        _need_verdicts(market)
        signals = measured(market, market_folder)
        goods, merchants = _train_both(market, signals, options)
        with whole_folder(model_folder) as folder:
            result = _write(folder, market, goods, merchants, options)
    return replace(result, folder=model_folder)


def _need_verdicts(market: Market) -> None:
    if not market.has("verdicts"):
        raise MissingColumn(
            "Training needs the market's table verdicts, which holds nothing; rate with the scorecard, or take in "
            "verdicts first.",
            where={"table": "verdicts"},
        )


def _train_both(market: Market, signals: MeasuredMarket, options: TrainingOptions) -> tuple[Trained, Trained]:
    market.engine.report("training listings", 0, 1)
    goods = train(listing_examples(market, signals, options), options.training, terms(SIGNALS))
    market.engine.report("training merchants", 0, 1)
    merchants = train(
        _merchant_examples(market, signals, goods, options),
        options.training,
        merchant_terms(_merchant_signals(signals)),
    )
    return goods, merchants


def listing_examples(market: Market, signals: MeasuredMarket, options: TrainingOptions) -> Examples:
    """Labelled rows of the market: all with a verdict and a weighted sample of the others."""
    labelled = attach_labels(signals.listings, market.table("verdicts"))
    described = labelled.left_join(_segments(market), "listing_id").drop("listing_id_right")
    every = terms(signals.computed)
    kept = [
        "listing_id",
        "merchant_id",
        "verdict",
        "decided_at",
        "sampled_verdict",
        "inclusion_probability",
        "listed_at",
        "country",
        "language",
        "merchant_size",
        *(term.column for term in every),
    ]
    narrow = described.select([name for name in dict.fromkeys(kept) if name in described.columns])
    rows = market.engine.collect(sample_rows(market.engine, narrow, options.most_examples))
    return read_examples(rows.sort_by("listing_id"), every, verdicts_only=options.verdicts_only)


def _segments(market: Market) -> ir.Table:
    """What false alarms are shown by: country and size of the merchant, language of the listing."""
    listings = market.table("listings")
    size = listings.group_by("merchant_id").aggregate(segment_size=listings.count())
    merchants = market.table("merchants").select("merchant_id", "country")
    joined = listings.select("listing_id", "merchant_id", "listed_at", "language").left_join(merchants, "merchant_id")
    sized = joined.drop("merchant_id_right").left_join(size, "merchant_id")
    return sized.select("listing_id", "listed_at", "language", "country", merchant_size=sized.segment_size)


def _merchant_signals(signals: MeasuredMarket) -> tuple[Term, ...]:
    return terms(signals.signals("merchant"))


def _merchant_examples(market: Market, signals: MeasuredMarket, goods: Trained, options: TrainingOptions) -> Examples:
    """One row per merchant: its own signals, and what fold models that never saw it say of its goods."""
    scorer = OutOfFoldScorer(goods.fold_models)
    work = Workspace(market.engine, market.engine.scratch / "training")
    blind = work.map_step("blind_scores", signals.listings, scorer, scorer.schema)
    frame = signals.merchants.left_join(merchant_goods(blind, goods.model), "merchant_id").drop("merchant_id_right")
    labelled = attach_merchant_labels(frame, market.table("verdicts"), market.table("listings"))
    about = market.table("merchants").select("merchant_id", "country", "registered_at")
    rows = market.engine.collect(labelled.left_join(about, "merchant_id").drop("merchant_id_right"))
    return read_examples(
        rows.sort_by("merchant_id"),
        merchant_terms(_merchant_signals(signals)),
        "merchant",
        verdicts_only=options.verdicts_only,
    )


def _write(folder: Path, market: Market, goods: Trained, merchants: Trained, options: TrainingOptions) -> TrainedMarket:
    figures: dict[str, Any] = {"snapshot_id": market.snapshot_id}
    models = {}
    for kind, trained in (("listing", goods), ("merchant", merchants)):
        market.engine.report(f"evaluating {kind}s", 0, 1)
        result: Evaluation = evaluate(trained, options.evaluation, options.training)
        model = replace(trained.model, card=with_figures(trained.model.card, result.as_dict()))
        figures[kind] = result.as_dict()
        models[kind] = model
        save_model(model, folder / f"{kind}.json")
        (folder / f"card-{kind}.md").write_text(card_markdown(model), encoding="utf-8")
    (folder / "evaluation.json").write_text(json.dumps(figures, indent=1, sort_keys=True, default=str), "utf-8")
    return TrainedMarket(folder, models["listing"], models["merchant"], figures)


def evaluate_market(
    market_folder: Path,
    *,
    options: TrainingOptions | None = None,
    engine: str | None = None,
    settings: EngineSettings | None = None,
) -> dict[str, Any]:
    """Makes the figures of `train_market` again from the market alone: out of fold, forward in time, random split.

    Nothing is written. The result is what a model folder keeps as evaluation.json.
    """
    options = options or TrainingOptions()
    with open_engine(engine, settings) as opened:
        market = open_market(opened, market_folder)
        _need_verdicts(market)
        signals = measured(market, market_folder)
        goods, merchants = _train_both(market, signals, options)
        figures: dict[str, Any] = {"snapshot_id": market.snapshot_id}
        for kind, trained in (("listing", goods), ("merchant", merchants)):
            figures[kind] = evaluate(trained, options.evaluation, options.training).as_dict()
        return figures
