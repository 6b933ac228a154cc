"""Counts and measurements: whole numbers and finite floating-point numbers."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from assay.market.values import numeric
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.numeric import NUMBER, Lone, UnreadableNumber
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

ALLOWED_INTEGER = "a whole number such as 1995 or 1,995"
ALLOWED_NUMBER = "one finite number such as 4.5"

MOST_INTEGER = 2**63 - 1  # what a 64-bit column holds

# suffixes of rounded counts ("2.7k+ sold") and the Chinese myriads; w is how 万 is typed on a Latin keyboard
_FACTORS = {"": 1, "k": 10**3, "千": 10**3, "m": 10**6, "w": 10**4, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_COUNT = re.compile(rf"([+-]?)\s*({NUMBER})\s*(k|m|w|千|万|萬|亿|億)?\s*\+?", re.IGNORECASE)
_MEASURE = re.compile(rf"([+-]?)\s*({NUMBER}|[.,]\d+)(?:[eE]([+-]?\d{{1,3}}))?\s*(.*)", re.DOTALL)
# what most cells hold, read three times as fast as the rest: digits that fit in 64 bits, and decimals with a full stop
_SHORT = 18
_AS_PROGRAMS_WRITE = re.compile(r"-?\d{1,15}(?:\.\d{1,18})?", re.ASCII)
_OUT_OF = re.compile(
    r"(?:/|out of|von|sur|de|su|из)\s*(\d+)\s*(?:stars?|sterne|étoiles)?|stars?|★|星|分", re.IGNORECASE
)

# grams in the units parcels are weighed in; pound and ounce by the international agreement of 1959
_GRAMS = {
    "g": 1.0, "gr": 1.0, "gram": 1.0, "grams": 1.0, "克": 1.0, "г": 1.0,
    "kg": 1000.0, "kgs": 1000.0, "kilogram": 1000.0, "kilograms": 1000.0, "千克": 1000.0, "公斤": 1000.0, "кг": 1000.0,
    "lb": 453.59237, "lbs": 453.59237, "pounds": 453.59237, "oz": 28.349523125, "ounces": 28.349523125,
}  # fmt: skip

# a comma before three digits can only group in a whole number; a full stop may come from a program that wrote a float
_LONE_INTEGER = Lone(group=",")
# programs write a full stop for the decimal mark
_LONE_NUMBER = Lone(point=".")


def clean_integer(raw: object, hints: Hints = NO_HINTS) -> int | None:
    """A whole number in 64 bits; None for a blank. Rounded counts ("2.7k+", "1.2万") give the number they name.

    Raises BadValue for fractions, scientific notation, words, NaN and infinity, and "1.995" without a decimal hint.

    >>> clean_integer("1,995"), clean_integer("2.7k+"), clean_integer(12.0)
    (1995, 2700, 12)
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if isinstance(raw, str):
        if len(raw) <= _SHORT and raw.isascii() and raw.isdigit():
            return int(raw)
        try:
            value = _count(numeric.plain(raw[:200]).strip(), hints)
        except (UnreadableNumber, ValueError) as fault:
            raise refuse(raw, str(fault), ALLOWED_INTEGER) from None
    elif isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        raise refuse(raw, "is no number", ALLOWED_INTEGER)
    elif not numeric.is_finite(raw):
        raise refuse(raw, "is not finite", ALLOWED_INTEGER)
    else:
        value = _whole(raw)
    if not -MOST_INTEGER <= value <= MOST_INTEGER:
        raise refuse(raw, "does not fit in 64 bits", ALLOWED_INTEGER)
    return value


def clean_number(
    raw: object, hints: Hints = NO_HINTS, unit: str | None = None, most: float | None = None
) -> float | None:
    """A finite number; None for a blank. A column in g also takes kg, lb and oz; "4.5 out of 5" needs 5 as its most.

    Raises BadValue for NaN, infinity, anything beyond float64, words that are no unit, and "1,995" without a hint.

    >>> clean_number("1.2 kg", unit="g"), clean_number("4.5 out of 5 stars", unit="stars", most=5), clean_number("4,5")
    (1200.0, 4.5, 4.5)
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if isinstance(raw, str):
        if hints.decimal != "," and _AS_PROGRAMS_WRITE.fullmatch(raw):
            return float(raw) + 0.0
        try:
            value = _measure(numeric.plain(raw[:200]).strip(), hints, unit, most)
        except (UnreadableNumber, ValueError, OverflowError) as fault:
            raise refuse(raw, str(fault), ALLOWED_NUMBER) from None
    elif isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        raise refuse(raw, "is no number", ALLOWED_NUMBER)
    else:
        value = _as_float(raw)
    if not math.isfinite(value):
        raise refuse(raw, "is not finite", ALLOWED_NUMBER)
    return value + 0.0  # turns -0.0 into 0.0, which would otherwise be a second zero in group-bys


def _count(text: str, hints: Hints) -> int:
    if numeric.SCIENTIFIC.fullmatch(text):
        raise ValueError("is in scientific notation")
    found = _COUNT.fullmatch(text)
    if found is None:
        raise ValueError("is no whole number")
    sign, number, suffix = found.groups()
    # with a suffix the mark is a decimal one: nobody writes 1,995k for two million
    lone = Lone(point=".,") if suffix else _LONE_INTEGER
    digits, scale = numeric.read(number, hints.decimal, lone)
    parts: int = 10**scale
    value, rest = divmod(digits * _FACTORS[(suffix or "").lower()], parts)
    if rest:
        raise ValueError("has a fraction")
    return -value if sign == "-" else value


def _whole(raw: int | float | Decimal) -> int:
    if not -MOST_INTEGER <= raw <= MOST_INTEGER:  # before int(), which would write out 1E+999999
        return MOST_INTEGER + 1
    if int(raw) != raw:
        raise refuse(raw, "has a fraction", ALLOWED_INTEGER)
    return int(raw)


def _measure(text: str, hints: Hints, unit: str | None, most: float | None) -> float:
    found = _MEASURE.fullmatch(text)
    if found is None:
        raise ValueError("is not finite" if re.match(r"[+-]?(?:nan|inf)", text, re.IGNORECASE) else "is no number")
    sign, number, power, rest = found.groups()
    number = f"0{number}" if number[0] in ".," else number
    digits, scale = numeric.read(number, hints.decimal, _LONE_NUMBER) if not power else _mantissa(number)
    value = float(Decimal(digits).scaleb(int(power or 0) - scale)) * _factor(rest.strip(), unit, most)
    return -value if sign == "-" else value


def _mantissa(number: str) -> tuple[int, int]:
    """Only programs write powers of ten, and they write a full stop."""
    return numeric.read(number, ".", _LONE_NUMBER)


def _factor(word: str, unit: str | None, most: float | None) -> float:
    if not word or word.casefold() == (unit or "").casefold():
        return 1.0
    if unit == "g" and word.casefold().rstrip(".") in _GRAMS:
        return _GRAMS[word.casefold().rstrip(".")]
    out_of = _OUT_OF.fullmatch(word)
    if out_of is not None and most is not None and (out_of[1] is None or float(out_of[1]) == most):
        return 1.0
    raise ValueError(f"holds {word[:40]!r} beside the number")


def _as_float(raw: int | float | Decimal) -> float:
    if not numeric.is_finite(raw):
        return math.nan
    try:
        return float(raw)
    except OverflowError:
        return math.inf


INTEGER_RULE = Rule(
    accepts=(
        "Whole numbers with grouping, also in lakhs; rounded counts with k, m, 千, 万, 亿; floats without a fraction."
    ),
    becomes="A 64-bit integer. A rounded count gives the number it names, which is its lower bound when a + follows.",
    refuses=(
        'Fractions, scientific notation, words, and "1.995" as long as the hint `decimal` does not say which it is.'
    ),
    examples=(
        Example("1995"),
        Example("1,995"),
        Example("1.995"),
        Example("1.995", Hints(decimal=",")),
        Example("2.7k+"),
        Example("1.2万"),
        Example("12.0"),
        Example("4.00638E+12"),
    ),
)

NUMBER_RULE = Rule(
    accepts=(
        "Decimal numbers with either mark, powers of ten, the column's own unit; kg, lb and oz in a "
        'column of grams; "4.5 out of 5".'
    ),
    becomes="A finite 64-bit float in the column's unit.",
    refuses='NaN, infinity, 1e400, other words, and "1,995" as long as the hint `decimal` does not say which it is.',
    examples=(
        Example("4.5"),
        Example("4,5"),
        Example("1,995"),
        Example("1,995", Hints(decimal=".")),
        Example("1.5e-3"),
        Example("nan"),
    ),
)
