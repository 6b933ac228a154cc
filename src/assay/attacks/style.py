"""Do the accounts of a group write more alike than random accounts of the same activity and subject?

Style may support a finding and never carries one. The question is asked of the group as a whole: one permutation test
over the accounts' own posts, copies left out, so that the copied text is not counted a second time as style.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from assay.attacks.style_features import Floats, count, scale, similarities
from assay.attacks.style_texts import own_posts
from assay.market.errors import CallerError

Rows: TypeAlias = npt.NDArray[np.int64]

# Own posts that an account needs to take part; fewer add noise. Accounts of an attack have few that are no copies.
LEAST_POSTS = 3
# Fewer accounts have fewer than ten pairs, and a mean of so few says nothing.
LEAST_ACCOUNTS = 5
# Accounts are compared by the same number of posts as their match in the pool: the lower end of their class.
_SIZES = (LEAST_POSTS, 6, 12, 25, 50, 100)
# Pool accounts kept for one group account: more sharpens the null little and costs the square.
_POOL_PER_ACCOUNT = 20
# Accounts in one matrix of similarities (32 MB per view).
_MOST_ACCOUNTS = 2_000


@dataclass(frozen=True, slots=True)
class StyleTest:
    """Within-group likeness of style against random groups of the same make-up.

    `observed`: mean likeness of the group's pairs, in standard deviations of all pairs; `null_mean` and `null_sd` of
    the same over `n_permutations` random groups; `p` one-sided, (1 + groups as alike) / (1 + n_permutations).
    `n_accounts`, `n_posts`: what was compared; `n_pool`: accounts that random groups were drawn from; `n_left_out`:
    accounts of the group with too few own posts or nobody to match. `refused`: why there is no result, else null.
    """

    statistic: str
    observed: float | None
    null_mean: float | None
    null_sd: float | None
    p: float | None
    n_accounts: int
    n_posts: int
    n_pool: int
    n_left_out: int
    n_permutations: int
    refused: str | None


def group_style(
    group: Sequence[Sequence[str]],
    pool: Sequence[Sequence[str]],
    *,
    n_permutations: int = 999,
    rng: np.random.Generator,
    topics: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
) -> StyleTest:
    """Tests whether a group's accounts write alike: the texts per account of the group and of other accounts.

    Give raw texts without the posts that tell the group's narratives: near-copies are removed here too (`own_posts`),
    but a narrative's post that is edited beyond that would pass for its poster's own words, and what was evidence of
    copying would be counted again as style.

    `topics` names the subject of every account, (group, pool): the thread, target or narrative that most of its posts
    belong to. Accounts trade places only with accounts of their own topic and class of size, all cut to the same
    number of posts, so that a shared subject or activity cannot pass for a shared hand. Without topics the test also
    hears the subject.

    The permutation test is exact for any group whose accounts are exchangeable with the pool's inside those classes.
    Refused with the reason when fewer than `LEAST_ACCOUNTS` accounts can be matched.

    Raises CallerError when the topics do not fit the accounts.
    """
    _check(group, pool, topics, n_permutations)
    posts = own_posts([*group, *pool])
    is_member = np.arange(len(posts)) < len(group)
    size = _size_class([len(own) for own in posts])
    named = [*topics[0], *topics[1]] if topics else [None] * len(posts)
    rows, stratum = _matched(is_member, size, named, rng)
    n_members = int(is_member[rows].sum())
    n_left_out = len(group) - n_members
    if n_members < LEAST_ACCOUNTS:
        return _refused(n_members, n_left_out, len(rows) - n_members)
    taken = [_cut(posts[row], _SIZES[size[row]], rng) for row in rows.tolist()]
    observed, null = _permuted(_likeness(taken), is_member[rows], stratum, n_permutations, rng)
    return StyleTest(
        statistic="mean likeness of pairs",
        observed=observed,
        null_mean=float(null.mean()),
        null_sd=float(null.std()),
        # A tie counts against the finding; rounding apart.
        p=float((1 + (null >= observed - 1e-12).sum()) / (1 + n_permutations)),
        n_accounts=n_members,
        n_posts=sum(len(texts) for texts, member in zip(taken, is_member[rows], strict=True) if member),
        n_pool=len(rows) - n_members,
        n_left_out=n_left_out,
        n_permutations=n_permutations,
        refused=None,
    )


def _check(
    group: Sequence[Sequence[str]],
    pool: Sequence[Sequence[str]],
    topics: tuple[Sequence[Hashable], Sequence[Hashable]] | None,
    n_permutations: int,
) -> None:
    if topics and (len(topics[0]), len(topics[1])) != (len(group), len(pool)):
        got = (len(topics[0]), len(topics[1]))
        raise CallerError(
            f"style: {got[0]} and {got[1]} topics given for {len(group)} accounts of the group and {len(pool)} of the "
            "pool; give one topic per account.",
            value=got,
        )
    if n_permutations < 1:
        raise CallerError(f"style: n_permutations is {n_permutations}; at least 1 is needed.", value=n_permutations)


def _refused(n_members: int, n_left_out: int, n_pool: int) -> StyleTest:
    reason = (
        f"{n_members} of the group's accounts have at least {LEAST_POSTS} own posts that are no copies and accounts "
        f"outside the group to be matched with; a statement on style needs {LEAST_ACCOUNTS}."
    )
    return StyleTest("mean likeness of pairs", None, None, None, None, n_members, 0, n_pool, n_left_out, 0, reason)


def _size_class(n_posts: list[int]) -> Rows:
    """Place in `_SIZES`, -1 for accounts with too few posts."""
    return np.searchsorted(np.array(_SIZES), np.array(n_posts, dtype=np.int64), side="right") - 1


def _matched(
    is_member: npt.NDArray[np.bool_], size: Rows, topics: Sequence[Hashable], rng: np.random.Generator
) -> tuple[Rows, Rows]:
    """Rows that take part and their strata: every stratum holds accounts of the group and of the pool."""
    number: dict[tuple[int, Hashable], int] = {}
    stratum = np.array([number.setdefault((int(s), t), len(number)) for s, t in zip(size, topics, strict=True)])
    rows: list[Rows] = []
    n_fit = int((is_member & (size >= 0)).sum())
    most = max(1, min(_POOL_PER_ACCOUNT, _MOST_ACCOUNTS // max(n_fit, 1)))
    for one in range(len(number)):
        members = np.flatnonzero((stratum == one) & is_member & (size >= 0))
        others = np.flatnonzero((stratum == one) & ~is_member & (size >= 0))
        if len(members) and len(others):
            rows += [members, rng.permutation(others)[: most * len(members)]]
    taken = np.sort(np.concatenate(rows)) if rows else np.empty(0, dtype=np.int64)
    return taken, stratum[taken]


def _cut(own: list[tuple[int, str]], n_posts: int, rng: np.random.Generator) -> list[str]:
    return [own[place][1] for place in rng.permutation(len(own))[:n_posts].tolist()]


def _likeness(texts: Sequence[Sequence[str]]) -> Floats:
    """One likeness per pair: the three views' cosines, each in standard deviations of all pairs, averaged."""
    counts = count(texts)
    vectors = scale(counts).vectors(counts)
    views = similarities(vectors, vectors)
    apart = ~np.eye(len(texts), dtype=bool)
    total = np.zeros(views.shape[1:])
    for view in views:
        pairs = view[apart]
        total += (view - pairs.mean()) / (pairs.std() or 1.0)
    np.fill_diagonal(total, 0.0)
    return total / len(views)


def _permuted(
    likeness: Floats,
    is_member: npt.NDArray[np.bool_],
    stratum: Rows,
    n_permutations: int,
    rng: np.random.Generator,
) -> tuple[float, Floats]:
    """The group's mean likeness, and that of random groups with as many accounts from every stratum."""
    places = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    wanted = [int(is_member[place].sum()) for place in places]
    n_members = int(is_member.sum())
    n_pairs = n_members * (n_members - 1)
    null = np.empty(n_permutations)
    for turn in range(n_permutations):
        drawn = np.concatenate([rng.permutation(place)[:n] for place, n in zip(places, wanted, strict=True)])
        null[turn] = likeness[np.ix_(drawn, drawn)].sum() / n_pairs
    members = np.flatnonzero(is_member)
    return float(likeness[np.ix_(members, members)].sum() / n_pairs), null
