"""Who may do what: testbuys."""

from __future__ import annotations

from assay.casework.access import Predicate

PERMISSIONS: dict[str, Predicate] = {}
