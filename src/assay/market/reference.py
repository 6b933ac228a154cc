"""Writes docs/reference/market.md from the tables and the value types: `python -m assay.market.reference PAGE`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from pathlib import Path

from assay.market.columns import Column, Kind, Table
from assay.market.errors import BadValue
from assay.market.tables import TABLES
from assay.market.values import RULES, Hints, clean, money
from assay.market.values.rule import Example

_HEAD = """# The market: tables, columns and values

<!-- Written by `python -m assay.market.reference docs/reference/market.md`; edit the code, not this page. -->

Only the tables {required} are required. Every other table and column adds signals; a signal whose
columns are missing is reported as not computed and never guessed. A value that is not known is empty: never 0, never a
dash. Units are those of the stored market; how a source may write a value is said under
[kinds of value](#kinds-of-value).

- [Tables](#tables)
- [Kinds of value](#kinds-of-value)
- [Hints](#hints)

## Tables
"""

_KINDS = """
## Kinds of value

The kind of a column decides what intake accepts and what it becomes. A row with a value that is refused goes to the
rejects, with the value, the reason and what is allowed. Blank text is a missing value in every kind. Cleaning a cleaned
value changes nothing (stored money is read again with the hint `unit = "minor"`).

The examples show what becomes of a value; *refused* gives the message. They are computed when this page is written.
"""

_HINTS = """
## Hints

A mapping says what the values alone do not. Each hint is optional; a value that needs a missing one is refused.

| hint | example | meaning |
|---|---|---|
| `currency` | `"ARS"` | ISO 4217 code of money without a sign of its own, or with a sign of several currencies |
| `decimal` | `","` | the decimal mark, which overrules every guess |
| `zone` | `"Europe/Paris"` or `"+08:00"` | zone of times that carry none |
| `time_format` | `"day-first"`, `"month-first"`, `"%d.%m.%Y\\|%d.%m.%y"` | how dates are written; \\| joins formats |
| `region` | `"FR"` | country of telephone numbers without a country code |
| `separator` | `","` | text between the items of a list or the pairs of attributes |
| `unit` | `"minor"` or `"percent"` | money is whole minor units already; rates run from 0 to 100 without a sign |
"""

_MEANING = {
    Kind.IDENTIFIER: "opaque text, compared by equality only",
    Kind.TEXT: "free text in any script",
    Kind.INTEGER: "whole number",
    Kind.NUMBER: "finite decimal number",
    Kind.BOOLEAN: "yes or no",
    Kind.TIME: "an instant",
    Kind.MONEY: "an amount; its currency stands in the row's `currency` column",
    Kind.CURRENCY: "ISO 4217 code",
    Kind.COUNTRY: "ISO 3166-1 alpha-2 code",
    Kind.RATE: "share from 0 to 1",
    Kind.GTIN: "trade item number",
    Kind.PHONE: "telephone number",
    Kind.EMAIL: "e-mail address",
    Kind.URL: "address of a page or file",
    Kind.ADDRESS: "postal address",
    Kind.ATTRIBUTES: "named values of a product",
    Kind.LIST: "several texts",
}


def page() -> str:
    """The whole reference page as Markdown, the same for the same code."""
    required = " and ".join(f"`{table.name}`" for table in TABLES.values() if table.required)
    parts = [_HEAD.format(required=required)]
    parts += [_table(table) for table in TABLES.values()]
    parts.append(_KINDS)
    parts += [_kind(kind) for kind in Kind]
    parts.append(_HINTS)
    return "\n".join(parts)


def _table(table: Table) -> str:
    lines = [
        f"### {table.name}",
        "",
        f"One row per {table.row_is}. Key: {', '.join(f'`{name}`' for name in table.key)}."
        + (" **Required.**" if table.required else ""),
    ]
    if table.refers_to:
        links = ", ".join(f"`{column}` names a row of [{other}](#{other})" for column, other in table.refers_to)
        lines.append(f"{links[0].upper()}{links[1:]}.")
    lines += ["", *_grid(("column", "kind", "unit", "required", "meaning", "example"), map(_column, table.columns)), ""]
    return "\n".join(lines)


def _column(column: Column) -> tuple[str, ...]:
    meaning = column.meaning
    if column.allowed is not None:
        meaning += f": {', '.join(f'`{value}`' for value in column.allowed)}"
    if column.most is not None:
        meaning += f", from {column.least or 0:g} to {column.most:g}"
    meaning = _plain(meaning)
    kind = f"[{column.kind}](#{column.kind})"
    return (
        f"`{column.name}`",
        kind,
        column.unit or "",
        "yes" if column.required else "",
        meaning,
        _code(column.example),
    )


def _kind(kind: Kind) -> str:
    rule = RULES[kind]
    column = Column("value", kind, "", unit="stars" if kind is Kind.NUMBER else None)
    lines = [
        f"### {kind}",
        "",
        f"{_MEANING[kind][0].upper()}{_MEANING[kind][1:]}. Stored as `{column.arrow_type}`.",
        "",
        f"- **Accepts** {_plain(rule.accepts)}",
        f"- **Becomes** {_plain(rule.becomes)}",
        f"- **Refuses** {_plain(rule.refuses)}",
        "",
        *_grid(("value", "hints", "becomes"), (_example(column, example) for example in rule.examples)),
        "",
    ]
    return "\n".join(lines)


def _example(column: Column, example: Example) -> tuple[str, ...]:
    stated = {field.name: getattr(example.hints, field.name) for field in fields(Hints)}
    hints = ", ".join(f'{name} = "{hint}"' for name, hint in stated.items() if hint is not None)
    try:
        value = clean(column, example.raw, example.hints)
        if column.kind is Kind.MONEY:
            amount = money.parse(example.raw, example.hints)
            value = f"{amount.minor} {amount.currency}" if amount and amount.currency else value
    except BadValue as fault:
        return (_code(example.raw), _code(hints), f"*refused*: {_plain(fault.message)}")
    return (_code(example.raw), _code(hints), _code(_written(value)))


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _code(value: str) -> str:
    """A value as code in a table cell: bars escaped, unprintable characters spelt out."""
    if not value:
        return ""
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in value)
    return f"`{shown}`".replace("|", "\\|")


def _plain(message: str) -> str:
    return message.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
