"""What a brand sells: whether it is ever seen in the category it is offered in."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import orjson
import pyarrow as pa

from assay.engine import Market, Workspace
from assay.signals.brand_lists import folded

SCHEMA = pa.schema(
    [
        ("listed_brand", pa.string()),
        ("listed_category", pa.string()),
        ("is_unlisted", pa.bool_()),
        ("known", pa.string()),
    ]
)
# Listings that a brand needs in other categories before its absence from one says anything.
LEAST_ELSEWHERE = 30
_MOST_NAMED = 3


def with_unseen_category(table: ir.Table, cells: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Adds spec_category_unseen and its facts to listings with cell, brand_key and category.

    1 when the brand's own list of categories does not have it (nor a part of its path), or, for a brand without a
    list, when no other merchant offers the brand in the category although it has at least 30 listings elsewhere and
    more than one merchant; else 0; null without brand or category.
    """
    verdicts = work.step("spec_categories", _verdicts(table, cells, market, work))
    table = table.left_join(verdicts, table.cell == verdicts.judged_cell).drop("judged_cell")
    is_unseen = table.unseen == 1.0
    null = ibis.null("string")
    return table.mutate(
        spec_category_unseen=table.unseen,
        spec_category_unseen__brand=is_unseen.ifelse(table.brand_name, null),
        spec_category_unseen__category=is_unseen.ifelse(table.category, null),
        spec_category_unseen__known=is_unseen.ifelse(table.known, null),
        spec_category_unseen__n_elsewhere=table.n_elsewhere.cast("int32"),
    ).drop("unseen", "known", "n_elsewhere")


def _verdicts(table: ir.Table, cells: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """judged_cell, unseen, known (categories of the brand's list), n_elsewhere."""
    named = cells.filter((cells.brand_key != "") & (cells.category != ""))
    ranges = _ranges(table, named)
    keys = named.select("cell", "brand_key", "brand_id", "category").distinct()
    keys = keys.left_join(ranges, ["brand_key", "category"]).drop("brand_key_right", "category_right")
    by_list = _by_list(named, market, work)
    joined = keys.left_join(by_list, [keys.brand_id == by_list.listed_brand, keys.category == by_list.listed_category])
    enough = joined.has_rivals & (joined.n_elsewhere >= LEAST_ELSEWHERE)
    by_market = enough.ifelse(joined.is_alone.ifelse(1.0, 0.0), ibis.null("float64"))
    by_own_list = ibis.cases((joined.is_unlisted, 1.0), (~joined.is_unlisted, 0.0))
    return joined.select("known", "n_elsewhere", judged_cell="cell", unseen=ibis.coalesce(by_own_list, by_market))


def _ranges(table: ir.Table, named: ir.Table) -> ir.Table:
    """Per brand and category: is_alone (one merchant only), has_rivals (the brand has several), n_elsewhere."""
    ends = table.group_by("cell").agg(low=table.merchant_id.min(), high=table.merchant_id.max(), n=table.count())
    pairs = named.select("cell", "brand_key", "category").distinct().join(ends, "cell")
    cells = pairs.group_by("brand_key", "category").agg(low=pairs.low.min(), high=pairs.high.max(), n=pairs.n.sum())
    brands = cells.group_by("brand_key").agg(
        brand_low=cells.low.min(), brand_high=cells.high.max(), brand_n=cells.n.sum()
    )
    joined = cells.join(brands, "brand_key")
    return joined.select(
        "brand_key",
        "category",
        is_alone=joined.low == joined.high,
        has_rivals=joined.brand_low != joined.brand_high,
        n_elsewhere=joined.brand_n - joined.n,
    )


def _by_list(named: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """For brands with a list of categories: listed_brand, listed_category, is_unlisted, known."""
    if not market.has("brands.categories"):
        return work.engine.table(SCHEMA.empty_table(), "brand_ranges")
    brands = market.table("brands")
    brands = brands.filter(brands.categories.notnull()).select("brand_id", "categories")
    pairs = named.filter(named.brand_id.notnull()).select("brand_id", "category").distinct()
    return work.map_step("brand_ranges", pairs.join(brands, "brand_id"), compare_ranges, SCHEMA)


def compare_ranges(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Whether each category is missing from its brand's list; brands with an empty list are left out."""
    rows = []
    for row in batch.to_pylist():
        known = [str(entry) for entry in orjson.loads(row["categories"])]
        if known:
            told = ", ".join(known[:_MOST_NAMED]) + (" …" if len(known) > _MOST_NAMED else "")
            is_unlisted = not any(belongs(row["category"], entry) for entry in known)
            rows.append((row["brand_id"], row["category"], is_unlisted, told))
    return pa.RecordBatch.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)


def belongs(category: str, entry: str) -> bool:
    """Whether a category path is an entry of a list, lies under it, or names it as one of its parts.

    >>> belongs("Footwear > Sneakers", "footwear"), belongs("Footwear > Sneakers", "Watches")
    (True, False)
    """
    parts = [folded(part) for part in category.split(">")]
    wanted = [folded(part) for part in entry.split(">")]
    return any(parts[start : start + len(wanted)] == wanted for start in range(len(parts) - len(wanted) + 1))
