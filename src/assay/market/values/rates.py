"""Rates: shares from 0 to 1, written as a share or in percent."""

from __future__ import annotations

import re
from decimal import Decimal

from assay.market.values import numeric
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.numeric import NUMBER, Lone, UnreadableNumber
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

ALLOWED = "a share from 0 to 1, or a percentage from 0% to 100%"

# words may follow a percentage ("99.4% Positive feedback"), never a bare share, and never further digits
_RATE = re.compile(rf"({NUMBER}|[.,]\d+)\s*(?:(%|‰|percent|per cent|prozent|pct)(?:[^\d%‰]*))?", re.IGNORECASE)
# a share has nothing to group
_LONE = Lone(point=".,")
_PERCENT, _PER_MILLE = 100, 1000


def clean(raw: object, hints: Hints = NO_HINTS) -> float | None:
    """A share from 0 to 1; None for a blank. Hint `unit = "percent"` reads numbers without a sign as percent.

    Raises BadValue outside 0 to 1: "99.4" without a percent sign or the hint is not guessed to be a percentage.

    >>> clean("99.4% Positive feedback"), clean("99,4 %"), clean("0.994")
    (0.994, 0.994, 0.994)
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if isinstance(raw, str):
        try:
            value = _read(raw, hints)
        except (UnreadableNumber, ValueError) as fault:
            raise refuse(raw, str(fault), ALLOWED) from None
    elif isinstance(raw, bool) or not isinstance(raw, int | float | Decimal) or not numeric.is_finite(raw):
        raise refuse(raw, "is no finite number", ALLOWED)
    elif not -_PERCENT <= raw <= _PERCENT:  # before float(), which cannot hold every integer
        raise refuse(raw, "is beyond 100", ALLOWED)
    else:
        value = float(raw) / (_PERCENT if hints.unit == "percent" else 1)
    if not 0 <= value <= 1:
        raise refuse(raw, "is outside 0 to 1 and has no percent sign", ALLOWED)
    return value + 0.0  # -0.0 is 0.0


def _read(raw: str, hints: Hints) -> float:
    text = numeric.plain(raw[:200].replace("％", "%")).strip()
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError("is negative" if text.startswith("-") else "is no rate")
    number, sign = found.groups()
    number = f"0{number}" if number[0] in ".," else number
    digits, scale = numeric.read(number, hints.decimal, _LONE)
    is_percent = sign or hints.unit == "percent"
    below = _PER_MILLE if sign == "‰" else _PERCENT if is_percent else 1
    whole: int = below * 10**scale
    if digits > whole:
        raise ValueError("is over 100%" if below > 1 else "is over 1 and has no percent sign")
    return digits / whole  # integers: true division rounds once, so 99.4% is the float 0.994


RULE = Rule(
    accepts="A share (0.994) or a percentage (99.4%, 99,4 %), words after the percent sign included; per mille (‰).",
    becomes="A share from 0 to 1.",
    refuses='Anything below 0 or above 1; "99.4" without a sign, unless the hint `unit = "percent"` says so.',
    examples=(
        Example("99.4% Positive feedback"),
        Example("0.994"),
        Example("99,4 %"),
        Example("99.4"),
        Example("99.4", Hints(unit="percent")),
        Example("101%"),
    ),
)
