"""The fast paths of cleaning give what the value types of the market give."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.intake.cells import Cleaner
from assay.intake.recipes import without_null_words
from assay.market import TABLES, BadValue
from assay.market.columns import Column
from assay.market.values import Hints, clean, money

LISTINGS, ORDERS = TABLES["listings"], TABLES["orders"]
COLUMNS = [
    LISTINGS.column("listing_id"),
    LISTINGS.column("title"),
    LISTINGS.column("quantity"),
    LISTINGS.column("url"),
    LISTINGS.column("listed_at"),
    ORDERS.column("parcel_weight_g"),
    LISTINGS.column("ships_from"),
]
TEXTS = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"(199\d|20[0-9]\d)-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d{3})?(Z|[+-]0\d:00)", fullmatch=True),
    st.from_regex(r"https?://[a-zA-Z0-9.-]{1,12}(:\d{2})?(/[!-~]{0,9})?", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,3})?", fullmatch=True),
)


def one_by_one(column: Column, text: str | None, hints: Hints) -> tuple[object, bool]:
    try:
        return clean(column, text, hints), False
    except BadValue:
        return None, True


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
@pytest.mark.parametrize("hints", [Hints(), Hints(decimal=",", zone="Europe/Paris"), Hints(time_format="%Y")])
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS, max_size=6))
def test_columns_are_cleaned_as_single_values_are(column: Column, hints: Hints, texts: list[str]) -> None:
    ready = without_null_words(pa.array(texts, pa.string()), ("",))
    values, faults = Cleaner(column, hints).values(ready)
    wanted = [one_by_one(column, text, hints) for text in ready.to_pylist()]
    assert values.type == column.arrow_type
    assert values.to_pylist() == [value for value, _ in wanted]
    assert faults.rows.tolist() == [i for i, (_, refused) in enumerate(wanted) if refused]


def test_a_price_takes_the_currency_of_its_row() -> None:
    texts = pa.array(["10", "10", "US $10", None, "10"])
    codes = pa.array(["JPY", "EUR", None, "EUR", None])
    values, found, faults = Cleaner(LISTINGS.column("price"), Hints()).money(texts, codes)
    assert values.to_pylist() == [10, 1000, 1000, None, money.parse("10").minor]
    assert found.to_pylist() == ["JPY", "EUR", "USD", None, None]
    assert not len(faults.rows)


def test_what_is_remembered_does_not_change_the_result() -> None:
    cleaner = Cleaner(LISTINGS.column("ships_from"), Hints())
    texts = pa.array(["France", "nowhere", "France"])
    assert cleaner.values(texts)[0].to_pylist() == cleaner.values(texts)[0].to_pylist() == ["FR", None, "FR"]
    assert cleaner.values(texts)[1].rows.tolist() == [1]


def test_null_words_are_whole_cells_in_any_case() -> None:
    cells = pa.array([" NULL ", "null and void", "N/A", "", None, "x"])
    assert without_null_words(cells, ("", "null", "n/a")).to_pylist() == [None, "null and void", None, None, None, "x"]
