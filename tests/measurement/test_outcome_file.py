import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.market.errors import CallerError
from assay.measurement.outcome_file import faults_file, read_outcomes

UNITS = {"T1", "T2", "T3", "T4"}


def read(text, **more):
    return read_outcomes(text.encode() if isinstance(text, str) else text, UNITS, **more)


def test_rows_are_read_with_everything_they_say():
    found = read(
        "unit,outcome,second_outcome,cost_minor,date,examiner,note\n"
        'T1,Counterfeit,counterfeit,12900,2026-07-03,lab 2,"hinge, wrong"\nT2,genuine,,,,,\n'
    )
    assert found.faults == ()
    first, second = found.rows
    assert (first.unit, first.outcome, first.cost_minor, first.note) == ("T1", "counterfeit", 12900, "hinge, wrong")
    assert (second.outcome, second.second_outcome, second.cost_minor) == ("genuine", None, None)


@pytest.mark.parametrize("second", ["not_delivered", "swapped"])
def test_goods_that_were_lost_before_the_second_examination_are_taken(second):
    found = read(f"unit,outcome,second_outcome\nT1,counterfeit,{second}\n")
    assert (found.faults, found.rows[0].second_outcome) == ((), second)
    assert read("unit,outcome,second_outcome\nT1,counterfeit,not_bought\n").faults


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("T9,genuine,,,", "unit", "no such unit"),
        (",genuine,,,", "unit", "no such unit"),
        ("T1,fake,,,", "outcome", "no outcome"),
        ("T1,,,,", "outcome", "no outcome"),
        ("T1,genuine,perhaps,,", "second_outcome", "no second outcome"),
        ("T1,not_delivered,counterfeit,,", "second_outcome", "cannot be examined"),
        ("T1,genuine,,12.90,", "cost_minor", "no number of minor units"),
        ("T1,genuine,,-5,", "cost_minor", "no number of minor units"),
        ("T1,genuine,,²,", "cost_minor", "no number of minor units"),
        ("T1,genuine,,,03/07/2026", "date", "no date"),
        ("T1,genuine,,,2026-02-30", "date", "no date"),
        ("T1,genuine,,", "row", "another number"),
        ('T1,"genuine,,,', "row", "not CSV"),
        ("T1,gen\0uine,,,", "row", "not text"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_the_others_are_kept(row, column, words):
    found = read(f"unit,outcome,second_outcome,cost_minor,date\nT2,genuine,,,\n{row}\nT3,genuine,,,\n")
    assert [facts.unit for facts in found.rows] == ["T2", "T3"]
    (fault,) = found.faults
    assert (fault.line, fault.column) == (3, column)
    assert words in fault.text()
    assert found.n_rows == 3


def test_bytes_in_another_encoding_cost_one_row_and_can_be_read_when_it_is_named():
    content = b"unit,outcome,note\nT1,genuine,\xe9tiquette\nT2,genuine,ok\n"
    found = read(content)
    assert [facts.unit for facts in found.rows] == ["T2"]
    assert "--encoding" in found.faults[0].text()
    assert read(content, encoding="latin-1").rows[0].note == "étiquette"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_names_the_encoding(encoding):
    assert len(read("unit;outcome\r\nT1;genuine\r\n".encode(encoding)).rows) == 1


def test_a_unit_with_two_outcomes_is_refused_on_both_lines_and_the_same_row_twice_counts_once():
    found = read("unit,outcome\nT1,genuine\nT2,genuine\nT1,counterfeit\nT2,genuine\nT1,genuine\n")
    assert [facts.unit for facts in found.rows] == ["T2"]
    assert [fault.line for fault in found.faults] == [2, 4, 6]
    assert "lines 2 and 4 and 6" in found.faults[0].reason


@pytest.mark.parametrize(
    "text",
    ["", "unit\nT1\n", "unit,outcome,outcome\n", "unit,outcome,colour\n", "\x89PNG\r\n\x1a\n", '"unit,outcome\n'],
)
def test_a_file_without_a_usable_header_is_refused(text):
    with pytest.raises(CallerError, match="outcome"):
        read(text)


def test_an_unknown_encoding_is_refused():
    with pytest.raises(CallerError, match="--encoding"):
        read("unit,outcome\n", encoding="klingon")


@given(st.binary(max_size=300))
def test_any_bytes_are_taken_or_refused_with_a_reason(content):
    found = read(b"unit,outcome,note\n" + content)
    assert found.n_rows >= len(found.rows)
    assert all(fault.reason and fault.allowed for fault in found.faults)
    faults_file(found.faults).decode("utf-8")
