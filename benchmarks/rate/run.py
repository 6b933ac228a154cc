"""How long the whole rating of a market takes, against the floor of reading its bytes once.

    python benchmarks/rate/run.py                      # 1, 3 and 10 million listings (40 GB of disk)
    python benchmarks/rate/run.py --sizes 100000 300000 1000000
    python benchmarks/rate/run.py --quick              # 20, 40 and 80 thousand

Each size is simulated (not timed), then in one go: the floor (DuckDB reads every column of every table once and reduces
it to one number), the whole rating with the model trained on the smallest size, and scoring with explanation alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import psutil

HERE = Path(__file__).parent
ASSAY = [sys.executable, "-m", "assay.cli"]


def main() -> None:
    options = _options()
    sizes = [20_000, 40_000, 80_000] if options.quick else options.sizes
    options.scratch.mkdir(parents=True, exist_ok=True)
    model = _model(options.scratch, sizes[0], options.memory)
    rows = []
    for n in sizes:
        rows.append(measured(options.scratch, n, model, options.memory))
        print(json.dumps(rows[-1]), flush=True)
        if options.write:
            _write(rows, options)
    print(table(rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--memory", type=float, default=10.0, help="GiB given to the rating")
    parser.add_argument("--scratch", type=Path, default=HERE / "scratch")
    parser.add_argument("--write", action="store_true", help="write results.json")
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def measured(scratch: Path, n_listings: int, model: Path, memory: float) -> dict[str, Any]:
    """One size: floor, whole rating, scoring alone, memory."""
    folder = simulated(scratch, n_listings)
    market, run = folder / "market", folder / "run"
    shutil.rmtree(market / "measured", ignore_errors=True)
    floor_s = min(floor(market) for _ in range(2))
    arguments = ["rate", str(market), "--model", str(model), "--out", str(run), "--memory", str(memory), "--json"]
    whole_s, peak, about = _timed(arguments)
    score_s, _, again = _timed(arguments)
    return {
        "listings": n_listings,
        "rows": _n_rows(market),
        "floor_s": round(floor_s, 1),
        "whole_s": round(whole_s, 1),
        "ratio": round(whole_s / floor_s, 1),
        "peak_gib": round(peak, 2),
        "score_and_explain_s": again["seconds"]["scored_listings"],
        "rate_without_measuring_s": round(score_s, 1),
        "steps_s": dict(sorted(about["seconds"].items(), key=lambda item: -item[1])[:15]),
    }


def simulated(scratch: Path, n_listings: int) -> Path:
    """The simulated market of that size, made once."""
    folder = scratch / f"market-{n_listings}"
    if not (folder / "market" / "current").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _assay(["simulate", "--listings", str(n_listings), "--seed", "11", "--out", str(folder)])
    return folder


def _model(scratch: Path, n_listings: int, memory: float) -> Path:
    model = scratch / "model"
    if not (model / "listing.json").exists():
        market = simulated(scratch, n_listings) / "market"
        _assay(["train", str(market), "--out", str(model), "--memory", str(memory)])
    return model


def floor(market: Path) -> float:
    """Seconds in which DuckDB reads every column of every table once and reduces each to one number."""
    snapshot = market / "snapshots" / (market / "current").read_text().strip()
    started = time.perf_counter()
    with duckdb.connect(config={"threads": psutil.cpu_count() or 1}) as connection:
        for table in sorted((snapshot / "tables").iterdir()):
            connection.execute(f"SELECT bit_xor(hash(COLUMNS(*))) FROM '{table}/*.parquet'").fetchall()
    return time.perf_counter() - started


def _timed(arguments: list[str]) -> tuple[float, float, dict[str, Any]]:
    """Seconds, peak GiB of the whole process tree (resident, shared pages counted once per process), the answer."""
    started = time.perf_counter()
    process = subprocess.Popen([*ASSAY, *arguments], stdout=subprocess.PIPE, text=True)
    peak = _Peak(process.pid)
    peak.start()
    answer, _ = process.communicate()
    seconds = time.perf_counter() - started
    peak.done.set()
    if process.returncode != 0:
        raise SystemExit(f"assay {' '.join(arguments)} ended with {process.returncode}")
    return seconds, peak.gib, json.loads(answer)


class _Peak(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.root = psutil.Process(pid)
        self.done = threading.Event()
        self.gib = 0.0

    def run(self) -> None:
        while not self.done.wait(0.2):
            total = 0
            try:
                tree = [self.root, *self.root.children(recursive=True)]
            except psutil.Error:
                return
            for process in tree:
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    continue
            self.gib = max(self.gib, total / 2**30)


def _n_rows(market: Path) -> int:
    snapshot = market / "snapshots" / (market / "current").read_text().strip()
    manifest = json.loads((snapshot / "manifest.json").read_text())
    return sum(table["rows"] for table in manifest["tables"].values())


def _assay(arguments: list[str]) -> None:
    subprocess.run([*ASSAY, *arguments], check=True, stdout=subprocess.DEVNULL)


def growth(rows: list[dict[str, Any]], name: str) -> float:
    """Exponent of the growth of a figure with the number of listings: 1 is linear."""
    if len(rows) < 2:
        return float("nan")
    sizes, values = (np.log([float(row[key]) for row in rows]) for key in ("listings", name))
    return float(np.polyfit(sizes, values, 1)[0])


def table(rows: list[dict[str, Any]]) -> str:
    """The results as people read them."""
    names = ["listings", "rows", "floor_s", "whole_s", "ratio", "peak_gib", "score_and_explain_s"]
    lines = ["  ".join(f"{name:>20}" for name in names)]
    lines += ["  ".join(f"{row[name]:>20,}" for name in names) for row in rows]
    lines.append(f"growth exponent of the whole rating: {growth(rows, 'whole_s'):.2f}")
    return "\n".join(lines)


def _write(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    about = {
        "cores": psutil.cpu_count(),
        "memory_given_gib": options.memory,
        "growth_exponent_whole": round(growth(rows, "whole_s"), 3),
        "sizes": rows,
    }
    (HERE / "results.json").write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
