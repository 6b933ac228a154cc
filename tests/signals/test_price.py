from __future__ import annotations

from math import log

import numpy as np
import pytest

from assay.signals import price
from assay.signals.signal import discrepancies
from tests.signals.markets import AS_OF, ago, brand, listing, order, product

GOODS = {"brand": "Norvane", "category": "Footwear > Sneakers", "currency": "EUR"}


def sold(merchant_id: str, price_minor: int, n: int = 1, **columns):
    """Listings of a merchant and the orders that paid this price for them."""
    listings = [listing(merchant_id=merchant_id, price=price_minor, **(GOODS | columns)) for _ in range(n)]
    return listings, [order(row["listing_id"], amount=2 * price_minor, quantity=2) for row in listings]


def market_of(*parts):
    return {
        "listings": [row for part in parts for row in part[0]],
        "orders": [row for part in parts for row in part[1]],
    }


def usual_sellers(**columns):
    return [sold(f"M{i}", p, **columns) for i, p in enumerate([10_000, 11_000, 12_000, 13_000, 14_000], start=1)]


def test_gap_is_the_log_of_price_over_the_median_of_what_others_were_paid(measured):
    cheap = listing(merchant_id="M9", price=3_000, **GOODS)
    rows = measured(price.measure, **market_of(*usual_sellers(), ([cheap], [])))
    row = rows[cheap["listing_id"]]
    assert row["price_gap"] == pytest.approx(log(3_000 / 12_000))
    assert (row["price_gap__reference"], row["price_gap__n_merchants"], row["price_gap__level"]) == (12_000, 5, 2)


def test_own_merchant_is_left_out_of_its_reference(measured):
    parts = usual_sellers()
    rows = measured(price.measure, **market_of(*parts))
    expected = {0: (12_000, 13_000), 1: (12_000, 13_000), 2: (11_000, 13_000), 3: (11_000, 12_000), 4: (11_000, 12_000)}
    for place, (low, high) in expected.items():
        row = rows[parts[place][0][0]["listing_id"]]
        assert row["price_gap__reference"] == pytest.approx((low * high) ** 0.5, abs=0.5)
        assert row["price_gap__n_merchants"] == 4


def test_leaving_out_is_exact_for_an_even_number_of_merchants(measured):
    parts = [*usual_sellers(), sold("M6", 20_000)]
    rows = measured(price.measure, **market_of(*parts))
    found = [rows[part[0][0]["listing_id"]]["price_gap__reference"] for part in parts]
    assert found == [13_000, 13_000, 13_000, 12_000, 12_000, 12_000]


def test_a_merchant_with_many_listings_counts_once(measured):
    cheap = listing(merchant_id="M9", price=3_000, **GOODS)
    flood = sold("M8", 2_000, n=30)
    rows = measured(price.measure, **market_of(*usual_sellers(), flood, ([cheap], [])))
    assert rows[cheap["listing_id"]]["price_gap__reference"] == pytest.approx((11_000 * 12_000) ** 0.5, abs=0.5)
    assert rows[cheap["listing_id"]]["price_gap__n_listings"] == 35


def test_model_cell_comes_first_and_category_last(measured):
    model = listing(merchant_id="M9", price=5_000, model=" tr-200", **GOODS)
    other = listing(merchant_id="M9", price=5_000, **(GOODS | {"brand": "Else"}))
    nowhere = listing(merchant_id="M9", price=5_000, **(GOODS | {"category": "Watches"}))
    rows = measured(price.measure, **market_of(*usual_sellers(model="TR-200"), ([model, other, nowhere], [])))
    assert [rows[row["listing_id"]]["price_gap__level"] for row in (model, other, nowhere)] == [1, 3, None]
    assert rows[nowhere["listing_id"]]["price_gap"] is None


def test_asking_prices_stand_in_without_orders(measured):
    parts = usual_sellers()
    cheap = listing(merchant_id="M9", price=3_000, **GOODS)
    rows = measured(price.measure, listings=[*market_of(*parts)["listings"], cheap])
    assert rows[cheap["listing_id"]]["price_gap__basis"] == "asked"
    assert rows[cheap["listing_id"]]["price_gap__reference"] == 12_000


def test_counters_of_sales_stand_in_without_orders(measured):
    parts = usual_sellers()
    cheap = listing(merchant_id="M9", price=3_000, **GOODS)
    listings = [*market_of(*parts)["listings"], cheap]
    stats = [
        {"listing_id": row["listing_id"], "window_end": None, "n_sales": 4, "revenue": 4 * 8_000, "currency": "EUR"}
        for row in listings[:5]
    ]
    rows = measured(price.measure, listings=listings, listing_stats=[s | {"window_end": AS_OF} for s in stats])
    assert rows[cheap["listing_id"]]["price_gap__reference"] == 8_000
    assert rows[cheap["listing_id"]]["price_gap__basis"] == "paid"


def test_currencies_are_never_mixed(measured):
    dollars = listing(merchant_id="M9", price=3_000, **(GOODS | {"currency": "USD"}))
    unknown = listing(merchant_id="M9", price=3_000, **(GOODS | {"currency": None}))
    odd = listing(merchant_id="M9", price=3_000, **(GOODS | {"currency": "QQQ"}))
    rows = measured(price.measure, **market_of(*usual_sellers(), ([dollars, unknown, odd], [])))
    assert [rows[row["listing_id"]]["price_gap"] for row in (dollars, unknown, odd)] == [None, None, None]


def test_missing_and_zero_prices_are_not_checked(measured):
    free, bare = listing(merchant_id="M9", price=0, **GOODS), listing(merchant_id="M9")
    rows = measured(price.measure, **market_of(*usual_sellers(), ([free, bare], [order(free["listing_id"], amount=0)])))
    for row in (free, bare):
        found = rows[row["listing_id"]]
        assert (found["price_gap"], found["price_outlier"], found["price_repeated"]) == (None, None, None)


def test_one_merchant_alone_has_no_reference(measured):
    rows = measured(price.measure, **market_of(sold("M1", 10_000, n=9)))
    assert {row["price_gap"] for row in rows.values()} == {None}


def test_a_market_without_prices_gives_nothing(measured):
    assert measured(price.measure, listings=[listing()]) == {}


def test_orders_after_the_rating_do_not_count(measured):
    parts = usual_sellers()
    late = [row | {"ordered_at": ago(-1)} for part in parts for row in part[1]]
    rows = measured(price.measure, listings=market_of(*parts)["listings"], orders=late)
    assert {row["price_gap"] for row in rows.values()} == {None}


def test_spread_is_floored_so_that_equal_prices_do_not_make_outliers(measured):
    parts = [sold(f"M{i}", 10_000) for i in range(1, 7)]
    near = listing(merchant_id="M9", price=10_400, **GOODS)
    row = measured(price.measure, **market_of(*parts, ([near], [])))[near["listing_id"]]
    assert row["price_outlier"] == pytest.approx(log(1.04) / 0.05)


def test_gap_to_authorised_merchants_is_for_the_others_only(measured):
    cheap = listing(merchant_id="M9", price=3_000, **GOODS)
    parts = usual_sellers()
    tables = market_of(*parts, ([cheap], []))
    rows = measured(price.measure, **tables, brands=[brand(authorised_merchants='["M4", "M5"]')])
    first, last = parts[0][0][0]["listing_id"], parts[4][0][0]["listing_id"]
    assert rows[first]["price_authorised_gap"] == pytest.approx(log(10_000) - (log(13_000) + log(14_000)) / 2)
    assert rows[cheap["listing_id"]]["price_authorised_gap__n_merchants"] == 2
    assert rows[last]["price_authorised_gap"] is None


def test_odd_price_counts_other_merchants_and_usual_endings_never(measured):
    plain = [listing(merchant_id=f"P{i}", price=10_099 + 100 * i, **GOODS) for i in range(300)]
    same = [listing(merchant_id=f"S{i}", price=8_763, **GOODS) for i in range(3)]
    twice = listing(merchant_id="S0", price=8_763, **GOODS)
    equal = [listing(merchant_id=f"E{i}", price=9_999, **GOODS) for i in range(3)]
    unbranded = listing(merchant_id="S9", price=8_763, **(GOODS | {"brand": None}))
    rows = measured(price.measure, listings=[*plain, *same, twice, *equal, unbranded])
    assert [rows[row["listing_id"]]["price_repeated"] for row in [*same, twice]] == [2, 2, 2, 2]
    assert [rows[row["listing_id"]]["price_repeated"] for row in equal] == [0, 0, 0]
    assert rows[unbranded["listing_id"]]["price_repeated"] is None


def test_facts_stand_only_where_something_is_told(measured):
    cheap = listing(merchant_id="M9", price=3_000, **GOODS)
    parts = usual_sellers()
    rows = measured(price.measure, **market_of(*parts, ([cheap], [])))
    told, silent = rows[cheap["listing_id"]], rows[parts[2][0][0]["listing_id"]]
    assert (told["price_gap__brand"], told["price_gap__price"]) == ("Norvane", 3_000)
    assert (silent["price_gap__brand"], silent["price_gap__price"]) == (None, None)
    assert silent["price_gap"] is not None and silent["price_gap__reference"] is not None


def test_list_price_is_found_by_gtin_or_model_in_the_same_currency(measured):
    by_gtin = listing(price=2_000, gtin="04006381333931", **GOODS)
    by_model = listing(price=2_000, model="TR-200", **GOODS)
    dollars = listing(price=2_000, model="TR-200", **(GOODS | {"currency": "USD"}))
    catalogue = [product(gtin="04006381333931", model="TR-200", list_price=16_000, currency="EUR")]
    rows = measured(price.measure, listings=[by_gtin, by_model, dollars], brands=[brand()], products=catalogue)
    found = [rows[row["listing_id"]]["price_list_gap"] for row in (by_gtin, by_model, dollars)]
    assert found == [pytest.approx(log(1 / 8)), pytest.approx(log(1 / 8)), None]


def test_aliases_share_the_cell_of_their_brand(measured):
    cheap = listing(merchant_id="M9", price=3_000, **(GOODS | {"brand": " ＮＯＲＶＡＮＥ"}))
    alias = listing(merchant_id="M9", price=3_000, **(GOODS | {"brand": "诺凡"}))
    rows = measured(
        price.measure, **market_of(*usual_sellers(), ([cheap, alias], [])), brands=[brand(aliases='["诺凡"]')]
    )
    assert [rows[row["listing_id"]]["price_gap__reference"] for row in (cheap, alias)] == [12_000, 12_000]


ROW = {
    "listing_id": "L1",
    "price_gap": log(0.2248),
    "price_gap__price": 2_900,
    "price_gap__currency": "EUR",
    "price_gap__brand": "Norvane",
    "price_gap__category": "Footwear > Sneakers",
    "price_gap__reference": 12_900,
    "price_gap__n_merchants": 41,
    "price_gap__n_listings": 214,
    "price_gap__level": 2,
    "price_gap__basis": "paid",
    "price_outlier": -12.4,
    "price_outlier__spread": 0.12,
    "price_authorised_gap": log(2_900 / 13_500),
    "price_authorised_gap__reference": 13_500,
    "price_authorised_gap__n_merchants": 3,
    "price_repeated": 3.0,
    "price_list_gap": log(2_900 / 13_900),
    "price_list_gap__list_price": 13_900,
    "price_list_gap__model": "TR-200",
}


def test_sentences_state_both_facts(golden):
    rows = [ROW, ROW | {"price_gap__level": 1}, ROW | {"price_gap__level": 3, "price_gap__basis": "asked"}]
    rows.append(ROW | {"price_gap__brand": None, "price_gap__category": None, "price_authorised_gap__n_merchants": 1})
    rows.append(ROW | {"price_gap": log(4.2), "price_gap__n_merchants": 1037, "price_gap__n_listings": 1})
    golden("price.txt", [found.text for row in rows for found in discrepancies(row, price.SIGNALS)])


def test_dear_goods_fire_like_cheap_ones():
    gap = next(signal for signal in price.SIGNALS if signal.id == "price-gap")
    assert gap.fires(log(2.1)) and gap.fires(-log(2.1)) and not gap.fires(log(1.5)) and not gap.fires(None)


def test_leaving_out_equals_the_median_of_the_rest_for_any_number_of_merchants(measured):
    prices = np.random.default_rng(5).integers(40, 60, size=(8, 12)) * 100
    parts = []
    for n, row in enumerate(prices.tolist(), start=5):
        parts += [sold(f"M{i}", p, category=f"C{n}", brand=f"B{n}") for i, p in enumerate(row[:n])]
    rows = measured(price.measure, **market_of(*parts))
    place = 0
    for n, row in enumerate(prices.tolist(), start=5):
        for i, own in enumerate(row[:n]):
            rest = np.median(np.log([p for j, p in enumerate(row[:n]) if j != i]))
            assert rows[parts[place][0][0]["listing_id"]]["price_gap"] == pytest.approx(log(own) - rest, abs=1e-12)
            place += 1
