"""Coverage and width of the intervals on the same draws; how many uniform buys the width is worth."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from assay.measurement.intervals import clopper_pearson, gamma_mid_p, korn_graubard
from assay.measurement.restricted import TAIL_SHARE, restricted_limits, restricted_tail

Z = 1.959963984540054


def published_covers(design, counts, share):
    """Whether the published interval holds `share`, per row: one test at `share` instead of a search for its limits."""
    goal = share - design.known
    rows, inverse = np.unique(counts, axis=0, return_inverse=True)
    some = rows.sum(axis=1) > 0
    holds = np.zeros(len(rows), dtype=bool)
    tail = TAIL_SHARE * 0.05 / 2.0
    if some.any():
        below = restricted_tail(design.trials, rows[some], np.full(some.sum(), goal))
        holds[some] = (below >= tail) & (below <= 1.0 - tail)
    if not some.all():
        holds[~some] = goal <= restricted_limits(design.trials, rows[~some])[1]
    return holds[inverse.ravel()]


def published_width(design, counts):
    rows, inverse = np.unique(counts, axis=0, return_inverse=True)
    low, high = restricted_limits(design.trials, rows)
    return float((high - low)[inverse.ravel()].mean())


def others(design, counts, share):
    """(covers, mean width) of gamma mid-p, Korn-Graubard and Wald on the same draws."""
    w, n = design.weight, design.n_buys[design.drawn]
    left = 1.0 - n / design.n_units[design.drawn]
    drawn = counts @ w
    poisson = (counts * w**2 * left).sum(axis=1)
    variance = (counts * w**2 * left * (1.0 - counts / n) * n / np.maximum(n - 1, 1)).sum(axis=1)
    estimate = design.known + drawn
    half = Z * np.sqrt(variance)
    gamma = gamma_mid_p(drawn, poisson, w.max())
    limits = {
        "gamma mid-p": (design.known + gamma[0], design.known + gamma[1]),
        "Korn-Graubard": korn_graubard(estimate, variance, design.n_buys.sum()),
        "Wald": (estimate - half, estimate + half),
    }
    return {
        name: (float(((low <= share) & (share <= high)).mean()), float((high - low).mean()))
        for name, (low, high) in limits.items()
    }


def buys_for_width(width, share):
    """The uniform sample whose Clopper-Pearson interval has this mean width."""
    low, high = np.log(5.0), np.log(1e7)
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _exact_width(np.exp(middle), share) > width else (low, middle)
    return float(np.exp(high))


def _exact_width(n, share):
    n = round(n)
    x = np.arange(min(n, int(n * share + 12 * np.sqrt(n * share) + 30)) + 1)
    low, high = clopper_pearson(x, n)
    return float((stats.binom.pmf(x, n, share) * (high - low)).sum())


def ppi_covers(world, design, counts, share, rng):
    """Coverage of ppi-python's interval for the first rows of `counts`, weighted by 1 / inclusion probability."""
    import ppi_py

    members = [np.flatnonzero(design.stratum == h) for h in np.flatnonzero(design.drawn)]
    covers = []
    for row in counts:
        bought = np.concatenate(
            [_buys(world, units, int(x), int(n), rng) for units, x, n in _strata(design, members, row)]
        )
        weight = np.concatenate(
            [np.full(int(n), w) for w, n in zip(design.weight, design.n_buys[design.drawn], strict=True)]
        )
        weight = weight / weight.mean()
        low, high = ppi_py.ppi_mean_ci(
            world.fake[bought].astype(float), world.chance[bought], world.chance, alpha=0.05, w=weight
        )
        covers.append(design.known + float(low[0]) <= share <= design.known + float(high[0]))
    return float(np.mean(covers))


def _strata(design, members, row):
    return zip(members, row, design.n_buys[design.drawn], strict=True)


def _buys(world, units, n_fake, n, rng):
    fake, genuine = units[world.fake[units]], units[~world.fake[units]]
    return np.concatenate([rng.choice(fake, n_fake, replace=False), rng.choice(genuine, n - n_fake, replace=False)])


def monte_carlo_error(coverage, repetitions):
    return float(np.sqrt(max(coverage * (1.0 - coverage), 1e-9) / repetitions))


def z_of(alpha):
    return float(special.ndtri(1.0 - alpha / 2.0))
