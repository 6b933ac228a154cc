"""The layers of evidence about each group, side by side: timing, calendar, style. Each has its own null."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.attacks.bursts import burst_overlaps
from assay.attacks.calendar import calendar_test, follows_calendar
from assay.attacks.false_discovery import q_values
from assay.attacks.finding import Found
from assay.attacks.reuse import ReuseBackground, densest_windows, length_class
from assay.attacks.settings import AttackSettings
from assay.attacks.sleep import common_sleep
from assay.attacks.style import StyleTest, group_style
from assay.attacks.tables import CALENDAR, NARRATIVES, RECURRENCES, STYLE, TIMING
from assay.attacks.timing import LayerTest, SynchronySettings, synchrony
from assay.engine import Engine, ops
from assay.pipeline.attacks.sources import PostSource

Ints = npt.NDArray[np.int64]

# Groups whose layers are measured, largest core first: more than anybody reads, few enough that a page of fan clubs
# costs no more than the search.
MOST_GROUPS = 40
# Posts of others that stand for the public: its hours and days are known from a few hundred thousand.
_REFERENCE_POSTS = 300_000
# Accounts of others from whom random groups of writers are drawn, and posts read of each.
_POOL_ACCOUNTS = 1_500
_LEAST_POOL_POSTS = 3
# Accounts of a group that posted at an event, for it to count as a burst of the group.
_LEAST_BURST = 5


@dataclass(frozen=True, slots=True)
class _Public:
    """Posts of accounts that are in no group: their account codes and seconds."""

    account: Ints
    at_s: Ints


def layer_tables(engine: Engine, source: PostSource, found: Found, settings: AttackSettings) -> dict[str, pa.Table]:
    """Timing, calendar, recurrences and style: one row for each test of each group, q over all of a table."""
    n = min(len(found.groups), MOST_GROUPS)
    if not n:
        empty = {"timing": TIMING, "calendar": CALENDAR, "recurrences": RECURRENCES, "style": STYLE}
        return {name: schema.empty_table() for name, schema in empty.items()}
    members = engine.table(pa.table({"account_id": _all_members(found)}), "all_members")
    public = _public(engine, found, members, settings.seed)
    timing, calendar, again = [], [], []
    for group in range(n):
        rng = np.random.default_rng([settings.seed, group])
        timing += [_layer_row(group, test) for test in _timed(found, group, public, source, settings, rng)]
        calendar += [_event_row(group, test) for test in _events(found, group, public, source)]
        again += _again_rows(found, group, source)
    return {
        "timing": _with_q(timing, TIMING),
        "calendar": _with_q(calendar, CALENDAR),
        "recurrences": _with_q(again, RECURRENCES),
        "style": _style_rows(engine, source, found, members, settings, n),
    }


def with_reuse(narratives: pa.Table, found: Found) -> pa.Table:
    """The table of narratives with the layer of text reuse: accounts within the densest day against the background.

    The background are the narratives of no group that are no templates; narratives of fewer than five accounts are
    not tested. q over all that are.
    """
    dense = densest_windows(found.narrative_of_post, found.posts.account, found.posts.at_s)
    centre = np.zeros(len(found.told), dtype=np.int64)
    lengths = found.told.folded().lengths
    centre[found.told.narrative[found.told.is_centre]] = lengths[found.told.is_centre]
    kind, sizes = length_class(centre), np.zeros(len(centre), dtype=np.int64)
    sizes[dense.narrative] = dense.n_accounts
    outside = found.groups.of_narrative < 0
    outside[list(found.templates)] = False
    tests = ReuseBackground.of(sizes[outside], kind[outside]).test(sizes, kind)
    rows = narratives["narrative"].to_numpy()
    q = q_values(tests.p)
    measured = {
        "reuse_observed": pa.array(sizes[rows]),
        "reuse_expected": pa.array(tests.expected[rows], from_pandas=True),
        "reuse_p": pa.array(tests.p[rows], from_pandas=True),
        "reuse_q": pa.array(q[rows], from_pandas=True),
    }
    for name, values in measured.items():
        narratives = narratives.set_column(narratives.schema.get_field_index(name), NARRATIVES.field(name), values)
    return narratives


def _all_members(found: Found) -> pa.Array:
    return found.posts.accounts.take(pa.array(np.unique(found.groups.account)))


def _public(engine: Engine, found: Found, members: ir.Table, seed: int) -> _Public:
    others = found.prepared.select("post_id", "account_id", "posted_at").anti_join(members, "account_id")
    if found.n_posts > _REFERENCE_POSTS:
        others = others.filter(ops.md5_fraction(others.post_id, seed) < _REFERENCE_POSTS / found.n_posts)
    rows = engine.collect(others.select("account_id", at=ops.epoch_seconds(others.posted_at)))
    rows = rows.sort_by([("at", "ascending"), ("account_id", "ascending")])
    codes = rows["account_id"].combine_chunks().dictionary_encode().indices
    return _Public(codes.to_numpy().astype(np.int64), rows["at"].to_numpy().astype(np.int64))


def _timed(
    found: Found,
    group: int,
    public: _Public,
    source: PostSource,
    settings: AttackSettings,
    rng: np.random.Generator,
) -> list[LayerTest]:
    rows = found.rows_of_group(group)
    account, at_s = found.posts.account[rows], found.posts.at_s[rows]
    # Beyond the first shuffles it goes on only where none of them came near: 1 / 201 is no finding among many groups.
    shuffled = SynchronySettings(n_shuffles=settings.n_shuffles, most_shuffles=25 * settings.n_shuffles)
    tests = synchrony(account, found.narrative_of_post[rows], at_s, reference_s=public.at_s, settings=shuffled, rng=rng)
    tests.append(common_sleep(account, at_s, public.account, public.at_s, n_shuffles=settings.n_shuffles, rng=rng))
    if source.events:
        tests.append(follows_calendar(at_s, public.at_s, source.events))
    return tests


def _layer_row(group: int, test: LayerTest) -> dict[str, Any]:
    return {
        "group": group,
        "test": test.test,
        "observed": test.observed,
        "null_mean": test.null_mean,
        "null_sd": test.null_sd,
        "n_shuffles": test.n_shuffles,
        "p": test.p,
        "q": None,
        "why_not": test.why_not,
    }


def _events(found: Found, group: int, public: _Public, source: PostSource) -> list[Any]:
    if not source.events:
        return []
    return list(calendar_test(found.posts.at_s[found.rows_of_group(group)], public.at_s, source.events))


def _event_row(group: int, test: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "group": group,
        "event_id": test.event_id,
        "name": test.name,
        "starts_at": test.starts_at_s * 1_000_000,
        "ends_at": test.ends_at_s * 1_000_000,
        **{
            name: getattr(test, name)
            for name in ("observed", "expected", "ratio", "low", "high", "n_as_hot", "n_shifted", "p")
        },
        "q": None,
    }


def _again_rows(found: Found, group: int, source: PostSource) -> list[dict[str, Any]]:
    """Whether the same accounts posted at separate events: pairs of events at which the group posted enough."""
    rows = found.rows_of_group(group)
    at_s, account = found.posts.at_s[rows], found.posts.account[rows]
    at_event = [(event, account[(at_s >= event.starts_at_s) & (at_s < event.ends_at_s)]) for event in source.events]
    bursts = [(event, who) for event, who in at_event if len(np.unique(who)) >= _LEAST_BURST]
    if len(bursts) < 2:
        return []
    everyone, first = np.unique(found.posts.account, return_index=True)
    tests = burst_overlaps([who for _, who in bursts], everyone, found.posts.activity[first])
    return [
        {
            "group": group,
            "left_event": bursts[test.left][0].event_id,
            "right_event": bursts[test.right][0].event_id,
            "n_shared": test.n_shared,
            "expected": test.expected,
            "p": test.p,
            "q": None,
        }
        for test in tests
    ]


def _with_q(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Puts the false-discovery rate over all tests of the table that could be done."""
    p = [float("nan") if row["p"] is None else row["p"] for row in rows]
    for row, q in zip(rows, q_values(p).tolist(), strict=True):
        row["q"] = None if row["p"] is None else q
    return pa.Table.from_pylist(rows, schema=schema)


def _style_rows(
    engine: Engine, source: PostSource, found: Found, members: ir.Table, settings: AttackSettings, n: int
) -> pa.Table:
    """Style of each group's core against accounts of no group that write as much.

    Posts of any narrative are left out on both sides: copied words are the finding already, and not style.
    """
    told = engine.table(found.posts.rows.select(["post_id"]), "told_posts")
    untold = source.posts.filter(source.posts.text.notnull()).anti_join(told, "post_id")
    own = _writers(engine, untold, members)
    pool = list(_writers(engine, untold, _pool(engine, found, members, settings.seed)).values())
    others = [each.texts for each in pool]
    rows = []
    for group in range(n):
        rng = np.random.default_rng([settings.seed, group, 1])
        core = [own.get(each, _NOBODY) for each in found.members(group, core=True).to_pylist()]
        topics = [each.topic for each in core], [each.topic for each in pool]
        rows.append(_style_row(group, group_style([each.texts for each in core], others, rng=rng, topics=topics)))
    return pa.Table.from_pylist(rows, schema=STYLE)


@dataclass(frozen=True, slots=True)
class _Writer:
    """What one account wrote, and what most of it answers or is about: a shared subject must not pass for a hand."""

    texts: list[str]
    topic: str | None


_NOBODY = _Writer([], None)


def _pool(engine: Engine, found: Found, members: ir.Table, seed: int) -> ir.Table:
    """Accounts of no group with a few posts in words of their own, drawn by the hash of their id."""
    kept = found.prepared.filter(found.prepared.text_key.notnull()).anti_join(members, "account_id")
    active = kept.group_by("account_id").agg(n=kept.count()).filter(lambda t: t.n >= _LEAST_POOL_POSTS)
    drawn = active.mutate(draw=ops.md5_fraction(active.account_id, seed)).order_by("draw", "account_id")
    ids = engine.collect(drawn.limit(_POOL_ACCOUNTS).select("account_id"))
    return engine.table(ids, "style_pool")


def _writers(engine: Engine, posts: ir.Table, accounts: ir.Table) -> dict[str, _Writer]:
    """The posts of each of the accounts, as written, in the order of time."""
    chosen = posts.semi_join(accounts, "account_id")
    rows = engine.collect(chosen.select("account_id", "posted_at", "post_id", "text", "reply_to", "target"))
    rows = rows.sort_by([("account_id", "ascending"), ("posted_at", "ascending"), ("post_id", "ascending")])
    found: dict[str, tuple[list[str], Counter[str]]] = {}
    for row in rows.select(["account_id", "text", "reply_to", "target"]).to_pylist():
        texts, topics = found.setdefault(row["account_id"], ([], Counter()))
        texts.append(row["text"])
        topics.update([row["reply_to"] or row["target"] or ""])
    return {account: _Writer(texts, topics.most_common(1)[0][0]) for account, (texts, topics) in found.items()}


def _style_row(group: int, test: StyleTest) -> dict[str, Any]:
    names = ("statistic", "observed", "null_mean", "null_sd", "p", "n_accounts", "n_posts", "refused")
    return {"group": group, **{name: getattr(test, name) for name in names}}
