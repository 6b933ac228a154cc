from __future__ import annotations

import pytest

from assay.signals import merchants
from tests.signals.markets import ago, brand, listing, merchant


def rows_of(measured, **tables):
    return measured(merchants.measure_merchants, key="merchant_id", **tables)


def test_a_bare_market_gives_sizes_and_no_more(measured):
    rows = rows_of(measured, listings=[listing(), listing(removed_at=ago(3))], merchants=[merchant(), merchant("M2")])
    assert set(rows["M1"]) == {"merchant_id", "merchant_size"}
    assert (rows["M1"]["merchant_size"], rows["M2"]["merchant_size"]) == (1, 0)


def test_age_and_missing_licence(measured):
    known = [merchant(registered_at=ago(12), licence_no="X1"), merchant("M2", registered_at=ago(-1))]
    rows = rows_of(measured, listings=[listing()], merchants=known)
    assert (rows["M1"]["merchant_age"], rows["M2"]["merchant_age"]) == (12, None)
    assert (rows["M1"]["merchant_licence_missing"], rows["M2"]["merchant_licence_missing"]) == (0, 1)


def test_burst_is_the_share_of_the_busiest_day(measured):
    many = [listing(listed_at=ago(20)) for _ in range(9)] + [listing(listed_at=ago(i)) for i in (1, 2, 3)]
    few = [listing(merchant_id="M2", listed_at=ago(20)) for _ in range(9)]
    rows = rows_of(measured, listings=[*many, *few, listing(merchant_id="M3")])
    assert rows["M1"]["merchant_burst"] == pytest.approx(9 / 12)
    assert (rows["M2"]["merchant_burst"], rows["M2"]["merchant_burst_size"]) == (None, 9)
    assert (rows["M3"]["merchant_burst"], rows["M3"]["merchant_burst_size"]) == (None, None)


def test_breadth_counts_brands_once_however_they_are_spelt(measured):
    brands = [brand(is_luxury=True, aliases='["诺凡"]'), brand("B2", "Else", is_luxury=False)]
    spelt = ["Norvane", "NORVANE", "诺凡", "Else", "Unknown", None]
    rows = rows_of(measured, listings=[listing(brand=text) for text in spelt], brands=brands)
    assert (rows["M1"]["merchant_brand_breadth"], rows["M1"]["merchant_luxury_breadth"]) == (3, 1)


def test_unauthorised_share_is_of_brands_that_keep_a_list(measured):
    brands = [
        brand(authorised_merchants='["M1"]'),
        brand("B2", "Else", authorised_merchants='["M9"]'),
        brand("B3", "Free"),
    ]
    offered = [listing(brand=text) for text in ("Norvane", "Else", "Else", "Free", None)]
    rows = rows_of(measured, listings=[*offered, listing(merchant_id="M2", brand="Free")], brands=brands)
    assert rows["M1"]["merchant_unauthorised_share"] == pytest.approx(2 / 3)
    assert rows["M2"]["merchant_unauthorised_share"] is None


def test_feedback_is_drawn_towards_the_market(measured):
    known = [merchant(feedback_rate=0.5, n_feedback=20), merchant("M2", feedback_rate=1.0, n_feedback=60)]
    known += [merchant("M3", feedback_rate=1.0), merchant("M4")]
    rows = rows_of(measured, listings=[listing()], merchants=known)
    usual = (10 + 60 + 20) / 100
    assert rows["M1"]["merchant_feedback"] == pytest.approx((10 + 20 * usual) / 40)
    assert rows["M3"]["merchant_feedback"] == pytest.approx((20 + 20 * usual) / 40)
    assert rows["M4"]["merchant_feedback"] is None


def test_siblings_are_counted_once_and_hubs_link_nobody(measured):
    known = [
        merchant("M1", phone="+331", payout_account="A", ip="9.9.9.9"),
        merchant("M2", phone="+331", payout_account="A", ip="9.9.9.9", status="suspended"),
        merchant("M3", phone="+331", ip="9.9.9.9", status="active"),
        merchant("M4", phone="+332"),
        merchant("M5"),
        *(merchant(f"H{i}", ip="9.9.9.9") for i in range(60)),
    ]
    rows = rows_of(measured, listings=[listing()], merchants=known)
    found = {name: rows[name]["merchant_shared_identifier"] for name in ("M1", "M2", "M3", "M4", "M5", "H1")}
    assert found == {"M1": 2, "M2": 2, "M3": 2, "M4": 0, "M5": None, "H1": 0}
    assert [rows[name]["merchant_closed_siblings"] for name in ("M1", "M2", "M3", "M4", "M5")] == [1, 0, 1, 0, None]
    assert rows["M1"]["merchant_shared_identifier__phone"] == 2
    assert rows["M1"]["merchant_shared_identifier__payout_account"] == 1


def test_sentences_state_both_facts(golden):
    row = {"merchant_age": 12.0, "merchant_age__n_live": 480, "merchant_size": 480.0, "merchant_burst": 0.9}
    row |= {"merchant_burst__n_busiest": 1090, "merchant_burst__n_dated": 1200, "merchant_burst_size": 1090.0}
    row |= {"merchant_luxury_breadth": 7.0, "merchant_luxury_breadth__n_listings": 480, "merchant_brand_breadth": 12.0}
    row |= {"merchant_unauthorised_share": 0.8, "merchant_unauthorised_share__n_unauthorised": 8}
    row |= {"merchant_unauthorised_share__n_with_list": 10, "merchant_feedback": 0.81, "merchant_feedback__rate": 0.7}
    row |= {"merchant_feedback__n": 30, "merchant_feedback__usual": 0.98, "merchant_shared_identifier": 3.0}
    row |= {"merchant_shared_identifier__phone": 2, "merchant_shared_identifier__payout_account": 1}
    row |= {"merchant_closed_siblings": 1.0, "merchant_closed_siblings__n_siblings": 3, "merchant_licence_missing": 1.0}
    calm = row | {"merchant_feedback__n": None, "merchant_shared_identifier": 0.0, "merchant_licence_missing": 0.0}
    one = row | {"merchant_age": 1.0, "merchant_age__n_live": 0, "merchant_size": 1.0, "merchant_brand_breadth": 1.0}
    one |= {"merchant_burst__n_busiest": 1, "merchant_burst_size": 1.0, "merchant_luxury_breadth": 1.0}
    one |= {"merchant_luxury_breadth__n_listings": 1, "merchant_unauthorised_share__n_unauthorised": 1}
    one |= {"merchant_unauthorised_share__n_with_list": 1, "merchant_shared_identifier": 1.0}
    one |= {"merchant_closed_siblings__n_siblings": 1}
    golden("merchants.txt", [signal.sentence(each) for each in (row, calm, one) for signal in merchants.SIGNALS])
