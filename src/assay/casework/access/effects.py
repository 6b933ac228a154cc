"""Who may do what: effects."""

from __future__ import annotations

from assay.casework.access import Predicate

PERMISSIONS: dict[str, Predicate] = {}
