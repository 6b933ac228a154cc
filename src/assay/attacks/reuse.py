"""Is a text posted by unusually many accounts at once? Its densest window against texts of its length and kind.

Reposting is heavy-tailed: prize draws and fan drives reach hundreds of accounts a day innocently. The background says
how many are usual, and `accounts_needed` says in one number what the layer can and cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

from assay.attacks.timing import DAY_S
from assay.market.errors import CallerError

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

# Narratives of fewer accounts are not tested, and the background is that of narratives with as many: two or three
# people write the same short sentence every day.
LEAST_ACCOUNTS = 5
# Kinds with fewer background narratives are compared with all kinds together: 1 / 101 is the least p that 100 can show.
FEWEST_OF_A_KIND = 100
# The tail is read from the largest fifth (at least 20 of them): where it is a power law the reading is the same, and
# where it bends the largest tell best.
_TAIL_RATE, _FEWEST_IN_TAIL = 0.2, 20
# The tail's exponent is taken at its lower 95 % limit: the heavier tail, and so the larger p.
_CAUTION = float(stats.norm.isf(0.05))


@dataclass(frozen=True, slots=True, eq=False)
class DensestWindows:
    """Per narrative (ascending): most accounts that posted it within one window, and when that window begins."""

    narrative: Ints
    n_accounts: Ints
    starts_at_s: Ints


@dataclass(frozen=True, slots=True, eq=False)
class ReuseTests:
    """Per narrative: `p` (NaN below the least number of accounts), the background's median, and how p was got.

    `is_counted`: p is a share of background narratives; elsewhere it is read from their tail beyond the largest.
    """

    p: Floats
    expected: Floats
    is_counted: npt.NDArray[np.bool_]


def densest_windows(
    narrative: npt.ArrayLike, account: npt.ArrayLike, posted_at_s: npt.ArrayLike, *, window_s: int = DAY_S
) -> DensestWindows:
    """How many accounts posted each narrative inside its densest window: an account counts once however often it posts.

    One row per post, whole numbers, times in seconds UTC. A window holds both its ends: two posts exactly `window_s`
    apart are in one. Of several windows as dense the earliest is told. No posts give empty arrays.

    Raises CallerError when the columns differ in length or the window is shorter than a second.
    """
    columns = [np.asarray(column, dtype=np.int64).ravel() for column in (narrative, account, posted_at_s)]
    _check(columns, window_s)
    order = np.lexsort((columns[2], columns[1], columns[0]))
    text, who, at = (column[order] for column in columns)
    if not len(text):
        return DensestWindows(text, text, text)
    # A window that begins in (previous post of the account, this post] and at most window_s before it has this post
    # as its first of the account: so every account is in a window once.
    begins = at - window_s
    again = np.flatnonzero((text[1:] == text[:-1]) & (who[1:] == who[:-1])) + 1
    begins[again] = np.maximum(begins[again], at[again - 1] + 1)
    times = np.concatenate([begins, at + 1])
    steps = np.repeat(np.array([1, -1]), len(at))
    texts = np.concatenate([text, text])
    order = np.lexsort((steps, times, texts))
    running = np.cumsum(steps[order])
    firsts = np.flatnonzero(np.diff(texts[order], prepend=texts[order][0] - 1))
    most = np.maximum.reduceat(running, firsts)
    is_most = np.flatnonzero(running == np.repeat(most, np.diff(np.append(firsts, len(order)))))
    earliest = is_most[np.searchsorted(is_most, firsts)]
    return DensestWindows(texts[order][firsts], most, times[order][earliest])


def length_class(n_characters: npt.ArrayLike) -> Ints:
    """The kind of a text by its length: 3 for 8 to 15 characters, 4 for 16 to 31, and so on; 7 and 3 at the ends."""
    lengths = np.maximum(np.asarray(n_characters, dtype=np.int64), 1)
    return np.clip(np.floor(np.log2(lengths)), 3, 7).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class ReuseBackground:
    """How many accounts post a narrative within its densest window, among narratives that are no campaign's.

    Made by `of`; `sizes` are the accounts of every background narrative with at least `least_accounts`, `kinds` their
    kinds, both in the order of `sizes`.
    """

    sizes: Ints
    kinds: Ints
    least_accounts: int
    trimmed_rate: float

    @classmethod
    def of(
        cls,
        n_accounts: npt.ArrayLike,
        kind: npt.ArrayLike,
        *,
        least_accounts: int = LEAST_ACCOUNTS,
        trimmed_rate: float = 0.0,
    ) -> ReuseBackground:
        """The background from the densest windows of reference narratives and their kinds (any whole numbers).

        The reference must not hold the campaign: take an earlier period, or the narratives outside every validated
        group. Where neither can be had, `trimmed_rate` (0.1 is usual) hides the sizes of the largest: of them only
        counts that they are larger than all others. The consequence: beyond the largest size told, p-values are read
        from a power law fitted below it, so an innocent tail heavier than that law is called too often, and one that
        is lighter too rarely; a campaign that makes more than the trimmed share of the narratives still hides itself.

        Raises CallerError when the columns differ in length or the rate is not from 0 to 0.5.
        """
        sizes, kinds = np.asarray(n_accounts, dtype=np.int64).ravel(), np.asarray(kind, dtype=np.int64).ravel()
        _check([sizes, kinds], 1)
        if not 0 <= trimmed_rate <= 0.5:
            raise CallerError(
                f"The share {trimmed_rate:g} of the background was to be trimmed; 0 to 0.5 is allowed.",
                value=trimmed_rate,
                allowed="0 to 0.5",
            )
        order = np.argsort(sizes, kind="stable")
        kept = order[sizes[order] >= least_accounts]
        return cls(sizes[kept], kinds[kept], least_accounts, trimmed_rate)

    def test(self, n_accounts: npt.ArrayLike, kind: npt.ArrayLike) -> ReuseTests:
        """The chance that a background narrative of the kind, of `least_accounts` or more, reaches as many accounts.

        Counted: (1 + background narratives with as many) / (1 + background narratives), valid when a new innocent
        narrative is as likely in any place of the order as the background's own (a conformal p-value). Beyond the
        largest of them: the power law of the tail (Hill 1975) at the lower 95 % limit of its exponent, marked as not
        counted; valid as far as the tail goes on as it began. NaN below `least_accounts`: such narratives are outside
        the family, and must not be counted in it.

        Without any background every p is 1.
        """
        sizes, kinds = np.asarray(n_accounts, dtype=np.int64).ravel(), np.asarray(kind, dtype=np.int64).ravel()
        _check([sizes, kinds], 1)
        p, expected = np.full(len(sizes), np.nan), np.full(len(sizes), np.nan)
        is_counted = np.ones(len(sizes), dtype=bool)
        for each in np.unique(kinds):
            tail = self._tail(int(each))
            here = np.flatnonzero((kinds == each) & (sizes >= self.least_accounts))
            p[here] = tail.p(sizes[here])
            is_counted[here] = sizes[here] <= tail.largest_counted
            expected[kinds == each] = tail.median
        return ReuseTests(p, expected, is_counted)

    def accounts_needed(self, p: float, kind: int) -> int | None:
        """The fewest accounts in one window at which a narrative of the kind has a p-value of at most `p`.

        The layer's honesty in one number: "on this background a text of this length needs 90 accounts in a day to be
        unusual at 1 %". None when no number up to ten million reaches it.
        """
        tail = self._tail(kind)
        low, high = self.least_accounts - 1, 10_000_000
        if tail.p(np.array([high]))[0] > p:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if tail.p(np.array([middle]))[0] <= p else (middle, high)
        return high

    def _tail(self, kind: int) -> _Tail:
        own = self.sizes[self.kinds == kind]
        return _Tail.of(own if len(own) >= FEWEST_OF_A_KIND else self.sizes, self.trimmed_rate)


@dataclass(frozen=True, slots=True, eq=False)
class _Tail:
    """Sorted sizes, and the power law above `start`, which the share `rate` of them reaches."""

    sizes: Ints
    largest_counted: int
    start: float
    rate: float
    exponent: float

    @classmethod
    def of(cls, sizes: Ints, trimmed_rate: float) -> _Tail:
        n = len(sizes)
        n_kept = n - int(np.ceil(trimmed_rate * n)) if trimmed_rate else n
        n_hidden = n - n_kept
        n_tail = max(_FEWEST_IN_TAIL, int(np.ceil(_TAIL_RATE * n)), 2 * n_hidden)
        if n_tail > n:
            return cls(sizes, int(sizes[n_kept - 1]) if n_kept else 0, np.inf, 0.0, 0.0)
        # Half an account below the smallest: sizes are whole numbers, the law is not.
        start = float(sizes[n - n_tail]) - 0.5
        exponent = _cautious_exponent(sizes, start, float(sizes[n_kept - 1]) + 0.5 if trimmed_rate else np.inf)
        rate = float((1 + np.count_nonzero(sizes > start)) / (1 + n))
        return cls(sizes, int(sizes[n_kept - 1]), start, rate, exponent)

    @property
    def median(self) -> float:
        """The middle of the background; NaN when there is none."""
        return float(np.median(self.sizes)) if len(self.sizes) else float("nan")

    def p(self, sizes: Ints) -> Floats:
        n = len(self.sizes)
        counted = (1 + n - np.searchsorted(self.sizes, sizes)) / (1 + n)
        beyond = sizes > self.largest_counted
        # The counted p of whatever is larger than all that are told: more accounts never have the larger p.
        ceiling = (1 + n - np.searchsorted(self.sizes, self.largest_counted, side="right")) / (1 + n)
        if not self.exponent:
            return np.where(beyond, ceiling, counted)
        read = self.rate * (np.maximum(sizes - 0.5, self.start) / self.start) ** -self.exponent
        return np.where(beyond, np.minimum(read, ceiling), counted)


def _cautious_exponent(sizes: Ints, start: float, stop: float) -> float:
    """Lower 95 % limit of the exponent of the power law above `start`.

    Hill's estimator; of sizes above `stop` only is known that they are larger (censored likelihood: sizes told, over
    the sum of the logarithms of all, each taken as `stop` at most).
    """
    logs = np.log(np.minimum(sizes[sizes > start], stop) / start)
    n_told = int(np.count_nonzero(sizes[sizes > start] <= stop))
    return max(0.0, n_told * (1 - _CAUTION / float(np.sqrt(max(1, n_told)))) / float(logs.sum()))


def _check(columns: list[Ints], window_s: int) -> None:
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise CallerError(
            f"Columns of {lengths} rows were given for text reuse; they need one row per post or narrative each.",
            value=lengths,
            allowed="columns of one length",
        )
    if window_s < 1:
        raise CallerError(
            f"A window of {window_s} s was asked; windows are 1 second or longer.",
            value=window_s,
            allowed="1 or more seconds",
        )
