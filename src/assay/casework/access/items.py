"""Who may do what: items."""

from __future__ import annotations

from assay.casework.access import Predicate

PERMISSIONS: dict[str, Predicate] = {}
