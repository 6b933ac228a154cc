from math import exp, log

import pytest

from assay.signals import history
from tests.signals.markets import ago, listing

WORDS = "a long description of the very same article in the same words, with the same promises and terms of delivery"


def verdict(listing_id, days, outcome="counterfeit"):
    return {
        "subject_type": "listing",
        "subject_id": listing_id,
        "verdict": outcome,
        "source": "platform_review",
        "decided_at": ago(days),
    }


def goods(*merchants, **columns):
    """One listing A0, A1, ... per merchant named, listed 100 days ago."""
    return [
        listing(listing_id=f"A{i}", merchant_id=m, listed_at=ago(100), description=WORDS, **columns)
        for i, m in enumerate(merchants)
    ]


def test_a_merchant_is_known_by_its_other_goods(measured):
    rows = measured(history.measure, listings=goods("M1", "M1", "M1", "M2"), verdicts=[verdict("A0", 10)])
    assert [rows[f"A{i}"]["history_merchant_count"] for i in range(4)] == [0, 1, 1, 0]
    assert rows["A1"]["history_merchant__n_others"] == 2
    assert rows["A1"]["history_merchant"] > rows["A3"]["history_merchant"]


def test_only_what_was_decided_before_the_own_verdict_counts(measured):
    verdicts = [verdict("A0", 10), verdict("A1", 20), verdict("A2", 30)]
    rows = measured(history.measure, listings=goods("M1", "M1", "M1", "M1"), verdicts=verdicts)
    assert [rows[f"A{i}"]["history_merchant_count"] for i in range(4)] == [2, 1, 0, 3]


def test_goods_listed_after_the_rated_date_are_not_counted(measured):
    late = listing(listing_id="B0", merchant_id="M1", listed_at=ago(5))
    rows = measured(history.measure, listings=[*goods("M1", "M1"), late], verdicts=[verdict("A0", 10)])
    assert rows["A0"]["history_merchant__n_others"] == 1
    assert rows["A1"]["history_merchant__n_others"] == 2
    assert rows["B0"]["history_merchant__n_others"] == 2


def test_the_group_and_the_brand_leave_the_own_merchant_out(measured):
    rows = measured(
        history.measure, listings=goods("M1", "M1", "M2", "M3", brand="Norvane"), verdicts=[verdict("A0", 10)]
    )
    assert rows["A1"]["history_group__n_confirmed"] == 0
    assert rows["A2"]["history_group__n_confirmed"] == 1
    assert rows["A2"]["history_group__n_others"] == 3
    assert rows["A1"]["history_brand__n_confirmed"] == 0
    assert rows["A3"]["history_brand__n_confirmed"] == 1
    assert rows["A3"]["history_brand"] > 0 > rows["A1"]["history_brand"]


def test_where_goods_are_cleared_as_a_rule_the_share_is_of_what_was_judged(measured):
    verdicts = [verdict("A0", 10), verdict("A1", 10, "genuine"), verdict("A2", 10, "genuine")]
    rows = measured(history.measure, listings=goods(*["M1"] * 9), verdicts=verdicts)
    assert rows["A8"]["history_merchant__n_others"] == 3
    assert rows["A0"]["history_merchant__n_others"] == 0


def test_without_a_brand_the_brand_is_not_checked_and_without_verdicts_nothing_is(measured):
    rows = measured(history.measure, listings=goods("M1"), verdicts=[verdict("A0", 10)])
    assert "history_brand" not in rows["A0"]
    two = [*goods("M1"), listing(listing_id="B0", merchant_id="M2", brand="Norvane")]
    assert measured(history.measure, listings=two, verdicts=[verdict("A0", 10)])["A0"]["history_brand"] is None
    assert measured(history.measure, listings=goods("M1")) == {}


VALUES = ("history_merchant", "history_merchant_count", "history_group", "history_brand", "history_category")
MARKET = [
    *goods("M1", "M1", "M1", "M2", "M2", "M3", "M3", "M4", brand="Norvane", category="Bags"),
    listing(listing_id="B0", merchant_id="M5", brand="Other", category="Bags"),
]
VERDICTS = [verdict("A0", 10), verdict("A1", 20), verdict("A3", 15), verdict("A5", 12), verdict("B0", 30, "genuine")]


def values(rows, name):
    return [rows[name][value] for value in VALUES]


@pytest.mark.parametrize("own", ["A0", "A1", "A3", "A5"])
def test_the_own_verdict_never_moves_the_own_values(measured, own):
    before = values(measured(history.measure, listings=MARKET, verdicts=VERDICTS), own)
    turned = [v | {"verdict": "genuine"} if v["subject_id"] == own else v for v in VERDICTS]
    assert values(measured(history.measure, listings=MARKET, verdicts=turned), own) == before


def test_verdicts_after_the_rated_date_never_move_a_value(measured):
    before = values(measured(history.measure, listings=MARKET, verdicts=VERDICTS), "A3")
    later = [*VERDICTS[:1], *VERDICTS[1:3], verdict("B0", 30, "genuine"), verdict("A4", 9), verdict("A6", 15)]
    assert values(measured(history.measure, listings=MARKET, verdicts=later), "A3") == before


def test_the_merchants_own_verdicts_never_move_what_is_said_about_others(measured):
    before = measured(history.measure, listings=MARKET, verdicts=VERDICTS)["A2"]
    others = [v for v in VERDICTS if v["subject_id"] not in ("A0", "A1")]
    after = measured(history.measure, listings=MARKET, verdicts=others)["A2"]
    for value in ("history_group", "history_brand", "history_category"):
        assert after[value] == before[value]
    assert after["history_merchant_count"] == 0 < before["history_merchant_count"]


def test_sentences_state_both_facts(measured):
    rows = measured(history.measure, listings=MARKET, verdicts=VERDICTS)
    for signal in history.SIGNALS:
        assert "confirmed counterfeit" in signal.sentence(rows["A4"])


def test_the_brand_is_said_as_the_listing_writes_it(measured):
    rows = measured(history.measure, listings=MARKET, verdicts=VERDICTS)
    written = {row["listing_id"]: row["brand"] for row in MARKET}
    assert all(row["history_brand__brand"] == written[name] for name, row in rows.items())


@pytest.mark.parametrize(
    ("n", "confirmed", "said"),
    [
        (0, 0, "There were no other listings of the merchant that could have been confirmed counterfeit."),
        (1, 1, "The one other listing of the merchant had been confirmed counterfeit."),
        (1, 0, "The one other listing of the merchant had not been confirmed counterfeit."),
        (1037, 0, "Of 1,037 other listings of the merchant, none had been confirmed counterfeit."),
        (1037, 12, "Of 1,037 other listings of the merchant, 12 had been confirmed counterfeit."),
    ],
)
def test_the_record_is_said_for_none_one_and_many(n, confirmed, said):
    signal = next(signal for signal in history.SIGNALS if signal.id == "history-merchant")
    assert signal.sentence({"history_merchant__n_others": n, "history_merchant__n_confirmed": confirmed}) == said


def test_only_three_times_the_markets_share_is_shown():
    brand = next(signal for signal in history.SIGNALS if signal.id == "history-brand")
    for rate in (0.01, 0.05, 0.11):
        least = 1 / (1 + exp(-(log(rate / (1 - rate)) + brand.fires_above)))
        assert least >= 3 * rate


def test_the_number_of_confirmed_goods_is_for_the_model_only():
    count = next(signal for signal in history.SIGNALS if signal.id == "history-merchant-count")
    assert not count.fires(1e6)
