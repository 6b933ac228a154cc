from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.signals import specification
from assay.signals.attribute_text import contradiction_text
from assay.signals.attributes import contradicts
from assay.signals.brand_ranges import belongs
from assay.signals.impossible import impossible
from assay.signals.trade_numbers import NumberCheck
from tests.signals.markets import brand, listing, product

VALID = "04006381333931"


def found(measured, listings, column, **tables):
    rows = measured(specification.measure, listings=listings, **tables)
    return [rows[row["listing_id"]][column] for row in listings]


def test_check_digit_and_in_store_numbers(measured):
    listings = [listing(gtin=g) for g in (VALID, "04006381333932", "02012345678900", "02000000000008", None)]
    assert found(measured, listings, "spec_gtin_invalid") == [0, 1, 1, 1, None]


def test_gtin_of_another_brand_by_catalogue_and_by_prefix(measured):
    brands = [
        brand(gtin_prefixes='["4006381"]', rights_holder="Norvane AG"),
        brand("B2", "Else", rights_holder="Else SA"),
        brand("B3", "Norvane Kids", rights_holder="Norvane AG"),
    ]
    products = [product("P9", "B2", gtin="05012345678900")]
    listings = [
        listing(brand="Norvane", gtin=VALID),
        listing(brand="Else", gtin=VALID),
        listing(brand="Norvane Kids", gtin=VALID),
        listing(brand="Norvane", gtin="05012345678900"),
        listing(brand="Norvane", gtin="04006381333932"),
        listing(brand="Unknown", gtin=VALID),
        listing(brand="Norvane"),
    ]
    tables = {"brands": brands, "products": products}
    assert found(measured, listings, "spec_gtin_brand", **tables) == [0, 1, 0, 1, None, None, None]


def test_gtin_brand_is_left_out_when_nobody_knows_owners(measured):
    one = listing(brand="Norvane", gtin=VALID)
    rows = measured(specification.measure, listings=[one], brands=[brand()])
    assert "spec_gtin_brand" not in rows[one["listing_id"]]


def test_category_is_checked_against_the_brands_own_list(measured):
    paths = ["Footwear > Sneakers", "Bags", "Electronics > Power banks", None]
    listings = [listing(brand="norvane", category=path) for path in paths]
    listings.append(listing(category="Bags"))
    brands = [brand(categories='["Footwear", "bags"]')]
    assert found(measured, listings, "spec_category_unseen", brands=brands) == [0, 0, 1, None, None]


def test_category_is_else_checked_against_other_merchants(measured):
    usual = [listing(merchant_id=f"M{i % 5}", brand="Norvane", category="Shoes") for i in range(30)]
    odd = listing(merchant_id="M9", brand="Norvane", category="Watches")
    own = [listing(merchant_id="M7", brand="Private", category=c) for c in ["Shoes"] * 40 + ["Bags"]]
    rows = measured(specification.measure, listings=[*usual, odd, *own])
    assert rows[odd["listing_id"]]["spec_category_unseen"] == 1
    assert rows[odd["listing_id"]]["spec_category_unseen__n_elsewhere"] == 30
    assert rows[usual[0]["listing_id"]]["spec_category_unseen"] is None
    assert rows[own[-1]["listing_id"]]["spec_category_unseen"] is None


def test_attributes_are_compared_with_the_catalogue(measured):
    goods = {"brand": "Norvane", "model": "TR-200"}
    stated = ['{"size":"41"}', '{"size":"99","colour":"pink"}', '{"length":"3 cm"}', "broken", None]
    listings = [listing(attributes=text, **goods) for text in stated] + [listing(attributes='{"size":"41"}')]
    products = [product(model="tr-200", attributes='{"size":"39|40|41","colour":"black|white"}')]
    tables = {"brands": [brand()], "products": products}
    assert found(measured, listings, "spec_contradiction", **tables) == [0, 2, None, None, None, None]


def test_completeness_counts_the_names_usual_for_the_cell(measured):
    full = '{"size":"41","colour":"black","material":"canvas"}'
    listings = [listing(brand="Norvane", category="Shoes", attributes=full) for _ in range(20)]
    listings += [listing(brand="Norvane", category="Shoes", attributes='{"size":"41","rare":"x"}')]
    listings += [listing(brand="Norvane", category="Shoes"), listing(brand="Else", category="Shoes")]
    listings += [listing(brand="Norvane", category="Hats", attributes=full)]
    values = found(measured, listings, "spec_completeness")
    assert values[0] == 1 and values[20:] == [pytest.approx(1 / 3), 0, 0, None]


def test_two_usual_names_are_no_norm_and_one_of_three_is_not_told(measured):
    goods = {"brand": "Norvane", "category": "Shoes"}
    listings = [listing(attributes='{"size":"41","colour":"black"}', **goods) for _ in range(20)]
    assert found(measured, [*listings, listing(**goods)], "spec_completeness")[-1] is None
    signal = next(signal for signal in specification.SIGNALS if signal.id == "spec-completeness")
    assert signal.fires(0.0) and signal.fires(10 / 31) and not signal.fires(1 / 3)


@pytest.mark.parametrize(
    ("name", "stated", "allowed", "said"),
    [
        ("power_w", "180", "18|20|65", "power 180 W; the catalogue knows 18, 20 or 65 W for this product"),
        ("capacity_mah", "99000", "20000", "capacity 99,000 mAh; the catalogue knows 20,000 mAh for this product"),
        ("power_w", "180 W", "18|20", "power 180 W; the catalogue knows 18 or 20 W for this product"),
        ("upper_material", "pu", "leather|suede", "upper material pu; the catalogue knows leather or suede for"),
        ("size", "47|48", "|".join(map(str, range(30, 46))), "30, 31, 32, 33, 34, 35, 36 or 9 other values for"),
        ("made_in", "CN", "IT|FR", "made in CN; the catalogue knows IT or FR for"),
    ],
)
def test_contradictions_are_said_in_plain_words(name, stated, allowed, said):
    assert said in contradiction_text(name, stated, allowed)


@pytest.mark.parametrize(
    ("name", "value", "category"),
    [
        ("capacity", "30000TB", "USB sticks"),
        ("memory size", "16 tb", "Computers > Flash drives"),
        ("容量", "100TB", "U盘"),
        ("size", "99", "Footwear > Sneakers"),
        ("尺码", "400", "运动鞋"),
        ("weight", "0 kg", "Bags"),
        ("вес", "-3", "Сумки"),
        ("purity", "1200", "Jewellery"),
        ("purity", "101%", "Jewellery"),
        ("purity", "25k", "Jewellery"),
        ("material", "120% cotton", "Shirts"),
        ("capacity", "900000mAh", "Power banks"),
        ("capacity", "9900 mAh", "18650 cells"),
        ("width", "0", "Bags"),
        ("spf", "500", "Beauty"),
    ],
)
def test_impossible_values_are_found(name, value, category):
    assert [(n, v) for n, v, _ in impossible({name: value}, category)] == [(name, value)]


@pytest.mark.parametrize(
    ("name", "value", "category"),
    [
        ("capacity", "256GB", "USB sticks"),
        ("capacity", "20TB", "Hard disks"),
        ("capacity", "1.5 l", "Bottles"),
        ("size", "42.5", "Footwear > Sneakers"),
        ("size", "265", "Footwear > Sneakers"),
        ("size", "XL", "Footwear > Sneakers"),
        ("size", "120", "Shirts"),
        ("weight", "0.4 kg", "Bags"),
        ("purity", "925", "Jewellery"),
        ("purity", "99.9%", "Jewellery"),
        ("purity", "18k", "Jewellery"),
        ("material", "95% cotton, 5% elastane", "Shirts"),
        ("capacity", "20000mAh", "Power banks"),
        ("colour", "999999TB", "USB sticks"),
    ],
)
def test_ordinary_values_are_not_found(name, value, category):
    assert impossible({name: value}, category) == []


def test_a_battery_too_light_for_its_charge_is_impossible():
    assert impossible({"capacity": "50000 mAh", "weight": "200 g"}, "Power banks")
    assert not impossible({"capacity": "20000 mAh", "weight": "0.35 kg"}, "Power banks")


def test_impossible_values_reach_the_listing(measured):
    listings = [listing(category="Computers > USB sticks", attributes='{"capacity":"30000TB"}'), listing()]
    assert found(measured, listings, "spec_impossible") == [1, None]


def test_a_market_without_specifications_gives_nothing(measured):
    assert measured(specification.measure, listings=[listing()]) == {}


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_value_never_contradicts_itself_or_a_list_that_holds_it(value, other):
    assert not contradicts(value, value)
    assert not contradicts(value, f"{other}|{value}") or not value.strip()


def test_categories_belong_to_parents_and_leaves_and_not_to_parts_of_words():
    assert belongs("Footwear > Sneakers", "Footwear > sneakers") and belongs("Footwear > Sneakers", "Sneakers")
    assert not belongs("Footwear > Sneakers", "Foot") and not belongs("Footwear", "Footwear > Sneakers")


def test_longest_prefix_decides_whose_a_number_is():
    check = NumberCheck({"400638": frozenset({"B1"}), "4006381": frozenset({"B2"})}, {}, {"B1": "One", "B2": "Two"})
    assert check._other_owner(VALID, "B1") == "Two"
    assert check._other_owner(VALID, "B2") is None


def test_sentences_state_both_facts(golden):
    row = {"spec_gtin_invalid": 1.0, "spec_gtin_invalid__gtin": "04006381333932"}
    row |= {"spec_gtin_invalid__fault": "check digit", "spec_gtin_brand": 1.0, "spec_gtin_brand__gtin": VALID}
    row |= {"spec_gtin_brand__claimed": "Norvane", "spec_gtin_brand__owner": "Else", "spec_category_unseen": 1.0}
    row |= {"spec_category_unseen__brand": "Norvane", "spec_category_unseen__category": "Power banks"}
    row |= {"spec_category_unseen__known": "Footwear, Bags", "spec_category_unseen__n_elsewhere": 1412}
    row |= {"spec_contradiction": 2.0, "spec_contradiction__text": contradiction_text("size", "47", "39|40|41")}
    row |= {"spec_impossible": 1.0, "spec_completeness": 0.4, "spec_completeness__n_filled": 2}
    row |= {"spec_impossible__text": "capacity 30000TB; flash drives and cards hold at most 4 TB"}
    row |= {"spec_completeness__n_usual": 5}
    market = row | {"spec_category_unseen__known": None, "spec_gtin_invalid__fault": "in-store number"}
    flags = ("gtin_invalid", "gtin_brand", "category_unseen", "contradiction", "impossible")
    none = {"spec_completeness": 0.0, "spec_completeness__n_filled": 0}
    calm = row | none | {f"spec_{name}": 0.0 for name in flags} | {"spec_gtin_invalid__fault": None}
    golden("specification.txt", [s.sentence(each) for each in (row, market, calm) for s in specification.SIGNALS])
