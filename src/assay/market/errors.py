"""The one family of exceptions: what was wrong, where, the value got, what is allowed or which flag fixes it.

The class says whose fault it is, and so the exit code: 2 the caller, 3 the outside world, 1 us.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class AssayError(Exception):
    """One fault in one sentence, with its place and value kept as attributes.

    `message` is the whole sentence shown to people; `where` (file, table, line, column, id), `value` and `allowed`
    repeat its parts for programs (`--json` prints them).
    """

    message: str
    where: dict[str, Any] = field(default_factory=dict)
    value: Any = None
    allowed: str | None = None

    exit_code = 1

    def __str__(self) -> str:
        return self.message

    def as_dict(self) -> dict[str, Any]:
        """The fault as a plain mapping, for `--json` and the API."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "where": self.where,
            "value": None if self.value is None else str(self.value)[:200],
            "allowed": self.allowed,
        }


class CallerError(AssayError):
    """What was asked cannot be done as asked: a wrong option, mapping, file format or value. Exit code 2."""

    exit_code = 2


class BadValue(CallerError):
    """One value cannot be read as what its column holds. Intake turns it into a reject; elsewhere exit code 2."""


class MissingColumn(CallerError):
    """A table or column that the work needs is not in the market. Exit code 2."""


class OutsideError(AssayError):
    """The outside world failed: disk full, no permission, damaged file, database gone. Exit code 3."""

    exit_code = 3


class DamagedSnapshot(OutsideError):
    """A snapshot on disk does not match its manifest. Exit code 3."""
