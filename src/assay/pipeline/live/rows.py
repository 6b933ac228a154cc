"""The order in which everything about a market's listings is kept: by merchant, then by identifier.

So what one merchant offers lies together, and every question about its own range is a slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.engine import Market, Workspace
from assay.pipeline.live.shelves import NONE, Ints, ShelfWriter, hashed_all
from assay.signals.precedents import judged


@dataclass(frozen=True, slots=True)
class Rows:
    """A market being prepared: its listings in their order, and where the columns go.

    `listing_ids` and `merchant_ids` by row; `merchant` the merchant of every listing; `rank` the place of every listing
    in the order of identifiers alone.
    """

    market: Market
    work: Workspace
    writer: ShelfWriter
    listing_ids: pa.Array
    merchant_ids: pa.Array
    merchant: npt.NDArray[np.int32]
    rank: npt.NDArray[np.int32]

    def aligned(self, table: ir.Table, *columns: str) -> list[pa.Array]:
        """Columns of a table with one row per listing_id (or none), in this order; null where it has no row."""
        found = self.work.engine.collect(table.select("listing_id", *columns)).combine_chunks()
        return aligned(self.listing_ids, found, "listing_id", columns)

    def __len__(self) -> int:
        return len(self.listing_ids)


def aligned(ids: pa.Array, found: pa.Table, key: str, columns: Sequence[str]) -> list[pa.Array]:
    """Columns of `found`, one value for each of `ids`; null where `found` has no such row."""
    place = pc.index_in(ids, value_set=found[key].combine_chunks())
    return [found[name].combine_chunks().take(place) for name in columns]


def ordered_rows(market: Market, work: Workspace, writer: ShelfWriter) -> Rows:
    """Puts the listings in order and writes `listing`, `listing_ids`, `merchant`, `merchant_ids`, `merchant_starts`."""
    found = work.engine.collect(market.table("listings").select("listing_id", "merchant_id"))
    accounts = work.engine.collect(market.table("merchants").select("merchant_id"))
    merchant_ids = pc.unique(pa.chunked_array([*found["merchant_id"].chunks, *accounts["merchant_id"].chunks]))
    merchant_ids = merchant_ids.take(pc.sort_indices(merchant_ids))
    found = found.append_column("merchant", pc.index_in(found["merchant_id"], value_set=merchant_ids))
    found = found.sort_by([("merchant", "ascending"), ("listing_id", "ascending")]).combine_chunks()
    listing_ids = found["listing_id"].combine_chunks()
    merchant = found["merchant"].to_numpy().astype(np.int32)
    rank = np.empty(len(listing_ids), dtype=np.int32)
    rank[pc.sort_indices(listing_ids).to_numpy()] = np.arange(len(listing_ids), dtype=np.int32)
    writer.keys("listing", hashed_all(listing_ids.to_pylist()))
    writer.texts("listing_ids", listing_ids.to_pylist())
    writer.keys("merchant", hashed_all(merchant_ids.to_pylist()))
    writer.texts("merchant_ids", merchant_ids.to_pylist())
    writer.array("merchant_of", merchant)
    writer.array("merchant_starts", np.searchsorted(merchant, np.arange(len(merchant_ids) + 1)).astype(np.int64))
    return Rows(market, work, writer, listing_ids, merchant_ids, merchant, rank)


def shelve_instants(rows: Rows) -> None:
    """Writes when every listing went live (`listed_s`) and, where there are verdicts, `confirmed_s` and `rated_s`."""
    listings = rows.market.table("listings")
    listed = listings.select("listing_id", listed_s=listings.listed_at.epoch_seconds().cast("int64"))
    rows.writer.array("listed_s", whole(rows.aligned(listed, "listed_s")[0]))
    if rows.market.has("verdicts.verdict"):
        found = judged(rows.market, rows.work)
        for name in ("confirmed_s", "rated_s"):
            rows.writer.array(name, whole(rows.aligned(found, name)[0]))


def whole(column: pa.Array) -> Ints:
    """Whole numbers with `NONE` for null."""
    return np.asarray(pc.fill_null(column.cast(pa.int64()), NONE).to_numpy(zero_copy_only=False), dtype=np.int64)


def real(column: pa.Array) -> npt.NDArray[np.float64]:
    """Numbers with NaN for null."""
    return np.asarray(pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False))


def coded(column: pa.Array) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Texts as numbers (-1 for null), and the texts of these in ascending order."""
    known = pc.unique(column.drop_null())
    known = known.take(pc.sort_indices(known))
    codes = pc.fill_null(pc.index_in(column, value_set=known), -1).to_numpy(zero_copy_only=False)
    # A null is not among the known texts, and index_in says null for it.
    return codes.astype(np.int32), known.to_pylist()


def counted_merchants(keys: Ints, merchant: npt.NDArray[np.integer]) -> tuple[Ints, npt.NDArray[np.int32]]:
    """For every key in ascending order, how many different merchants have it."""
    pairs = np.unique(np.stack((keys, merchant.astype(np.int64)), axis=1), axis=0)
    found, counts = np.unique(pairs[:, 0], return_counts=True)
    return found, counts.astype(np.int32)
