"""`assay serve`: one process that serves the pages and does the periodic work; with SQLite or PostgreSQL."""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated, Any
from urllib.parse import quote

import typer

from assay.cli.console import Json, errors, out, plain, say_json
from assay.cli.homes import HomeFolder, need_database, need_tables, open_home
from assay.market.errors import AssayError, CallerError, OutsideError

# The first requests, the first rating and the first round of the worker load what they need.
_SETTLED_AFTER_SECONDS = (1, 20, 60)
LOG = logging.getLogger("assay.access")
# More than the largest upload with its form; a larger body is refused before it is read.
_MOST_BODY_BYTES = 64 * 1024 * 1024
_PRIVATE = 0o077  # what the server writes (database, uploads) is for its own user
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PROXY_HEADERS = {"x-forwarded-for", "x-forwarded-proto"}


@dataclass(frozen=True, slots=True)
class Serving:
    """How to serve. `ready` is called with the address once the door is open."""

    threads: int = 8
    with_worker: bool = True
    migrate: bool = False
    access_log: bool = False
    as_json: bool = False
    ready: Callable[[str], None] | None = None


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("serve", epilog="Example: `assay serve --home assay-home --migrate`")(serve_command)


def serve_command(
    home: HomeFolder = None,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 for all of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0 for any free one.")] = 8000,
    threads: Annotated[int, typer.Option(min=1, max=128, help="Requests answered at the same time.")] = 8,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Do the periodic work in this process.")] = True,
    worker_only: Annotated[bool, typer.Option("--worker-only", help="Do the periodic work, serve no pages.")] = False,
    migrate: Annotated[bool, typer.Option("--migrate", help="Bring the tables to this version first.")] = False,
    access_log: Annotated[bool, typer.Option("--access-log", help="One line per request on standard error.")] = False,
    json: Json = False,
) -> None:
    """Serves the console, the portal and the API, and does the periodic work; settings come from the environment."""
    if worker_only:
        if not worker:
            raise CallerError("--worker-only and --no-worker leave nothing to do.", where={"option": "--worker-only"})
        work(home, migrate=migrate, as_json=json)
        return
    how = Serving(threads=threads, with_worker=worker, migrate=migrate, access_log=access_log, as_json=json)
    serve(home, host, port, how)


def serve(home: Path | None, host: str, port: int, how: Serving | None = None) -> None:
    """Serves until SIGTERM or Ctrl+C, then lets requests and jobs come to their end.

    CallerError for tables of another version; OutsideError for a database that is away or an address that is taken.
    """
    chosen = how or Serving()
    os.umask(_PRIVATE)
    open_home(home)
    name = need_database()
    need_tables(migrate=chosen.migrate)
    server = _opened(host, port, chosen)
    address = _address(server, host)
    _warn(host)
    _stop_on_sigterm(_raise_exit)
    worker = _worker() if chosen.with_worker else None
    where = "the worker runs in this process" if worker else "no worker in this process"
    if chosen.as_json:
        say_json({"address": address, "database": name, "has_worker": worker is not None})
    else:
        out.print(plain(f"Assay is at {address} (Ctrl+C stops it). {name}; {where}."))
    sys.stdout.flush()
    threading.Thread(target=_settle, name="assay-settling", daemon=True).start()
    if chosen.ready is not None:
        chosen.ready(address)
    try:
        server.run()  # ends by itself on SystemExit and KeyboardInterrupt, after the requests in hand
    finally:
        server.close()
        if worker is not None and not worker.stop():
            errors.print("A job did not end in time; what it held is free again in a few minutes.")


def work(home: Path | None, *, migrate: bool = False, as_json: bool = False) -> None:
    """The periodic work alone, until SIGTERM or Ctrl+C. Several such processes may run at once."""
    os.umask(_PRIVATE)
    open_home(home)
    name = need_database()
    need_tables(migrate=migrate)
    from assay.casework.worker import Worker

    worker = Worker()
    _stop_on_sigterm(lambda: worker.stopping.set())
    if as_json:
        say_json({"database": name, "has_worker": True})
    else:
        out.print(plain(f"The worker runs (Ctrl+C stops it). {name}."))
    sys.stdout.flush()
    try:
        worker.run()
    except KeyboardInterrupt:
        worker.stop()


def _settle() -> None:
    """Opens what ratings need, and leaves what stays for good out of garbage collection, now and when all is loaded.

    A third of a million objects live as long as the server. Looking through them for garbage took a fifth of a second
    each time, in which nobody was answered (benchmarks/casework).
    """
    from assay.web.api.ratings import the_rater

    for seconds in _SETTLED_AFTER_SECONDS:
        time.sleep(seconds)
        with suppress(AssayError):  # whoever rates is told what is wrong with the run
            the_rater()
        gc.collect()
        gc.freeze()


def _worker() -> Any:  # noqa: ANN401 - its module needs Django to be ready
    from assay.casework.worker import Worker

    worker = Worker()
    worker.start()
    return worker


def _opened(host: str, port: int, how: Serving) -> Any:  # noqa: ANN401 - waitress is not typed
    import waitress
    from django.urls import get_resolver

    from assay.web.wsgi import application

    _ = get_resolver().url_patterns  # loads every page, in one thread: two that load one at once may get half of it
    app = AccessLog(application) if how.access_log else application
    try:
        return waitress.create_server(
            app,
            host=host,
            port=port,
            threads=how.threads,
            ident=None,  # no header that names the server
            max_request_body_size=_MOST_BODY_BYTES,
            clear_untrusted_proxy_headers=True,
            asyncore_use_poll=True,
            **_proxy(),
        )
    except OSError as error:
        raise _cannot_listen(error, host, port) from error
    except ValueError as error:  # waitress: Invalid host/port specified
        raise OutsideError(f"No machine is named {host!r}; name an address of this one.", value=host) from error


def _proxy() -> dict[str, Any]:
    """Headers of a proxy are believed only when there is one, and only from its address."""
    if os.environ.get("ASSAY_PROXY", "0") != "1":
        return {}
    address = os.environ.get("ASSAY_PROXY_ADDRESS", "127.0.0.1")
    return {"trusted_proxy": address, "trusted_proxy_headers": _PROXY_HEADERS, "trusted_proxy_count": 1}


def _cannot_listen(error: OSError, host: str, port: int) -> OutsideError:
    place = f"{host}:{port}"
    reasons = {
        errno.EADDRINUSE: "another program listens there; stop it or choose another --port",
        errno.EACCES: "permission is denied; ports below 1024 are for the system: choose another --port",
        errno.EADDRNOTAVAIL: "this machine has no such address; choose another --host",
    }
    why = reasons.get(error.errno or 0, error.strerror or str(error))
    if isinstance(error, socket.gaierror):
        why = "no machine has this name; choose another --host"
    return OutsideError(f"Cannot listen at {place}: {why}.", where={"address": place}, value=place)


def _address(server: Any, host: str) -> str:  # noqa: ANN401
    listening = getattr(server, "effective_listen", None)
    port = listening[0][1] if listening else server.effective_port
    shown = host if host not in ("0.0.0.0", "::", "") else "localhost"
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"


def _warn(host: str) -> None:
    from django.conf import settings

    if host not in _LOOPBACK and not settings.IS_HTTPS:
        errors.print(
            "Passwords cross the network in clear at this address; put a proxy with TLS in front and set ASSAY_ORIGIN "
            "and ASSAY_PROXY (docs/how-to/tls-behind-a-proxy.md)."
        )
    if settings.IS_HTTPS and os.environ.get("ASSAY_PROXY", "0") != "1":
        errors.print("ASSAY_ORIGIN is https:// but ASSAY_PROXY is not 1: people cannot sign in over plain http.")


def _stop_on_sigterm(stop: Callable[[], None]) -> None:
    """The first SIGTERM asks, a second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        return

    def asked(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        stop()

    signal.signal(signal.SIGTERM, asked)


def _raise_exit() -> None:
    raise SystemExit(0)


def _plain(path: str) -> str:
    """A path in one line of plain signs: nobody writes lines of their own, or is let in by what the log has kept."""
    begun, invitation, _link = path.partition("/invitation/")
    shown = f"{begun}{invitation}..." if invitation else path
    return quote(shown.encode("latin-1", "replace"), safe="/:@~")


class AccessLog:
    """Writes one line per request: no query, no names, since both may tell who looked for what."""

    def __init__(self, application: Any) -> None:  # noqa: ANN401 - any WSGI application
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers as the application does."""
        started = time.monotonic()

        def told(status: str, *rest: Any) -> Any:  # noqa: ANN401 - as WSGI has it
            took = (time.monotonic() - started) * 1_000
            asked = (environ.get("REMOTE_ADDR", "-"), _plain(environ["REQUEST_METHOD"]), _plain(environ["PATH_INFO"]))
            LOG.info("%s %s %s %s %.0f ms", *asked, status[:3], took)
            return start_response(status, *rest)

        found: Iterable[bytes] = self.application(environ, told)
        return found
