"""Taking in: formats agree, keys are unique, merging and appending keep what they say they keep."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from assay.engine import open_snapshot
from assay.intake import IntakeReport, intake, load_mapping, read_mapping
from assay.market import CallerError, OutsideError

MAPPING = """
[[source]]
name = "shop"
currency = "EUR"
[source.tables.listings]
listing_id = "id"
merchant_id = "seller"
title = "title"
price = "price"
listed_at = "listed"
[source.tables.merchants]
duplicates = "merge"
merchant_id = "seller"
name = "shop"
phone = "phone"
"""
NAMES = ("id", "seller", "title", "price", "listed", "shop", "phone")
ROWS = [
    ("1", "a", "Shoe, red", "10.00", "2024-01-01T00:00:00Z", None, "+33142685300"),
    ("2", "b", 'Clip 7.5" é', "20.50", None, "B shop", None),
    ("3", "a", "two\nlines", None, "2024-01-03T12:00:00Z", "A shop", "+33142685301"),
]


def csv_text(rows=ROWS, delimiter=",") -> str:
    def cell(value: str | None) -> str:
        return "" if value is None else '"' + value.replace('"', '""') + '"'

    lines = [delimiter.join(NAMES), *(delimiter.join(map(cell, row)) for row in rows)]
    return "\n".join(lines) + "\n"


def take(folder: Path, text: str | None = None, *, mapping: str = MAPPING, name="data.csv", **more) -> IntakeReport:
    if text is not None:
        (folder / name).write_text(text, "utf-8")
    return intake([folder / name], read_mapping_text(mapping), folder / "market", **more)


def stating(line: str) -> str:
    """The mapping with one more line in its source."""
    return MAPPING.replace('name = "shop"', f'name = "shop"\n{line}', 1)


def read_mapping_text(text: str):
    import tomllib

    return read_mapping(tomllib.loads(text))


def table(folder: Path, name: str, snapshot_id: str | None = None) -> list[dict]:
    snapshot = open_snapshot(folder / "market", snapshot_id)
    key = f"{name[:-1]}_id"
    rows = pq.read_table(snapshot.tables[name]).to_pylist()
    return sorted(({k: v for k, v in row.items() if v is not None} for row in rows), key=lambda row: row[key])


WANTED = [
    {
        "listing_id": "1",
        "merchant_id": "a",
        "title": "Shoe, red",
        "price": 1000,
        "currency": "EUR",
        "listed_at": datetime(2024, 1, 1, tzinfo=UTC),
    },
    {"listing_id": "2", "merchant_id": "b", "title": 'Clip 7.5" é', "price": 2050, "currency": "EUR"},
    {"listing_id": "3", "merchant_id": "a", "title": "two\nlines", "listed_at": datetime(2024, 1, 3, 12, tzinfo=UTC)},
]


def as_json() -> bytes:
    return "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in ROWS).encode()


def as_parquet(folder: Path) -> None:
    columns = {name: [row[i] for row in ROWS] for i, name in enumerate(NAMES)}
    columns["id"] = pa.array([1, 2, 3])
    columns["price"] = pa.array([10.0, 20.5, None])
    times = [datetime(2024, 1, 1, tzinfo=UTC), None, datetime(2024, 1, 3, 12, tzinfo=UTC)]
    columns["listed"] = pa.array(times, pa.timestamp("ns", "UTC"))
    pq.write_table(pa.table(columns), folder / "data.parquet")


def as_sqlite(folder: Path) -> None:
    with sqlite3.connect(folder / "data.db") as connection:
        connection.execute(f"CREATE TABLE goods ({','.join(NAMES)})")
        connection.executemany("INSERT INTO goods VALUES (?,?,?,?,?,?,?)", ROWS)
    connection.close()


WAYS = {
    "data.csv": lambda f: (f / "data.csv").write_text(csv_text()),
    "data.tsv": lambda f: (f / "data.tsv").write_text(csv_text(delimiter="\t")),
    "data.csv.gz": lambda f: (f / "data.csv.gz").write_bytes(gzip.compress(csv_text().encode())),
    "data.tsv.zst": lambda f: (f / "data.tsv.zst").write_bytes(zstandard.compress(csv_text(delimiter="\t").encode())),
    "data.jsonl": lambda f: (f / "data.jsonl").write_bytes(as_json()),
    "data.jsonl.gz": lambda f: (f / "data.jsonl.gz").write_bytes(gzip.compress(as_json())),
    "data.parquet": as_parquet,
    "data.db": as_sqlite,
}


@pytest.mark.parametrize("name", WAYS)
def test_every_format_gives_the_same_market(name: str, tmp_path: Path) -> None:
    WAYS[name](tmp_path)
    mapping = stating('table = "goods"') if name == "data.db" else MAPPING
    report = take(tmp_path, mapping=mapping, name=name)
    assert table(tmp_path, "listings") == WANTED
    assert report.rows == {"listings": 3, "merchants": 2}


def test_a_folder_is_taken_in_by_the_names_of_its_files(tmp_path: Path) -> None:
    for name, rows in (("2024-02.csv", ROWS[2:]), ("2024-01.csv", ROWS[:2])):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text(csv_text(rows))
    (tmp_path / "in" / "notes.md").write_text("not data")
    mapping = stating('files = "*.csv"')
    report = take(tmp_path, mapping=mapping, name="in")
    assert table(tmp_path, "listings") == WANTED
    assert report.unmatched_files == ("notes.md",)


def test_merging_keeps_the_first_filled_value_of_each_column(tmp_path: Path) -> None:
    report = take(tmp_path, csv_text())
    a, b = table(tmp_path, "merchants")
    assert a == {"merchant_id": "a", "name": "A shop", "phone": "+33142685300"}
    assert b == {"merchant_id": "b", "name": "B shop"}
    merchants = report.sources[1]
    assert (merchants.read, merchants.kept, merchants.merged) == (3, 2, 1)


def test_the_later_row_of_a_key_stands(tmp_path: Path) -> None:
    later = ("1", "b", "Later", "5", None, None, None)
    report = take(tmp_path, csv_text([*ROWS, later]))
    assert table(tmp_path, "listings")[0]["title"] == "Later"
    assert report.sources[0].superseded == 1


def test_appending_replaces_rows_of_the_same_key_and_keeps_history(tmp_path: Path) -> None:
    first = take(tmp_path, csv_text())
    update = [("2", "b", "New title", "9", None, None, None), ("4", "c", "Hat", "1", None, None, None)]
    second = take(tmp_path, csv_text(update), name="more.csv", append=True)
    assert [row["title"] for row in table(tmp_path, "listings")] == ["Shoe, red", "New title", "two\nlines", "Hat"]
    assert (second.parent, second.replaced) == (first.snapshot_id, {"listings": 1, "merchants": 1})
    assert table(tmp_path, "listings", first.snapshot_id) == WANTED


def test_appending_shares_unchanged_files_with_the_earlier_snapshot(tmp_path: Path) -> None:
    first = take(tmp_path, csv_text())
    mapping = MAPPING.split("[source.tables.merchants]")[0]
    added = [("9", "b", "Hat", "1", None, None, None)]
    second = take(tmp_path, csv_text(added), mapping=mapping, name="more.csv", append=True)
    market = tmp_path / "market"
    files = [
        {path.stat().st_ino for path in open_snapshot(market, one).folder.glob("tables/*/*.parquet")}
        for one in (first.snapshot_id, second.snapshot_id)
    ]
    assert files[0] < files[1]
    open_snapshot(market).verify()


def test_an_orphan_gets_its_merchant_when_the_merchant_comes_later(tmp_path: Path) -> None:
    alone = MAPPING.split("[source.tables.merchants]")[0]
    report = take(tmp_path, csv_text(), mapping=alone)
    assert (report.orphans[0].rows, report.orphans[0].identifiers, report.rows["merchants"]) == (3, 2, 2)
    merchants = "[[source]]\nname='m'\n[source.tables.merchants]\nmerchant_id='id'\nname='n'\n"
    later = take(tmp_path, "id,n\na,Known\n", mapping=merchants, name="m.csv", append=True)
    assert table(tmp_path, "merchants") == [{"merchant_id": "a", "name": "Known"}, {"merchant_id": "b"}]
    assert later.replaced == {"merchants": 1}


def test_prefixes_keep_marketplaces_apart(tmp_path: Path) -> None:
    both = MAPPING.replace('name = "shop"', 'name = "x"\nprefix = "x:"', 1)
    both += MAPPING.replace('name = "shop"', 'name = "y"\nprefix = "y:"', 1)
    report = take(tmp_path, csv_text(), mapping=both)
    assert report.rows == {"listings": 6, "merchants": 4}
    assert {row["merchant_id"] for row in table(tmp_path, "listings")} == {"x:a", "x:b", "y:a", "y:b"}


def test_the_same_input_gives_the_same_snapshot(tmp_path: Path) -> None:
    first = take(tmp_path, csv_text())
    assert take(tmp_path, csv_text()).snapshot_id == first.snapshot_id


def test_progress_ends_at_the_size_of_the_files(tmp_path: Path) -> None:
    heard = []
    take(tmp_path, csv_text(), progress=lambda *told: heard.append(told))
    size = (tmp_path / "data.csv").stat().st_size
    assert heard[-1] == ("take in data.csv", size, size)


def test_recipes_make_columns_of_what_a_source_has(tmp_path: Path) -> None:
    mapping = """
    [[source]]
    name = "odd"
    [source.tables.listings]
    listing_id = { hash = ["url", "nr"] }
    merchant_id = { from = "url", extract = 'shop/(\\w+)/' }
    title = { combine = ["brand", "kind"], join = " " }
    brand = { from = "brand", values = { "N/K" = "Nike" } }
    category = { from = "path", split = ">", part = [0, 2], join = " > " }
    model = { from = "path", split = ">", part = -1 }
    price = { first = ["sale", "list"], currency = "EUR" }
    attributes = { object = { size = "size", colour = "colour" } }
    condition = { from = "note", remove = '\\(.*?\\)' }
    language = { constant = "en" }
    """
    text = "url,nr,brand,kind,path,sale,list,size,colour,note\n"
    text += "http://s.example/shop/ann/1,1,N/K,shoe,A > B > C,,12.5,42,,new (boxed)\n"
    take(tmp_path, text, mapping=mapping)
    (row,) = table(tmp_path, "listings")
    assert len(row.pop("listing_id")) == 16
    assert row == {
        "merchant_id": "ann",
        "title": "N/K shoe",
        "brand": "Nike",
        "category": "A > B",
        "model": "C",
        "price": 1250,
        "currency": "EUR",
        "attributes": '{"size":"42"}',
        "condition": "new",
        "language": "en",
    }


def test_json_reaches_into_inner_objects(tmp_path: Path) -> None:
    mapping = MAPPING.replace('"seller"', '"seller.id"').replace('"shop"\nphone = "phone"', '"seller.name"')
    line = '{"id": 1, "seller": {"id": "a", "name": "Ann"}, "title": "x", "price": 5, "listed": null}\n'
    take(tmp_path, line, mapping=mapping, name="data.jsonl")
    assert table(tmp_path, "merchants") == [{"merchant_id": "a", "name": "Ann"}]


def test_a_mapping_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=r"cannot be read: No such file"):
        load_mapping(tmp_path / "none.toml")


def test_passwords_are_never_shown(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="needs the extra assay[postgres]")
    mapping = read_mapping_text(stating('table = "goods"'))
    with pytest.raises(OutsideError) as caught:
        intake(["postgresql://ann:secret@127.0.0.1:1/shop"], mapping, tmp_path / "market")
    assert "secret" not in caught.value.message and "ann:***@127.0.0.1" in caught.value.message


@pytest.fixture
def postgres():
    """The address of a PostgreSQL server of our own, listening on a socket in a folder."""
    pytest.importorskip("psycopg", reason="needs the extra assay[postgres]")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("needs the PostgreSQL server programs")
    # PostgreSQL does not run as the superuser, and another user may not enter pytest's folders.
    folder = Path(tempfile.mkdtemp(prefix="assay-pg-"))
    folder.chmod(0o777)
    user = "nobody" if os.geteuid() == 0 else None
    run = {
        "user": user,
        "check": True,
        "capture_output": True,
        "cwd": folder,
        "env": {**os.environ, "HOME": str(folder)},
    }
    data = folder / "data"
    subprocess.run([programs[-1] / "initdb", "-D", data, "-U", "assay", "-A", "trust"], **run)
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    subprocess.run([programs[-1] / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start"], **run)
    yield f"postgresql://assay:secret@/postgres?host={folder}"
    os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)


def test_postgresql_gives_the_same_market(postgres: str, tmp_path: Path) -> None:
    import psycopg

    with psycopg.connect(postgres) as connection:
        columns = "id int, seller text, title text, price numeric, listed timestamptz, shop text, phone text"
        connection.execute(f"CREATE TABLE goods ({columns})")
        connection.cursor().executemany("INSERT INTO goods VALUES (%s,%s,%s,%s,%s,%s,%s)", ROWS)
    mapping = stating('query = "SELECT * FROM goods ORDER BY id"')
    intake([postgres], read_mapping_text(mapping), tmp_path / "market")
    assert table(tmp_path, "listings") == WANTED
    wrong = stating('table = "wares"')
    with pytest.raises(CallerError, match='relation "wares" does not exist'):
        intake([postgres], read_mapping_text(wrong), tmp_path / "market")
