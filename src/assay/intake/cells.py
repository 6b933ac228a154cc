"""Texts to stored values: array operations for the plain ones, the value types of the market for all others.

The fast paths only take texts of which they know what `assay.market.values.clean` makes; a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.intake.recipes import MEMORY_TEXTS
from assay.market.columns import Column, Kind
from assay.market.errors import BadValue
from assay.market.values import Hints, clean, clean_many
from assay.market.values.money import parse
from assay.market.values.refusal import shown

# Characters of a bad value that a reject keeps: enough to see what is wrong with it.
SHOWN_VALUE = 200

_PRINTABLE = r"^[ -~]*$"
_LINES = r"^[ -~\n\t]*$"
_ADDRESS = r"^https?://[a-z0-9-]+(\.[a-z0-9-]+)+(/[!-~]*)?$"
_WHOLE = r"^(0|[1-9][0-9]{0,14})$"
_INSTANT = r"^(199[1-9]|20[0-8]\d)-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d{3}|\.\d{6})?(Z|[+-]\d\d:\d\d)$"
# Plain identifiers are the commonest of all; anything longer is looked at closely.
_MOST_IDENTIFIER = 1000
_MOST_TEXT = 1_000_000
_MOST_ADDRESS = 8_000


@dataclass(frozen=True, slots=True)
class Faults:
    """Cells that were refused: the row of each, and which of the distinct reasons it has."""

    rows: npt.NDArray[np.int64]
    which: npt.NDArray[np.int64]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a value was refused; `value` is None where there was none."""

    value: str | None
    reason: str
    allowed: str


NO_FAULTS = Faults(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), ())


@dataclass(slots=True)
class Cleaner:
    """Cleans one column of one source batch after batch, and remembers what it made of texts that come again."""

    column: Column
    hints: Hints
    _known: dict[Any, Any] = field(default_factory=dict)

    def values(self, texts: Any) -> tuple[Any, Faults]:  # noqa: ANN401 - pyarrow has no types
        """The stored values of a text array, null where one was refused, and the refusals."""
        fast = _FAST.get(self.column.kind)
        if fast is None or self.column.allowed is not None:
            return self._by_text(texts)
        plain, done = fast(texts, self.column, self.hints)
        rest = np.flatnonzero(~done)
        if not len(rest):
            return plain, NO_FAULTS
        slow, faults = self._by_text(texts.take(pa.array(rest)))
        merged = pc.replace_with_mask(plain, pa.array(~done), slow)
        return merged, Faults(rest[faults.rows], faults.which, faults.reasons)

    def _by_text(self, texts: Any) -> tuple[Any, Faults]:  # noqa: ANN401
        coded = texts.dictionary_encode()
        distinct = coded.dictionary.to_pylist()
        fresh = [text for text in distinct if text not in self._known]
        if len(self._known) + len(fresh) > MEMORY_TEXTS:
            self._known.clear()
            fresh = distinct
        values, refused = clean_many(self.column, fresh, self.hints)
        self._known.update(zip(fresh, values, strict=True))
        self._known.update((fresh[place], fault) for place, fault in refused)
        return _spread([self._known[text] for text in distinct], coded.indices, self.column.arrow_type)

    def money(self, texts: Any, currencies: Any) -> tuple[Any, Any, Faults]:  # noqa: ANN401
        """Minor units and currency of a text array, where each row may state its own currency."""
        indices, distinct = _coded_pairs(texts, currencies)
        results = [self._price(text, code) for text, code in distinct]
        minor = [None if isinstance(r, BadValue) or r is None else r.minor for r in results]
        codes = [None if isinstance(r, BadValue) or r is None else r.currency for r in results]
        values, faults = _spread(
            [r if isinstance(r, BadValue) else m for r, m in zip(results, minor, strict=True)], indices, pa.int64()
        )
        return values, pa.array(codes, pa.string()).take(indices), faults

    def _price(self, text: str | None, code: str | None) -> Any:  # noqa: ANN401 - Money, BadValue or None
        key = (text, code)
        if key not in self._known:
            if len(self._known) >= MEMORY_TEXTS:
                self._known.clear()
            try:
                hints = self.hints if code is None else replace(self.hints, currency=code)
                price = parse(text, hints)
                if price is not None:
                    clean(self.column, price.minor, replace(hints, currency=price.currency, unit="minor"))
                self._known[key] = price
            except BadValue as fault:
                self._known[key] = fault
        return self._known[key]


def _coded_pairs(texts: Any, codes: Any) -> tuple[Any, list[tuple[str | None, str | None]]]:  # noqa: ANN401
    """Every distinct pair of text and code, and which one each row has."""
    first, second = texts.dictionary_encode(), codes.dictionary_encode()
    n_second = len(second.dictionary) + 1
    one = np.asarray(pc.fill_null(first.indices, len(first.dictionary)), dtype=np.int64)
    two = np.asarray(pc.fill_null(second.indices, len(second.dictionary)), dtype=np.int64)
    pairs, indices = np.unique(one * n_second + two, return_inverse=True)
    some, others = [*first.dictionary.to_pylist(), None], [*second.dictionary.to_pylist(), None]
    return pa.array(indices), [(some[pair // n_second], others[pair % n_second]) for pair in pairs]


def _spread(results: Sequence[Any], indices: Any, kind: Any) -> tuple[Any, Faults]:  # noqa: ANN401
    """Results per distinct text laid out over the rows; refusals become nulls and faults."""
    bad = [i for i, result in enumerate(results) if isinstance(result, BadValue)]
    values = pa.array([None if isinstance(r, BadValue) else r for r in results], kind).take(indices)
    if not bad:
        return values, NO_FAULTS
    turn = np.full(len(results) + 1, -1, dtype=np.int64)
    turn[bad] = np.arange(len(bad))
    which = turn[np.asarray(pc.fill_null(indices, len(results)), dtype=np.int64)]
    rows = np.flatnonzero(which >= 0)
    return values, Faults(rows, which[rows], tuple(reason_of(results[i]) for i in bad))


def reason_of(fault: BadValue) -> Reason:
    """A refusal taken apart, so that equal reasons can be counted whatever the value was."""
    allowed = fault.allowed or ""
    reason = fault.message.removesuffix(f"; allowed: {allowed}")
    value = str(fault.value)
    return Reason(value[:SHOWN_VALUE], reason.removeprefix(f"{shown(fault.value)} "), allowed)


def _identifiers(texts: Any, column: Column, hints: Hints) -> tuple[Any, npt.NDArray[np.bool_]]:  # noqa: ANN401
    return texts, _plain(texts, _PRINTABLE, _MOST_IDENTIFIER)


def _texts(texts: Any, column: Column, hints: Hints) -> tuple[Any, npt.NDArray[np.bool_]]:  # noqa: ANN401
    return texts, _plain(texts, _LINES, _MOST_TEXT)


def _addresses(texts: Any, column: Column, hints: Hints) -> tuple[Any, npt.NDArray[np.bool_]]:  # noqa: ANN401
    return texts, _plain(texts, _ADDRESS, _MOST_ADDRESS)


def _plain(texts: Any, pattern: str, most: int) -> npt.NDArray[np.bool_]:  # noqa: ANN401
    """Which texts, trimmed by the recipe as they are, are stored unchanged; null is."""
    fits = pc.and_(pc.match_substring_regex(texts, pattern), pc.less_equal(pc.binary_length(texts), most))
    return np.asarray(pc.fill_null(fits, True))


def _integers(texts: Any, column: Column, hints: Hints) -> tuple[Any, npt.NDArray[np.bool_]]:  # noqa: ANN401
    fits = pc.match_substring_regex(texts, _WHOLE)
    values = pc.if_else(pc.fill_null(fits, False), texts, None).cast(pa.int64())
    if column.most is not None:
        fits = pc.and_kleene(fits, pc.less_equal(values, column.most))
    if column.least is not None and column.least > 0:
        fits = pc.and_kleene(fits, pc.greater_equal(values, column.least))
    done = np.asarray(pc.fill_null(fits, True))
    return pc.if_else(pa.array(done), values, None), done


def _instants(texts: Any, column: Column, hints: Hints) -> tuple[Any, npt.NDArray[np.bool_]]:  # noqa: ANN401
    nothing = pa.nulls(len(texts), column.arrow_type)
    none_done = np.asarray(pc.is_null(texts))
    if hints.time_format is not None and "%" in hints.time_format:
        return nothing, none_done
    fits = pc.fill_null(pc.match_substring_regex(texts, _INSTANT), False)
    try:
        values = pc.if_else(fits, texts, None).cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:  # a day that does not exist, such as the 31st of June, hides in this batch
        return nothing, none_done
    return values, np.asarray(pc.or_(fits, pc.is_null(texts)))


_FAST: dict[Kind, Callable[[Any, Column, Hints], tuple[Any, npt.NDArray[np.bool_]]]] = {
    Kind.IDENTIFIER: _identifiers,
    Kind.TEXT: _texts,
    Kind.INTEGER: _integers,
    Kind.TIME: _instants,
    Kind.URL: _addresses,
}

_DIGITS = re.compile(r"\d[\d.,:]*")


def without_figures(reason: str) -> str:
    """A reason without its own figures, so that "has 1,203 characters" and "has 1,871 characters" count as one.

    >>> without_figures("may mean 1499 or 1.499")
    'may mean … or …'
    """
    return _DIGITS.sub("…", reason)
