"""Numbers as people write them, in any digits, with either decimal mark and any grouping."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

# digits joined by the marks in use: full stop, comma, space, apostrophe (Swiss), Arabic decimal and thousands mark
NUMBER = r"\d(?:[\d.,'’ ]*\d)?"

MAX_DIGITS = 30  # more than any quantity has; longer runs are identifiers or damage, and cost time to convert

SCIENTIFIC = re.compile(r"\s*[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d+\s*")

_WHOLE = re.compile(
    r"\d+"
    r"|\d{1,3}(?:(?P<mark>[., '’])\d{3})(?:(?P=mark)\d{3})*"
    r"|(?P<indian>\d{1,2}(?:,\d{2})*,\d{3})"  # lakh and crore: 1,23,456
)
_ARABIC_MARKS = str.maketrans({"٫": ".", "٬": ",", "−": "-", "﹣": "-"})
_GROUP_MARKS = re.compile(r"[., '’]")


class UnreadableNumber(ValueError):
    """The digits cannot be read as one number; the text is the reason, to follow the value in a sentence."""


@dataclass(frozen=True, slots=True)
class Lone:
    """How to read a single mark with three digits after it ("1.499"): the marks that group, the marks that point.

    A mark in neither makes the number ambiguous, and it is refused.
    """

    group: str = ""
    point: str = ""


def plain(text: str) -> str:
    """The text with compatibility forms, digits of other scripts and Arabic marks in their ASCII form.

    Raises UnreadableNumber for superscripts, circled digits and fractions, which would change the value silently.

    >>> plain("￥１９９"), plain("١٬٥٤٩٫٠٠")
    ('¥199', '1,549.00')
    """
    if text.isascii():
        return text
    if any(unicodedata.category(char) == "No" for char in text):
        raise UnreadableNumber("holds a superscript, circled digit or fraction")
    text = unicodedata.normalize("NFKC", text.translate(_ARABIC_MARKS)).translate(_ARABIC_MARKS)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() and not c.isascii() else c for c in text)


def read(number: str, decimal: str | None, lone: Lone) -> tuple[int, int]:
    """The value as (digits, scale), meaning digits / 10**scale; exact, never a float.

    `number` holds ASCII digits and marks only (`NUMBER`); `decimal` is the stated decimal mark, if any.

    >>> read("1,549.00", None, Lone()), read("1.499", ",", Lone())
    ((154900, 2), (1499, 0))
    """
    if len(number) > MAX_DIGITS:
        raise UnreadableNumber(f"has more than {MAX_DIGITS} digits")
    if number.isdigit():
        return int(number), 0
    mark = _decimal_mark(number, decimal, lone)
    whole, _, fraction = number.rpartition(mark) if mark else (number, "", "")
    groups = _WHOLE.fullmatch(whole)
    badly_marked = mark and (not fraction.isdigit() or mark in whole)
    if groups is None or badly_marked:
        said = f" when {decimal!r} is the decimal mark" if decimal else ""
        raise UnreadableNumber(f"does not group its digits in threes{said}")
    return int(_GROUP_MARKS.sub("", whole) + fraction), len(fraction)


def is_finite(raw: int | float | Decimal) -> bool:
    """Whether the number is finite, for integers beyond float64 and signalling NaN too; `math.isfinite` raises."""
    return raw.is_finite() if isinstance(raw, Decimal) else isinstance(raw, int) or math.isfinite(raw)


def _decimal_mark(number: str, decimal: str | None, lone: Lone) -> str:
    if decimal is not None:
        return decimal if decimal in number else ""
    points, commas = number.count("."), number.count(",")
    if points and commas:
        return "." if number.rfind(".") > number.rfind(",") else ","
    if points + commas != 1:
        return ""
    return _lone_mark(number, "." if points else ",", lone)


def _lone_mark(number: str, mark: str, lone: Lone) -> str:
    lead, _, tail = number.partition(mark)
    # only one to three digits before and exactly three after can be a group; "0.499" and "1 234,567" cannot
    if len(tail) != 3 or len(lead) > 3 or not lead.isdigit() or lead.startswith("0"):
        return mark
    if mark in lone.group:
        return ""
    if mark in lone.point:
        return mark
    raise UnreadableNumber(f"may mean {lead}{tail} or {lead}.{tail}: state the decimal mark")
