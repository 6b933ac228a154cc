"""The published interval: a test of every possible share, with the strata as the data would have them at that share.

For a share t, the rates of the strata that fit the sample best among those that add up to t are found (the restricted
maximum likelihood: Aitchison and Silvey 1958; for multinomials it is the tilting of Owen 1988), and t is kept unless
the estimate lies in a tail of its distribution at those rates. Evaluating an unconditional test at the restricted
estimate is Storer's and Kim's device (1990); half of the chance of exactly the observed value is counted (mid-p,
Lancaster 1961). The distribution of the weighted count comes from its characteristic function (Gil-Pelaez 1951; Davies
1973), not from a normal curve, so the interval holds where two positives were found as where two hundred were.

Everything is vectorised over outcomes: row r of `counts` is one sample of the same design.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from assay.measurement.samples import Bools, Floats, Ints
from assay.measurement.weighing import Weighed

# The tail that is cut, in parts of (1 - confidence) / 2. Rates are plugged in as if they were known; with whole tails
# the worst cell of benchmarks/coverage has 94.3 %, with these 94.7 %. It makes intervals 1.3 % wider.
TAIL_SHARE = 0.94
# A quarter of a positive, spread over strata as the buys are, in the restricted rates only (never in the estimate): a
# stratum where nothing was found is not taken for empty. Without it the lower limit misses up to 3.7 % of the time
# instead of 3.3 %, and the median interval is 1 % narrower.
SPARE_POSITIVES = 0.25
# Points at which the characteristic function is taken, the reach of the sum in standard deviations and in largest
# weights beyond the observed value, and where its damping ends. Tail chances are off by 0.0002 on average and by 0.003
# beside the lumps of samples with two or three positives, nearly all of it from the smoothing; finer costs time only.
_POINTS = 160
_REACH_SD, _REACH_WEIGHTS, _DAMPED = 6.0, 5.0, 3.5
# The sum comes round again at its reach; 5 % of room keep the smoothing of a far mean from spilling over that edge.
_ROOM = 1.05
# The count is smoothed by 5 % of its standard deviation or largest weight: 0.1 % wider.
_SMOOTH = 0.05
# The spare part where the restricted rates themselves are wanted: as good as none, and no division of 0 by 0.
_HARDLY = 1e-3
# A multiplier known this well moves a limit by less than the figures published; it saves a quarter of the halvings.
_CLOSE = 1e-12
# Halvings of a range of about 60 on the scale of the multiplier: below the spacing of floats.
_HALVINGS = 62
# At most this many numbers in one array of characteristic functions (32 MB).
_MOST_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Trials:
    """What a design can find: kinds of positives, sorted by stratum, each stratum with at least one.

    Kind g adds `weight[g]` to the statistic (negative weights for a sample that is subtracted) and comes from
    `stratum[g]` (0, 1, ... without gaps), which has `n` conclusive buys and the sampling fraction `fraction`.
    `spare[g]` is what is added to its count in the restricted rates.
    """

    weight: Floats
    stratum: Ints
    n: Floats
    fraction: Floats
    spare: Floats

    @property
    def first(self) -> Ints:
        """Where each stratum's kinds begin."""
        return np.searchsorted(self.stratum, np.arange(len(self.n)))


def stratified(weight: Floats, n: Floats, fraction: Floats) -> Trials:
    """The trials of a stratified sample of listings: one kind of positive per stratum, of weight N_h / (N n_h)."""
    trials = np.asarray(n, dtype=np.float64)
    spare = SPARE_POSITIVES * trials / trials.sum()
    return Trials(np.asarray(weight, dtype=np.float64), np.arange(len(trials)), trials, np.asarray(fraction), spare)


def bare(trials: Trials) -> Trials:
    """The trials without spare parts: their restricted rates are those of maximum likelihood."""
    return replace(trials, spare=trials.spare * _HARDLY)


def trials_of(weighed: Weighed) -> tuple[Trials, Floats]:
    """(trials, counts of one sample): each weight that a positive had, and the largest of each stratum.

    The spare part of a positive sits at the largest weight of its stratum, where it does most.
    """
    used = np.flatnonzero((weighed.n > 0) & (weighed.largest > 0))
    place = np.full(len(weighed.n), -1)
    place[used] = np.arange(len(used))
    # A weight that differs from the stratum's largest in its last bits is the same weight.
    near = np.isclose(weighed.weights, weighed.largest[weighed.strata], rtol=1e-12, atol=0.0)
    weights = np.where(near, weighed.largest[weighed.strata], weighed.weights)
    counted = (place[weighed.strata] >= 0) & (weights > 0)
    found = np.column_stack([place[weighed.strata[counted]], weights[counted]])
    rooms = np.column_stack([np.arange(len(used)), weighed.largest[used]])
    kinds, at = np.unique(np.concatenate([rooms, found]), axis=0, return_inverse=True)
    at = at.ravel()
    counts = np.bincount(at[len(used) :], minlength=len(kinds)).astype(np.float64)
    n = weighed.n[used]
    spare = np.zeros(len(kinds))
    spare[at[: len(used)]] = SPARE_POSITIVES * n / max(n.sum(), 1.0)
    return Trials(kinds[:, 1], kinds[:, 0].astype(np.int64), n, weighed.fraction[used], spare), counts[None, :]


def restricted_limits(trials: Trials, counts: Floats, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """(low, high) for every row of `counts` (samples x kinds): the published interval of the weighted count's mean.

    No positives give a lower limit of 0 and an upper limit of about -log(1 - confidence) x the largest weight.
    """
    x = np.asarray(counts, dtype=np.float64)
    tail = TAIL_SHARE * (1.0 - confidence) / 2.0
    low, high = np.zeros(len(x)), np.zeros(len(x))
    some = x @ trials.weight > 0
    if some.any():
        observed = x[some] @ trials.weight
        low[some] = _root(trials, x[some], lambda q: _chance(trials, q, observed) < 1.0 - tail, upper=False)
        high[some] = _root(trials, x[some], lambda q: _chance(trials, q, observed) > tail, upper=True)
    if not some.all():
        # With nothing found the worst case is all in the heaviest stratum; spare parts elsewhere would hide it.
        nothing = np.zeros((1, x.shape[1]))
        nearly = bare(trials)
        high[~some] = _root(nearly, nothing, lambda q: _chance(nearly, q, np.zeros(1)) > tail, upper=True)
    return low, high


def likelihood_limits(trials: Trials, counts: Floats, least: Floats) -> tuple[Floats, Floats]:
    """(low, high) of the means whose restricted maximum of the log-likelihood is above `least`, one per row.

    One kind of positive per stratum; counts may be fractions. The log-likelihood leaves out what does not depend on
    the rates: sum of x log q + (n - x) log(1 - q).
    """
    x = np.asarray(counts, dtype=np.float64)
    nearly = bare(trials)

    def kept(q: Floats) -> Bools:
        likelihood = special.xlogy(x, q) + special.xlog1py(np.maximum(trials.n - x, 0.0), -q)
        return np.asarray(likelihood.sum(axis=1) > least)

    low = np.where(x.sum(axis=1) > 0, _root(nearly, x, kept, upper=False), 0.0)
    return low, _root(nearly, x, kept, upper=True)


def restricted_tail(trials: Trials, counts: Floats, target: Floats) -> Floats:
    """The mid-p chance, per row, of a statistic at most as large as the observed one if its mean were `target`."""
    x = np.asarray(counts, dtype=np.float64)
    goal = np.broadcast_to(np.asarray(target, dtype=np.float64), (len(x),))
    a, b = np.full(len(x), _MOST_DOWN), np.full(len(x), _MOST_UP)
    for _ in range(_HALVINGS):
        middle = (a + b) / 2.0
        above = _mean(trials, _rates(trials, x, middle)) > goal
        a, b = np.where(above, middle, a), np.where(above, b, middle)
        if np.abs(a - b).max() < _CLOSE:
            break
    return _chance(trials, _rates(trials, x, (a + b) / 2.0), x @ trials.weight)


# The multiplier is sinh(s) / largest weight: s below 0 raises the rates, s above 0 lowers them, 0 leaves them.
_MOST_DOWN, _MOST_UP = -25.0, 40.0


def _root(trials: Trials, x: Floats, kept: Callable[[Floats], Bools], *, upper: bool) -> Floats:
    """The mean, per row, up (down) to which the restricted rates are `kept`, by halving the multiplier's range."""
    inside, outside = np.zeros(len(x)), np.full(len(x), _MOST_DOWN if upper else _MOST_UP)
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2.0
        keep = kept(_rates(trials, x, middle))
        inside, outside = np.where(keep, middle, inside), np.where(keep, outside, middle)
        if np.abs(inside - outside).max() < _CLOSE:
            break
    return _mean(trials, _rates(trials, x, outside))


def _rates(trials: Trials, x: Floats, s: Floats) -> Floats:
    """Rates (samples x kinds) that maximise the likelihood minus multiplier x mean; the multiplier is given by `s`.

    Kind i of a stratum has q_i = x_i / (c + a_i), a_i = multiplier x n x weight_i, where c makes the genuine goods'
    rate n_genuine / c. One kind: a quadratic. Several: c lies between the roots for the lightest and the heaviest.
    """
    at = trials.stratum
    counts = x + trials.spare
    a = (np.sinh(s) / np.abs(trials.weight).max())[:, None] * (trials.n[at] * trials.weight)
    first = trials.first
    found = np.add.reduceat(counts, first, axis=1)
    genuine = np.maximum(trials.n - np.add.reduceat(x, first, axis=1), 0.0)
    least, most = np.minimum.reduceat(a, first, axis=1), np.maximum.reduceat(a, first, axis=1)
    c, over = _single(found, genuine, most), _single(found, genuine, least)
    if len(trials.weight) > len(trials.n):
        for _ in range(_HALVINGS):
            middle = (c + over) / 2.0
            with np.errstate(divide="ignore", invalid="ignore"):
                used = np.add.reduceat(counts * middle[:, at] / (middle[:, at] + a), first, axis=1)
            short = ~(middle - used >= genuine)
            c, over = np.where(short, middle, c), np.where(short, over, middle)
        c = over
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = counts / (c[:, at] + a)
    return np.asarray(np.clip(np.nan_to_num(rate, nan=1.0, posinf=1.0), 0.0, 1.0))


def _single(found: Floats, genuine: Floats, a: Floats) -> Floats:
    """c of a stratum with one kind: the positive root of c^2 - (found + genuine - a) c - genuine a = 0."""
    b = found + genuine - a
    root = np.sqrt(np.maximum(b**2 + 4.0 * genuine * a, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        small = 2.0 * genuine * a / np.where(root - b > 0, root - b, 1.0)
    return np.where(b > 0, (b + root) / 2.0, small)


def _mean(trials: Trials, rates: Floats) -> Floats:
    return np.asarray(rates @ (trials.n[trials.stratum] * trials.weight))


def _chance(trials: Trials, rates: Floats, observed: Floats) -> Floats:
    """Mid-p chance of at most `observed` at these rates, in batches that fit into memory."""
    step = max(1, _MOST_CELLS // (len(trials.weight) * _POINTS))
    parts = [_inverted(trials, rates[i : i + step], observed[i : i + step]) for i in range(0, len(rates), step)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _inverted(trials: Trials, rates: Floats, observed: Floats) -> Floats:
    first, at, w = trials.first, trials.stratum, trials.weight
    tries, kind = _as_binomial(trials, rates)
    mean = kind * tries[:, at] @ w
    share = np.add.reduceat(kind * w, first, axis=1)
    spread = np.sqrt(np.maximum((tries * (np.add.reduceat(kind * w**2, first, axis=1) - share**2)).sum(axis=1), 0.0))
    heaviest = np.abs(w).max()
    reach = _ROOM * (_REACH_SD * spread + _REACH_WEIGHTS * heaviest + np.abs(observed - mean))
    smooth = np.maximum(_SMOOTH * np.maximum(spread, heaviest), _DAMPED * reach / (2.0 * np.pi * _POINTS))
    order = np.arange(_POINTS) + 0.5
    u = order * (2.0 * np.pi / reach)[:, None]
    angle = u[:, None, :] * w[:, None]
    real = 1.0 + np.add.reduceat(kind[:, :, None] * (np.cos(angle) - 1.0), first, axis=1)
    imaginary = np.add.reduceat(kind[:, :, None] * np.sin(angle), first, axis=1)
    size = np.log(np.maximum(real**2 + imaginary**2, 1e-300)) / 2.0
    log_size = (tries[:, :, None] * size).sum(axis=1) - (u * smooth[:, None]) ** 2 / 2.0
    phase = (tries[:, :, None] * np.arctan2(imaginary, real)).sum(axis=1) - u * observed[:, None]
    chance = 0.5 - (np.exp(log_size) * np.sin(phase) / order).sum(axis=1) / np.pi
    return np.asarray(np.clip(chance, 0.0, 1.0))


def _as_binomial(trials: Trials, rates: Floats) -> tuple[Floats, Floats]:
    """Whole numbers of trials (samples x strata) and the chance of each kind per trial, without replacement.

    n draws without replacement from a stratum with rate p and fraction f have mean n p and variance about
    n p (1 - p) (1 - f): those of n p / r trials with chance r = p + f - p f. Rounded up to a whole number, at a chance
    that keeps the mean.
    """
    first, at = trials.first, trials.stratum
    every = np.minimum(np.add.reduceat(rates, first, axis=1), 1.0)
    chance = np.maximum(every + trials.fraction - every * trials.fraction, 1e-300)
    tries = np.maximum(np.ceil(trials.n * every / chance - 1e-9), 1.0)
    return tries, rates * (trials.n / tries)[:, at]
