"""Who may do what: runs of the analysis."""

from __future__ import annotations

from assay.casework.access import Predicate
from assay.casework.access.roles import is_senior

PERMISSIONS: dict[str, Predicate] = {
    # A run closes and reopens items for everybody: whoever works the queue item by item does not start it.
    "run.load": is_senior,
    # The table of verdicts trains the next model; it leaves the house through seniors.
    "verdicts.export": is_senior,
}
