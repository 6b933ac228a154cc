"""Recurrence: do the same accounts come back in different narratives more often than their activity explains?

Two narratives that many prolific accounts post share some of them by chance. How many is known from how much every
account posts; what is shared beyond that was not drawn independently. No clock enters, so that a campaign spread over
weeks is seen as well as one of an hour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csc_matrix, triu
from scipy.special import gammainc

from assay.attacks.false_discovery import q_values

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# A narrative of one account is somebody repeating himself.
LEAST_ACCOUNTS = 2
# One shared account is never evidence, however improbable: a person may say two things.
LEAST_SHARED = 2
# Who wrote a hundredth of all posts (and ten at least) is in everything: such accounts are counted neither as shared
# nor as expected. With them, a corpus that holds a few shows nothing else.
PROLIFIC_RATE = 0.01
_LEAST_PROLIFIC = 10
# How active an account is, is told by its posts in words of its own. Of its posts in narratives only the two that are
# asked about are added: a campaign that is most of a corpus would else explain itself away.
TOLD_COUNTED = 2
# Pairs of narratives whose expectation is computed at once; bounds memory.
_PAIRS_AT_ONCE = 8_192


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Pairs of narratives with an account in common; arrays with one value per pair, left < right.

    `expected` accounts in common when every account's posts fall on narratives in proportion to the narratives' sizes;
    `p` the chance of `n_shared` or more; `q` its false-discovery rate over all pairs of narratives, also those that
    share nothing (`n_tests`).
    """

    left: Ints
    right: Ints
    n_shared: Ints
    expected: Floats
    p: Floats
    q: Floats
    is_validated: npt.NDArray[np.bool_]
    n_tests: int


@dataclass(frozen=True, slots=True)
class Activity:
    """How active the accounts of a whole corpus are: `n_accounts[i]` of them wrote `n_posts[i]` posts.

    Counted are posts that nobody else wrote alike, and up to `TOLD_COUNTED` of those in narratives.
    """

    n_posts: Ints
    n_accounts: Ints

    @property
    def most_counted(self) -> int:
        """The most posts that an account may have written to be counted."""
        return max(int(PROLIFIC_RATE * (self.n_posts @ self.n_accounts)), _LEAST_PROLIFIC)


def overlaps(
    account: Ints, narrative: Ints, written: Ints, activity: Activity, *, most_q: float, related: Ints | None = None
) -> Overlaps:
    """Tests every pair of narratives for shared accounts beyond chance.

    `account`, `narrative`, `written`: one row for each post in a narrative (repetitions allowed); `written` is how
    active its account is, as `activity` counts it. An account with a posts has a chance of 1 - exp(-a * n / N) to be in
    a narrative of n posts, N being the posts that `activity` counts; the number shared by two narratives is then
    a sum of independent draws, whose tail the Poisson law with the same mean bounds from above (Hoeffding 1956, for
    values above the mean). Benjamini-Hochberg over all pairs. `related` (pairs, 2): narratives that are parts of one
    text and so cannot validate each other.

    After Tumminello et al. (2011), with activities in place of their equal chances: on real posts equal chances find
    whoever posts much.
    """
    counted = written <= activity.most_counted
    membership, posts = _membership(account, narrative, counted)
    used = np.flatnonzero(np.diff(membership.indptr) >= LEAST_ACCOUNTS)
    membership = membership[:, used]
    shared = triu(membership.T @ membership, 1).tocoo()
    order = np.lexsort((shared.col, shared.row))
    left, right = shared.row[order].astype(np.int64), shared.col[order].astype(np.int64)
    n_shared = shared.data[order].astype(np.int64)
    expected = _expected(left, right, posts[used], activity)
    # The regularised lower incomplete gamma function is the upper tail of the Poisson law.
    p = np.asarray(gammainc(n_shared, expected))
    n_tests = len(used) * (len(used) - 1) // 2
    q = q_values(p, n_tests)
    is_validated = (q <= most_q) & (n_shared >= LEAST_SHARED)
    left, right = used[left], used[right]
    if related is not None and len(related):
        width = int(max(related.max(), narrative.max(initial=0))) + 1
        is_validated &= ~np.isin(left * width + right, related[:, 0] * width + related[:, 1])
    return Overlaps(left, right, n_shared, expected, p, q, is_validated, n_tests)


def _membership(account: Ints, narrative: Ints, counted: npt.NDArray[np.bool_]) -> tuple[csc_matrix, Ints]:
    """Counted accounts by narratives, 1 where one is in a narrative; and the number of posts of each narrative."""
    n_narratives = int(narrative.max(initial=-1)) + 1
    shape = int(account.max(initial=-1)) + 1, n_narratives
    rows = np.flatnonzero(counted)
    ones = np.ones(len(rows), dtype=np.int32)
    membership = coo_matrix((ones, (account[rows], narrative[rows])), shape=shape).tocsc()
    membership.data[:] = 1
    return membership, np.bincount(narrative, minlength=n_narratives)


def _expected(left: Ints, right: Ints, posts: Ints, activity: Activity) -> Floats:
    """Accounts in common by chance: the sum over accounts of the product of their chances."""
    rates = activity.n_posts / max(int(activity.n_posts @ activity.n_accounts), 1)
    n_accounts = np.where(activity.n_posts <= activity.most_counted, activity.n_accounts, 0)
    expected = np.empty(len(left))
    for first in range(0, len(left), _PAIRS_AT_ONCE):
        rows = slice(first, first + _PAIRS_AT_ONCE)
        in_left = -np.expm1(-np.outer(posts[left[rows]], rates))
        in_right = -np.expm1(-np.outer(posts[right[rows]], rates))
        expected[rows] = (in_left * in_right) @ n_accounts
    return expected
