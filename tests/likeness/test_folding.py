import unicodedata

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from assay.likeness import fold, text_key

TEXT = st.text(max_size=40)


def folded(*texts):
    return fold(pa.array(texts, pa.string())).strings()


def test_width_case_accents_and_punctuation_fold_away():
    assert folded("Ｎike  AIR—Max！", "nike air max", "Élan N'Straße") == [
        "nike air max",
        "nike air max",
        "elan n strasse",
    ]


def test_invisible_characters_are_dropped():
    assert folded("ni\u200bke\ufeff", "ni\u00adke") == ["nike", "nike"]


def test_web_addresses_are_masked_and_the_words_around_them_stay():
    assert folded("see https://shop.example/a?b=1 now", "see WWW.shop.example now") == ["see now", "see now"]


def test_letters_of_every_script_and_digits_stay():
    assert folded("新款 128GB", "Кроссовки й", "١٢٣", "กระเป๋า") == ["新款 128gb", "кроссовки й", "123", "กระเป๋า"]


def test_nothing_folds_to_an_empty_text_without_a_key():
    texts = fold(pa.array([None, "", " \n", "!!!", "a"], pa.string()))
    assert texts.strings() == ["", "", "", "", "a"]
    assert text_key(texts).is_null().to_pylist() == [True, True, True, True, False]


def test_a_separator_inside_a_text_does_not_split_it():
    assert folded("a\x1eb", "c") == ["a b", "c"]


def test_no_texts_fold_to_no_texts():
    assert len(fold(pa.array([], pa.string()))) == 0
    assert len(text_key(fold(pa.array([], pa.string())))) == 0


def test_shortened_keeps_the_first_characters_of_every_text():
    assert fold(pa.array(["abcdef", "gh", ""])).shortened(3).strings() == ["abc", "gh", ""]


@given(st.lists(TEXT | st.none(), max_size=6))
def test_a_text_folds_alike_alone_and_among_others(texts):
    assert folded(*texts) == [folded(text)[0] for text in texts]


@given(TEXT)
def test_folding_twice_changes_nothing(text):
    once = folded(text)[0]
    assert folded(once) == [once]


@given(st.lists(TEXT, min_size=2, max_size=2))
def test_keys_are_equal_exactly_when_folded_texts_are(texts):
    both = fold(pa.array(texts))
    keys = text_key(both).to_pylist()
    first, second = both.strings()
    assert (keys[0] == keys[1]) == (first == second)


@given(st.text(max_size=8))
def test_folding_by_table_is_nfkc_and_case_folding(text):
    recast = unicodedata.normalize("NFKC", text.replace("\x1e", " ")).casefold()
    assert folded(text) == folded(recast)
