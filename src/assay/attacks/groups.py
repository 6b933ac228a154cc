"""Groups: accounts tied together by narratives that validate each other, with a core and a periphery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from assay.attacks.recurrence import Ints, Overlaps

# A narrative that no overlap ties, because everybody would be expected in it, is the group's all the same when two of
# three of its accounts, and five at least, are core. It is shown as theirs and makes nobody core.
ALSO_TOLD_RATE = 2 / 3
LEAST_ALSO = 5


@dataclass(frozen=True, slots=True)
class Groups:
    """Which narratives and accounts belong together.

    `of_narrative` (narratives,): the group of each, -1 for none; groups number from 0, the largest core first.
    Memberships, one row each: `group`, `account`, `is_core`, `n_narratives` of the group that the account posts.
    `weakest_q` (groups,): the largest false-discovery rate among the overlaps that hold the group together.
    """

    of_narrative: Ints
    group: Ints
    account: Ints
    is_core: npt.NDArray[np.bool_]
    n_narratives: Ints
    weakest_q: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.weakest_q)


def tied_groups(account: Ints, narrative: Ints, found: Overlaps, *, n_narratives: int, least_core: int) -> Groups:
    """The connected parts of the validated overlaps that have a core of `least_core` accounts or more.

    `account`, `narrative`: one row for each post in a narrative, of `n_narratives` in all. Narratives that a core tells
    nearly alone are added to its group. An account is core when it is in both narratives of a validated overlap, and
    periphery when it posts in a narrative of the group without that.
    """
    n = n_narratives
    left, right = found.left[found.is_validated], found.right[found.is_validated]
    if not len(left):
        return _no_groups(n)
    ties = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(n, n))
    part = connected_components(ties, directed=False)[1].astype(np.int64)
    is_tied = np.zeros(n, dtype=bool)
    is_tied[left], is_tied[right] = True, True
    member, of, core = _memberships(account, narrative, (left, right), np.where(is_tied, part, -1))
    n_core = np.bincount(of[core], minlength=int(part.max()) + 1)
    weakest = np.zeros(len(n_core))
    np.maximum.at(weakest, part[left], found.q[found.is_validated])
    ranked = np.lexsort((np.arange(len(n_core)), -n_core))
    ranked = ranked[n_core[ranked] >= least_core]
    number = np.full(len(n_core) + 1, -1, dtype=np.int64)
    number[ranked] = np.arange(len(ranked))
    of_narrative = number[np.where(is_tied, part, len(n_core))]
    of_narrative = _also_told((account, narrative), (member, number[of], core), of_narrative)
    return _numbered((member, number[of], core), (account, narrative), of_narrative, weakest[ranked])


def _no_groups(n_narratives: int) -> Groups:
    nothing = np.empty(0, dtype=np.int64)
    return Groups(np.full(n_narratives, -1), nothing, nothing, np.empty(0, dtype=bool), nothing, np.empty(0))


def _memberships(
    account: Ints, narrative: Ints, ties: tuple[Ints, Ints], part: Ints
) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """(account, part, is core), each account once for every part it is in."""
    n_accounts = int(account.max(initial=-1)) + 1
    told, who = _pairs(narrative, account, part >= 0)
    posted = coo_matrix((np.ones(len(told), dtype=np.int32), (told, who)), shape=(len(part), n_accounts))
    rows = posted.tocsr()
    both = rows[ties[0]].multiply(rows[ties[1]]).tocoo()
    in_core = np.unique(part[ties[0][both.row]] * n_accounts + both.col)
    everyone = np.unique(part[told] * n_accounts + who)
    return everyone % n_accounts, everyone // n_accounts, np.isin(everyone, in_core)


def _pairs(narrative: Ints, account: Ints, is_wanted: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Each wanted narrative with each of its accounts, once."""
    n_accounts = int(account.max(initial=-1)) + 1
    rows = is_wanted[narrative]
    codes = np.unique(narrative[rows] * n_accounts + account[rows])
    return codes // max(n_accounts, 1), codes % max(n_accounts, 1)


def _also_told(posts: tuple[Ints, Ints], members: tuple[Ints, Ints, npt.NDArray[np.bool_]], of_narrative: Ints) -> Ints:
    """Adds narratives that the core of one group mostly tells alone; they make nobody a member."""
    account, narrative = posts
    member, of, core = members
    group_of = np.full(int(account.max(initial=-1)) + 1, -1, dtype=np.int64)
    group_of[member[core & (of >= 0)]] = of[core & (of >= 0)]
    told, who = _pairs(narrative, account, of_narrative < 0)
    n_accounts = np.bincount(told, minlength=len(of_narrative))
    in_core = group_of[who] >= 0
    n_groups = int(of.max(initial=-1)) + 1
    codes, n_core = np.unique(told[in_core] * max(n_groups, 1) + group_of[who[in_core]], return_counts=True)
    joins = (n_core >= ALSO_TOLD_RATE * n_accounts[codes // max(n_groups, 1)]) & (n_core >= LEAST_ALSO)
    joined = of_narrative.copy()
    joined[codes[joins] // max(n_groups, 1)] = codes[joins] % max(n_groups, 1)
    return joined


def _numbered(
    members: tuple[Ints, Ints, npt.NDArray[np.bool_]],
    posts: tuple[Ints, Ints],
    of_narrative: Ints,
    weakest: npt.NDArray[np.float64],
) -> Groups:
    """Keeps the members of numbered groups and counts the narratives of each."""
    member, of, core = members
    kept = of >= 0
    member, of, core = member[kept], of[kept], core[kept]
    order = np.lexsort((member, ~core, of))
    member, of, core = member[order], of[order], core[order]
    account, narrative = posts
    n_accounts = int(account.max(initial=-1)) + 1
    told, who = _pairs(narrative, account, of_narrative >= 0)
    codes, counts = np.unique(of_narrative[told] * n_accounts + who, return_counts=True)
    n_narratives = counts[np.searchsorted(codes, of * n_accounts + member)]
    return Groups(of_narrative, of, member, core, n_narratives, weakest)
