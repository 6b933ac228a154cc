"""Workers that are killed at random lose and double nothing: the short form of benchmarks/casework/effects.py."""

import json
import os
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "casework" / "effects.py"


def test_killed_workers_lose_double_and_overtake_nothing():
    name = "postgresql" if os.environ.get("ASSAY_TEST_DATABASE") == "postgresql" else "sqlite"
    command = [sys.executable, str(BENCHMARK), "--quick", "--database", name]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ASSAY_", "DATABASE_", "DJANGO_"))}
    done = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["n_killed"] == 3 and told["n_effects"] >= 300
    nothing = (
        "n_lost",
        "n_invented",
        "n_doubled_after_dropping_repeats",
        "n_out_of_order",
        "n_delivered_twice_in_the_log",
        "n_without_delivery_in_the_log",
    )
    assert {name: told[name] for name in nothing} == dict.fromkeys(nothing, 0)
    assert told["receiver"]["bad_signatures"] == 0 and told["log"]["n_faults"] == 0
