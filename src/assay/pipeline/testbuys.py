"""Plans, seals and draws test buys from a rated run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.engine import EngineSettings, Workspace, open_engine, open_market, whole_folder
from assay.market.errors import CallerError
from assay.measurement.drawing import commitment, draw, draw_numbers, make_secret, unit_table
from assay.measurement.enforcement import BuyValues, Harm, Stop, stop_rule, value_buys
from assay.measurement.frame import PERIOD_DAYS, FrameSettings, main_currency
from assay.measurement.plans import EXPLORE, Circumstances, Division, PlanSettings, divide, make_plan, plan_bytes
from assay.measurement.samples import final_outcomes
from assay.measurement.sealing import BrokenSeal, seal, seal_bytes
from assay.measurement.unit_file import csv_bytes
from assay.pipeline.custody import (
    DRAWN,
    PLAN,
    PLAN_SEAL,
    SECRET,
    TestBuys,
    open_test_buys,
    write_whole,
)
from assay.pipeline.frames import (
    FrameArrays,
    build_frame,
    frame_batches,
    hash_frame,
    read_arrays,
    take_rows,
    write_frame,
)
from assay.pipeline.keys import signing_key
from assay.pipeline.runs import Run, open_run


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a plan rests on beside its settings; everything has a default.

    `market_folder`: None takes the run's own. `currency`: None takes that of most orders; `rates`: units of it per unit
    of another currency. `history`: folders of earlier test buys, for strikes and the stop rule. `cases`: what a network
    case is worth in minor units, by merchant_id. `seed`: None draws a secret of 256 bits. `sealed_at`: None is now.
    """

    market_folder: Path | None = None
    currency: str | None = None
    period_days: int = PERIOD_DAYS
    rates: Mapping[str, float] = field(default_factory=dict)
    harm: Harm = field(default_factory=Harm)
    history: Sequence[Path] = ()
    cases: Mapping[str, int] = field(default_factory=dict)
    key_file: Path | None = None
    seed: str | None = None
    sealed_at: datetime | None = None
    note: str = ""
    engine: str | None = None
    engine_settings: EngineSettings | None = None


def plan_test_buys(run_folder: Path, to: Path, settings: PlanSettings, request: PlanRequest | None = None) -> TestBuys:
    """Plans and seals a period's test buys from a rated run; writes the folder `to`, whole or not at all.

    Nothing is drawn yet. Every choice is in plan.json, signed with the key in `request.key_file`. CallerError when `to`
    exists (a sealed plan is never replaced), for another market than the run's, or when nothing can be bought.
    """
    asked = request or PlanRequest()
    if to.exists():
        raise CallerError(
            f"{to} exists; a sealed plan is never replaced: name a new folder.", {"path": str(to)}, str(to)
        )
    run, key = open_run(run_folder), signing_key(asked.key_file)
    with open_engine(asked.engine, asked.engine_settings) as engine:
        market = open_market(engine, asked.market_folder or run.market_folder, run.snapshot_id)
        currency = asked.currency or main_currency(market)
        frame_settings = FrameSettings(currency, asked.period_days, asked.rates)
        counts, undivided = build_frame(Workspace(engine, engine.scratch / "frame"), market, run, frame_settings)
        arrays, secret = read_arrays(undivided), make_secret(asked.seed)
        values, division = _choose(arrays, settings, asked, secret)
        with whole_folder(to) as folder:
            digest = write_frame(undivided, division, folder / "frame")
            about = _circumstances(run, asked, market.as_of, commitment(secret), digest)
            plan = plan_bytes(make_plan(arrays.units, division, counts, settings, asked.harm, about))
            write_whole(folder / SECRET, f"{secret}\n".encode(), mode=0o600)
            write_whole(folder / "enforcement.csv", csv_bytes(_enforcement(folder / "frame", values, division)))
            write_whole(folder / PLAN, plan)
            write_whole(folder / PLAN_SEAL, seal_bytes(seal(plan, key)))
    return open_test_buys(to)


def draw_test_buys(folder: Path) -> pa.Table:
    """Draws the units of a sealed plan and writes what to buy; gives the units (columns of `DRAWN_UNITS`).

    The same plan, frame and secret give the same units, so drawing again changes nothing. BrokenSeal when the plan, the
    frame or the secret is not the one that was sealed.
    """
    units = redraw(open_test_buys(folder))
    sink = pa.BufferOutputStream()
    pq.write_table(units, sink)
    goods = ["unit", "look", "listing_id", "merchant_id", "category", "brand", "price_minor", "known"]
    write_whole(folder / DRAWN, sink.getvalue().to_pybytes(), mode=0o600)
    write_whole(folder / "purchases.csv", csv_bytes(units.select(goods)), mode=0o600)
    write_whole(folder / "examiner.csv", csv_bytes(units.select(["unit", "look"])))
    return units


def redraw(buys: TestBuys) -> pa.Table:
    """The units that plan, frame and secret give, in the order of their codes, whatever was drawn before."""
    plan, frame, secret = buys.plan, buys.folder / "frame", buys.secret()
    wanted = plan.circumstances.frame_sha256
    if (digest := hash_frame(frame)) != wanted:
        raise BrokenSeal(
            f"The frame in {frame} is not the one that was planned: its hash is {digest}, the plan says {wanted}.",
            where={"path": str(frame)},
            value=digest,
            allowed=wanted,
        )
    names = pa.array([each.stratum for each in plan.strata])
    strata, numbers = [], []
    for batch in frame_batches(frame, ["listing_id", "stratum"]):
        strata.append(pc.index_in(batch["stratum"], names).to_numpy(zero_copy_only=False))
        numbers.append(draw_numbers(batch["listing_id"].to_pylist(), secret))
    drawn = draw(plan, np.concatenate(strata).astype(np.int64), np.concatenate(numbers))
    rows = take_rows(frame, drawn.rows)
    return unit_table(plan, drawn, rows, secret)


@dataclass(frozen=True, slots=True)
class _Past:
    """Earlier buys by merchant: confirmed counterfeits, and merchants that the stop rule has settled."""

    strikes: dict[str, int]
    settled: frozenset[str]


def _past(history: Sequence[Path]) -> _Past:
    fakes: dict[str, int] = {}
    genuine: dict[str, int] = {}
    for folder in history:
        units = open_test_buys(folder).units()
        units = units.filter(pc.not_equal(units["pot"], "control"))
        positive, conclusive, _ = final_outcomes(units)
        for merchant, fake, known in zip(units["merchant_id"].to_pylist(), positive, conclusive, strict=True):
            if known:
                counted = fakes if fake else genuine
                counted[merchant] = counted.get(merchant, 0) + 1
    every = fakes.keys() | genuine.keys()
    settled = {m for m in every if stop_rule(fakes.get(m, 0), genuine.get(m, 0))[0] is not Stop.GO_ON}
    return _Past(fakes, frozenset(settled))


def _choose(arrays: FrameArrays, settings: PlanSettings, asked: PlanRequest, secret: str) -> tuple[BuyValues, Division]:
    past = _past(asked.history)
    goods = arrays.goods(asked.harm, past.strikes, dict(asked.cases))
    values = value_buys(goods, asked.harm, period_days=asked.period_days)
    settled = np.array([merchant in past.settled for merchant in arrays.merchant_ids], dtype=np.bool_)
    is_open = ~settled[arrays.units.merchant] if len(settled) else np.zeros(0, dtype=np.bool_)
    return values, divide(arrays.units, values, settings, secret, open_units=is_open)


def _enforcement(frame: Path, values: BuyValues, division: Division) -> pa.Table:
    """Why each unit of the certainty stratum was chosen and what the runners-up are worth; money in minor units.

    `net` = chance x (goods + strike + network) - cost; `propensity` is the chance with which the unit is bought.
    """
    explored = [h for h, name in enumerate(division.names) if name == EXPLORE]
    runners_up = np.flatnonzero(np.isin(division.stratum, explored))
    best_first = runners_up[np.argsort(-(values.expected / np.maximum(values.cost, 1.0))[runners_up], kind="stable")]
    rows = np.concatenate([division.chosen, best_first]).astype(np.int64)
    n_units = np.bincount(division.stratum, minlength=len(division.names))
    propensity = (division.n_drawn / np.maximum(n_units, 1))[division.stratum[rows]]
    terms = {name: np.round(getattr(values, name)[rows]) for name in ("goods", "strike", "network", "cost", "net")}
    return pa.table(
        {
            **{name: column for name, column in _named(take_rows(frame, rows), "listing_id", "merchant_id", "stratum")},
            "chance": values.chance[rows],
            **{f"{name}_minor": pa.array(column.astype(np.int64)) for name, column in terms.items()},
            "net_per_cost": np.round(values.net[rows] / np.maximum(values.cost[rows], 1.0), 4),
            "propensity": propensity,
        }
    )


def _named(table: pa.Table, *names: str) -> list[tuple[str, pa.ChunkedArray]]:
    return [(name, table[name]) for name in names]


def _circumstances(run: Run, asked: PlanRequest, as_of: datetime, seed_sha256: str, digest: str) -> Circumstances:
    return Circumstances(
        sealed_at=(asked.sealed_at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds"),
        as_of=as_of.isoformat(),
        period_days=asked.period_days,
        snapshot_id=run.snapshot_id,
        model=str(run.about["model"]["listing"]),
        model_label=str(run.about["model"]["label"]),
        seed_sha256=seed_sha256,
        frame_sha256=digest,
        note=asked.note,
    )
