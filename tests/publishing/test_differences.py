"""Differences between wordings: whole, in order, by the units of the script."""

from hypothesis import given
from hypothesis import strategies as st

from assay.publishing.differences import MOST_UNITS, Mark, differences

TEXTS = st.text(st.sampled_from("ab cd 二选一。\U00020000é"), max_size=40)


def joined(pieces, without):
    return "".join(p.text for p in pieces if p.mark is not without)


@given(TEXTS, TEXTS)
def test_pieces_give_back_both_texts(centre, copy):
    pieces = differences(centre, copy)
    assert joined(pieces, Mark.GONE) == copy
    assert joined(pieces, Mark.NEW) == centre


def test_chinese_is_compared_by_characters_and_english_by_words():
    assert [p.text for p in differences("强迫商家", "强逼商家")] == ["强", "迫", "逼", "商家"]
    assert [p.text for p in differences("force shops", "forced shops")] == ["force", "forced", " shops"]


def test_a_text_against_itself_has_one_piece_and_no_difference():
    assert [p.mark for p in differences("same words", "same words")] == [Mark.SAME]


def test_what_lies_beyond_the_limit_is_kept():
    long = "字" * (MOST_UNITS + 10)
    assert joined(differences(long, long + "末"), Mark.GONE) == long + "末"
    assert differences(long, long)[-1].mark is Mark.SAME
