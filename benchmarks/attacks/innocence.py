"""Is anybody named who did nothing? Honest anger, ordinary posts, and corpora in which nobody acts together.

    ASSAY_DATA=… python benchmarks/attacks/innocence.py --write                # unplanted corpora, 200 null corpora
    ASSAY_DATA=… python benchmarks/attacks/innocence.py --nulls 20 --posts 50000
    ASSAY_DATA=… python benchmarks/attacks/innocence.py --quick

README.md says how the null corpora are made.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from corpora import airline_tweets, half, permuted_accounts, shifted_clocks, weibo_reposts
from judging import table
from scipy.stats import beta

from assay.engine import EngineSettings
from assay.pipeline.attacks import find_attacks

HERE = Path(__file__).parent
NULLS = {"labels permuted": permuted_accounts, "clocks shifted": shifted_clocks, "halves": half}
LEVEL = 0.05


def main() -> None:
    options = _options()
    results: dict[str, Any] = {}
    corpora = {"airline_tweets_2015": airline_tweets(), "weibo_reposts": weibo_reposts()}
    if options.quick:
        corpora["weibo_reposts"] = corpora["weibo_reposts"].slice(0, 50_000)
    if "unplanted" in options.parts:
        results["unplanted"] = [unplanted(name, posts, options) for name, posts in corpora.items()]
        print(json.dumps(results["unplanted"], indent=1, ensure_ascii=False), flush=True)
        _write(results, options)
    if "nulls" in options.parts:
        results["nulls"] = nulls(corpora, options)
        print(json.dumps(results["nulls"], indent=1), flush=True)
        _write(results, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nulls", type=int, default=200)
    parser.add_argument("--posts", type=int, default=50_000, help="posts of one null corpus from weibo_reposts")
    parser.add_argument("--memory", type=float, default=8.0, help="GiB given to the search")
    parser.add_argument("--scratch", type=Path, default=HERE / "scratch" / "innocence")
    parser.add_argument("--parts", nargs="+", choices=("unplanted", "nulls"), default=["unplanted", "nulls"])
    parser.add_argument("--write", action="store_true", help="write innocence.json")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.nulls, options.posts = 6, 10_000
    return options


def _write(results: dict[str, Any], options: argparse.Namespace) -> None:
    if options.write:
        path = HERE / "innocence.json"
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(json.dumps(kept | results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def unplanted(name: str, posts: pa.Table, options: argparse.Namespace) -> dict[str, Any]:
    """The groups of a corpus without plants: how many by status, how many accounts they name, what explains them."""
    started = time.perf_counter()
    folder = _searched(posts, options)
    seconds = time.perf_counter() - started
    groups = table(folder, "groups")
    fits = _fitting(folder)
    members = table(folder, "members")
    core = members.filter(pc.equal(members["role"], "core"))
    by_status = {row["group"]: row["status"] for row in groups.select(["group", "status"]).to_pylist()}
    named = {row["account_id"] for row in core.to_pylist() if by_status.get(row["group"]) == "named"}
    n_accounts = pc.count_distinct(posts["account_id"]).as_py()
    return {
        "corpus": name,
        "n_posts": len(posts),
        "n_accounts": n_accounts,
        "seconds": round(seconds, 1),
        "groups_by_status": dict(Counter(by_status.values())),
        "n_core_accounts": pc.count_distinct(core["account_id"]).as_py(),
        "n_named_accounts": len(named),
        "named_rate": round(len(named) / n_accounts, 7),
        "groups_with_a_fitting_explanation": pc.count_distinct(fits["group"]).as_py(),
        "fitting_explanations": dict(Counter(fits["code"].to_pylist())),
        "called_hostile": 0 if "hostile" not in set(by_status.values()) else Counter(by_status.values())["hostile"],
    }


def _fitting(folder: Path) -> pa.Table:
    """The innocent explanations that fit; none when the run wrote none."""
    if not (folder / "explanations.parquet").exists() and not (folder / "explanations").exists():
        return pa.table({"group": pa.array([], pa.int64()), "code": pa.array([], pa.string())})
    explanations = table(folder, "explanations")
    return explanations.filter(pc.equal(explanations["result"], "fits"))


def nulls(corpora: dict[str, pa.Table], options: argparse.Namespace) -> dict[str, Any]:
    """On how many null corpora any group is named at all, by kind, with the exact interval."""
    rows: dict[str, list[bool]] = {kind: [] for kind in NULLS}
    groups: dict[str, list[int]] = {kind: [] for kind in NULLS}
    kinds = list(NULLS)
    for number in range(options.nulls):
        kind = kinds[number % len(kinds)]
        rng = np.random.default_rng([77, number])
        source = _window(corpora["weibo_reposts"], options.posts, rng) if number % 2 else corpora["airline_tweets_2015"]
        folder = _searched(NULLS[kind](source, rng), options)
        statuses = table(folder, "groups")["status"].to_pylist()
        rows[kind].append("named" in statuses)
        groups[kind].append(len(statuses))
        print(f"{number + 1}/{options.nulls} {kind}: {Counter(statuses)}", flush=True)
    every = [named for kind in kinds for named in rows[kind]]
    return {"level": LEVEL, "all": interval(every)} | {
        kind: interval(rows[kind]) | {"groups_mean": round(float(np.mean(groups[kind])), 2)}
        for kind in kinds
        if rows[kind]
    }


def interval(named: list[bool]) -> dict[str, Any]:
    """Corpora with a named group, their share, and its exact 95 % interval (Clopper and Pearson 1934)."""
    k, n = sum(named), len(named)
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return {"n_corpora": n, "n_naming": k, "share": round(k / n, 4), "low": round(low, 4), "high": round(high, 4)}


def _window(posts: pa.Table, n: int, rng: np.random.Generator) -> pa.Table:
    """`n` posts that follow each other in time, from a random start."""
    if len(posts) <= n:
        return posts
    ordered = posts.sort_by("posted_at")
    return ordered.slice(int(rng.integers(0, len(posts) - n)), n)


def _searched(posts: pa.Table, options: argparse.Namespace) -> Path:
    folder = options.scratch
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pq.write_table(posts.select(["post_id", "account_id", "posted_at", "text"]), folder / "posts.parquet")
    settings = EngineSettings(memory_gib=options.memory)
    return find_attacks(folder / "posts.parquet", folder / "run", engine_settings=settings).folder


if __name__ == "__main__":
    main()
