"""The file of the signing key: made on first use, readable by its owner only, never overwritten."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from assay.engine.folders import outside
from assay.market.errors import CallerError
from assay.measurement.sealing import new_key, public_key_of

VARIABLE = "ASSAY_SIGNING_KEY"


def key_path(given: Path | None = None) -> Path:
    """Where the signing key lies: as given, else $ASSAY_SIGNING_KEY, else in the user's configuration folder."""
    if given is not None:
        return given
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "assay" / "signing-key.pem"


def signing_key(given: Path | None = None) -> bytes:
    """The private key in its file (PEM); made there, with permissions 0600, when there is none.

    CallerError for a file that is no Ed25519 key, or that others may read; OutsideError when the disk refuses.
    """
    path = key_path(given)
    try:
        if not path.exists():
            _make(path)
        content = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise outside(error, path) from error
    if os.name == "posix" and mode & 0o077:
        raise CallerError(
            f"The signing key {path} can be read by others (permissions {mode:04o}); run `chmod 600 {path}`, or make "
            "another key if it was copied.",
            where={"file": str(path)},
            value=f"{mode:04o}",
            allowed="0600",
        )
    public_key_of(content)
    return content


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return  # Another process made it between the look and the attempt: that key is the key.
    with os.fdopen(handle, "wb") as file:
        file.write(new_key())
        file.flush()
        os.fsync(file.fileno())
