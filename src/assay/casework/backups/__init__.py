"""A whole installation in one file, that restores into either database: rows, uploads and, when asked for, the keys."""

from assay.casework.backups.restoring import Restored, restore
from assay.casework.backups.writing import Made, back_up

__all__ = ["Made", "Restored", "back_up", "restore"]
