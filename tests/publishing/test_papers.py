"""Papers: the same bytes every time, and nothing goes missing unseen."""

from datetime import UTC, datetime

import pytest

from assay.publishing import papers
from assay.publishing.papers import Press, script_of

MOMENT = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def bare() -> Press:
    """A machine without any font of its own."""
    return Press(use_system_fonts=False)


def lacking(press, text):
    return "".join(papers._Coverage(press._fonts).lacking(text))


def test_letters_that_built_in_fonts_have_are_not_missing(bare):
    assert lacking(bare, "Plain words, é and я: “quoted” – 50 %") == ""


def test_chinese_is_missing_on_a_bare_machine_and_all_of_it_is_named(bare):
    assert lacking(bare, "二选一 and words") == "一二选"


def test_single_missing_signs_are_found_among_many_that_are_there(bare):
    there = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
    assert lacking(bare, there + "ꙮ" + "中") == "中ꙮ"


def test_a_missing_script_names_its_package():
    (found,) = papers._by_script("中文")
    assert (found.script, found.n_characters, found.package) == ("CJK", 2, "fonts-noto-cjk")
    assert "fonts-noto-cjk" in found.sentence


@pytest.mark.parametrize(
    ("sign", "script"), [("中", "CJK"), ("ひ", "HIRAGANA"), ("🙂", "symbols and emoji"), ("한", "HANGUL")]
)
def test_signs_are_counted_by_script(sign, script):
    assert script_of(sign) == script
