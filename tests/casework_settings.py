"""Django's settings for tests: a home of its own, fast hashing, SQLite in memory or the PostgreSQL that tests start."""

import os
import tempfile

os.environ.setdefault("ASSAY_HOME", tempfile.mkdtemp(prefix="assay-test-home-"))
os.environ.setdefault("ASSAY_HOSTS", "testserver,localhost,127.0.0.1")

from assay.web.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
