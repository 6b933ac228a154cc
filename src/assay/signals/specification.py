"""Specification: trade item numbers, categories and attributes against the catalogue and against what is possible."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from assay.engine import Market, Workspace, ops
from assay.signals.attributes import checked_attributes
from assay.signals.brand_ranges import with_unseen_category
from assay.signals.goods import cells, goods, with_cell_facts, with_product_facts
from assay.signals.outcome import columns_of, computable, told
from assay.signals.signal import Signal
from assay.signals.specification_signals import SIGNALS
from assay.signals.trade_numbers import with_gtin_checks

# One or two usual names are no specification: 0 of 2 was told of most goods of categories that state next to nothing.
LEAST_USUAL = 3

__all__ = ["SIGNALS", "measure"]


def measure(market: Market, work: Workspace) -> ir.Table | None:
    """One row per listing with what its number, category and attributes say; None when the market has none of "
    "them."""
    signals = _computable(market)
    if not signals:
        return None
    table = with_product_facts(goods(market, work), market, work, "attributes")
    table = with_cell_facts(table, market, work).rename(catalogue="catalogue_attributes")
    known = cells(market, work)
    if market.has("listings.attributes"):
        table = _with_attributes(table, known, work)
    if market.has("listings.brand", "listings.category"):
        table = with_unseen_category(table, known, market, work)
    if market.has("listings.gtin"):
        table = with_gtin_checks(table, market, work)
    return work.step("specification", told(columns_of(table, signals, "listing"), signals))


def _computable(market: Market) -> tuple[Signal, ...]:
    """Without GTINs of products and without company prefixes nobody knows whose a number is."""
    owners_known = market.has("products.gtin") or market.has("brands.gtin_prefixes")
    found = computable(market, SIGNALS, "listing")
    return tuple(signal for signal in found if signal.id != "spec-gtin-brand" or owners_known)


def _with_attributes(table: ir.Table, known: ir.Table, work: Workspace) -> ir.Table:
    pairs = checked_attributes(work, table, known)
    pairs = pairs.rename(pair_cell="cell", pair_attributes="attributes", pair_catalogue="catalogue")
    same = [
        table.cell == pairs.pair_cell,
        table.attributes == pairs.pair_attributes,
        table.catalogue.fill_null("") == pairs.pair_catalogue,
    ]
    table = table.left_join(pairs, same).drop("pair_cell", "pair_attributes", "pair_catalogue")
    norms = work.engine.read(work.folder / "spec_usual")
    norms = norms.group_by(norm_cell=norms.cell).agg(n_usual=norms.count())
    norms = norms.filter(norms.n_usual >= LEAST_USUAL)
    table = table.left_join(norms, table.cell == norms.norm_cell).drop("norm_cell")
    n_filled = table.n_filled.fill_null(0)
    return table.mutate(
        spec_contradiction=table.n_contradictions,
        spec_contradiction__text=table.contradiction,
        spec_impossible=table.n_impossible,
        spec_impossible__text=table.impossible,
        spec_completeness=ops.ratio(n_filled, table.n_usual),
        spec_completeness__n_filled=table.n_usual.isnull().ifelse(ibis.null("int64"), n_filled).cast("int32"),
        spec_completeness__n_usual=table.n_usual.cast("int32"),
    )
