"""All families of signals, and the wide tables they make: one row per listing, one per merchant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import ibis.expr.types as ir

from assay.engine import Market, Workspace
from assay.signals import (
    history,
    imagery,
    listings,
    merchants,
    orders,
    price,
    repetition,
    reviews,
    specification,
    wording,
)
from assay.signals.signal import Signal

# Values are compared at thresholds and bin edges; rounding takes away the last digits, in which engines may differ
# because they add floats in different orders.
DECIMALS = 6
# Joining more families at once would hold more hash tables in memory than the budget of a small machine allows.
FAMILIES_PER_JOIN = 4

_LISTING_FAMILIES = (
    price.measure,
    wording.measure,
    specification.measure,
    repetition.measure,
    imagery.measure,
    history.measure,
    listings.measure,
    reviews.measure_listings,
    orders.measure_listings,
)
_MERCHANT_FAMILIES = (merchants.measure_merchants, reviews.measure_merchants, orders.measure_merchants)

SIGNALS: tuple[Signal, ...] = (
    *price.SIGNALS,
    *wording.SIGNALS,
    *specification.SIGNALS,
    *repetition.SIGNALS,
    *imagery.SIGNALS,
    *reviews.SIGNALS,
    *orders.SIGNALS,
    *history.SIGNALS,
    *listings.SIGNALS,
    *merchants.SIGNALS,
)


@dataclass(frozen=True, slots=True)
class NotComputed:
    """A signal that this market cannot give, and why: the dotted columns it needs, or what else is too little."""

    signal: Signal
    missing: tuple[str, ...]

    @property
    def reason(self) -> str:
        """One phrase for reports: `needs orders.refund_reason`."""
        return "needs " + ", ".join(self.missing) if self.missing else "too little to compare with in this market"


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured: a wide table per subject, the signals in it, and the signals that are not.

    `listings`: listing_id, merchant_id, the value and fact columns of every computed listing signal, and the value and
    fact columns of its merchant's signals. `merchants`: merchant_id and the same for merchants. Null = not checked.
    """

    listings: ir.Table
    merchants: ir.Table
    computed: tuple[Signal, ...]
    not_computed: tuple[NotComputed, ...]


def measure(market: Market, work: Workspace) -> Measured:
    """Measures every signal that the market's columns allow."""
    merchant_rows = market.table("merchants").select("merchant_id")
    merchant_parts = _present(family(market, work) for family in _MERCHANT_FAMILIES)
    merchants_wide = _wide(work, "signals_merchants", merchant_rows, merchant_parts, "merchant_id")
    listing_rows = market.table("listings").select("listing_id", "merchant_id")
    listing_parts = _present(family(market, work) for family in _LISTING_FAMILIES)
    facts = _wide(work, "signals_facts", listing_rows, listing_parts, "listing_id")
    listings_wide = work.step("signals_listings", facts.left_join(merchants_wide, "merchant_id").drop("merchant_id_right"))
    columns = {*listings_wide.columns, *merchants_wide.columns}
    computed = tuple(signal for signal in SIGNALS if signal.column in columns)
    left_out = tuple(NotComputed(s, market.missing(*s.needs)) for s in SIGNALS if s.column not in columns)
    return Measured(listings_wide, merchants_wide, computed, left_out)


def _present(parts: Iterable[ir.Table | None]) -> list[ir.Table]:
    return [part for part in parts if part is not None]


def _wide(work: Workspace, name: str, rows: ir.Table, parts: list[ir.Table], key: str) -> ir.Table:
    """`rows` with the columns of every part, joined on `key` a few parts at a time; the last step is called `name`."""
    table = rows
    while parts:
        for part in parts[:FAMILIES_PER_JOIN]:
            table = table.left_join(_rounded(part), key).drop(f"{key}_right")
        parts = parts[FAMILIES_PER_JOIN:]
        if parts:
            table = work.step(f"{name}_before_{len(parts)}", table)
    return work.step(name, table)


def _rounded(part: ir.Table) -> ir.Table:
    floats = {name: part[name].round(DECIMALS) for name, kind in part.schema().items() if kind.is_floating()}
    return part.mutate(**floats)
