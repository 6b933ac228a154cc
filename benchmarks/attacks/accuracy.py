"""Are planted campaigns found in a real background, and is nobody else named?

    ASSAY_DATA=… python benchmarks/attacks/accuracy.py --write        # five seeds, four edit rates, two sizes
    ASSAY_DATA=… python benchmarks/attacks/accuracy.py --variants slow hired reworded --seeds 1 --edits 0.1
    ASSAY_DATA=… python benchmarks/attacks/accuracy.py --quick        # one seed, two edit rates, 100,000 posts around

README.md says what is planted and what each figure means.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from corpora import weibo_reposts
from judging import judged

from assay.engine import EngineSettings
from assay.pipeline.attacks import find_attacks
from assay.simulation.campaigns import CampaignSpec, plant, small_campaign

HERE = Path(__file__).parent
EDIT_RATES = (0.0, 0.1, 0.2, 0.3)
QUICK_POSTS = 100_000
# Beside the acceptance cases: harder campaigns, each changed in one way.
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "slow": {"burst_rate": 0.0, "spread_days": 180.0},
    "hired": {"hired_rate": 0.3},
    "reworded": {"wordings": 3},
    "two events": {"events": (datetime(2012, 11, 11, 12, tzinfo=UTC), datetime(2013, 11, 11, 12, tzinfo=UTC)),
                   "carry_over_rate": 0.5},
}  # fmt: skip


def main() -> None:
    options = _options()
    background = weibo_reposts()
    if options.quick:
        background = background.slice(0, QUICK_POSTS)
    rows: list[dict[str, Any]] = []
    for case in _cases(options):
        rows.append(measured(background, case, options))
        print(json.dumps(rows[-1]), flush=True)
        if options.write:
            summary = {"background_posts": len(background), "cases": summarised(rows), "runs": rows}
            (HERE / "accuracy.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    for line in summarised(rows):
        print(json.dumps(line))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--edits", type=float, nargs="+", default=list(EDIT_RATES))
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 20], choices=[500, 20])
    parser.add_argument("--variants", nargs="+", default=["plain"], choices=list(VARIANTS))
    parser.add_argument("--memory", type=float, default=8.0, help="GiB given to the search")
    parser.add_argument("--scratch", type=Path, default=HERE / "scratch" / "accuracy")
    parser.add_argument("--write", action="store_true", help="write accuracy.json")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.edits = options.seeds[:1], [0.0, 0.2]
    return options


def _cases(options: argparse.Namespace) -> Iterator[Case]:
    for variant in options.variants:
        for size in options.sizes:
            for edit_rate in options.edits:
                for seed in options.seeds:
                    yield Case(variant, size, edit_rate, seed)


class Case(NamedTuple):
    variant: str
    size: int
    edit_rate: float
    seed: int


def campaign(case: Case) -> CampaignSpec:
    """The published case or a small one; half of every account's posts are copied from ordinary ones."""
    spec = small_campaign() if case.size == 20 else CampaignSpec()
    return replace(spec, edit_rate=case.edit_rate, camouflage_rate=0.5, **VARIANTS[case.variant])


def measured(background: pa.Table, case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """Plants one campaign, searches, judges."""
    # Every case its own stream: the same seed with another edit rate plants at other places.
    rng = np.random.default_rng([case.seed, case.size, round(case.edit_rate * 100)])
    planted = plant(background, campaign(case), rng)
    folder = options.scratch
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pq.write_table(planted.posts, folder / "posts.parquet")
    started = time.perf_counter()
    run = find_attacks(
        folder / "posts.parquet", folder / "run", engine_settings=EngineSettings(memory_gib=options.memory)
    )
    seconds = time.perf_counter() - started
    n_accounts = pc.count_distinct(background["account_id"]).as_py()
    found = judged(run.folder, planted.truth, n_accounts)
    return case._asdict() | {"seconds": round(seconds, 1)} | found.as_dict()


def summarised(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line for each variant, size and edit rate: the worst and the mean of the seeds."""
    by_case: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        by_case.setdefault((row["variant"], row["size"], row["edit_rate"]), []).append(row)
    lines = []
    for (variant, size, edit_rate), mine in by_case.items():
        line: dict[str, Any] = {"variant": variant, "size": size, "edit_rate": edit_rate, "n_seeds": len(mine)}
        for name in ("named_rate", "main_share", "post_share"):
            values = [row[name] for row in mine]
            line |= {f"{name}_mean": round(float(np.mean(values)), 4), f"{name}_least": round(min(values), 4)}
        line["narratives_found_least"] = min(row["n_narratives_found"] for row in mine)
        line["narratives"] = mine[0]["n_narratives"]
        line["innocent_named_rate_most"] = max(row["innocent_named_rate"] for row in mine)
        line["seconds_mean"] = round(float(np.mean([row["seconds"] for row in mine])), 1)
        lines.append(line)
    return lines


if __name__ == "__main__":
    main()
