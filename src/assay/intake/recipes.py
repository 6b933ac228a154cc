"""From source columns to the text of one market column: pick, remove, extract, split, exchange."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from assay.intake.mapping import Recipe, Skip, SourceMapping

Rows = npt.NDArray[np.bool_]

# Distinct texts remembered per column; beyond that the memory is emptied rather than grown.
MEMORY_TEXTS = 200_000


@dataclass(frozen=True, slots=True)
class Misfit:
    """Texts that a step of the recipe could not handle: which rows, and why."""

    rows: npt.NDArray[np.int64]
    reason: str
    allowed: str


@dataclass(slots=True)
class SourceRows:
    """The rows of a batch with white space and null words taken away, each column once for all tables."""

    source: SourceMapping
    rows: pa.Table
    _ready: dict[str, Any] = field(default_factory=dict)

    def column(self, name: str) -> Any:  # noqa: ANN401 - pyarrow has no types
        """A source column as one array of trimmed text, null where it says nothing; all null when the file lacks it."""
        if name not in self._ready:
            if name not in self.rows.column_names:
                return pa.nulls(self.rows.num_rows, pa.string())
            self._ready[name] = without_null_words(self.rows.column(name), self.source.null_words)
        return self._ready[name]

    def filter(self, keep: Rows) -> SourceRows:
        """The rows that are kept."""
        if keep.all():
            return self
        mask = pa.array(keep)
        ready = {name: values.filter(mask) for name, values in self._ready.items()}
        return SourceRows(self.source, self.rows.filter(mask), ready)


def without_null_words(values: Any, null_words: tuple[str, ...]) -> Any:  # noqa: ANN401
    """Text without outer white space; the words that mean nothing, in any case, are null."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
        values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
    trimmed = pc.utf8_trim_whitespace(values)
    longest = max((len(word) for word in null_words), default=0)
    # Only short cells can be null words: titles and descriptions are spared the lowering.
    is_short = pc.less_equal(pc.binary_length(trimmed), longest * 4)
    if not pc.any(is_short).as_py():
        return trimmed
    lowered = pc.utf8_lower(pc.if_else(is_short, trimmed, "x" * (longest + 1)))
    return pc.if_else(pc.is_in(lowered, value_set=pa.array(null_words, pa.string())), None, trimmed)


def text_column(recipe: Recipe, rows: SourceRows) -> tuple[Any, Misfit | None]:
    """The text of one market column for every row of a batch, and the rows whose text does not fit the recipe."""
    picked = _pick(recipe, rows)
    if not recipe.has_steps:
        return picked, None
    coded = picked.dictionary_encode()
    steps = [_stepped(recipe, text) for text in coded.dictionary.to_pylist()]
    texts = pa.array([text for text, _ in steps], pa.string()).take(coded.indices)
    misfits = pa.array([fits is False for _, fits in steps], pa.bool_()).take(coded.indices)
    wrong = np.flatnonzero(np.asarray(pc.fill_null(misfits, False)))
    return texts, _misfit(recipe, wrong) if len(wrong) else None


def _misfit(recipe: Recipe, wrong: npt.NDArray[np.int64]) -> Misfit:
    if recipe.extract is not None:
        return Misfit(
            wrong, "does not hold what the mapping extracts", f"text with a match of {recipe.extract.pattern}"
        )
    return Misfit(wrong, "does not have the part that the mapping takes", f"parts divided by {recipe.split!r}")


def original_text(recipe: Recipe, rows: SourceRows, places: Sequence[int]) -> list[str | None]:
    """What stood in the source at some rows, for showing it in a reject."""
    if recipe.how == "constant":
        return [recipe.constant] * len(places)
    columns = [rows.column(name) for name in recipe.columns]
    shown = [[column[int(place)].as_py() for column in columns] for place in places]
    return [" | ".join(part for part in parts if part is not None) if any(parts) else None for parts in shown]


def _pick(recipe: Recipe, rows: SourceRows) -> Any:  # noqa: ANN401
    n_rows = rows.rows.num_rows
    if recipe.how == "constant":
        return pa.repeat(pa.scalar(recipe.constant, pa.string()), n_rows)
    columns = [rows.column(name) for name in recipe.columns]
    if recipe.how == "copy":
        return columns[0]
    if recipe.how == "first":
        return pc.coalesce(*columns)
    if recipe.how == "combine":
        return pc.if_else(_any_filled(columns), _joined(columns, recipe.join), None)
    if recipe.how == "hash":
        return pc.if_else(_any_filled(columns), pa.array(_hashes(columns), pa.string()), None)
    return pa.array(_objects(recipe.names, columns), pa.string())


def _joined(columns: list[Any], join: str) -> Any:  # noqa: ANN401
    return pc.binary_join_element_wise(*columns, join, null_handling="skip")


def _any_filled(columns: list[Any]) -> Any:  # noqa: ANN401
    filled = pc.is_valid(columns[0])
    for column in columns[1:]:
        filled = pc.or_(filled, pc.is_valid(column))
    return filled


def _hashes(columns: list[Any]) -> list[str]:
    """A stable identifier of several cells: the first 64 bits of SHA-256 over them as a JSON array.

    Two of ten million rows share one by accident with a chance of 3 in a million.
    """
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return [hashlib.sha256(orjson.dumps(row)).hexdigest()[:16] for row in rows]


def _objects(names: tuple[str, ...], columns: list[Any]) -> list[str | None]:
    known: dict[tuple[str | None, ...], str | None] = {}
    result = []
    for row in zip(*(column.to_pylist() for column in columns), strict=True):
        if row not in known:
            filled = {name: text for name, text in zip(names, row, strict=True) if text is not None}
            known[row] = orjson.dumps(filled).decode() if filled else None
        result.append(known[row])
    return result


def _stepped(recipe: Recipe, text: str | None) -> tuple[str | None, bool]:
    """The text after the steps of the recipe, and whether it fitted them."""
    if text is None:
        return None, True
    if recipe.remove is not None:
        text = recipe.remove.sub("", text).strip()
    fits = True
    if recipe.extract is not None:
        found = recipe.extract.search(text)
        fits = found is not None or recipe.optional
        text = (found[1 if found.re.groups else 0] or "").strip() or None if found else None
    if text is not None and recipe.split is not None:
        parts = [part.strip() for part in text.split(recipe.split)]
        taken = [part for part in parts[slice(*recipe.part)] if part]
        fits = bool(taken) or recipe.optional
        text = recipe.join.join(taken) or None
    if text is not None and recipe.values:
        text = dict(recipe.values).get(text, text)
    return text or None, fits


def skipped(skip: Skip, rows: SourceRows) -> Rows:
    """Which rows a skip rule leaves out."""
    column = rows.column(skip.column)
    if skip.test in ("empty", "filled"):
        return np.asarray(pc.is_null(column) if skip.test == "empty" else pc.is_valid(column))
    if skip.test == "equals":
        return np.asarray(pc.is_in(column, value_set=pa.array(skip.words, pa.string())))
    pattern = skip.pattern
    if pattern is None:
        raise ValueError(f"skip rule on {skip.column} has no pattern")
    coded = column.dictionary_encode()
    hits = pa.array([bool(pattern.search(text)) for text in coded.dictionary.to_pylist()], pa.bool_()).take(
        coded.indices
    )
    matches = np.asarray(pc.fill_null(hits, False))
    return matches if skip.test == "matches" else ~matches
