"""What a signal is: one measured fact about a subject, with its unit, direction and the sentence shown to people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assay.market.values.currencies import exponent, is_code

Row = Mapping[str, Any]


class Direction(StrEnum):
    """Which way a signal's value is more suspect. Only `more` and `less` may be held monotone in the score."""

    MORE = "more"
    LESS = "less"
    TWO_SIDED = "two-sided"


@dataclass(frozen=True, slots=True)
class Signal:
    """One measured fact: its identity, what it needs, when it is worth showing, and how it is said.

    `needs` are dotted market columns that must hold at least one value. The value column is named after the id
    (`price-gap` -> `price_gap`); null means not checked, 0 means checked and nothing found. Facts that the sentence
    uses stand beside it as `price_gap__reference`. A discrepancy is shown when the value is at or above `fires_above`
    or at or below `fires_below`; `sentence` turns the row into two facts that do not fit, and never accuses.
    """

    id: str
    subject: str
    unit: str
    direction: Direction
    needs: tuple[str, ...]
    sentence: Callable[[Row], str]
    rationale: str
    source: str
    example: str
    fires_above: float | None = None
    fires_below: float | None = None

    @property
    def column(self) -> str:
        """Name of the value column."""
        return self.id.replace("-", "_")

    @property
    def family(self) -> str:
        """First part of the id."""
        return self.id.partition("-")[0]

    def fires(self, value: float | None) -> bool:
        """Whether this value is worth showing as a discrepancy; a value that was not checked never is."""
        if value is None:
            return False
        above = self.fires_above is not None and value >= self.fires_above
        below = self.fires_below is not None and value <= self.fires_below
        return above or below


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Two facts that do not fit, in one sentence, with the value that was measured."""

    subject_type: str
    subject_id: str
    signal: str
    value: float
    text: str


def discrepancies(row: Row, signals: tuple[Signal, ...]) -> list[Discrepancy]:
    """Every signal of `signals` that fires in this row of a signal table, in the order of `signals`."""
    found = []
    for signal in signals:
        value = row.get(signal.column)
        if value is not None and signal.fires(float(value)):
            subject = str(row[f"{signal.subject}_id"])
            # The last digits depend on the order in which an engine adds; six decimals are the same in every run.
            shown = round(float(value), 6)
            found.append(Discrepancy(signal.subject, subject, signal.id, shown, signal.sentence(row)))
    return found


def money_text(minor: int | None, currency: str | None) -> str:
    """Minor units as people read them: `154900, "EUR"` -> `1,549.00 EUR`; `not stated` for a missing amount."""
    if minor is None:
        return "not stated"
    digits = exponent(currency if currency and is_code(currency) else None)
    return f"{minor / 10**digits:,.{digits}f} {currency or ''}".strip()


def counted(n: float, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 listing`, `1,037 listings`; `many` where an s does not make the plural."""
    return f"{n:,.0f} {one if n == 1 else many or one + 's'}"


def ratio_text(ratio: float) -> str:
    """How one amount compares with another that was just named: `17 % of it`, `4.2 times as much`."""
    if ratio >= 1:
        return f"{ratio:,.1f} times as much"
    return f"{ratio * 100:.{0 if ratio >= 0.095 else 1}f} % of it"
