"""The lists that brands keep (names, categories, authorised merchants, company prefixes) as rows to join with."""

from __future__ import annotations

import unicodedata

import ibis
import ibis.expr.types as ir
import orjson
import pyarrow as pa

from assay.engine import Market, Workspace

# kind of row -> column of `brands` it comes from
_LISTS = {
    "alias": "aliases",
    "category": "categories",
    "authorised": "authorised_merchants",
    "gtin_prefix": "gtin_prefixes",
}
SCHEMA = pa.schema([("brand_id", pa.string()), ("kind", pa.string()), ("value", pa.string())])
FOLD_SCHEMA = pa.schema([("brand", pa.string()), ("brand_key", pa.string())])


def folded(text: str) -> str:
    """The form in which two spellings of one name are equal: compatible characters, case and spaces folded.

    >>> folded(" ＮＯＲＶＡＮＥ  Sport ")
    'norvane sport'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def brand_lists(market: Market, work: Workspace) -> ir.Table:
    """One row per brand and list entry: brand_id, kind, value. Made once per run; empty without a table of brands.

    Kinds: `name` and `alias` (folded), `category`, `authorised` (merchant_id), `gtin_prefix`.
    """
    if not market.has("brands"):
        return work.engine.table(SCHEMA.empty_table(), "brand_lists")
    if "brand_lists" in work.seconds:
        return work.engine.read(work.folder / "brand_lists")
    columns = market.table("brands").select("brand_id", "name", *_LISTS.values())
    return work.map_step("brand_lists", columns, list_rows, SCHEMA)


def list_rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The entries of every list of every brand in the batch."""
    rows: list[tuple[str, str, str]] = []
    for brand in batch.to_pylist():
        rows.append((brand["brand_id"], "name", folded(brand["name"])))
        for kind, column in _LISTS.items():
            entries = orjson.loads(brand[column]) if brand[column] else []
            rows.extend((brand["brand_id"], kind, folded(e) if kind == "alias" else str(e).strip()) for e in entries)
    return pa.RecordBatch.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)


def fold_brands(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Adds `brand_key`, the folded form of the column `brand`."""
    texts = batch.column("brand").to_pylist()
    return pa.RecordBatch.from_arrays([batch.column("brand"), pa.array([folded(t) for t in texts])], schema=FOLD_SCHEMA)


def entries(lists: ir.Table, kind: str) -> ir.Table:
    """brand_id and value of one kind of list, each pair once."""
    return lists.filter(lists.kind == kind).select("brand_id", "value").distinct()


def known_names(lists: ir.Table) -> ir.Table:
    """brand_key -> brand_id over names and aliases; a name that two brands use goes to a brand of that very name."""
    named = lists.filter(lists.kind.isin(["name", "alias"]))
    ranked = named.mutate(
        place=ibis.row_number().over(group_by=named.value, order_by=[named.kind.desc(), named.brand_id])
    )
    return ranked.filter(ranked.place == 0).select(brand_key=ranked.value, brand_id=ranked.brand_id)
