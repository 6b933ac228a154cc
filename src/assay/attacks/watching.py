"""Watching: a new day of posts costs its own posts, and a group that grows keeps its name.

What a search does first and longest, comparing texts, looks only back in time: every text meets the earliest text and
the last few before it in each of its buckets. So what one day adds can be computed from the day's own texts and from
the buckets of earlier ones, and the links after any day are those of a search over all days so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from assay.attacks.copies import LINK_SCHEMA, PLACE_SCHEMA, run_buckets, run_candidates, verified_links
from assay.attacks.wording import PREPARED_SCHEMA, Prepared
from assay.engine import Workspace
from assay.likeness import Banding, TextBuckets, band_candidates, text_pairs
from assay.likeness.copies import BUCKET_SCHEMA

# A group counts as an earlier one grown when it has this share of the earlier core: most of it, so that a group that
# splits keeps its name once.
_LEAST_KEPT = 0.5
_TEXT_SCHEMA = pa.schema([("place", pa.int64()), ("text_key", pa.int64()), ("text", pa.string())])
# What is kept between days, by name: posts prepared for comparison, different texts with their place in order of first
# appearance, their bands and runs, and the verified links.
KEPT: dict[str, pa.Schema] = {
    "prepared": PREPARED_SCHEMA,
    "wordings": _TEXT_SCHEMA,
    "bands": BUCKET_SCHEMA,
    "runs": PLACE_SCHEMA,
    "links": LINK_SCHEMA,
}


@dataclass(frozen=True, slots=True)
class Day:
    """What one day added: tables by the names of `KEPT`, and what it cost.

    `n_sketched`: texts that were folded and sketched, the day's new ones only. `n_compared`: pairs of texts read.
    """

    tables: dict[str, ir.Table]
    n_posts: int
    n_sketched: int
    n_compared: int


def take_day(posts: ir.Table, earlier: Mapping[str, ir.Table], n_wordings: int, work: Workspace) -> Day:
    """Prepares a day's posts, sketches the texts that no earlier day had, and links them to all before them.

    `posts`: post_id, account_id, posted_at, text; those whose post_id an earlier day had are skipped. `earlier`: the
    tables of `KEPT` over all earlier days, `n_wordings` rows of them in wordings. The tables of the day are to be added
    to them. Writes the steps `prepared`, `wordings`, `bands`, `runs`, `candidates` and `links` into `work`.
    """
    columns = posts.select("post_id", "account_id", "posted_at", "text")
    new_posts = columns.anti_join(earlier["prepared"].select("post_id"), "post_id")
    prepared = work.map_step("prepared", new_posts, Prepared(), PREPARED_SCHEMA)
    wordings = work.step("wordings", _new_wordings(prepared, earlier["wordings"], n_wordings))
    contents = wordings.select("place", content="text")
    bands = work.map_step("bands", contents, TextBuckets(Banding()), BUCKET_SCHEMA)
    runs = work.map_step("runs", contents, run_buckets, PLACE_SCHEMA)
    near = band_candidates(_met(bands, earlier["bands"]))
    reworded = run_candidates(_met(runs, earlier["runs"]))
    pairs = near.union(reworded, distinct=True)
    candidates = work.step("candidates", pairs.filter(pairs.left_key >= n_wordings))
    texts = wordings.select("place", "text").union(earlier["wordings"].select("place", "text"))
    links = work.map_step("links", text_pairs(candidates, texts, "place"), verified_links, LINK_SCHEMA)
    tables = {"prepared": prepared, "wordings": wordings, "bands": bands, "runs": runs, "links": links}
    return Day(tables, *(_count(work, table) for table in (prepared, wordings, candidates)))


def _new_wordings(prepared: ir.Table, earlier: ir.Table, n_wordings: int) -> ir.Table:
    """The day's texts that are new, numbered on from the earlier ones in the order of their first appearance."""
    kept = prepared.filter(prepared.text_key.notnull())
    each = kept.group_by("text_key").agg(text=kept.text.min(), first_at=kept.posted_at.min())
    new = each.anti_join(earlier.select("text_key"), "text_key")
    order = ibis.row_number().over(ibis.window(order_by=[new.first_at.asc(), new.text_key.asc()]))
    return new.select(place=order.cast("int64") + n_wordings, text_key="text_key", text="text")


def _met(new: ir.Table, earlier: ir.Table) -> ir.Table:
    """The new bucket rows and those of earlier texts in the same buckets."""
    return new.union(earlier.semi_join(new.select("bucket").distinct(), "bucket"))


def _count(work: Workspace, table: ir.Table) -> int:
    return int(work.engine.collect(table.agg(n=table.count()))["n"][0].as_py())


def watched_texts(prepared: ir.Table, wordings: ir.Table) -> ir.Table:
    """The different texts of all days as a search wants them, placed in the order in which the days brought them.

    Counts and first times are over all posts; the wording is that of the first day that had it.
    """
    kept = prepared.filter(prepared.text_key.notnull())
    each = kept.group_by("text_key").agg(
        n_posts=kept.count(), n_accounts=kept.account_id.nunique(), first_at=kept.posted_at.min()
    )
    return each.inner_join(wordings, "text_key").select(
        "text_key", "text", "n_posts", "n_accounts", "first_at", "place"
    )


def kept_names(
    earlier: Mapping[str, AbstractSet[str]], cores: Sequence[AbstractSet[str]], fresh: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """Names for groups with these cores: an earlier group's where it grew into one of them, else the fresh name.

    `earlier`: the cores of the last day by name. A group takes the name of the earlier one with which it shares most
    core accounts, when that is half of the earlier core at least; no name is given twice. Second: earlier names that
    went up in another group, with its name.

    >>> kept_names({"A": {"x", "y"}}, [{"x", "y", "z"}, {"v", "w"}], ["B", "C"])
    (['A', 'C'], {})
    """
    shared = sorted(
        (-len(core & before), name, place)
        for name, before in earlier.items()
        for place, core in enumerate(cores)
        if before and len(core & before) >= _LEAST_KEPT * len(before)
    )
    names: dict[int, str] = {}
    merged: dict[str, str] = {}
    for _, name, place in shared:
        if name in names.values() or name in merged:
            continue
        if place in names:
            merged[name] = names[place]
        else:
            names[place] = name
    given = set(names.values()) | set(earlier)
    for place, name in enumerate(fresh):
        if place not in names:
            names[place] = _free(name, given)
            given.add(names[place])
    return [names[place] for place in range(len(cores))], merged


def _free(name: str, given: AbstractSet[str]) -> str:
    """The name, numbered when a different group has it."""
    if name not in given:
        return name
    return next(f"{name}-{n}" for n in range(2, len(given) + 3) if f"{name}-{n}" not in given)
