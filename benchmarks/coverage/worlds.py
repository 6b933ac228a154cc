"""Made frames with a known share of counterfeits, the product's own strata and allocation, and many draws at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from assay.measurement.enforcement import BuyValues
from assay.measurement.plans import FrameUnits, PlanSettings, divide
from assay.measurement.restricted import stratified

N_LISTINGS = 200_000


@dataclass(frozen=True)
class World:
    """A frame: calibrated chance as the score tells it, and the truth."""

    chance: np.ndarray
    fake: np.ndarray

    @property
    def share(self):
        return float(self.fake.mean())


@lru_cache(maxsize=2)
def make_world(prevalence, auc, hidden, scale=1.0, n_listings=N_LISTINGS, seed=1):
    """Scores are normal; fakes are shifted so that the AUC is `auc`, but `hidden` of them score as genuine goods do.

    The chance is what a calibrated model that knows of no hidden fakes would say, times `scale` (a wrong level).
    """
    rng = np.random.default_rng(seed)
    n_fake = round(prevalence * n_listings)
    n_hidden = round(n_fake * hidden)
    shift = np.sqrt(2.0) * special.ndtri(auc)
    score = rng.standard_normal(n_listings)
    score[n_hidden:n_fake] += shift
    odds = prevalence / (1.0 - prevalence) * np.exp(shift * score - shift**2 / 2.0)
    fake = np.zeros(n_listings, dtype=bool)
    fake[:n_fake] = True
    return World(np.minimum(scale * odds / (1.0 + odds), 0.999), fake)


@dataclass(frozen=True)
class Design:
    """Strata of a plan: units, fakes and buys of each; those bought whole first become `known` fakes."""

    n_units: np.ndarray
    n_fake: np.ndarray
    n_buys: np.ndarray
    expected_rate: np.ndarray
    stratum: np.ndarray

    @property
    def drawn(self):
        return self.n_buys < self.n_units

    @property
    def weight(self):
        return self.n_units[self.drawn] / self.n_units.sum() / self.n_buys[self.drawn]

    @property
    def known(self):
        return float(self.n_fake[~self.drawn].sum() / self.n_units.sum())

    @property
    def trials(self):
        n = self.n_buys[self.drawn]
        return stratified(self.weight, n.astype(float), n / self.n_units[self.drawn])

    def samples(self, repetitions, rng):
        """Positives per drawn stratum, one row per repetition (hypergeometric)."""
        fake, units = self.n_fake[self.drawn], self.n_units[self.drawn]
        counts = rng.hypergeometric(fake, units - fake, self.n_buys[self.drawn], size=(repetitions, len(fake)))
        return counts.astype(float)


def make_design(world, n_buys, *, enforce=0.0, n_strata=None, defensive_share=None):
    """The product's division of the frame; `n_buys` are all for the frame (controls come on top)."""
    changed = {"n_strata": n_strata, "defensive_share": defensive_share}
    settings = PlanSettings(
        n_buys, enforce_share=enforce, control_share=0.0, **{k: v for k, v in changed.items() if v is not None}
    )
    n = len(world.chance)
    one = np.ones(n, dtype=np.int64)
    units = FrameUnits(world.chance, one, one, np.arange(n))
    values = None
    if enforce:
        zero = np.zeros(n)
        values = BuyValues(world.chance, zero + 1e9, zero, zero, zero + 1.0)
    division = divide(units, values, settings, "benchmark")
    h = len(division.names)
    n_units = np.bincount(division.stratum, minlength=h)
    return Design(
        n_units,
        np.bincount(division.stratum, world.fake, minlength=h).astype(np.int64),
        np.asarray(division.n_drawn),
        np.bincount(division.stratum, world.chance, minlength=h) / n_units,
        np.asarray(division.stratum),
    )
