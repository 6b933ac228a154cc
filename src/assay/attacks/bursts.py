"""One campaign across events? The overlap of the account sets of separate bursts, given how active each account is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

from assay.attacks.false_discovery import with_q
from assay.market.errors import CallerError

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BurstOverlap:
    """Two bursts by their place in the list given: accounts in each, in both, expected by chance, and its p-value."""

    left: int
    right: int
    n_left: int
    n_right: int
    n_shared: int
    expected: float
    p: float | None
    q: float | None = None


def burst_overlaps(
    bursts: Sequence[npt.ArrayLike], account: npt.ArrayLike, n_posts: npt.ArrayLike
) -> list[BurstOverlap]:
    """Whether the same accounts are in separate bursts beyond chance: one row per pair of bursts, q over all pairs.

    `bursts`: the accounts of each burst (whole numbers, repeats count once). `account` and `n_posts`: every account
    that could have taken part and all its posts in the whole period; accounts of the bursts must be among them. Null:
    within each class of activity (1, 2, 3-4, 5-8, ... posts) either burst draws its accounts at random, so the number
    in both is a sum of hypergeometric counts, one per class, whose exact upper tail is `p` (Tumminello et al. 2011,
    refined by activity: without it, busy accounts meet everywhere and every two bursts overlap). Accounts with a single
    post cannot be in two bursts that are separate in time, which makes the test cautious.

    An overlap says that the same accounts came again, also innocently: those who follow one subject or one star do.

    Raises CallerError when the columns differ in length, an account is listed twice, or a burst holds an unknown one.
    """
    accounts, activity = _population(account, n_posts)
    members = [_places(np.unique(np.asarray(burst, dtype=np.int64)), accounts, i) for i, burst in enumerate(bursts)]
    counts = [np.bincount(activity[places], minlength=int(activity.max(initial=0)) + 1) for places in members]
    totals = np.bincount(activity, minlength=int(activity.max(initial=0)) + 1)
    pairs = [(left, right) for left in range(len(members)) for right in range(left + 1, len(members))]
    found = [_overlap(left, right, members, counts, totals) for left, right in pairs]
    return with_q(found)


def _overlap(left: int, right: int, members: list[Ints], counts: list[Ints], totals: Ints) -> BurstOverlap:
    shared = len(np.intersect1d(members[left], members[right], assume_unique=True))
    p = 1.0
    rows = zip(totals.tolist(), counts[left].tolist(), counts[right].tolist(), strict=True)
    classes = [(total, first, second) for total, first, second in rows if first and second]
    expected = float(sum(first * second / total for total, first, second in classes))
    if shared:
        p = min(1.0, float(_chances(classes)[shared:].sum()))
    return BurstOverlap(left, right, len(members[left]), len(members[right]), shared, expected, p)


def _chances(classes: list[tuple[int, int, int]]) -> Floats:
    """The chance of 0, 1, 2, ... accounts in both, from (accounts, in the first, in the second) of every class."""
    chance: Floats = np.ones(1)
    for total, first, second in classes:
        one = stats.hypergeom.pmf(np.arange(min(first, second) + 1), total, first, second)
        # What underflows to nought carries nothing on; large bursts would spend their time on it.
        chance = np.convolve(chance, np.trim_zeros(one, "b"))
    return chance


def _population(account: npt.ArrayLike, n_posts: npt.ArrayLike) -> tuple[Ints, Ints]:
    """Sorted accounts and the class of activity of each."""
    accounts, posts = np.asarray(account, dtype=np.int64).ravel(), np.asarray(n_posts, dtype=np.int64).ravel()
    if len(accounts) != len(posts):
        raise CallerError(
            f"{len(accounts)} accounts and {len(posts)} numbers of posts were given; every account needs its number.",
            value=(len(accounts), len(posts)),
            allowed="columns of one length",
        )
    order = np.argsort(accounts, kind="stable")
    twice = np.flatnonzero(np.diff(accounts[order]) == 0)
    if len(twice):
        raise CallerError(
            f"Account {accounts[order][twice[0]]} is listed twice among the accounts that could have taken part.",
            value=int(accounts[order][twice[0]]),
            allowed="one row per account",
        )
    classes = np.ceil(np.log2(np.maximum(posts[order], 1))).astype(np.int64)
    return accounts[order], classes


def _places(burst: Ints, accounts: Ints, number: int) -> Ints:
    places = np.searchsorted(accounts, burst)
    known = places < len(accounts)
    known[known] = accounts[places[known]] == burst[known]
    if not known.all():
        raise CallerError(
            f"Account {burst[~known][0]} of burst {number} is not among the accounts that could have taken part.",
            where={"burst": number},
            value=int(burst[~known][0]),
            allowed="accounts of the population",
        )
    return places
