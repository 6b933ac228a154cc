"""How long planning, drawing and estimating take and in how much memory, against reading the same bytes once.

    python benchmarks/prevalence/run.py                        # 100 thousand, 1 million and 10 million listings
    python benchmarks/prevalence/run.py --sizes 100000 300000
    python benchmarks/prevalence/run.py --quick                # 20, 40 and 80 thousand

Each size is a frame written as Parquet (not timed), then, each in a process of its own: the floor (Arrow reads every
column once and reduces it to one number) and plan + draw + buy + estimate of 2,000 buys. The growth exponent is the
slope of log time over log size.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.measurement.drawing import UNITS, draw, draw_numbers
from assay.measurement.enforcement import Goods, Harm, value_buys
from assay.measurement.estimation import Estimand, prevalence
from assay.measurement.frame import FrameCounts
from assay.measurement.plans import Circumstances, FrameUnits, PlanSettings, divide, make_plan, strata_table
from assay.simulation.purchases import BuyingSettings, WorldSettings, buy, make_frame

HERE = Path(__file__).parent
COLUMNS = ("listing_id", "merchant", "score", "n_orders", "revenue_minor", "is_counterfeit")
N_BUYS = 2_000
CHUNK = 1_000_000


def main() -> None:
    options = _options()
    if options.worker:
        print(json.dumps(worker(options.worker, options.frame)))
        return
    sizes = [20_000, 40_000, 80_000] if options.quick else options.sizes
    options.scratch.mkdir(parents=True, exist_ok=True)
    rows = []
    for n in sizes:
        rows.append(measured(options.scratch, n))
        print(json.dumps(rows[-1]), flush=True)
    result = {"rows": rows, "growth_exponent": growth(rows)}
    print(table(result))
    if options.write:
        (HERE / "results.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--scratch", type=Path, default=HERE / "scratch")
    parser.add_argument("--write", action="store_true", help="write results.json")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--worker", choices=["floor", "whole"], help=argparse.SUPPRESS)
    parser.add_argument("--frame", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def measured(scratch: Path, n_listings: int) -> dict[str, float]:
    """One size: floor and whole, best of two runs each; memory above that of the floor's process."""
    frame = scratch / f"frame-{n_listings}.parquet"
    if not frame.exists():
        write_frame(frame, n_listings)
    floor = min((_run("floor", frame) for _ in range(2)), key=lambda run: run["seconds"])
    whole = min((_run("whole", frame) for _ in range(2)), key=lambda run: run["seconds"])
    return {
        "listings": n_listings,
        "mb": round(frame.stat().st_size / 1e6, 1),
        "floor_s": round(floor["seconds"], 3),
        "whole_s": round(whole["seconds"], 3),
        "ratio": round(whole["seconds"] / floor["seconds"], 1),
        "plan_s": round(whole["plan"], 3),
        "draw_s": round(whole["draw"], 3),
        "estimate_s": round(whole["estimate"], 3),
        "peak_mb": round(whole["peak_mb"]),
        "floor_peak_mb": round(floor["peak_mb"]),
    }


def write_frame(path: Path, n_listings: int) -> None:
    """A simulated frame, a million listings at a time."""
    partial, writer = path.with_suffix(".partial"), None
    for start in range(0, n_listings, CHUNK):
        n = min(CHUNK, n_listings - start)
        frame = make_frame(WorldSettings(n), np.random.default_rng(start))
        columns = {name: getattr(frame, name) for name in COLUMNS}
        columns["listing_id"] = [f"L{i:09d}" for i in range(start, start + n)]
        # Merchants of one chunk are not those of the next.
        columns["merchant"] = frame.merchant + start
        rows = pa.table(columns)
        writer = writer or pq.ParquetWriter(partial, rows.schema)
        writer.write_table(rows)
    if writer is not None:
        writer.close()
    partial.rename(path)


def _run(what: str, frame: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--worker", what, "--frame", str(frame)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def worker(what: str, path: Path) -> dict[str, float]:
    started = time.perf_counter()
    parts = _floor(path) if what == "floor" else _whole(path)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "peak_mb": peak_mb(), **parts}


def peak_mb() -> float:
    """Most memory of this process; getrusage would also tell that of the process it was forked from."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _floor(path: Path) -> dict[str, float]:
    """Every column read and reduced to one number."""
    total = 0.0
    for batch in pq.ParquetFile(path).iter_batches():
        for column in batch.columns:
            reduced = pc.sum(pc.binary_length(column)) if pa.types.is_string(column.type) else pc.sum(column)
            total += float(reduced.as_py() or 0)
    return {"total": total}


def _whole(path: Path) -> dict[str, float]:
    """Seconds of each part; examining is simulated between draw and estimate and not counted as a part."""
    started = time.perf_counter()
    table = pq.read_table(path)
    units, fake = _units(table), table["is_counterfeit"].to_numpy()
    price = np.where(units.n_orders > 0, units.revenue_minor / np.maximum(units.n_orders, 1), 3_000).astype(np.int64)
    nothing = np.zeros(len(fake))
    goods = Goods(units.chance, units.merchant, units.n_orders, price, nothing + 1, nothing.astype(np.int64), nothing)
    settings, secret = PlanSettings(N_BUYS), "benchmark"
    division = divide(units, value_buys(goods, Harm(), period_days=90), settings, secret)
    sums = int(units.n_orders.sum()), int(units.revenue_minor.sum())
    counts = FrameCounts(len(fake), *sums, "EUR", {}, {}, "orders")
    plan = make_plan(units, division, counts, settings, Harm(), Circumstances("", "", 90, "", "", "", "", ""))
    planned = time.perf_counter()
    numbers = draw_numbers((each.as_py() for each in table["listing_id"]), secret)
    drawn = draw(plan, division.stratum, numbers)
    drew = time.perf_counter()
    said = buy(fake[drawn.rows], BuyingSettings(), np.random.default_rng(1))
    bought, strata = _bought(units, plan, drawn, said), strata_table(plan)
    examined = time.perf_counter()
    for estimand in Estimand:
        prevalence(bought, strata, estimand)
    ended = time.perf_counter()
    return {"plan": planned - started, "draw": drew - planned, "estimate": ended - examined}


def _units(table: pa.Table) -> FrameUnits:
    merchants = np.unique(table["merchant"].to_numpy(), return_inverse=True)[1]
    numbers = (table[name].to_numpy() for name in ("n_orders", "revenue_minor"))
    return FrameUnits(table["score"].to_numpy() / 100.0, *numbers, merchants)


def _bought(units: FrameUnits, plan: object, drawn: object, said: pa.Table) -> pa.Table:
    n = len(drawn.rows)
    chance = np.array([each.n_drawn / each.n_units for each in plan.strata])
    columns = {
        "unit": [f"T{i}" for i in range(n)],
        "pot": [plan.strata[h].pot for h in drawn.stratum],
        "stratum": [plan.strata[h].stratum for h in drawn.stratum],
        "is_plain": drawn.is_plain,
        "look": drawn.look,
        "inclusion_probability": chance[drawn.stratum],
        "n_orders": units.n_orders[drawn.rows],
        "revenue_minor": units.revenue_minor[drawn.rows],
        "outcome": said["outcome"],
        "second_outcome": said["second_outcome"],
        "score": 100.0 * units.chance[drawn.rows],
    }
    return pa.table([columns.get(f.name, pa.nulls(n, f.type)) for f in UNITS], schema=UNITS)


def growth(rows: list[dict[str, float]]) -> dict[str, float]:
    """Slope of log seconds over log listings, of the whole and of what grows (plan and draw)."""
    if len(rows) < 2:
        return {}
    x = [math.log(row["listings"]) for row in rows]
    parts = {"whole": [row["whole_s"] for row in rows], "plan_and_draw": [r["plan_s"] + r["draw_s"] for r in rows]}
    return {name: round(float(np.polyfit(x, np.log(seconds), 1)[0]), 2) for name, seconds in parts.items()}


def table(result: dict) -> str:
    head = list(result["rows"][0])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(f"{row[name]:,}" for name in head) + " |" for row in result["rows"]]
    return "\n".join([*lines, f"growth exponent: {result['growth_exponent']}"])


if __name__ == "__main__":
    main()
