"""`assay serve`: it opens, tells its health, ends politely, and says in one sentence why it cannot open."""

import errno
import gc
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from assay.cli import serving
from assay.market.errors import OutsideError

TABLES_MISSING = "has no tables yet; run `assay casework migrate`, or add --migrate"


def environment(home, **more):
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("ASSAY_", "DATABASE_", "DJANGO_"))
    }
    return kept | {"ASSAY_HOME": str(home), "PYTHONUNBUFFERED": "1"} | more


def assay(home, *arguments, **more):
    command = [sys.executable, "-m", "assay.cli", *arguments]
    return subprocess.run(command, env=environment(home, **more), capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(home):
    """A server with its own database, and the address that it says."""
    command = [sys.executable, "-m", "assay.cli", "serve", "--port", "0", "--migrate", "--access-log"]
    process = subprocess.Popen(
        command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    line = process.stdout.readline()
    found = re.match(r"Assay is at (http://127\.0\.0\.1:\d+/)", line)
    if not found:
        process.kill()
        pytest.fail(line + process.stderr.read())
    yield process, found[1]
    process.kill()
    process.communicate()


def get(url, **headers):
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer, answer.read()


def test_health_needs_no_account_and_tells_no_secret(server):
    address = server[1]
    deadline = time.monotonic() + 30
    while (said := json.loads(get(f"{address}health")[1]))["worker"] != "there" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert (said["status"], said["database"]) == ("good", "there")
    assert set(said) == {"status", "database", "worker", "worker_age_seconds"}


def test_static_files_come_from_the_package_and_the_server_has_no_name(server):
    answer, body = get(f"{server[1]}static/assay.css")
    assert answer.status == 200 and len(body) > 100
    assert "Server" not in answer.headers and "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/x\n2026-10-01 INFO \x1b[2K", "/x%0A2026-10-01%20INFO%20%1B%5B2K"),
        ("/invitation/a-link-that-lets-in/", "/invitation/..."),
        ("/console/queue/7/", "/console/queue/7/"),
        ("/\xe5\xb0\x8f", "/%E5%B0%8F"),
    ],
)
def test_what_a_caller_writes_into_a_path_is_one_plain_line_of_the_log(caplog, path, shown):
    def application(_environ, start_response):
        start_response("200 OK", [])
        return []

    with caplog.at_level("INFO", serving.LOG.name):
        serving.AccessLog(application)({"REQUEST_METHOD": "GET", "PATH_INFO": path}, lambda *_: None)
    assert re.fullmatch(rf"- GET {re.escape(shown)} 200 \d+ ms", caplog.messages[-1])


def test_what_stays_for_good_is_left_out_of_garbage_collection(monkeypatch):
    monkeypatch.setattr(serving, "_SETTLED_AFTER_SECONDS", (0,))
    gc.unfreeze()
    try:
        serving._settle()  # without a run that ratings could use
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


def test_a_second_server_at_the_same_address_is_refused_in_one_sentence(server, home):
    port = server[1].rstrip("/").rpartition(":")[2]
    done = assay(home, "serve", "--port", port)
    assert done.returncode == 3
    assert f"Cannot listen at 127.0.0.1:{port}: another program listens there" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_server_keeps_is_for_its_user_only(server, home):
    kept = [path for path in home.rglob("*") if path.is_file()]
    assert kept and not [path.name for path in kept if path.stat().st_mode & 0o077]


def test_it_ends_politely_when_asked(server):
    process, address = server
    get(f"{address}health?secret=1")
    process.send_signal(signal.SIGTERM)
    _out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "GET /health 200" in errors and "secret" not in errors


def test_a_database_without_tables_is_refused(tmp_path):
    done = assay(tmp_path / "new", "serve", "--port", "0")
    assert done.returncode == 2 and TABLES_MISSING in done.stderr and "Traceback" not in done.stderr


def test_a_database_that_is_away_is_refused(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"postgres://assay:very-secret@127.0.0.1:{port}/assay"
    done = assay(tmp_path, "serve", "--port", "0", DATABASE_URL=url)
    assert (
        done.returncode == 3 and f"The PostgreSQL database assay at 127.0.0.1:{port} cannot be reached" in done.stderr
    )
    assert "very-secret" not in done.stderr and "Traceback" not in done.stderr


def test_a_database_url_that_is_none_is_refused(tmp_path):
    done = assay(tmp_path, "serve", "--port", "0", DATABASE_URL="mongodb://here")
    assert done.returncode == 2 and "DATABASE_URL cannot be read" in done.stderr and "Traceback" not in done.stderr


def test_a_home_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    done = assay(tmp_path / "file" / "home", "serve", "--port", "0")
    assert done.returncode == 3 and "Traceback" not in done.stderr


def test_the_worker_alone_ends_politely(home, server):
    command = [sys.executable, "-m", "assay.cli", "serve", "--worker-only", "--migrate"]
    process = subprocess.Popen(
        command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().startswith("The worker runs")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("given", "trusted"),
    [({}, None), ({"ASSAY_PROXY": "0"}, None), ({"ASSAY_PROXY": "1"}, "127.0.0.1")],
)
def test_headers_of_a_proxy_are_believed_only_when_there_is_one(monkeypatch, given, trusted):
    monkeypatch.delenv("ASSAY_PROXY", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert serving._proxy().get("trusted_proxy") == trusted


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EADDRINUSE, "another program listens there"),
        (errno.EACCES, "permission is denied"),
        (errno.EADDRNOTAVAIL, "no such address"),
        (errno.ENOMEM, "memory"),
    ],
)
def test_an_address_that_cannot_be_had_is_said(number, said):
    error = serving._cannot_listen(OSError(number, os.strerror(number)), "192.0.2.1", 80)
    assert said in error.message and error.exit_code == 3


def test_a_machine_that_nobody_knows_is_said():
    with pytest.raises(OutsideError, match="No machine is named"):
        serving._opened("no-such-name.invalid", 8000, serving.Serving())
