"""Looks at a file before anything is taken in: format, columns, fill, examples, and what each column probably is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.intake.batches import Batch, without_long_cells
from assay.intake.cells import Cleaner
from assay.intake.delimited import likely_delimiter
from assay.intake.mapping import NULL_WORDS, SourceMapping
from assay.intake.names import folded, meanings
from assay.intake.recipes import without_null_words
from assay.intake.sources import Place, format_of, open_place
from assay.intake.streams import BrokenStream, broken_file, check_utf8, known_encoding, open_text, packing_of
from assay.market.columns import Column, Kind, Table
from assay.market.errors import CallerError
from assay.market.tables import TABLES
from assay.market.values import Hints
from assay.market.values.hints import NO_HINTS

# Enough rows to see rare forms of a price or a date; read in less than a second.
_SAMPLE_ROWS = 20_000
_EXAMPLES = 3
# A column is proposed when at least this share of its filled cells can be read as what it would become.
_LEAST_READ = 0.5
_DELIMITER = {"csv": ",", "tsv": "\t"}

_GROUPING = r"\d\.\d{3}(?:\D|$)"
_POINTING = r"\.(?:\d|\d\d)(?:\D|$)"

# Ways of writing that are tried on money, times and rates; the first that reads most cells is proposed.
_TRIED: dict[Kind, tuple[Hints, ...]] = {
    Kind.MONEY: (Hints(), Hints(decimal="."), Hints(decimal=",")),
    Kind.TIME: (
        Hints(),
        Hints(zone="UTC"),
        Hints(zone="UTC", time_format="day-first"),
        Hints(zone="UTC", time_format="month-first"),
    ),
    Kind.RATE: (Hints(), Hints(unit="percent")),
    Kind.NUMBER: (Hints(), Hints(decimal=",")),
    Kind.INTEGER: (Hints(), Hints(decimal=".")),
}


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column of a file: share of filled cells, distinct values, examples, and the market column it probably is.

    `read_rate` is the share of filled cells that the market column could take with `hints`.
    """

    name: str
    filled_rate: float
    n_distinct: int
    examples: tuple[str, ...]
    becomes: str | None = None
    hints: Hints = NO_HINTS
    read_rate: float = 0.0
    currency: str | None = None

    def line(self, width: int) -> str:
        """The column on one line: name, fill, what it becomes, an example."""
        becomes = f"-> {self.becomes}" if self.becomes else ""
        example = " ".join(self.examples[0].split()) if self.examples else "(empty)"
        return f"  {self.name:<{width}}  {self.filled_rate:>4.0%} filled  {becomes:<16}  {example}"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file looks like from its first rows: how it is written, the table it probably feeds, and its columns."""

    path: Path
    format: str
    packing: str | None
    encoding: str | None
    delimiter: str | None
    n_rows: int
    is_whole: bool
    n_unreadable: int
    table: str
    columns: tuple[ColumnFacts, ...]
    tables: tuple[str, ...] = ()

    def summary(self) -> str:
        """What an analyst wants to see first: how the file is written, and a line per column."""
        rows = f"{self.n_rows:,} rows" if self.is_whole else f"the first {self.n_rows:,} rows"
        packed = f" packed with {self.packing}" if self.packing else ""
        cut = f", cut at {self.delimiter!r}" if self.delimiter else ""
        encoding = self.encoding or "utf-8"
        head = f"{self.path.name}: {self.format}{packed}{cut}, {encoding}; {rows}; probably {self.table}."
        unread = [f"Rows that cannot be read: {self.n_unreadable:,}."] if self.n_unreadable else []
        width = max(len(column.name) for column in self.columns)
        return "\n".join([head, *unread, *(column.line(width) for column in self.columns)])


def inspect(path: Path, *, encoding: str | None = None, table: str | None = None) -> Inspection:
    """Looks at the first rows of a file. `table` says which market table it holds where the headers do not.

    CallerError when the file cannot be read, is empty or, being a database, leaves open which of its tables is meant.
    """
    form = format_of(path) if path.is_file() else _no_file(path)
    stated, delimiter = _writing(path, form, encoding)
    db_table = _only_table(path) if form == "sqlite" else None
    source = SourceMapping(
        path.stem, (), format=form, delimiter=delimiter, query=f'SELECT * FROM "{db_table}"' if db_table else None
    )
    opened = open_place(Place(path.name, path), source, encoding=stated, everything=True)
    batches: list[Batch] = []
    try:
        for batch in opened.reader.batches:
            batches.append(without_long_cells(batch))
            if sum(b.n_read for b in batches) >= _SAMPLE_ROWS:
                break
        is_whole = next(opened.reader.batches, None) is None
    except BrokenStream as error:
        raise broken_file(path, str(error), sum(b.n_read for b in batches)) from error
    finally:
        opened.close()
    if not batches:
        raise CallerError(
            f"{path.name} has a header but no rows; name the file with the data.", where={"file": path.name}
        )
    rows = pa.concat_tables([batch.rows for batch in batches])
    held = TABLES[table] if table else likely_table(tuple(rows.column_names))
    return Inspection(
        path=path,
        format=form,
        packing=packing_of(path),
        encoding=stated,
        delimiter=delimiter,
        n_rows=sum(b.n_read for b in batches),
        is_whole=is_whole,
        n_unreadable=sum(len(b.faults) for b in batches),
        table=held.name,
        columns=_columns(rows, held),
        tables=(db_table,) if db_table else (),
    )


def _no_file(path: Path) -> str:
    what = "is a folder; name one of its files" if path.is_dir() else "does not exist; check the path"
    raise CallerError(f"{path} {what}.", where={"file": str(path)})


def _only_table(path: Path) -> str:
    from assay.intake.databases import table_names

    names = table_names(path)
    if len(names) != 1:
        raise CallerError(
            f"{path.name} holds the tables {', '.join(names) or '(none)'}; export the one to look at, or write its "
            '[[source]] with table = "…" by hand.',
            where={"file": path.name},
        )
    return names[0]


def _writing(path: Path, form: str, encoding: str | None) -> tuple[str | None, str | None]:
    """Encoding (None for UTF-8) and delimiter of a text file."""
    if form not in ("csv", "tsv"):
        return encoding, None
    stated = known_encoding(encoding) if encoding else None
    stream = open_text(path, stated)
    try:
        sample = stream.peek()
        check_utf8(sample, path)
        return stated, likely_delimiter(sample, _DELIMITER[form])
    finally:
        stream.close()


def likely_table(columns: tuple[str, ...]) -> Table:
    """The market table whose columns the headers name most; listings when nothing else does better."""
    found = {meaning for name in columns for meaning in meanings(name)}
    if not found:
        return TABLES["listings"]

    def score(table: Table) -> float:
        own = found & set(table.column_names)
        # A key that every table has says little; columns that only one table has say what the file is about.
        rare = sum(1 / sum(name in other.column_names for other in TABLES.values()) for name in own)
        missing = sum(column.required and column.name not in found for column in table.columns)
        return rare - 0.5 * missing + (0.1 if table.name == "listings" else 0)

    return max(TABLES.values(), key=score)


def _columns(rows: pa.Table, table: Table) -> tuple[ColumnFacts, ...]:
    texts = {name: without_null_words(rows.column(name), NULL_WORDS) for name in rows.column_names}
    own = {folded(name) for name in table.column_names}
    taken: set[str] = set()
    # Own names choose first: "title" is the title, whatever stands to the left of it.
    chosen = sorted(rows.column_names, key=lambda name: folded(name) not in own)
    facts = {name: _facts(name, texts[name], table, taken) for name in chosen}
    return tuple(facts[name] for name in rows.column_names)


def _facts(name: str, text: pa.Array, table: Table, taken: set[str]) -> ColumnFacts:
    filled = text.drop_null()
    distinct = pc.unique(filled)
    examples = tuple(value[:60] for value in distinct.slice(0, _EXAMPLES).to_pylist())
    plain = ColumnFacts(name, len(filled) / max(len(text), 1), len(distinct), examples)
    if not len(filled):
        return plain
    for meaning in meanings(name):
        column = _column_named(table, meaning)
        if column is None or column.name in taken:
            continue
        hints, read, currency = best_hints(column, filled)
        if read >= _LEAST_READ:
            taken.add(column.name)
            return ColumnFacts(name, plain.filled_rate, plain.n_distinct, examples, column.name, hints, read, currency)
    return plain


def _column_named(table: Table, meaning: str) -> Column | None:
    names = table.column_names
    if meaning in names:
        return table.column(meaning)
    # "id" alone is the key of whatever table the file holds.
    return table.column(table.key[0]) if meaning == "listing_id" and len(table.key) == 1 else None


def _tried(kind: Kind, filled: pa.Array) -> tuple[Hints, ...]:
    """Ways of writing to try. A full stop that only ever stands before three digits groups: "$ 1.499" is a thousand."""
    tried = _TRIED.get(kind, (NO_HINTS,))
    if kind is not Kind.MONEY:
        return tried
    groups = pc.any(pc.match_substring_regex(filled, _GROUPING)).as_py()
    points = pc.any(pc.match_substring_regex(filled, _POINTING)).as_py()
    return (NO_HINTS, tried[2], tried[1]) if groups and not points else tried


def best_hints(column: Column, filled: pa.Array) -> tuple[Hints, float, str | None]:
    """The way of writing that reads most cells of a column, the share it reads, and the currency the cells state."""
    best, most, currency = NO_HINTS, -1.0, None
    for hints in _tried(column.kind, filled):
        cleaner = Cleaner(column, hints)
        if column.kind is Kind.MONEY:
            values, codes, _ = cleaner.money(filled, pa.nulls(len(filled), pa.string()))
            stated = codes.drop_null()
            found = (
                stated[0].as_py() if len(pc.unique(stated)) == 1 and len(stated) == len(values.drop_null()) else None
            )
        else:
            values, _ = cleaner.values(filled)
            found = None
        share = float(np.mean(np.asarray(pc.is_valid(values))))
        if share > most:
            best, most, currency = hints, share, found
    return best, most, currency
