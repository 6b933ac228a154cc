"""Kinds of column: what a value means, how it is stored, how it is shown to people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa


class Kind(StrEnum):
    """What a column holds. The kind decides how intake cleans a value and how it is stored."""

    IDENTIFIER = "identifier"  # opaque text, compared by equality only, may arrive hashed
    TEXT = "text"  # free text in any script
    INTEGER = "integer"
    NUMBER = "number"  # finite floating point
    BOOLEAN = "boolean"
    TIME = "time"  # an instant, stored as UTC with microseconds
    MONEY = "money"  # whole minor units; the currency stands in the row's `currency` column
    CURRENCY = "currency"  # ISO 4217 code
    COUNTRY = "country"  # ISO 3166-1 alpha-2 code
    RATE = "rate"  # share from 0 to 1
    GTIN = "gtin"  # 14 digits, zero-padded; kept as written when the check digit fails
    PHONE = "phone"  # E.164 where it can be read
    EMAIL = "email"
    URL = "url"
    ADDRESS = "address"
    ATTRIBUTES = "attributes"  # one JSON object of text to text, keys sorted, keys in lower case
    LIST = "list"  # one JSON array of text


ARROW_TYPES: dict[Kind, pa.DataType] = {
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
    Kind.MONEY: pa.int64(),
    Kind.RATE: pa.float64(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a market table.

    `required` columns must be present and non-null in every row; a row without them is a reject. `allowed` lists the
    only values that may stand (after cleaning); `least` and `most` bound numbers and money, both inclusive.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str | None = None
    required: bool = False
    allowed: tuple[str, ...] | None = None
    least: float | None = None
    most: float | None = None
    example: str = ""

    @property
    def arrow_type(self) -> pa.DataType:
        """How the column is stored: every kind without a type of its own is text."""
        return ARROW_TYPES.get(self.kind, pa.string())


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the market: a row per `row_is`, identified by `key`."""

    name: str
    row_is: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    refers_to: tuple[tuple[str, str], ...] = ()
    required: bool = False

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name!r}; it has {', '.join(c.name for c in self.columns)}")

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the whole table; only required columns are non-null."""
        return pa.schema([pa.field(c.name, c.arrow_type, nullable=not c.required) for c in self.columns])
