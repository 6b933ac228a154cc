"""Tiny hand-made markets: rows with defaults, written as a real snapshot and opened on an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.engine import Engine, Market, SnapshotWriter, open_market
from assay.market import TABLES

Row = dict[str, Any]
AS_OF = datetime(2026, 6, 1, 12, tzinfo=UTC)
_numbers = count(1)


def ago(days: float) -> datetime:
    """The instant so many days before the market is rated."""
    return AS_OF - timedelta(days=days)


def listing(**columns: Any) -> Row:
    """A listing: a number of its own, merchant M1, everything else as given."""
    return {"listing_id": f"L{next(_numbers):06d}", "merchant_id": "M1", "title": "Norvane TR-200"} | columns


def merchant(merchant_id: str = "M1", **columns: Any) -> Row:
    return {"merchant_id": merchant_id} | columns


def order(listing_id: str, **columns: Any) -> Row:
    """One unit bought ten days ago for 100.00 EUR."""
    row = {"order_id": f"O{next(_numbers):06d}", "listing_id": listing_id, "quantity": 1, "amount": 10_000}
    return row | {"currency": "EUR", "ordered_at": ago(10)} | columns


def review(listing_id: str, text: str | None = None, **columns: Any) -> Row:
    row = {"review_id": f"R{next(_numbers):06d}", "listing_id": listing_id, "text": text}
    return row | {"written_at": ago(10)} | columns


def brand(brand_id: str = "B1", name: str = "Norvane", **columns: Any) -> Row:
    return {"brand_id": brand_id, "name": name} | columns


def product(product_id: str = "P1", brand_id: str = "B1", **columns: Any) -> Row:
    return {"product_id": product_id, "brand_id": brand_id} | columns


def rows_of(table: str, rows: Sequence[Row]) -> pa.Table:
    """Rows as an Arrow table of the market table's schema; columns that no row names are null."""
    schema = TABLES[table].schema
    unknown = {name for row in rows for name in row} - set(schema.names)
    assert not unknown, f"{table} has no column {sorted(unknown)}"
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)


def write_market(folder: Path, *, as_of: datetime = AS_OF, **tables: Sequence[Row]) -> Path:
    """Writes a market of the given rows; merchants that listings name but no row describes are added bare."""
    known = {row["merchant_id"] for row in tables.get("merchants", ())}
    named = {row["merchant_id"]: None for row in tables.get("listings", ())}
    merchants = [*tables.get("merchants", ()), *(merchant(name) for name in named if name not in known)]
    with SnapshotWriter(folder) as writer:
        for name, rows in (tables | {"merchants": merchants}).items():
            writer.write(name, rows_of(name, rows))
        writer.commit({"source": "hand-made"}, as_of=as_of)
    return folder


def make_market(engine: Engine, folder: Path, **tables: Sequence[Row]) -> Market:
    """`write_market` and open it."""
    return open_market(engine, write_market(folder, **tables))


def by_id(rows: pa.Table, key: str = "listing_id") -> Mapping[str, Row]:
    """Rows of a signal table by subject; every subject must stand once."""
    found = {row[key]: row for row in rows.to_pylist()}
    assert len(found) == rows.num_rows
    return found


Measure = Callable[..., Mapping[str, Row]]
