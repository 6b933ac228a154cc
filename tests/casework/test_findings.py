"""The frozen content of a finding goes to JSON and back unchanged, and its hash depends on nothing but its content."""

import json
from dataclasses import replace

import pytest

from assay.casework.findings import (
    About,
    Content,
    Discrepancy,
    Fact,
    Goods,
    Mark,
    Merchant,
    NotChecked,
    NotComputed,
    Offer,
    Picture,
    Price,
    Step,
    Waterfall,
    canonical_sha256,
)
from assay.market.errors import CallerError


def a_content(**given):
    values = {
        "about": About("listing", "L1", "snapshot-1", "2026-06-01T00:00:00Z", "calibrated on verdicts", "ab" * 32),
        "merchant": Merchant("M1", "Shop 1", "CN", "2026-01-05", "active"),
        "waterfall": Waterfall(
            91.0,
            84.0,
            95.0,
            2.0,
            -389,
            (Step("price-gap", "price", "0.2 times the usual price", -1.6, 620, 2.0, 91.0),),
        ),
        "offer": Offer("Nor‹vane watch", "A watch.", "Norvane", "watches", 1_900, "EUR"),
        "discrepancies": (Discrepancy("price-gap", "price", -1.6, "19.00 EUR is 20 % of 95.00 EUR.", 620),),
        "facts": (Fact("ships_from", "ships from", "CN"),),
        "price": Price(1_900, "EUR", 2, "Norvane, watches", 40, 7_000, 8_000, 9_500, 11_000, 12_000),
        "pictures": (Picture("I1", "https://x.example/1.jpg", "cd" * 32, "", "", 2, ("L2", "L3")),),
        "goods": (Goods("L2", "Another watch", 88.0),),
        "marks": (Mark("wording-replica", "called a replica", "title", "1:1", 3, 6),),
        "not_checked": (NotChecked("orders-count", "number of orders"),),
        "not_computed": (NotComputed("imagery-shared", "picture at others", "needs images.pdq"),),
    }
    return Content(**values | given)


def test_content_comes_back_from_its_json_unchanged():
    content = a_content()
    assert Content.read(json.loads(json.dumps(content.to_json()))) == content


def test_a_whole_number_read_as_integer_is_a_score_again():
    """PostgreSQL and other writers may keep 91.0 as 91."""
    said = a_content().to_json()
    said["waterfall"]["score"] = 91
    assert Content.read(said) == a_content()
    assert Content.read(said).sha256 == a_content().sha256


def test_the_hash_does_not_depend_on_the_order_of_keys():
    said = a_content().to_json()
    assert canonical_sha256(dict(reversed(said.items()))) == a_content().sha256


def test_any_change_changes_the_hash():
    content = a_content()
    others = [
        replace(content, facts=()),
        replace(content, offer=replace(content.offer, title="Norvane watch")),
        replace(content, about=replace(content.about, snapshot_id="snapshot-2")),
        replace(content, waterfall=replace(content.waterfall, score=91.1)),
    ]
    assert len({each.sha256 for each in (content, *others)}) == len(others) + 1


def test_kinds_are_the_signals_that_do_not_fit_of_goods_and_merchant():
    own = a_content(merchant_discrepancies=(Discrepancy("merchant-age", "age", 3.0, "3 days.", None),))
    assert own.kinds == {"price-gap", "merchant-age"}


def test_another_format_is_refused_by_name():
    with pytest.raises(CallerError, match="has format 99; this version of Assay reads format 1"):
        Content.read(a_content().to_json() | {"format": 99})


@pytest.mark.parametrize("where", ["about", "merchant", "waterfall"])
def test_a_field_that_is_missing_or_unknown_is_refused(where):
    said = a_content().to_json()
    del said[where][next(iter(said[where]))]
    with pytest.raises(CallerError, match="it must have"):
        Content.read(said)
    said = a_content().to_json()
    said[where]["colour"] = "red"
    with pytest.raises(CallerError, match="may have"):
        Content.read(said)
