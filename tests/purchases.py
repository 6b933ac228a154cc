"""A whole period of test buys on a simulated frame: planned, drawn, bought and examined, as units and strata tables."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa

from assay.measurement.authentication import Authentication
from assay.measurement.drawing import UNITS, draw
from assay.measurement.enforcement import Goods, Harm, value_buys
from assay.measurement.estimation import prevalence
from assay.measurement.frame import FrameCounts
from assay.measurement.plans import Circumstances, FrameUnits, PlanSettings, divide, make_plan, strata_table
from assay.measurement.studies import Figures
from assay.measurement.trends import Trend, change
from assay.pipeline.prevalence import Comparison, PeriodShare, PrevalenceStudy
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
    return _bought(frame, plan, draw(plan, division.stratum, numbers), buying, rng), strata_table(plan), plan


def a_study(frame, n_buys, rng, day="2026-06-30", *, earlier=(), **options):
    """A period as the report sees it: figures and page parts, nothing on disk."""
    units, _, plan = a_period(frame, n_buys, rng, **options)
    plan = replace(plan, circumstances=replace(ABOUT, as_of=day))
    # The figures of `studies.measure` without its domains, which take most of its time.
    model, strata = Authentication.from_controls(units), strata_table(plan)
    estimates = tuple(prevalence(units, strata, each, model=model) for each in plan.estimands)
    figures = Figures(1, 1, 0.95, 0.95, estimates, {}, model, None)
    shares = tuple(
        PeriodShare(day, str(e.estimand), e.share, e.low, e.high, e.n_buys, e.n_positive) for e in figures.estimates
    )
    outcomes = dict(Counter(zip(units["pot"].to_pylist(), units["outcome"].to_pylist(), strict=True)))
    return PrevalenceStudy(plan, "ab" * 32, "cd" * 32, figures, units, outcomes, (*earlier, *shares), None)


def comparisons(before, after):
    """What may be said of two studies, one comparison per estimand."""
    found = []
    for estimand in before.plan.estimands:
        seen = change(*((each.units, strata_table(each.plan)) for each in (before, after)), estimand)
        first, second = (next(p for p in s.periods[-3:] if p.estimand == estimand) for s in (before, after))
        found.append(Comparison(first, second, seen, seen.trend is not Trend.NO_CLAIM, None, ()))
    return found


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
    bought = {
        "unit": [f"T{i:06d}" for i in range(n)],
        "pot": [plan.strata[h].pot for h in drawn.stratum],
        "stratum": [plan.strata[h].stratum for h in drawn.stratum],
        "is_plain": drawn.is_plain,
        "look": drawn.look,
        "inclusion_probability": chance[drawn.stratum],
        "n_orders": frame.n_orders[rows],
        "revenue_minor": frame.revenue_minor[rows],
        "outcome": said["outcome"],
        "second_outcome": said["second_outcome"],
        "score": frame.score[rows],
        **{name: values[rows].tolist() for name, values in frame.domains.items()},
    }
    controls = {
        "unit": [f"C{i:06d}" for i in range(len(known))],
        "pot": ["control"] * len(known),
        "is_plain": [False] * len(known),
        "look": [1] * len(known),
        "outcome": control["outcome"],
        "second_outcome": control["second_outcome"],
        "known": ["counterfeit" if each else "genuine" for each in known],
    }
    return pa.concat_tables([_table(bought, n), _table(controls, len(known))])


def _table(columns, n):
    return pa.table([columns.get(f.name, pa.nulls(n, f.type)) for f in UNITS], schema=UNITS)
