from __future__ import annotations

from datetime import UTC, datetime
from math import log

import pytest

from assay.signals import orders
from assay.signals.counters import disjoint
from assay.signals.signal import discrepancies
from tests.signals.markets import AS_OF, ago, brand, listing, order, product


def refund(listing_id: str, reason: str | None = None, **columns):
    return order(listing_id, refunded_at=ago(5), refund_reason=reason, **columns)


def test_refund_rates_are_drawn_towards_the_market(measured):
    bad, good = listing(), listing()
    one, other = bad["listing_id"], good["listing_id"]
    rows = measured(
        orders.measure_listings,
        listings=[bad, good],
        orders=[refund(one, "This is a FAKE"), refund(one, "假货"), order(one), *(order(other) for _ in range(7))],
    )
    assert rows[one]["orders_refund_fake_rate"] == pytest.approx((2 + 20 * 0.2) / 23)
    assert rows[one]["orders_refund_rate"] == pytest.approx((2 + 20 * 0.2) / 23)
    assert rows[other]["orders_refund_fake_rate"] == pytest.approx(20 * 0.2 / 27)
    assert (rows[one]["orders_count"], rows[other]["orders_count"]) == (3, 7)


def test_unsold_goods_are_not_checked_and_count_zero(measured):
    sold, unsold = listing(), listing()
    rows = measured(
        orders.measure_listings, listings=[sold, unsold], orders=[refund(sold["listing_id"], "not a fake, too small")]
    )
    row = rows[unsold["listing_id"]]
    assert (row["orders_count"], row["orders_refund_fake_rate"], row["orders_refund_rate"]) == (0, None, None)
    assert rows[sold["listing_id"]]["orders_refund_fake_rate"] == 0.0


def test_refunds_after_the_rating_do_not_count(measured):
    one = listing()
    late = order(one["listing_id"], refunded_at=ago(-3), refund_reason="fake")
    rows = measured(
        orders.measure_listings, listings=[one], orders=[late, order(one["listing_id"], ordered_at=ago(-1))]
    )
    row = rows[one["listing_id"]]
    assert (row["orders_refund_fake_rate"], row["orders_count"]) == (0.0, 1)


def test_signals_without_their_columns_are_left_out(measured):
    one = listing()
    row = measured(orders.measure_listings, listings=[one], orders=[order(one["listing_id"])])[one["listing_id"]]
    assert set(row) == {"listing_id", "orders_count"}
    assert measured(orders.measure_listings, listings=[one]) == {}
    assert measured(orders.measure_merchants, key="merchant_id", listings=[one]) == {}


def test_weight_is_compared_with_the_catalogue_per_unit(measured):
    known = listing(brand="Norvane", model="TR-200")
    parcels = [order(known["listing_id"], quantity=2, parcel_weight_g=620.0), order(known["listing_id"])]
    rows = measured(
        orders.measure_listings,
        listings=[known],
        orders=parcels,
        brands=[brand()],
        products=[product(model="tr-200", weight_g=820.0)],
    )
    row = rows[known["listing_id"]]
    assert row["orders_weight_gap"] == pytest.approx(log(310 / 820))
    assert (row["orders_weight_gap__weight_g"], row["orders_weight_gap__n_merchants"]) == (310, None)


def test_weight_is_else_compared_with_other_merchants(measured):
    goods = {"brand": "Norvane", "category": "Sneakers"}
    listings = [listing(merchant_id=f"M{i}", **goods) for i in range(7)]
    light, elsewhere = listing(merchant_id="M8", **goods), listing(merchant_id="M9", category="Watches")
    parcels = [order(row["listing_id"], parcel_weight_g=800.0) for row in listings]
    parcels += [order(row["listing_id"], parcel_weight_g=400.0) for row in (light, elsewhere)]
    rows = measured(orders.measure_listings, listings=[*listings, light, elsewhere], orders=parcels)
    assert rows[light["listing_id"]]["orders_weight_gap"] == pytest.approx(log(0.5))
    assert rows[light["listing_id"]]["orders_weight_gap__n_merchants"] == 7
    assert rows[elsewhere["listing_id"]]["orders_weight_gap"] is None


def test_origin_is_the_share_of_parcels_from_another_country(measured):
    mixed, far, home, silent = listing(ships_from="IT"), listing(ships_from="IT"), listing(ships_from="IT"), listing()
    parcels = [order(mixed["listing_id"], ships_from=c) for c in ("IT", "CN", "CN", "HK")]
    parcels += [order(far["listing_id"], ships_from="CN"), order(home["listing_id"], ships_from="IT")]
    parcels += [order(silent["listing_id"], ships_from="CN"), order(home["listing_id"])]
    rows = measured(orders.measure_listings, listings=[mixed, far, home, silent], orders=parcels)
    found = [rows[row["listing_id"]]["orders_origin"] for row in (mixed, far, home, silent)]
    assert found == [0.75, 1.0, 0.0, None]
    assert rows[mixed["listing_id"]]["orders_origin__n_scanned"] == 4


def test_merchants_add_up_all_their_goods(measured):
    first, second, other = listing(), listing(), listing(merchant_id="M2")
    rows = measured(
        orders.measure_merchants,
        key="merchant_id",
        listings=[first, second, other],
        orders=[refund(first["listing_id"], "подделка"), order(second["listing_id"]), order(second["listing_id"])],
    )
    assert rows["M1"]["orders_merchant_refund_fake_rate"] == pytest.approx((1 + 20 / 3) / 23)
    assert rows["M2"]["orders_merchant_refund_fake_rate"] is None


def stats(listing_id: str, days: float, **counts):
    return {"listing_id": listing_id, "window_start": ago(days), "window_end": AS_OF} | counts


def test_overlapping_windows_are_counted_once(measured):
    one, other = listing(), listing()
    rows = measured(
        orders.measure_listings,
        listings=[one, other],
        listing_stats=[
            stats(one["listing_id"], 90, n_sales=100, n_returns=30, n_returned_as_fake=10),
            stats(one["listing_id"], 30, n_sales=40, n_returns=20, n_returned_as_fake=9),
            stats(other["listing_id"], 90, n_sales=0, n_returns=0, n_returned_as_fake=0),
        ],
    )
    row = rows[one["listing_id"]]
    assert (row["stats_sales"], row["stats_fake_return_rate__n_hits"]) == (100, 10)
    assert row["stats_fake_return_rate"] == pytest.approx((10 + 20 * 0.1) / 120)
    assert rows[other["listing_id"]]["stats_return_rate"] is None


def test_successive_months_all_count():
    months = [(datetime(2026, m, 1, tzinfo=UTC), datetime(2026, m + 1, 1, tzinfo=UTC)) for m in range(1, 5)]
    assert sorted(disjoint(months)) == months
    assert disjoint([*months, (None, months[-1][1])]) == [(None, months[-1][1])]


def rate_row(column: str):
    return {column: 0.3, f"{column}__n_hits": 3, f"{column}__n_events": 14, f"{column}__usual": 0.004}


def test_sentences_state_both_facts(golden):
    row = {"listing_id": "L1", "merchant_id": "M1", "orders_count": 14.0, "stats_sales": 1200.0}
    for signal in orders.SIGNALS:
        if signal.id.endswith("rate"):
            row |= rate_row(signal.column)
    row |= {"orders_weight_gap": log(310 / 820), "orders_weight_gap__weight_g": 310}
    row |= {"orders_weight_gap__reference_g": 820, "orders_weight_gap__n_merchants": None}
    row |= {"orders_origin": 0.9, "orders_origin__n_elsewhere": 9, "orders_origin__n_scanned": 10}
    row |= {"orders_origin__claimed": "IT"}
    texts = [signal.sentence(row) for signal in orders.SIGNALS]
    texts.append(discrepancies(row | {"orders_weight_gap__n_merchants": 7}, orders.SIGNALS)[2].text)
    ones = {name: 1 for name in row if name.endswith(("__n_hits", "__n_events", "__n_elsewhere", "__n_scanned"))}
    ones |= {
        "orders_weight_gap__n_merchants": 1,
        "orders_weight_gap": log(2.1),
        "orders_count": 1.0,
        "stats_sales": 1.0,
    }
    golden("orders.txt", texts + [signal.sentence(row | ones) for signal in orders.SIGNALS])
