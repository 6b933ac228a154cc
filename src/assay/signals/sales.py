"""What was sold: the orders of a market added up per listing, once for every family that reads them."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from assay.engine import Market, Workspace, ops
from assay.signals.outcome import once
from assay.signals.slang import claims_fake

REASON_SCHEMA = pa.schema([("refund_reason", pa.string())])


def until(market: Market, moment: ir.TimestampValue) -> ir.BooleanValue:
    """Whether an event had happened when the market is rated; true when its time is not known."""
    return moment.isnull() | (moment <= ibis.literal(market.as_of))


def fake_reasons(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Those of the refund reasons that say that the goods are fake."""
    reasons = batch.column("refund_reason")
    claims = claims_fake(reasons.to_pylist())
    return pa.RecordBatch.from_arrays([reasons.filter(pa.array(claims == 1))], schema=REASON_SCHEMA)


def sales_by_origin(market: Market, work: Workspace) -> ir.Table:
    """Orders up to the rating, added up per listing and country of the first scan; made once per run.

    Columns: listing_id, origin (null not scanned), n_orders, n_units, amount and amount_units (of orders with an
    amount), currency_low and currency_high (equal when there is one), n_refunded, n_refunded_as_fake, weight_g and
    weight_units (of orders with a weight). An order counts as refunded from `refunded_at` on, or when a reason stands
    without a date.
    """
    return once(work, "sales_by_origin", lambda: _sales_by_origin(market, work))


def _sales_by_origin(market: Market, work: Workspace) -> ir.Table:
    orders = market.table("orders")
    orders = orders.filter(until(market, orders.ordered_at))
    orders = _with_fake_reason(orders, market, work)
    units = ibis.greatest(orders.quantity.fill_null(1), 1)
    refunded = until(market, orders.refunded_at) & (orders.refunded_at.notnull() | orders.refund_reason.notnull())
    weighed = orders.parcel_weight_g.fill_null(0.0) > 0
    paid = orders.amount.fill_null(0) > 0
    return orders.group_by("listing_id", origin=orders.ships_from).agg(
        n_orders=orders.count(),
        n_units=units.sum(),
        amount=paid.ifelse(orders.amount, 0).sum(),
        amount_units=paid.ifelse(units, 0).sum(),
        currency_low=orders.currency.min(),
        currency_high=orders.currency.max(),
        n_refunded=ops.n_true(refunded),
        n_refunded_as_fake=ops.n_true(refunded & orders.is_fake_reason),
        weight_g=weighed.ifelse(orders.parcel_weight_g, 0.0).sum(),
        weight_units=weighed.ifelse(units, 0).sum(),
    )


def _with_fake_reason(orders: ir.Table, market: Market, work: Workspace) -> ir.Table:
    if not market.has("orders.refund_reason"):
        return orders.mutate(is_fake_reason=False)
    reasons = orders.filter(orders.refund_reason.notnull()).select("refund_reason").distinct()
    fake = work.map_step("fake_reasons", reasons, fake_reasons, REASON_SCHEMA).rename(said="refund_reason")
    joined = orders.left_join(fake, orders.refund_reason == fake.said)
    return joined.mutate(is_fake_reason=joined.said.notnull()).drop("said")


def sales(market: Market, work: Workspace) -> ir.Table:
    """`sales_by_origin` added up per listing; made once per run.

    Instead of the origin: n_scanned (orders whose parcel was scanned), origin_low and origin_high (equal when all come
    from one country).
    """
    return once(work, "sales", lambda: _sales(sales_by_origin(market, work)))


def _sales(parts: ir.Table) -> ir.Table:
    counts = [name for name in parts.columns if name not in ("listing_id", "origin", "currency_low", "currency_high")]
    return parts.group_by("listing_id").agg(
        currency_low=parts.currency_low.min(),
        currency_high=parts.currency_high.max(),
        n_scanned=parts.origin.notnull().ifelse(parts.n_orders, 0).sum(),
        origin_low=parts.origin.min(),
        origin_high=parts.origin.max(),
        **{name: parts[name].sum() for name in counts},
    )
