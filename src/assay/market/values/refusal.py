"""How a value is refused: one sentence with the value got, why, and what is allowed."""

from __future__ import annotations

from assay.market.errors import BadValue

SHOWN_LENGTH = 80  # characters of a bad value in a message: enough to recognise it, short enough for one line
KEPT_LENGTH = 2_000  # characters of a bad value kept in a reject: a 10 MB cell must not be copied into the rejects


def refuse(raw: object, reason: str, allowed: str) -> BadValue:
    """The BadValue for `raw`: "'abc' has no digits; allowed: ...". Whatever stands in `raw`, the text is valid UTF-8.

    >>> print(refuse("abc", "has no digits", "8, 12, 13 or 14 digits"))
    'abc' has no digits; allowed: 8, 12, 13 or 14 digits
    """
    return BadValue(f"{shown(raw)} {reason}; allowed: {allowed}", {}, _kept(raw), allowed)


def copied(fault: BadValue) -> BadValue:
    """The same fault as an object of its own, for another row with the same value."""
    return BadValue(fault.message, dict(fault.where), fault.value, fault.allowed)


def shown(raw: object) -> str:
    """A value as a message shows it: quoted, one line, cut at `SHOWN_LENGTH`, unprintable characters escaped."""
    if isinstance(raw, str | bytes):
        text = repr(raw[:SHOWN_LENGTH])
        return text if len(raw) <= SHOWN_LENGTH else f"{text}… ({len(raw)} long)"
    try:
        text = repr(raw)
    except (ValueError, RecursionError):  # whole numbers of thousands of digits, lists that hold themselves
        text = "a value that cannot be written"
    text = text if isinstance(raw, int | float) else f"{text} ({type(raw).__name__})"
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"


def _kept(raw: object) -> str:
    text = raw[:KEPT_LENGTH] if isinstance(raw, str) else shown(raw)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
