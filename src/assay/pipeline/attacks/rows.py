"""What a search found, as the rows of its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.attacks.finding import Found
from assay.attacks.labels import group_name, language, term_counts, terms
from assay.attacks.tables import GROUPS, MEMBERS, NARRATIVES, OVERLAPS, POSTS, TEMPLATES, TEXTS

Ints = npt.NDArray[np.int64]

# Texts against which the terms of a narrative are set: enough for the frequent words of any corpus.
_BACKGROUND_TEXTS = 20_000
# A group that an innocent explanation fits is shown as explained, and its accounts are not named in public.
NAMED, EXPLAINED = "named", "explained"


def core_tables(found: Found, n_posts_of: Mapping[str, int], seed: int) -> dict[str, pa.Table]:
    """`n_posts_of`: how many posts of any kind each member wrote.

    Posts, texts, templates, narratives, overlaps, groups and members; layers are added to them elsewhere."""
    return {
        "posts": post_rows(found),
        "texts": text_rows(found),
        "templates": template_rows(found),
        "narratives": narrative_rows(found, seed),
        "overlaps": overlap_rows(found),
        "groups": group_rows(found),
        "members": member_rows(found, n_posts_of),
    }


def post_rows(found: Found) -> pa.Table:
    """Every post of a narrative, in the order of time."""
    told, posts = found.told, found.posts
    text = pa.array(posts.text)
    centre_key = _of_centres(found, told.rows["text_key"].to_numpy())
    narrative = found.narrative_of_post
    cluster = pa.array(centre_key[narrative], mask=~told.is_near[posts.text])
    columns = {
        **{name: posts.rows[name] for name in ("post_id", "account_id", "posted_at", "text_key")},
        "narrative": pa.array(narrative),
        "cluster": cluster,
        "similarity": pa.array(told.similarity).take(text),
        "coverage": pa.array(told.coverage).take(text),
        "stage": told.stage.take(text),
    }
    return pa.table(columns).cast(POSTS)


def _of_centres(found: Found, values: Ints) -> Ints:
    """A value of the central text of every narrative."""
    told = found.told
    each = np.zeros(len(told), dtype=np.int64)
    each[told.narrative[told.is_centre]] = values[told.is_centre]
    return each


def text_rows(found: Found) -> pa.Table:
    """Every text of a narrative."""
    told = found.told
    columns = {name: told.rows[name] for name in ("text_key", "text", "n_posts", "n_accounts", "first_at")}
    return pa.table({**columns, "narrative": told.narrative, "is_centre": told.is_centre}).cast(TEXTS)


def template_rows(found: Found) -> pa.Table:
    """The wordings taken for share buttons and stock texts, the most used first."""
    n_posts, n_accounts = _sizes(found)
    rows = _of_centres(found, np.arange(len(found.told.narrative)))
    texts, keys = found.told.rows["text"], found.told.rows["text_key"]
    listed = [
        {
            "text_key": keys[int(rows[number])].as_py(),
            "text": texts[int(rows[number])].as_py(),
            "n_accounts": int(n_accounts[number]),
            "n_posts": int(n_posts[number]),
            "reason": reason,
        }
        for number, reason in found.templates.items()
    ]
    return pa.Table.from_pylist(sorted(listed, key=lambda row: (-row["n_accounts"], row["text"])), schema=TEMPLATES)


def _sizes(found: Found) -> tuple[Ints, Ints]:
    """Posts and accounts of every narrative."""
    narrative = found.narrative_of_post
    n_posts = np.bincount(narrative, minlength=len(found.told))
    pairs = np.unique(narrative * (len(found.posts.accounts) + 1) + found.posts.account)
    n_accounts = np.bincount(pairs // (len(found.posts.accounts) + 1), minlength=len(found.told))
    return n_posts, n_accounts


def narrative_rows(found: Found, seed: int) -> pa.Table:
    """Every narrative of two accounts or more, and all of groups; terms and language for those of groups."""
    n_posts, n_accounts = _sizes(found)
    group = found.groups.of_narrative
    listed = np.flatnonzero((n_accounts >= 2) | (group >= 0))
    centre = _of_centres(found, np.arange(len(found.told.narrative)))[listed]
    first, last = _span(found.narrative_of_post, found.posts.at_s, len(found.told))
    words = _words(found, [int(number) for number in listed if group[number] >= 0], seed)
    nothing: tuple[list[str] | None, str | None] = (None, None)
    columns = {
        "narrative": listed,
        "group": pa.array(group[listed], mask=group[listed] < 0),
        "centre_key": found.told.rows["text_key"].take(pa.array(centre)),
        "central_text": found.told.rows["text"].take(pa.array(centre)),
        "terms": pa.array([words.get(int(n), nothing)[0] for n in listed], pa.list_(pa.string())),
        "language": pa.array([words.get(int(n), nothing)[1] for n in listed], pa.string()),
        "n_posts": n_posts[listed],
        "n_accounts": n_accounts[listed],
        "n_texts": np.bincount(found.told.narrative, minlength=len(found.told))[listed],
        "first_at": _instants(first[listed]),
        "last_at": _instants(last[listed]),
    }
    for name in ("reuse_observed", "reuse_expected", "reuse_p", "reuse_q"):
        columns[name] = pa.nulls(len(listed), NARRATIVES.field(name).type)
    return pa.table(columns).cast(NARRATIVES)


def _words(found: Found, narratives: list[int], seed: int) -> dict[int, tuple[list[str] | None, str | None]]:
    """Terms and language of each narrative, against a sample of all texts of narratives."""
    if not narratives:
        return {}
    told = found.told
    texts = told.rows["text"]
    rng = np.random.default_rng(seed)
    n = len(texts)
    sample = texts.take(pa.array(np.sort(rng.choice(n, min(n, _BACKGROUND_TEXTS), replace=False)))).to_pylist()
    background: Counter[str] = Counter()
    # Counted in parts: a count looks at the first texts of what it is given only.
    for at in range(0, len(sample), 400):
        background.update(term_counts(sample[at : at + 400]))
    order = np.argsort(told.narrative, kind="stable")
    bounds = np.searchsorted(told.narrative[order], [narratives, [number + 1 for number in narratives]])
    result: dict[int, tuple[list[str] | None, str | None]] = {}
    for number, first, stop in zip(narratives, *bounds.tolist(), strict=True):
        own = texts.take(pa.array(order[first:stop])).to_pylist()
        result[number] = terms(own, background, len(sample)), language(own)
    return result


def _span(owner: Ints, at_s: Ints, n: int) -> tuple[Ints, Ints]:
    """The first and last second of each owner's posts."""
    first, last = np.full(n, np.iinfo(np.int64).max), np.full(n, np.iinfo(np.int64).min)
    np.minimum.at(first, owner, at_s)
    np.maximum.at(last, owner, at_s)
    return first, last


def _instants(at_s: Ints) -> pa.Array:
    return pa.array(at_s * 1_000_000, pa.int64()).cast(pa.timestamp("us", "UTC"))


def overlap_rows(found: Found) -> pa.Table:
    """Pairs of narratives that share two accounts or more, or were validated."""
    ties = found.overlaps
    kept = np.flatnonzero((ties.n_shared >= 2) | ties.is_validated)
    columns = {
        "left_narrative": ties.left[kept],
        "right_narrative": ties.right[kept],
        "n_shared": ties.n_shared[kept],
        "expected": ties.expected[kept],
        "p": ties.p[kept],
        "q": ties.q[kept],
        "is_validated": ties.is_validated[kept],
    }
    return pa.table(columns).cast(OVERLAPS)


def group_rows(found: Found) -> pa.Table:
    """Every group, the largest core first; `status` is named until an explanation is found to fit."""
    groups = found.groups
    group_of_post = groups.of_narrative[found.narrative_of_post]
    told = group_of_post >= 0
    n = len(groups)
    first, last = _span(group_of_post[told], found.posts.at_s[told], n)
    columns = {
        "group": np.arange(n),
        "name": pa.array([group_name(_first_key(found, number)) for number in range(n)], pa.string()),
        "n_core": np.bincount(groups.group[groups.is_core], minlength=n),
        "n_periphery": np.bincount(groups.group[~groups.is_core], minlength=n),
        "n_narratives": np.bincount(groups.of_narrative[groups.of_narrative >= 0], minlength=n),
        "n_posts": np.bincount(group_of_post[told], minlength=n),
        "first_at": _instants(first),
        "last_at": _instants(last),
        "status": pa.array([NAMED] * n, pa.string()),
        "error_rate": groups.weakest_q,
    }
    return pa.table(columns).cast(GROUPS)


def _first_key(found: Found, group: int) -> int:
    """The key of the text that the group's first post tells."""
    first = found.rows_of_group(group)[0]
    return int(found.posts.rows["text_key"][int(first)].as_py())


def member_rows(found: Found, n_posts_of: Mapping[str, int]) -> pa.Table:
    """Every account of every group, with its posts inside the group and all its others."""
    groups, posts = found.groups, found.posts
    width = len(posts.accounts) + 1
    code = groups.group * width + groups.account
    of_post = groups.of_narrative[found.narrative_of_post] * width + posts.account
    order = np.argsort(code)
    place = order[np.clip(np.searchsorted(code[order], of_post), 0, max(len(code) - 1, 0))] if len(code) else of_post
    told = (of_post >= 0) & (code[place] == of_post) if len(code) else np.zeros(len(of_post), dtype=bool)
    n = len(code)
    n_posts = np.bincount(place[told], minlength=n)
    first, last = _span(place[told], posts.at_s[told], n)
    ids = posts.accounts.take(pa.array(groups.account))
    columns = {
        "group": groups.group,
        "account_id": ids,
        "role": pa.array(np.where(groups.is_core, "core", "periphery") if n else [], pa.string()),
        "n_posts": n_posts,
        "n_narratives": groups.n_narratives,
        "n_other_posts": np.array([n_posts_of[each] for each in ids.to_pylist()], dtype=np.int64) - n_posts,
        "first_at": _instants(first),
        "last_at": _instants(last),
    }
    return pa.table(columns).cast(MEMBERS)
