"""A few dozen operations with stated semantics, the same rows on every backend.

Ibis says most of what the stages need; what stands here is what differs silently between engines when it is written
directly (measured: date differences, quantiles, division by zero, samples).
"""

from __future__ import annotations

from functools import reduce

import ibis
import ibis.expr.types as ir

# Largest 13-digit hexadecimal prefix that an int64 holds without touching the sign on any engine.
_HEX_DIGITS = 13
SECONDS_PER_DAY = 86_400.0


def days_between(start: ir.TimestampValue, end: ir.TimestampValue) -> ir.FloatingValue:
    """Days from `start` to `end`, fractional, negative when `end` is earlier; null when either is missing.

    Computed from epoch seconds: engines count calendar days differently.
    """
    return (end.epoch_seconds() - start.epoch_seconds()).cast("float64") / SECONDS_PER_DAY


def ratio(a: ir.NumericValue, b: ir.NumericValue) -> ir.FloatingValue:
    """`a / b` as float64; null when either is missing or `b` is 0 (DuckDB says infinity, Spark raises)."""
    return a.cast("float64") / b.cast("float64").nullif(0.0)


def quantile(column: ir.NumericColumn, q: float) -> ir.FloatingScalar:
    """Exact quantile with linear interpolation. Never approximate: sketches differ between engines by up to 80 %."""
    return column.cast("float64").quantile(q)


def median(column: ir.NumericColumn) -> ir.FloatingScalar:
    """Exact median, the 0.5 quantile with linear interpolation."""
    return quantile(column, 0.5)


def share(condition: ir.BooleanColumn) -> ir.FloatingScalar:
    """Share from 0 to 1 of the rows where `condition` is true; rows where it is null are left out."""
    return condition.ifelse(1.0, 0.0).mean()


def n_true(condition: ir.BooleanColumn) -> ir.IntegerScalar:
    """Number of rows where `condition` is true; 0 when there is none."""
    return condition.ifelse(1, 0).sum().fill_null(0).cast("int64")


def flag(condition: ir.BooleanValue) -> ir.FloatingValue:
    """1.0 where true, 0.0 where false, null where unknown: a yes-or-no signal value."""
    return condition.ifelse(1.0, 0.0)


def md5_fraction(key: ir.StringValue, seed: int) -> ir.FloatingValue:
    """A number in [0, 1) fixed by `key` and `seed`, equal on every engine: for samples and folds."""
    digest = (key + ibis.literal(f"#{seed}")).hexdigest("md5")
    value: ir.FloatingValue | None = None
    for place in range(_HEX_DIGITS):
        digit = ibis.literal("0123456789abcdef").find(digest.substr(place, 1)).cast("float64")
        term = digit / float(16 ** (place + 1))
        value = term if value is None else value + term
    assert value is not None
    return value


def either(*conditions: ir.BooleanValue) -> ir.BooleanValue:
    """True when any condition is true; a null condition counts as false."""
    return reduce(lambda a, b: a | b, (condition.fill_null(False) for condition in conditions))


def only_columns(table: ir.Table, names: list[str]) -> ir.Table:
    """The named columns that the table has, in the given order."""
    return table.select([name for name in names if name in table.columns])
