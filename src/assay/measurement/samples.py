"""The table of test buys as arrays: what was drawn, what it stands for and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.market.errors import CallerError, MissingColumn

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Estimand(StrEnum):
    """Whose share is counterfeit: live listings, orders or value."""

    LISTINGS = "listings"
    ORDERS = "orders"
    VALUE = "value"


FAILURES = ("inconclusive", "not_delivered", "swapped", "not_bought")
OUTCOMES = ("counterfeit", "genuine", *FAILURES)
POTS = ("measure", "enforce", "control")
_SIZE = {Estimand.LISTINGS: None, Estimand.ORDERS: "n_orders", Estimand.VALUE: "revenue_minor"}
_UNIT_COLUMNS = ("unit", "pot", "stratum", "inclusion_probability", "n_orders", "revenue_minor", "outcome")
_STRATA_COLUMNS = ("stratum", "n_units", "n_orders", "revenue_minor")


@dataclass(frozen=True, slots=True)
class Sample:
    """The drawn units of the frame (controls left out), one entry per unit, and their strata, one per stratum.

    `stratum` indexes the strata; `probability` is the inclusion probability, `size` what the unit counts in the
    estimand; `positive` is true for a confirmed counterfeit; `conclusive` is false for failures and for units without
    an outcome yet (`pending`). `n_units` and `total` are the frame's units and sizes per stratum.
    """

    estimand: Estimand
    table: pa.Table
    stratum: Ints
    probability: Floats
    size: Floats
    positive: Bools
    conclusive: Bools
    pending: Bools
    n_units: Ints
    total: Floats
    expected_rate: Floats
    largest: Floats


def read_sample(units: pa.Table, strata: pa.Table, estimand: Estimand | str) -> Sample:
    """The sample of the units and strata tables for one estimand.

    A unit is positive when it was found counterfeit and a second, blind examination (`second_outcome`, where there was
    one) agreed; a second examination that ends without a result leaves the unit without one.
    CallerError for unknown outcomes, pots or strata, probabilities outside (0, 1], or strata without size.
    """
    wanted = _estimand(estimand)
    _require(units, _UNIT_COLUMNS, "units")
    _require(strata, _STRATA_COLUMNS, "strata")
    _check_words(units, "pot", POTS)
    for column in ("outcome", "second_outcome"):
        if column in units.column_names:
            _check_words(units, column, OUTCOMES)
    frame = units.filter(pc.not_equal(units["pot"], "control"))
    names = [str(name) for name in strata["stratum"].to_pylist()]
    positive, conclusive, pending = final_outcomes(frame)
    size_column = _SIZE[wanted]
    n_units = _ints(strata["n_units"])
    size = np.ones(frame.num_rows) if size_column is None else _floats(frame[size_column])
    stratum = _indices(frame, names)
    return Sample(
        estimand=wanted,
        table=frame,
        stratum=stratum,
        probability=_probabilities(frame),
        size=size,
        positive=positive,
        conclusive=conclusive,
        pending=pending,
        n_units=n_units,
        total=n_units.astype(np.float64) if size_column is None else _floats(strata[size_column]),
        expected_rate=_optional(strata, "expected_rate", len(names)),
        largest=_largest(strata, size_column, stratum, size),
    )


def final_outcomes(table: pa.Table) -> tuple[Bools, Bools, Bools]:
    """(positive, conclusive, pending) per unit, after the second examination of positives."""
    first = table["outcome"]
    nothing = pa.chunked_array([pa.nulls(table.num_rows, pa.string())])
    second = table["second_outcome"].cast(pa.string()) if "second_outcome" in table.column_names else nothing
    pending = _bools(pc.is_null(first))
    said_fake = _bools(pc.equal(first, "counterfeit"))
    unsettled = said_fake & _bools(pc.is_in(second, value_set=pa.array(FAILURES)))
    refuted = said_fake & _bools(pc.equal(second, "genuine"))
    conclusive = _bools(pc.is_in(first, value_set=pa.array(["counterfeit", "genuine"]))) & ~unsettled
    return said_fake & ~refuted & ~unsettled, conclusive, pending


def _largest(strata: pa.Table, column: str | None, stratum: Ints, size: Floats) -> Floats:
    """The largest size a unit of each stratum can have: from the frame where it is told, else the largest drawn."""
    drawn = np.zeros(strata.num_rows)
    np.maximum.at(drawn, stratum, size)
    told = f"largest_{column}"
    return np.maximum(drawn, _floats(strata[told])) if column and told in strata.column_names else drawn


def _estimand(value: Estimand | str) -> Estimand:
    try:
        return Estimand(value)
    except ValueError:
        allowed = ", ".join(Estimand)
        raise CallerError(f"{value!r} is no estimand; choose from {allowed}.", value=value, allowed=allowed) from None


def _require(table: pa.Table, columns: tuple[str, ...], name: str) -> None:
    missing = [column for column in columns if column not in table.column_names]
    if missing:
        raise MissingColumn(
            f"The table of {name} lacks {', '.join(missing)}.", where={"table": name}, allowed=", ".join(columns)
        )


def _check_words(units: pa.Table, column: str, words: tuple[str, ...]) -> None:
    values = units[column].cast(pa.string())
    wrong = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=pa.array(words))))
    rows = np.flatnonzero(_bools(wrong))
    if len(rows):
        unit, value = units["unit"][int(rows[0])].as_py(), values[int(rows[0])].as_py()
        raise CallerError(
            f"Unit {unit} has {column} {value!r}; allowed are {', '.join(words)}.",
            where={"table": "units", "column": column, "unit": unit},
            value=value,
            allowed=", ".join(words),
        )


def _indices(frame: pa.Table, names: list[str]) -> Ints:
    found = pc.index_in(frame["stratum"].cast(pa.string()), value_set=pa.array(names, pa.string()))
    rows = np.flatnonzero(_bools(pc.is_null(found)))
    if len(rows):
        unit, value = frame["unit"][int(rows[0])].as_py(), frame["stratum"][int(rows[0])].as_py()
        raise CallerError(
            f"Unit {unit} is of stratum {value!r}, which the table of strata does not have.",
            where={"table": "units", "column": "stratum", "unit": unit},
            value=value,
            allowed=", ".join(names[:20]),
        )
    return _ints(found)


def _probabilities(frame: pa.Table) -> Floats:
    values = frame["inclusion_probability"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero(~((values > 0) & (values <= 1)))
    if len(wrong):
        unit, value = frame["unit"][int(wrong[0])].as_py(), float(values[wrong[0]])
        raise CallerError(
            f"Unit {unit} has inclusion probability {value}; it is above 0 and at most 1.",
            where={"table": "units", "column": "inclusion_probability", "unit": unit},
            value=value,
            allowed="above 0, at most 1",
        )
    return np.asarray(values, dtype=np.float64)


def _optional(table: pa.Table, column: str, n: int) -> Floats:
    return _floats(table[column]) if column in table.column_names else np.full(n, np.nan)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _ints(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


def _bools(column: pa.ChunkedArray) -> Bools:
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), dtype=np.bool_)
