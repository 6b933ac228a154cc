"""Writes a first mapping for an inspected file: a TOML file with comments, meant to be read and corrected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from assay.engine.folders import outside
from assay.intake.inspection import ColumnFacts, Inspection
from assay.market.columns import Column, Kind, Table
from assay.market.tables import TABLES

_FREE = (Kind.TEXT, Kind.ADDRESS, Kind.IDENTIFIER)


def write_mapping(inspection: Inspection, path: Path) -> None:
    """Writes the first mapping of an inspected file; OutsideError when the file cannot be written."""
    try:
        path.write_text(draft_mapping(inspection), encoding="utf-8")
    except OSError as error:
        raise outside(error, path) from error


def draft_mapping(inspection: Inspection) -> str:
    """The first mapping as text. Required columns that no header names are left to be filled in, and do not load."""
    table = TABLES[inspection.table]
    lines = [*_head(inspection), "", f"[source.tables.{table.name}]", *_fields(inspection, table)]
    if table.name == "listings":
        lines += _merchants(inspection)
    return "\n".join([*lines, *_unused(inspection)]) + "\n"


def _head(inspection: Inspection) -> Iterator[str]:
    rows = f"{inspection.n_rows:,} rows" if inspection.is_whole else f"the first {inspection.n_rows:,} rows"
    packed = f", packed with {inspection.packing}" if inspection.packing else ""
    yield f"# First mapping of {inspection.path.name} ({inspection.format}{packed}) from {rows}: check every line."
    if inspection.n_unreadable:
        yield f"# {inspection.n_unreadable:,} of these rows could not be read; they will be rejects."
    yield ""
    yield "[[source]]"
    yield f"name = {_quoted(inspection.path.name.split('.')[0])}"
    yield f"files = {_quoted(inspection.path.name)}"
    if inspection.delimiter not in (None, "," if inspection.format == "csv" else "\t"):
        yield f"delimiter = {_quoted(str(inspection.delimiter))}"
    if inspection.encoding:
        yield f"encoding = {_quoted(inspection.encoding)}"
    if inspection.tables:
        yield f"table = {_quoted(inspection.tables[0])}"
    if inspection.table in ("listings", "merchants", "orders", "reviews"):
        yield '# prefix = "shop:"    # before every identifier, when several marketplaces go into one market'
    if _money_is_open(inspection):
        yield '# currency = "EUR"    # the prices do not say which currency; state it here'


def _money_is_open(inspection: Inspection) -> bool:
    table = TABLES[inspection.table]
    found = {c.becomes: c for c in inspection.columns if c.becomes}
    money = [c for name, c in found.items() if table.column(name).kind is Kind.MONEY]
    return "currency" not in found and any(c.currency is None for c in money)


def _fields(inspection: Inspection, table: Table) -> Iterator[str]:
    found = {c.becomes: c for c in inspection.columns if c.becomes}
    for column in table.columns:
        facts = found.get(column.name)
        if facts is not None:
            yield from _field(column, facts)
        elif column.name == "listing_id" and "url" in found:
            yield "# No header names an identifier; this one is made of the address, and stays the same in later files."
            yield f"listing_id = {{ hash = [{_quoted(found['url'].name)}] }}"
        elif column.required:
            yield f"# {column.name} is required and no header names it: {column.meaning}."
            yield f'# {column.name} = "…"   or   {column.name} = {{ hash = ["…", "…"] }}   or   {{ constant = "…" }}'


def _field(column: Column, facts: ColumnFacts) -> Iterator[str]:
    examples = "; ".join(" ".join(example.split()) for example in facts.examples)
    yield f"# {facts.filled_rate:.0%} filled, {facts.n_distinct:,} different: {examples}"
    if facts.read_rate < 1 and column.kind not in _FREE:
        yield f"# {facts.read_rate:.1%} of the filled cells could be read; the others become null, with a note each."
    hints = {
        name: value
        for name in ("decimal", "zone", "time_format", "unit")
        if (value := getattr(facts.hints, name)) is not None
    }
    if "zone" in hints:
        yield "# The times state no zone: UTC is assumed here."
    if not hints:
        yield f"{column.name} = {_quoted(facts.name)}"
        return
    stated = "".join(f", {name} = {_quoted(value)}" for name, value in hints.items())
    yield f"{column.name} = {{ from = {_quoted(facts.name)}{stated} }}"


def _merchants(inspection: Inspection) -> Iterator[str]:
    seller = next((c for c in inspection.columns if c.becomes == "merchant_id"), None)
    if seller is None:
        return
    yield ""
    yield "[source.tables.merchants]"
    yield "# Every listing names its merchant; rows of one merchant become one, with the first filled values."
    yield 'duplicates = "merge"'
    yield f"merchant_id = {_quoted(seller.name)}"
    yield f"name = {_quoted(seller.name)}"


def _unused(inspection: Inspection) -> Iterator[str]:
    unused = [c for c in inspection.columns if c.becomes is None]
    if unused:
        yield ""
        yield "# Columns not used:"
    for facts in unused:
        examples = "; ".join(" ".join(example.split()) for example in facts.examples) or "(empty)"
        yield f"#   {facts.name}: {facts.filled_rate:.0%} filled, {facts.n_distinct:,} different: {examples}"


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are a subset of TOML's."""
    return json.dumps(text, ensure_ascii=False)
