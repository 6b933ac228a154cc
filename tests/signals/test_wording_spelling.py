import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.signals.spelling import (
    Brand,
    Usage,
    brand_book,
    find,
    finder,
    fold,
    learned_book,
    near_misses,
    read,
    words_in,
)
from assay.signals.spelling.tricks import Trick

NAMES = [
    "Norvane",
    "Velkora",
    "Tessaly",
    "D.N.A",
    "H&Q",
    "Levan's",
    "DailyTrove",
    "Luméra",
    "Redbag",
    "诺凡",
    "Zephira",
]
BOOK = brand_book([Brand(name, "", (name,)) for name in NAMES], ["red", "bag", "nor", "elite", "shoes"])

DISGUISED = {
    "homoglyph": ("Nоrvane shoes", "Norvane", Trick.CYRILLIC),
    "homoglyphs of several scripts": ("Νоrvɑne shoes", "Norvane", Trick.HOMOGLYPH),
    "I for l": ("VeIkora", "Velkora", Trick.HOMOGLYPH),
    "full width": ("ＮＯＲＶＡＮＥ bag", "Norvane", Trick.FULLWIDTH),
    "mathematical": ("𝐍𝐨𝐫𝐯𝐚𝐧𝐞 bag", "Norvane", Trick.MATHEMATICAL),
    "zero width": ("Nor\u200bvane bag", "Norvane", Trick.INVISIBLE),
    "accents": ("Nórváne bag", "Norvane", Trick.DIACRITICS),
    "combining marks": ("No\u0336r\u0336vane bag", "Norvane", Trick.DIACRITICS),
    "leet": ("n0rv@n3 bag", "Norvane", Trick.LEET),
    "leet, mostly digits": ("V31k0r4 bag", "Velkora", Trick.LEET),
    "dots": ("n.o.r.v.a.n.e bag", "Norvane", Trick.DOTTED),
    "spaces": ("n o r v a n e bag", "Norvane", Trick.SPACED),
    "star": ("nor*vane bag", "Norvane", Trick.STARRED),
    "split": ("vel kora bag", "Velkora", Trick.SPLIT),
    "touching Chinese": ("正品Nоrvane鞋", "Norvane", Trick.CYRILLIC),
    "zero width in a Chinese name": ("诺\u200b凡鞋", "诺凡", Trick.INVISIBLE),
}
PLAIN = [
    *(
        "Norvane shoes",
        "NORVANE-shoes",
        "(norvane)",
        "Norvane's best",
        "Norvane\u200b shoes",
        "\ufeffNorvane",
        "norvane,velkora",
    ),
    *(
        "D.N.A jeans",
        "DNA jeans",
        "d n a jeans",
        "H&Q dress",
        "Levan's 501",
        "Levans 501",
        "daily trove box",
        "Daily-Trove",
    ),
    *("LUMÉRA", "Lumera cream", "诺凡鞋", "red bag for girls", "Red-Bag"),
]
OTHER = [
    *(
        "nor, vane",
        "nor/vane",
        "Norvanesque",
        "banorvane",
        "5010 8055",
        "Ｎｏｒｖａｎｅ カバン",
        "élite shoes",
    ),
    *("кроссовки норвейн", "телефон VELO", "", " ", "@ $ !", "N0rv", "V e l"),
]


def tricks_in(text, book=BOOK):
    _, _, disguises = find(read([text]), finder(book))
    return [(found.trick, book.brands[found.brand].name) for found in disguises]


def brands_in(text, book=BOOK):
    mentions, _, _ = find(read([text]), finder(book))
    return [book.brands[brand].name for brand in mentions.brand.tolist()]


@pytest.mark.parametrize(("text", "brand", "trick"), DISGUISED.values(), ids=DISGUISED)
def test_disguised_brand_is_found_and_the_trick_is_named(text, brand, trick):
    assert tricks_in(text) == [(trick, brand)]


@pytest.mark.parametrize("text", PLAIN)
def test_own_spelling_is_never_evasive(text):
    assert tricks_in(text) == []


@pytest.mark.parametrize("text", OTHER)
def test_other_text_is_not_a_disguise(text):
    assert tricks_in(text) == []


def test_plain_mentions_are_found_at_word_borders_only():
    assert brands_in("Norvane and VELKORA, not norvanesque") == ["Norvane", "Velkora"]


def test_accent_is_spelling_in_a_text_that_writes_accents():
    assert tricks_in("Crème légère Norváne") == []
    assert tricks_in("Light cream Norváne") == [(Trick.DIACRITICS, "Norvane")]


def test_russian_word_that_looks_latin_is_left_alone_in_russian_text():
    book = brand_book([Brand("Copa", "", ("Copa",))])
    assert tricks_in("красивая сора мяч", book) == []
    assert tricks_in("football сора boots", book) == [(Trick.CYRILLIC, "Copa")]


def test_nickname_is_found_only_as_written():
    book = brand_book([Brand("Velkora", "", ("Velkora",), ("Wiil",))])
    assert tricks_in("you will receive", book) == []


def test_model_after_a_shorter_name_is_no_split():
    book = brand_book([Brand("Raluqux", "", ("Raluqux",))])
    assert tricks_in("Raluqu X-50 shoes", book) == []
    assert tricks_in("Raluqu X shoes", book) == [(Trick.SPLIT, "Raluqux")]


def test_span_is_quoted_as_written():
    _, _, disguises = find(read(["new Nor\u200bvane\u0336 bag"]), finder(BOOK))
    assert [found.written for found in disguises] == ["Nor\u200bvane\u0336"]


@pytest.mark.parametrize("slip", ["Norvan", "Norvanne", "Norvaen", "Norvene"])
def test_one_slip_is_near_and_not_evasive(slip):
    reading = read([f"{slip} shoes"])
    misses = near_misses(reading, words_in(reading), BOOK)
    assert [BOOK.brands[miss.brand].name for miss in misses] == ["Norvane"]
    assert tricks_in(f"{slip} shoes") == []


def test_plural_and_short_names_are_not_near():
    reading = read(["Norvanes Levan shoes Redbags"])
    assert near_misses(reading, words_in(reading), BOOK) == []


def test_learned_book_drops_values_that_are_no_brands():
    titles = [f"Norvane shoes Slim {i}" for i in range(10)] + [f"Velkora shirt Slim {i}" for i in range(10)]
    fields = ["Norvane"] * 10 + ["Slim Line"] * 10
    book = learned_book([Usage("Norvane", 10), Usage("Slim Line", 10), Usage("N0rvane", 1)], titles, fields)
    assert [brand.name for brand in book.brands] == ["Norvane"]
    assert book.brands[0].surfaces == ("Norvane", "N0rvane") or book.brands[0].surfaces == ("Norvane",)


def test_rare_disguise_in_the_brand_field_does_not_become_a_spelling():
    titles = [f"Norvane shoes {i}" for i in range(30)]
    book = learned_book([Usage("Norvane", 30), Usage("N0rvane", 2)], titles, ["Norvane"] * 30)
    assert tricks_in("N0rvane shoes", book) == [(Trick.LEET, "Norvane")]


def test_a_trick_does_not_become_ordinary_by_being_common():
    titles = [f"Norvane shoes {i}" for i in range(30)] + [f"nor vane boots {i}" for i in range(30)]
    book = learned_book([Usage("Norvane", 30)], titles, ["Norvane"] * 30 + [None] * 30)
    assert tricks_in("nor vane sandals", book) == [(Trick.SPLIT, "Norvane")]


def test_books_of_equal_content_are_equal():
    first, second = (brand_book([Brand("Norvane", "", ("Norvane",))], ["b", "a"]) for _ in range(2))
    assert first == second and hash(first) == hash(second)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＮＩＫＥ  Аir", "nike air"),
        ("Nórváne", "norvane"),
        ("Мо\u200bдный чай", "модный чай"),
        ("鞋 Nоrvane", "鞋 norvane"),
    ],
)
def test_fold_gives_what_people_read(text, folded):
    assert fold([text, None]) == [folded, ""]


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec=None)))
def test_folding_twice_changes_nothing(text):
    once = fold([text])
    assert fold(once) == once


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["Norvane", "Velkora", "DailyTrove", "诺凡"]),
    st.integers(1, 9),
    st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e"),
    st.sampled_from(["{} bag", "bag {}", "新款{}鞋", "({})", "сумка {} новая"]),
)
def test_invisible_character_never_hides_a_brand(name, place, hidden, frame):
    place = 1 + place % (len(name) - 1)
    text = frame.format(name[:place] + hidden + name[place:])
    assert tricks_in(text) == [(Trick.INVISIBLE, name)]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(codec=None)), max_size=6))
def test_any_text_is_read_and_rows_do_not_depend_on_each_other(texts):
    _, _, together = find(read(texts), finder(BOOK))
    alone = [(row, trick) for row, text in enumerate(texts) for trick in tricks_in(text)]
    assert sorted((found.row, found.trick, BOOK.brands[found.brand].name) for found in together) == sorted(
        (row, trick, name) for row, (trick, name) in alone
    )
    reading = read(texts)
    near_misses(reading, words_in(reading), BOOK)
