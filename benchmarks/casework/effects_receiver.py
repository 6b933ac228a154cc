"""A receiver that drops keys it has seen, and is as unreliable as one can be without being dishonest.

It answers no, hangs up before it has noted an effect, hangs up after it has noted it, or dawdles; everything it noted
comes back from GET /noted. Its own process, so that it costs the sender's no time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REFUSES, DROPS_BEFORE, DROPS_AFTER, DAWDLES = 0.05, 0.03, 0.03, 0.30
DAWDLE_SECONDS = 0.2


class Notes:
    """What came: keys in the order in which they were first noted, repeats, bad signatures, mishaps."""

    def __init__(self, seed: int) -> None:
        self.lock = threading.Lock()
        self.dice = random.Random(seed)
        self.is_kind = False
        self.secret = b""
        self.first: dict[str, tuple[str, int]] = {}
        self.counts = {"requests": 0, "repeats": 0, "bad_signatures": 0, "refused": 0, "dropped": 0}

    def mishap(self) -> str:
        """What goes wrong this time, if anything."""
        if self.is_kind:
            return ""
        chance = self.dice.random()
        for name, rate in (("no", REFUSES), ("before", DROPS_BEFORE), ("after", DROPS_AFTER), ("late", DAWDLES)):
            if chance < rate:
                return name
            chance -= rate
        return ""

    def note(self, body: bytes) -> None:
        """Takes an effect whose key is new, drops one that was seen."""
        said = json.loads(body)
        if said["id"] in self.first:
            self.counts["repeats"] += 1
        else:
            self.first[said["id"]] = (said["subject"], said["sequence"])

    def is_signed(self, headers: Any, body: bytes) -> bool:
        """Whether a body carries our secret's signature."""
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        made = base64.b64encode(hmac.new(self.secret, signed, hashlib.sha256).digest()).decode()
        return any(hmac.compare_digest(f"v1,{made}", each) for each in headers["webhook-signature"].split(" "))


def handler(notes: Notes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/behave":
                said = json.loads(body)
                notes.is_kind, notes.secret = said["is_kind"], base64.b64decode(said["secret"].removeprefix("whsec_"))
                self.say(204)
                return
            with notes.lock:
                notes.counts["requests"] += 1
                notes.counts["bad_signatures"] += not notes.is_signed(self.headers, body)
                mishap = notes.mishap()
                if mishap not in ("no", "before"):
                    notes.note(body)
                notes.counts["refused"] += mishap == "no"
                notes.counts["dropped"] += mishap in ("before", "after")
            if mishap in ("before", "after"):
                self.connection.close()
                return
            if mishap == "late":
                time.sleep(DAWDLE_SECONDS)
            self.say(503 if mishap == "no" else 204)

        def do_GET(self) -> None:
            with notes.lock:
                content = {"counts": notes.counts, "first": list(notes.first.items())}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def say(self, status: int) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed in the middle is what this is about."""


def main() -> None:
    server = Server(("127.0.0.1", 0), handler(Notes(int(sys.argv[1]))))
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
