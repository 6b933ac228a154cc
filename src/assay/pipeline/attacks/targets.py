"""Whom a group's posts are about: the merchants, listings or subjects that its posts name as their target."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.attacks.finding import Found
from assay.attacks.tables import TARGETS
from assay.engine import Engine
from assay.pipeline.attacks.sources import PostSource

# A group that writes about a thousand merchants is about none; the first ones are enough to see that.
MOST_TARGETS = 20


def target_rows(engine: Engine, source: PostSource, found: Found) -> pa.Table:
    """One row for each group and target: posts and accounts of the group, and posts of anybody about that target.

    Targets of most posts first, `MOST_TARGETS` of a group at most; no row where posts name no target.
    """
    group = found.groups.of_narrative[found.narrative_of_post]
    told = np.flatnonzero(group >= 0)
    if not len(told):
        return TARGETS.empty_table()
    ids = pa.table({"post_id": found.posts.rows["post_id"].take(pa.array(told)), "group": pa.array(group[told])})
    about = source.posts.filter(source.posts.target.notnull()).select("post_id", "account_id", "target")
    own = about.inner_join(engine.table(ids, "posts_of_groups"), "post_id")
    counts = own.group_by(["group", "target"]).agg(n_posts=own.count(), n_accounts=own.account_id.nunique())
    every = about.semi_join(own.select("target").distinct(), "target")
    in_all = every.group_by("target").agg(n_posts_of_all=every.count())
    rows = engine.collect(counts.inner_join(in_all, "target").select(*TARGETS.names)).cast(TARGETS)
    rows = rows.sort_by([("group", "ascending"), ("n_posts", "descending"), ("target", "ascending")])
    owners = rows["group"].to_numpy()
    rank = np.arange(len(owners)) - np.searchsorted(owners, owners)
    return rows.filter(pc.less(pa.array(rank), MOST_TARGETS))
