"""Damages of a rated market: what was sold of goods that may be counterfeit, and what it cost, as intervals."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.engine import EngineSettings, Market, open_engine, open_market
from assay.market.errors import CallerError
from assay.measurement.damages import (
    REPLICATES,
    DamageInputs,
    Damages,
    Range,
    SoldGoods,
    damages,
    merchant_correlation,
)
from assay.measurement.frame import PERIOD_DAYS, FrameSettings, candidates, frame_counts, main_currency, sales_from
from assay.pipeline.runs import Run, open_run
from assay.rating import attach_labels

Floats = npt.NDArray[np.float64]

# With fewer pairs of sampled goods of one merchant, their likeness is a guess, and the range of the inputs stands.
LEAST_PAIRS = 200
# Goods whose verdicts trained the model look less alike beyond their scores than others do: the range is kept wide.
_CORRELATION_SLACK = 0.2
# How far the share of counterfeits that are confirmed already may be off, down and up (shares of it and of the rest):
# it is measured with scores that are too sure of the goods they were trained on.
_CAUGHT_DOWN, _CAUGHT_UP, _MOST_CAUGHT = 0.25, 0.6, 0.98
# A million goods in 4,000 replicates take minutes; 1,000 replicates blur an end of the interval by a tenth of its tail.
_MANY_GOODS, _FEW_REPLICATES = 100_000, 1_000


@dataclass(frozen=True, slots=True)
class DamageRequest:
    """What damages are asked for; everything has a default.

    `merchants`, `brand`: only goods of these merchants, of this brand (as the listing names it, any case); none: all.
    `period_days` before the market's instant. `currency`: None takes that of most orders; `rates` convert others.
    """

    inputs: DamageInputs = field(default_factory=DamageInputs)
    merchants: tuple[str, ...] = ()
    brand: str | None = None
    period_days: int = PERIOD_DAYS
    currency: str | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    confidence: float = 0.95
    seed: int = 1


@dataclass(frozen=True, slots=True)
class DamageReport:
    """Damages with what they rest on.

    `since`, `until`: ISO dates of the sales counted; `n_listings` that sold, `n_confirmed` of them by verdict and
    `n_cleared` left out by verdict; `uncounted_orders` by currency without a rate; `sales_from`: the table of sales;
    `correlation_basis` says where the range of the merchants' likeness comes from; `caught_rate` is the share of the
    counterfeits among these goods that are confirmed already, as a range.
    """

    damages: Damages
    inputs: DamageInputs
    currency: str
    since: str
    until: str
    sales_from: str
    n_listings: int
    n_confirmed: int
    n_cleared: int
    sold_units: int
    sold_minor: int
    uncounted_orders: dict[str, int]
    correlation_basis: str
    caught_rate: Range
    model: str


def market_damages(
    run_folder: Path,
    request: DamageRequest | None = None,
    *,
    market_folder: Path | None = None,
    engine: str | None = None,
    settings: EngineSettings | None = None,
) -> DamageReport:
    """Tainted units and value, infringer's profit, lost profit, royalty and the platform's loss of a rated market.

    Every listing that sold in the period counts, also those taken down since: confirmed counterfeits in full, cleared
    ones not at all, the others with their calibrated chance. CallerError for a run that is not calibrated, a market
    without sales, or a selection without any.
    """
    asked, run = request or DamageRequest(), open_run(run_folder)
    if not run.model("listing").is_calibrated:
        raise CallerError(
            f"Run {run_folder} was rated by the expert scorecard, whose level is a guess; damages need calibrated "
            "chances: train a model with `assay train`, or set the level by test buys.",
            where={"path": str(run_folder)},
        )
    with open_engine(engine, settings) as opened:
        market = open_market(opened, market_folder or run.market_folder, run.snapshot_id)
        source = sales_from(market)
        if source is None:
            raise CallerError("Damages need sales: the market has neither orders nor listing_stats.")
        frame = FrameSettings(asked.currency or main_currency(market), asked.period_days, asked.rates)
        rows = _rows(market, run, frame)
        table = _selected(opened.collect(rows), asked)
        uncounted = frame_counts(market, candidates(market, _scores(market, run), frame), frame).uncounted_orders
    return _report(table, asked, run, (frame.currency, market, source, uncounted))


def _scores(market: Market, run: Run) -> ir.Table:
    return market.engine.read(run.folder / "scores_listings")


def _rows(market: Market, run: Run, frame: FrameSettings) -> ir.Table:
    """Listings that sold or were sampled: chance, sales in the period, verdicts; sorted by listing_id."""
    scores = _scores(market, run)
    rows = candidates(market, scores, frame).drop("score", "excluded")
    levels = scores.select("listing_id", "score", "score_low", "score_high")
    rows = rows.left_join(levels, "listing_id").drop("listing_id_right")
    rows = attach_labels(rows, market.table("verdicts") if market.has("verdicts") else None)
    rows = rows.left_join(_units(market, frame), "listing_id").drop("listing_id_right")
    kept = rows.filter(rows.score.notnull() & ((rows.n_orders > 0) | rows.sampled_verdict.notnull()))
    names = ("listing_id", "merchant_id", "brand", "safety_class", "score", "score_low", "score_high")
    return kept.select(
        *names, "revenue_minor", "verdict", "sampled_verdict", units=kept.units.fill_null(kept.n_orders)
    ).order_by("listing_id")


def _units(market: Market, frame: FrameSettings) -> ir.Table:
    """Units sold by listing in the period; null where only the number of orders is known."""
    if not market.has("orders.quantity", "orders.ordered_at"):
        nothing = market.table("listings").select("listing_id")
        return nothing.mutate(units=ibis.null("int64"))
    orders = market.table("orders")
    since = ibis.literal(market.as_of - timedelta(days=frame.period_days))
    sold = orders.filter((orders.ordered_at > since) & (orders.ordered_at <= ibis.literal(market.as_of)))
    return sold.group_by("listing_id").aggregate(units=sold.quantity.fill_null(1).sum().cast("int64"))


def _selected(table: pa.Table, asked: DamageRequest) -> pa.Table:
    if asked.merchants:
        table = table.filter(pc.is_in(table["merchant_id"], value_set=pa.array(list(asked.merchants))))
    if asked.brand is not None:
        table = table.filter(pc.equal(pc.utf8_lower(table["brand"]), asked.brand.strip().lower()))
    if not pc.any(pc.greater(table["units"], 0)).as_py():
        raise CallerError(
            "Nothing was sold by what was selected in this period; name other merchants, another brand or more days.",
            where={"merchants": list(asked.merchants), "brand": asked.brand, "period_days": asked.period_days},
        )
    return table


def _report(
    table: pa.Table, asked: DamageRequest, run: Run, about: tuple[str, Market, str, dict[str, int]]
) -> DamageReport:
    currency, market, source, uncounted = about
    inputs, basis = _with_correlation(table, asked.inputs)
    sold = table.filter(pc.greater(table["units"], 0))
    cleared = pc.fill_null(pc.equal(sold["verdict"], "genuine"), False)
    caught = _caught_rate(sold)
    goods = _goods(sold.filter(pc.invert(cleared)), caught)
    replicates = REPLICATES if len(goods) <= _MANY_GOODS else _FEW_REPLICATES
    rng = np.random.default_rng(asked.seed)
    until = market.as_of
    return DamageReport(
        damages=damages(goods, inputs, confidence=asked.confidence, replicates=replicates, rng=rng),
        inputs=inputs,
        currency=currency,
        since=(until - timedelta(days=asked.period_days)).date().isoformat(),
        until=until.date().isoformat(),
        sales_from=source,
        n_listings=len(sold),
        n_confirmed=int(pc.sum(pc.equal(sold["verdict"], "counterfeit")).as_py() or 0),
        n_cleared=int(pc.sum(cleared).as_py() or 0),
        sold_units=int(pc.sum(sold["units"]).as_py()),
        sold_minor=int(pc.sum(sold["revenue_minor"]).as_py()),
        uncounted_orders=uncounted,
        correlation_basis=basis,
        caught_rate=caught,
        model=str(run.about["model"]["label"]),
    )


def _caught_rate(sold: pa.Table) -> Range:
    """Share of the counterfeits that carry a verdict already: confirmed ones over those that the scores expect in all.

    A score is the chance before anybody looked. Goods without a verdict are what is left after most counterfeits were
    caught, so their own chance is lower; without this, caught counterfeits would count twice.
    """
    n_confirmed = float(pc.sum(pc.equal(sold["verdict"], "counterfeit")).as_py() or 0)
    expected = float(_numbers(sold["score"]).sum()) / 100.0
    found = min(n_confirmed / expected, _MOST_CAUGHT) if expected > 0 else 0.0
    most = min(found + _CAUGHT_UP * (1.0 - found), _MOST_CAUGHT) if found > 0 else 0.0
    return Range(found * (1.0 - _CAUGHT_DOWN), max(most, found), found)


def _uncaught(chance: Floats, caught: float) -> Floats:
    """The chance of goods that were not caught: p (1 - c) / (1 - p c)."""
    return np.asarray(chance * (1.0 - caught) / (1.0 - chance * caught), dtype=np.float64)


def _goods(sold: pa.Table, caught: Range) -> SoldGoods:
    if not len(sold):
        raise CallerError("Every listing that sold was cleared by a verdict, so there is nothing to add up.")
    known = np.asarray(pc.fill_null(pc.equal(sold["verdict"], "counterfeit"), False))
    score, least, most = (_numbers(sold[name]) / 100.0 for name in ("score", "score_low", "score_high"))
    chance = _uncaught(score, caught.low if caught.likely is None else caught.likely)
    low, high = _uncaught(np.minimum(least, score), caught.high), _uncaught(np.maximum(most, score), caught.low)
    merchants = sold["merchant_id"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    return SoldGoods(
        chance=np.where(known, 1.0, chance),
        low=np.where(known, 1.0, low),
        high=np.where(known, 1.0, high),
        merchants=merchants.astype(np.int64),
        units=_numbers(sold["units"]),
        revenue_minor=_numbers(sold["revenue_minor"]),
        group=pc.fill_null(sold["safety_class"], "not known").to_pylist(),
    )


def _with_correlation(table: pa.Table, inputs: DamageInputs) -> tuple[DamageInputs, str]:
    """The inputs with the merchants' likeness measured on sampled goods, where there are enough pairs of them."""
    if inputs.merchant_correlation != DamageInputs().merchant_correlation:
        return inputs, "given"
    sampled = table.filter(pc.is_valid(table["sampled_verdict"]))
    if not len(sampled):
        return inputs, "assumed: no goods were sampled"
    fake = np.asarray(pc.equal(sampled["sampled_verdict"], "counterfeit"))
    found, n_pairs = merchant_correlation(_numbers(sampled["score"]) / 100.0, fake, sampled["merchant_id"].to_pylist())
    if n_pairs < LEAST_PAIRS:
        return inputs, f"assumed: {n_pairs} pairs of sampled goods of one merchant, {LEAST_PAIRS} are needed to measure"
    measured = Range(max(0.0, found - _CORRELATION_SLACK), min(0.95, found + _CORRELATION_SLACK))
    changed = {each.name: getattr(inputs, each.name) for each in fields(inputs)} | {"merchant_correlation": measured}
    return DamageInputs(**changed), f"measured on {n_pairs:,} pairs of sampled goods of one merchant"


def _numbers(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def read_inputs(file: Path | None, settings: Sequence[str] = ()) -> DamageInputs:
    """Damage inputs from a TOML file and from `NAME=LOW:HIGH` (or NAME=LOW:LIKELY:HIGH, NAME=VALUE) settings.

    In the file an input is a number, a list [low, high] or [low, likely, high]. Settings win over the file.
    CallerError names the input that is not known or cannot be read, and what is allowed.
    """
    given: dict[str, Range] = {}
    if file is not None:
        given |= {name: _range(name, value, str(file)) for name, value in _toml(file).items()}
    for each in settings:
        name, _, text = each.partition("=")
        given[name.strip()] = _range(name.strip(), _parts(name, text), "--set")
    return DamageInputs(**given)


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CallerError(f"{file} is not a readable TOML file: {error}.", where={"file": str(file)}) from error


def _parts(name: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(":")]
    except ValueError as error:
        raise CallerError(
            f"{name}={text} cannot be read; write it as {name}=0.2:0.6.", value=text, allowed="LOW:HIGH"
        ) from error


def _range(name: str, value: Any, where: str) -> Range:  # noqa: ANN401 - whatever TOML holds
    allowed = [each.name for each in fields(DamageInputs)]
    if name not in allowed:
        raise CallerError(
            f"{where} has no input {name!r}; the inputs are {', '.join(allowed)}.",
            where={"input": name},
            value=name,
            allowed=", ".join(allowed),
        )
    numbers = value if isinstance(value, list) else [value]
    right = all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers)
    if not right or not 1 <= len(numbers) <= 3:
        raise CallerError(
            f"The input {name} in {where} is {value!r}; it is a number, [low, high] or [low, likely, high].",
            where={"input": name},
            value=value,
            allowed="a number, [low, high] or [low, likely, high]",
        )
    return Range(float(numbers[0]), float(numbers[-1]), float(numbers[1]) if len(numbers) == 3 else None)
