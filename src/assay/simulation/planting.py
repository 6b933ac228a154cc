"""Puts made posts among ordinary ones: identifiers that give nothing away, clocks like everybody's, and the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.market.errors import CallerError
from assay.simulation.draws import Flags, Floats, Ints, at, hexadecimal, where_valid

DAY_S = 86_400.0
# Own clock: how far, in hours, one account's day is moved against the crowd's (people differ by about two hours).
PHASE_SD_HOURS = 2.0

POSTS_SCHEMA = pa.schema(
    [
        ("post_id", pa.string()),
        ("account_id", pa.string()),
        ("posted_at", pa.timestamp("us", tz="UTC")),
        ("text", pa.string()),
    ]
)
TRUTH_SCHEMA = pa.schema(
    [
        ("post_id", pa.string()),
        ("account_id", pa.string()),
        ("campaign", pa.string()),
        ("narrative", pa.int64()),
        ("event", pa.int64()),
        ("is_camouflage", pa.bool_()),
        ("is_hired", pa.bool_()),
        ("is_innocent", pa.bool_()),
    ]
)


@dataclass(frozen=True, slots=True)
class Planted:
    """Posts in the order of time, and what is true about those that were planted.

    `posts`: post_id, account_id, posted_at, text; background and plants. `truth` has one row for each planted post:
    `campaign` (the name of the campaign or crowd), `narrative` (0 first; null where it says nothing of its own),
    `event` (0 first), `is_camouflage` (copied from an ordinary post), `is_hired` (by an account of the background),
    `is_innocent` (of a crowd, not of a campaign).
    """

    posts: pa.Table
    truth: pa.Table


@dataclass(frozen=True, slots=True)
class MadePosts:
    """Posts before they have identifiers, as parallel arrays; `account` counts into the accounts of whoever made it."""

    account: Ints
    posted_at_s: Floats
    texts: pa.Array
    narrative: Ints  # -1: none
    event: Ints
    is_camouflage: Flags
    is_hired: Flags


def joined(parts: list[MadePosts]) -> MadePosts:
    """Several parts of one campaign or crowd as one."""
    columns = {name: [getattr(part, name) for part in parts] for name in MadePosts.__slots__}
    texts = pa.concat_arrays(columns.pop("texts"))
    return MadePosts(texts=texts, **{name: np.concatenate(arrays) for name, arrays in columns.items()})


@dataclass(frozen=True, slots=True)
class Background:
    """What plants take from the ordinary posts around them: texts, accounts and the hours people are awake."""

    posts: pa.Table

    @property
    def seconds(self) -> Floats:
        """When each post was made, in epoch seconds."""
        micros = self.posts["posted_at"].combine_chunks().cast(pa.int64()).to_numpy(zero_copy_only=False)
        return np.asarray(micros / 1e6, dtype=np.float64)

    @property
    def middle_s(self) -> float:
        """The median time, in epoch seconds."""
        return float(np.median(self.seconds))

    def texts(self, n: int, rng: np.random.Generator) -> pa.Array:
        """Texts of `n` random posts."""
        return self.posts["text"].take(pa.array(rng.integers(0, len(self.posts), n))).combine_chunks()

    def accounts(self, n: int, before_s: float, rng: np.random.Generator) -> pa.Array:
        """`n` different accounts, equally likely, that posted before then; any accounts when too few did."""
        accounts = self.posts["account_id"]
        early = pc.unique(accounts.filter(pa.array(self.seconds < before_s))) if n else accounts.slice(0, 0)
        known = early if len(early) >= n else pc.unique(accounts)
        if n > len(known):
            raise CallerError(
                f"Cannot hire {n:,} accounts: the background has {len(known):,}.", value=n, allowed=f"<= {len(known)}"
            )
        found = known.take(pa.array(rng.choice(len(known), n, replace=False)))
        return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found

    def on_own_clock(self, day_s: Floats, phase_s: Floats, rng: np.random.Generator) -> Floats:
        """Keeps the days and draws the time of day as the background has it, moved by each account's own phase."""
        hours = self.seconds[rng.integers(0, len(self.posts), len(day_s))] % DAY_S
        return np.asarray(np.floor(day_s / DAY_S) * DAY_S + (hours + phase_s) % DAY_S, dtype=np.float64)


def background_of(posts: pa.Table) -> Background:
    """The four columns of a table of posts; CallerError when it is empty or a time is missing."""
    table = posts.select(POSTS_SCHEMA.names).cast(POSTS_SCHEMA)
    if not len(table) or table["posted_at"].null_count:
        raise CallerError(
            f"Posts can be planted only among posts that have times; {table['posted_at'].null_count:,} of "
            f"{len(table):,} rows have none.",
            where={"column": "posted_at"},
            value=len(table),
            allowed="one row or more, each with posted_at",
        )
    return Background(table)


def own_phases(n: int, rng: np.random.Generator) -> Floats:
    """How far each account's day is moved against the crowd's, in seconds."""
    return rng.normal(0, PHASE_SD_HOURS * 3600, n)


def new_ids(n: int, rng: np.random.Generator) -> pa.Array:
    """Identifiers that look like hashes and say nothing about who made the row."""
    return hexadecimal(rng.integers(0, 2**64, (n, 1), dtype=np.uint64))


def merged(
    background: Background, made: MadePosts, accounts: pa.Array, name: str, rng: np.random.Generator, *, innocent: bool
) -> Planted:
    """Background and made posts in one table in the order of time, posts of one instant in random order."""
    n = len(made.account)
    posts = pa.table(
        {
            "post_id": new_ids(n, rng),
            "account_id": accounts.take(pa.array(made.account)),
            "posted_at": at(made.posted_at_s),
            "text": made.texts,
        },
        schema=POSTS_SCHEMA,
    )
    truth = pa.table(
        {
            "post_id": posts["post_id"],
            "account_id": posts["account_id"],
            "campaign": pa.repeat(name, n),
            "narrative": where_valid(np.maximum(made.narrative, 0), made.narrative >= 0),
            "event": made.event,
            "is_camouflage": made.is_camouflage,
            "is_hired": made.is_hired,
            "is_innocent": pa.repeat(innocent, n),
        },
        schema=TRUTH_SCHEMA,
    )
    whole = pa.concat_tables([background.posts, posts])
    return Planted(in_time(whole, rng), truth.take(pa.array(np.argsort(made.posted_at_s, kind="stable"))))


def planted_rows(planted: Planted) -> pa.Table:
    """The planted posts without their background."""
    ids = planted.truth["post_id"].combine_chunks()
    return planted.posts.filter(pc.is_in(planted.posts["post_id"], ids))


def in_time(posts: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Posts in the order of time, those of one instant in random order."""
    micros: npt.NDArray[np.int64] = posts["posted_at"].combine_chunks().cast(pa.int64()).to_numpy(zero_copy_only=False)
    order = np.lexsort((rng.random(len(posts)), micros))
    return posts.take(pa.array(order)).combine_chunks()
