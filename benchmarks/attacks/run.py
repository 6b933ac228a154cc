"""How long the search for attacks takes, how many near-copies it brings together, and what its peers find.

    python benchmarks/attacks/run.py --write               # 1, 3 and 10 million posts
    python benchmarks/attacks/run.py --quick               # 20, 60 and 200 thousand, and smaller samples
    python benchmarks/attacks/run.py --parts recall peers  # only these parts

With ASSAY_DATA set the recall and the peers are measured on real posts as well.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from corpora import weibo_reposts
from exact import datasketch, distinct_long_texts, exact_pairs, ours
from judging import judged, named_accounts
from searching import searched
from toolkit import accounts_found, with_text
from toolkit import datasketch as datasketch_rule
from toolkit import toolkit as toolkit_rule

from assay.simulation.campaigns import CampaignSpec, plant
from assay.simulation.chatter import ordinary_posts, scaled_posts

HERE = Path(__file__).parent
PARTS = ("sizes", "recall", "peers")
SEED = 11
EDIT_RATE = 0.1
WHOLE_CAMPAIGN = 50_000  # ordinary posts from which on the published case is planted whole; else a tenth, 100 accounts
NOT_INSTALLED = {"not_measured": "not installed; pip install datasketch coordination-network-toolkit"}


def main() -> None:
    options = _options()
    options.scratch.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {"cores": psutil.cpu_count(), "memory_given_gib": options.memory}
    measures = {"sizes": sizes, "recall": recalls, "peers": peers}
    for part in options.parts:
        results[part] = measures[part](options)
        print(json.dumps({part: results[part]}, indent=1), flush=True)
        if options.write:
            _write(results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--sample", type=int, default=20_000, help="texts compared with all others")
    parser.add_argument("--slice", type=int, default=60_000, help="ordinary posts around the campaign shown to peers")
    parser.add_argument("--memory", type=float, default=10.0, help="GiB given to the search")
    parser.add_argument("--scratch", type=Path, default=HERE / "scratch" / "run")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--write", action="store_true", help="write results.json")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.sample, options.slice = [20_000, 60_000, 200_000], 4_000, 10_000
    return options


def _write(results: dict[str, Any]) -> None:
    path = HERE / "results.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps(kept | results, indent=1) + "\n", encoding="utf-8")


def sizes(options: argparse.Namespace) -> dict[str, Any]:
    """Each size: seconds, memory, ratio to reading the same file once, and whether the campaign was found."""
    rows = [_size(options, n) for n in options.sizes]
    return {"growth_exponent": growth(rows), "rows": rows}


def _size(options: argparse.Namespace, n: int) -> dict[str, Any]:
    folder = options.scratch / f"posts-{n}"
    if not (folder / "truth.parquet").exists():
        started = time.perf_counter()
        scaled_posts(n, np.random.default_rng(SEED), folder, campaign=_fitting(CampaignSpec(edit_rate=EDIT_RATE), n))
        print(f"made {n:,} posts in {time.perf_counter() - started:.0f} s", flush=True)
    posts = folder / "posts.parquet"
    floor_s = min(_floor(posts) for _ in range(2))
    about = searched(posts, folder / "run", options.memory)
    truth = pq.read_table(folder / "truth.parquet")
    with duckdb.connect() as connection:
        [(n_accounts,)] = connection.execute(f"SELECT count(DISTINCT account_id) FROM '{posts}'").fetchall()
    found = judged(folder / "run", truth, n_accounts)
    steps = json.loads((folder / "run" / "run.json").read_text(encoding="utf-8")).get("seconds", {})
    row = {"posts": n, "floor_s": round(floor_s, 2)} | about | {"ratio": round(about["seconds"] / floor_s, 1)}
    costly = dict(sorted(steps.items(), key=lambda item: -item[1])[:12])
    shutil.rmtree(folder / "run")
    return row | {"found": found.as_dict(), "steps_s": {name: round(value, 1) for name, value in costly.items()}}


def _floor(posts: Path) -> float:
    """Seconds in which DuckDB reads every column of the file once and reduces each to one number."""
    started = time.perf_counter()
    with duckdb.connect(config={"threads": psutil.cpu_count() or 1}) as connection:
        connection.execute(f"SELECT bit_xor(hash(COLUMNS(*))) FROM '{posts}'").fetchall()
    return time.perf_counter() - started


def growth(rows: list[dict[str, Any]]) -> float | None:
    """Exponent of the growth of the seconds with the posts: 1 is linear."""
    if len(rows) < 2:
        return None
    x, y = (np.log([float(row[name]) for row in rows]) for name in ("posts", "seconds"))
    return round(float(np.polyfit(x, y, 1)[0]), 3)


def recalls(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Near-copies brought together, against all pairs compared, on made and on real texts; datasketch beside it."""
    [made] = ordinary_posts(options.sample * 5, np.random.default_rng(SEED))
    samples = {"made posts": distinct_long_texts(made["text"], options.sample)}
    if "ASSAY_DATA" in os.environ:
        samples["weibo_reposts"] = distinct_long_texts(_whole_threads(weibo_reposts())["text"], options.sample)
    rows = []
    for name, texts in samples.items():
        pairs = exact_pairs(texts)
        about = {"texts": name, "n_texts": len(texts), "all_pairs_s": round(pairs.seconds, 2)}
        peer = datasketch(pairs) if _is_installed("datasketch") else NOT_INSTALLED
        rows.append(about | {"assay": ours(pairs), "datasketch": peer})
    return rows


def _whole_threads(posts: pa.Table) -> pa.Table:
    """Whole threads in random order: copies of one text mostly stand in one thread."""
    codes = posts["thread"].combine_chunks().dictionary_encode().indices.to_numpy()
    turn = np.random.default_rng(SEED).permutation(codes.max() + 1)[codes]
    return posts.take(pa.array(np.argsort(turn, kind="stable")[: len(posts) // 4]))


# What peers are shown: the published case lightly and heavily edited, and one that keeps to no burst and no hour.
PEER_CASES = {
    "published, 10 % edits": CampaignSpec(edit_rate=0.1),
    "published, 30 % edits": CampaignSpec(edit_rate=0.3),
    "no burst, 5 posts an account, 20 % edits": CampaignSpec(edit_rate=0.2, n_posts=2_500, burst_rate=0.0),
}


def peers(options: argparse.Namespace) -> dict[str, Any]:
    """Campaigns in a slice that the toolkit can do: seconds, and accounts found, by each."""
    name, ordinary = _slice(options)
    cases = {case: _peer_case(ordinary, spec, options) for case, spec in PEER_CASES.items()}
    return {"background": name, "n_ordinary_posts": len(ordinary), "cases": cases}


def _peer_case(ordinary: pa.Table, spec: CampaignSpec, options: argparse.Namespace) -> dict[str, Any]:
    planted = plant(ordinary, _fitting(spec, len(ordinary)), np.random.default_rng(SEED))
    accounts = set(planted.truth["account_id"].unique().to_pylist())
    path, out = options.scratch / "slice.parquet", options.scratch / "slice-run"
    pq.write_table(planted.posts, path)
    about = searched(path, out, options.memory)
    rows: dict[str, Any] = {"assay": {"seconds": about["seconds"]} | accounts_found(named_accounts(out), accounts)}
    for peer, rule in (("coordination-network-toolkit", toolkit_rule), ("datasketch", datasketch_rule)):
        if not _is_installed(peer.replace("-", "_")):
            rows[peer] = NOT_INSTALLED
            continue
        seconds, found = rule(with_text(planted.posts))
        rows[peer] = {"seconds": round(seconds, 1)} | accounts_found(found, accounts)
    return rows


def _fitting(spec: CampaignSpec, n_ordinary: int) -> CampaignSpec:
    """A campaign that is most of what was written has nothing to stand out from: smaller among few posts."""
    return spec if n_ordinary >= WHOLE_CAMPAIGN else replace(spec, n_accounts=100, n_posts=spec.n_posts // 10)


def _is_installed(module: str) -> bool:
    return find_spec(module) is not None


def _slice(options: argparse.Namespace) -> tuple[str, pa.Table]:
    """Ordinary posts that follow each other in time, as dense as they are: real ones of some weeks, or made."""
    if "ASSAY_DATA" not in os.environ:
        return "made posts", next(ordinary_posts(options.slice, np.random.default_rng(SEED)))
    ordinary = weibo_reposts().select(["post_id", "account_id", "posted_at", "text"])
    micros = ordinary["posted_at"].cast(pa.int64()).to_numpy()
    nearest = np.argsort(np.abs(micros - np.median(micros)), kind="stable")
    return "weibo_reposts", ordinary.take(pa.array(np.sort(nearest[: options.slice])))


if __name__ == "__main__":
    main()
