"""What went wrong below an engine, as one sentence: full disk, no permission, no memory, no server, a bad function."""

from __future__ import annotations

import errno
import json
import os
import traceback
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.engine.folders import outside
from assay.engine.storage import conform
from assay.market.errors import AssayError, CallerError, OutsideError

# What operating systems call these faults; DuckDB and Spark pass the words on inside their own messages.
_SYSTEM_FAULTS = {
    "No space left on device": errno.ENOSPC,
    "Disk quota exceeded": errno.EDQUOT,
    "File too large": errno.EFBIG,
    "Operation not permitted": errno.EPERM,
    "Permission denied": errno.EACCES,
    "Read-only file system": errno.EROFS,
    "No such file or directory": errno.ENOENT,
}
# Stands around the story of a failed batch inside the message of whatever exception carries it to the driver; the
# story is in base64 because some engines quote the messages they pass on.
_MARK = "@@assay-batch@@"


def must_exist(path: Path) -> None:
    """OutsideError when nothing stands at a path: engines say so late, or each in its own way."""
    if not path.exists():
        raise outside(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), path)


def system_fault(message: str, path: Path) -> OutsideError | None:
    """The operating system's fault that an engine's message speaks of; None when it speaks of none."""
    for words, number in _SYSTEM_FAULTS.items():
        if words in message:
            return outside(OSError(number, os.strerror(number)), path)
    return None


def out_of_memory(memory_gib: float, detail: str) -> OutsideError:
    """The work does not fit into the memory it may use."""
    return OutsideError(
        f"The work does not fit into {memory_gib:.2f} GiB of memory, spilling included ({_first_line(detail)}); "
        "allow more with `memory_gib` (option --memory), or use fewer workers.",
        where={"setting": "memory_gib"},
        value=memory_gib,
        allowed="more memory, or fewer workers",
    )


def lost_worker(step: str, memory_gib: float) -> OutsideError:
    """A worker process vanished: nearly always the system's out-of-memory killer."""
    return OutsideError(
        f"A worker process of step {step} was ended from outside, most likely because memory ran out; lower "
        f"`memory_gib` (now {memory_gib:.2f}) or `workers` so that both fit into this machine.",
        where={"step": step, "setting": "memory_gib"},
        value=memory_gib,
        allowed="a memory limit that the machine has",
    )


def no_server(url: str, detail: str) -> OutsideError:
    """Nobody answers at an engine's address."""
    return OutsideError(
        f"The engine {url} does not answer ({detail}); check that it runs and that its host and port are right.",
        where={"engine": url},
        value=url,
        allowed="the address of a running Spark",
    )


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0][:300] if lines else "no reason given"


@dataclass(frozen=True, slots=True)
class GuardedFunction:
    """A batch function that always gets and gives the stated types, and whose faults survive the way home.

    Raised in a worker, an exception of a class that the driver does not know, or that does not pickle, would be lost;
    this one leaves as a RuntimeError whose text holds the whole story, for `batch_fault` to read.
    """

    function: Any
    takes: pa.Schema
    gives: pa.Schema

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        try:
            return conform(self.function(conform(batch, self.takes)), self.gives)
        except Exception as error:
            story = json.dumps(_story(error, self.name, batch.num_rows), default=str)
            raise RuntimeError(f"{_MARK}{b64encode(story.encode()).decode()}{_MARK}") from None

    @property
    def name(self) -> str:
        """What people call the function."""
        return str(getattr(self.function, "__qualname__", type(self.function).__qualname__))


def _story(error: Exception, name: str, n_rows: int) -> dict[str, Any]:
    story: dict[str, Any] = {"function": name, "rows": n_rows, "trace": traceback.format_exc()}
    if isinstance(error, AssayError):
        return story | {"fault": error.as_dict(), "exit_code": error.exit_code}
    return story | {"what": f"{type(error).__name__}: {error}"}


def batch_fault(error: BaseException, step: str) -> AssayError | None:
    """The fault of a batch function that an exception carries; None when it carries none.

    An AssayError of the function comes back as what it was (its exit code decides the class); anything else is our
    own fault and names step, function and cause.
    """
    parts = str(error).split(_MARK)
    if len(parts) < 3:
        return None
    story = json.loads(b64decode(parts[1]))
    where = {"step": step, "function": story["function"], "rows": story["rows"], "trace": story["trace"]}
    if "fault" in story:
        kinds = {kind.exit_code: kind for kind in (AssayError, CallerError, OutsideError)}
        fault = story["fault"]
        return kinds[story["exit_code"]](
            fault["message"], where=fault["where"] | where, value=fault["value"], allowed=fault["allowed"]
        )
    return AssayError(
        f"Step {step}: {story['function']} failed on a batch of {story['rows']} rows: {story['what']}.", where=where
    )
