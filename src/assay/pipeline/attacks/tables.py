"""The tables of a result, built the same way by a search and by a day of watching."""

from __future__ import annotations

import pyarrow as pa

from assay.attacks.finding import Found
from assay.attacks.settings import AttackSettings
from assay.engine import Engine
from assay.pipeline.attacks.accounts import account_tables, with_status
from assay.pipeline.attacks.layers import layer_tables, with_reuse
from assay.pipeline.attacks.rows import core_tables
from assay.pipeline.attacks.sources import PostSource
from assay.pipeline.attacks.targets import target_rows


def written_tables(engine: Engine, source: PostSource, found: Found, settings: AttackSettings) -> dict[str, pa.Table]:
    """Every table of `assay.attacks.tables.TABLES`, by name, for what was found in the posts of `source`.

    Groups, their texts and members; the layers of evidence; innocent explanations, which decide the groups' status;
    signs of accounts; and whom the posts are about.
    """
    tables = core_tables(found, _posts_of_members(engine, found), settings.seed)
    tables["narratives"] = with_reuse(tables["narratives"], found)
    tables |= layer_tables(engine, source, found, settings)
    tables |= account_tables(engine, source, found, settings)
    tables["groups"] = with_status(tables["groups"], tables["explanations"])
    return tables | {"targets": target_rows(engine, source, found)}


def _posts_of_members(engine: Engine, found: Found) -> dict[str, int]:
    """How many posts of any kind each member of a group wrote."""
    if not len(found.groups):
        return {}
    ids = pa.array(sorted({each for number in range(len(found.groups)) for each in found.members(number).to_pylist()}))
    members = engine.table(pa.table({"account_id": ids}), "members_of_groups")
    own = found.prepared.semi_join(members, "account_id")
    counts = engine.collect(own.group_by("account_id").agg(n=own.count()))
    return dict(zip(counts["account_id"].to_pylist(), counts["n"].to_pylist(), strict=True))
