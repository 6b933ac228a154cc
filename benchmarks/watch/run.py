"""What watching costs day by day, and what a pack of a group of the published case's size costs and shows.

`python benchmarks/watch/run.py` wants ASSAY_DATA with weibo_reposts; `--quick` makes its own small background.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.engine import EngineSettings
from assay.pipeline.attacks import find_attacks
from assay.pipeline.attacks.findings import group_rows, open_findings
from assay.pipeline.attacks.grids import grid_rows, grids
from assay.pipeline.attacks.packs import pack_attack
from assay.pipeline.attacks.watching import watch_attacks
from assay.simulation.campaigns import CampaignSpec, plant, small_campaign
from assay.simulation.chatter import ordinary_posts

HERE = Path(__file__).parent
EVENT = datetime(2013, 11, 11, tzinfo=UTC)
ENGINE = EngineSettings(memory_gib=4.0, workers=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3,000 made posts and a small campaign")
    parser.add_argument("--posts", type=int, default=250_000, help="posts drawn from the background")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    if options.quick:
        planted = plant(next(ordinary_posts(3_000, rng)), small_campaign(edit_rate=0.1), rng)
    else:
        spec = CampaignSpec(edit_rate=0.2, camouflage_rate=0.5, events=(EVENT,))
        planted = plant(background(options.posts, rng), spec, rng)
    with tempfile.TemporaryDirectory() as scratch:
        told = {"posts": planted.posts.num_rows, "seed": options.seed, **measured(planted, Path(scratch))}
    print(json.dumps(told, indent=1))
    if not options.quick:
        (HERE / "results.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def background(n: int, rng: np.random.Generator) -> pa.Table:
    """`n` posts drawn at random from weibo_reposts, those with a time that can be read."""
    folder = os.environ.get("ASSAY_DATA")
    if folder is None:
        raise SystemExit("ASSAY_DATA is not set; name the folder that holds weibo_reposts, or use --quick.")
    # Post ids occur twice, so rows are numbered.
    query = f"""SELECT post_id || '-' || row_number() OVER () AS post_id, account_id,
        CAST(TRY_CAST(posted_at AS TIMESTAMP) AS TIMESTAMPTZ) AS posted_at, text
        FROM '{folder}/weibo_reposts/posts.parquet' WHERE TRY_CAST(posted_at AS TIMESTAMP) NOTNULL"""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        posts = connection.execute(query).to_arrow_table()
    posts = posts.set_column(2, "posted_at", posts["posted_at"].cast(pa.timestamp("us", "UTC")))
    return posts.take(pa.array(np.sort(rng.choice(posts.num_rows, min(n, posts.num_rows), replace=False))))


def cpu_s() -> float:
    """Seconds of processor time of this program and of the workers that it has ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def measured(planted: Any, folder: Path) -> dict[str, Any]:
    pq.write_table(planted.posts, folder / "posts.parquet")
    started = cpu_s()
    find_attacks(folder / "posts.parquet", folder / "run", engine_settings=ENGINE)
    search_s = cpu_s() - started
    found = open_findings(folder / "run")
    return {
        "search_cpu_s": round(search_s, 1),
        "groups": [{k: g[k] for k in ("name", "status", "n_core", "n_narratives", "n_posts")} for g in found.groups()],
        **(packed(planted, folder) if found.groups() else {}),
        "watch": watched(planted, folder),
    }


def packed(planted: Any, folder: Path) -> dict[str, Any]:
    """The largest group: its planted accounts and posts, its other settings, and the cost of its pack."""
    found = open_findings(folder / "run")
    rows = group_rows(found, str(max(found.groups(), key=lambda group: group["n_core"])["group"]))
    own = planted.truth.filter(pc.invert(planted.truth["is_camouflage"]))
    truth = set(own["account_id"].to_pylist())
    core = {account for account, role in rows.roles.items() if role == "core"}
    told = {post["post_id"] for post in rows.posts}
    started = cpu_s()
    made = pack_attack(folder / "run", rows.group["name"], folder / "pack")
    return {
        "planted_accounts": len(truth),
        "planted_in_core": len(core & truth),
        "others_in_core": len(core - truth),
        "planted_posts": own.num_rows,
        "planted_posts_in_narratives": len(told & set(own["post_id"].to_pylist())),
        "pack_cpu_s": round(cpu_s() - started, 1),
        "pack_files": len(made.files),
        "other_settings": grid_rows(grids(found, rows)),
    }


def watched(planted: Any, folder: Path) -> list[dict[str, Any]]:
    """All posts before two days before the middle of the campaign, then four days one by one."""
    times = sorted(
        planted.posts.filter(pc.is_in(planted.posts["post_id"], planted.truth["post_id"]))["posted_at"].to_pylist()
    )
    first = times[len(times) // 2].replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    cuts = [datetime(1990, 1, 1, tzinfo=UTC), *(first + timedelta(days=day) for day in range(5))]
    days = []
    for start, end in pairwise(cuts):
        part = planted.posts.filter((pc.field("posted_at") >= start) & (pc.field("posted_at") < end))
        pq.write_table(part, folder / "day.parquet")
        began = cpu_s()
        day = watch_attacks(folder / "day.parquet", folder / "state", engine_settings=ENGINE)
        days.append(
            {
                "posts": day.n_posts,
                "posts_so_far": day.n_posts_so_far,
                "texts_sketched": day.n_sketched,
                "pairs_read": day.n_compared,
                "cpu_s": round(cpu_s() - began, 1),
                "groups": {change.name: change.n_core for change in day.changes},
            }
        )
    return days


if __name__ == "__main__":
    main()
