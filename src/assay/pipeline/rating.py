"""Rates a market: signals, scores with every step, and the discrepancies of what scored high."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from assay.engine import Engine, EngineSettings, Market, Workspace, open_engine, open_market, versions, whole_folder
from assay.market.scores import AT_RISK_SCORE, RED_FLAG_SCORE
from assay.pipeline.measuring import MeasuredMarket, measured
from assay.pipeline.runs import Run, open_run
from assay.rating import (
    LISTING_KEYS,
    MERCHANT_KEYS,
    Model,
    Scorer,
    Term,
    load_model,
    merchant_goods,
    merchant_terms,
    model_hash,
    plain_numbers,
    save_model,
    scorecard,
)
from assay.signals.families import SIGNALS
from assay.signals.signal import Discrepancy, Signal, discrepancies

DISCREPANCIES = pa.schema(
    [
        pa.field("subject_type", pa.string()),
        pa.field("subject_id", pa.string()),
        pa.field("signal", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("text", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Models:
    """The two models that rate a market, and where they come from (`scorecard` or a model folder)."""

    listing: Model
    merchant: Model
    source: str

    @property
    def label(self) -> str:
        """What the scores mean, in a few words."""
        return "calibrated on verdicts" if self.listing.is_calibrated else "expert scorecard, not calibrated"


def rate(
    market_folder: Path,
    run_folder: Path,
    *,
    model_folder: Path | None = None,
    scorecard_file: Path | None = None,
    engine: str | None = None,
    settings: EngineSettings | None = None,
) -> Run:
    """Rates every listing and merchant of a market from 0 to 100 and writes the run folder.

    `model_folder` holds models written by training; without it the expert scorecard (`scorecard_file` names your own)
    rates and is labelled "not calibrated". The run appears whole or not at all.
    CallerError for what is not a market or a model, OutsideError when the disk fails.
    """
    with open_engine(engine, settings) as opened:
        market = open_market(opened, market_folder)
        signals = measured(market, market_folder)
        models = load_models(model_folder, signals, scorecard_file)
        with whole_folder(run_folder) as folder:
            _rate_into(folder, market, market_folder, signals, models)
    return open_run(run_folder)


def terms(signals: tuple[Signal, ...]) -> tuple[Term, ...]:
    """What the rating needs to know of each signal."""
    return tuple(Term(s.id, s.column, s.direction.value, s.id) for s in signals)


def load_models(model_folder: Path | None, signals: MeasuredMarket, scorecard_file: Path | None = None) -> Models:
    """The models that training wrote, or the expert scorecard for this market's signals."""
    if model_folder is None:
        by_listing = scorecard("listing", terms(signals.computed), scorecard_file)
        by_merchant = scorecard("merchant", merchant_terms(terms(signals.signals("merchant"))), scorecard_file)
        return Models(by_listing, by_merchant, "scorecard")
    listing, merchant = (load_model(model_folder / f"{kind}.json") for kind in ("listing", "merchant"))
    return Models(listing, merchant, str(model_folder))


def _rate_into(folder: Path, market: Market, market_folder: Path, signals: MeasuredMarket, models: Models) -> None:
    started = time.perf_counter()
    work = Workspace(market.engine, folder)
    goods = score_listings(work, signals, models.listing)
    merchants = score_merchants(work, market, signals, goods, models)
    _discrepancies(work, signals, goods, merchants)
    for source in [*signals.folder.glob("signals_*"), *signals.folder.glob("facts/*/*")]:
        link_folder(source, folder / source.relative_to(signals.folder))
    for kind, model in (("listing", models.listing), ("merchant", models.merchant)):
        save_model(model, folder / f"model_{kind}.json")
    about = _about(market, market_folder, signals, models) | {
        "counts": _counts(market.engine, goods, merchants),
        "seconds": {**signals.seconds, **{k: round(v, 3) for k, v in work.seconds.items()}},
        "seconds_rating": round(time.perf_counter() - started, 3),
    }
    (folder / "run.json").write_text(json.dumps(about, indent=1, sort_keys=True), encoding="utf-8")


def score_listings(work: Workspace, signals: MeasuredMarket, model: Model) -> ir.Table:
    """Scores and points of every listing, by listing_id, as the step `scores_listings`."""
    scorer = Scorer(model, LISTING_KEYS)
    columns = [name for name in scorer.needs if name in signals.listings.columns]
    scored = work.map_step("scored_listings", signals.listings.select(columns), scorer, scorer.schema)
    # Engines join in whatever order their threads finish; sorted, the scores stand the same way in every run.
    table = work.step("scores_listings", scored.order_by("listing_id"), ordered=True)
    shutil.rmtree(work.folder / "scored_listings")
    return table


def score_merchants(
    work: Workspace, market: Market, signals: MeasuredMarket, goods: ir.Table, models: Models
) -> ir.Table:
    """Scores and points of every merchant, with the plain numbers of its goods, as the step `scores_merchants`."""
    said_by_goods = merchant_goods(goods, models.listing)
    numbers = plain_numbers(goods, market.table("listings"))
    frame = signals.merchants
    for part in (said_by_goods, numbers):
        frame = frame.left_join(part, "merchant_id").drop("merchant_id_right")
    scorer = Scorer(models.merchant, MERCHANT_KEYS)
    columns = [name for name in scorer.needs if name in frame.columns]
    return work.map_step("scores_merchants", frame.select(columns).order_by("merchant_id"), scorer, scorer.schema)


@dataclass(frozen=True, slots=True)
class _Sentences:
    """Batch kernel: rows of one family's facts -> the discrepancies that fire in them."""

    subject: str

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        signals = tuple(s for s in SIGNALS if s.subject == self.subject and s.column in batch.schema.names)
        found = [each for signal in signals for each in _said(batch, signal)]
        columns = [[getattr(each, field.name) for each in found] for field in DISCREPANCIES]
        arrays = [pa.array(values, field.type) for values, field in zip(columns, DISCREPANCIES, strict=True)]
        return pa.record_batch(arrays, schema=DISCREPANCIES)


def _said(batch: pa.RecordBatch, signal: Signal) -> Iterator[Discrepancy]:
    """Discrepancies of one signal; only the rows in which it fires become Python values, which is what costs."""
    values = batch.column(signal.column)
    fired = pa.array([False] * len(values))
    if signal.fires_above is not None:
        fired = pc.or_(fired, pc.fill_null(pc.greater_equal(values, signal.fires_above), False))
    if signal.fires_below is not None:
        fired = pc.or_(fired, pc.fill_null(pc.less_equal(values, signal.fires_below), False))
    for row in batch.filter(fired).to_pylist():
        yield from discrepancies(row, (signal,))


def _discrepancies(work: Workspace, signals: MeasuredMarket, goods: ir.Table, merchants: ir.Table) -> None:
    parts = []
    for subject, scores in (("listing", goods), ("merchant", merchants)):
        key = f"{subject}_id"
        risky = work.step(f"risky_{subject}", scores.filter(scores.score >= AT_RISK_SCORE).select(key))
        for name, facts in signals.facts[subject].items():
            rows = facts.semi_join(risky, key)
            parts.append(work.map_step(f"sentences_{name}", rows, _Sentences(subject), DISCREPANCIES))
    every = ibis.union(parts[0], *parts[1:]) if len(parts) > 1 else parts[0]
    work.step("discrepancies", every.order_by(["subject_type", "subject_id", "signal"]), ordered=True)
    for folder in [*work.folder.glob("sentences_*"), *work.folder.glob("risky_*")]:
        shutil.rmtree(folder)


def _counts(engine: Engine, goods: ir.Table, merchants: ir.Table) -> dict[str, Any]:
    counts: dict[str, Any] = {}
    for name, table in (("listings", goods), ("merchants", merchants)):
        summary = table.aggregate(
            rated=table.count(),
            at_risk=(table.score >= AT_RISK_SCORE).sum(),
            red_flags=(table.score >= RED_FLAG_SCORE).sum(),
        )
        counts[name] = {key: int(value or 0) for key, value in engine.collect(summary).to_pylist()[0].items()}
    return counts


def _about(market: Market, market_folder: Path, signals: MeasuredMarket, models: Models) -> dict[str, Any]:
    return {
        "market_folder": str(market_folder.resolve()),
        "snapshot_id": market.snapshot_id,
        "as_of": market.as_of.isoformat(),
        "engine": market.engine.name,
        "model": {
            "source": models.source,
            "label": models.label,
            "listing": model_hash(models.listing),
            "merchant": model_hash(models.merchant),
        },
        "versions": dict(versions()),
        "computed": [signal.id for signal in signals.computed],
        "not_computed": {each.signal.id: each.reason for each in signals.not_computed},
    }


def link_folder(source: Path, target: Path) -> None:
    """The files of `source` under `target` as well: hard links, or copies where the file system has none."""
    target.mkdir(parents=True)
    for file in sorted(source.iterdir()):
        try:
            (target / file.name).hardlink_to(file)
        except OSError:
            shutil.copyfile(file, target / file.name)
