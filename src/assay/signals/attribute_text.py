"""Attributes as people read them: `power_w = 18|20|30` is "power 18, 20 or 30 W"."""

from __future__ import annotations

import re

# What the last part of an attribute's name says about its unit.
_UNITS = {
    **{"w": "W", "kw": "kW", "wh": "Wh", "v": "V", "a": "A", "ma": "mA", "mah": "mAh", "hz": "Hz", "khz": "kHz"},
    **{"mhz": "MHz", "ghz": "GHz", "g": "g", "kg": "kg", "mg": "mg", "oz": "oz", "lb": "lb", "kb": "kB", "mb": "MB"},
    **{"gb": "GB", "tb": "TB", "ml": "ml", "l": "l", "mm": "mm", "cm": "cm", "m": "m", "in": "in", "inch": "inches"},
    **{"mp": "megapixels", "db": "dB", "lm": "lm", "nm": "nm", "bar": "bar", "pct": "%", "percent": "%"},
}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
# More values than these make a sentence that nobody reads to its end.
_MOST_VALUES = 8


def attribute_text(name: str, value: str, joint: str = "and") -> str:
    """One attribute in words: its name without the unit, its values (joined by |) with it.

    >>> attribute_text("power_w", "180"), attribute_text("capacity_mah", "20000"), attribute_text("made_in", "CN")
    ('power 180 W', 'capacity 20,000 mAh', 'made in CN')
    """
    plain, unit = _name_and_unit(name)
    if not value.strip()[:1].isdecimal():
        plain = " ".join(name.split("_")).strip() or name
    return f"{plain} {_values_text(value, unit, joint)}"


def contradiction_text(name: str, stated: str, allowed: str) -> str:
    """What is stated and what the catalogue knows instead, as the middle of a sentence.

    >>> contradiction_text("power_w", "180", "18|20|30")
    'power 180 W; the catalogue knows 18, 20 or 30 W for this product'
    """
    known = _values_text(allowed, _name_and_unit(name)[1], "or")
    return f"{attribute_text(name, stated)}; the catalogue knows {known} for this product"


def _name_and_unit(name: str) -> tuple[str, str]:
    stem, _, last = name.rpartition("_")
    unit = _UNITS.get(last.casefold(), "") if stem else ""
    return " ".join((stem if unit else name).split("_")).strip() or name, unit


def _values_text(values: str, unit: str, joint: str) -> str:
    """`18|20|30`, "W" -> `18, 20 or 30 W`; a value that is no plain number says its unit itself."""
    parts = [part.strip() for part in values.split("|") if part.strip()]
    if unit and all(_NUMBER.fullmatch(part) for part in parts):
        return f"{_joined([_number(part) for part in parts], joint)} {unit}"
    return _joined(parts, joint)


def _number(text: str) -> str:
    return f"{int(text):,}" if text.isdecimal() else text


def _joined(parts: list[str], joint: str) -> str:
    if len(parts) > _MOST_VALUES:
        parts = [*parts[: _MOST_VALUES - 1], f"{len(parts) - _MOST_VALUES + 1} other values"]
    return f" {joint} ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else "nothing"
