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

if os.environ.get("ASSAY_TEST_DATABASE") == "postgresql" and "DATABASE_URL" not in os.environ:
    from tests.postgresql import a_server

    os.environ["DATABASE_URL"] = a_server(_HOME / "postgresql").get_uri()

from assay.web.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
