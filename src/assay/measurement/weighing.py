"""From drawn units to the few numbers that every interval is computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.measurement.samples import Bools, Floats, Ints, Sample


@dataclass(frozen=True, slots=True)
class Weighed:
    """A sample as weighted counts; weights are shares of the estimand's total.

    `known_share` comes from strata bought whole: no sampling error. The rest is drawn: `weights` and `strata` of its
    positives; per stratum `n` conclusive buys, the sampling `fraction` after failures and the `largest` weight a
    positive could have; `whole` = the sum of all drawn weights; `even` = all drawn units weigh the same; `n_whole` =
    units of strata bought whole.
    """

    known_share: float
    weights: Floats
    strata: Ints
    n: Floats
    fraction: Floats
    largest: Floats
    whole: float
    even: bool
    n_whole: int

    @property
    def drawn_share(self) -> float:
        """The part of the share that rests on drawn units (Horvitz and Thompson 1952)."""
        return float(self.weights.sum())

    @property
    def share(self) -> float:
        """The Horvitz-Thompson share."""
        return self.known_share + self.drawn_share

    @property
    def seen_share(self) -> float:
        """What the positives at hand are of the total: the share cannot be less."""
        return self.known_share + float((self.weights * self.fraction[self.strata]).sum())

    @property
    def poisson_variance(self) -> float:
        """Sum of w^2 (1 - f) over the positives: the variance of a weighted count of rare events."""
        return float((self.weights**2 * (1.0 - self.fraction[self.strata])).sum())

    @property
    def variance(self) -> float:
        """The stratified variance without replacement (Cochran 1977, 5.3), weights taken as given in a stratum."""
        n = np.maximum(self.n, 2.0)
        x = np.bincount(self.strata, minlength=len(n))
        spread = (1.0 - x / n) * n / (n - 1.0)
        return float((self.weights**2 * ((1.0 - self.fraction) * spread)[self.strata]).sum())


def weigh(sample: Sample, positive: Bools, conclusive: Bools, *, domain: Bools | None = None) -> Weighed:
    """The weighted counts of `positive` among the `conclusive` units, in the frame or in one `domain` of it.

    Units without a result are made up for by the conclusive ones of their stratum (weighting-class adjustment, Lohr
    2010, section 8.5); a stratum without any (or not drawn at all) borrows those of the stratum nearest in rate.
    The total of a domain is estimated from the sample (Hájek 1971); that of the frame is known.
    """
    n_strata = len(sample.n_units)
    speaker = _speakers(sample, conclusive)
    cell = speaker[sample.stratum]
    response = _response(sample, speaker, conclusive)
    # Units of a frame without any result keep a fraction that nothing is divided by.
    fraction = np.clip(sample.probability * response[cell], 1e-12, 1.0)
    inside = conclusive if domain is None else conclusive & domain
    weight = sample.size / fraction
    total = float(sample.total.sum() if domain is None else weight[inside].sum())
    weight = weight / total if total > 0 else np.zeros_like(weight)
    drawn = inside & (fraction < 1.0)
    hit = positive & drawn
    room = weight if domain is not None else sample.largest[sample.stratum] / fraction / max(total, 1e-300)
    largest = np.zeros(n_strata)
    np.maximum.at(largest, cell[drawn], room[drawn])
    n = np.bincount(cell[drawn], minlength=n_strata).astype(np.float64)
    return Weighed(
        known_share=float(weight[positive & inside & ~drawn].sum()),
        weights=weight[hit],
        strata=cell[hit],
        n=n,
        fraction=np.bincount(cell[drawn], fraction[drawn], minlength=n_strata) / np.maximum(n, 1.0),
        largest=largest,
        whole=float(weight[drawn].sum()),
        even=bool(drawn.any()) and float(room[drawn].max()) <= float(weight[drawn].min()) * (1 + 1e-9),
        n_whole=int((inside & ~drawn).sum()),
    )


def _speakers(sample: Sample, conclusive: Bools) -> Ints:
    """The stratum whose conclusive units speak for each stratum: its own, or the nearest in rate that has any."""
    n = len(sample.n_units)
    heard = np.flatnonzero(np.bincount(sample.stratum[conclusive], minlength=n) > 0)
    rate = np.nan_to_num(sample.expected_rate, nan=0.0)
    speaker = np.arange(n)
    for h in np.setdiff1d(speaker, heard):
        if len(heard):
            speaker[h] = heard[np.argmin(np.abs(rate[heard] - rate[h]))]
    return speaker


def _response(sample: Sample, speaker: Ints, conclusive: Bools) -> Floats:
    """The share of the units spoken for that have a result, per speaking stratum (1 where nothing failed)."""
    n = len(sample.n_units)
    each = 1.0 / sample.probability
    stands_for = np.bincount(sample.stratum, each, minlength=n)
    # A stratum of which nothing was drawn is spoken for with the units of the frame.
    units = np.where(stands_for > 0, stands_for, sample.n_units)
    every = np.bincount(speaker, units, minlength=n)
    heard = np.bincount(sample.stratum[conclusive], each[conclusive], minlength=n)
    return np.where(every > 0, heard / np.where(every > 0, every, 1.0), 1.0)
