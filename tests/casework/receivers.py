"""A receiver of effects on this machine, that answers as the test says and remembers what came."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came, and where it listens. `answer` gives a status (or None to hang up) for each request in turn."""

    port: int = 0
    answer: Callable[[int], int | None] = lambda n: 200
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/effects"


@contextlib.contextmanager
def a_receiver(answer: Callable[[int], int | None] = lambda n: 200, **headers: str) -> Iterator[Receiver]:
    """A receiver that is there until the block ends."""
    receiver = Receiver(answer=answer, headers=headers)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                receiver.got.append((dict(self.headers), body))
                place = len(receiver.got)
            status = receiver.answer(place)
            if status is None:
                self.connection.close()
                return
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
