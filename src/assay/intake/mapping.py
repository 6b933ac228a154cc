"""The mapping: which columns of which files become which columns of the market. Plain data, checked when it is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from assay.market.columns import Column, Table
from assay.market.values import Hints

# Whole cells that mean "nothing", in lower case. NaN is not among them: a number that could not be computed is worth
# a note, an empty cell is not.
NULL_WORDS = ("", "null", "none", "n/a", "#n/a", "\\n")

# Columns whose values are only unique within one marketplace: they get the source's prefix. Devices, payout accounts,
# brands and products are not among them, because they are what different marketplaces have in common.
PREFIXED = frozenset(
    {
        "listing_id",
        "merchant_id",
        "image_id",
        "order_id",
        "review_id",
        "account_id",
        "buyer_id",
        "post_id",
        "reply_to",
        "subject_id",
    }
)

# A shop's clock may be wrong, or its zone unknown, by a day and a bit; later times are damage.
FUTURE_DAYS = 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the text of one market column is made from one source row.

    `how` picks: `copy` the only column, the `constant`, the `first` filled of several, `combine` them with `join`,
    `hash` them into 16 hexadecimal digits, or make an `object` (JSON) under `names`. Then, in this order: `remove`
    a pattern, `extract` one, `split` and take `part` (from, to), exchange whole `values`. With `optional`, text that
    has no match or no such part gives null without a note.
    """

    how: str
    columns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    constant: str | None = None
    join: str = " "
    remove: re.Pattern[str] | None = None
    extract: re.Pattern[str] | None = None
    split: str | None = None
    part: tuple[int, int | None] = (0, 1)
    values: tuple[tuple[str, str], ...] = ()
    optional: bool = False

    @property
    def has_steps(self) -> bool:
        """Whether the picked text is changed before it is cleaned."""
        return bool(self.remove or self.extract or self.split or self.values)


@dataclass(frozen=True, slots=True)
class Field:
    """One market column of one table: its recipe, how its text is written, and what a bad value does to the row."""

    column: Column
    recipe: Recipe
    hints: Hints
    rejects: bool
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Skip:
    """Rows that are not taken, and why: `column` is empty, filled, equals one of, matches or lacks a pattern."""

    column: str
    reason: str
    test: str
    words: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class TableMapping:
    """One market table fed by one source. `merges`: rows of one key become one row with the first filled values."""

    table: Table
    fields: tuple[Field, ...]
    skips: tuple[Skip, ...] = ()
    merges: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Source columns that are read, each once, in order of use."""
        used = [name for f in self.fields for name in f.recipe.columns] + [skip.column for skip in self.skips]
        return tuple(dict.fromkeys(used))


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """One source: the files (globs) or the query it is read from, how they are written, the tables it feeds."""

    name: str
    tables: tuple[TableMapping, ...]
    files: tuple[str, ...] = ()
    format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    query: str | None = None
    null_words: tuple[str, ...] = NULL_WORDS
    skips: tuple[Skip, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Source columns that any of its tables reads."""
        used = [name for table in self.tables for name in table.columns] + [skip.column for skip in self.skips]
        return tuple(dict.fromkeys(used))


@dataclass(frozen=True, slots=True)
class MarketMapping:
    """All sources of one market, and the rules of the market as a whole.

    `stub_orphans`: a merchant that is named but not described gets a row of its own with nothing but its id; else rows
    that refer to what does not exist are rejected. `as_of`: the instant the market is rated at, when it is stated.
    """

    name: str
    sources: tuple[SourceMapping, ...]
    stub_orphans: bool = True
    as_of: datetime | None = None
    future_days: float = FUTURE_DAYS
