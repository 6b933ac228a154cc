"""Do these accounts act in time together? Synchrony under shuffled clocks.

Co-posts of one narrative are counted, and counted again after every account's clock was turned by an amount of its
own. Clocks turn in the reference's own time (the share of its posts that came before), so that what the whole public
does at night, at lunch or when news breaks is no finding; only what goes beyond it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from assay.attacks.false_discovery import shuffled_p
from assay.market.errors import CallerError

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

DAY_S = 86_400
# Ten minutes: one sitting at a machine; an hour: one shift; a day: one order of the day (slow campaigns).
WINDOWS_S = (600, 3_600, DAY_S)
# From half a day on, turning clocks inside the day moves next to nothing: the whole period is turned instead.
_TURN_DAYS_FROM_S = DAY_S // 2
# Width of a step of the reference's clock inside a day and over the whole period. Wider blurs the rush after news and
# calls crowds synchronous.
_STEP_S, _LONG_STEP_S = 60, 600
# Weight of the common daily rhythm beside one day's own posts, in posts. With 20 in place of 1, halves of one thread
# were called in 0.35 instead of 0.09 of cases at 5 %: quiet days were smoothed flatter than they are.
_RHYTHM_POSTS = 1.0
# A p-value from 20 shuffles that reached the observed count has a relative error of 0.22 (Besag and Clifford 1991).
_ENOUGH_REACHED = 20
# Shuffled posts held at once: bounds memory at about ten arrays of 16 MB.
_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class LayerTest:
    """One test of one group: what was observed against the same figure under the null.

    `test`: synchrony_10min, synchrony_1h, synchrony_24h, common_sleep, calendar. `n_shuffles`: shuffles made. `p`:
    one-sided, None when the test cannot be done, and then `why_not` says why. `q` is the family's to fill (`with_q`).
    """

    test: str
    observed: float
    null_mean: float
    null_sd: float
    n_shuffles: int
    p: float | None
    q: float | None = None
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class SynchronySettings:
    """Windows in seconds, shuffles to make, and how far to go on where those do not settle the p-value.

    Raises CallerError when a window or a number of shuffles is not positive, or the most is below the first.
    """

    windows_s: tuple[int, ...] = WINDOWS_S
    n_shuffles: int = 200
    most_shuffles: int | None = None

    def __post_init__(self) -> None:
        """Refuse settings under which nothing can be shuffled."""
        most = self.n_shuffles if self.most_shuffles is None else self.most_shuffles
        if not 1 <= self.n_shuffles <= most:
            raise CallerError(
                f"{self.n_shuffles} shuffles, {most} at most, were asked; 1 or more are needed, the most not below.",
                value=(self.n_shuffles, most),
                allowed="1 <= n_shuffles <= most_shuffles",
            )
        if min(self.windows_s, default=1) < 1:
            raise CallerError(
                f"A window of {min(self.windows_s)} s was asked; windows are 1 second or longer.",
                value=min(self.windows_s),
                allowed="1 or more seconds",
            )


def synchrony(
    account: npt.ArrayLike,
    text_group: npt.ArrayLike,
    posted_at_s: npt.ArrayLike,
    *,
    reference_s: npt.ArrayLike | None = None,
    settings: SynchronySettings | None = None,
    rng: np.random.Generator,
) -> list[LayerTest]:
    """Whether the accounts of one group post the same narrative closer together in time than their clocks explain.

    One row per post of the group: `account` and `text_group` (the narrative) as whole numbers, `posted_at_s` in whole
    seconds UTC. The statistic of each window is the number of pairs of posts of one narrative by two accounts at most
    that many seconds apart. Null: every account's clock is turned by a random amount. Windows under half a day turn it
    inside each day, which keeps every account's texts and daily totals; longer windows turn it round the whole period.

    `reference_s`: times of the posts among which the group was found, **without the group's own** (they would explain
    themselves away). Clocks then run in the reference's time: an hour in which twice as much is posted counts twice.
    The claim is "closer together than the public it moves in", so pass the posts that shared the occasion: those of
    the thread when the group sits in one. Posts outside the reference's days are left in their place. Without a
    reference, clocks run evenly and the claim is only "their clocks are not independent", which accounts of one time
    zone fulfil: such a result must not be called a finding.

    The p-value is (1 + shuffles at least as large) / (1 + shuffles), exact when turned clocks are as likely as the
    observed ones. Its floor, 1 / (1 + n_shuffles), is passed validly by `settings.most_shuffles`: shuffling goes on
    until 20 shuffles reached the observed count or that number is spent (Besag and Clifford 1991).
    Times on a coarser grid (whole minutes or hours) are shuffled on that grid; windows below it are not tested.

    Raises CallerError when the columns differ in length.
    """
    settings = settings or SynchronySettings()
    posts = _Posts.of(account, text_group, posted_at_s)
    reference = np.sort(np.asarray([] if reference_s is None else reference_s, dtype=np.int64))
    tests: dict[int, LayerTest] = {}
    for is_long in (False, True):
        windows = [window for window in settings.windows_s if (window >= _TURN_DAYS_FROM_S) == is_long]
        testable = [window for window in windows if window >= posts.grid_s and len(posts.at_s)]
        tests |= {window: _untested(window, posts) for window in windows if window not in testable}
        if testable:
            clock = _whole_clock(posts.at_s, reference) if is_long else _day_clock(posts.at_s, reference)
            runs = _Runs(posts, clock, testable, settings.n_shuffles, settings.most_shuffles)
            tests |= _shuffled_tests(runs, rng)
    return [tests[window] for window in settings.windows_s]


@dataclass(frozen=True, slots=True)
class _Posts:
    """The posts of one group: accounts and texts as codes from 0, times in seconds on a grid."""

    account: Ints
    text: Ints
    at_s: Ints
    grid_s: int

    @classmethod
    def of(cls, account: npt.ArrayLike, text_group: npt.ArrayLike, posted_at_s: npt.ArrayLike) -> _Posts:
        columns = [np.asarray(column, dtype=np.int64).ravel() for column in (account, text_group, posted_at_s)]
        lengths = [len(column) for column in columns]
        if len(set(lengths)) > 1:
            raise CallerError(
                f"Accounts, texts and times of one group have {lengths} rows; they need one row per post each.",
                value=lengths,
                allowed="columns of one length",
            )
        codes = [np.unique(column, return_inverse=True)[1].astype(np.int64) for column in columns[:2]]
        return cls(codes[0], codes[1], columns[2], _grid_s(columns[2]))


def _grid_s(at_s: Ints) -> int:
    """Whole days, hours or minutes when all times lie on them: shuffled times must be able to meet as these do."""
    return next((grid for grid in (DAY_S, 3_600, 60) if len(at_s) > 1 and not np.any(at_s % grid)), 1)


@dataclass(frozen=True, slots=True)
class _Clock:
    """Clocks in the reference's time: post i stands in `block[i]` at the share `part[i]`; knots map back to seconds."""

    block: Ints
    part: Floats
    knots: Floats
    seconds: Floats
    is_fixed: npt.NDArray[np.bool_]

    def turned(self, by: Floats, at_s: Ints, grid_s: int) -> Ints:
        """Times after every post's clock was turned by `by` (shuffles x posts, shares of a turn), on the grid."""
        position = self.block + (self.part + by) % 1.0
        # Rounding to 1.0 would step into the next block.
        position = np.minimum(position, np.nextafter(self.block + 1.0, 0.0))
        turned = np.floor(np.interp(position, self.knots, self.seconds)).astype(np.int64)
        if grid_s > 1:
            turned -= turned % grid_s
        return np.where(self.is_fixed, at_s, turned)


def _day_clock(at_s: Ints, reference: Ints) -> _Clock:
    """One block per day of the group; inside it the reference's own course of that day."""
    steps = DAY_S // _STEP_S
    days, block = np.unique(at_s // DAY_S, return_inverse=True)
    minute = (reference % DAY_S) // _STEP_S
    # The rhythm in steps of ten minutes, one post added to each: minutes are too thin to tell a rhythm.
    rhythm = np.repeat(np.bincount(minute // 10, minlength=steps // 10) + 1.0, 10)
    place = np.searchsorted(days, reference // DAY_S)
    is_here = (place < len(days)) & (days[np.minimum(place, len(days) - 1)] == reference // DAY_S)
    counts = np.bincount(place[is_here] * steps + minute[is_here], minlength=len(days) * steps)
    weights = counts.reshape(len(days), steps) + _RHYTHM_POSTS * rhythm / rhythm.sum()
    shares = np.cumsum(weights, axis=1)
    shares = np.hstack([np.zeros((len(days), 1)), shares / shares[:, -1:]])
    knots = (np.arange(len(days))[:, None] + shares).ravel()
    seconds = (days[:, None] * DAY_S + np.arange(steps + 1) * float(_STEP_S)).ravel()
    # The end of one block and the start of the next share a knot when their days adjoin; elsewhere time jumps.
    within = np.interp(at_s.astype(np.float64), seconds, knots) - block
    return _Clock(block.astype(np.int64), np.clip(within, 0.0, 1.0), knots, seconds, np.zeros(len(at_s), dtype=bool))


def _whole_clock(at_s: Ints, reference: Ints) -> _Clock:
    """One block: the whole period of the reference, or of the group where there is none."""
    span = reference if len(reference) else at_s
    first, stop = int(span.min()), int(span.max()) + 1
    # n even draws leave a (n + 1)th of their period free at each end; without it turned clocks lie too dense.
    spare = (stop - first) // max(1, len(span) - 1)
    first, stop = first - spare, stop + spare
    n_steps = (stop - first - 1) // _LONG_STEP_S + 1
    counts = np.bincount((reference - first) // _LONG_STEP_S, minlength=n_steps) + 1.0 / n_steps
    knots = np.concatenate(([0.0], np.cumsum(counts)))
    knots /= knots[-1]
    seconds = np.minimum(first + np.arange(n_steps + 1) * float(_LONG_STEP_S), stop)
    part = np.interp(at_s.astype(np.float64), seconds, knots)
    return _Clock(np.zeros(len(at_s), dtype=np.int64), part, knots, seconds, (at_s < first) | (at_s >= stop))


@dataclass(frozen=True, slots=True)
class _Runs:
    posts: _Posts
    clock: _Clock
    windows_s: Sequence[int]
    n_shuffles: int
    most_shuffles: int | None

    def batches(self) -> Iterator[int]:
        """Sizes of the batches of shuffles, at most as many as memory allows at once."""
        left = self.most_shuffles or self.n_shuffles
        most = max(1, _AT_ONCE // len(self.posts.at_s))
        while left > 0:
            size = min(left, most, self.n_shuffles)
            yield size
            left -= size


def _shuffled_tests(runs: _Runs, rng: np.random.Generator) -> dict[int, LayerTest]:
    posts = runs.posts
    observed = _co_posts(posts, posts.at_s[None, :], runs.windows_s)[:, 0]
    n_accounts = int(posts.account.max()) + 1
    shuffled: list[Floats] = []
    for size in runs.batches():
        turns = rng.random((size, n_accounts))[:, posts.account]
        times = runs.clock.turned(turns, posts.at_s, posts.grid_s)
        shuffled.append(_co_posts(posts, times, runs.windows_s))
        reached = sum(np.count_nonzero(part >= observed[:, None], axis=1) for part in shuffled)
        if np.min(reached) >= _ENOUGH_REACHED and runs.most_shuffles:
            break
    values = np.hstack(shuffled)
    return {
        window: LayerTest(
            _name(window),
            float(observed[i]),
            float(values[i].mean()),
            float(values[i].std()),
            values.shape[1],
            _sequential_p(observed[i], values[i]) if runs.most_shuffles else shuffled_p(observed[i], values[i]),
        )
        for i, window in enumerate(runs.windows_s)
    }


def _sequential_p(observed: float, shuffled: Floats) -> float:
    """Besag and Clifford (1991): 20 / (shuffles until 20 reached the observed), else the ordinary shuffled p."""
    reached = np.flatnonzero(shuffled >= observed)
    if len(reached) >= _ENOUGH_REACHED:
        return float(_ENOUGH_REACHED / (reached[_ENOUGH_REACHED - 1] + 1))
    return shuffled_p(observed, shuffled)


def _co_posts(posts: _Posts, times: Ints, windows_s: Sequence[int]) -> Floats:
    """Pairs of posts of one text by two accounts within each window, for every row of times (windows x rows)."""
    by_account = posts.text * (int(posts.account.max()) + 1) + posts.account
    return _pairs(posts.text, times, windows_s) - _pairs(by_account, times, windows_s)


def _pairs(label: Ints, times: Ints, windows_s: Sequence[int]) -> Floats:
    """Pairs of posts with one label within each window, for every row of times."""
    _, code, counts = np.unique(label, return_inverse=True, return_counts=True)
    several = counts[code] > 1
    n_rows, n_posts = len(times), int(several.sum())
    if not n_posts:
        return np.zeros((len(windows_s), n_rows))
    shown = times[:, several]
    span = int(shown.max() - shown.min()) + max(windows_s) + 1
    # Row, label and time in one number: sorted once, every window is one search. 2,000 rows x 10,000 labels x 10 years
    # in seconds stay under 2^63.
    keys = (np.arange(n_rows)[:, None] * (int(code.max()) + 1) + code[several]) * span + (shown - shown.min())
    keys.sort(axis=1)
    flat = keys.ravel()
    places = np.arange(1, len(flat) + 1)
    found = [np.searchsorted(flat, flat + window, side="right") - places for window in windows_s]
    return np.array([each.reshape(n_rows, n_posts).sum(axis=1) for each in found], dtype=np.float64)


def _untested(window: int, posts: _Posts) -> LayerTest:
    why = f"times are known to {posts.grid_s} s only" if len(posts.at_s) else "no posts"
    return LayerTest(_name(window), 0.0, 0.0, 0.0, 0, None, why_not=why)


def _name(window_s: int) -> str:
    return f"synchrony_{window_s // 3600}h" if window_s % 3600 == 0 else f"synchrony_{window_s / 60:g}min"
