"""The promise behind every published figure: the interval holds the truth at least 94.5 % of the time."""

import sys
from pathlib import Path

import numpy as np
import pytest

from assay.measurement.restricted import restricted_limits

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "coverage"


@pytest.fixture(scope="module")
def cells():
    sys.path.insert(0, str(BENCHMARK))
    try:
        import cells

        yield cells
    finally:
        sys.path.remove(str(BENCHMARK))


# Rare, useless, sharp, hidden and mis-scaled: (prevalence, AUC, hidden, scale, buys).
SOME = [
    (0.001, 0.97, 0.1, 1.0, 1000),
    (0.01, 0.60, 0.5, 1.0, 500),
    (0.03, 0.99, 0.5, 1.0, 1000),
    (0.01, 0.9, 0.1, 0.05, 300),
]


@pytest.mark.parametrize("cell", SOME, ids=str)
def test_the_published_interval_holds_in_hard_cells(cells, cell):
    _, _, _, covers = cells.coverage(cell, 1_000)
    # Two and a half standard errors of 1,000 runs are 0.018: this finds a broken interval, the long test a poor one.
    assert covers >= cells.GOAL - 0.018


def test_one_test_at_the_truth_is_whether_the_limits_hold_it(cells):
    world, design, counts, _ = cells.coverage((0.01, 0.97, 0.1, 1.0, 500), 40)
    from methods import published_covers

    low, high = restricted_limits(design.trials, counts)
    holds = (design.known + low <= world.share) & (world.share <= design.known + high)
    assert np.array_equal(published_covers(design, counts, world.share), holds)


@pytest.mark.long
@pytest.mark.parametrize("prevalence", [0.001, 0.003, 0.01, 0.03])
def test_the_published_interval_holds_in_every_cell(cells, prevalence):
    """2,000 repetitions per cell (standard error 0.005); cells that these leave below 94.5 % are drawn 20,000 times.

    Among hundreds of cells with a true coverage of 95 %, some show 94.4 % in 2,000 runs by luck alone. The second draw
    uses another seed and its figure is the one that must hold (standard error 0.0016); nothing is subtracted from it.
    """
    low = []
    for cell in [c for c in cells.GRID + cells.MIS_SCALED if c[0] == prevalence]:
        _, _, _, covers = cells.coverage(cell, cells.FIRST, start=5)
        if covers < cells.GOAL:
            _, _, _, covers = cells.coverage(cell, cells.MANY, start=6)
        if covers < cells.GOAL:
            low.append((cell, covers))
    assert not low
