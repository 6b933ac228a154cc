"""Do the intervals hold, and how many buys do they save? Seven questions on simulated frames with a known share.

python benchmarks/coverage/run.py                        # all, about half an hour of one core; writes results.json
python benchmarks/coverage/run.py --parts cells budget   # some
python benchmarks/coverage/run.py --quick                # small, under a minute; writes nothing
python benchmarks/coverage/run.py --parts cells --strata 10 --defensive-share 0.3   # another plan; writes nothing
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import cells
import questions

HERE = Path(__file__).parent
PARTS = ("cells", "ppi", "budget", "examiner", "live", "changes", "sizes")


def main():
    options = _options()
    for part in options.parts:
        started = time.perf_counter()
        found = _run(part, options)
        found["seconds"] = round(time.perf_counter() - started)
        _say(part, found)
        if not options.quick and not options.other_plan:
            # Read again before writing: parts may be run side by side.
            results = json.loads(options.results.read_text()) if options.results.exists() else {}
            results[part] = found
            options.results.write_text(json.dumps(_rounded(results), indent=1, sort_keys=True) + "\n")


def _run(part, options):
    if part == "cells":
        grid = cells.QUICK if options.quick else cells.GRID + cells.MIS_SCALED
        grid = [cell for cell in grid if cell[0] in options.prevalences]
        rows = []
        for cell in grid:
            widths = 20 if options.quick else cells.WIDTHS
            rows.append(cells.measured(cell, again=not options.quick, widths=widths, **options.plan))
            if sys.stderr.isatty():
                print(f"\r{len(rows)} of {len(grid)} cells", end="", file=sys.stderr)
        return {"summary": cells.summary(rows), "rows": rows}
    if part == "ppi":
        return {"rows": [cells.ppi_row(cell) for cell in (cells.PPI[4:5] if options.quick else cells.PPI)]}
    quick = {"budget": 60, "examiner": 5, "live": 20, "changes": 20, "sizes": 2}
    ask = getattr(questions, part)
    return {"rows": ask(quick[part]) if options.quick else ask()}


def _say(part, found):
    print(f"== {part} ({found['seconds']} s)")
    if "summary" in found:
        print(json.dumps(_rounded(found["summary"]), indent=1))
    else:
        for row in found["rows"]:
            print(json.dumps(_rounded(row)))
    sys.stdout.flush()


def _rounded(value):
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--prevalences", nargs="+", type=float, default=list(cells.PREVALENCES))
    parser.add_argument("--strata", type=int)
    parser.add_argument("--defensive-share", type=float)
    parser.add_argument("--results", type=Path, default=HERE / "results.json")
    options = parser.parse_args()
    given = {"n_strata": options.strata, "defensive_share": options.defensive_share}
    options.plan = {k: v for k, v in given.items() if v is not None}
    options.other_plan = bool(options.plan)
    return options


if __name__ == "__main__":
    main()
