"""Rows to learn from and to measure on: signal values, labels, weights, merchants and folds as arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.market.errors import CallerError
from assay.rating.model import Floats, Kind, Term

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

# Five folds train each model on four fifths of the merchants; more folds cost time and change little.
FOLDS = 5
# With fewer, some of the five folds hold no counterfeit at all and nothing can be measured on them.
LEAST_COUNTERFEITS = 30
LEAST_MERCHANTS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """One entry per row in every array.

    `labels`: 1 counterfeit, 0 genuine or presumed genuine. `judged`: whether a verdict says so. `sampled_labels`: label
    by a sampling plan's verdict, NaN where no plan drew the row; `inclusion` its probability, NaN likewise. `weights`:
    how many rows of the market the row stands for, apart from `inclusion`. `merchants` and `folds`: integer codes;
    all rows of a merchant (or of `group_id`, where the table has one) are in one fold. `times`: epoch seconds, NaN
    where unknown; `decided`: the same of the verdict. `values`: the signal columns, float64, null = not checked.
    """

    kind: Kind
    terms: tuple[Term, ...]
    values: pa.Table
    ids: pa.ChunkedArray
    merchant_ids: pa.ChunkedArray
    merchants: Codes
    folds: Codes
    labels: Floats
    judged: Bools
    sampled_labels: Floats
    inclusion: Floats
    weights: Floats
    times: Floats
    decided: Floats
    segments: pa.Table

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def sampled(self) -> Bools:
        """Rows that a sampling plan drew and whose verdict is conclusive."""
        return np.isfinite(self.sampled_labels) & np.isfinite(self.inclusion)

    def take(self, rows: Codes | Bools) -> Examples:
        """The given rows only (indices or a mask)."""
        at = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        arrays = (
            "merchants",
            "folds",
            "labels",
            "judged",
            "sampled_labels",
            "inclusion",
            "weights",
            "times",
            "decided",
        )
        tables = ("values", "ids", "merchant_ids", "segments")
        picked = {name: getattr(self, name)[at] for name in arrays}
        return replace(self, **picked, **{name: getattr(self, name).take(pa.array(at)) for name in tables})

    def with_terms(self, terms: Sequence[Term]) -> Examples:
        """The same rows with some of the signals only."""
        return replace(self, terms=tuple(terms), values=self.values.select([term.column for term in terms]))

    def matrix(self) -> Floats:
        """Signal values, one row per example, NaN = not checked."""
        columns = [np.asarray(column.to_numpy(), dtype=np.float64) for column in self.values.columns]
        return np.column_stack(columns) if columns else np.zeros((len(self), 0))


def read_examples(
    table: pa.Table, terms: Sequence[Term], kind: Kind = "listing", *, verdicts_only: bool = False, folds: int = FOLDS
) -> Examples:
    """Examples from a labelled signal table (`labels.attach_labels`, then `labels.sample_rows` when it is large).

    Needs `merchant_id` and `<kind>_id`, and `verdict` ("counterfeit", "genuine" or null). Uses, where present:
    `sampled_verdict` and `inclusion_probability`, `row_weight`, `group_id` (folds keep a ring together), `listed_at` or
    `registered_at` and `decided_at` (for the split in time), `country`, `language` and `merchant_size` (for false
    alarms). A term whose column is absent, empty or the same in every row is left out. Rows without a verdict are
    presumed genuine, or left out with `verdicts_only`.

    CallerError when there are fewer than 30 counterfeit rows or 10 merchants with one, or nothing else.
    """
    if verdicts_only:
        table = table.filter(pc.is_valid(table["verdict"]))
    labels = np.asarray(pc.fill_null(pc.equal(table["verdict"], "counterfeit"), False)).astype(np.float64)
    groups = table["group_id"] if "group_id" in table.column_names else table["merchant_id"]
    used = tuple(term for term in terms if _varies(table, term.column))
    examples = Examples(
        kind=kind,
        terms=used,
        values=pa.table({term.column: table[term.column].cast(pa.float64()) for term in used}),
        ids=table[f"{kind}_id"],
        merchant_ids=table["merchant_id"],
        merchants=_codes(table["merchant_id"]),
        folds=merchant_folds(groups, folds),
        labels=labels,
        judged=np.asarray(pc.is_valid(table["verdict"])),
        sampled_labels=_sampled_labels(table),
        inclusion=_floats(table, "inclusion_probability", np.nan),
        weights=_floats(table, "row_weight", 1.0),
        times=_times(table, "listed_at", "registered_at"),
        decided=_times(table, "decided_at"),
        segments=table.select(
            [name for name in ("country", "language", "merchant_size") if name in table.column_names]
        ),
    )
    _check(examples)
    return examples


def merchant_folds(merchant_ids: pa.Array | pa.ChunkedArray, folds: int = FOLDS) -> Codes:
    """Fold of each row: md5 of the merchant's id modulo `folds`, so it never depends on the rows around it."""
    encoded = _dictionary(merchant_ids)
    digests = (hashlib.md5(str(name).encode()).hexdigest() for name in encoded.dictionary.to_pylist())
    by_merchant = np.array([int(digest[:8], 16) % folds for digest in digests], dtype=np.int64)
    return np.asarray(by_merchant[encoded.indices.to_numpy()])


def _dictionary(column: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    return (column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column).dictionary_encode()


def _codes(column: pa.ChunkedArray) -> Codes:
    return np.asarray(_dictionary(column).indices.to_numpy(), dtype=np.int64)


def _varies(table: pa.Table, column: str) -> bool:
    if column not in table.column_names:
        return False
    kept = table[column].cast(pa.float64()).drop_null()
    if len(kept) == 0:
        return False
    ends = pc.min_max(kept).as_py()
    return bool(len(kept) < table.num_rows or ends["min"] != ends["max"])


def _floats(table: pa.Table, column: str, default: float) -> Floats:
    if column not in table.column_names:
        return np.full(table.num_rows, default)
    return np.asarray(pc.fill_null(table[column].cast(pa.float64()), default).to_numpy())


def _sampled_labels(table: pa.Table) -> Floats:
    if "sampled_verdict" not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return np.asarray(pc.equal(table["sampled_verdict"], "counterfeit").cast(pa.float64()).to_numpy())


def _times(table: pa.Table, *names: str) -> Floats:
    for name in names:
        if name in table.column_names:
            seconds = pc.divide(table[name].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).cast(pa.float64()), 1e6)
            return np.asarray(pc.fill_null(seconds, np.nan).to_numpy())
    return np.full(table.num_rows, np.nan)


def _check(examples: Examples) -> None:
    n_counterfeit = int(examples.labels.sum())
    n_merchants = len(np.unique(examples.merchants[examples.labels > 0]))
    too_few = n_counterfeit < LEAST_COUNTERFEITS or n_merchants < LEAST_MERCHANTS
    if too_few or n_counterfeit == len(examples):
        raise CallerError(
            f"training needs {LEAST_COUNTERFEITS} counterfeit {examples.kind}s at {LEAST_MERCHANTS} merchants, and "
            f"others that are not; got {n_counterfeit} of {len(examples)} at {n_merchants} merchants. "
            "Rate with the scorecard until there are more verdicts",
            {"table": "verdicts"},
            n_counterfeit,
            f"{LEAST_COUNTERFEITS} or more",
        )
    if not examples.terms:
        raise CallerError(
            "training needs at least one signal that varies; the signal table has none", {"table": "signals"}
        )
