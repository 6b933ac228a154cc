"""Inspecting says what a file is, and the mapping it writes takes the file in."""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
import tomllib
from pathlib import Path

import pytest

from assay.intake import draft_mapping, inspect, intake, write_mapping
from assay.intake.inspection import Inspection, likely_table
from assay.intake.names import meanings
from assay.market import CallerError
from assay.market.columns import Kind, Table
from assay.market.tables import TABLES


def facts(inspection: Inspection) -> dict[str, str | None]:
    return {column.name: column.becomes for column in inspection.columns}


@pytest.mark.parametrize(
    ("header", "becomes"),
    [
        ("Verkäufer", "merchant_id"),
        ("Prix (€)", "price"),
        ("Título", "title"),
        ("sellerName", "merchant_id"),
        ("Цена", "price"),
        ("商品标题", "title"),
        ("Marchio", "brand"),
        ("Kategoria", "category"),
        ("Preço", "price"),
        ("Aantal", "quantity"),
    ],
)
def test_headers_are_known_in_ten_languages(header: str, becomes: str) -> None:
    assert meanings(header)[0] == becomes


@pytest.mark.parametrize(
    ("columns", "table"),
    [
        (("id", "title", "price", "seller"), "listings"),
        (("order_id", "item_id", "order_date", "tracking_number"), "orders"),
        (("review_id", "product_id", "stars", "review_text"), "reviews"),
        (("seller_id", "shop_name", "registration_date", "country", "phone"), "merchants"),
        (("something", "else"), "listings"),
    ],
)
def test_the_headers_tell_which_table_a_file_holds(columns: tuple[str, ...], table: str) -> None:
    assert likely_table(columns).name == table


GERMAN = """Artikelnummer;Verkäufer;Titel;Preis;Datum;Link
1;anna;Tasche rot;1.549,00 €;13.02.2024;https://x.example/1
2;bert;Schuh;12,50 €;14.02.2024;https://x.example/2
3;anna;Hut;9,- €;15.02.2024;
"""


def test_the_mapping_written_for_a_file_takes_it_in(tmp_path: Path) -> None:
    (tmp_path / "angebote.csv").write_text(GERMAN)
    inspection = inspect(tmp_path / "angebote.csv")
    assert (inspection.delimiter, inspection.n_rows, inspection.is_whole) == (";", 3, True)
    assert inspection.summary().splitlines()[0] == "angebote.csv: csv, cut at ';', utf-8; 3 rows; probably listings."
    write_mapping(inspection, tmp_path / "mapping.toml")
    report = intake([tmp_path / "angebote.csv"], tmp_path / "mapping.toml", tmp_path / "market")
    assert report.rows == {"listings": 3, "merchants": 2}
    assert not report.reasons


def test_the_way_dates_and_prices_are_written_is_found(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,seller,price,created\n1,a,$ 1.499,25/12/2023\n2,a,$ 12.000,01/12/2023\n")
    columns = {column.name: column for column in inspect(tmp_path / "x.csv").columns}
    assert columns["price"].hints.decimal == ","
    assert columns["created"].hints.time_format == "day-first"
    assert columns["price"].currency is None


def test_a_column_whose_cells_do_not_fit_its_name_is_not_proposed(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,seller,price\n1,a,see shop\n2,a,on request\n")
    assert facts(inspect(tmp_path / "x.csv"))["price"] is None


def test_packing_and_inner_keys_of_json_are_seen(tmp_path: Path) -> None:
    rows = [{"id": i, "seller": {"name": "a"}, "title": "x"} for i in range(3)]
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress("".join(json.dumps(r) + "\n" for r in rows).encode()))
    inspection = inspect(tmp_path / "x.jsonl.gz")
    assert (inspection.format, inspection.packing) == ("jsonl", "gzip")
    assert "seller.name" in facts(inspection)


def test_a_database_with_one_table_is_inspected(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("CREATE TABLE goods (id, seller, title)")
        connection.execute("INSERT INTO goods VALUES (1, 'a', 'x')")
    connection.close()
    assert 'table = "goods"' in draft_mapping(inspect(tmp_path / "x.db"))
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("CREATE TABLE more (id)")
    connection.close()
    with pytest.raises(CallerError, match="holds the tables goods, more"):
        inspect(tmp_path / "x.db")


def test_what_cannot_be_inspected_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,seller\n")
    for path, words in (("x.csv", "header but no rows"), ("y.csv", "does not exist"), (".", "is a folder")):
        with pytest.raises(CallerError, match=words):
            inspect(tmp_path / path)


def test_without_a_header_for_it_a_required_column_is_left_to_be_stated(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,title\n1,a\n")
    draft = draft_mapping(inspect(tmp_path / "x.csv"))
    assert "# merchant_id is required and no header names it" in draft


# A cell that each kind of column can take, where the column itself names no example.
CELLS = {
    Kind.INTEGER: "3",
    Kind.NUMBER: "2.5",
    Kind.BOOLEAN: "true",
    Kind.TIME: "2026-03-01T08:00:00Z",
    Kind.MONEY: "12.50",
    Kind.CURRENCY: "EUR",
    Kind.COUNTRY: "FR",
    Kind.RATE: "0.9",
    Kind.GTIN: "04006381333931",
    Kind.PHONE: "+33142685300",
    Kind.EMAIL: "a@b.example",
    Kind.URL: "https://x.example/1",
    Kind.ATTRIBUTES: '{"size":"39"}',
    Kind.LIST: '["a","b"]',
}


def own_columns(table: Table, path: Path) -> Path:
    # The last allowed word: the first of a safety class is "none", which intake reads as an empty cell.
    cells = [(c.allowed or (CELLS.get(c.kind, "x1"),))[-1] for c in table.columns]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([table.column_names, cells])
    return path


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_the_markets_own_column_names_mean_themselves(table: Table, tmp_path: Path) -> None:
    path = own_columns(table, tmp_path / "export.csv")
    for inspection in (inspect(path), inspect(path, table=table.name)):
        assert inspection.table == table.name
        assert facts(inspection) == {name: name for name in table.column_names}
        drafted = tomllib.loads(draft_mapping(inspection))["source"][0]["tables"][table.name]
        taken = {to: said["from"] if isinstance(said, dict) else said for to, said in drafted.items()}
        assert taken == {name: name for name in table.column_names}


def test_a_columns_own_name_comes_before_another_word_for_it(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("Titel,seller,title,merchant_id\nTasche,anna,bag,M1\n")
    assert facts(inspect(tmp_path / "x.csv")) == {
        "Titel": None,
        "seller": None,
        "title": "title",
        "merchant_id": "merchant_id",
    }


def test_a_calendar_with_the_markets_headers_is_taken_in_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("event_id,name,starts_at,ends_at\nE1,Sale,2026-01-01,2026-01-02\n")
    write_mapping(inspect(tmp_path / "events.csv", table="events"), tmp_path / "mapping.toml")
    report = intake([tmp_path / "events.csv"], tmp_path / "mapping.toml", tmp_path / "market")
    assert report.rows == {"events": 1}
