"""The vocabulary of a marketplace: tables, columns, units, value types, errors. No input or output happens here."""

from assay.market.columns import Column, Kind, Table
from assay.market.errors import AssayError, BadValue, CallerError, DamagedSnapshot, MissingColumn, OutsideError
from assay.market.tables import TABLES

__all__ = [
    "TABLES",
    "AssayError",
    "BadValue",
    "CallerError",
    "Column",
    "DamagedSnapshot",
    "Kind",
    "MissingColumn",
    "OutsideError",
    "Table",
]
