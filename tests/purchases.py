"""A whole period of test buys on a simulated frame: planned, drawn, bought and examined, as units and strata tables."""

from dataclasses import asdict

import numpy as np
import pyarrow as pa

from assay.measurement.drawing import draw
from assay.measurement.enforcement import Goods, Harm, value_buys
from assay.measurement.frame import FrameCounts
from assay.measurement.plans import Circumstances, FrameUnits, PlanSettings, divide, make_plan
from assay.simulation.purchases import BuyingSettings, buy, examine_controls

ABOUT = Circumstances("2026-06-30", "2026-06-30", 90, "s", "m", "calibrated", "0", "0")


def a_period(frame, n_buys, rng, *, buying=None, settings=None):
    """(units, strata, plan) of one period; the seed of the draw comes from `rng`."""
    buying = buying or BuyingSettings()
    settings = settings or PlanSettings(n_buys)
    units = FrameUnits(frame.score / 100.0, frame.n_orders, frame.revenue_minor, frame.merchant)
    secret = str(rng.integers(2**60))
    division = divide(units, _values(frame), settings, secret)
    counts = FrameCounts(len(frame), int(frame.n_orders.sum()), int(frame.revenue_minor.sum()), "EUR", {}, {}, "orders")
    plan = make_plan(units, division, counts, settings, Harm(), ABOUT)
    numbers = rng.permutation(len(frame)).astype(np.uint64)
    return _bought(frame, plan, draw(plan, division.stratum, numbers), buying, rng), strata_of(plan), plan


def strata_of(plan):
    """The strata table of the contract."""
    return pa.Table.from_pylist([asdict(each) for each in plan.strata])


def _values(frame):
    price = np.where(frame.n_orders > 0, frame.revenue_minor / np.maximum(frame.n_orders, 1), 3000).astype(np.int64)
    zeros = np.zeros(len(frame))
    goods = Goods(frame.score / 100, frame.merchant, frame.n_orders, price, zeros + 1, zeros.astype(np.int64), zeros)
    return value_buys(goods, Harm(), period_days=90)


def _bought(frame, plan, drawn, buying, rng):
    rows, n = drawn.rows, len(drawn.rows)
    chance = np.array([each.n_drawn / each.n_units for each in plan.strata])
    said = buy(frame.is_counterfeit[rows], buying, rng)
    known = np.arange(plan.n_genuine_controls + plan.n_fake_controls) >= plan.n_genuine_controls
    control = examine_controls(known, buying, rng)
    nothing = pa.nulls(len(known))
    columns = {
        "unit": [f"T{i:06d}" for i in range(n)],
        "pot": [plan.strata[h].pot for h in drawn.stratum],
        "stratum": [plan.strata[h].stratum for h in drawn.stratum],
        "is_plain": drawn.is_plain,
        "inclusion_probability": chance[drawn.stratum],
        "n_orders": frame.n_orders[rows],
        "revenue_minor": frame.revenue_minor[rows],
        "outcome": said["outcome"],
        "second_outcome": said["second_outcome"],
        "known": pa.nulls(n, pa.string()),
        "score": frame.score[rows],
        **{name: pa.array(values[rows], pa.string()) for name, values in frame.domains.items()},
    }
    bought = pa.table(columns)
    controls = {
        "unit": [f"C{i:06d}" for i in range(len(known))],
        "pot": ["control"] * len(known),
        "is_plain": [False] * len(known),
        "outcome": control["outcome"],
        "second_outcome": control["second_outcome"],
        "known": ["counterfeit" if each else "genuine" for each in known],
    }
    filled = {name: controls.get(name, nothing.cast(bought.schema.field(name).type)) for name in bought.column_names}
    return pa.concat_tables([bought, pa.table(filled, schema=bought.schema)])
