"""Opaque identifiers: compared by equality only, and possibly hashed, so that nothing in them is interpreted."""

from __future__ import annotations

from assay.market.values import text
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

MOST_CHARACTERS = 1_024  # far above a hash or an address used as an identifier; every join carries these

ALLOWED = f"one line of text, at most {MOST_CHARACTERS:,} characters"


def clean(raw: object, hints: Hints = NO_HINTS) -> str | None:
    """The identifier as it came, without outer white space; None for a blank. Numbers lose a ".0" that a table added.

    Raises BadValue for line breaks, NUL, lone surrogates, more than 1,024 characters, and values that are no text.

    >>> clean(" M000123 "), clean(123.0)
    ('M000123', '123')
    """
    cleaned = text.clean(raw)
    if cleaned is None:
        return None
    if len(cleaned) > MOST_CHARACTERS:
        raise refuse(raw, f"has {len(cleaned):,} characters", ALLOWED)
    if "\n" in cleaned:
        raise refuse(raw, "holds a line break", ALLOWED)
    return cleaned


RULE = Rule(
    accepts="Any text or whole number, also hashed.",
    becomes=(
        "The same text without outer white space; nothing in it is interpreted, upper and lower case stay different."
    ),
    refuses="Line breaks, NUL, lone surrogates, more than 1,024 characters.",
    examples=(Example(" M000123 "), Example("m000123"), Example("a\nb")),
)
