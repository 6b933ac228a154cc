"""What a listing offers: its brand and category as a cell to compare within, and its product in the catalogue."""

from __future__ import annotations

import string

import ibis
import ibis.expr.types as ir
from ibis import _

from assay.engine import Market, Workspace, ops
from assay.market import TABLES
from assay.signals.brand_lists import FOLD_SCHEMA, brand_lists, entries, fold_brands, known_names
from assay.signals.outcome import once

_CELL_KEY = ("brand", "category", "currency")
# Columns of `listings` that families read beside what is found out here; long texts are left where they are.
_CARRIED = ("listing_id", "merchant_id", "category", "price", "currency", "gtin", "attributes", "ships_from")
_CARRIED_PLAIN = ("listed_at", "removed_at", "n_edits", "quantity")


def goods(market: Market, work: Workspace) -> ir.Table:
    """What every listing offers, one row each; made once per run, so that families do not join the same things again.

    From `listings`: listing_id, merchant_id, category, price, currency, gtin, attributes, ships_from, listed_at,
    removed_at, n_edits, quantity, title_length and description_length (characters). Found out: `cell` (number of brand
    x category x currency, from 1; `with_cell_facts` gives the rest), `category_cell` (category x currency), `brand_id`
    (null when the brand field is empty or names no brand of the table `brands`), `model` (`model_key` of what is
    stated, else of the catalogue's product; ""), `product` (number for `with_product_facts`), `gtin_brand_id` (brand
    of the catalogue's product with that GTIN), `unauthorised` (1 when the brand keeps a list of authorised merchants
    and this one is not on it, 0 when it is, else null).
    """
    return once(work, "goods", lambda: _goods(market, work))


def _goods(market: Market, work: Workspace) -> ir.Table:
    listings = market.table("listings")
    found = cells(market, work).select(
        *("cell", "category_cell", "brand_id", "has_list"), **{f"{name}_": name for name in _CELL_KEY}
    )
    keyed = [listings[name].fill_null("") == found[f"{name}_"] for name in _CELL_KEY]
    table = listings.left_join(found, keyed)
    table = _with_authorisation(_with_product(table, market, work), market, work)
    return table.select(
        *_CARRIED,
        *_CARRIED_PLAIN,
        *("cell", "category_cell", "brand_id", "model", "product", "gtin_brand_id", "unauthorised"),
        title_length=table.title.length().cast("int32"),
        description_length=table.description.length().cast("int32"),
    )


def with_cell_facts(table: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Adds brand_key ("" without a brand), brand_name, is_luxury and rights_holder of each listing's cell."""
    known = cells(market, work)
    facts = known.group_by(facts_of=known.cell).agg(
        brand_key=known.brand_key.min(),
        brand_name=known.brand_name.min(),
        is_luxury=known.is_luxury.max(),
        rights_holder=known.rights_holder.min(),
    )
    return table.left_join(facts, table.cell == facts.facts_of).drop("facts_of")


def with_product_facts(table: ir.Table, market: Market, work: Workspace, *names: str) -> ir.Table:
    """Adds columns of the catalogue's product that a listing names, as `catalogue_<column>`; null without a product."""
    if not market.has("products"):
        kinds = {field.name: ibis.dtype(field.type) for field in TABLES["products"].schema}
        return table.mutate(**{f"catalogue_{name}": ibis.null(kinds[name]) for name in names})
    products = numbered_products(market, work)
    facts = products.select(facts_of=products.product, **{f"catalogue_{name}": products[name] for name in names})
    return table.left_join(facts, table.product == facts.facts_of).drop("facts_of")


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
        brand_name=ibis.coalesce(rows.name, ops.trimmed(rows.brand)),
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


def _with_authorisation(table: ir.Table, market: Market, work: Workspace) -> ir.Table:
    if not market.has("brands.authorised_merchants"):
        return table.mutate(unauthorised=ibis.null("float64"))
    pairs = entries(brand_lists(market, work), "authorised").mutate(on_list=True)
    pairs = pairs.rename(listed_brand="brand_id", listed_merchant="value")
    joined = table.left_join(pairs, [table.brand_id == pairs.listed_brand, table.merchant_id == pairs.listed_merchant])
    stands = joined.on_list.isnull().ifelse(1.0, 0.0)
    return joined.mutate(unauthorised=joined.has_list.fill_null(False).ifelse(stands, ibis.null("float64")))


def model_key(model: ir.StringValue) -> ir.StringValue:
    """Model names as they are compared: ASCII capitals lowered, trimmed; missing is "".

    Only ASCII, because engines lower other letters differently ("İ"); model names are ASCII but for a few.
    """
    return ops.trimmed(model.translate(string.ascii_uppercase, string.ascii_lowercase)).fill_null("")


def numbered_products(market: Market, work: Workspace) -> ir.Table:
    """The catalogue with a number for every product, which joins faster than its identifier."""
    products = market.table("products")
    number = ibis.row_number().over(order_by=products.product_id)
    return once(work, "products", lambda: products.mutate(product=number, model_key=model_key(products.model)))


def _with_product(table: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Adds product, gtin_brand_id and model from the product that a listing names by GTIN, else by brand and model.

    A GTIN or a model that several products share finds nothing, and a GTIN of another brand than the one claimed finds
    only gtin_brand_id: what is not certain is not compared.
    """
    stated = model_key(table.model)
    if not market.has("products"):
        nothing = {"product": ibis.null("int64"), "gtin_brand_id": ibis.null("string")}
        return table.mutate(model_key=stated, **nothing).drop("model").rename(model="model_key")
    products = numbered_products(market, work)
    by_gtin = (
        products.filter(products.gtin.notnull())
        .group_by(found_gtin="gtin")
        .agg(
            gtin_product=_.product.min(),
            gtin_model=_.model_key.min(),
            gtin_brand_id=_.brand_id.min(),
            n_found=_.count(),
        )
    )
    by_gtin = by_gtin.filter(by_gtin.n_found == 1).drop("n_found")
    by_model = (
        products.filter(products.model_key != "")
        .group_by(found_brand="brand_id", found_model="model_key")
        .agg(model_product=_.product.min(), n_found_by_model=_.count())
    )
    by_model = by_model.filter(by_model.n_found_by_model == 1).drop("n_found_by_model")
    table = table.mutate(stated_model=stated).left_join(by_gtin, table.gtin == by_gtin.found_gtin)
    table = table.left_join(
        by_model, [table.brand_id == by_model.found_brand, table.stated_model == by_model.found_model]
    )
    is_claimed = (table.brand_id.isnull() | (table.gtin_brand_id == table.brand_id)).fill_null(False)
    product = ibis.coalesce(is_claimed.ifelse(table.gtin_product, ibis.null("int64")), table.model_product)
    gtin_model = is_claimed.ifelse(table.gtin_model, ibis.null("string"))
    model = ibis.coalesce(table.stated_model.nullif(""), gtin_model, ibis.literal(""))
    return table.mutate(product=product, model_=model).drop("model").rename(model="model_")
