"""What holds for every kind of value, whatever comes in."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.market import TABLES, BadValue, CallerError, Column, Kind
from assay.market.values import RULES, Hints, clean, clean_many

EVERY_KIND = [Column(f"a_{kind}", kind, "") for kind in Kind]
EVERY_KIND += [
    TABLES["orders"].column("parcel_weight_g"),
    TABLES["reviews"].column("rating"),
    TABLES["listings"].column("price"),
    TABLES["merchants"].column("status"),
]

HINTS = [
    Hints(),
    Hints(currency="EUR", decimal=",", zone="Europe/Paris", time_format="day-first", region="FR", separator=";"),
    Hints(currency="JPY", decimal=".", zone="+09:00", time_format="month-first", region="JP", separator=","),
    Hints(currency="KWD", zone="Asia/Kuwait", time_format="%d.%m.%Y|%Y%m%d", region="US"),
]

# pieces that values are made of, so that random texts get past the first test of each cleaner
_PIECES = r"""
0 1 9 12 199 1,549.00 1.549,00 1.499 00 . , - – + / : ; | ( ) [ ] { } ' " % ‰ @ # $ US€ ¥ kr £ EUR USD 元 起 万 k m
e E+12 T Z UTC 2021 2021-11-09 09/11/2021 08:00 +01:00 Nov am pm 年 月 日 true no null nan inf http:// www. .com ex
ample tel: ext x key value name size = \ \n ١٢ １２ ² ½ é K 🇫🇷 ß İ ǅ ﬁ ・ から ab to 起 /ea a-b 4006381333931
"""
PIECES = [*_PIECES.split(), " ", "e\u0301", "\u200b", "\u202e", "\ud800", "\x00", "\x85", "\u3000", "\xa0"]

texts = (
    st.text(max_size=40)
    | st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
    | st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join)
)
plain_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
anything = (
    texts
    | st.binary(max_size=30)
    | st.floats()
    | st.integers()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.decimals()
    | st.booleans()
    | st.none()
    | st.datetimes()
    | st.datetimes(timezones=st.timezones())
    | st.dates()
    | plain_json
    | st.sampled_from(
        [np.int64(5), np.float32(2.5), np.str_("x"), np.datetime64("2021-11-09"), object(), {1}, b"\xff", ()]
    )
)


@pytest.mark.parametrize("column", EVERY_KIND, ids=lambda column: column.name)
@given(raw=anything, hints=st.sampled_from(HINTS))
@settings(max_examples=150, deadline=None)
def test_nothing_but_bad_value_is_raised_and_what_comes_back_can_be_stored(column, raw, hints):
    try:
        value = clean(column, raw, hints)
    except BadValue as fault:
        assert fault.message and fault.allowed and fault.where == {"column": column.name}
        fault.message.encode("utf-8")
        assert str(fault.value).encode("utf-8") is not None
        assert len(fault.message) < 600
    else:
        stored = pa.array([value], column.arrow_type)
        assert stored.to_pylist() == [value]
        assert value != ""


@pytest.mark.parametrize("column", EVERY_KIND, ids=lambda column: column.name)
@given(raw=texts | st.floats() | plain_json, hints=st.sampled_from(HINTS))
@settings(max_examples=150, deadline=None)
def test_cleaning_twice_is_cleaning_once(column, raw, hints):
    try:
        value = clean(column, raw, hints)
    except BadValue:
        return
    again = Hints(currency=hints.currency, unit="minor" if column.kind is Kind.MONEY else None, region=hints.region)
    assert clean(column, value, again) == value


@pytest.mark.parametrize("column", EVERY_KIND, ids=lambda column: column.name)
@given(raws=st.lists(texts | st.none() | st.floats() | st.integers(), max_size=12))
@settings(max_examples=30, deadline=None)
def test_a_whole_column_is_cleaned_as_its_values_are(column, raws):
    raws = raws + raws[:3]
    values, refused = clean_many(column, raws)
    faults = dict(refused)
    assert len(values) == len(raws)
    assert [place for place, _ in refused] == sorted(faults)
    for place, raw in enumerate(raws):
        try:
            expected = clean(column, raw)
        except BadValue as fault:
            assert values[place] is None
            assert faults[place].message == fault.message
        else:
            assert values[place] == expected and place not in faults


def test_refusals_of_equal_values_are_objects_of_their_own():
    _, refused = clean_many(Column("n", Kind.INTEGER, ""), ["x", "x", "x"])
    assert len({id(fault) for _, fault in refused}) == len({id(fault.where) for _, fault in refused}) == 3


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("blank", [None, "", "   ", "\t\n", "\u3000", b""])
def test_blank_is_missing(kind, blank):
    assert clean(Column("x", kind, ""), blank) is None


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_rule_with_examples(kind):
    rule = RULES[kind]
    assert rule.accepts and rule.becomes and rule.refuses and rule.examples


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_the_examples_of_the_tables_are_accepted(table):
    for column in table.columns:
        if column.example:
            assert clean(column, column.example) is not None


def test_allowed_values_are_found_in_any_case_and_others_are_refused_with_the_list():
    status = TABLES["merchants"].column("status")
    assert clean(status, " Active ") == "active"
    with pytest.raises(BadValue, match=r"'sleeping' is not among .* active, suspended, closed"):
        clean(status, "sleeping")


def test_bounds_are_inclusive_and_named():
    stars = TABLES["reviews"].column("rating")
    assert clean(stars, "5") == 5.0 and clean(stars, 0) == 0.0
    with pytest.raises(BadValue, match=r"'5.1' is outside the range of this column; allowed: 0 or more, at most 5"):
        clean(stars, "5.1")
    with pytest.raises(BadValue, match="'-3' is outside"):
        clean(TABLES["listings"].column("quantity"), "-3")


@pytest.mark.parametrize("kind", list(Kind))
def test_a_number_too_long_to_be_written_is_refused(kind):
    for raw in (10**5000, -(10**5000), [10**5000], {"a": 10**5000}):
        with pytest.raises(BadValue):
            clean(Column("x", kind, ""), raw)


def test_a_long_cell_is_cut_in_the_refusal():
    with pytest.raises(BadValue) as caught:
        clean(Column("n", Kind.INTEGER, ""), "x" * 10_000_000)
    assert len(caught.value.message) < 300 and len(caught.value.value) <= 2_000


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    "unit", ["1", "1,", "1 ", "a", "[", "{", "'a',", "a:b;", "x@", "1.1.", "$ ", " ", "\u0301", "省", "ab-", "(", "to "]
)
def test_long_repetitions_take_no_time(kind, unit):
    # a pattern that tries every split of a repetition would run for hours on these
    started = datetime.now(UTC)
    with suppress(BadValue):
        clean(Column("x", kind, ""), unit * 20_000)
    assert datetime.now(UTC) - started < timedelta(seconds=2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "euro"},
        {"decimal": ";"},
        {"zone": "Mars/Phobos"},
        {"zone": "../../etc/passwd"},
        {"zone": "+99:00"},
        {"zone": ""},
        {"time_format": "dayfirst"},
        {"region": "Europe"},
        {"unit": "cents"},
        {"separator": ""},
    ],
    ids=str,
)
def test_a_wrong_hint_is_the_callers_fault_and_says_what_is_allowed(wrong):
    with pytest.raises(CallerError, match="allowed: ") as caught:
        Hints(**wrong)
    assert not isinstance(caught.value, BadValue)


def test_numbers_of_numpy_and_decimals_are_read():
    assert clean(Column("n", Kind.INTEGER, ""), np.int64(5)) == 5
    assert clean(Column("n", Kind.NUMBER, ""), Decimal("2.5")) == 2.5
    assert clean(Column("n", Kind.TEXT, ""), "Größe".encode()) == "Größe"
    with pytest.raises(BadValue, match="is not UTF-8"):
        clean(Column("n", Kind.TEXT, ""), b"Gr\xf6\xdfe")
