"""What else could explain a group, and what its accounts are like: shown, and only the first of them changes a word."""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.attacks.explanations import explain, summarise
from assay.attacks.finding import Found
from assay.attacks.settings import AttackSettings
from assay.attacks.signs import SIGNS_SCHEMA, USUAL_SCHEMA, account_signs, usual_signs
from assay.attacks.tables import EXPLANATIONS
from assay.engine import Engine, ops
from assay.pipeline.attacks.layers import MOST_GROUPS
from assay.pipeline.attacks.rows import EXPLAINED
from assay.pipeline.attacks.sources import PostSource

# A uniform sample of this many posts gives every rate of the corpus to 0.3 percentage points.
_CORPUS_POSTS = 100_000
# Accounts of no group that tell what is usual: 20 and more for each class of activity.
_USUAL_ACCOUNTS = 5_000


@dataclass(frozen=True, slots=True)
class _Posts:
    """All posts of the members of groups as they were written, and the place of each told post in `Found.posts`."""

    rows: pa.Table
    told: pa.Array


def account_tables(engine: Engine, source: PostSource, found: Found, settings: AttackSettings) -> dict[str, pa.Table]:
    """The tables explanations, signs and signs_usual; no rows where there is no group."""
    n = min(len(found.groups), MOST_GROUPS)
    if not n:
        return {
            "explanations": EXPLANATIONS.empty_table(),
            "signs": SIGNS_SCHEMA.empty_table(),
            "signs_usual": USUAL_SCHEMA.empty_table(),
        }
    ids = found.posts.accounts.take(pa.array(np.unique(found.groups.account)))
    members = engine.table(pa.table({"account_id": ids}), "members_and_others")
    posts = _posts_of(engine, source, members, found)
    return {
        "explanations": _explanations(engine, source, found, posts, settings, n),
        "signs": _signs(engine, source, found, posts, n),
        "signs_usual": usual_signs(_others(engine, source, members, settings.seed)),
    }


def with_status(groups: pa.Table, explanations: pa.Table) -> pa.Table:
    """The table of groups with those as explained that an innocent explanation fits.

    That all posts answer one post is told and changes no status: an attack on one post does that too.
    """
    explains = pc.and_(pc.equal(explanations["result"], "fits"), pc.not_equal(explanations["code"], "one_thread"))
    fits = explanations.filter(explains)["group"]
    status = pc.if_else(pc.is_in(groups["group"], fits.combine_chunks()), EXPLAINED, groups["status"])
    return groups.set_column(groups.schema.get_field_index("status"), "status", status)


def _posts_of(engine: Engine, source: PostSource, members: ir.Table, found: Found) -> _Posts:
    rows = engine.collect(source.posts.semi_join(members, "account_id"))
    rows = rows.sort_by([("posted_at", "ascending"), ("post_id", "ascending")])
    return _Posts(rows, pc.index_in(rows["post_id"].combine_chunks(), found.posts.rows["post_id"].combine_chunks()))


def _explanations(
    engine: Engine, source: PostSource, found: Found, posts: _Posts, settings: AttackSettings, n: int
) -> pa.Table:
    columns = ("text", "url", "reply_to")
    corpus = summarise(_sample(engine, source, found.n_posts, settings.seed).select(columns))
    # A post of a member that tells no narrative has no place among the told ones and so no group.
    narrative = np.append(found.narrative_of_post, -1)[pc.fill_null(posts.told, len(found.posts.at_s)).to_numpy()]
    group = np.append(found.groups.of_narrative, -1)[narrative]
    whole = posts.rows.append_column("narrative", pa.array(narrative))
    listed = [
        {"group": number, "code": each.code, "result": each.result, "figure": each.figure}
        for number in range(n)
        for each in explain(whole.filter(pa.array(group == number)), corpus)
    ]
    return pa.Table.from_pylist(listed, schema=EXPLANATIONS)


def _sample(engine: Engine, source: PostSource, n_posts: int, seed: int) -> pa.Table:
    """A uniform sample of all posts, by the hash of their ids."""
    posts = source.posts
    if n_posts > _CORPUS_POSTS:
        posts = posts.filter(ops.md5_fraction(posts.post_id, seed) < _CORPUS_POSTS / n_posts)
    return engine.collect(posts).sort_by("post_id")


def _signs(engine: Engine, source: PostSource, found: Found, posts: _Posts, n: int) -> pa.Table:
    shown = found.groups.group < n
    groups = pa.table(
        {
            "account_id": found.posts.accounts.take(pa.array(found.groups.account[shown])),
            "group": pa.array(found.groups.group[shown]),
        }
    )
    copies = np.append(found.told.rows["n_accounts"].to_numpy() > 1, False)
    told = np.append(found.posts.text, len(copies) - 1)[pc.fill_null(posts.told, len(found.posts.text)).to_numpy()]
    rows = posts.rows.select(["account_id", "posted_at", "text"]).append_column("is_copy", pa.array(copies[told]))
    return account_signs(rows, groups=groups, accounts=_registered(engine, source))


def _registered(engine: Engine, source: PostSource) -> pa.Table | None:
    if source.accounts is None:
        return None
    known = source.accounts.select("account_id", "registered_at")
    return engine.collect(known.filter(known.registered_at.notnull()))


def _others(engine: Engine, source: PostSource, members: ir.Table, seed: int) -> pa.Table:
    """The signs of accounts of no group, drawn by the hash of their id."""
    others = source.posts.anti_join(members, "account_id")
    ids = others.select("account_id").distinct()
    drawn = ids.order_by(ops.md5_fraction(ids.account_id, seed), ids.account_id).limit(_USUAL_ACCOUNTS)
    chosen = engine.table(engine.collect(drawn), "usual_accounts")
    rows = engine.collect(source.posts.semi_join(chosen, "account_id").select("account_id", "posted_at", "text"))
    accounts = _registered(engine, source)
    return account_signs(rows, accounts=accounts)
