"""How fast and in how much memory CSV becomes a market, against the floor of parsing the same bytes with Arrow.

    python benchmarks/intake/run.py [--rows 1000000] [--folder FOLDER]

Writes one CSV of 12 columns (seeded), reads it once with pyarrow.csv on one thread (the floor), then takes it in, in a
process of its own on one core; prints and stores seconds of the clock and of the processor, the ratio of the latter to
the floor, and the peak memory. On a busy machine only the processor's seconds can be compared.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

MAPPING = """
[[source]]
name = "bench"
currency = "EUR"

[source.tables.listings]
listing_id = "id"
merchant_id = "seller"
title = "title"
description = "description"
brand = "brand"
category = "category"
price = "price"
quantity = "stock"
condition = "condition"
ships_from = "country"
url = "url"
listed_at = "listed"
"""

WORDS = np.array(["new", "leather", "classic", "running", "summer", "vintage", "slim", "black", "white", "bag", "shoe"])


def write_csv(path: Path, n_rows: int) -> None:
    rng = np.random.default_rng(7)
    with path.open("wb") as file:
        header = True
        for start in range(0, n_rows, 100_000):
            n = min(100_000, n_rows - start)
            pacsv.write_csv(rows(rng, start, n), file, pacsv.WriteOptions(include_header=header))
            header = False


def rows(rng: np.random.Generator, start: int, n: int) -> pa.Table:
    numbers = np.arange(start, start + n)
    words = WORDS[rng.integers(0, len(WORDS), (n, 6))]
    cents = np.exp(rng.normal(8, 1, n)).astype(int)
    times = 1_700_000_000 + rng.integers(0, 30_000_000, n)
    return pa.table(
        {
            "id": [f"L{i:09d}" for i in numbers],
            "seller": [f"M{i:06d}" for i in rng.zipf(1.3, n) % 50_000],
            "title": [" ".join(w) + f' {i}"' for w, i in zip(words, numbers, strict=True)],
            "description": [" ".join(w) + ", sold as is.\nAsk us." for w in words[:, ::-1]],
            "brand": WORDS[rng.integers(0, len(WORDS), n)],
            "category": [f"{a} > {b}" for a, b in words[:, :2]],
            "price": [f"{c // 100}.{c % 100:02d}" for c in cents],
            "stock": rng.integers(0, 500, n),
            "condition": np.array(["new", "used", "like new"])[rng.integers(0, 3, n)],
            "country": np.array(["DE", "France", "China", "IT"])[rng.integers(0, 4, n)],
            "url": [f"https://shop.example/item/{i}" for i in numbers],
            "listed": [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t)) for t in times.tolist()],
        }
    )


def floor_cpu_seconds(path: Path) -> float:
    started = time.process_time()
    options = pacsv.ReadOptions(use_threads=False)
    with pacsv.open_csv(path, options, pacsv.ParseOptions(newlines_in_values=True)) as reader:
        sum(batch.num_rows for batch in reader)
    return time.process_time() - started


def take_in(folder: Path) -> None:
    from assay.intake import intake

    pa.set_cpu_count(1)
    os.sched_setaffinity(0, {0})
    started = time.perf_counter()
    report = intake([folder / "bench.csv"], folder / "mapping.toml", folder / "market")
    seconds = time.perf_counter() - started
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (row,) = report.sources
    cpu = time.process_time()
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mib": peak_mib, "kept": row.kept, "notes": row.notes}))


def measure(folder: Path, n_rows: int) -> dict[str, float]:
    path = folder / "bench.csv"
    write_csv(path, n_rows)
    (folder / "mapping.toml").write_text(MAPPING, "utf-8")
    floor = floor_cpu_seconds(path)
    child = subprocess.run([sys.executable, __file__, "--child", folder], capture_output=True, text=True, check=True)
    got = json.loads(child.stdout)
    return {
        "rows": n_rows,
        "megabytes": round(path.stat().st_size / 1e6),
        "floor_cpu_seconds": round(floor, 2),
        "seconds": round(got["seconds"], 2),
        "cpu_seconds": round(got["cpu"], 2),
        "ratio_to_floor": round(got["cpu"] / floor, 1),
        "rows_per_cpu_second": round(n_rows / got["cpu"]),
        "peak_mib": round(got["peak_mib"]),
        "kept": got["kept"],
        "cells_noted": got["notes"],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--child", type=Path)
    given = parser.parse_args()
    if given.child:
        take_in(given.child)
        sys.exit()
    results = []
    for n in given.rows:
        with tempfile.TemporaryDirectory(dir=given.folder) as name:
            results.append(measure(Path(name), n))
            print(json.dumps(results[-1]))
    (Path(__file__).parent / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
