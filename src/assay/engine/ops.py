"""A few dozen operations with stated semantics, the same rows on every backend.

Ibis says most of what the stages need; what stands here is what differs silently between engines when it is written
directly (measured: date differences, quantiles, division by zero, samples).
"""

from __future__ import annotations

from functools import reduce

import ibis
import ibis.expr.types as ir

# Thirteen hexadecimal digits are 52 bits: a float64 holds every such whole number exactly.
_HEX_DIGITS = 13
SECONDS_PER_DAY = 86_400.0


def epoch_seconds(instant: ir.TimestampValue) -> ir.IntegerValue:
    """Whole seconds since 1970 in UTC, int64, fractions dropped; null when the instant is missing.

    Ibis's own `epoch_seconds` carries the fraction on DuckDB and none on Spark.
    """
    return instant.epoch_seconds().floor().cast("int64")


def days_between(start: ir.TimestampValue, end: ir.TimestampValue) -> ir.FloatingValue:
    """Days from `start` to `end`, fractional, negative when `end` is earlier; null when either is missing.

    Computed from whole epoch seconds: engines count calendar days, and fractions of seconds, differently.
    """
    return (epoch_seconds(end) - epoch_seconds(start)).cast("float64") / SECONDS_PER_DAY


def ratio(a: ir.NumericValue, b: ir.NumericValue) -> ir.FloatingValue:
    """`a / b` as float64; null when either is missing or `b` is 0 (DuckDB says infinity, Spark raises).

    Also where `b` is -0.0, which one engine tells from 0.0 when it compares and not when it divides.
    """
    divisor = b.cast("float64")
    return a.cast("float64") / (divisor.abs() > 0).ifelse(divisor, ibis.null("float64"))


def truncated(number: ir.NumericValue) -> ir.IntegerValue:
    """The whole part as int64, towards zero: 2.7 gives 2, -2.7 gives -2; null stays null.

    A bare cast rounds on DuckDB and truncates on Spark.
    """
    value = number.cast("float64")
    return (value < 0).ifelse(value.ceil(), value.floor()).cast("int64")


def log(number: ir.NumericValue) -> ir.FloatingValue:
    """Natural logarithm; null when `number` is missing, zero or negative (DuckDB raises there, Spark says null)."""
    value = number.cast("float64")
    return (value > 0).ifelse(value, ibis.null("float64")).ln()


def quantile(column: ir.NumericColumn, q: float) -> ir.FloatingScalar:
    """Exact quantile with linear interpolation. Never approximate: sketches differ between engines by up to 80 %."""
    return column.cast("float64").quantile(q)


def median(column: ir.NumericColumn) -> ir.FloatingScalar:
    """Exact median, the 0.5 quantile with linear interpolation."""
    return quantile(column, 0.5)


def share(condition: ir.BooleanColumn) -> ir.FloatingScalar:
    """Share from 0 to 1 of the rows where `condition` is true; rows where it is null are left out."""
    return flag(condition).mean()


def n_true(condition: ir.BooleanColumn) -> ir.IntegerScalar:
    """Number of rows where `condition` is true; 0 when there is none."""
    return condition.ifelse(1, 0).sum().fill_null(0).cast("int64")


def flag(condition: ir.BooleanValue) -> ir.FloatingValue:
    """1.0 where true, 0.0 where false, null where unknown: a yes-or-no signal value.

    A bare `ifelse` takes the unknown for false.
    """
    return ibis.cases((condition, 1.0), (~condition, 0.0))


@ibis.udf.scalar.builtin(name="conv")  # type: ignore[untyped-decorator]
def _from_base(digits: str, from_base: int, to_base: int) -> str:
    """Spark's own function; the default engine has a macro of that name."""
    raise NotImplementedError


def md5_fraction(key: ir.StringValue, seed: int) -> ir.FloatingValue:
    """A number in [0, 1) fixed by `key` and `seed`, the same bits on every engine: for samples and folds.

    The first 52 bits of the MD5 digest of `key#seed`, divided by 2^52; null when the key is. Needs a connection of
    this package's engines (plain DuckDB lacks the function that reads hexadecimal digits).
    """
    digits = (key + ibis.literal(f"#{seed}")).hexdigest("md5").substr(0, _HEX_DIGITS)
    return _from_base(digits, 16, 10).cast("float64") / float(16**_HEX_DIGITS)


def either(*conditions: ir.BooleanValue) -> ir.BooleanValue:
    """True when any condition is true; a null condition counts as false."""
    return reduce(lambda a, b: a | b, (condition.fill_null(False) for condition in conditions))


def only_columns(table: ir.Table, names: list[str]) -> ir.Table:
    """The named columns that the table has, in the given order."""
    return table.select([name for name in names if name in table.columns])


def trimmed(text: ir.StringValue) -> ir.StringValue:
    """The text without spaces, tabs and line ends around it.

    Ibis's own strip names the characters with escapes that Spark's parser reads as letters: it takes a leading "v" off.
    """
    return text.re_replace("^[ \\t\\r\\n]+|[ \\t\\r\\n]+$", "")
