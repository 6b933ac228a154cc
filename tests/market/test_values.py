"""What each remaining kind of value reads, keeps and refuses."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.market import BadValue
from assay.market.values import (
    Hints,
    addresses,
    attributes,
    booleans,
    codes,
    countries,
    currencies,
    emails,
    identifiers,
    lists,
    phones,
    quantities,
    rates,
    text,
    urls,
)

FR, US, CN = Hints(region="FR"), Hints(region="US"), Hints(region="CN")

READ = [
    (rates.clean, "99.4% Positive feedback", Hints(), 0.994),
    (rates.clean, "100% Positive feedback", Hints(), 1.0),
    (rates.clean, "0.994", Hints(), 0.994),
    (rates.clean, "0,994", Hints(), 0.994),
    (rates.clean, "99,4 %", Hints(), 0.994),
    (rates.clean, "99.4％", Hints(), 0.994),
    (rates.clean, "4‰", Hints(), 0.004),
    (rates.clean, ".5", Hints(), 0.5),
    (rates.clean, "99.4", Hints(unit="percent"), 0.994),
    (rates.clean, 99.4, Hints(unit="percent"), pytest.approx(0.994)),
    (rates.clean, 1, Hints(), 1.0),
    (quantities.clean_integer, "1995", Hints(), 1995),
    (quantities.clean_integer, "1,995", Hints(), 1995),
    (quantities.clean_integer, "1.995", Hints(decimal=","), 1995),
    (quantities.clean_integer, "1 995", Hints(), 1995),
    (quantities.clean_integer, "12,34,567", Hints(), 1234567),
    (quantities.clean_integer, "2.7k+", Hints(), 2700),
    (quantities.clean_integer, "2,7k", Hints(decimal=","), 2700),
    (quantities.clean_integer, "1.234k", Hints(), 1234),
    (quantities.clean_integer, "1.2万", Hints(), 12000),
    (quantities.clean_integer, "1.2w+", Hints(), 12000),
    (quantities.clean_integer, "500+", Hints(), 500),
    (quantities.clean_integer, "12.0", Hints(), 12),
    (quantities.clean_integer, 12.0, Hints(), 12),
    (quantities.clean_integer, "-3", Hints(), -3),
    (quantities.clean_number, "4.5", Hints(), 4.5),
    (quantities.clean_number, "4,5", Hints(), 4.5),
    (quantities.clean_number, ".5", Hints(), 0.5),
    (quantities.clean_number, "-1.5e-3", Hints(), -0.0015),
    (quantities.clean_number, "1.995", Hints(), 1.995),
    (quantities.clean_number, "1,995", Hints(decimal="."), 1995.0),
    (quantities.clean_number, -0.0, Hints(), 0.0),
    (booleans.clean, "TRUE", Hints(), True),
    (booleans.clean, "否", Hints(), False),
    (booleans.clean, 1, Hints(), True),
    (booleans.clean, 0.0, Hints(), False),
    (phones.clean, "+33 1 42 68 53 00", Hints(), "+33142685300"),
    (phones.clean, "0033 1 42 68 53 00", Hints(), "+33142685300"),
    (phones.clean, "01 42 68 53 00", FR, "+33142685300"),
    (phones.clean, "01 42 68 53 00", Hints(), "0142685300"),
    (phones.clean, "(202) 555-0173 ext. 5", US, "+12025550173"),
    (phones.clean, "电话：138 1234 5678", CN, "+8613812345678"),
    (phones.clean, "＋８６ １３８１２３４５６７８", Hints(), "+8613812345678"),
    (phones.clean, 33142685300, Hints(), "33142685300"),
    (phones.clean, "5d41402abc4b2a76b9719d911017c592", FR, "5d41402abc4b2a76b9719d911017c592"),
    (emails.clean, "Sales <Sales@Example.COM>", Hints(), "sales@example.com"),
    (emails.clean, "mailto:a.b@example.org", Hints(), "a.b@example.org"),
    (emails.clean, "büro@müller.de", Hints(), "büro@müller.de"),
    (emails.clean, "s_520646b221a8", Hints(), "s_520646b221a8"),
    (urls.clean, "HTTP://WWW.Example.com:80/Item?id=1#A", Hints(), "http://www.example.com/Item?id=1#A"),
    (urls.clean, "https://example.com:8443/a", Hints(), "https://example.com:8443/a"),
    (urls.clean, "https://пример.рф/Путь", Hints(), "https://пример.рф/Путь"),
    (urls.clean, "images/1.jpg", Hints(), "images/1.jpg"),
    (urls.clean, "//cdn.example.com/1.jpg", Hints(), "//cdn.example.com/1.jpg"),
    (addresses.clean, "12, Rue de la Paix\n75002  Paris", Hints(), "12, Rue de la Paix 75002 Paris"),
    (codes.clean_currency, "eur", Hints(), "EUR"),
    (codes.clean_currency, "US $", Hints(), "USD"),
    (codes.clean_currency, "RMB", Hints(), "CNY"),
    (codes.clean_currency, "£", Hints(), "GBP"),
    (codes.clean_currency, "$", Hints(currency="ARS"), "ARS"),
    (codes.clean_country, "france", Hints(), "FR"),
    (codes.clean_country, "united kingdom", Hints(), "GB"),
    (codes.clean_country, "UK", Hints(), "GB"),
    (codes.clean_country, "U.S.A.", Hints(), "US"),
    (codes.clean_country, "czech republic", Hints(), "CZ"),
    (codes.clean_country, "The Netherlands", Hints(), "NL"),
    (codes.clean_country, "cote d'ivoire", Hints(), "CI"),
    (codes.clean_country, "Bosnia & Herzegovina", Hints(), "BA"),
    (codes.clean_country, "中國", Hints(), "CN"),
    (codes.clean_country, "Deutschland", Hints(), "DE"),
    (codes.clean_country, "Россия", Hints(), "RU"),
    (codes.clean_country, "भारत", Hints(), "IN"),
    (codes.clean_country, "🇮🇹", Hints(), "IT"),
    (attributes.clean, "Size: 39; Colour: black", Hints(), '{"colour":"black","size":"39"}'),
    (attributes.clean, '{"Size": [39, 40.50], "x": null, "New": true}', Hints(), '{"new":"true","size":"39|40.50"}'),
    (attributes.clean, "{'size': '39', 'x': None}", Hints(), '{"size":"39"}'),
    (
        attributes.clean,
        '[{"key": "Type", "value": "Shoe"}, {"key": "type", "value": "Boot"}]',
        Hints(),
        '{"type":"Shoe|Boot"}',
    ),
    (attributes.clean, "尺码：39；颜色：黑", Hints(), '{"尺码":"39","颜色":"黑"}'),
    (attributes.clean, "a=1,b=2", Hints(separator=","), '{"a":"1","b":"2"}'),
    (attributes.clean, {"Size": 39}, Hints(), '{"size":"39"}'),
    (attributes.clean, '{"n": 12345678901234567890123}', Hints(), '{"n":"12345678901234567890123"}'),
    (attributes.clean, "{}", Hints(), None),
    (lists.clean, "Nike | NIKE Inc. | Nike", Hints(), '["Nike","NIKE Inc."]'),
    (lists.clean, "耐克、Nike", Hints(), '["耐克","Nike"]'),
    (lists.clean, "a, b", Hints(), '["a, b"]'),
    (lists.clean, "a, b", Hints(separator=","), '["a","b"]'),
    (lists.clean, '["a", 1, null]', Hints(), '["a","1"]'),
    (lists.clean, "['39', 'eu']", Hints(), '["39","eu"]'),
    (lists.clean, "['it\\'s', \"a, b\"]", Hints(), '["it\'s","a, b"]'),
    (lists.clean, "[NEW] shoes", Hints(), '["[NEW] shoes"]'),
    (lists.clean, "[]", Hints(), None),
    (identifiers.clean, " M000123 ", Hints(), "M000123"),
    (identifiers.clean, 123.0, Hints(), "123"),
    (identifiers.clean, "1E5", Hints(), "1E5"),
    (text.clean, "  Nike\r\nAir\x07 ", Hints(), "Nike\nAir"),
    (text.clean, 39.0, Hints(), "39"),
    (text.clean, 39.5, Hints(), "39.5"),
]


@pytest.mark.parametrize(("cleaner", "written", "hints", "expected"), READ)
def test_values_as_people_write_them(cleaner, written, hints, expected):
    assert cleaner(written, hints) == expected


REFUSED = [
    (rates.clean, "99.4", "is over 1 and has no percent sign"),
    (rates.clean, 99.4, "is outside 0 to 1"),
    (rates.clean, "101%", "is over 100%"),
    (rates.clean, "-5%", "is negative"),
    (rates.clean, "4 of 5", "is no rate"),
    (quantities.clean_integer, "1.995", "may mean 1995 or 1.995"),
    (quantities.clean_integer, "12.5", "has a fraction"),
    (quantities.clean_integer, 12.5, "has a fraction"),
    (quantities.clean_integer, "2.7654k", "has a fraction"),
    (quantities.clean_integer, "1e5", "is in scientific notation"),
    (quantities.clean_integer, "9223372036854775808", "does not fit in 64 bits"),
    (quantities.clean_integer, "many", "is no whole number"),
    (quantities.clean_number, "1,995", "may mean 1995 or 1.995"),
    (quantities.clean_number, "nan", "is not finite"),
    (quantities.clean_number, "-inf", "is not finite"),
    (quantities.clean_number, "1e400", "is not finite"),
    (quantities.clean_number, float("inf"), "is not finite"),
    (quantities.clean_number, "5 apples", "holds 'apples' beside the number"),
    (booleans.clean, "maybe", "is neither yes nor no"),
    (booleans.clean, 2, "is neither yes nor no"),
    (phones.clean, "call me", "is no telephone number"),
    (phones.clean, "123", "is no telephone number"),
    (emails.clean, "not given", "is no e-mail address"),
    (emails.clean, "a@b@c.com", "is no e-mail address"),
    (emails.clean, "a@localhost", "is no e-mail address"),
    (emails.clean, "a..b@example.com", "is no e-mail address"),
    (urls.clean, "javascript:alert(1)", "is a javascript: address"),
    (urls.clean, "DATA:text/html,x", "is a data: address"),
    (urls.clean, "http://[::1/a", "has a host or port that cannot be"),
    (urls.clean, "http://a:99999/", "has a host or port that cannot be"),
    (urls.clean, "see description", "holds white space"),
    (urls.clean, "none", "is no address"),
    (addresses.clean, "a" * 1001, "has 1,001 characters"),
    (codes.clean_currency, "$", "may be ARS, AUD"),
    (codes.clean_currency, "¥", "may be CNY, JPY"),
    (codes.clean_currency, "bitcoin", "is no currency"),
    (codes.clean_currency, 978, "is no currency"),
    (codes.clean_country, "Denver, Colorado", "is no country"),
    (codes.clean_country, "EU", "is no country"),
    (attributes.clean, "black", "has no name for 'black'"),
    (attributes.clean, "[1, 2]", "is a list of something other than names and values"),
    (attributes.clean, 5, "is no object"),
    (lists.clean, "[[1]]", "holds a list or an object inside the list"),
    (identifiers.clean, "a\nb", "holds a line break"),
    (identifiers.clean, "a" * 1025, "has 1,025 characters"),
    (identifiers.clean, float("nan"), "is no text"),
    (text.clean, "Nike\0", "holds a NUL character"),
    (text.clean, "\ud83d", "holds a lone surrogate"),
    (text.clean, "a" * 1_000_001, "is over 1,000,000 characters"),
    (text.clean, ["a"], "is no text"),
]


def _name(value: object) -> str:
    """A cleaner by its module: its address in memory would differ between two processes."""
    return value.__module__.rpartition(".")[2] if callable(value) else str(value)


@pytest.mark.parametrize(("cleaner", "written", "reason"), REFUSED, ids=lambda value: _name(value)[:30])
def test_what_cannot_be_read_is_refused_with_the_reason(cleaner, written, reason):
    with pytest.raises(BadValue) as caught:
        cleaner(written)
    assert reason in caught.value.message
    assert caught.value.allowed and caught.value.message.endswith(f"; allowed: {caught.value.allowed}")


@pytest.mark.parametrize(
    "evidence",
    [
        "Nіke",  # Cyrillic і
        "ＮＩＫＥ",
        "N\u200bi\u200dk\ufeffe",
        "Ni\u00adke",
        "\u202eekiN",
        "Ni\u212ae",  # KELVIN SIGN, which composing would turn into K
        "Gucc\u0131",
        "𝐍𝐢𝐤𝐞",
        "N̷i̷k̷e",
        "Ni  ke",
    ],
)
def test_traces_of_evasion_are_kept_as_they_are(evidence):
    assert text.clean(evidence) == evidence


def test_two_spellings_of_one_letter_become_one():
    assert text.clean("cafe\u0301") == text.clean("caf\u00e9") == "café"


def test_weights_are_read_into_the_unit_of_the_column():
    grams = [
        quantities.clean_number(written, unit="g")
        for written in ("820", "820 g", "0.82 kg", "1 lb", "10 oz", "1,2kg", "2公斤")
    ]
    assert grams == pytest.approx([820, 820, 820, 453.59237, 283.49523125, 1200, 2000])
    with pytest.raises(BadValue, match="holds 'kg' beside the number"):
        quantities.clean_number("1 kg", unit="stars")


def test_stars_out_of_five_need_a_column_of_five_stars():
    assert quantities.clean_number("4.5 out of 5 stars", unit="stars", most=5) == 4.5
    assert quantities.clean_number("4/5", unit="stars", most=5) == 4.0
    with pytest.raises(BadValue, match="holds '/10' beside the number"):
        quantities.clean_number("8/10", unit="stars", most=5)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 Main Street, Apartment 4", "12 MAIN ST. APT 4"),
        ("Königstraße 5", "KONIGSTRASSE 5"),
        ("Av. de la Constitución, nº 3", "avenida de la constitucion no. 3"),
        ("１２ Main Road", "12 main rd"),
        ("中国广东省深圳市福田区华强北路１号", "广东 深圳 福田 华强北路一号"),
        ("廣東省廣州市白雲區", "广东省广州市白云区"),
        ("浙江省义乌市北苑街道3栋二单元", "浙江义乌北苑街道3幢2单元"),
    ],
)
def test_spelling_habits_do_not_tell_addresses_apart(one, other):
    assert addresses.key(one) == addresses.key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 Main Street", "13 Main Street"),
        ("12 Main Street", "12 Mill Street"),
        ("深圳市福田区1号", "深圳市南山区1号"),
        ("1号楼2层", "2号楼1层"),
    ],
)
def test_different_addresses_stay_different(one, other):
    assert addresses.key(one) != addresses.key(other)


def test_mailboxes_and_pages_are_compared_behind_their_spelling():
    assert emails.key("J.Doe+shop2@googlemail.com") == emails.key("jdoe@gmail.com")
    assert emails.key("j.doe@example.com") != emails.key("jdoe@example.com")
    assert urls.key("https://www.example.com/a/?utm_source=x&id=1#top") == urls.key("http://example.com/a?id=1")
    assert urls.key("http://example.com/a?id=1") != urls.key("http://example.com/a?id=2")
    assert urls.host("https://www.Example.com/a") == urls.host("www.example.com/b") == "example.com"
    assert urls.host("images/1.jpg") is None


@given(st.lists(st.text(min_size=1, max_size=12).filter(lambda item: item.strip()), max_size=6))
@settings(deadline=None)
def test_lists_come_back_as_they_went_in(items):
    kept = [text.one_line(item) for item in items if not re.search("[\0\ud800-\udfff]", item)]
    wanted = tuple(dict.fromkeys(item for item in kept if item))
    assert lists.items(lists.clean(list(wanted))) == wanted


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True),
        st.from_regex(r"[A-Za-z0-9 ]{0,8}[a-z]", fullmatch=True),
        max_size=5,
    )
)
@settings(deadline=None)
def test_attributes_are_the_same_from_json_and_from_text(pairs):
    from_json = attributes.clean(pairs)
    from_text = attributes.clean("; ".join(f"{name}: {value}" for name, value in pairs.items()))
    assert from_json == from_text
    assert attributes.mapping(from_json) == {name: " ".join(value.split()) for name, value in pairs.items()}


def test_every_country_is_found_by_its_codes_and_names_and_no_name_is_claimed_twice():
    names, found = countries._table()
    assert len(names) == 250  # ISO 3166-1 and Kosovo
    for code, name in names.items():
        assert countries.find(code) == countries.find(code.lower()) == countries.find(name) == code
    lines = (countries.files("assay.market.values") / "countries.tsv").read_text(encoding="utf-8").splitlines()[1:]
    claims = {}
    for line in lines:
        code, alpha3, english, others = line.split("\t")
        for written in (code, alpha3, english, *filter(None, others.split("|"))):
            assert claims.setdefault(countries._key(written), code) == code, written
    assert claims == found


@pytest.mark.parametrize(
    ("code", "exponent"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLP", 0), ("ISK", 0), ("TND", 3), (None, 2)]
)
def test_minor_units_follow_iso_4217(code, exponent):
    assert currencies.exponent(code) == exponent


def test_every_currency_code_reads_as_itself():
    for code in currencies._table()[0]:
        assert codes.clean_currency(code.lower()) == code
