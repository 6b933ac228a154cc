"""Who may do what: decisions."""

from __future__ import annotations

from assay.casework.access import Predicate

PERMISSIONS: dict[str, Predicate] = {}
