"""Marked pieces put together again give the text, whatever the marks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.casework.findings import Mark
from assay.casework.queries.marking import pieces, unplaced

TEXT = st.text("abcdefgh 12", max_size=60)
SPAN = st.tuples(st.integers(-5, 70), st.integers(-5, 70))


@given(TEXT, st.lists(SPAN, max_size=8))
def test_nothing_is_lost_or_doubled(text, spans):
    marks = [Mark("s", f"label {n}", "title", "", *span) for n, span in enumerate(spans)]
    # `visible` drops blanks at the end of what it cuts, and nothing here is long enough to be cut
    assert "".join(piece.text for piece in pieces(text, marks, "title")) == text


def test_overlapping_marks_become_one_with_both_names():
    marks = [Mark("a", "copy", "title", "", 0, 5), Mark("b", "brand", "title", "", 3, 8)]
    (first, rest) = pieces("mirror watch", marks, "title")
    assert (first.text, first.marks, rest.marks) == ("mirror w", "copy, brand", "")


def test_marks_of_another_place_and_without_a_place_do_not_cut():
    marks = [Mark("a", "copy", "description", "", 0, 5), Mark("a", "copy", "title", "1:1")]
    assert len(pieces("mirror watch", marks, "title")) == 1
    assert [each.text for each in unplaced(marks)] == ["1:1"]


def test_a_letter_of_another_script_is_marked_with_its_name():
    assert [each.marks for each in pieces("Norv\u0430ne watch", [], "title")] == ["", "cyrillic small letter a", ""]
    for ordinary in ("Часы мужские", "手表 Norvane", "Ρολόι Norvane", "Crème brûlée", "µ-meter"):
        assert len(pieces(ordinary, [], "title")) == 1, ordinary
