"""What an intake did, in numbers that add up and in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from assay.intake.rejects import ReasonCount

_SHOWN_REASONS = 20


@dataclass(frozen=True, slots=True)
class SourceTable:
    """Rows of one source for one table: read = kept + rejected + superseded + merged.

    `superseded`: a later row of the same key stands instead. `merged`: the row went into another of the same key.
    `notes`: cells that could not be read and became null in rows that were kept.
    """

    source: str
    table: str
    read: int
    kept: int
    rejected: int
    superseded: int
    merged: int
    notes: int


@dataclass(frozen=True, slots=True)
class Orphans:
    """Rows of a table that refer to what is not in the market, how many identifiers that is, and what was done."""

    table: str
    column: str
    parent: str
    rows: int
    identifiers: int
    done: str


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """What an intake read, kept and rejected, and the snapshot it made."""

    snapshot_id: str
    parent: str | None
    rows: dict[str, int]
    sources: tuple[SourceTable, ...]
    reasons: tuple[ReasonCount, ...]
    orphans: tuple[Orphans, ...]
    replaced: dict[str, int]
    unmatched_files: tuple[str, ...]
    unmatched_sources: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, for `--json` and the manifest."""
        return asdict(self)

    def text(self) -> str:
        """The report as an analyst reads it: the counts, then the commonest reasons with one example each."""
        return "\n".join([*self._counts(), *self._asides(), *self._why()]) + "\n"

    def _counts(self) -> list[str]:
        rows = [("source", "table", "read", "kept", "rejected", "superseded", "merged", "cells noted")]
        for s in self.sources:
            numbers = (s.read, s.kept, s.rejected, s.superseded, s.merged, s.notes)
            rows.append((s.source, s.table, *(f"{n:,}" for n in numbers)))  # type: ignore[arg-type]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = []
        for row in rows:
            cells = [c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
            lines.append("  ".join(cells).rstrip())
        held = ", ".join(f"{n:,} {name}" for name, n in self.rows.items())
        return [*lines, "", f"Snapshot {self.snapshot_id} holds {held}."]

    def _asides(self) -> list[str]:
        lines = [f"Earlier rows of {name} replaced by newer ones: {n:,}." for name, n in self.replaced.items()]
        for o in self.orphans:
            what = f"{_n(o.rows, 'row')} of {o.table} with a {o.column} that is not in {o.parent}"
            lines.append(f"{what} ({o.identifiers:,} different): {o.done}.")
        if self.unmatched_files:
            lines.append(f"Files that no source of the mapping takes: {', '.join(self.unmatched_files[:10])}.")
        if self.unmatched_sources:
            lines.append(f"Sources of the mapping without a file: {', '.join(self.unmatched_sources)}.")
        return lines

    def _why(self) -> list[str]:
        if not self.reasons:
            return ["Nothing was rejected."]
        return ["", "Why rows and cells were not taken:", *reason_lines(self.reasons)]


def reason_lines(reasons: tuple[ReasonCount, ...]) -> list[str]:
    """The commonest reasons, each with its count and one example."""
    lines = []
    for r in reasons[:_SHOWN_REASONS]:
        what = "cell" if r.kind == "cell" else "row"
        column = f" {r.column}" if r.column else ""
        value = "" if r.example_value is None else f" {_short(r.example_value)!r}"
        place = f"{r.source}/{r.table}{column}"
        lines.append(f"  {_n(r.n, what):>15} of {place}: {r.reason}; allowed: {r.allowed}")
        lines.append(f"{'':>18}e.g. {r.example_file}:{r.example_line}{value}")
    hidden = len(reasons) - _SHOWN_REASONS
    return [*lines, f"  … and {hidden} more reasons."] if hidden > 0 else lines


def _n(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def _short(value: str) -> str:
    return value if len(value) <= 60 else value[:59] + "…"
