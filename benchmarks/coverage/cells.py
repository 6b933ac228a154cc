"""The grid: coverage of the published interval in every cell, and the width against uniform sampling."""

from __future__ import annotations

from itertools import product

import numpy as np
from methods import buys_for_width, monte_carlo_error, others, ppi_covers, published_covers, published_width
from worlds import make_design, make_world

PREVALENCES = (0.001, 0.003, 0.01, 0.03)
BUYS = (300, 500, 1000, 2000, 5000)
AUCS = (0.60, 0.75, 0.90, 0.97, 0.99)
HIDDEN = (0.0, 0.1, 0.5)
SCALES = (0.05, 0.3, 3.0)
GOAL = 0.945
# A cell below this after 2,000 repetitions is drawn again, 20,000 times with another seed, and only the second figure
# counts. A cell whose true coverage is 94.0 % is drawn again with a chance of 92 %, one of 93.5 % with 99 %.
FIRST, MANY = 2_000, 20_000
UNCLEAR = GOAL + 0.0025
# Widths are measured where they are asked about: a sharp score and a useless one, at the right scale.
WIDTHS = 80
WIDTH_AUCS = (0.60, 0.97)

GRID = [(p, a, h, 1.0, n) for p, a, h, n in product(PREVALENCES, AUCS, HIDDEN, BUYS)]
MIS_SCALED = [(p, a, 0.1, s, n) for p, a, s, n in product(PREVALENCES, (0.90, 0.97), SCALES, (300, 1000, 5000))]
QUICK = [c for c in GRID + MIS_SCALED if c[0] in (0.001, 0.01) and c[1] == 0.97 and c[2] == 0.1 and c[4] == 1000]
# ppi-python takes 20 ms and more per interval, so it sees fewer cells and repetitions.
PPI = [(p, a, 0.1, 1.0, n) for p, a, n in product(PREVALENCES, (0.90, 0.97), (300, 1000, 5000))]
PPI_REPETITIONS = 100


def auc_and_scale(cell):
    return cell[1], cell[3]


def seed_of(cell, start=1):
    return np.random.default_rng([start, *(round(1000 * part) for part in cell)])


def coverage(cell, repetitions, start=1, **plan):
    """(design, share, draws, published coverage) of one cell."""
    prevalence, auc, hidden, scale, n_buys = cell
    world = make_world(prevalence, auc, hidden, scale)
    design = make_design(world, n_buys, **plan)
    counts = design.samples(repetitions, seed_of(cell, start))
    return world, design, counts, float(published_covers(design, counts, world.share).mean())


def measured(cell, *, again=True, widths=WIDTHS, **plan):
    """One row of the results: coverage (drawn again where unclear), the others' coverage, width in uniform buys."""
    world, design, counts, first = coverage(cell, FIRST, **plan)
    row = dict(zip(("prevalence", "auc", "hidden", "scale", "n_buys"), cell, strict=True))
    row |= {"expected": cell[0] * cell[4], "coverage": first, "first_coverage": first, "repetitions": FIRST}
    if again and first < UNCLEAR:
        more = design.samples(MANY, seed_of(cell, 2))
        row |= {"coverage": float(published_covers(design, more, world.share).mean()), "repetitions": MANY}
    row["error"] = monte_carlo_error(row["coverage"], row["repetitions"])
    for name, (covers, width) in others(design, counts, world.share).items():
        row[f"{name} coverage"] = covers
        row[f"{name} gain"] = buys_for_width(width, world.share) / cell[4]
    if widths and auc_and_scale(cell) in [(auc, 1.0) for auc in WIDTH_AUCS]:
        row["width"] = published_width(design, counts[:widths])
        row["gain"] = buys_for_width(row["width"], world.share) / cell[4]
    return row


def ppi_row(cell):
    world, design, counts, published = coverage(cell, FIRST)
    rng = seed_of(cell, 3)
    row = dict(zip(("prevalence", "auc", "hidden", "scale", "n_buys"), cell, strict=True))
    row |= {"expected": cell[0] * cell[4], "published": published, "repetitions": PPI_REPETITIONS}
    row["Wald"] = others(design, counts, world.share)["Wald"][0]
    row["ppi-python"] = ppi_covers(world, design, counts[:PPI_REPETITIONS], world.share, rng)
    return row


def summary(rows):
    """What the README says of the grid."""
    sharp = [r for r in rows if r["auc"] == 0.97 and r["hidden"] <= 0.1 and r["scale"] == 1.0 and "gain" in r]
    useless = [r for r in rows if r["auc"] == 0.60 and "gain" in r]
    worst = min(rows, key=lambda r: r["coverage"])
    found = {
        "cells": len(rows),
        "cells_below_goal": sum(r["coverage"] < GOAL for r in rows),
        "cells_drawn_again": sum(r["repetitions"] == MANY for r in rows),
        "lowest_coverage": worst,
        "highest_coverage": max(r["coverage"] for r in rows),
    }
    for name in ("gamma mid-p", "Korn-Graubard", "Wald"):
        found[f"{name} lowest"] = min(r[f"{name} coverage"] for r in rows)
        found[f"{name} cells below goal"] = sum(r[f"{name} coverage"] < GOAL for r in rows)
    if sharp:
        for least in (0, 5):
            some = [r for r in sharp if r["expected"] >= least]
            found[f"median gain at AUC 0.97, {least}+ expected"] = float(np.median([r["gain"] for r in some]))
            for name in ("gamma mid-p", "Korn-Graubard"):
                found[f"median gain of {name}, {least}+ expected"] = float(np.median([r[f"{name} gain"] for r in some]))
    if useless:
        found["least gain at AUC 0.60"] = min(r["gain"] for r in useless)
    return found
