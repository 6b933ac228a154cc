"""Which innocent explanations fit honest anger, ordinary near-copies, made crowds and planted campaigns?

    python benchmarks/explanations/run.py       # about two minutes; writes results.json beside this file

Reads weibo_reposts and airline_tweets_2015 where ASSAY_DATA names a folder that holds them. Only counts are kept.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.attacks.explanations import CorpusSummary, explain, summarise
from assay.likeness import fold, text_key
from assay.simulation.campaigns import CampaignSpec, plant
from assay.simulation.crowds import CrowdKind, CrowdSpec, gather

SEED = 2026
# Exact copies of at least this many folded letters by at least this many accounts: what a search would have to explain.
LEAST_LETTERS, LEAST_ACCOUNTS = 12, 10


def main() -> None:
    root = Path(os.environ.get("ASSAY_DATA", ""))
    results: dict[str, Any] = {}
    if (root / "airline_tweets_2015").is_dir():
        results["airlines"] = airlines(root / "airline_tweets_2015" / "tweets.csv")
    if (root / "weibo_reposts").is_dir():
        path = root / "weibo_reposts" / "posts.parquet"
        sample = duckdb.sql(f"SELECT text FROM '{path}' USING SAMPLE 60000 ROWS (reservoir, 3)").to_arrow_table()
        corpus = summarise(sample)
        results["corpus_rates"] = {code: round(rate, 4) for code, rate in corpus.rates.items()}
        results["ordinary_copies"] = ordinary_copies(path, corpus)
        background = duckdb.sql(
            "SELECT post_id, account_id, try_cast(posted_at AS timestamp) AT TIME ZONE 'UTC' AS posted_at, "
            f"split_part(text, '//@', 1) AS text FROM '{path}' WHERE try_cast(posted_at AS timestamp) IS NOT NULL "
            "USING SAMPLE 100000 ROWS (reservoir, 3)"
        ).to_arrow_table()
        results["crowds"] = crowds(background, corpus)
        results["campaigns"] = campaigns(background, corpus)
    print(json.dumps(results, indent=1))
    path = Path(__file__).parent / "results.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def fitting(posts: pa.Table, corpus: CorpusSummary) -> list[str]:
    return [found.code for found in explain(posts, corpus) if found.result == "fits"]


def airlines(path: Path) -> dict[str, Any]:
    """What fits the posts about each airline, and half of them at random, ten times each."""
    posts = duckdb.sql(
        "SELECT account_id, strptime(tweet_created, '%d-%m-%Y %H.%M') AT TIME ZONE 'UTC' AS posted_at, text, "
        f"airline AS target FROM read_csv('{path}', all_varchar = true)"
    ).to_arrow_table()
    corpus = summarise(posts)
    rng = np.random.default_rng(SEED)
    found: Counter[str] = Counter()
    n_sets = 0
    for airline in sorted(posts["target"].unique().to_pylist()):
        own = posts.filter(pc.equal(posts["target"], airline))
        for _ in range(10):
            half = own.take(pa.array(rng.permutation(len(own))[: len(own) // 2]))
            found.update(fitting(half, corpus))
            n_sets += 1
    return {"sets": n_sets, "fits": dict(found)}


def ordinary_copies(path: Path, corpus: CorpusSummary) -> dict[str, Any]:
    """What fits texts that ten accounts or more of the unplanted background posted in the same words."""
    posts = duckdb.sql(
        "SELECT account_id, thread AS reply_to, try_cast(posted_at AS timestamp) AT TIME ZONE 'UTC' AS posted_at, "
        rf"split_part(text, '//@', 1) AS text, regexp_replace(split_part(text, '//@', 1), '@[\w·-]+[:：]?', ' ', 'g') "
        f"AS own FROM '{path}' WHERE length(split_part(text, '//@', 1)) >= 6 "
        "AND try_cast(posted_at AS timestamp) IS NOT NULL"
    ).to_arrow_table()
    folded = fold(posts["own"].combine_chunks())
    posts = posts.append_column("narrative", text_key(folded)).filter(pa.array(folded.lengths >= LEAST_LETTERS))
    counts = posts.group_by("narrative").aggregate([("account_id", "count_distinct")])
    chosen = counts.filter(pc.greater_equal(counts["account_id_count_distinct"], LEAST_ACCOUNTS))["narrative"]
    posts = posts.filter(pc.is_in(posts["narrative"], value_set=chosen.combine_chunks()))
    found: Counter[str] = Counter()
    for narrative in chosen.to_pylist():
        codes = fitting(posts.filter(pc.equal(posts["narrative"], narrative)), corpus)
        found.update(codes)
        found["one besides one_thread" if set(codes) - {"one_thread"} else "one_thread only" if codes else "none"] += 1
    return {"texts": len(chosen), "fits": dict(found)}


def crowds(background: pa.Table, corpus: CorpusSummary) -> dict[str, Any]:
    found = {}
    for kind in get_args(CrowdKind):
        for language in ("zh", "en"):
            made = gather(background, CrowdSpec(kind, 100, language), np.random.default_rng(SEED))
            found[f"{kind} {language}"] = fitting(told(made.posts, made.truth), corpus)
    return found


def campaigns(background: pa.Table, corpus: CorpusSummary) -> dict[str, Any]:
    """Planted campaigns of the published size at four rates of edits, in both languages."""
    found: dict[str, Any] = {}
    for language in ("zh", "en"):
        for edit_rate in (0.0, 0.1, 0.2, 0.3):
            spec = CampaignSpec(edit_rate=edit_rate, language=language)
            made = plant(background, spec, np.random.default_rng(SEED))
            posts = told(made.posts, made.truth)
            began = time.process_time()
            codes = fitting(posts, corpus)
            found[f"{language} {edit_rate}"] = {
                "posts": len(posts),
                "fits": codes,
                "cpu_seconds": round(time.process_time() - began, 1),
            }
    return found


def told(posts: pa.Table, truth: pa.Table) -> pa.Table:
    own = truth.filter(pc.invert(truth["is_camouflage"])).select(["post_id", "narrative"])
    return own.join(posts, "post_id", join_type="inner").combine_chunks()


if __name__ == "__main__":
    main()
