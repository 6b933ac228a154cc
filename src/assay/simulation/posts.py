"""The public posts of a simulated market: ordinary talk, three campaigns around its sales, and innocent crowds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.simulation.campaign_texts import topic_names
from assay.simulation.campaigns import CampaignSpec, plant, shares_with_main
from assay.simulation.crowds import CrowdSpec, gather
from assay.simulation.draws import Floats, Ints, at, hexadecimal, key, numbered
from assay.simulation.offers import World
from assay.simulation.planting import DAY_S, POSTS_SCHEMA, Planted, in_time, planted_rows
from assay.simulation.talk import ordinary_texts
from assay.simulation.trade import ACCOUNT_BEND, ACCOUNT_DAYS, opaque

# Posts cover the last 450 days: both sales that the repeated campaign gathers around, and quiet months before them.
_SPAN_DAYS = 450
_CHINESE_RATE = 0.6  # of the ordinary posts
_TALKATIVE_RATE = 0.3
_LEAST_ACCOUNTS, _POSTS_PER_MEMBER = 20, 250  # one campaign account for so many ordinary posts
# Share of the posts of each hour of the day, from midnight.
_HOURS = (30, 15, 8, 5, 5, 8, 17, 34, 48, 55, 52, 48, 52, 49, 41, 38, 38, 39, 42, 50, 58, 62, 60, 45)
# Accounts of campaigns: two in three opened shortly before, in batches from one device; the rest bought, any age.
_FRESH_RATE, _FRESH_DAYS, _BATCH = 0.67, (10, 120), 4


@dataclass(frozen=True, slots=True)
class MarketPosts:
    """Rows for the market's tables `posts` and `accounts`, and the truth about the planted posts."""

    posts: pa.Table
    accounts: pa.Table
    truth: pa.Table


def n_ordinary_posts(world: World) -> int:
    """Ordinary posts of a market of this size."""
    n_listings = int(world.merchants.n_listings.sum())
    return min(world.settings.most_posts, round(world.settings.posts_per_listing * n_listings))


def market_posts(rng: np.random.Generator, world: World) -> MarketPosts:
    """All posts of a market, numbered in the order of time, with the new accounts of campaigns and crowds.

    Ordinary posts are by buyer accounts that existed by then. Nothing is later than the market's `as_of`.
    """
    n = n_ordinary_posts(world)
    ordinary = _ordinary(rng, world, n)
    planted = list(_planted(ordinary, world, n, rng))
    posts = pa.concat_tables([ordinary, *(planted_rows(part) for part in planted)])
    truth = pa.concat_tables([part.truth for part in planted])
    posts = in_time(posts.filter(pc.less(posts["posted_at"], at(np.array([world.as_of]))[0])), rng)
    return _named(posts, truth.filter(pc.is_in(truth["post_id"], posts["post_id"])), world, rng)


def _ordinary(rng: np.random.Generator, world: World, n: int) -> pa.Table:
    days = np.floor((world.as_of - DAY_S * _SPAN_DAYS * rng.random(n)) / DAY_S)
    hours = (rng.choice(24, n, p=np.array(_HOURS) / sum(_HOURS)) + rng.random(n)) * 3600
    times = days * DAY_S + hours
    is_chinese = rng.random(n) < _CHINESE_RATE
    chinese, english = iter(ordinary_texts(n, "zh", rng)), iter(ordinary_texts(n, "en", rng))
    return pa.table(
        {
            "post_id": hexadecimal(key(world.seed, 701, np.arange(n))[:, None]),
            "account_id": numbered("A", _posters(rng, world, times), 9),
            "posted_at": at(times),
            "text": [next(chinese) if zh else next(english) for zh in is_chinese.tolist()],
        },
        schema=POSTS_SCHEMA,
    )


def _posters(rng: np.random.Generator, world: World, times: Floats) -> Ints:
    """Accounts that existed by then, a few of them again and again (accounts are numbered as they registered)."""
    age_days = np.maximum(world.as_of - times, 0) / DAY_S
    existing = world.n_accounts * (1 - np.minimum(age_days / ACCOUNT_DAYS, 0.98) ** (1 / ACCOUNT_BEND))
    # Every tenth account is talkative and writes three posts in ten, the older ones most.
    u = rng.random(len(times))
    talkative = np.floor(existing / 10 * u**2) * 10
    return np.where(rng.random(len(times)) < _TALKATIVE_RATE, talkative, np.floor(existing * u)).astype(np.int64)


def _planted(ordinary: pa.Table, world: World, n: int, rng: np.random.Generator) -> Iterator[Planted]:
    size = int(np.clip(n // _POSTS_PER_MEMBER, _LEAST_ACCOUNTS, 500))
    for campaign in _campaigns(size, world.settings.as_of):
        yield plant(ordinary, campaign, rng)
    for crowd in _crowds(size, world.settings.as_of):
        yield gather(ordinary, crowd, rng)


def _campaigns(size: int, as_of: datetime) -> tuple[CampaignSpec, ...]:
    """One that comes back at two sales, a small one at a third, and a slow one that knows no event."""
    singles_day = datetime(as_of.year - 1, 11, 11, 12, tzinfo=UTC)
    black_friday = datetime(as_of.year - 1, 11, 28, 12, tzinfo=UTC)
    mid_year = datetime(as_of.year, 6, 1, 12, tzinfo=UTC)
    # Different principals pay for different stories, so the campaigns share no topic.
    topics = topic_names("zh")
    four = (0.25,) * 4
    return (
        CampaignSpec(
            "returning", "zh", size, 10 * size, shares_with_main(0.47, 8), topics=topics[:8],
            edit_rate=0.1, camouflage_rate=0.3, hired_rate=0.05, events=(singles_day, mid_year), carry_over_rate=0.7,
        ),
        CampaignSpec(
            "small", "en", 20, 100, four, edit_rate=0.1, camouflage_rate=0.5, events=(black_friday,),
        ),
        CampaignSpec(
            "slow", "zh", 30, 180, four, topics=topics[8:], wordings=2, edit_rate=0.05, burst_rate=0.0, spread_days=150,
            events=(as_of - timedelta(days=200),),
        ),
    )  # fmt: skip


def _crowds(size: int, as_of: datetime) -> tuple[CrowdSpec, ...]:
    def days_ago(days: int) -> datetime:
        return as_of - timedelta(days=days)

    return (
        CrowdSpec("fan_drive", size, "zh", days_ago(120)),
        CrowdSpec("prize_draw", size, "zh", days_ago(150)),
        CrowdSpec("petition", size, "en", days_ago(90)),
        CrowdSpec("share_button", size, "zh", days_ago(100)),
        CrowdSpec("press_feed", 6, "en", days_ago(60)),
        CrowdSpec("angry_customers", size, "en", days_ago(40)),
        CrowdSpec("angry_customers", size, "zh", datetime(as_of.year - 1, 11, 14, 12, tzinfo=UTC)),
    )


def _named(posts: pa.Table, truth: pa.Table, world: World, rng: np.random.Generator) -> MarketPosts:
    """Identifiers as the market's other tables have them, and the accounts that are new."""
    n = len(posts)
    post_ids = numbered("P", np.arange(n), 9)
    # Accounts of the market begin with A, new ones are hexadecimal in small letters.
    fresh = pc.unique(truth["account_id"].filter(pc.invert(pc.starts_with(truth["account_id"], "A"))))
    account_ids = numbered("A", world.n_accounts + rng.permutation(len(fresh)), 9)

    def account_named(ids: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.coalesce(account_ids.take(pc.index_in(ids, fresh)), ids)

    place = pc.index_in(truth["post_id"], posts["post_id"].combine_chunks()).combine_chunks()
    posted_s = posts["posted_at"].cast(pa.int64()).to_numpy()[place.to_numpy()] / 1e6
    accounts = _accounts(fresh, account_ids, truth.append_column("posted_s", pa.array(posted_s)), world, rng)
    truth = truth.set_column(0, "post_id", post_ids.take(place))
    truth = truth.set_column(1, "account_id", account_named(truth["account_id"])).sort_by("post_id")
    table = {
        "post_id": post_ids,
        "account_id": account_named(posts["account_id"]),
        "posted_at": posts["posted_at"],
        "text": posts["text"],
        "reach": np.floor(np.exp(rng.normal(4, 1.5, n))).astype(np.int64),
    }
    return MarketPosts(pa.table(table), accounts, truth)


def _accounts(
    fresh: pa.Array, account_ids: pa.Array, truth: pa.Table, world: World, rng: np.random.Generator
) -> pa.Table:
    """Rows of the new accounts: of campaigns mostly young and several to a device, of crowds like anybody's."""
    n = len(fresh)
    row = pc.index_in(truth["account_id"], fresh)
    own = pc.is_valid(row).to_numpy()
    rows = row.to_numpy(zero_copy_only=False)[own].astype(np.int64)
    first = np.full(n, np.inf)
    np.minimum.at(first, rows, truth["posted_s"].to_numpy()[own])
    is_campaign = np.zeros(n, dtype=bool)
    is_campaign[rows] = ~truth["is_innocent"].to_numpy(zero_copy_only=False)[own]
    is_young = is_campaign & (rng.random(n) < _FRESH_RATE)
    age_days = np.where(is_young, rng.uniform(*_FRESH_DAYS, n), np.minimum(rng.exponential(900, n), ACCOUNT_DAYS))
    batch = np.where(is_young, np.arange(n) // _BATCH, np.arange(n) + n)
    return pa.table(
        {
            "account_id": account_ids,
            "registered_at": at(first - DAY_S * age_days),
            "device_id": opaque("D", key(world.seed, 702, batch)),
            "ip": opaque("I", key(world.seed, 703, batch)),
        }
    )
