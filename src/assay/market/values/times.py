"""Instants: any stated zone becomes UTC, a missing one is never guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

from assay.market.values import numeric
from assay.market.values.hints import NO_HINTS, Hints, zone_of
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

ALLOWED = (
    "a time from 1990 to 2099 with a zone (2021-11-09T07:00:00Z), or seconds or milliseconds since 1970; "
    "the hints zone and time_format let others be read"
)

# nothing of an online marketplace is older than the Web (1990), and 9999-12-31 or 2106 mark "never" or a broken clock
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_FIRST, _LAST = int(EARLIEST.timestamp()), int(LATEST.timestamp())

_EPOCH = re.compile(r"(\d{9,19})(?:\.(\d{1,9}))?")
_ISO = re.compile(r"\d{4}-?\d\d-?\d\d(?:[T ].*)?", re.IGNORECASE)
_CLOCK = (
    r"(?:[T ,]+(\d{1,2})[:时點点h](\d{1,2})(?:[:分](\d{1,2})(?:[.,]\d+)?)?秒?分?"
    r"\s*([ap]\.?m\.?)?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?)?"
)
_YEAR_FIRST = re.compile(rf"(\d{{4}})[/.年-](\d{{1,2}})[/.月-](\d{{1,2}})日?\s*{_CLOCK}", re.IGNORECASE)
_YEAR_LAST = re.compile(rf"(\d{{1,2}})[/.-](\d{{1,2}})[/.-](\d{{4}})\s*{_CLOCK}", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = re.compile(
    r"(?:[a-z]{3,9},?\s+)?"
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?P<month>[a-z]{3,9})\.?"
    r"|(?P<month2>[a-z]{3,9})\.?\s+(?P<day2>\d{1,2})(?:st|nd|rd|th)?)"
    rf"[\s,-]+(?P<year>\d{{4}})\s*{_CLOCK}",
    re.IGNORECASE,
)
# how many units of a bare number make a second: the ranges of seconds, ms, us and ns from 1990 to 2100 do not overlap
_PER_SECOND = (1, 10**3, 10**6, 10**9)


def clean(raw: object, hints: Hints = NO_HINTS) -> datetime | None:
    """The instant in UTC, to the microsecond; None for a blank.

    Reads ISO 8601, seconds, milliseconds, microseconds or nanoseconds since 1970, year-first dates with any mark
    (2021/11/09, 2021年11月9日), English month names, and what `hints.time_format` describes. Times without a zone take
    `hints.zone`; of a local hour that occurs twice the first is taken. A date alone is its first instant.

    Raises BadValue for "09/11/2021" without a format hint, for a time without a zone when none is stated, and outside
    1990 to 2099.

    >>> clean("2021-11-09T08:00:00+01:00")
    datetime.datetime(2021, 11, 9, 7, 0, tzinfo=datetime.timezone.utc)
    >>> clean("09/11/2021", Hints(time_format="day-first", zone="Europe/Paris"))
    datetime.datetime(2021, 11, 8, 23, 0, tzinfo=datetime.timezone.utc)
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    try:
        return _in_range(_aware(_read(raw, hints), hints))
    except (ValueError, OverflowError) as fault:
        raise refuse(raw, _reason(fault), ALLOWED) from None


class _NoTime(ValueError):
    """The reason a value is no time, fit to follow it in a sentence."""


def _reason(fault: Exception) -> str:
    if isinstance(fault, _NoTime | numeric.UnreadableNumber):
        return str(fault)
    return "is no time that exists"


def _read(raw: object, hints: Hints) -> datetime:
    if isinstance(raw, datetime):
        return raw
    if isinstance(raw, date):
        return datetime(raw.year, raw.month, raw.day)
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise _NoTime("is no time")
    if not isinstance(raw, str):
        return _since_1970(Decimal(raw))
    text = raw[:100] if raw.isascii() else numeric.plain(raw[:100])
    return _read_text(text.strip(), hints)


def _read_text(text: str, hints: Hints) -> datetime:
    if hints.time_format is not None and "%" in hints.time_format:
        return _by_format(text, hints.time_format)
    if _ISO.fullmatch(text):
        return _iso(text)
    epoch = _EPOCH.fullmatch(text)
    if epoch is not None:
        return _since_1970(Decimal(text))
    found = _YEAR_FIRST.fullmatch(text)
    if found is not None:
        year, month, day, *clock = found.groups()
        return _built((year, month, day), clock)
    return _year_last(text, hints)


def _year_last(text: str, hints: Hints) -> datetime:
    found = _YEAR_LAST.fullmatch(text)
    if found is None:
        return _named(text)
    first, second, year, *clock = found.groups()
    if hints.time_format == "day-first":
        return _built((year, second, first), clock)
    if hints.time_format == "month-first":
        return _built((year, first, second), clock)
    raise _NoTime('does not say whether day or month comes first; state time_format = "day-first" or "month-first"')


def _named(text: str) -> datetime:
    found = _NAMED.fullmatch(text)
    if found is None:
        raise _NoTime("is no time")
    month = (found["month"] or found["month2"]).casefold()[:3]
    if month not in _MONTHS:
        raise _NoTime("names no English month")
    day = found["day"] or found["day2"]
    return _built((found["year"], str(_MONTHS.index(month) + 1), day), found.groups()[5:])


def _built(day: tuple[str, str, str], clock: Sequence[str | None]) -> datetime:
    hour, minute, second, half, zone = clock
    hours = int(hour or 0)
    if half:
        if not 1 <= hours <= 12:
            raise _NoTime("is no time that exists")
        hours = hours % 12 + (12 if half.casefold().startswith("p") else 0)
    year, month, number = map(int, day)
    local = datetime(year, month, number, hours, int(minute or 0), int(second or 0))
    return local.replace(tzinfo=_zone(zone)) if zone else local


def _iso(text: str) -> datetime:
    upper = text.upper()
    for name in (" UTC", " GMT", " Z"):
        if upper.endswith(name):
            return datetime.fromisoformat(text[: -len(name)] + "+00:00")
    # "2021-11-09 08:00:00 +0100": the standard has no space before the offset, databases write one
    return datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d\d:?\d\d$)", "", text))


def _zone(name: str) -> tzinfo:
    return UTC if name.upper() in {"Z", "UTC", "GMT"} else zone_of(name)


def _by_format(text: str, formats: str) -> datetime:
    for one in formats.split("|"):
        try:
            return datetime.strptime(text, one)
        except (ValueError, re.error):  # a wrong directive in the format ends up here as well
            continue
    raise _NoTime(f"does not follow time_format {formats!r}")


def _since_1970(count: Decimal) -> datetime:
    if not count.is_finite():
        raise _NoTime("is not finite")
    for per_second in _PER_SECOND:
        if _FIRST * per_second <= count < _LAST * per_second:
            micros = int(count * 10**6 / per_second)
            seconds, rest = divmod(micros, 10**6)
            return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
    raise _NoTime("is outside 1990 to 2099 in seconds, milliseconds, microseconds and nanoseconds since 1970")


def _aware(time: datetime, hints: Hints) -> datetime:
    if not 1980 < time.year < 2110:  # before the zone is applied, which overflows at the years 1 and 9999
        raise _NoTime("is outside 1990 to 2099")
    if time.tzinfo is not None and time.utcoffset() is not None:
        return time.astimezone(UTC)
    if hints.zone is None:
        raise _NoTime("has no zone and none is stated")
    return time.replace(tzinfo=zone_of(hints.zone)).astimezone(UTC)


def _in_range(time: datetime) -> datetime:
    if not EARLIEST <= time < LATEST:
        raise _NoTime("is outside 1990 to 2099")
    return time


RULE = Rule(
    accepts=(
        "ISO 8601; seconds, milliseconds, microseconds or nanoseconds since 1970; year-first dates "
        "(2021/11/09, 2021年11月9日); English month names; "
        "day-first, month-first or any strptime formats by the hint `time_format`."
    ),
    becomes=(
        "An instant in UTC with microseconds. A time without a zone is in the zone of the hint `zone`; a "
        "date alone is its first instant."
    ),
    refuses=(
        'A time without a zone when none is stated, "09/11/2021" without a format, everything before '
        "1990 or after 2099."
    ),
    examples=(
        Example("2021-11-09T08:00:00+01:00"),
        Example("2021-11-09 08:00:00"),
        Example("2021-11-09 08:00:00", Hints(zone="Asia/Shanghai")),
        Example("1636416000"),
        Example("1636416000000"),
        Example("09/11/2021", Hints(zone="Europe/Paris")),
        Example("09/11/2021", Hints(zone="Europe/Paris", time_format="day-first")),
        Example("2021年11月9日 12:30", Hints(zone="+08:00")),
        Example("Nov 9, 2021", Hints(zone="UTC")),
        Example("9999-12-31T00:00:00Z"),
        Example("1970-01-01T00:00:00Z"),
    ),
)
