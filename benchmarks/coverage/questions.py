"""The other questions: orders and value, one budget for two jobs, the examiner, many looks, changes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pyarrow as pa
from cells import seed_of
from methods import buys_for_width, monte_carlo_error, others, published_covers, published_width
from worlds import make_design, make_world

from assay.measurement import Authentication
from assay.measurement.authentication import corrected_limits, lang_reiczigel
from assay.measurement.intervals import clopper_pearson, gamma_mid_p
from assay.measurement.looks import live_limits
from assay.measurement.plans import FrameUnits, PlanSettings, divide
from assay.measurement.power import claim
from assay.measurement.published import published
from assay.measurement.restricted import restricted_limits, stratified
from assay.measurement.samples import read_sample
from assay.measurement.trends import Side, no_change_p
from assay.measurement.weighing import weigh


def budget(repetitions=2_000):
    """1,000 buys at 1 %: a quarter for enforcement, the rest measures; fakes found and width against uniform buys."""
    rows = []
    for auc, hidden in ((0.97, 0.1), (0.97, 0.5), (0.90, 0.1)):
        world = make_world(0.01, auc, hidden)
        design = make_design(world, 1000, enforce=0.25)
        counts = design.samples(repetitions, seed_of((0.01, auc, hidden, 4)))
        found = design.n_fake[~design.drawn].sum() + counts.sum(axis=1).mean()
        width = published_width(design, counts[:300])
        rows.append(
            {
                "auc": auc,
                "hidden": hidden,
                "fakes_found": float(found),
                "times_random": float(found / (1000 * world.share)),
                "coverage": float(published_covers(design, counts, world.share).mean()),
                "width": width,
                "uniform_width": _uniform_width(1000, world.share),
                "gain": buys_for_width(width, world.share) / 1000,
                "Korn-Graubard coverage": others(design, counts, world.share)["Korn-Graubard"][0],
            }
        )
    return rows


def _uniform_width(n, share):
    x = np.random.default_rng(9).binomial(n, share, 100_000)
    low, high = clopper_pearson(x, n)
    return float((high - low).mean())


def examiner(repetitions=1_000, n_buys=1_000):
    """Coverage of the corrected share: known fakes and known genuine goods mixed in, 200 controls in all."""
    rows = []
    for share, se, sp in product((0.003, 0.01, 0.03), (0.8, 0.95), (0.98, 0.995, 1.0)):
        world = make_world(share, 0.97, 0.1)
        design = make_design(world, n_buys)
        rng = seed_of((share, se, sp))
        fakes = design.samples(repetitions, rng).astype(np.int64)
        buys = design.n_buys[design.drawn]
        counts = (rng.binomial(fakes, se) + rng.binomial(buys - fakes, 1.0 - sp)).astype(float)
        seen, limits = counts @ design.weight, restricted_limits(design.trials, counts)
        for n_fakes, n_genuine in ((50, 150), (100, 100)):
            model = _controls(rng, (n_fakes, se), (n_genuine, sp), repetitions)
            found = {
                "published": corrected_limits((seen, *limits), model),
                "Lang-Reiczigel": lang_reiczigel(seen, _effective(design, counts), model),
                "uncorrected": limits,
            }
            row = {"prevalence": share, "n_buys": n_buys, "sensitivity": se, "specificity": sp}
            row |= {"n_fakes": n_fakes, "n_genuine": n_genuine, "repetitions": repetitions}
            for name, (low, high) in found.items():
                row[f"{name} coverage"] = float(((low <= world.share) & (world.share <= high)).mean())
                row[f"{name} width"] = float((high - low).mean() / world.share)
            rows.append(row)
    return rows


def _controls(rng, fakes, genuine, repetitions):
    """One model whose counts are arrays, one entry per repetition."""
    model = object.__new__(Authentication)
    values = (rng.binomial(*fakes, repetitions), fakes[0], rng.binomial(*genuine, repetitions), genuine[0])
    for name, value in zip(Authentication.__dataclass_fields__, values, strict=True):
        object.__setattr__(model, name, value)
    return model


def _effective(design, counts):
    n, w = design.n_buys[design.drawn], design.weight
    seen = counts @ w
    variance = (counts * w**2 * (1.0 - n / design.n_units[design.drawn]) * (1.0 - counts / n)).sum(axis=1)
    return np.where(variance > 0, seen * (1.0 - seen) / np.where(variance > 0, variance, 1.0), n.sum())


def live(repetitions=600, n_buys=3_000, every=100):
    """Any-look error when the interval is read after every `every` buys, and its width at the end."""
    rows = []
    for share, auc, order in product((0.003, 0.01, 0.03), (0.60, 0.97), ("mixed", "by stratum")):
        world = make_world(share, auc, 0.1)
        design = make_design(world, n_buys)
        rng = seed_of((share, auc, len(order)))
        steps = _arrivals(design, every, order)
        left_fakes = np.tile(design.n_fake[design.drawn], (repetitions, 1))
        left = design.n_units[design.drawn].copy()
        counts = np.zeros(left_fakes.shape)
        missed, published_missed = np.zeros(repetitions, dtype=bool), np.zeros(repetitions, dtype=bool)
        done = np.zeros(len(left), dtype=np.int64)
        for step in steps:
            new = rng.hypergeometric(left_fakes, left - left_fakes, step)
            counts, left_fakes, left, done = counts + new, left_fakes - new, left - step, done + step
            if (done < 1).any():
                continue
            units = design.n_units[design.drawn]
            trials = stratified(units / units.sum() / done, done.astype(float), done / units)
            rates = 0.6 * design.expected_rate[design.drawn] + 0.4 * np.average(
                design.expected_rate, weights=design.n_units
            )
            low, high = live_limits(trials, counts, rates)
            missed |= ~((low <= world.share) & (world.share <= high))
            w = trials.weight
            fixed = clopper_pearson(*_effective_counts(counts, w, done))
            published_missed |= ~((fixed[0] <= world.share) & (world.share <= fixed[1]))
        rows.append(
            {
                "prevalence": share,
                "auc": auc,
                "order": order,
                "looks": len(steps),
                "any_look_error": float(missed.mean()),
                "error": monte_carlo_error(float(missed.mean()), repetitions),
                "fixed_interval_any_look_error": float(published_missed.mean()),
                "gain": buys_for_width(float((high - low).mean()), world.share) / n_buys,
            }
        )
    return rows


def _effective_counts(counts, w, n):
    share = counts @ w
    variance = (counts * w**2 * (1.0 - counts / n)).sum(axis=1)
    effective = np.where(variance > 0, share * (1.0 - share) / np.where(variance > 0, variance, 1.0), n.sum())
    return share * effective, effective


def _arrivals(design, every, order):
    """How many buys of each stratum come in between looks: in proportion, or one stratum after the other."""
    buys = design.n_buys[design.drawn]
    n_looks = int(buys.sum() // every)
    if order == "mixed":
        ends = np.rint(np.outer(np.arange(1, n_looks + 1) / n_looks, buys)).astype(np.int64)
        return np.diff(np.vstack([np.zeros(len(buys), np.int64), ends]), axis=0)
    # One buy of each first, so that every stratum has a weight; then the strata in turn, riskiest first.
    rest, steps = buys - 1, [np.ones(len(buys), np.int64)]
    for h in np.argsort(-design.expected_rate[design.drawn]):
        while rest[h] > 0:
            step = np.zeros(len(buys), np.int64)
            step[h] = min(every, rest[h])
            rest[h] -= step[h]
            steps.append(step)
    return np.array(steps)


def changes(repetitions=5_000):
    """How often a change is seen and how often one is seen that is not there; beside it the power said beforehand."""
    rows = []
    cells = [(0.01, 0.5, 2000, h) for h in (0.05, 0.1, 0.5)] + [(0.01, 0.75, n, 0.1) for n in (2000, 8000)]
    cells += [(p, 1.0, n, h) for p, n, h in product((0.003, 0.01, 0.03), (1000, 2000, 5000), (0.1, 0.5))]
    for share, ratio, n_buys, hidden in cells:
        sides, effect = [], 0.0
        for number, rate in enumerate((share, share * ratio)):
            world = make_world(rate, 0.97, hidden)
            design = make_design(world, n_buys)
            rng = seed_of((share, ratio, n_buys, hidden, number))
            sides.append(Side(design.trials, design.samples(repetitions, rng), design.known))
            rates = design.n_fake / design.n_units
            variance = (design.weight**2 * design.n_buys[design.drawn] * (rates * (1 - rates))[design.drawn]).sum()
            effect += variance * n_buys / (world.share * (1.0 - world.share)) / 2.0
        p = no_change_p(sides[0], sides[1])
        seen = p < 0.05
        row = {"prevalence": share, "ratio": ratio, "n_buys": n_buys, "hidden": hidden, "seen": float(seen.mean())}
        row |= {"error": monte_carlo_error(float(seen.mean()), repetitions), "design_effect": float(effect)}
        row["fell"] = float((seen & (sides[1].share < sides[0].share)).mean())
        if ratio != 1.0:
            said = claim(share, ratio, n_buys, float(effect))
            row |= {"power_said": said.power, "supported": said.supported, "buys_needed": said.buys_needed}
        rows.append(row)
    return rows


def sizes(repetitions=200):
    """Coverage for orders, where units of one stratum differ in size: log-normal, fakes selling less or more."""
    cells = product((0.003, 0.01, 0.03), (500, 2000), (0.97,), (-0.5, 0.5))
    return [_sized(*cell, repetitions) for cell in cells]


def _sized(share, n_buys, auc, tilt, repetitions):
    world = make_world(share, auc, 0.1, n_listings=100_000)
    rng = seed_of((share, n_buys, auc, 5.0 + tilt))
    orders = np.floor(np.exp(rng.normal(1.0 + tilt * world.fake, 1.2))).astype(np.int64)
    n = len(orders)
    units = FrameUnits(world.chance, orders, orders * 100, np.arange(n))
    division = divide(units, None, PlanSettings(n_buys, enforce_share=0.0, control_share=0.0), "benchmark")
    members = [np.flatnonzero(division.stratum == k) for k in range(len(division.names))]
    strata = pa.table(
        {
            "stratum": list(division.names),
            "n_units": [len(m) for m in members],
            "n_orders": [int(orders[m].sum()) for m in members],
            "revenue_minor": [int(orders[m].sum()) * 100 for m in members],
            "largest_n_orders": [int(orders[m].max()) for m in members],
        }
    )
    truth = float(orders[world.fake].sum() / orders.sum())
    found = []
    for _ in range(repetitions):
        rows = [rng.choice(m, k, replace=False) for m, k in zip(members, division.n_drawn, strict=True)]
        stratum = np.repeat(np.arange(len(members)), division.n_drawn)
        sample = read_sample(_units(division, np.concatenate(rows), stratum, orders, world.fake), strata, "orders")
        weighed = weigh(sample, sample.positive, sample.conclusive)
        result = published(weighed, 0.95)
        gamma = gamma_mid_p(weighed.drawn_share, weighed.poisson_variance, weighed.largest.max())
        in_gamma = gamma[0] <= truth - weighed.known_share <= gamma[1]
        found.append((result.low <= truth <= result.high, result.high - result.low, in_gamma))
    covers, width, gamma = np.array(found, dtype=float).mean(axis=0)
    return {
        "prevalence_of_orders": truth,
        "n_buys": n_buys,
        "auc": auc,
        "tilt": tilt,
        "repetitions": repetitions,
        "coverage": float(covers),
        "error": monte_carlo_error(float(covers), repetitions),
        "gamma mid-p coverage": float(gamma),
        "gain": buys_for_width(float(width), truth) / n_buys,
    }


def _units(division, rows, stratum, orders, fake):
    n_units = np.bincount(division.stratum, minlength=len(division.names))
    return pa.table(
        {
            "unit": [str(r) for r in rows],
            "pot": ["measure"] * len(rows),
            "stratum": [division.names[s] for s in stratum],
            "inclusion_probability": (division.n_drawn / n_units)[stratum],
            "n_orders": orders[rows],
            "revenue_minor": orders[rows] * 100,
            "outcome": np.where(fake[rows], "counterfeit", "genuine").tolist(),
        }
    )
