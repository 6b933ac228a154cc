import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.casework.audit.events import DamagedEvent, EventRecord, UnwritableEvent, read_event, read_time, time_text
from tests.casework.audit.logs import event

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15)
states = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | numbers | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
records = st.builds(
    EventRecord,
    seq=st.integers(1, 2**53 - 1),
    at=st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC)),
    actor=texts,
    actor_role=texts,
    action=texts,
    subject_type=texts,
    subject_id=texts,
    before=st.none() | states,
    after=st.none() | states,
    reason=st.none() | texts,
)


def test_an_event_is_written_in_exactly_these_bytes():
    written = event(7, after={"b": [2.0, 1e-7], "a": "é仿", "": None}).canonical_bytes()
    assert (
        written
        == (
            '{"action":"case.taken","actor":"u0","actor_role":"agent","after":{"":null,"a":"é仿","b":[2,1e-07]},'
            '"at":"2026-01-02T03:11:05.000006Z","before":{"n":7,"state":"open"},"format":1,'
            '"reason":"asked by the rights holder","seq":7,"subject_id":"c2","subject_type":"case"}'
        ).encode()
    )


@given(records)
def test_bytes_read_back_are_written_alike(record):
    content = record.canonical_bytes()
    assert read_event(content).canonical_bytes() == content


@given(records)
def test_an_event_kept_as_json_by_a_database_is_written_alike(record):
    kept = [None if s is None else json.loads(json.dumps(s)) for s in (record.before, record.after)]
    values = {name: getattr(record, name) for name in EventRecord.__slots__}
    assert EventRecord(**{**values, "before": kept[0], "after": kept[1]}).canonical_bytes() == record.canonical_bytes()


@given(st.floats(-1e15, 1e15))
def test_a_number_kept_as_its_decimal_value_is_written_alike(number):
    # What a jsonb column gives back: the exact decimal value of the shortest writing, without exponent.
    text = format(Decimal(repr(number)), "f")
    kept = json.loads("0" if Decimal(text) == 0 else text)
    assert event(after={"x": kept}).canonical_bytes() == event(after={"x": number}).canonical_bytes()


@given(records, st.data())
def test_no_two_events_are_written_alike(record, data):
    other = data.draw(records)
    same = all(getattr(record, n) == getattr(other, n) for n in EventRecord.__slots__)
    if not same:
        assert record.canonical_bytes() != other.canonical_bytes()


def test_the_same_instant_in_another_zone_is_written_alike():
    east = timezone(timedelta(hours=8))
    at = datetime(2026, 1, 2, tzinfo=UTC)
    assert event(at=at.astimezone(east)).canonical_bytes() == event(at=at).canonical_bytes()


def test_the_order_of_keys_does_not_matter():
    assert event(after={"a": 1, "b": 2}).canonical_bytes() == event(after={"b": 2, "a": 1}).canonical_bytes()


def test_the_letters_of_an_escape_are_ordinary_text():
    content = event(reason="\\u0000").canonical_bytes()
    assert read_event(content).reason == "\\u0000"


def nested(depth):
    return {"x": nested(depth - 1)} if depth else {}


@pytest.mark.parametrize(
    ("given", "place", "allowed"),
    [
        ({"at": datetime(2026, 1, 2)}, "at", "an aware time"),
        ({"at": "2026-01-02"}, "at", "an aware time"),
        ({"at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8)))}, "at", "the years 1 to 9999"),
        ({"seq": 0}, "seq", "a whole number from 1"),
        ({"seq": True}, "seq", "a whole number from 1"),
        ({"actor": None}, "actor", "text"),
        ({"subject_id": 7}, "subject_id", "text"),
        ({"reason": "a\0b"}, "reason", "without NUL"),
        ({"action": "\ud800"}, "action", "half a surrogate"),
        ({"after": {"x": ["a", {"y": "\0"}]}}, "after.x[1].y", "without NUL"),
        ({"after": {"x\udfff": 1}}, "after", "half a surrogate"),
        ({"before": [1]}, "before", "an object"),
        ({"after": {"x": [1, float("nan")]}}, "after.x[1]", "finite numbers"),
        ({"after": {"x": float("inf")}}, "after.x", "finite numbers"),
        ({"after": {"x": 2**53}}, "after.x", "write larger ones as text"),
        ({"after": {"x": 10**400}}, "after.x", "write larger ones as text"),
        ({"after": {"x": 1e300}}, "after.x", "write larger ones as text"),
        ({"after": {"x": {1: 2}}}, "after.x[1]", "keys that are text"),
        ({"after": {"x": datetime(2026, 1, 2, tzinfo=UTC)}}, "after.x", "write times and sums as text"),
        ({"after": {"x": {1, 2}}}, "after.x", "lists and objects"),
        ({"before": nested(40)}, "before.x.x", "32 levels"),
    ],
)
def test_what_cannot_be_written_in_one_way_is_refused_by_name(given, place, allowed):
    record = replace(event(), **given)
    with pytest.raises(UnwritableEvent) as caught:
        record.canonical_bytes()
    assert caught.value.where["column"].startswith(place)
    assert allowed in str(caught.value)


def test_a_state_that_holds_itself_is_refused():
    state = {}
    state["x"] = state
    with pytest.raises(UnwritableEvent, match="32 levels"):
        event(after=state).canonical_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        event().canonical_bytes() + b"\n",
        event().canonical_bytes().replace(b'"format":1', b'"format":2'),
        event().canonical_bytes().replace(b'"format":1', b'"extra":0,"format":1'),
        event().canonical_bytes().replace(b".000006Z", b".6Z"),
        event().canonical_bytes().replace(b'"n":1', b'"n":1.0'),
        event().canonical_bytes().replace(b'"n":1', b'"n":NaN'),
        event().canonical_bytes().replace(b'"n":1', b'"n":' + b"[" * 100_000),
        event().canonical_bytes().decode().encode("utf-16"),
    ],
)
def test_bytes_that_were_not_written_here_are_refused(content):
    with pytest.raises(DamagedEvent, match=r"cannot be read|written again"):
        read_event(content)


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_survive_being_written(at):
    assert read_time(time_text(at)) == at


def test_the_package_needs_no_framework():
    code = "import sys, assay.casework.audit; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
