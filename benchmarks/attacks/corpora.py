"""The posts the benchmarks work on: real backgrounds found through ASSAY_DATA, and made ones."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

# Dates as the tweets' export writes them: 24-02-2015 11.35.
_TWEET_TIME = "%d-%m-%Y %H.%M"


def data_folder() -> Path:
    """The folder of real data; ends the program with a sentence when it is not named."""
    named = os.environ.get("ASSAY_DATA")
    if named is None:
        raise SystemExit("This benchmark measures on real posts; set ASSAY_DATA to the folder that holds them.")
    return Path(named)


def weibo_reposts() -> pa.Table:
    """1.27 million ordinary Chinese reposts. Post ids occur twice, so rows are numbered; 74 lack a time."""
    return _read(
        f"""SELECT post_id || '-' || row_number() OVER () AS post_id, account_id,
                   CAST(TRY_CAST(posted_at AS TIMESTAMP) AS TIMESTAMPTZ) AS posted_at, text, thread
            FROM '{data_folder() / "weibo_reposts" / "posts.parquet"}' WHERE TRY_CAST(posted_at AS TIMESTAMP) NOTNULL"""
    )


def airline_tweets() -> pa.Table:
    """14,640 tweets of one week to six airlines, mostly complaints; tweet ids are rounded, so rows are numbered."""
    return _read(
        f"""SELECT 't' || row_number() OVER () AS post_id, account_id,
                   CAST(strptime(tweet_created, '{_TWEET_TIME}') AS TIMESTAMPTZ) AS posted_at, text, airline AS thread
            FROM read_csv('{data_folder() / "airline_tweets_2015" / "tweets.csv"}', all_varchar = true)"""
    )


def _read(query: str) -> pa.Table:
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        table = connection.execute(query).to_arrow_table()
    times = pa.timestamp("us", tz="UTC")
    return table.set_column(2, "posted_at", table["posted_at"].cast(times)).combine_chunks()


def shifted_clocks(posts: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Every account's times moved by one amount of its own: accounts keep their pace, but not each other's company."""
    codes = posts["account_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    shift = rng.integers(0, 3_650 * 86_400, codes.max() + 1)[codes] * 1_000_000
    micros = posts["posted_at"].combine_chunks().cast(pa.int64()).to_numpy()
    # Wrapped around the corpus' own span, so that it stays as dense as it is.
    first, span = micros.min(), micros.max() - micros.min() + 1
    moved = first + (micros - first + shift) % span
    return posts.set_column(2, "posted_at", pa.array(moved).cast(posts.schema.field("posted_at").type))


def permuted_accounts(posts: pa.Table, rng: np.random.Generator) -> pa.Table:
    """The account labels dealt out anew: texts and times stay, nobody recurs but by chance."""
    order = pa.array(rng.permutation(len(posts)))
    return posts.set_column(1, "account_id", posts["account_id"].take(order).combine_chunks())


def half(posts: pa.Table, rng: np.random.Generator) -> pa.Table:
    """A random half of the accounts with all their posts."""
    codes = posts["account_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    kept = rng.random(codes.max() + 1) < 0.5
    return posts.filter(pa.array(kept[codes]))
