"""Text of strangers: nothing in it stays unseen, endless or active."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.publishing import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nor\u200bvane", "Nor⟦U+200B⟧vane"),
        ("abc\u202edcba", "abc⟦U+202E⟧dcba"),
        ("a\x1b[31mred", "a⟦U+001B⟧[31mred"),
        ("soft\u00adhyphen", "soft⟦U+00AD⟧hyphen"),
        ("filler\u3164", "filler⟦U+3164⟧"),
        ("tag\U000e0041", "tag⟦U+E0041⟧"),
        ("lone \ud800", "lone ⟦U+D800⟧"),
        ("a\u200db", "a⟦U+200D⟧b"),
        ("two\nlines", "two lines"),
    ],
)
def test_what_cannot_be_seen_is_named(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Кожаные сапоги",
        "小米充电器",
        "می\u200cخواهم",
        "👩\u200d🚀",
        "❤\ufe0f",
        "Tiếng Việt",
        "e\u0301te\u0301",
        "שָׁלוֹם",
        "a\u00a0b",
    ],
)
def test_ordinary_writing_is_left_alone(text: str) -> None:
    assert visible(text) == text


def test_a_long_text_is_cut_and_says_how_long_it_was() -> None:
    assert visible("a" * 10_000, limit=5) == "aaaaa… (10,000 characters)"


def test_a_tower_of_marks_is_named_from_the_fifth_on() -> None:
    assert visible("a" + "\u0301" * 6) == "a" + "\u0301" * 4 + "⟦U+0301⟧" * 2


@given(st.text(max_size=80))
def test_no_control_or_direction_character_survives(text: str) -> None:
    shown = visible(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in shown)
    assert not any("\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069" for c in shown)
    shown.encode("utf-8")
