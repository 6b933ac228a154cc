"""Whether the score still means what it says, checked by test buys.

Counterfeits found are compared with those that the scores expect, three ways at once: in the plain random share (which
needs no weights), in all buys weighted by 1 / inclusion probability, and along the score with the same weights. The
null distribution is simulated from the scores themselves, and the three are judged together by the smallest p value
against its own simulated distribution (Westfall and Young 1993), so that the stated false-alarm rate is one for all.
Nothing is compared without weights: goods are also picked by sales and price, which may tell of counterfeits what the
score does not, and a score that is right over the market would then look wrong over the goods that were bought.
`refitting` says what to change when it does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.market.errors import CallerError
from assay.measurement.estimation import prevalence
from assay.measurement.intervals import clopper_pearson
from assay.measurement.samples import Estimand, Sample, read_sample

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# 4,000 simulated samples put the 5 % limit of the test at 5.0 +- 0.7 %.
REPLICATES = 4_000
# One false alarm in twenty periods: the price of a false alarm is a re-fit by about its own standard error.
FALSE_ALARM_RATE = 0.05
# Scores stand with two decimals: 0.00 and 100.00 are less extreme than half of the last one.
_LEAST_CHANCE = 5e-5
_MOST_BINS = 8
_LEAST_IN_BIN = 25
_Z95 = 1.959963984540054
PLAIN, WEIGHTED, SLOPE = "plain random share", "all buys, weighted", "along the score, weighted"


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Examiner:
    """What the examiner gets right, 0 to 1: sensitivity on counterfeits, specificity on genuine goods."""

    sensitivity: float = 1.0
    specificity: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.sensitivity <= 1 and 0 < self.specificity <= 1 and self.sensitivity + self.specificity > 1):
            raise CallerError(
                f"An examiner with sensitivity {self.sensitivity} and specificity {self.specificity} tells nothing.",
                value=[self.sensitivity, self.specificity],
                allowed="each above 0, at most 1, together above 1",
            )

    def finds(self, chance: Floats) -> Floats:
        """Chance that goods of the given chance are called counterfeit."""
        return (1.0 - self.specificity) + (self.sensitivity + self.specificity - 1.0) * chance


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """How the check is made: its false-alarm rate, and how many samples are simulated for it.

    `level_error`: standard error of the score's level in log-odds, where it rests on few verdicts itself; the test then
    allows for it.
    """

    false_alarm_rate: float = FALSE_ALARM_RATE
    level_error: float = 0.0
    replicates: int = REPLICATES

    def __post_init__(self) -> None:
        if not 0 < self.false_alarm_rate < 1:
            raise CallerError(
                f"The false-alarm rate is {self.false_alarm_rate}; it lies between 0 and 1, such as 0.05.",
                value=self.false_alarm_rate,
                allowed="0 to 1",
            )


@dataclass(frozen=True, slots=True)
class Statistic:
    """One comparison: standardised difference (positive: more found than expected) and its simulated two-sided p."""

    name: str
    z: float
    p: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Buys of similar score: mean chance, weighted share found with its interval, number of buys."""

    mean_chance: float
    found: Interval
    n_buys: int


@dataclass(frozen=True, slots=True)
class ScoreCheck:
    """The score against the buys. Shares are of listings, 0 to 1.

    `observed`: the published estimate over the whole frame, `expected`: what the scores say of the frame (both as the
    examiner sees it); `ratio` = observed / expected. `plain` and `plain_expected`: the same in the plain random share,
    which speaks for the frame outside the certainty stratum. `p` is the chance of so large a difference, in any of
    `statistics`, when every score is right; `drifted`: p <= `false_alarm_rate`.
    """

    n_buys: int
    n_positive: int
    observed: Interval
    expected: float
    ratio: Interval
    plain: Interval
    plain_expected: float
    n_plain: int
    n_plain_positive: int
    statistics: tuple[Statistic, ...]
    p: float
    false_alarm_rate: float
    drifted: bool
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Buys:
    """Conclusive units with a score: outcome, chance, weight, stratum, and whether they are of the plain share."""

    y: Floats
    chance: Floats
    weight: Floats
    stratum: npt.NDArray[np.int64]
    plain: Bools

    @property
    def log_odds(self) -> Floats:
        """Of the chance."""
        return np.asarray(np.log(self.chance / (1.0 - self.chance)))


def check_score(
    units: pa.Table,
    strata: pa.Table,
    *,
    examiner: Examiner | None = None,
    settings: CheckSettings | None = None,
    rng: np.random.Generator,
) -> ScoreCheck:
    """Compares the buys of a period with what their scores (0 to 100) expect.

    CallerError when no unit has both a score and an outcome, or strata lack `expected_rate`.
    """
    examiner, settings = examiner or Examiner(), settings or CheckSettings()
    sample = read_sample(units, strata, Estimand.LISTINGS)
    buys = read_buys(sample)
    statistics, p = _test(buys, examiner, settings, rng)
    estimate = prevalence(units, strata, Estimand.LISTINGS)
    expected = _expected(sample, examiner, np.ones(len(sample.n_units), dtype=np.bool_))
    plain, plain_expected = buys.plain, _expected(sample, examiner, _drawn_strata(sample))
    observed = Interval(estimate.share, estimate.low, estimate.high)
    return ScoreCheck(
        n_buys=len(buys.y),
        n_positive=int(buys.y.sum()),
        observed=observed,
        expected=expected,
        ratio=Interval(*(each / expected for each in (observed.share, observed.low, observed.high))),
        plain=_binomial(float(buys.y[plain].sum()), float(plain.sum())),
        plain_expected=plain_expected,
        n_plain=int(plain.sum()),
        n_plain_positive=int(buys.y[plain].sum()),
        statistics=statistics,
        p=p,
        false_alarm_rate=settings.false_alarm_rate,
        drifted=p <= settings.false_alarm_rate,
        bins=_bins(buys),
    )


def read_buys(sample: Sample) -> Buys:
    """The conclusive units with a score. CallerError when there are none."""
    if "score" not in sample.table.column_names:
        raise CallerError("The table of units has no column score, so the score cannot be checked by it.")
    score = sample.table["score"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    used = sample.conclusive & np.isfinite(score)
    if not used.any():
        raise CallerError("No unit has both a score and an outcome, so the score cannot be checked yet.")
    n = len(sample.n_units)
    # Units without a result are made up for by the others of their stratum, as in the estimate.
    every = np.bincount(sample.stratum, 1.0 / sample.probability, minlength=n)
    heard = np.bincount(sample.stratum[used], 1.0 / sample.probability[used], minlength=n)
    made_up = every / np.where(heard > 0, heard, 1.0)
    plain = np.zeros(len(used), dtype=np.bool_)
    if "is_plain" in sample.table.column_names:
        plain = np.array([bool(each) for each in sample.table["is_plain"].to_pylist()], dtype=np.bool_)
    return Buys(
        y=sample.positive[used].astype(np.float64),
        chance=np.clip(score[used] / 100.0, _LEAST_CHANCE, 1 - _LEAST_CHANCE),
        weight=(made_up[sample.stratum] / sample.probability)[used],
        stratum=sample.stratum[used],
        plain=plain[used],
    )


def _expected(sample: Sample, examiner: Examiner, strata: Bools) -> float:
    """Share that the examiner should find in the given strata if the scores are right."""
    if np.isnan(sample.expected_rate).any():
        raise CallerError("The table of strata lacks expected_rate, so nothing can be compared with what was found.")
    size = sample.n_units[strata]
    rate = float((size * sample.expected_rate[strata]).sum() / max(size.sum(), 1))
    return float(examiner.finds(np.array([max(rate, 1e-12)]))[0])


def _drawn_strata(sample: Sample) -> Bools:
    """Strata that were not bought whole for certain: what the plain share speaks for."""
    whole = np.zeros(len(sample.n_units), dtype=np.bool_)
    enforced = np.array([pot == "enforce" for pot in sample.table["pot"].to_pylist()], dtype=np.bool_)
    whole[sample.stratum[enforced & (sample.probability >= 1.0)]] = True
    return ~whole if not whole.all() else np.ones_like(whole)


def _binomial(positives: float, n: float) -> Interval:
    if n <= 0:
        return Interval(0.0, 0.0, 1.0)
    low, high = clopper_pearson(positives, n)
    return Interval(positives / n, float(low), float(high))


def _test(
    buys: Buys, examiner: Examiner, settings: CheckSettings, rng: np.random.Generator
) -> tuple[tuple[Statistic, ...], float]:
    """(statistics, p of all together)."""
    q = examiner.finds(buys.chance)
    spread = q * (1.0 - q)
    weight, x = buys.weight / buys.weight.mean(), buys.log_odds
    centred = x - float((weight * spread * x).sum() / (weight * spread).sum())
    contrasts = {WEIGHTED: weight, SLOPE: weight * centred}
    if buys.plain.any():
        contrasts = {PLAIN: buys.plain.astype(np.float64), **contrasts}
    matrix = np.stack([c / np.sqrt((c**2 * spread).sum()) for c in contrasts.values() if (c**2 * spread).sum() > 0])
    names = [name for name, c in contrasts.items() if (c**2 * spread).sum() > 0]
    seen = matrix @ (buys.y - q)
    replicates = settings.replicates
    null = _null(matrix, buys, examiner, settings, rng)
    sizes, limit = np.abs(null), np.abs(seen) - 1e-9
    each = (1 + (sizes >= limit[:, None]).sum(axis=1)) / (replicates + 1)
    ranks = np.sort(sizes, axis=1)
    null_p = np.stack(
        [
            (replicates - np.searchsorted(row, values - 1e-9)) / replicates
            for row, values in zip(ranks, sizes, strict=True)
        ]
    ).min(axis=0)
    together = (1 + (null_p <= each.min() + 1e-12).sum()) / (replicates + 1)
    found = zip(names, seen, each, strict=True)
    return tuple(Statistic(name, float(z), float(p)) for name, z, p in found), float(together)


def _null(matrix: Floats, buys: Buys, examiner: Examiner, settings: CheckSettings, rng: np.random.Generator) -> Floats:
    """The statistics of simulated periods in which every score is right, one column each."""
    q = examiner.finds(buys.chance)
    columns = []
    for start in range(0, settings.replicates, 500):
        n = min(500, settings.replicates - start)
        moved = q[None, :]
        if settings.level_error > 0:
            shifted = buys.log_odds[None, :] + rng.normal(0.0, settings.level_error, (n, 1))
            moved = examiner.finds(1.0 / (1.0 + np.exp(-shifted)))
        drawn = rng.random((n, len(q))) < moved
        columns.append(matrix @ (drawn.T - q[:, None]))
    return np.concatenate(columns, axis=1)


def _bins(buys: Buys) -> tuple[Bin, ...]:
    """Buys in order of score, in bins of equal numbers; intervals on Kish's effective number of buys."""
    n_bins = int(np.clip(len(buys.y) // _LEAST_IN_BIN, 1, _MOST_BINS))
    found = []
    for rows in np.array_split(np.argsort(buys.chance, kind="stable"), n_bins):
        w = buys.weight[rows]
        share, effective = float(np.average(buys.y[rows], weights=w)), float(w.sum() ** 2 / (w**2).sum())
        mean = float(np.average(buys.chance[rows], weights=w))
        found.append(Bin(mean, _binomial(share * effective, effective), len(rows)))
    return tuple(found)
