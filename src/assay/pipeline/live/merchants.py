"""What the offer's merchant says about it, with the offer among its listings; and what the run knows of both."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from assay.pipeline.live.goods import Goods
from assay.pipeline.live.offers import SECONDS_PER_DAY, Offer
from assay.pipeline.live.rows import Rows, aligned, whole
from assay.pipeline.live.shelves import NONE, Shelf
from assay.pipeline.runs import Run
from assay.signals.goods import goods
from assay.signals.merchants import LEAST_FOR_BURST
from assay.signals.sales import until

# Families of a listing's own later life: what buyers did is the run's to know.
_LATER = ("reviews", "orders")
# What a listing that nobody has bought or reviewed has: these were counted, and are none.
COUNTS = ("orders_count", "reviews_count", "stats_sales")


def shelve_merchants(rows: Rows, run: Run) -> None:
    """Writes the facts of every merchant and of every listing's later life, and what merchants' ranges add up to."""
    market, work, writer = rows.market, rows.work, rows.writer
    offered = goods(market, work)
    live = until(market, offered.listed_at) & ~(offered.removed_at.notnull() & until(market, offered.removed_at))
    dated = offered.listed_at.notnull() & until(market, offered.listed_at)
    day = (offered.listed_at.epoch_seconds().floor().cast("float64") / float(SECONDS_PER_DAY)).floor().cast("int64")
    table = offered.select("listing_id", is_live=live.ifelse(1, 0), day=dated.ifelse(day, None))
    is_live, days = rows.aligned(table, "is_live", "day")
    writer.array("is_live", whole(is_live) == 1)
    writer.array("listed_day", whole(days))
    writer.texts("merchant_facts", _facts(run, "merchant", rows.merchant_ids, None))
    writer.texts("later_facts", _facts(run, "listing", rows.listing_ids, _LATER))
    accounts = work.engine.collect(market.table("merchants").select("merchant_id", "country")).combine_chunks()
    (country,) = aligned(rows.merchant_ids, accounts, "merchant_id", ["country"])
    writer.texts("merchant_country", [text or "" for text in country.to_pylist()])
    found = pc.is_in(rows.merchant_ids, value_set=accounts["merchant_id"].combine_chunks())
    writer.array("merchant_is_known", found.to_numpy(zero_copy_only=False))


def _facts(run: Run, subject: str, ids: pa.Array, names: tuple[str, ...] | None) -> list[bytes]:
    """Per id, the facts of some families in the run, as JSON without what is missing."""
    key = f"{subject}_id"
    folders = [f for f in sorted((run.folder / "facts" / subject).glob("*")) if names is None or f.name in names]
    found: list[dict[str, Any]] = [{} for _ in range(len(ids))]
    for folder in folders:
        for batch in ds.dataset(folder, format="parquet").to_batches():
            places = pc.index_in(batch.column(key), value_set=ids).to_pylist()
            for place, row in zip(places, batch.to_pylist(), strict=True):
                if place is not None:
                    found[place].update({n: v for n, v in row.items() if v is not None and n != key})
    return [orjson.dumps(facts) for facts in found]


class Merchants:
    """Measures the merchant's signals with the offer in its range."""

    def __init__(self, shelf: Shelf, as_of_s: int) -> None:
        self.as_of_s = as_of_s
        self.facts, self.later = shelf.texts("merchant_facts"), shelf.texts("later_facts")
        self.countries, self.is_known = shelf.texts("merchant_country"), shelf.array("merchant_is_known")
        self.is_live, self.day = shelf.array("is_live"), shelf.ints("listed_day")
        self.cell, self.unauthorised = shelf.array("cell"), shelf.array("unauthorised")
        self.cell_brand, self.cell_is_luxury = shelf.array("cell_brand"), shelf.array("cell_is_luxury")

    def country(self, offer: Offer) -> str | None:
        """The country that the offer's merchant states."""
        return (self.countries[offer.merchant] or None) if offer.merchant >= 0 else None

    def later_life(self, offer: Offer) -> dict[str, Any]:
        """What buyers did with the listing, as the run knows it; a new one was bought and reviewed by nobody."""
        if not offer.is_known:
            return dict.fromkeys(COUNTS, 0.0)
        found: dict[str, Any] = orjson.loads(self.later.raw(offer.row))
        return found

    def measured(self, offer: Offer, goods: Goods) -> dict[str, Any]:
        """Values and facts of every signal of the merchant; nothing for one that the market does not know."""
        if offer.merchant < 0 or not self.is_known[offer.merchant]:
            return {}
        found: dict[str, Any] = orjson.loads(self.facts.raw(offer.merchant))
        return found | self._size(offer) | self._burst(offer) | self._breadth(offer, goods)

    def _size(self, offer: Offer) -> dict[str, Any]:
        n_live = int(offer.own(self.is_live).sum()) + self._own_live(offer)
        return {"merchant_size": n_live, "merchant_age__n_live": n_live}

    def _own_live(self, offer: Offer) -> bool:
        removed = offer.values["removed_at"]
        is_gone = removed is not None and removed.timestamp() <= self.as_of_s
        return not is_gone and (offer.listed_floor_s is None or offer.listed_floor_s <= self.as_of_s)

    def _burst(self, offer: Offer) -> dict[str, Any]:
        days = offer.own(self.day)
        days = days[days != NONE]
        if offer.listed_floor_s is not None and offer.listed_floor_s <= self.as_of_s:
            days = np.append(days, offer.listed_floor_s // SECONDS_PER_DAY)
        if not len(days):
            return {}
        n_dated, n_busiest = len(days), int(np.unique(days, return_counts=True)[1].max())
        return {
            "merchant_burst": n_busiest / n_dated if n_dated >= LEAST_FOR_BURST else None,
            "merchant_burst__n_busiest": n_busiest,
            "merchant_burst__n_dated": n_dated,
            "merchant_burst_size": n_busiest,
        }

    def _breadth(self, offer: Offer, goods: Goods) -> dict[str, Any]:
        cells, stated = offer.own(self.cell), offer.own(self.unauthorised)
        brands = np.unique(self.cell_brand[cells])
        n_brands = int((brands >= 0).sum())
        n_luxury = len(np.unique(self.cell_brand[cells[self.cell_is_luxury[cells]]]))
        if goods.brand_key and not self._has_brand(brands, goods):
            n_brands, n_luxury = n_brands + 1, n_luxury + goods.is_luxury
        n_unauthorised = int((stated == 1).sum()) + (goods.unauthorised == 1.0)
        n_with_list = int((stated >= 0).sum()) + (goods.unauthorised is not None)
        return {
            "merchant_brand_breadth": n_brands,
            "merchant_luxury_breadth": n_luxury,
            "merchant_luxury_breadth__n_listings": len(cells) + 1,
            "merchant_unauthorised_share": n_unauthorised / n_with_list if n_with_list else None,
            "merchant_unauthorised_share__n_unauthorised": n_unauthorised,
            "merchant_unauthorised_share__n_with_list": n_with_list,
        }

    def _has_brand(self, brands: np.ndarray[Any, Any], goods: Goods) -> bool:
        return bool(goods.brand_code >= 0 and (brands == goods.brand_code).any())
