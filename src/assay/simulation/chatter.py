"""Ordinary micro-blog posts of any number, made fast: their lengths, their copying and their accounts are shaped like a
real background's, their words are made up.

Shaped after 1,275,180 reposts and comments of one Chinese micro-blog (2010 to 2015): 40 % without text, median length
4 characters, 27 % of 12 characters or more, 1.2 posts an account; nearly half of the short texts are stock phrases, and
some 10 % of the longer ones are copies of another, exact or nearly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from assay.market.errors import CallerError
from assay.simulation.campaigns import CampaignSpec, plant
from assay.simulation.draws import Flags, Floats, Ints, Keys, at, hexadecimal, key, unit, where_valid
from assay.simulation.planting import DAY_S, POSTS_SCHEMA, planted_rows
from assay.simulation.vocabulary import toml

# Quantiles of the lengths of posts that have a text, in characters (measured on that background).
_LENGTHS = ((0.0, 0.20, 0.34, 0.55, 0.71, 0.834, 0.917, 0.983, 0.998, 1.0), (1, 3.6, 5, 11.5, 18, 25, 39, 87, 147, 279))
EMPTY_RATE = 0.397
_LONG = 12
_STOCK_RATE, _STOCK_PHRASES = 0.47, 15_000  # of the short texts; Zipf, so that one alone is a tenth of them
# Of the longer texts, those that copy another; sizes follow a power law, the largest holds one in fifteen of them.
_COPY_RATE, _COPY_BEND = 0.10, 2.5
_CLUSTERS_PER_LONG = 0.02
_NEAR_RATE, _NEAR_EDITS = 0.4, 0.2  # of the copies, those that are edited; up to so many of their words
_SHARE_RATE = 0.004  # share buttons: one template around a title, with an address
_MENTION_RATE, _SIGN_RATE = 0.12, 0.27  # of the posts with text: those that begin with a mention, end with an emoji
_MENTION_LENGTH, _SIGN_LENGTH = 8, 2  # characters, taken off the words between them
# 73 % of the posts come from accounts with no other; the rest from a pool whose busiest account has hundreds.
_SINGLE_RATE, _POOL_RATE, _POOL_BEND = 0.73, 0.101, 1.7
# Share of the posts of each hour of the day, from midnight.
_HOURS = (62, 26, 14, 8, 7, 8, 17, 34, 48, 55, 52, 48, 52, 49, 41, 38, 38, 39, 37, 37, 41, 47, 60, 86)
_FIRST_DAY_S, _SPAN_DAYS = 1_704_067_200.0, 730
CHUNK_POSTS = 500_000

_N_WORDS, _N_RARE, _N_NAMES, _N_URLS, _N_TEMPLATES = 30_000, 2_500, 5_000, 20_000, 12


@dataclass(frozen=True, slots=True)
class ScaledPosts:
    """Where a made corpus and the truth about its campaign are."""

    posts: Path
    truth: Path
    n_posts: int


def scaled_posts(
    n: int, rng: np.random.Generator, folder: Path, *, campaign: CampaignSpec | None = None
) -> ScaledPosts:
    """Writes `n` ordinary posts and one campaign to `folder/posts.parquet`, its truth to `folder/truth.parquet`.

    Columns post_id, account_id, posted_at, text (null where a post has none). Posts span two years; the campaign (the
    published case when None) gathers around their middle, and its camouflage is copied from the first chunk. Streams
    chunks of 500,000: memory does not grow with n. About 2 million posts a minute. CallerError for fewer than 1,000.

    Example: `scaled_posts(1_000_000, np.random.default_rng(1), Path("corpus")).posts`
    """
    if n < 1_000:
        raise CallerError(f"A made corpus needs at least 1,000 posts; got {n:,}.", value=n, allowed=">= 1000")
    folder.mkdir(parents=True, exist_ok=True)
    chunks = ordinary_posts(n, rng)
    first = next(chunks)
    plants, truth = _plants(first, campaign or CampaignSpec(camouflage_rate=0.5), rng)
    pq.write_table(truth, folder / "truth.parquet")
    path = folder / "posts.parquet"
    with pq.ParquetWriter(path, POSTS_SCHEMA) as writer:
        writer.write_table(pa.concat_tables([first, plants]).sort_by("posted_at") if n <= CHUNK_POSTS else first)
        for chunk in chunks:
            writer.write_table(chunk)
        if n > CHUNK_POSTS:
            writer.write_table(plants)
    return ScaledPosts(path, folder / "truth.parquet", n + len(plants))


def _plants(sample: pa.Table, campaign: CampaignSpec, rng: np.random.Generator) -> tuple[pa.Table, pa.Table]:
    middle = _FIRST_DAY_S + DAY_S * _SPAN_DAYS / 2
    # The sample's own times do not matter but for its hours; moving it to the middle sets the campaign there.
    planted = plant(sample.set_column(2, "posted_at", _moved(sample["posted_at"], middle)), campaign, rng)
    return planted_rows(planted), planted.truth


def _moved(times: pa.ChunkedArray, middle_s: float) -> pa.Array:
    seconds = times.combine_chunks().cast(pa.int64()).to_numpy() / 1e6
    return at(middle_s + seconds % DAY_S)


def ordinary_posts(n: int, rng: np.random.Generator) -> Iterator[pa.Table]:
    """The ordinary posts in chunks of `CHUNK_POSTS`, each in the order of time over its own part of the two years."""
    seed = int(rng.integers(2**62))
    for first in range(0, n, CHUNK_POSTS):
        size = min(CHUNK_POSTS, n - first)
        number = np.arange(first, first + size)
        days = _SPAN_DAYS * (first + np.sort(rng.random(size)) * size) / n
        hours = np.array(_HOURS) / sum(_HOURS)
        seconds = (rng.choice(24, size, p=hours) + rng.random(size)) * 3600
        yield pa.table(
            {
                "post_id": hexadecimal(key(seed, 1, number)[:, None]),
                "account_id": hexadecimal(key(seed, 2, _accounts(n, number, rng))[:, None]),
                "posted_at": at(_FIRST_DAY_S + np.floor(days) * DAY_S + seconds),
                "text": _texts(seed, number, rng),
            },
            schema=POSTS_SCHEMA,
        ).sort_by("posted_at")


def _accounts(n: int, number: Ints, rng: np.random.Generator) -> Ints:
    """Which account made each post: a new one, or one of the pool that posts again and again."""
    pool = max(1, round(_POOL_RATE * n))
    again = (pool * rng.random(len(number)) ** _POOL_BEND).astype(np.int64)
    return np.where(rng.random(len(number)) < _SINGLE_RATE, pool + number, again)


def _texts(seed: int, number: Ints, rng: np.random.Generator) -> pa.Array:
    n = len(number)
    length = np.interp(rng.random(n), *_LENGTHS)
    is_long = length >= _LONG
    is_share = rng.random(n) < _SHARE_RATE
    is_stock = ~is_long & (rng.random(n) < _STOCK_RATE)
    is_copy = is_long & (rng.random(n) < _COPY_RATE)
    clusters = max(1, round(_CLUSTERS_PER_LONG * int(is_long.sum())))
    cluster = (clusters * rng.random(n) ** _COPY_BEND).astype(np.int64)
    stock = np.exp(rng.random(n) * np.log(_STOCK_PHRASES)).astype(np.int64)
    own = key(seed, 3, number)
    source = np.where(is_copy, key(seed, 4, number[0], cluster), np.where(is_stock, key(seed, 5, stock), own))
    # A source's length goes with the source, or copies would be cut at random.
    length = np.where(is_copy, 12 + 60 * unit(source, 1) ** 2, np.where(is_stock, 1 + 8 * unit(source, 1), length))
    edits = np.where(is_copy & (rng.random(n) < _NEAR_RATE), _NEAR_EDITS * rng.random(n), 0.0)
    written = _Written(source, own, edits, length, is_share, rng.random(n), rng.random(n))
    return where_valid(_joined_words(*written.words()), rng.random(n) > EMPTY_RATE)


@dataclass(frozen=True, slots=True)
class _Written:
    """What each post says, before its words are drawn."""

    source: Keys
    own: Keys
    edits: Floats  # chance of each word to be its own instead of the source's
    length: Floats
    is_share: Flags
    mentions: Floats
    signs: Floats

    def words(self) -> tuple[Ints, Ints]:
        """All words, and how many each post has: a mention or template, words of the source, an emoji or address."""
        book = _book()
        front = (self.mentions < _MENTION_RATE) | self.is_share
        back = (self.signs < _SIGN_RATE) | self.is_share
        inner = self.length - _MENTION_LENGTH * (front & ~self.is_share) - _SIGN_LENGTH * (back & ~self.is_share)
        n_inner = np.maximum(1, np.round(inner / book.mean_length)).astype(np.int64)
        counts = n_inner + front + back
        row = np.repeat(np.arange(len(counts)), counts)
        place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        text = key(self.source[row], place - front[row])
        mine = unit(key(self.own[row], place), 7) < self.edits[row]
        drawn = np.where(mine, key(self.own[row], place, 8), text)
        # Zipf's law with exponent 1 by its inverse: the word of rank r has a chance in proportion to 1 / r.
        words = np.exp(unit(drawn, 9) * np.log(_N_WORDS)).astype(np.int64) - 1
        is_first, is_last = front[row] & (place == 0), back[row] & (place == counts[row] - 1)
        heads = book.heads(self.own[row[is_first]], self.is_share[row[is_first]])
        tails = book.tails(self.own[row[is_last]], self.is_share[row[is_last]])
        words[is_first], words[is_last] = heads, tails
        return words, counts


@dataclass(frozen=True, slots=True)
class _Book:
    """All words in one buffer of code points; word w is `points[starts[w]:starts[w + 1]]`."""

    points: npt.NDArray[np.uint32]
    starts: Ints
    n_signs: int

    @property
    def mean_length(self) -> float:
        """Characters of a word as texts use them."""
        ranks = np.arange(1, _N_WORDS + 1)
        return float(np.average(np.diff(self.starts)[:_N_WORDS], weights=1 / ranks))

    def heads(self, own: Keys, is_share: Flags) -> Ints:
        """Mentions, and the first words of share templates."""
        name = _N_WORDS + (unit(own, 11) * _N_NAMES).astype(np.int64)
        template = _N_WORDS + _N_NAMES + _N_URLS + (unit(own, 12) * _N_TEMPLATES).astype(np.int64)
        return np.where(is_share, template, name)

    def tails(self, own: Keys, is_share: Flags) -> Ints:
        """Emoji, and the addresses behind share templates."""
        url = _N_WORDS + _N_NAMES + (unit(own, 13) * _N_URLS).astype(np.int64)
        sign = _N_WORDS + _N_NAMES + _N_URLS + _N_TEMPLATES + (unit(own, 14) * self.n_signs).astype(np.int64)
        return np.where(is_share, url, sign)


@cache
def _book() -> _Book:
    """The made-up language: the same in every corpus, as a language is."""
    rng = np.random.Generator(np.random.PCG64(20_240_101))
    pool = toml("edits.toml")["zh"]
    common = list(dict.fromkeys(pool["letters"]))
    rare = [chr(0x4E00 + int(c)) for c in rng.choice(20_900, _N_RARE, replace=False)]
    letters = np.array(common + rare)
    ranks = 1 / (10 + np.arange(len(letters)))
    lengths = rng.choice([1, 2, 3, 4], _N_WORDS, p=[0.10, 0.65, 0.15, 0.10])
    drawn = rng.choice(letters, int(lengths.sum()), p=ranks / ranks.sum())
    ends = np.cumsum(lengths)
    words = ["".join(drawn[end - size : end]) for end, size in zip(ends.tolist(), lengths.tolist(), strict=True)]
    plain = np.array(list("abcdefghijklmnopqrstuvwxyz0123456789"))
    names = [f"@{''.join(rng.choice(plain, 6))}：" for _ in range(_N_NAMES)]
    urls = [f"》 http://t.example/{''.join(rng.choice(plain, 7))}" for _ in range(_N_URLS)]
    templates = [
        f"我在{''.join(rng.choice(letters[:200], 4))}看到一篇文章，推荐给大家来看看：《" for _ in range(_N_TEMPLATES)
    ]
    signs = list(pool["emoji"])
    whole = words + names + urls + templates + signs
    starts = np.concatenate(([0], np.cumsum([len(word) for word in whole]))).astype(np.int64)
    points = np.frombuffer("".join(whole).encode("utf-32-le"), dtype="<u4").astype(np.uint32)
    return _Book(points, starts, len(signs))


def _joined_words(words: Ints, counts: Ints) -> pa.Array:
    """The texts as Arrow strings: gathered as code points, encoded in one go."""
    book = _book()
    lengths = np.diff(book.starts)[words]
    ends = np.cumsum(lengths)
    points = book.points[np.arange(ends[-1]) + np.repeat(book.starts[words] - (ends - lengths), lengths)]
    n_octets = 1 + (points >= 0x80).astype(np.int64) + (points >= 0x800) + (points >= 0x10000)
    octets = np.concatenate(([0], np.cumsum(n_octets)))
    last_point = np.concatenate(([0], ends))[np.concatenate(([0], np.cumsum(counts)))]
    data = points.astype("<u4").tobytes().decode("utf-32-le").encode()
    offsets = pa.py_buffer(octets[last_point].astype(np.int32))
    return pa.StringArray.from_buffers(len(counts), offsets, pa.py_buffer(data))
