"""What drawn goods are called and weigh, from the market they were drawn from: for the buyers, never for examiners."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from assay.engine import open_snapshot
from assay.market.errors import AssayError
from assay.pipeline.custody import TestBuys
from assay.pipeline.originals import Originals


@dataclass(frozen=True, slots=True)
class UnitGoods:
    """Goods of one listing; empty where the market does not say. `catalogue_weight_g`: of the genuine product."""

    title: str = ""
    merchant_name: str = ""
    rights_holder: str = ""
    catalogue_weight_g: float | None = None


def unit_goods(
    buys: TestBuys, listing_ids: Collection[str | None], market_folder: Path | None = None
) -> dict[str, UnitGoods]:
    """The goods of listings by listing_id; empty when the market is not found or has no longer the plan's snapshot.

    Without `market_folder` it is looked for beside the folder of the test buys (`market`), where `assay demo` and the
    tutorial put it.
    """
    folder = market_folder or buys.folder.absolute().parent / "market"
    try:
        found = Originals(open_snapshot(folder, buys.plan.circumstances.snapshot_id))
    except AssayError:
        return {}
    listings = _rows(found, "listings", "listing_id", listing_ids)
    merchants = _rows(found, "merchants", "merchant_id", {row.get("merchant_id") for row in listings.values()})
    products = _rows(found, "products", "gtin", {row.get("gtin") for row in listings.values()})
    holders = dict(_holders(found))
    return {
        listing_id: UnitGoods(
            title=row.get("title") or "",
            merchant_name=merchants.get(row.get("merchant_id") or "", {}).get("name") or "",
            rights_holder=holders.get(_key(row.get("brand")), ""),
            catalogue_weight_g=_weight(products.get(row.get("gtin") or "", {})),
        )
        for listing_id, row in listings.items()
    }


def _rows(found: Originals, table: str, key: str, ids: Collection[str | None]) -> dict[str, dict[str, Any]]:
    """Rows by key; none where the market has no such table or column."""
    snapshot = found.snapshot
    if snapshot is None or table not in snapshot.tables or key not in ds.dataset(snapshot.tables[table]).schema.names:
        return {}
    return found.rows(table, key, ids)


def _holders(found: Originals) -> Iterator[tuple[str, str]]:
    """Rights holder by every name of its brands."""
    snapshot = found.snapshot
    if snapshot is None or "brands" not in snapshot.tables:
        return
    for row in ds.dataset(snapshot.tables["brands"]).to_table().to_pylist():
        for name in (row.get("name"), *(row.get("aliases") or ())):
            yield _key(name), row.get("rights_holder") or ""


def _key(name: str | None) -> str:
    return (name or "").strip().casefold()


def _weight(product: dict[str, Any]) -> float | None:
    weight = product.get("weight_g")
    return None if weight is None else float(weight)
