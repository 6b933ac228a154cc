"""Reads a file of outcomes: every row is taken or refused with its line, column, value and reason; none is lost."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date

from assay.market.errors import CallerError
from assay.measurement.ledger import FACTS, Facts
from assay.measurement.samples import OUTCOMES

COLUMNS = ("unit", *FACTS)
# Goods can be lost or exchanged on their way to the second examiner as well; they cannot be "not bought" any more.
SECOND_OUTCOMES = ("counterfeit", "genuine", "inconclusive", "not_delivered", "swapped")
_REQUIRED = ("unit", "outcome")
# A note holds a sentence or two; a cell of megabytes is a broken quote that swallowed the file.
_MOST_CHARACTERS = 2_000
# A single buy above this (a hundred million in major units) is a misplaced decimal point.
_MOST_COST = 10**10


@dataclass(frozen=True, slots=True)
class Fault:
    """One row that was refused: where, what stood there, why, and what is allowed."""

    line: int
    unit: str
    column: str
    value: str
    reason: str
    allowed: str

    def text(self) -> str:
        """The fault in one sentence."""
        where = f"line {self.line}" + (f", unit {self.unit}" if self.unit else "")
        return f"{where}: {self.column} is {self.value!r}: {self.reason}; allowed is {self.allowed}."


@dataclass(frozen=True, slots=True)
class OutcomeRows:
    """The rows that can be recorded and their lines, the faults of the others, and rows read in all."""

    rows: tuple[Facts, ...]
    lines: tuple[int, ...]
    faults: tuple[Fault, ...]
    n_rows: int


def read_outcomes(content: bytes, units: Collection[str], *, encoding: str | None = None) -> OutcomeRows:
    """The outcomes in a CSV file (comma, semicolon or tab) with a header: unit and outcome, and any of `COLUMNS`.

    `units` are the units of the draw. UTF-8 (or what a byte order mark says) unless `encoding` names another; a row
    with bytes that are not in the encoding is a fault of that row. A unit that comes twice with different values is
    refused at each place; the same row twice counts once. CallerError when the header cannot be used at all.
    """
    lines = _text_lines(content, encoding) or [""]
    delimiter = max(",;\t", key=lines[0].count)
    header = _header(lines[0], delimiter)
    rows: dict[str, list[tuple[int, Facts]]] = {}
    faults: list[Fault] = []
    n_rows = 0
    for line, text in enumerate(lines[1:], 2):
        if not text.strip(f" \n{delimiter}"):
            continue
        n_rows += 1
        found = _row(line, text, delimiter, header, units)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            rows.setdefault(found.unit, []).append((line, found))
    kept: list[tuple[int, Facts]] = []
    for unit, places in rows.items():
        if len({facts for _, facts in places}) == 1:
            kept.append(places[0])
        else:
            on = " and ".join(str(line) for line, _ in places)
            reason = f"the file has it on lines {on} with different values"
            faults += [Fault(line, unit, "unit", unit, reason, "one row per unit") for line, _ in places]
    lines_kept = tuple(line for line, _ in kept)
    return OutcomeRows(
        tuple(facts for _, facts in kept), lines_kept, tuple(sorted(faults, key=lambda fault: fault.line)), n_rows
    )


def faults_file(faults: tuple[Fault, ...]) -> bytes:
    """Faults as CSV, to be corrected from."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["line", "unit", "column", "value", "reason", "allowed"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(fault) for fault in faults)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _text_lines(content: bytes, encoding: str | None) -> list[str]:
    name = encoding or _marked(content)
    try:
        codecs.lookup(name)
        text = content.decode(name, "surrogateescape")
    except (LookupError, UnicodeError) as error:
        raise CallerError(
            f"The file of outcomes cannot be read as {name} ({error}); name its encoding with --encoding.", value=name
        ) from error
    return list(io.StringIO(text.removeprefix("\ufeff").replace("\0", "\udc00"), newline=None))


def _marked(content: bytes) -> str:
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    return next((name for mark, name in marks if content.startswith(mark)), "utf-8")


def _header(first: str, delimiter: str) -> list[str]:
    try:
        header = [cell.strip().lower() for cell in _cells(first, delimiter)]
    except csv.Error as error:
        raise CallerError(f"The file of outcomes is not CSV ({error}).", allowed=", ".join(COLUMNS)) from error
    missing = [name for name in _REQUIRED if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    if missing or unknown or len(set(header)) < len(header):
        shown = ", ".join(header)[:200].encode("utf-8", "backslashreplace").decode()
        raise CallerError(
            f"The header of the file of outcomes is {shown!r}; it needs unit and outcome, and may have "
            f"{', '.join(COLUMNS[2:])}, each once.",
            where={"line": 1},
            value=shown,
            allowed=", ".join(COLUMNS),
        )
    return header


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of one line. Each line is read by itself, so that a quote left open costs one row and not the rest."""
    return next(csv.reader([line.rstrip("\n")], delimiter=delimiter, strict=True), [])


def _row(line: int, text: str, delimiter: str, header: list[str], units: Collection[str]) -> Facts | Fault:
    if any("\udc00" <= letter <= "\udcff" for letter in text):
        reason = "it holds bytes that are not text in this encoding; name the encoding with --encoding"
        return Fault(line, "", "row", text.strip().encode("ascii", "backslashreplace").decode()[:80], reason, "text")
    try:
        cells = _cells(text, delimiter)
    except csv.Error as error:
        return Fault(line, "", "row", text.strip()[:80], f"it is not CSV ({error})", "cells with closed quotes")
    if len(cells) != len(header):
        return Fault(line, "", "row", f"{len(cells)} cells", "the header has another number", f"{len(header)} cells")
    given = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    unit = given["unit"]
    if unit not in units:
        return Fault(line, unit[:80], "unit", unit[:80], "the draw has no such unit", "a unit of this draw")
    long = next((name for name, cell in given.items() if len(cell) > _MOST_CHARACTERS), None)
    if long is not None:
        return Fault(line, unit, long, given[long][:40] + "…", "it is too long", f"{_MOST_CHARACTERS:,} characters")
    return _facts(line, unit, given)


def _facts(line: int, unit: str, given: dict[str, str]) -> Facts | Fault:
    outcome, second = given["outcome"].lower(), given.get("second_outcome", "").lower()
    cost, day = given.get("cost_minor", ""), given.get("date", "")
    if outcome not in OUTCOMES:
        return Fault(line, unit, "outcome", given["outcome"], "it is no outcome", ", ".join(OUTCOMES))
    if second and second not in SECOND_OUTCOMES:
        return Fault(line, unit, "second_outcome", second, "it is no second outcome", ", ".join(SECOND_OUTCOMES))
    if second and outcome not in ("counterfeit", "genuine", "inconclusive"):
        return Fault(line, unit, "second_outcome", second, f"goods that were {outcome} cannot be examined", "nothing")
    if cost and not (cost.isascii() and cost.isdigit() and int(cost) <= _MOST_COST):
        reason = "it is no number of minor units"
        return Fault(line, unit, "cost_minor", cost, reason, f"a whole number from 0 to {_MOST_COST:,} (cents, say)")
    if day and not _is_day(day):
        return Fault(line, unit, "date", day, "it is no date", "YYYY-MM-DD")
    return Facts(
        unit=unit,
        outcome=outcome,
        second_outcome=second or None,
        cost_minor=int(cost) if cost else None,
        date=day or None,
        examiner=given.get("examiner") or None,
        note=given.get("note") or None,
    )


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
