"""From drawn units to the few numbers that every interval is computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.measurement.samples import Bools, Floats, Ints, Sample


@dataclass(frozen=True, slots=True)
class Weighed:
    """A sample as weighted counts; weights are shares of the estimand's total.

    `known_share` comes from strata bought whole: no sampling error. The rest is drawn: `weights`, `strata` and
    `fractions` (sampling fraction after failures) of its positives, `n` conclusive buys per stratum, `largest_weight`
    of one more positive anywhere, `whole` = the sum of all drawn weights (what the drawn part could come to).
    """

    known_share: float
    weights: Floats
    strata: Ints
    fractions: Floats
    n: Ints
    largest_weight: float
    whole: float
    even: bool

    @property
    def drawn_share(self) -> float:
        """The part of the share that rests on drawn units (Horvitz and Thompson 1952)."""
        return float(self.weights.sum())

    @property
    def share(self) -> float:
        """The Horvitz-Thompson share."""
        return self.known_share + self.drawn_share

    @property
    def poisson_variance(self) -> float:
        """Sum of w^2 (1 - f) over the positives: the variance of a weighted count of rare events."""
        return float((self.weights**2 * (1.0 - self.fractions)).sum())


def weigh(sample: Sample, positive: Bools, conclusive: Bools) -> Weighed:
    """The weighted counts of `positive` among the `conclusive` units.

    Units without a result are made up for by the conclusive ones of their stratum (weighting-class adjustment, Lohr
    2010, section 8.5); a stratum without any conclusive unit borrows those of the stratum nearest in expected rate.
    """
    total = float(sample.total.sum())
    cell = _cells(sample, conclusive)
    response = _response(cell, conclusive, sample.probability, len(sample.n_units))
    fraction = np.minimum(sample.probability * response[cell], 1.0)
    drawn = conclusive & (fraction < 1.0)
    weight = sample.size / (fraction * total) if total > 0 else np.zeros(len(fraction))
    hit = positive & drawn
    rooms = sample.largest[sample.stratum[drawn]] / (fraction[drawn] * total) if total > 0 else np.zeros(0)
    return Weighed(
        known_share=float(weight[positive & conclusive & ~drawn].sum()),
        weights=weight[hit],
        strata=cell[hit],
        fractions=fraction[hit],
        n=np.bincount(cell[drawn], minlength=len(sample.n_units)),
        largest_weight=float(rooms.max(initial=0.0)),
        whole=float(weight[drawn].sum()),
        even=bool(len(rooms)) and float(rooms.max()) <= float(weight[drawn].min()) * (1 + 1e-9),
    )


def _cells(sample: Sample, conclusive: Bools) -> Ints:
    """The stratum whose conclusive units speak for each unit: its own, or the nearest that has any."""
    n = len(sample.n_units)
    heard = np.bincount(sample.stratum[conclusive], minlength=n) > 0
    rate = np.nan_to_num(sample.expected_rate, nan=0.0)
    speaker = np.arange(n)
    for h in np.flatnonzero(~heard):
        others = np.flatnonzero(heard)
        if len(others):
            speaker[h] = others[np.argmin(np.abs(rate[others] - rate[h]))]
    return speaker[sample.stratum]


def _response(cell: Ints, conclusive: Bools, probability: Floats, n_strata: int) -> Floats:
    """The share of each cell's estimated units that have a result (1 where nothing failed)."""
    every = np.bincount(cell, 1.0 / probability, minlength=n_strata)
    heard = np.bincount(cell[conclusive], 1.0 / probability[conclusive], minlength=n_strata)
    return np.where(every > 0, heard / np.where(every > 0, every, 1.0), 1.0)
