"""Prices as people write them."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.market import TABLES, BadValue
from assay.market.values import Hints, clean_many, currencies, money

PRICE = TABLES["listings"].column("price")

EUR, ARS, USD, JPY, KWD = (Hints(currency=code) for code in ("EUR", "ARS", "USD", "JPY", "KWD"))
COMMA, POINT = Hints(decimal=","), Hints(decimal=".")

READ = [
    ("US $1,549.00", Hints(), 154900, "USD"),
    ("US $275.00", USD, 27500, "USD"),
    ("1.549,00 €", Hints(), 154900, "EUR"),
    ("$ 1.499", ARS, 149900, "ARS"),
    ("$ 540", ARS, 54000, "ARS"),
    ("¥199起", Hints(), 19900, "CNY"),
    ("199元", Hints(), 19900, "CNY"),
    ("￥１９９", Hints(currency="CNY"), 19900, "CNY"),
    ("¥199", JPY, 199, "JPY"),
    ("¥1,995", JPY, 1995, "JPY"),
    ("1,999円から", Hints(), 1999, "JPY"),
    ("1 234,50 zł", Hints(), 123450, "PLN"),
    ("1\u00a0234,50\u00a0zł", Hints(), 123450, "PLN"),
    ("1\u202f234,50 €", Hints(), 123450, "EUR"),
    ("₹1,23,456.00", Hints(), 12345600, "INR"),
    ("Rs. 1,499.00", Hints(currency="INR"), 149900, "INR"),
    ("Rs.999", Hints(currency="PKR"), 99900, "PKR"),
    ("EUR 12,50 - 15,00", Hints(), 1250, "EUR"),
    ("US $5.00 to US $7.50", Hints(), 500, "USD"),
    ("$5–$10", USD, 500, "USD"),
    ("12.500", KWD, 12500, "KWD"),
    ("12.5 KWD", Hints(), 12500, "KWD"),
    ("١٬٥٤٩٫٠٠ ر.س", Hints(), 154900, "SAR"),
    ("CHF 1'234.50", Hints(), 123450, "CHF"),
    ("199,- kr", Hints(currency="NOK"), 19900, "NOK"),
    ("12.– €", Hints(), 1200, "EUR"),
    ("12:- kr", Hints(currency="SEK"), 1200, "SEK"),
    ("R$ 1.234,56", Hints(), 123456, "BRL"),
    ("C $220.00", Hints(), 22000, "CAD"),
    ("HK$1,200", Hints(), 120000, "HKD"),
    ("NT$ 1,200元", Hints(), 120000, "TWD"),
    ("USD $20", Hints(), 2000, "USD"),
    ("US-$ 20", Hints(), 2000, "USD"),
    ("3.000.000đ", Hints(), 3000000, "VND"),
    ("1.2万元", Hints(), 1200000, "CNY"),
    ("₩15,000", Hints(), 15000, "KRW"),
    ("1 500 руб.", Hints(), 150000, "RUB"),
    ("from £12", Hints(), 1200, "GBP"),
    ("Price: $20 each", USD, 2000, "USD"),
    ("$.99", USD, 99, "USD"),
    ("1.499 €", Hints(), 149900, "EUR"),
    ("1.499", Hints(currency="EUR", decimal=","), 149900, "EUR"),
    ("1.499", Hints(currency="EUR", decimal="."), 150, "EUR"),
    ("1,499", USD, 149900, "USD"),
    ("0.499", USD, 50, "USD"),
    ("€0.499", Hints(), 50, "EUR"),
    ("1.499", COMMA, 149900, None),
    ("1,499", POINT, 149900, None),
    ("180.0", EUR, 18000, "EUR"),
    ("40.55", EUR, 4055, "EUR"),
    ("12.125", Hints(currency="USD", decimal="."), 1212, "USD"),  # half to even
    ("12.135", Hints(currency="USD", decimal="."), 1214, "USD"),
    (40.55, EUR, 4055, "EUR"),
    (999, Hints(currency="INR"), 99900, "INR"),
    (999, JPY, 999, "JPY"),
    (154900, Hints(currency="EUR", unit="minor"), 154900, "EUR"),
    ("154900", Hints(currency="EUR", unit="minor"), 154900, "EUR"),
    ("0", EUR, 0, "EUR"),
    ("199", Hints(), 19900, None),
    ("$199", Hints(), 19900, None),
]


@pytest.mark.parametrize(("written", "hints", "minor", "currency"), READ)
def test_prices_as_people_write_them(written, hints, minor, currency):
    assert money.parse(written, hints)[:2] == (minor, currency)


REFUSED = [
    ("$ 1.499", Hints(), "may mean 1499 or 1.499"),
    ("1,995", Hints(), "may mean 1995 or 1.995"),
    ("1.499", EUR, "may mean 1499 or 1.499"),
    ("$1.499", USD, "may mean 1499 or 1.499"),
    ("1,549.00", COMMA, "does not group its digits in threes when ',' is the decimal mark"),
    ("12.50", COMMA, "does not group"),
    ("1,2345.00", USD, "does not group"),
    ("1 2 3", EUR, "does not group"),
    ("-5.00", USD, "is negative"),
    ("−5 €", Hints(), "is negative"),
    ("($5.00)", USD, "is negative"),
    ("-$5.00", USD, "is negative"),
    ("$-5.00", USD, "is negative"),
    ("5.00-", USD, "is negative"),
    ("<span class='vi-price'>5", USD, "which is no currency"),
    (-1, USD, "is negative"),
    ("1e300", USD, "scientific notation"),
    ("4.00638E+12", USD, "scientific notation"),
    (1e300, USD, "is over"),
    (float("nan"), USD, "is not finite"),
    (float("inf"), USD, "is not finite"),
    ("NaN", USD, "has no digits"),
    ("inf", USD, "has no digits"),
    ("999999999999999", USD, "is over 100,000,000,000,000 minor units"),
    ("$20 $30", USD, "more than one number"),
    ("was $20 now $15", USD, "more than one number"),
    ("15 - 12 EUR", Hints(), "ends below its start"),
    ("$5 - €7", Hints(), "two different currencies"),
    ("C $220.00", USD, "says CAD or NIO where the currency stated is USD"),
    ("12 EUR", USD, "says EUR where the currency stated is USD"),
    ("$19⁹⁹", USD, "superscript"),
    ("<Selector xpath=1>", USD, "which is no currency"),
    ("call 555", USD, "holds 'call', which is no currency"),
    (True, USD, "is no amount"),
    ([1], USD, "is no amount"),
]


@pytest.mark.parametrize(("written", "hints", "reason"), REFUSED)
def test_what_is_no_price_is_refused_with_the_reason(written, hints, reason):
    with pytest.raises(BadValue) as caught:
        money.parse(written, hints)
    assert reason in caught.value.message
    assert "; allowed: one price" in caught.value.message


@pytest.mark.parametrize("written", ["EUR 12,50 - 15,00", "¥199起", "ab 20 €", "from $20", "$5-$10"])
def test_the_lower_end_of_a_range_is_marked(written):
    assert money.parse(written).is_lowest
    assert not money.parse("20 €").is_lowest


codes = st.sampled_from(["EUR", "USD", "JPY", "KWD", "ARS", "INR", "CLP", "CHF", None])


@given(minor=st.integers(0, money.MOST_MINOR), code=codes)
@settings(deadline=None)
def test_written_and_read_back_is_the_same(minor, code):
    written = money.text(minor, code)
    # beside a code the mark is for people; a program that writes its own prices states the mark it uses
    assert money.parse(written, Hints(decimal="."))[:2] == (minor, code)


@given(
    minor=st.integers(0, 10**11),
    code=st.sampled_from(["EUR", "USD", "JPY", "KWD"]),
    marks=st.sampled_from([",.", ".,", " ,", "'."]),
)
@settings(deadline=None)
def test_grouping_does_not_change_the_amount(minor, code, marks):
    exponent = currencies.exponent(code)
    whole, part = divmod(minor, 10**exponent)
    written = f"{whole:,}".replace(",", marks[0]) + (f"{marks[1]}{part:0{exponent}d}" if exponent else "")
    assert money.parse(f"{written} {code}", Hints(decimal=marks[1])).minor == minor


@given(lower=st.floats(0, 1e9), higher=st.floats(0, 1e9))
@settings(deadline=None)
def test_a_dearer_float_is_never_a_cheaper_price(lower, higher):
    lower, higher = sorted((lower, higher))
    assert money.clean(lower, USD) <= money.clean(higher, USD)


@given(units=st.integers(0, 10**6), cents=st.integers(0, 99), decimal=st.sampled_from([None, ".", ","]), code=codes)
@settings(deadline=None)
def test_the_short_cut_reads_as_the_full_reading_does(units, cents, decimal, code):
    hints = Hints(decimal=decimal, currency=code)
    prices = (f"{units:,}.{cents:02d}", f"{units}.{cents:02d}", f"{units:,}", f"{units}", f"€ {units:,}", f"{units}起")
    for written in (*prices, *(price.translate(str.maketrans(",.", ".,")) for price in prices)):
        with suppress(ValueError):  # a contradiction, which the full reading finds as well
            short = money._usual_form(written, hints)
            assert short is None or short == money._full_form(written, hints)


def test_a_million_prices_take_seconds():
    # the bound is generous, for machines that are busy; the figure itself is in benchmarks
    prices = [f"US ${n * 7919 % 10**7 / 100:,.2f}" for n in range(100_000)]
    started = time.process_time()
    values, refused = clean_many(PRICE, prices)
    assert not refused and len(values) == len(prices)
    assert time.process_time() - started < 2.0
