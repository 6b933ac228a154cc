"""Trade item numbers."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.market import BadValue
from assay.market.values import gtin


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("4006381333931", "04006381333931"),
        ("04006381333931", "04006381333931"),
        ("14006381333938", "14006381333938"),
        ("036000291452", "00036000291452"),
        ("36000291452", "00036000291452"),
        ("96385074", "00000096385074"),
        ("4006381-333931", "04006381333931"),
        (" 400 6381 333931 ", "04006381333931"),
        ("EAN: 4006381333931", "04006381333931"),
        ("EAN13 4006381333931", "04006381333931"),
        ("GTIN-14: 04006381333931", "04006381333931"),
        ("(01)04006381333931", "04006381333931"),
        ("４００６３８１３３３９３１", "04006381333931"),
        ("4006381333931.0", "04006381333931"),
        (4006381333931, "04006381333931"),
        (4006381333931.0, "04006381333931"),
        ("0-306-40615-2", "09780306406157"),
        ("ISBN 080442957X", "09780804429573"),
        ("4006381333932", "04006381333932"),  # a check digit that fails is evidence, and kept
    ],
)
def test_numbers_become_14_digits(written, expected):
    assert gtin.clean(written) == expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("4.00638E+12", "scientific notation"),
        ("4,00638E+12", "scientific notation"),
        ("4e12", "scientific notation"),
        ("Does not apply", "has no digits"),
        ("N/A", "has no digits"),
        ("400638133393", None),
        ("4006381", "has 7 digits"),
        ("36000291453", "has 11 digits"),
        ("400638133393123", "has 15 digits"),
        ("0-306-40615-3", "has 10 digits"),
        ("4006381333931X", "holds more than digits"),
        (4006381333931.5, "is no trade item number"),
        (-4006381333931, "is no trade item number"),
        (float("nan"), "is no trade item number"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(written, reason):
    if reason is None:  # 12 digits with a wrong check digit: the length is right
        assert gtin.clean(written) == f"00{written}"
        return
    with pytest.raises(BadValue) as caught:
        gtin.clean(written)
    assert reason in caught.value.message and "8, 12, 13 or 14 digits" in caught.value.message


@given(st.integers(1, 10**12 - 1))
@settings(deadline=None)
def test_exactly_one_check_digit_fits(body):
    assert sum(gtin.is_valid(f"0{body:012d}{digit}") for digit in range(10)) == 1


@given(st.integers(1, 10**12 - 1), st.integers(1, 13), st.integers(1, 9))
@settings(deadline=None)
def test_one_wrong_digit_is_always_noticed(body, place, shift):
    number = next(f"0{body:012d}{digit}" for digit in range(10) if gtin.is_valid(f"0{body:012d}{digit}"))
    wrong = f"{number[:place]}{(int(number[place]) + shift) % 10}{number[place + 1 :]}"
    assert not gtin.is_valid(wrong)


def test_all_zeros_are_a_placeholder():
    assert gtin.clean("0000000000000") == "0" * 14
    assert not gtin.is_valid("0" * 14)


MANY = st.lists(
    st.none() | st.from_regex(r"[0-9]{0,15}", fullmatch=True) | st.text(max_size=14) | st.just("04006381333931")
)


@given(MANY)
@settings(deadline=None)
def test_the_column_check_agrees_with_the_single_one(texts):
    texts = [None if text is None else text.encode("utf-8", "ignore").decode() for text in texts]
    expected = [text is not None and gtin.is_valid(text) for text in texts]
    assert gtin.is_valid_many(texts).tolist() == expected
    array = pa.array([*texts, "x"], pa.string())
    chunked = pa.chunked_array([array.slice(1), array[:1]], pa.string())
    assert gtin.is_valid_many(array.slice(0, len(texts))).tolist() == expected
    assert gtin.is_valid_many(chunked).tolist() == [*expected, False][1:] + [*expected, False][:1]


def test_the_column_check_takes_every_form_of_column():
    texts = ["04006381333931", "04006381333932", None]
    for column in (texts, np.array(texts, dtype=object), pa.array(texts), pa.chunked_array([texts, texts[:0]])):
        assert gtin.is_valid_many(column).tolist() == [True, False, False]
    assert gtin.is_valid_many(pa.array(texts).dictionary_encode()).tolist() == [True, False, False]
    assert gtin.is_valid_many([]).tolist() == []
    assert gtin.is_valid_many(pa.array([None, None], pa.string())).tolist() == [False, False]


@pytest.mark.parametrize(
    ("number", "prefixes", "expected"),
    [
        ("04006381333931", ["4006381"], True),
        ("14006381333938", ["4006381"], True),  # a case of ten has another packaging digit, and the same company
        ("04006381333931", ["5012345", "400638"], True),
        ("04006381333931", ["5012345"], False),
        ("00614141000036", ["0614141"], True),
        ("00000096385074", ["4006381"], None),  # a GTIN-8 carries no company prefix
        ("04006381333931", [], None),
        ("04006381333931", ["40", "abc"], None),
        (None, ["4006381"], None),
    ],
)
def test_company_prefixes_are_compared_as_in_a_gtin_13(number, prefixes, expected):
    assert gtin.same_company(number, prefixes) is expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [("02012345678903", True), ("00212345678909", True), ("04006381333931", False), ("00000096385074", False)],
)
def test_numbers_for_use_inside_one_shop_are_known(number, expected):
    assert gtin.is_restricted(number) is expected
