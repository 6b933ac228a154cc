"""A small frame, planned and drawn without a disk or an engine, with a known truth behind it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from assay.measurement.drawing import DRAWN_UNITS, commitment, draw, draw_numbers, unit_table
from assay.measurement.enforcement import Goods, Harm, value_buys
from assay.measurement.frame import FrameCounts
from assay.measurement.plans import Circumstances, FrameUnits, Plan, PlanSettings, divide, make_plan, plan_bytes
from assay.measurement.sealing import Seal, new_key, seal

SECRET = "a secret of the tests"
KEY = new_key()
HARM = Harm(horizon_days=900)


@dataclass(frozen=True)
class World:
    """A frame of listings, which of them are counterfeit, its plan and the units drawn."""

    units: FrameUnits
    fake: np.ndarray
    stratum: np.ndarray
    plan: Plan
    drawn: pa.Table

    @property
    def seal(self) -> Seal:
        return seal(plan_bytes(self.plan), KEY)


def frame(n=4_000, seed=5):
    rng = np.random.default_rng(seed)
    chance = np.round(rng.beta(0.1, 3.0, n), 4)
    orders = np.floor(rng.lognormal(0.0, 1.5, n)).astype(np.int64)
    revenue = orders * rng.integers(500, 20_000, n)
    return FrameUnits(chance, orders, revenue, rng.integers(0, n // 10, n)), rng.random(n) < chance


def values_of(units, harm=HARM):
    n = len(units.chance)
    price = np.maximum(units.revenue_minor // np.maximum(units.n_orders, 1), 1_000)
    nothing = np.zeros(n, dtype=np.int64)
    goods = Goods(units.chance, units.merchant, units.n_orders, price, np.ones(n), nothing, np.zeros(n))
    return value_buys(goods, harm, period_days=90)


def world(settings=None, *, n=4_000, seed=5, secret=SECRET, sold=True):
    """A world of n listings planned with `settings` (400 buys) and drawn with `secret`; no outcomes yet.

    Without sales (`sold=False`) the share of listings is its only estimand, which is quick to compute.
    """
    units, fake = frame(n, seed)
    settings = settings or PlanSettings(400)
    values = values_of(units)
    if not sold:
        nothing = np.zeros(n, dtype=np.int64)
        units = FrameUnits(units.chance, nothing, nothing, units.merchant)
    division = divide(units, values, settings, secret)
    counts = FrameCounts(
        n, int(units.n_orders.sum()), int(units.revenue_minor.sum()), "EUR", {"removed": 12}, {}, "orders"
    )
    about = Circumstances(
        sealed_at="2026-07-01T00:00:00+00:00",
        as_of="2026-06-30T00:00:00+00:00",
        period_days=90,
        snapshot_id="0123456789abcdef",
        model="m" * 64,
        model_label="calibrated on verdicts",
        seed_sha256=commitment(secret),
        frame_sha256="f" * 64,
    )
    plan = make_plan(units, division, counts, settings, HARM, about)
    ids = [f"L{i:06d}" for i in range(n)]
    drawn = draw(plan, division.stratum, draw_numbers(ids, secret))
    rows = pa.table(
        {
            "listing_id": [ids[i] for i in drawn.rows],
            "merchant_id": [f"M{units.merchant[i]}" for i in drawn.rows],
            "score_hundredths": np.rint(units.chance[drawn.rows] * 10_000).astype(np.int64),
            "n_orders": units.n_orders[drawn.rows],
            "revenue_minor": units.revenue_minor[drawn.rows],
            "price_minor": np.full(len(drawn.rows), 2_500),
            "category": ["Rare" if i % 60 == 0 else ("Shoes", "Bags")[i % 2] for i in drawn.rows],
            "brand": pa.nulls(len(drawn.rows), pa.string()),
            "merchant_size": ["1-9 orders"] * len(drawn.rows),
            "origin": [("CN", "DE")[i % 2] for i in drawn.rows],
            "safety_class": ["none"] * len(drawn.rows),
        }
    )
    return World(units, fake, division.stratum, plan, unit_table(plan, drawn, rows, secret))


def examined(made):
    """The units of a world with the outcomes of an examiner who is always right."""
    rows = made.drawn.to_pylist()
    for row in rows:
        truth = row["known"] == "counterfeit" if row["pot"] == "control" else made.fake[int(row["listing_id"][1:])]
        row["outcome"] = "counterfeit" if truth else "genuine"
        row["second_outcome"] = "counterfeit" if truth else None
    return pa.Table.from_pylist(rows, schema=DRAWN_UNITS)
