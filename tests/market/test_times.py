"""Instants: every stated zone becomes UTC, a missing one is never guessed."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.market import BadValue
from assay.market.values import Hints, times

PARIS = Hints(zone="Europe/Paris")
DAY_FIRST = Hints(zone="Europe/Paris", time_format="day-first")
MONTH_FIRST = Hints(zone="UTC", time_format="month-first")


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "hints", "expected"),
    [
        ("2021-11-09T08:00:00+01:00", Hints(), utc(2021, 11, 9, 7)),
        ("2021-11-09T07:00:00Z", Hints(), utc(2021, 11, 9, 7)),
        ("2021-11-09 07:00:00.123456 UTC", Hints(), utc(2021, 11, 9, 7, 0, 0, 123456)),
        ("2021-11-09 08:00:00 +0100", Hints(), utc(2021, 11, 9, 7)),
        ("20211109T070000Z", Hints(), utc(2021, 11, 9, 7)),
        ("2021-11-09T08:00", PARIS, utc(2021, 11, 9, 7)),
        ("2021-07-09T08:00", PARIS, utc(2021, 7, 9, 6)),
        ("2021-10-31 02:30", PARIS, utc(2021, 10, 31, 0, 30)),  # occurs twice: the first is taken
        ("2021-11-09", PARIS, utc(2021, 11, 8, 23)),
        ("2021-11-09", Hints(zone="+08:00"), utc(2021, 11, 8, 16)),
        ("1636416000", Hints(), utc(2021, 11, 9)),
        ("1636416000.25", Hints(), utc(2021, 11, 9, 0, 0, 0, 250000)),
        ("1636416000123", Hints(), utc(2021, 11, 9, 0, 0, 0, 123000)),
        (1636416000, Hints(), utc(2021, 11, 9)),
        (1636416000000.0, Hints(), utc(2021, 11, 9)),
        (1636416000000000, Hints(), utc(2021, 11, 9)),
        (1636416000000000000, Hints(), utc(2021, 11, 9)),
        ("09/11/2021", DAY_FIRST, utc(2021, 11, 8, 23)),
        ("09.11.2021 14:30", DAY_FIRST, utc(2021, 11, 9, 13, 30)),
        ("09/11/2021", MONTH_FIRST, utc(2021, 9, 11)),
        ("9/11/2021, 2:05 PM", MONTH_FIRST, utc(2021, 9, 11, 14, 5)),
        ("12/31/2021 12:00 am", MONTH_FIRST, utc(2021, 12, 31)),
        ("2021/11/9 8:05", Hints(zone="Asia/Tokyo"), utc(2021, 11, 8, 23, 5)),
        ("2021年11月9日 12:30", Hints(zone="+08:00"), utc(2021, 11, 9, 4, 30)),
        ("２０２１年１１月９日", Hints(zone="+08:00"), utc(2021, 11, 8, 16)),
        ("9 Nov 2021", Hints(zone="UTC"), utc(2021, 11, 9)),
        ("November 9th, 2021 08:00 +01:00", Hints(), utc(2021, 11, 9, 7)),
        ("Tue, 09 Nov 2021 08:00:00 GMT", Hints(), utc(2021, 11, 9, 8)),
        ("Tue Feb 24 11:35:52 -0800 2015", Hints(time_format="%a %b %d %H:%M:%S %z %Y"), utc(2015, 2, 24, 19, 35, 52)),
        ("9-11-21", Hints(zone="UTC", time_format="%d.%m.%Y|%d-%m-%y"), utc(2021, 11, 9)),
        (datetime(2021, 11, 9, 8, tzinfo=timezone(timedelta(hours=1))), Hints(), utc(2021, 11, 9, 7)),
        (datetime(2021, 11, 9, 8), PARIS, utc(2021, 11, 9, 7)),
        (date(2021, 11, 9), Hints(zone="UTC"), utc(2021, 11, 9)),
        ("1990-01-01T00:00:00Z", Hints(), utc(1990, 1, 1)),
    ],
)
def test_times_become_utc(written, hints, expected):
    found = times.clean(written, hints)
    assert found == expected and found.tzinfo is UTC


@pytest.mark.parametrize(
    ("written", "hints", "reason"),
    [
        ("2021-11-09 08:00:00", Hints(), "has no zone and none is stated"),
        ("2021-11-09", Hints(), "has no zone and none is stated"),
        (datetime(2021, 11, 9), Hints(), "has no zone and none is stated"),
        ("09/11/2021", PARIS, "does not say whether day or month comes first"),
        ("25/11/2021", PARIS, "does not say whether day or month comes first"),
        ("25/11/2021", MONTH_FIRST, "is no time that exists"),
        ("30.02.2021", DAY_FIRST, "is no time that exists"),
        ("2021-02-30T00:00:00Z", Hints(), "is no time that exists"),
        ("2021-13-01", PARIS, "is no time that exists"),
        ("2021-11-09T25:00:00Z", Hints(), "is no time that exists"),
        ("13:00 pm", PARIS, "is no time"),
        ("09/11/2021 13:00 pm", DAY_FIRST, "is no time that exists"),
        ("9999-12-31T23:59:59Z", Hints(), "is outside 1990 to 2099"),
        ("9999-12-31", PARIS, "is outside 1990 to 2099"),
        ("0001-01-01T00:00:00+14:00", Hints(), "is outside 1990 to 2099"),
        ("1970-01-01T00:00:00Z", Hints(), "is outside 1990 to 2099"),
        ("1989-12-31T23:59:59Z", Hints(), "is outside 1990 to 2099"),
        ("2100-01-01T00:00:00Z", Hints(), "is outside 1990 to 2099"),
        (0, Hints(), "is outside 1990 to 2099 in seconds"),
        (253402300799, Hints(), "is outside 1990 to 2099 in seconds"),
        (float("nan"), Hints(), "is not finite"),
        (float("inf"), Hints(), "is not finite"),
        ("yesterday", PARIS, "is no time"),
        ("9 Brumaire 2021", PARIS, "names no English month"),
        ("9.11.2021", Hints(zone="UTC", time_format="%Y-%m-%d"), "does not follow time_format '%Y-%m-%d'"),
        (True, PARIS, "is no time"),
    ],
)
def test_what_is_no_time_is_refused_with_the_reason(written, hints, reason):
    with pytest.raises(BadValue) as caught:
        times.clean(written, hints)
    assert reason in caught.value.message


instants = st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30), timezones=st.timezones())


@given(instants)
@settings(deadline=None)
def test_written_in_iso_and_read_back_is_the_same_instant(instant):
    assert times.clean(instant.isoformat()) == instant.astimezone(UTC)


@given(instants)
@settings(deadline=None)
def test_seconds_and_milliseconds_since_1970_are_the_same_instant(instant):
    whole = instant.astimezone(UTC).replace(microsecond=0)
    seconds = int(whole.timestamp())
    assert times.clean(seconds) == times.clean(str(seconds * 1000)) == times.clean(seconds * 10**6) == whole


@given(st.dates(date(1991, 1, 1), date(2099, 1, 1)))
@settings(deadline=None)
def test_day_first_and_month_first_read_their_own_writing(day):
    assert times.clean(f"{day:%m/%d/%Y}", MONTH_FIRST) == times.clean(day, MONTH_FIRST)
    assert times.clean(f"{day:%d/%m/%Y}", DAY_FIRST) == times.clean(day, DAY_FIRST)
