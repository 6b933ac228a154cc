"""Who may do what: the log, its checkpoints, and legal holds."""

from __future__ import annotations

from typing import Any

from assay.casework.access import Predicate
from assay.casework.access.roles import is_administrator, is_auditor, is_senior
from assay.casework.models import Person


def reads_log(person: Person, _: Any = None) -> bool:  # noqa: ANN401 - predicates take any object
    """Auditors check the work, seniors answer for it, administrators for the installation; each sees what their role
    may see of it (`casework/masking.py`). Analysts see the history of an item on its own page."""
    return is_auditor(person) or is_senior(person) or is_administrator(person)


def keeps_holds(person: Person, _: Any = None) -> bool:  # noqa: ANN401
    """A hold stops erasure, so it is placed and lifted by who answers for cases or for the installation."""
    return is_senior(person) or is_administrator(person)


PERMISSIONS: dict[str, Predicate] = {
    "audit.read": reads_log,
    # A checkpoint names no person and no case; it is given away on purpose.
    "audit.checkpoint": reads_log,
    "audit.export": reads_log,
    "hold.read": reads_log,
    "hold.place": keeps_holds,
    "hold.lift": keeps_holds,
}
