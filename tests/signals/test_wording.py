import os
import pickle
from collections import Counter
from csv import DictReader
from pathlib import Path

import pyarrow as pa
import pytest

from assay.engine import Workspace
from assay.signals import wording
from assay.signals.signal import discrepancies
from assay.signals.slang import SAID, replica_slang
from assay.signals.spelling import Brand, Usage, brand_book, find, finder, learned_book, read
from assay.signals.titles import SCHEMA, TitleReader
from tests.signals.markets import brand, by_id, listing, make_market, merchant

BRANDS = [
    brand("B1", "Norvane", aliases='["nuofan"]', rights_holder="Norvane SA"),
    brand("B2", "Velkora"),
    brand("B3", "Norvane Kids", rights_holder="Norvane SA"),
]


def told(measured, *rows, **tables):
    """What the wording family says of each listing, in order."""
    found = measured(wording.measure, listings=list(rows), **({"brands": BRANDS} | tables))
    return [found[row["listing_id"]] for row in rows]


def test_disguised_brand_in_title_or_description(measured):
    title, head, plain = told(
        measured,
        listing(title="N0rvane runner"),
        listing(title="Runner", description="Real Nоrvane quality"),
        listing(title="Norvane runner", description="Norvane"),
    )
    assert (title["wording_evasive"], title["wording_evasive__place"]) == (1, "title")
    assert (head["wording_evasive"], head["wording_evasive__place"]) == (1, "description")
    assert plain["wording_evasive"] == 0


def test_not_checked_differs_from_nothing_found(measured):
    untitled, titled = told(measured, listing(title=None, brand="Norvane"), listing(title="Runner", brand=None))
    assert untitled["wording_evasive"] is None and untitled["wording_replica"] is None
    assert titled["wording_evasive"] == 0 and titled["wording_replica"] == 0
    assert titled["wording_brand_conflict"] is None


@pytest.mark.parametrize(
    ("title", "n_claimed"),
    [
        ("Norvane Velkora bag", 2),
        ("Norvane Norvane Kids bag", 0),
        ("Case for Velkora phone, Norvane style", 0),
        ("Norvane case compatible with Velkora", 0),
        ("Velkora compatible charger Norvane", 0),
        ("Чехол Norvane для Velkora", 0),
        ("Norvane 手机壳 适用 Velkora", 0),
        ("Norvane shoes for men Velkora", 2),
        ("Norvane bag", 0),
    ],
)
def test_rivals_are_brands_of_different_owners_that_the_title_claims(measured, title, n_claimed):
    assert told(measured, listing(title=title))[0]["wording_rivals"] == n_claimed


@pytest.mark.parametrize(
    ("title", "field", "conflict", "empty"),
    [
        ("Norvane runner", "Velkora", 1.0, 0),
        ("Norvane runner", "Norvane Kids", 0, 0),
        ("Norvane runner", "Someone", 0.5, 0),
        ("Norvane runner by Someone", "someone", 0, 0),
        ("Norvane runner", None, None, 1),
        ("Norvane runner", "Unbranded", None, 1),
        ("Norvane runner", "无品牌", None, 1),
        ("Runner", None, None, 0),
        ("Case for Norvane", "Velkora", 0, 0),
    ],
)
def test_title_against_brand_field(measured, title, field, conflict, empty):
    other = listing(title="Bag", brand="Velkora")
    row = told(measured, listing(title=title, brand=field), other)[0]
    assert (row["wording_brand_conflict"], row["wording_brand_empty"]) == (conflict, empty)


def test_nickname_counts_only_without_the_name(measured):
    alone, beside = told(measured, listing(title="nuofan runner"), listing(title="Norvane nuofan runner"))
    assert (alone["wording_alias"], alone["wording_alias__span"]) == (1, "nuofan")
    assert beside["wording_alias"] == 0


def test_brands_are_learned_where_there_is_no_table_of_brands(measured):
    rows = [listing(title=f"Norvane runner {i}", brand="Norvane", merchant_id=f"M{i % 3}") for i in range(6)]
    evasive = listing(title="N0rvane runner", merchant_id="M9")
    found = measured(wording.measure, listings=[*rows, evasive], merchants=[merchant(f"M{i}") for i in (0, 1, 2, 9)])
    assert found[evasive["listing_id"]]["wording_evasive__brand"] == "Norvane"
    assert {row["wording_evasive"] for key, row in found.items() if key != evasive["listing_id"]} == {0}


def test_without_any_brand_the_signals_about_brands_are_left_out(measured):
    row = measured(wording.measure, listings=[one := listing(title="Replica watch")])[one["listing_id"]]
    assert row["wording_replica"] == 1
    assert "wording_evasive" not in row


def test_a_market_without_titles_has_no_wording(measured):
    assert measured(wording.measure, listings=[listing(title=None)]) == {}


def test_every_listing_has_exactly_one_row(measured):
    rows = [listing(title=title) for title in ("Norvane", "Norvane", None, "a\nb", "🅽🅾")]
    assert set(measured(wording.measure, listings=rows, brands=BRANDS)) == {row["listing_id"] for row in rows}


def test_reader_survives_pickling_and_does_not_depend_on_how_batches_are_cut():
    book = brand_book([Brand("Norvane", "", ("Norvane",)), Brand("Velkora", "", ("Velkora",))])
    reader = pickle.loads(pickle.dumps(TitleReader(book)))
    titles = ["N0rvane", "Velkora Norvane", "ve*lkora\u200b", None, "Norvene", "replica", "n o r v a n e"]
    rows = [{"listing_id": str(i), "title": t, "brand": "Velkora", "description": t} for i, t in enumerate(titles)]
    batch = pa.RecordBatch.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in rows[0]]))
    whole = reader(batch)
    assert whole.schema == SCHEMA
    assert [row for i in range(len(batch)) for row in reader(batch.slice(i, 1)).to_pylist()] == whole.to_pylist()


def test_reader_takes_an_empty_batch():
    names = ("listing_id", "title", "brand", "description")
    empty = pa.RecordBatch.from_pylist([], schema=pa.schema([(name, pa.string()) for name in names]))
    assert TitleReader(brand_book([]))(empty).schema == SCHEMA


def test_sentences_state_both_facts(golden):
    book = brand_book([Brand("Norvane", "", ("Norvane",), ("nuofan",)), Brand("Velkora", "", ("Velkora",))])
    rows = [
        ("N0rvane AAA quality", None, "The logo is covered in the photo."),
        ("Norvane Velkora bag", "Someone", None),
        ("Norvane runner", "Velkora", "Nor\u200bvane, new"),
        ("Norvane runner", "unbranded", None),
        ("nuofan runner", "Norvane", None),
        ("Norvene runner", "Norvane", None),
    ]
    columns = ["title", "brand", "description"]
    batch = pa.RecordBatch.from_pylist(
        [{"listing_id": f"L{i}"} | dict(zip(columns, row, strict=True)) for i, row in enumerate(rows)],
        schema=pa.schema([(name, pa.string()) for name in ("listing_id", *columns)]),
    )
    lines = []
    for row in TitleReader(book)(batch).to_pylist():
        lines += [f"{row['listing_id']} shown: {found.text}" for found in discrepancies(row, wording.SIGNALS)]
        lines += [
            f"{row['listing_id']} {s.id}: {s.sentence(row)}" for s in wording.SIGNALS if row[s.column] is not None
        ]
    golden("wording.txt", lines)


@pytest.mark.skipif("ASSAY_DATA" not in os.environ, reason="needs ASSAY_DATA with flipkart_2016/products.csv")
def test_ordinary_titles_of_a_real_marketplace_raise_at_most_one_alarm_in_a_thousand():
    with (Path(os.environ["ASSAY_DATA"]) / "flipkart_2016" / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = list(DictReader(file))
    titles, fields = [row["product_name"] for row in rows], [row["brand"] or None for row in rows]
    book = learned_book([Usage(value, n) for value, n in Counter(filter(None, fields)).items()], titles, fields)
    _, _, disguises = find(read(titles), finder(book))
    alarms = {found.row for found in disguises} | {s.row for s in replica_slang(titles) if s.value == SAID}
    assert len(book.brands) > 800
    assert len(alarms) <= len(titles) / 1000


def test_both_engines_learn_the_same_book_and_give_the_same_rows(duckdb_engine, sail_engine, tmp_path):
    rows = [listing(title=f"Norvane runner {i}", brand="Norvane", merchant_id=f"M{i % 3}") for i in range(6)]
    rows += [
        listing(title="N0rvane réplica", description="d" * 399 + "é鞋\u200bx"),
        listing(title=None, brand="无品牌", merchant_id="M2"),
    ]
    tables = {"listings": rows, "merchants": [merchant(f"M{i}") for i in (0, 1, 2)]}
    found = []
    for name, engine in (("duckdb", duckdb_engine), ("sail", sail_engine)):
        market = make_market(engine, tmp_path / f"market_{name}", **tables)
        work = Workspace(engine, tmp_path / f"work_{name}")
        found.append(by_id(engine.collect(wording.measure(market, work)), "listing_id"))
    assert found[0] == found[1]
