"""What parcels tell of the goods in them: their weight, and the country they really come from."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace, ops
from assay.signals.goods import cells, with_product_facts
from assay.signals.references import references, with_reference
from assay.signals.sales import sales_by_origin


def with_weight_gap(table: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Adds orders_weight_gap and its facts to goods with weight_g and weight_units (sums of their weighed parcels).

    The reference is the catalogue's weight, else the middle of the other merchants of the same brand, category and
    model; then n_merchants says how many. The category alone says too little about a weight.
    """
    unit_g = ops.ratio(table.weight_g, table.weight_units)
    table = table.mutate(unit_g=unit_g, unit_log=unit_g.nullif(0.0).ln())
    weighed = table.filter(table.unit_log.notnull())
    observed = weighed.select("merchant_id", "cell", "model", category_cell=ibis.null("int64"), value=weighed.unit_log)
    usual = references(work, "weight", observed, cells(market, work))
    table = with_product_facts(with_reference(table, usual), market, work, "weight_g")
    catalogue = table.catalogue_weight_g.nullif(0.0)
    reference_g = ibis.coalesce(catalogue, table.reference.exp())
    others = catalogue.isnull().ifelse(table.n_others, ibis.null("int64"))
    return table.mutate(
        orders_weight_gap=table.unit_log - reference_g.ln(),
        orders_weight_gap__weight_g=table.unit_g.round().cast("int32"),
        orders_weight_gap__reference_g=reference_g.round().cast("int32"),
        orders_weight_gap__n_merchants=others.cast("int32"),
    )


def with_origin(table: ir.Table, market: Market, work: Workspace) -> ir.Table:
    """Adds orders_origin to goods with their sales: the share of parcels first scanned outside `ships_from`.

    Null when no parcel was scanned or the listing does not say where it ships from.
    """
    at_home = _mixed_at_home(table, sales_by_origin(market, work))
    table = table.left_join(at_home, table.listing_id == at_home.mixed_id).drop("mixed_id")
    one_country = (table.origin_low == table.ships_from).ifelse(table.n_scanned, 0)
    n_home = (table.origin_low == table.origin_high).ifelse(one_country, table.n_home.fill_null(0))
    n_elsewhere = table.ships_from.isnull().ifelse(ibis.null("int64"), table.n_scanned - n_home)
    return table.mutate(
        orders_origin=ops.ratio(n_elsewhere, table.n_scanned),
        orders_origin__n_elsewhere=n_elsewhere.cast("int32"),
        orders_origin__n_scanned=table.n_scanned.cast("int32"),
        orders_origin__claimed=(n_elsewhere > 0).ifelse(table.ships_from, ibis.null("string")),
    )


def _mixed_at_home(table: ir.Table, scans: ir.Table) -> ir.Table:
    """Parcels from the stated country, for the few listings whose parcels come from several: mixed_id, n_home."""
    mixed = table.filter(table.origin_low != table.origin_high).select(mixed_id="listing_id", claimed="ships_from")
    found = scans.join(mixed, [scans.listing_id == mixed.mixed_id, scans.origin == mixed.claimed])
    return found.select("mixed_id", n_home=found.n_orders)
