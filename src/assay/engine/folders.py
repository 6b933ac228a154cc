"""Folders that appear whole or not at all: written under a temporary name, synced, renamed."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from assay.market.errors import OutsideError


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Gives a temporary folder beside `path` and puts it in the place of `path` when the block ends well.

    A crash or a kill leaves what stood at `path` untouched. Disk full and missing permission become OutsideError.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}.tmp")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _replace(temporary, path)
    except OSError as error:
        raise outside(error, path) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def outside(error: OSError, path: Path) -> OutsideError:
    """An operating system error as one sentence with the path and what would help."""
    reasons = {
        errno.ENOSPC: ("no space is left on the disk", "free some space or name another folder"),
        errno.EFBIG: ("the file is larger than the system allows", "raise the limit or name another folder"),
        errno.EDQUOT: ("the disk quota is used up", "free some space or name another folder"),
        errno.EPERM: ("permission is denied", "name a folder that you may write to"),
        errno.EACCES: ("permission is denied", "name a folder that you may write to"),
        errno.EROFS: ("the file system is read-only", "name a folder that you may write to"),
        errno.ENOTDIR: ("a part of the path is a file", "name a folder"),
        errno.EEXIST: ("a file stands where a folder is needed", "name a folder"),
        errno.ENOENT: ("it does not exist", "check the path"),
        errno.EISDIR: ("it is a folder where a file is needed", "name a file"),
    }
    what, fix = reasons.get(error.errno or 0, (error.strerror or str(error), "check the disk"))
    place = error.filename or str(path)
    return OutsideError(f"Cannot use {place}: {what}; {fix}.", where={"path": str(place)}, allowed=fix)


def _replace(temporary: Path, path: Path) -> None:
    sync_folder(temporary)
    if not path.exists():
        temporary.rename(path)
    elif not _exchanged(temporary, path):
        # Without an exchange there is an instant with nothing at `path`; what stood there waits beside it.
        old = path.with_name(f".{path.name}.{uuid4().hex[:8]}.old")
        path.rename(old)
        temporary.rename(path)
        shutil.rmtree(old, ignore_errors=True)
    _sync(path.parent)


_RENAME_EXCHANGE = 2  # From linux/fs.h; Python has no name for it.
_AT_FDCWD = -100  # From fcntl.h: paths are taken as they are.


def _exchanged(a: Path, b: Path) -> bool:
    """Swaps two folders in one step; False where the system or its file system cannot."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0)


def sync_folder(folder: Path) -> None:
    """Makes the files of a folder survive a power cut."""
    for file in folder.rglob("*"):
        if file.is_file():
            _sync(file)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
