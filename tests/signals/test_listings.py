from __future__ import annotations

import pytest

from assay.signals import listings
from tests.signals.markets import ago, brand, listing, merchant, product


def test_age_counts_days_to_the_rating_also_for_removed_goods(measured):
    young, removed = listing(listed_at=ago(9)), listing(listed_at=ago(100), removed_at=ago(91))
    future, unknown = listing(listed_at=ago(-2)), listing()
    rows = measured(listings.measure, listings=[young, removed, future, unknown])
    assert [rows[row["listing_id"]]["listing_age"] for row in (young, removed, future, unknown)] == [9, 100, None, None]


def test_ships_from_is_compared_with_the_merchant_and_the_catalogue(measured):
    far = listing(ships_from="CN", brand="Norvane", model="TR-200")
    home, silent = listing(ships_from="FR"), listing(merchant_id="M2", ships_from="FR")
    rows = measured(
        listings.measure,
        listings=[far, home, silent],
        merchants=[merchant(country="FR")],
        brands=[brand()],
        products=[product(model="TR-200", origin="IT")],
    )
    assert [rows[row["listing_id"]]["listing_ships_from"] for row in (far, home, silent)] == [1, 0, None]
    assert [rows[row["listing_id"]]["listing_origin"] for row in (far, home, silent)] == [1, None, None]


def test_authorisation_is_checked_only_where_the_brand_keeps_a_list(measured):
    on, off = listing(brand="norvane"), listing(brand="Norvane", merchant_id="M2")
    without, unknown, bare = listing(brand="Else"), listing(brand="Nobody"), listing()
    rows = measured(
        listings.measure,
        listings=[on, off, without, unknown, bare],
        brands=[brand(authorised_merchants='["M1"]'), brand("B2", "Else")],
    )
    found = [rows[row["listing_id"]]["listing_authorised"] for row in (on, off, without, unknown, bare)]
    assert found == [0, 1, None, None, None]


def test_sizes_count_characters_in_any_script(measured):
    one = listing(title="耐克鞋 42", quantity=7, n_edits=3)
    row = measured(listings.measure, listings=[one])[one["listing_id"]]
    assert (row["listing_title_length"], row["listing_quantity"], row["listing_edits"]) == (6, 7, 3)
    assert "listing_description_length" not in row and "listing_age" not in row


def test_sentences_state_both_facts(golden):
    row = {"listing_age": 9.0, "listing_edits": 7.0, "listing_quantity": 1500.0, "listing_title_length": 64.0}
    row |= {"listing_description_length": 410.0, "listing_ships_from": 1.0, "listing_ships_from__stated": "CN"}
    row |= {"listing_ships_from__country": "FR", "listing_origin": 1.0, "listing_origin__stated": "CN"}
    row |= {"listing_origin__catalogue": "IT", "listing_authorised": 1.0, "listing_authorised__brand": "Norvane"}
    calm = row | {"listing_ships_from": 0.0, "listing_origin": 0.0, "listing_authorised": 0.0}
    golden("listings.txt", [signal.sentence(each) for each in (row, calm) for signal in listings.SIGNALS])


def test_as_of_is_taken_from_the_market(measured):
    one = listing(listed_at=ago(0.5))
    assert measured(listings.measure, listings=[one])[one["listing_id"]]["listing_age"] == pytest.approx(0.5)
