"""All families of signals, and the wide tables they make: one row per listing, one per merchant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

Measure = Callable[[Market, Workspace], ir.Table | None]

_LISTING_FAMILIES: tuple[tuple[str, Measure], ...] = (
    ("price", price.measure),
    ("wording", wording.measure),
    ("specification", specification.measure),
    ("repetition", repetition.measure),
    ("imagery", imagery.measure),
    ("history", history.measure),
    ("listings", listings.measure),
    ("reviews", reviews.measure_listings),
    ("orders", orders.measure_listings),
)
_MERCHANT_FAMILIES: tuple[tuple[str, Measure], ...] = (
    ("merchants", merchants.measure_merchants),
    ("merchant_reviews", reviews.measure_merchants),
    ("merchant_orders", orders.measure_merchants),
)

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
    """What was measured.

    `listings`: listing_id, merchant_id and the value column of every signal of the listing and of its merchant;
    `merchants`: merchant_id and the value columns of its signals; null = not checked. `facts`: by subject and family,
    the table with the facts that the family's sentences use (and the values again), one row per subject, in no order.
    """

    listings: ir.Table
    merchants: ir.Table
    facts: Mapping[str, Mapping[str, ir.Table]]
    computed: tuple[Signal, ...]
    not_computed: tuple[NotComputed, ...]


def measure(market: Market, work: Workspace) -> Measured:
    """Measures every signal that the market's columns allow."""
    of_merchants = _facts(market, work, _MERCHANT_FAMILIES)
    merchants_wide = work.step(
        "signals_merchants", _values(market.table("merchants").select("merchant_id"), of_merchants, "merchant_id")
    )
    of_listings = _facts(market, work, _LISTING_FAMILIES)
    wide = _in_stages(work, market.table("listings").select("listing_id", "merchant_id"), of_listings)
    listings_wide = work.step(
        "signals_listings", wide.left_join(merchants_wide, "merchant_id").drop("merchant_id_right")
    )
    computed = tuple(signal for signal in SIGNALS if signal.column in listings_wide.columns)
    left_out = tuple(NotComputed(s, market.missing(*s.needs)) for s in SIGNALS if s not in computed)
    facts = {"listing": of_listings, "merchant": of_merchants}
    return Measured(listings_wide, merchants_wide, facts, computed, left_out)


def _facts(market: Market, work: Workspace, families: tuple[tuple[str, Measure], ...]) -> dict[str, ir.Table]:
    """What each family measured, as a step `facts_<family>`; families with nothing to compute are left out."""
    measured = {name: family(market, work) for name, family in families}
    return {name: work.kept(f"facts_{name}", table) for name, table in measured.items() if table is not None}


def _in_stages(work: Workspace, rows: ir.Table, parts: Mapping[str, ir.Table]) -> ir.Table:
    """The values of many families side by side, a few joins at a time."""
    names = list(parts)
    while len(names) > FAMILIES_PER_JOIN:
        joined, names = names[:FAMILIES_PER_JOIN], names[FAMILIES_PER_JOIN:]
        rows = work.step(
            f"values_before_{names[0]}", _values(rows, {name: parts[name] for name in joined}, "listing_id")
        )
    return _values(rows, {name: parts[name] for name in names}, "listing_id")


def _values(rows: ir.Table, parts: Mapping[str, ir.Table], key: str) -> ir.Table:
    """`rows` with the value columns of every part, rounded, joined on `key`."""
    columns = [signal.column for signal in SIGNALS]
    for part in parts.values():
        values = {name: part[name].cast("float64").round(DECIMALS) for name in columns if name in part.columns}
        rows = rows.left_join(part.select(key, **values), key).drop(f"{key}_right")
    return rows
