"""How wide the intervals of listings, orders and value are under several ways to cut strata.

python benchmarks/strata/run.py [--quick]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from assay.measurement.intervals import gamma_mid_p
from assay.measurement.strata import allocate, stratify, unit_spread, weight_floors

RATE, AUC_SHIFT, HIDDEN, N_BUYS = 0.01, 2.66, 0.1, 750


def world(n: int, seed: int = 1):
    """A market at 1 % with a score of AUC 0.97, a tenth of the fakes scoring as genuine, and log-normal sales."""
    rng = np.random.default_rng(seed)
    fake = rng.random(n) < RATE
    z = rng.normal(size=n) + np.where(fake & (rng.random(n) > HIDDEN), AUC_SHIFT, 0.0)
    chance = 1 / (1 + np.exp(-(np.log(RATE / (1 - RATE)) + AUC_SHIFT * z - AUC_SHIFT**2 / 2)))
    orders = np.floor(rng.lognormal(-1.0, 2.0, n))
    revenue = np.floor(orders * rng.lognormal(8.0, 1.2, n))
    return fake, chance, {"listings": np.ones(n), "orders": orders, "value": revenue}


def halves(chance, sales):
    """Four levels of chance, each halved by sales at even spread: what the strata were before."""
    spread = unit_spread(chance, sales)
    level = stratify(chance, np.ones(len(chance)), 4)
    for each in range(4):
        rows = np.flatnonzero(level == each)
        rows = rows[np.argsort(sales[rows], kind="stable")]
        upper = np.cumsum(spread[rows]) > spread[rows].sum() / 2
        level[rows[upper]] += 4
    return level


def designs(chance, sales):
    n = len(chance)
    small = stratify(chance, np.ones(n), 8)
    steps = stratify(chance, sales, 9, n_buys=N_BUYS)
    return {
        "8 levels of chance": (small, np.ones(n), 0),
        "4 levels of chance, halved by sales": (halves(chance, sales), sales, 0),
        "5 levels of chance and 4 classes of sales": (steps, sales, weight_floors(sales, steps, N_BUYS)),
    }


def widths(design, fake, chance, estimands, n_draws):
    """Mean width of the gamma mid-p interval over the true share, per estimand."""
    stratum, size, floor = design
    n_units = np.bincount(stratum)
    spread = np.sqrt(np.bincount(stratum, unit_spread(chance, size) ** 2) / n_units)
    n_drawn = allocate(n_units, spread, N_BUYS, eta=0.0, floor=np.maximum(floor, 30))
    rows = [np.flatnonzero(stratum == h) for h in range(len(n_units))]
    fraction = (n_drawn / n_units)[stratum]
    rng = np.random.default_rng(5)
    found = {name: [] for name in estimands}
    for _ in range(n_draws):
        drawn = np.concatenate([rng.choice(r, n, replace=False) for r, n in zip(rows, n_drawn, strict=True)])
        for name, x in estimands.items():
            weight = x / x.sum() / fraction
            hit = drawn[fake[drawn] & (fraction[drawn] < 1)]
            variance = float((weight[hit] ** 2 * (1 - fraction[hit])).sum())
            low, high = gamma_mid_p(float(weight[hit].sum()), variance, float(weight[fraction < 1].max()))
            found[name].append(float(high - low))
    return {
        name: round(float(np.mean(w)) / float(estimands[name][fake].sum() / estimands[name].sum()), 2)
        for name, w in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    fake, chance, estimands = world(20_000 if quick else 100_000)
    sales = np.maximum(*(estimands[name] / estimands[name].sum() for name in ("orders", "value")))
    results = {
        name: widths(design, fake, chance, estimands, 10 if quick else 200)
        for name, design in designs(chance, sales).items()
    }
    for name, row in results.items():
        print(f"{name:<45}" + "  ".join(f"{each} {width:8.2f}" for each, width in row.items()))
    if not quick:
        Path(__file__).with_name("results.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
