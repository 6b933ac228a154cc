"""What is published about a kind of value: the reference page is written from these."""

from __future__ import annotations

from dataclasses import dataclass

from assay.market.values.hints import NO_HINTS, Hints


@dataclass(frozen=True, slots=True)
class Example:
    """One value as a source writes it, with the hints it is read with. What it becomes is computed, never written."""

    raw: str
    hints: Hints = NO_HINTS


@dataclass(frozen=True, slots=True)
class Rule:
    """What a kind accepts, what it becomes and what is refused, in words, with examples."""

    accepts: str
    becomes: str
    refuses: str
    examples: tuple[Example, ...] = ()
