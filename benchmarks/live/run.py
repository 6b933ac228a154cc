"""How long one live rating takes, and whether it says what the batch says.

    python benchmarks/live/run.py --write          # 10, 40 and 160 thousand listings
    python benchmarks/live/run.py --quick          # 2, 4 and 8 thousand
    python benchmarks/live/run.py --held-out 300   # new listings: added to the market and rated in batch

Each size is simulated (not timed) and rated in batch with the model trained on the smallest. Then, in a process of its
own with one thread: opening, rating stored listings, rating the same as new ones, and scoring their rows with the model
alone, which is the floor. The smallest size is rated live as a whole and compared with the batch.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil

HERE = Path(__file__).parent


def main() -> None:
    options = _options()
    if options.inside is not None:
        print(json.dumps(inside(options.inside, options.ratings)))
        return
    options.scratch.mkdir(parents=True, exist_ok=True)
    steps = held_out(options) if options.held_out else whole(options)
    results: dict[str, Any] = {}
    for found in steps:
        results |= found
        print(json.dumps(found), flush=True)
        if options.write:
            _write(results)


def _write(results: dict[str, Any]) -> None:
    """Adds to results.json what is new."""
    file = HERE / "results.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    file.write_text(json.dumps(known | results, indent=1) + "\n", encoding="utf-8")


def whole(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Machine, agreement on the smallest size, then every size and how the time grows."""
    sizes = [2_000, 4_000, 8_000] if options.quick else options.sizes
    yield {"machine": {"cores": psutil.cpu_count(), "memory_gib": round(psutil.virtual_memory().total / 2**30, 1)}}
    rows: list[dict[str, Any]] = []
    for n in sizes:
        rows.append(measured(options.scratch, n, sizes[0], options.ratings))
        yield {"sizes": rows, "growth_exponent": growth(rows)}
        if n == sizes[0]:
            yield {"agreement": agreement(options.scratch, n)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 40_000, 160_000])
    parser.add_argument("--ratings", type=int, default=2_000, help="listings rated for the times")
    parser.add_argument("--scratch", type=Path, default=HERE / "scratch")
    parser.add_argument("--held-out", type=int, default=0, help="new listings to compare with a batch each")
    parser.add_argument("--held-out-size", type=int, default=4_000, help="listings of their market")
    parser.add_argument("--alone", type=int, default=150, help="how many of them to add alone, a batch for each")
    parser.add_argument("--write", action="store_true", help="write results.json")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def measured(scratch: Path, n_listings: int, n_smallest: int, n_ratings: int) -> dict[str, Any]:
    """One size: batch, preparing, opening, rating."""
    from assay import pipeline

    folder = made(scratch, n_listings)
    model = trained(scratch, n_smallest)
    shutil.rmtree(folder / "market" / "measured", ignore_errors=True)
    started = time.perf_counter()
    run = pipeline.rate(folder / "market", folder / "run", model_folder=model, settings=_settings(scratch))
    batch_s = time.perf_counter() - started
    prepared = pipeline.prepare_live(run.folder, settings=_settings(scratch))
    command = [sys.executable, __file__, "--inside", str(run.folder), "--ratings", str(n_ratings)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {
        "listings": n_listings,
        "batch_s": round(batch_s, 1),
        "batch_ms_per_listing": round(1000 * batch_s / n_listings, 3),
        "prepare_s": round(prepared.seconds, 1),
        "prepared_mib": round(prepared.n_bytes / 2**20, 1),
        **found,
    }


def made(scratch: Path, n_listings: int) -> Path:
    """The simulated market of that size, made once."""
    from assay import pipeline

    folder = scratch / f"market-{n_listings}"
    if not (folder / "market" / "current").exists():
        pipeline.simulate(folder, n_listings=n_listings, seed=5)
    return folder


def trained(scratch: Path, n_listings: int) -> Path:
    """The model trained on the market of that size, made once."""
    from assay import pipeline
    from assay.rating import EvaluationSettings, TrainingSettings

    folder = made(scratch, n_listings)
    if not (folder / "model" / "listing.json").exists():
        options = pipeline.TrainingOptions(
            training=TrainingSettings(outer_bags=1),
            evaluation=EvaluationSettings(replicates=20, forward=False, tabular=False),
        )
        pipeline.train_market(folder / "market", folder / "model", options=options, settings=_settings(scratch))
    return folder / "model"


def _settings(scratch: Path) -> Any:
    from assay.engine import EngineSettings

    return EngineSettings(scratch=scratch / "engine", memory_gib=3.0)


def inside(run_folder: Path, n_ratings: int) -> dict[str, Any]:
    """Times and memory of one process that rates; nothing else runs in it."""
    from assay.pipeline import open_live, open_run
    from assay.pipeline.live.checking import stored
    from assay.rating import explain_row

    process = psutil.Process()
    rows = [row for _, row in stored(open_run(run_folder), n_ratings + 100)]
    before = process.memory_full_info().uss
    started = time.perf_counter()
    rater = open_live(run_folder)
    open_s = time.perf_counter() - started
    for row in rows[:100]:
        rater.rate(row)
    new = [row | {"listing_id": f"new-{i}"} for i, row in enumerate(rows)]
    signals = [rater.signals(row) for row in rows[100:]]
    found = {
        "open_ms": round(1000 * open_s, 1),
        "stored_ms": timed(rater.rate, rows[100:]),
        "new_ms": timed(rater.rate, new[100:]),
        "model_alone_ms": timed(lambda row: explain_row(rater.model, row), signals),
        "eight_threads_ms": together(rater.rate, rows[100:], 8),
        "opened_mib": round((process.memory_full_info().uss - before) / 2**20, 1),
    }
    found["ratio_to_model_alone"] = round(found["new_ms"]["median"] / found["model_alone_ms"]["median"], 1)
    return found


def timed(rate: Any, rows: list[Any]) -> dict[str, float]:
    """Milliseconds per row: processor time of this thread (what the machine owes), and the clock beside it."""
    cpu, wall = [], []
    for row in rows:
        started, clock = time.thread_time(), time.perf_counter()
        rate(row)
        cpu.append(time.thread_time() - started)
        wall.append(time.perf_counter() - clock)
    milli = 1000 * np.array(cpu)
    return {
        "median": round(float(np.median(milli)), 3),
        "p95": round(float(np.quantile(milli, 0.95)), 3),
        "p99": round(float(np.quantile(milli, 0.99)), 3),
        "wall_median": round(1000 * float(np.median(wall)), 3),
        "wall_p95": round(1000 * float(np.quantile(wall, 0.95)), 3),
    }


def together(rate: Any, rows: list[Any], n_threads: int) -> float:
    """Milliseconds of the clock per row when several threads rate at once."""
    started = time.perf_counter()
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(rate, rows))
    return round(1_000 * (time.perf_counter() - started) / len(rows), 3)


def growth(rows: list[dict[str, Any]]) -> float:
    """Exponent of the median against the size of the market: 0 is none, 1 is in proportion."""
    if len(rows) < 2:
        return 0.0
    sizes = [math.log(row["listings"]) for row in rows]
    return round(float(np.polyfit(sizes, [math.log(row["new_ms"]["median"]) for row in rows], 1)[0]), 3)


def agreement(scratch: Path, n_listings: int) -> dict[str, Any]:
    """The whole market rated live, one by one, against the batch: with the trained model and with the scorecard."""
    from assay import pipeline

    folder = made(scratch, n_listings)
    found = {}
    for name, model in (("model", trained(scratch, n_listings)), ("scorecard", None)):
        run = pipeline.rate(folder / "market", folder / f"run_{name}", model_folder=model, settings=_settings(scratch))
        pipeline.prepare_live(run.folder, settings=_settings(scratch))
        found[name] = as_dict(pipeline.check_live(run.folder, pipeline.open_live(run.folder)))
    return found


def held_out(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """New listings: all added at once, then each of the first alone; just created, and with their own earlier dates."""
    from held_out import HeldOut, drawn, new_rows

    from assay.pipeline.live.checking import compared

    scratch, n = options.scratch, options.held_out_size
    market, model = made(scratch, n) / "market", trained(scratch, n)
    ids = drawn(market, options.held_out)
    held = {}
    for name, used, now in (("model", model, True), ("scorecard", None, True), ("own_dates", model, False)):
        work = scratch / f"held-out-{name}"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        held[name] = HeldOut(market, used, new_rows(market, ids, dated_now=now), work, _settings(scratch))
        together = list(held[name].together())
        yield {f"held_out_{name}_together": {"listings": n} | as_dict(compared(iter(together))) | shifts(together)}
    for name in ("model", "scorecard"):
        done = []
        for pair in held[name].alone(options.alone):
            done.append(pair)
            yield {f"held_out_{name}_alone": {"listings": n} | as_dict(compared(iter(done)))}


def shifts(pairs: list[tuple[Any, Any]]) -> dict[str, float]:
    """By how much scores differ, over all pairs."""
    apart = np.array([abs(batch.waterfall.score - live.waterfall.score) for batch, live in pairs])
    return {
        "score_shift_p95": round(float(np.quantile(apart, 0.95)), 2),
        "score_shift_max": round(float(apart.max()), 2),
    }


def as_dict(found: Any) -> dict[str, Any]:
    """An agreement as JSON."""
    names = ("n_rated", "n_same_score", "n_same_steps", "n_same_texts", "n_same", "signals", "examples")
    return {name: getattr(found, name) for name in names}


if __name__ == "__main__":
    main()
