"""Shares of few events, drawn towards the share of the whole market."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from assay.engine import Engine

# Strength of the market's rate, in events of a subject: with 20, one event in a subject's first three still stands
# out (it shows 5 %) and twenty of its own weigh as much as the market. Higher hides small sellers, lower shouts.
PRIOR_EVENTS = 20.0


def shrunken(
    n_hits: ir.NumericValue,
    n_events: ir.NumericValue,
    market_rate: float | ir.FloatingValue,
    weight: float = PRIOR_EVENTS,
) -> ir.FloatingValue:
    """`(n_hits + weight * market_rate) / (n_events + weight)`, null when there is no event.

    The mean of the posterior of a rate with a Beta(weight * rate, weight * (1 - rate)) prior (Gelman et al., Bayesian
    Data Analysis, 3rd ed., section 2.4); `market_rate` may as well be the mean of a score, then `n_hits` is its sum.
    """
    drawn = (n_hits.cast("float64") + market_rate * weight) / (n_events.cast("float64") + weight)
    return (n_events > 0).ifelse(drawn, ibis.null("float64"))


def market_rates(engine: Engine, table: ir.Table, **parts: tuple[str, str]) -> dict[str, float]:
    """Share of the whole table for each name: sum of its first column over sum of its second; 0.0 over nothing."""
    sums = {f"{name}_{i}": table[column].sum() for name, pair in parts.items() for i, column in enumerate(pair)}
    row = engine.collect(table.agg(**sums)).to_pylist()[0]
    return {name: _share(row[f"{name}_0"], row[f"{name}_1"]) for name in parts}


def _share(part: float | None, whole: float | None) -> float:
    return float(part or 0) / float(whole) if whole else 0.0


def percent(share: float) -> str:
    """A share as people read it: `0.0625` -> `6.3 %`, `0.5` -> `50 %`."""
    text = f"{share * 100:.1f}".removesuffix(".0")
    return f"{text} %"
