"""Peers on one slice with one planted campaign: seconds, and the accounts found.

`coordination-network-toolkit` asks which pairs of accounts post similar texts within a window, again and again; the
same rule over datasketch's near-copies stands beside it.
"""

from __future__ import annotations

import contextlib
import io
import sqlite3
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# The toolkit's own measure is the Jaccard similarity of the sets of words; in Chinese every character is one.
WINDOW_S = 3_600
SIMILARITY = 0.5
LEAST_REPEATS = 2
LEAST_CHARACTERS = 12
LEAST_TOKENS = 5


def with_text(posts: pa.Table) -> pa.Table:
    """Posts of 12 characters or more: short ones would make every peer link everybody."""
    return posts.filter(pc.greater_equal(pc.fill_null(pc.utf8_length(posts["text"]), 0), LEAST_CHARACTERS))


def toolkit(posts: pa.Table) -> tuple[float, set[str]]:
    """`co_similar_tweet`: seconds, and the accounts with an edge of weight 2 or more."""
    from coordination_network_toolkit.compute_networks import compute_co_similar_tweet
    from coordination_network_toolkit.preprocess import preprocess_data
    from coordination_network_toolkit.similarity import MinDocSizeSimilarity

    seconds = (posts["posted_at"].cast(pa.int64()).to_numpy() / 1e6).tolist()
    columns = (posts[name].to_pylist() for name in ("post_id", "account_id", "text"))
    rows = [
        (post, account, account, "", "", text, at, [])
        for post, account, text, at in zip(*columns, seconds, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        path = str(Path(folder) / "posts.db")
        started = time.perf_counter()
        preprocess_data(path, rows)
        compute_co_similar_tweet(
            path,
            WINDOW_S,
            n_threads=2,
            similarity_threshold=SIMILARITY,
            min_edge_weight=LEAST_REPEATS,
            # Its plain measure divides by zero for two texts of mentions only; this is its own way around.
            similarity_function=MinDocSizeSimilarity(LEAST_TOKENS),
        )
        spent = time.perf_counter() - started
        with contextlib.closing(sqlite3.connect(path)) as connection:
            edges = connection.execute(
                "SELECT user_1, user_2 FROM co_similar_tweet_network WHERE weight >= ? AND user_1 <> user_2",
                (LEAST_REPEATS,),
            ).fetchall()
    return spent, {account for edge in edges for account in edge}


def datasketch(posts: pa.Table) -> tuple[float, set[str]]:
    """Near-copies by MinHashLSH over pairs of characters, then the same rule: 2 co-posts of a pair within the hour."""
    from datasketch import MinHash, MinHashLSH

    texts = posts["text"].to_pylist()
    accounts = posts["account_id"].to_pylist()
    at = (posts["posted_at"].cast(pa.int64()).to_numpy() / 1e6).tolist()
    started = time.perf_counter()
    index = MinHashLSH(threshold=SIMILARITY, num_perm=64)
    repeats: Counter[tuple[str, str]] = Counter()
    for row, text in enumerate(texts):
        sketch = MinHash(num_perm=64)
        sketch.update_batch([text[i : i + 2].encode() for i in range(len(text) - 1)])
        met: dict[str, int] = defaultdict(int)
        for other in index.query(sketch):
            if abs(at[other] - at[row]) <= WINDOW_S and accounts[other] != accounts[row]:
                met[accounts[other]] = 1
        for other_account in met:
            repeats[min(other_account, accounts[row]), max(other_account, accounts[row])] += 1
        index.insert(row, sketch)
    spent = time.perf_counter() - started
    return spent, {account for pair, n in repeats.items() if n >= LEAST_REPEATS for account in pair}


def accounts_found(found: set[str], planted: set[str]) -> dict[str, Any]:
    """How many of the planted accounts, and how many others."""
    return {"planted_found": len(found & planted), "others_found": len(found - planted), "planted": len(planted)}
