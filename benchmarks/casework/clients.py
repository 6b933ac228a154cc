"""What people and programs do against a running server: pages in a row, analysts at once, ratings at a steady rate."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import numpy as np

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Browser:
    """One signed-in browser with a connection that stays open."""

    host: str
    port: int
    session: str
    csrf: str = ""
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=60)

    def get(self, path: str) -> tuple[int, str, float]:
        """Status, body, seconds."""
        started = time.perf_counter()
        self.connection.request("GET", path, headers=self._headers())
        answer = self.connection.getresponse()
        body = answer.read().decode("utf-8", "replace")
        seconds = time.perf_counter() - started
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie" and value.startswith("csrftoken="):
                self.csrf = value.split("=", 1)[1].split(";")[0]
        return answer.status, body, seconds

    def post(self, path: str, page: str, **fields: str) -> tuple[int, str, float]:
        """Posts a form of a page that was fetched before: status, where it leads, seconds."""
        found = _TOKEN.search(page)
        body = urlencode({"csrfmiddlewaretoken": found[1] if found else "", **fields})
        started = time.perf_counter()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request("POST", path, body=body, headers=self._headers() | kind)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Location", ""), time.perf_counter() - started

    def _headers(self) -> dict[str, str]:
        return {"Cookie": f"assay_session={self.session}; csrftoken={self.csrf}"}


@dataclass(frozen=True)
class Times:
    """Milliseconds of many calls."""

    n: int
    p50: float
    p95: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: list[float]) -> Times:
        """From seconds."""
        p50, p95, p99 = (float(each) for each in np.quantile(seconds, [0.5, 0.95, 0.99]) * 1_000)
        return cls(len(seconds), round(p50, 1), round(p95, 1), round(p99, 1), round(max(seconds) * 1_000, 1))


def in_a_row(browser: Browser, paths: list[str]) -> Times:
    """Fetches pages one after the other; each must be there."""
    seconds = []
    for path in paths:
        status, _, took = browser.get(path)
        assert status == 200, (path, status)
        seconds.append(took)
    return Times.of(seconds)


@dataclass(frozen=True)
class Caller:
    """A program that rates: where, with which token, and whether every call has an Idempotency-Key of its own."""

    host: str
    port: int
    token: str
    sends_keys: bool = False

    def headers(self, place: int) -> dict[str, str]:
        """Those of one call."""
        plain = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return plain | ({"Idempotency-Key": f"{uuid.uuid4()}-{place}"} if self.sends_keys else {})


def at_a_rate(caller: Caller, bodies: list[bytes], per_second: float, n: int) -> tuple[Times, int]:
    """Posts ratings on an open schedule (a late answer does not hold up the next call); times run from the schedule."""
    waiting, lock = iter(range(n)), threading.Lock()
    seconds: list[float] = []
    failed = [0]
    begin = time.perf_counter() + 0.5

    def work() -> None:
        connection = http.client.HTTPConnection(caller.host, caller.port, timeout=60)
        for place in _taken(waiting, lock):
            due = begin + place / per_second
            time.sleep(max(due - time.perf_counter(), 0))
            body, headers = bodies[place % len(bodies)], caller.headers(place)
            connection.request("POST", "/api/v1/ratings", body=body, headers=headers)
            answer = connection.getresponse()
            answer.read()
            took = time.perf_counter() - due
            with lock:
                seconds.append(took)
                failed[0] += answer.status != 200

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Times.of(seconds), failed[0]


def _taken(waiting: Iterator[int], lock: threading.Lock) -> Iterator[int]:
    while True:
        with lock:
            place = next(waiting, None)
        if place is None:
            return
        yield place


def rating_bodies(rows: list[dict[str, object]], *, open_items: bool = False) -> list[bytes]:
    """Listings as request bodies; without `open_items` the rating itself is timed."""
    return [json.dumps({"listing": row, "open_item": open_items}, default=str).encode() for row in rows]
