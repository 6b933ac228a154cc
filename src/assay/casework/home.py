"""The folder that casework keeps: database, uploads, and the secrets only the server reads (permissions 0600)."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from assay.engine.folders import outside

_SECRET = "django-secret.txt"
_LEAST_SECRET_CHARACTERS = 50


def django_secret(home: Path) -> str:
    """The server's secret: $ASSAY_SECRET_KEY, else a file in `home` that is made on first use.

    OutsideError when the folder cannot be written.
    """
    if given := os.environ.get("ASSAY_SECRET_KEY"):
        return given
    path = home / _SECRET
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError):
            _create(path, secrets.token_urlsafe(_LEAST_SECRET_CHARACTERS))
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise outside(error, path) from error


def _create(path: Path, text: str) -> None:
    """Writes a private file that does not exist yet, whole: two processes that start at once agree on one secret."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    try:
        path.hardlink_to(draft)
    finally:
        draft.unlink()
