import numpy as np
import pyarrow as pa
import pytest

from assay.signals import repetition, text_risk
from tests.signals.markets import ago, listing

WORDS = "genuine leather bag with a gold chain and two pockets, sent within a day in its own box"


def verdict(listing_id, days, outcome="counterfeit"):
    return {
        "subject_type": "listing",
        "subject_id": listing_id,
        "verdict": outcome,
        "source": "platform_review",
        "decided_at": ago(days),
    }


def goods(name, merchant, text=WORDS, **columns):
    columns = {"listed_at": ago(100), "title": f"Norvane TR-{name}"} | columns
    return listing(listing_id=name, merchant_id=merchant, description=text, **columns)


def test_titles_are_counted_at_other_merchants_whatever_their_case(measured):
    rows = measured(
        repetition.measure,
        listings=[
            goods("A", "M1", "one", title="Norvane  BAG!"),
            goods("B", "M2", "two", title="norvane bag", listed_at=ago(120)),
            goods("C", "M2", "three", title="Norvane bag."),
            goods("D", "M3", "four", title="another"),
            goods("E", "M3", "five", title=None),
        ],
    )
    assert [rows[name]["repetition_title"] for name in "ABCDE"] == [1, 1, 1, 0, None]
    assert rows["A"]["repetition_title__n_listings"] == 3
    assert rows["A"]["repetition_title__first_listing"] == "B"
    assert "norvane" not in repetition.SIGNALS[0].sentence(rows["A"])
    assert "1 other merchant, on 3 listings in all; the earliest is B, of 2026-02-01." in repetition.SIGNALS[
        0
    ].sentence(rows["A"])


def test_near_identical_texts_are_one_group_and_the_title_stands_in_for_a_missing_description(measured):
    rows = measured(
        repetition.measure,
        listings=[
            goods("A", "M1"),
            goods("B", "M2", WORDS + " today"),
            goods("C", "M3", "something else that has nothing to do with it at all"),
            goods("D", "M4", None, title=WORDS),
            goods("E", "M5", "", title=None),
        ],
    )
    assert [rows[name]["repetition_text"] for name in "ABCDE"] == [2, 2, 0, 2, None]
    assert rows["A"]["repetition_text__similarity"] == 1.0
    assert 0.9 < rows["B"]["repetition_text__similarity"] < 1.0
    assert repetition.SIGNALS[1].sentence(rows["B"]).endswith("the earliest is A, of 2026-02-21.")


def test_the_likeness_to_a_confirmed_counterfeit_of_another_merchant_is_exact(measured):
    rows = measured(
        repetition.measure,
        listings=[goods("A", "M1"), goods("B", "M2"), goods("C", "M3", WORDS + " today"), goods("D", "M1")],
        verdicts=[verdict("A", 10)],
    )
    assert rows["A"]["repetition_confirmed"] == 0
    assert rows["B"]["repetition_confirmed"] == 1
    assert rows["B"]["repetition_confirmed__listing"] == "A"
    assert 0.9 < rows["C"]["repetition_confirmed"] < 1
    assert rows["D"]["repetition_confirmed"] == 0
    assert "listing A of another merchant, confirmed counterfeit on 2026-05-22" in repetition.SIGNALS[2].sentence(
        rows["C"]
    )


MARKET = [goods(name, merchant) for name, merchant in zip("ABCDE", ("M1", "M2", "M3", "M1", "M4"), strict=True)]
VERDICTS = [verdict("A", 10), verdict("B", 20), verdict("C", 30, "genuine")]


def seen(rows):
    return [(row["repetition_confirmed"], row["repetition_confirmed__listing"]) for _, row in sorted(rows.items())]


def test_only_verdicts_before_the_rated_date_and_of_other_merchants_count(measured):
    before = seen(measured(repetition.measure, listings=MARKET, verdicts=VERDICTS))
    assert before == [(1, "B"), (0, None), (0, None), (1, "B"), (1, "B")]


@pytest.mark.parametrize("own", [0, 1])
def test_the_own_verdict_never_moves_the_own_value(measured, own):
    before = seen(measured(repetition.measure, listings=MARKET, verdicts=VERDICTS))[own]
    turned = [v | {"verdict": "genuine"} if i == own else v for i, v in enumerate(VERDICTS)]
    assert seen(measured(repetition.measure, listings=MARKET, verdicts=turned))[own] == before


def test_verdicts_after_the_rated_date_and_of_the_own_merchant_never_move_a_value(measured):
    before = seen(measured(repetition.measure, listings=MARKET, verdicts=VERDICTS))
    after = seen(
        measured(repetition.measure, listings=MARKET, verdicts=[*VERDICTS[:3], verdict("E", 5), verdict("D", 9)])
    )
    assert after[:3] == before[:3]
    without = seen(measured(repetition.measure, listings=MARKET, verdicts=VERDICTS[1:]))
    assert without[3] == before[3]


def test_a_text_that_was_removed_before_counts_and_sold_out_goods_do_not(measured):
    rows = measured(
        repetition.measure,
        listings=[
            goods("A", "M1", removed_at=ago(50), removal_reason="Counterfeit (brand report)"),
            goods("B", "M2", removed_at=ago(60), removal_reason="sold out"),
            goods("C", "M1", listed_at=ago(40)),
            goods("D", "M3", WORDS + " today", listed_at=ago(30), removed_at=ago(20), removal_reason="侵权"),
            goods("E", "M4", listed_at=ago(50)),
            goods("F", "M4", "", listed_at=None),
            goods("G", "M4", listed_at=ago(1)),
        ],
    )
    assert [rows[name]["repetition_relisted"] for name in "ABCDEFG"] == [0, 0, 1, 1, 0, None, 2]
    assert rows["G"]["repetition_relisted__listing"] == "D"
    assert rows["C"]["repetition_relisted__listing"] == "A"
    assert "near-identical to 2 listings removed before" in repetition.SIGNALS[3].sentence(rows["G"])


def learning_market():
    """Sixty confirmed counterfeits of twelve merchants that share a turn of phrase, and three hundred others."""
    rng = np.random.default_rng(2)
    plain = [f"{a} {b}" for a in ("red", "blue", "green", "white", "black") for b in ("shirt", "shoe", "hat", "belt")]
    rows, verdicts = [], []
    for i in range(360):
        fake = i < 60
        words = " ".join(rng.choice(plain, 3)) + (" mirror quality" if fake else " fine quality")
        rows.append(goods(f"L{i:03d}", f"M{i % 12}" if fake else f"H{i % 40}", None, title=words))
        if fake:
            verdicts.append(verdict(f"L{i:03d}", 10))
    return rows, verdicts


def test_words_of_confirmed_counterfeits_raise_the_text_risk(measured):
    rows, verdicts = learning_market()
    probe = [goods("P", "P1", None, title="green hat mirror quality"), goods("Q", "P1", None, title="green hat fine")]
    found = measured(repetition.measure, listings=[*rows, *probe], verdicts=verdicts)
    assert found["P"]["repetition_text_risk"] > 2 > 0 > found["Q"]["repetition_text_risk"]
    assert "mirror" in found["P"]["repetition_text_risk__phrase"]
    assert found["Q"]["repetition_text_risk__phrase"] is None
    assert "confirmed counterfeits of other merchants" in repetition.TEXT_RISK.sentence(found["P"])


def test_a_merchants_own_verdicts_never_move_its_text_risk(measured):
    rows, verdicts = learning_market()
    mine = {row["listing_id"] for row in rows if row["merchant_id"] == "M3"}
    rest = [v for v in verdicts if v["subject_id"] not in mine]
    all_known = measured(repetition.measure, listings=rows, verdicts=[*rest, *(verdict(name, 10) for name in mine)])
    none_known = measured(repetition.measure, listings=rows, verdicts=rest)
    for name in mine:
        assert none_known[name]["repetition_text_risk"] == all_known[name]["repetition_text_risk"]


def test_too_few_confirmed_counterfeits_give_no_text_risk(measured):
    rows, verdicts = learning_market()
    assert "repetition_text_risk" not in measured(repetition.measure, listings=rows, verdicts=verdicts[:49])["L000"]
    assert "repetition_confirmed" in measured(repetition.measure, listings=rows, verdicts=verdicts[:49])["L000"]


def test_texts_score_alike_however_they_are_batched():
    rows, verdicts = learning_market()
    fakes = {v["subject_id"] for v in verdicts}
    sample = pa.table(
        {name: [row[name] for row in rows] for name in ("listing_id", "merchant_id", "title")}
        | {"description": pa.nulls(len(rows), pa.string())}
        | {"is_confirmed": [row["listing_id"] in fakes for row in rows]}
    )
    model = text_risk.learnt(sample)
    batch = sample.drop(["is_confirmed"]).to_batches()[0]
    whole = model(batch)
    pieces = [model(batch.slice(i, 37)) for i in range(0, len(rows), 37)]
    assert pa.Table.from_batches(pieces).combine_chunks().to_batches()[0].equals(whole)


def test_without_titles_nothing_is_measured(measured):
    assert measured(repetition.measure, listings=[goods("A", "M1", title=None)]) == {}
