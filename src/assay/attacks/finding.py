"""The search: posts -> copies -> narratives -> overlaps -> groups. What the layers of evidence then look at."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.attacks.copies import linked_texts
from assay.attacks.groups import Groups, tied_groups
from assay.attacks.recurrence import TOLD_COUNTED, Activity, Overlaps, overlaps
from assay.attacks.settings import AttackSettings
from assay.attacks.telling import ToldTexts, told_texts
from assay.attacks.templates import Told, template_reasons
from assay.attacks.wording import PREPARED_SCHEMA, Prepared
from assay.engine import Engine, Workspace

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class NarratedPosts:
    """The posts of narratives in the order of time; arrays with one value per post.

    `rows`: post_id, account_id, posted_at, text_key. `text` and `account` number into `ToldTexts` and `accounts`.
    `activity`: how active the post's account is, as `overlaps` counts it.
    """

    rows: pa.Table
    text: Ints
    account: Ints
    accounts: pa.Array
    at_s: Ints
    activity: Ints


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found. `prepared`: all posts as `PREPARED_SCHEMA`; `set_aside`: posts not compared, by reason.

    `templates`: narratives taken for share buttons or stock texts, with the reason; they tie nothing unless the
    settings keep them. Groups come largest core first.
    """

    prepared: ir.Table
    set_aside: dict[str, int]
    n_posts: int
    told: ToldTexts
    posts: NarratedPosts
    templates: dict[int, str]
    overlaps: Overlaps
    groups: Groups

    @property
    def narrative_of_post(self) -> Ints:
        """The narrative of every narrated post."""
        return self.told.narrative[self.posts.text]

    def rows_of_group(self, group: int) -> Ints:
        """Narrated posts, by index, that tell a narrative of the group."""
        return np.flatnonzero(self.groups.of_narrative[self.narrative_of_post] == group)

    def members(self, group: int, *, core: bool = False) -> pa.Array:
        """Account ids of the group (or of its core only)."""
        chosen = (self.groups.group == group) & (self.groups.is_core | (not core))
        return self.posts.accounts.take(pa.array(self.groups.account[chosen]))


def find(posts: ir.Table, work: Workspace, settings: AttackSettings | None = None) -> Found:
    """Finds groups of accounts that tell the same narratives together.

    `posts`: post_id (unique), account_id, posted_at (UTC), text; none null but text. Writes its steps into `work`.
    Nothing here asks what the posts say: the same words praise or accuse with the same result.

    Memory holds the texts and posts that take part in narratives (one in eight of ordinary micro-blog posts); the rest
    streams through the engine.
    """
    settings = settings or AttackSettings()
    columns = posts.select("post_id", "account_id", "posted_at", "text")
    prepared = work.map_step("prepared", columns, Prepared(), PREPARED_SCHEMA)
    texts = work.step("texts", _distinct(prepared))
    return found_in(prepared, texts, linked_texts(texts, work), work, settings)


def found_in(prepared: ir.Table, texts: ir.Table, links: ir.Table, work: Workspace, settings: AttackSettings) -> Found:
    """The search from where the copies are known: `prepared` posts, their different `texts`, and verified `links`."""
    told = told_texts(work.engine, texts, links)
    numbers = np.arange(len(told.rows))
    keys = work.engine.table(told.rows.select(["text_key"]).append_column("number", pa.array(numbers)), "told_texts")
    activity = work.step("activity", _activity(prepared, keys))
    narrated = _narrated(work.engine, prepared, keys, activity)
    of_post = told.narrative[narrated.text]
    templates = {} if settings.keep_templates else _templates(told, narrated)
    free = ~np.isin(of_post, np.fromiter(templates, dtype=np.int64, count=len(templates)))
    account, narrative = narrated.account[free], of_post[free]
    levels, written = _levels(work.engine, activity), narrated.activity[free]
    ties = overlaps(account, narrative, written, levels, most_q=settings.most_q, related=told.related)
    groups = tied_groups(account, narrative, ties, n_narratives=len(told), least_core=settings.least_core)
    counts = work.engine.collect(prepared.group_by("why_not").agg(n=prepared.count()))
    by_reason = dict(zip(counts["why_not"].to_pylist(), counts["n"].to_pylist(), strict=True))
    n_posts = sum(by_reason.values())
    by_reason.pop(None, None)
    return Found(prepared, dict(sorted(by_reason.items())), n_posts, told, narrated, templates, ties, groups)


def _distinct(prepared: ir.Table) -> ir.Table:
    """One row per different text: text_key, text, n_posts, n_accounts, first_at, and its place in order of time."""
    kept = prepared.filter(prepared.text_key.notnull())
    texts = kept.group_by("text_key").agg(
        text=kept.text.min(),
        n_posts=kept.count(),
        n_accounts=kept.account_id.nunique(),
        first_at=kept.posted_at.min(),
    )
    order = ibis.row_number().over(ibis.window(order_by=[texts.first_at.asc(), texts.text_key.asc()]))
    return texts.mutate(place=order.cast("int64"))


def _narrated(engine: Engine, prepared: ir.Table, keys: ir.Table, activity: ir.Table) -> NarratedPosts:
    chosen = prepared.filter(prepared.text_key.notnull()).drop("text", "why_not")
    rows = engine.collect(chosen.inner_join(keys, "text_key").inner_join(activity, "account_id"))
    rows = rows.sort_by([("posted_at", "ascending"), ("post_id", "ascending")])
    coded = rows["account_id"].combine_chunks().dictionary_encode()
    text = rows["number"].to_numpy().astype(np.int64)
    at_s = rows["posted_at"].cast(pa.int64()).to_numpy() // 1_000_000
    kept = rows.select(["post_id", "account_id", "posted_at", "text_key"])
    return NarratedPosts(
        kept, text, coded.indices.to_numpy().astype(np.int64), coded.dictionary, at_s, rows["n_posts"].to_numpy()
    )


def _templates(told: ToldTexts, posts: NarratedPosts) -> dict[int, str]:
    return template_reasons(Told(told.folded(), told.narrative, told.is_centre, posts.text, posts.account, posts.at_s))


def _activity(prepared: ir.Table, keys: ir.Table) -> ir.Table:
    """account_id and n_posts: posts in words of its own, those in narratives counted up to two."""
    kept = prepared.filter(prepared.text_key.notnull()).left_join(keys, "text_key")
    is_told = kept.number.notnull().cast("int64")
    each = kept.group_by("account_id").agg(n_own=(1 - is_told).sum(), n_told=is_told.sum())
    return each.select("account_id", n_posts=each.n_own + ibis.least(each.n_told, TOLD_COUNTED))


def _levels(engine: Engine, activity: ir.Table) -> Activity:
    """How many accounts are how active."""
    levels = activity.group_by("n_posts").agg(n_accounts=activity.count())
    rows = engine.collect(levels).sort_by("n_posts")
    return Activity(rows["n_posts"].to_numpy().astype(np.int64), rows["n_accounts"].to_numpy().astype(np.int64))
