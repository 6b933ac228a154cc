"""Reads a mapping from TOML and checks all of it before any row is read; every fault is shown at once."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from assay.intake.mapping import (
    NULL_WORDS,
    PREFIXED,
    Field,
    MarketMapping,
    Recipe,
    Skip,
    SourceMapping,
    TableMapping,
)
from assay.market.columns import Column
from assay.market.errors import CallerError
from assay.market.tables import TABLES
from assay.market.values import Hints

_HINTS = ("currency", "decimal", "zone", "time_format", "region", "separator", "unit")
_PICKS = ("from", "constant", "first", "combine", "hash", "object")
_STEPS = ("join", "remove", "extract", "split", "part", "values", "optional", "on_bad", "prefix")
_SOURCE = ("name", "files", "format", "delimiter", "encoding", "query", "table", "null_words", "prefix", "skip")
_TABLE = ("duplicates", "skip")
_MARKET = ("orphans", "as_of", "future_days")
_FORMATS = ("csv", "tsv", "jsonl", "parquet", "sqlite")
_TESTS = ("is", "equals", "matches", "lacks")


def load_mapping(path: Path) -> MarketMapping:
    """The mapping in a TOML file. CallerError names every fault of it, each with its place."""
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise CallerError(
            f"Mapping {path} cannot be read: {error.strerror}; name a TOML file such as `assay intake inspect` writes.",
            where={"file": str(path)},
        ) from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise CallerError(f"Mapping {path} is not TOML: {error}.", where={"file": str(path)}) from error
    return read_mapping(document, path.name)


def read_mapping(document: Mapping[str, Any], name: str = "mapping") -> MarketMapping:
    """The mapping in a parsed TOML document; CallerError as `load_mapping`."""
    reader = _Reader(name)
    mapping = reader.market(document)
    if reader.faults:
        count = "1 fault" if len(reader.faults) == 1 else f"{len(reader.faults)} faults"
        listed = "".join(f"\n  {fault}" for fault in reader.faults)
        raise CallerError(f"Mapping {name} has {count}:{listed}", where={"file": name}, value=reader.faults[0])
    return mapping


@dataclass(slots=True)
class _Reader:
    """Reads the parts of a document, and collects the faults instead of stopping at the first."""

    name: str
    faults: list[str] = field(default_factory=list)

    def fault(self, place: str, text: str) -> None:
        self.faults.append(f"{place}: {text}")

    def known(self, place: str, got: Iterable[str], allowed: Iterable[str]) -> None:
        choices = list(allowed)
        for key in got:
            if key not in choices:
                near = difflib.get_close_matches(key, choices, 1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                self.fault(place, f"{key!r} is not known; {hint}allowed: {', '.join(choices)}")

    def market(self, document: Mapping[str, Any]) -> MarketMapping:
        self.known("top level", document, ("market", "source"))
        rules = document.get("market", {})
        self.known("[market]", rules, _MARKET)
        orphans = self.choice("[market] orphans", rules.get("orphans", "stub"), ("stub", "reject"))
        entries = document.get("source", [])
        if not isinstance(entries, list) or not entries:
            self.fault("top level", "there is no [[source]]; state at least one")
            entries = []
        sources = tuple(self.source(entry, number) for number, entry in enumerate(entries, 1))
        names = [source.name for source in sources]
        for twice in sorted({n for n in names if names.count(n) > 1}):
            self.fault("[[source]]", f"two sources are called {twice!r}; give each its own name")
        mapping = MarketMapping(self.name, sources, orphans == "stub", self.instant(rules.get("as_of")))
        days = rules.get("future_days")
        return mapping if days is None else replace(mapping, future_days=self.number("[market] future_days", days))

    def instant(self, value: object) -> datetime | None:
        if value is None or (isinstance(value, datetime) and value.tzinfo):
            return value
        if isinstance(value, date) and not isinstance(value, datetime):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        self.fault("[market] as_of", f"{value!r} is not an instant; write 2026-03-01 or 2026-03-01T08:00:00Z")
        return None

    def number(self, place: str, value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 100_000:
            return float(value)
        self.fault(place, f"{value!r} is not a number of days from 0 to 100000")
        return 0.0

    def choice(self, place: str, value: object, allowed: tuple[str, ...]) -> str:
        if value not in allowed:
            self.fault(place, f"{value!r} is not allowed; write {' or '.join(map(repr, allowed))}")
            return allowed[0]
        return str(value)

    def source(self, entry: Mapping[str, Any], number: int) -> SourceMapping:
        name = str(entry.get("name", f"source {number}"))
        place = f"source {name!r}"
        self.known(place, entry, (*_SOURCE, *_HINTS, "tables"))
        context = _Context(place, self.hints(place, entry, Hints()), str(entry.get("prefix", "")))
        tables = tuple(self.table(context, key, value) for key, value in entry.get("tables", {}).items())
        if not tables:
            self.fault(place, "it feeds no table; state at least one [source.tables.listings]")
        return SourceMapping(
            name=name,
            tables=tuple(t for t in tables if t is not None),
            files=self.words(f"{place} files", entry.get("files", ())),
            format=self.choice(f"{place} format", entry["format"], _FORMATS) if "format" in entry else None,
            delimiter=self.delimiter(place, entry.get("delimiter")),
            encoding=entry.get("encoding"),
            query=self.query(place, entry),
            null_words=tuple(w.strip().lower() for w in self.words(place, entry.get("null_words", NULL_WORDS))),
            skips=self.skips(place, entry.get("skip", [])),
        )

    def query(self, place: str, entry: Mapping[str, Any]) -> str | None:
        if "query" in entry and "table" in entry:
            self.fault(place, "it states both a table and a query; keep one")
        if "table" in entry:
            quoted = ".".join('"' + part.replace('"', '""') + '"' for part in str(entry["table"]).split("."))
            return f"SELECT * FROM {quoted}"
        return str(entry["query"]) if "query" in entry else None

    def delimiter(self, place: str, value: object) -> str | None:
        if value is None or (isinstance(value, str) and len(value) == 1 and value not in '"\r\n' and value.isascii()):
            return value
        self.fault(f"{place} delimiter", f"{value!r} is not one ASCII character other than a quote or a line end")
        return None

    def words(self, place: str, value: object) -> tuple[str, ...]:
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
            return tuple(value)
        self.fault(place, f"{value!r} is not a text or a list of texts")
        return ()

    def hints(self, place: str, entry: Mapping[str, Any], base: Hints) -> Hints:
        stated = {key: entry[key] for key in _HINTS if key in entry}
        try:
            return replace(base, **stated)
        except (CallerError, TypeError) as error:
            self.fault(place, str(error))
            return base

    def table(self, context: _Context, name: str, entry: Mapping[str, Any]) -> TableMapping | None:
        place = f"{context.place} table {name!r}"
        if name not in TABLES:
            self.known(context.place, (name,), TABLES)
            return None
        table = TABLES[name]
        self.known(place, entry, (*table.column_names, *_TABLE))
        fields = tuple(self.field(context, place, table.column(c), entry[c]) for c in table.column_names if c in entry)
        for column in table.columns:
            if column.required and column.name not in entry:
                self.fault(place, f'column {column.name!r} is required and not mapped; add {column.name} = "…"')
        rule = self.choice(f"{place} duplicates", entry.get("duplicates", "newest"), ("newest", "merge"))
        return TableMapping(table, fields, self.skips(place, entry.get("skip", [])), rule == "merge")

    def field(self, context: _Context, table: str, column: Column, value: object) -> Field:
        place = f"{table} column {column.name!r}"
        entry: Mapping[str, Any] = value if isinstance(value, Mapping) else {"from": value}
        self.known(place, entry, (*_PICKS, *_STEPS, *_HINTS))
        must = column.required
        policy = self.choice(f"{place} on_bad", entry.get("on_bad", "reject" if must else "null"), ("reject", "null"))
        if must and policy == "null":
            self.fault(f"{place} on_bad", "a required column cannot be null; leave on_bad out")
        prefix = entry.get("prefix", context.prefix if column.name in PREFIXED else "")
        hints = self.hints(place, entry, context.hints)
        return Field(column, self.recipe(place, entry), hints, policy == "reject", str(prefix))

    def recipe(self, place: str, entry: Mapping[str, Any]) -> Recipe:
        picks = [key for key in _PICKS if key in entry]
        if len(picks) != 1:
            self.fault(place, f"state exactly one of {', '.join(_PICKS)}; it states {', '.join(picks) or 'none'}")
            return Recipe("constant")
        recipe = self.pick(place, picks[0], entry[picks[0]])
        values = entry.get("values", {})
        if not isinstance(values, Mapping):
            self.fault(place, f'values is {values!r}; write {{ "as written" = "as meant" }}')
            values = {}
        return replace(
            recipe,
            join=str(entry.get("join", " ")),
            remove=self.pattern(f"{place} remove", entry.get("remove")),
            extract=self.pattern(f"{place} extract", entry.get("extract")),
            split=entry.get("split"),
            part=self.part(place, entry.get("part", 0)),
            values=tuple((str(k).strip(), str(v).strip()) for k, v in values.items()),
            optional=bool(entry.get("optional", False)),
        )

    def pick(self, place: str, how: str, value: Any) -> Recipe:  # noqa: ANN401 - a TOML value of any type
        if how == "constant":
            text = str(value).lower() if isinstance(value, bool) else str(value)
            return Recipe("constant", constant=text.strip() or None)
        if how == "object":
            if not isinstance(value, Mapping) or not value:
                self.fault(place, f'object is {value!r}; write {{ size = "column" }}')
                return Recipe("constant")
            return Recipe("object", tuple(map(str, value.values())), tuple(map(str, value)))
        columns = self.words(place, value)
        if how == "from" and len(columns) != 1:
            self.fault(place, f"from is {value!r}; name one column, or use first or combine")
        return Recipe("copy" if how == "from" else how, columns)

    def part(self, place: str, value: object) -> tuple[int, int | None]:
        if isinstance(value, int) and not isinstance(value, bool):
            return value, (value + 1) or None
        if isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) for v in value):
            return value[0], value[1]
        self.fault(f"{place} part", f"{value!r} is not a place such as 0 or -1, or a range such as [0, 2]")
        return 0, 1

    def pattern(self, place: str, value: object) -> re.Pattern[str] | None:
        if value is None:
            return None
        try:
            return re.compile(str(value))
        except re.error as error:
            self.fault(place, f"{value!r} is not a regular expression: {error}")
            return None

    def skips(self, place: str, entries: object) -> tuple[Skip, ...]:
        if not isinstance(entries, list):
            self.fault(f"{place} skip", "write it as a list: [[source.skip]] or skip = [{ … }]")
            return ()
        return tuple(skip for entry in entries if (skip := self.skip(f"{place} skip", entry)) is not None)

    def skip(self, place: str, entry: Mapping[str, Any]) -> Skip | None:
        self.known(place, entry, ("column", "reason", *_TESTS))
        tests = [key for key in _TESTS if key in entry]
        if len(tests) != 1 or "column" not in entry or "reason" not in entry:
            self.fault(place, f"state column, reason and exactly one of {', '.join(_TESTS)}")
            return None
        test, value = tests[0], entry[tests[0]]
        column, reason = str(entry["column"]), str(entry["reason"])
        if test == "is":
            return Skip(column, reason, self.choice(place, value, ("empty", "filled")))
        if test == "equals":
            return Skip(column, reason, "equals", self.words(place, value))
        return Skip(column, reason, test, pattern=self.pattern(place, value))


@dataclass(frozen=True, slots=True)
class _Context:
    """What a source says for all its columns."""

    place: str
    hints: Hints
    prefix: str
