"""Files and databases into market tables and rejects: every row is kept or says why not."""

from assay.intake.drafts import draft_mapping, write_mapping
from assay.intake.inspection import Inspection, inspect
from assay.intake.mapping import MarketMapping
from assay.intake.mapping_file import load_mapping, read_mapping
from assay.intake.report import IntakeReport
from assay.intake.taking import intake

__all__ = [
    "Inspection",
    "IntakeReport",
    "MarketMapping",
    "draft_mapping",
    "inspect",
    "intake",
    "load_mapping",
    "read_mapping",
    "write_mapping",
]
