"""What a mapping knows about a source's columns that the values alone do not say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from assay.market.errors import CallerError
from assay.market.values import countries, currencies

UNITS = ("minor", "percent")

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?")


@dataclass(frozen=True, slots=True)
class Hints:
    """How the values of one column are written. Every hint is optional; a value that needs a missing one is refused.

    `currency`: ISO 4217 code of money without a sign of its own ("$ 1.499" in Argentina: "ARS").
    `decimal`: the decimal mark, "." or ",": it overrules every guess.
    `zone`: IANA zone or offset ("Europe/Paris", "+08:00") of times that carry none.
    `time_format`: "day-first", "month-first" or strptime formats joined by "|" ("%d.%m.%Y|%d.%m.%Y %H:%M").
    `region`: ISO 3166-1 alpha-2 code of telephone numbers written without a country code.
    `separator`: text between the items of a list or between the pairs of attributes.
    `unit`: "minor" when money is already whole minor units, "percent" when rates run from 0 to 100 without a sign.

    Raises CallerError for a hint that is not allowed, so that cleaning itself fails on values only.

    >>> Hints(currency="ARS", decimal=",").currency
    'ARS'
    """

    currency: str | None = None
    decimal: str | None = None
    zone: str | None = None
    time_format: str | None = None
    region: str | None = None
    separator: str | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        _require("currency", self.currency, currencies.is_code, "an ISO 4217 code such as EUR")
        _require("decimal", self.decimal, (".", ",").__contains__, '"." or ","')
        _require("zone", self.zone, _is_zone, "an IANA zone such as Europe/Paris, or an offset such as +08:00")
        _require("region", self.region, countries.is_code, "an ISO 3166-1 alpha-2 code such as FR")
        _require("unit", self.unit, UNITS.__contains__, " or ".join(UNITS))
        _require("separator", self.separator, bool, "at least one character")
        _require("time_format", self.time_format, _is_format, '"day-first", "month-first" or strptime formats')


def _require(name: str, value: str | None, holds: Callable[[str], object], allowed: str) -> None:
    if value is not None and not holds(value):
        raise CallerError(f"hint {name} is {value!r}; allowed: {allowed}", {"hint": name}, value, allowed)


def _is_format(text: str) -> bool:
    return text in {"day-first", "month-first"} or "%" in text


def _is_zone(name: str) -> bool:
    try:
        zone_of(name)
    except (ValueError, OSError):
        return False
    return True


NO_HINTS = Hints()


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name or an offset such as "+08:00"; ValueError when there is none."""
    offset = _OFFSET.fullmatch(name)
    if offset is None:
        if not name.strip():
            raise ValueError("no zone")
        # ZoneInfoNotFoundError is a KeyError; every caller here speaks of ValueError
        try:
            return ZoneInfo(name)
        except KeyError:
            raise ValueError(f"no zone {name!r}") from None
    hours, minutes = int(offset[2]), int(offset[3] or 0)
    if hours > 14 or minutes > 59:  # +14:00 (Kiribati) is the widest offset in use
        raise ValueError(f"no offset {name!r}")
    span = timedelta(hours=hours, minutes=minutes)
    return timezone(-span if offset[1] == "-" else span)
