"""What a listing offers: its brand and category as a cell to compare within, and its product in the catalogue."""

from __future__ import annotations

import string

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace
from assay.signals.brand_lists import FOLD_SCHEMA, brand_lists, entries, fold_brands, known_names
from assay.signals.outcome import once

_CELL_KEY = ("brand", "category", "currency")
# Columns of a catalogue product that signals compare with, by the name they get beside a listing.
_PRODUCT = {
    "product_model": "model",
    "list_price": "list_price",
    "list_currency": "currency",
    "catalogue": "attributes",
    "catalogue_weight_g": "weight_g",
    "catalogue_origin": "origin",
}


def goods(market: Market, work: Workspace) -> ir.Table:
    """Every listing with its cell: all columns of `listings`, and those of `cells` that say what is offered.

    `cell` numbers brand x category x currency, `category_cell` category x currency (both from 1); `brand_id` is null
    when the brand field is empty or names no brand of the table `brands`. An expression, not a step.
    """
    listings = market.table("listings")
    found = cells(market, work).rename({f"{name}_": name for name in _CELL_KEY})
    keyed = [listings[name].fill_null("") == found[f"{name}_"] for name in _CELL_KEY]
    return listings.left_join(found, keyed).drop(*(f"{name}_" for name in _CELL_KEY))


def cells(market: Market, work: Workspace) -> ir.Table:
    """One row per brand text, category and currency (missing = ""): which cell it belongs to, and what it is called.

    Spellings that fold to one name, and aliases of a known brand, share a cell. Columns: brand, category, currency,
    cell, category_cell, brand_key, brand_id, brand_name, is_luxury, has_list (the brand keeps a list of authorised
    merchants), n_listings.
    """
    return once(work, "cells", lambda: _cells(market, work))


def _cells(market: Market, work: Workspace) -> ir.Table:
    listings = market.table("listings")
    keys = {name: listings[name].fill_null("") for name in _CELL_KEY}
    raw = work.step("cells_raw", listings.group_by(**keys).agg(n_listings=listings.count()))
    folds = work.map_step("brand_keys", raw.select("brand").distinct(), fold_brands, FOLD_SCHEMA)
    lists = brand_lists(market, work)
    names = known_names(lists)
    named = folds.left_join(names, "brand_key").drop("brand_key_right")
    told = named.left_join(_brand_facts(market, lists), "brand_id").drop("brand_id_right")
    rows = raw.join(told, "brand")
    rows = rows.mutate(
        brand_key=rows.brand_id.notnull().ifelse(ibis.literal("#") + rows.brand_id, rows.brand_key),
        brand_name=ibis.coalesce(rows.name, rows.brand.strip()),
        has_list=rows.has_list.fill_null(False),
        is_luxury=rows.is_luxury.fill_null(False),
    ).drop("name")
    return rows.mutate(
        cell=ibis.dense_rank().over(order_by=[rows.brand_key, rows.category, rows.currency]) + 1,
        category_cell=ibis.dense_rank().over(order_by=[rows.category, rows.currency]) + 1,
    )


def _brand_facts(market: Market, lists: ir.Table) -> ir.Table:
    """brand_id, name, is_luxury, rights_holder, has_list of every known brand."""
    authorised = entries(lists, "authorised").select("brand_id").distinct().mutate(has_list=True)
    if not market.has("brands"):
        empty = authorised.mutate(name=authorised.brand_id, is_luxury=False, rights_holder=authorised.brand_id)
        return empty.select("brand_id", "name", "is_luxury", "rights_holder", "has_list")
    brands = market.table("brands").select("brand_id", "name", "is_luxury", "rights_holder")
    return brands.left_join(authorised, "brand_id").drop("brand_id_right")


def with_authorisation(table: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Adds `unauthorised`: 1 when the brand keeps a list and the merchant is not on it, 0 when it is, else null.

    `table` has merchant_id and the columns of `goods`.
    """
    pairs = entries(brand_lists(market, work), "authorised").mutate(on_list=True)
    pairs = pairs.rename(listed_brand="brand_id", listed_merchant="value")
    joined = table.left_join(pairs, [table.brand_id == pairs.listed_brand, table.merchant_id == pairs.listed_merchant])
    unauthorised = joined.has_list.fill_null(False).ifelse(
        joined.on_list.isnull().ifelse(1.0, 0.0), ibis.null("float64")
    )
    return joined.mutate(unauthorised=unauthorised).drop("listed_brand", "listed_merchant", "on_list")


def model_key(model: ir.StringValue) -> ir.StringValue:
    """Model names as they are compared: ASCII capitals lowered, trimmed; missing is "".

    Only ASCII, because engines lower other letters differently ("İ"); model names are ASCII but for a few.
    """
    return model.translate(string.ascii_uppercase, string.ascii_lowercase).strip().fill_null("")


def with_product(table: ir.Table, market: Market) -> ir.Table:
    """Adds what the catalogue says of the product that a listing names by GTIN, else by brand and model.

    New columns: product_id, gtin_brand_id (brand of the product with that GTIN), product_model, list_price,
    list_currency, catalogue (attributes), catalogue_weight_g, catalogue_origin; all null when nothing is found. A GTIN
    or a model that several products share finds nothing, and a GTIN of another brand than the one claimed finds only
    gtin_brand_id: what is not certain is not compared.
    """
    table = _with_gtin_product(table, market)
    table = _with_model_product(table, market)
    claimed = table.brand_id.isnull() | (table.gtin_brand_id == table.brand_id)
    by_gtin = claimed.fill_null(False).ifelse(table.gtin_product_id, ibis.null("string"))
    table = table.mutate(product_id=ibis.coalesce(by_gtin, table.model_product_id))
    table = table.drop("gtin_product_id", "model_product_id")
    if not market.has("products"):
        nulls = {name: ibis.null(_product_type(column)) for name, column in _PRODUCT.items()}
        return table.mutate(**nulls)
    products = market.table("products")
    facts = products.select(found=products.product_id, **{name: products[old] for name, old in _PRODUCT.items()})
    return table.left_join(facts, table.product_id == facts.found).drop("found")


def _product_type(column: str) -> str:
    return {"list_price": "int64", "weight_g": "float64"}.get(column, "string")


def _with_gtin_product(table: ir.Table, market: Market) -> ir.Table:
    if not market.has("products.gtin", "listings.gtin"):
        return table.mutate(gtin_product_id=ibis.null("string"), gtin_brand_id=ibis.null("string"))
    products = market.table("products").filter(lambda t: t.gtin.notnull())
    unique = products.group_by(found_gtin=products.gtin).agg(
        gtin_product_id=products.product_id.min(), gtin_brand_id=products.brand_id.min(), n_found=products.count()
    )
    unique = unique.filter(unique.n_found == 1).drop("n_found")
    return table.left_join(unique, table.gtin == unique.found_gtin).drop("found_gtin")


def _with_model_product(table: ir.Table, market: Market) -> ir.Table:
    if not market.has("products.model", "listings.model"):
        return table.mutate(model_product_id=ibis.null("string"))
    products = market.table("products").filter(lambda t: t.model.notnull())
    unique = products.group_by(found_brand=products.brand_id, found_model=model_key(products.model)).agg(
        model_product_id=products.product_id.min(), n_found=products.count()
    )
    unique = unique.filter(unique.n_found == 1).drop("n_found")
    found = [table.brand_id == unique.found_brand, model_key(table.model) == unique.found_model]
    return table.left_join(unique, found).drop("found_brand", "found_model")
