"""The one door to all value types: a column says which applies, and which values it allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from assay.market.columns import Column, Kind
from assay.market.errors import BadValue
from assay.market.values import (
    addresses,
    attributes,
    booleans,
    codes,
    emails,
    gtin,
    identifiers,
    lists,
    money,
    phones,
    quantities,
    rates,
    text,
    times,
    urls,
)
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.refusal import copied, refuse
from assay.market.values.rule import Rule

Cleaner = Callable[[object, Hints], object]

RULES: Mapping[Kind, Rule] = {
    Kind.IDENTIFIER: identifiers.RULE,
    Kind.TEXT: text.RULE,
    Kind.INTEGER: quantities.INTEGER_RULE,
    Kind.NUMBER: quantities.NUMBER_RULE,
    Kind.BOOLEAN: booleans.RULE,
    Kind.TIME: times.RULE,
    Kind.MONEY: money.RULE,
    Kind.CURRENCY: codes.CURRENCY_RULE,
    Kind.COUNTRY: codes.COUNTRY_RULE,
    Kind.RATE: rates.RULE,
    Kind.GTIN: gtin.RULE,
    Kind.PHONE: phones.RULE,
    Kind.EMAIL: emails.RULE,
    Kind.URL: urls.RULE,
    Kind.ADDRESS: addresses.RULE,
    Kind.ATTRIBUTES: attributes.RULE,
    Kind.LIST: lists.RULE,
}

_CLEANERS: Mapping[Kind, Cleaner] = {
    Kind.IDENTIFIER: identifiers.clean,
    Kind.TEXT: text.clean,
    Kind.INTEGER: quantities.clean_integer,
    Kind.BOOLEAN: booleans.clean,
    Kind.TIME: times.clean,
    Kind.MONEY: money.clean,
    Kind.CURRENCY: codes.clean_currency,
    Kind.COUNTRY: codes.clean_country,
    Kind.RATE: rates.clean,
    Kind.GTIN: gtin.clean,
    Kind.PHONE: phones.clean,
    Kind.EMAIL: emails.clean,
    Kind.URL: urls.clean,
    Kind.ADDRESS: addresses.clean,
    Kind.ATTRIBUTES: attributes.clean,
    Kind.LIST: lists.clean,
}


def clean(column: Column, raw: object, hints: Hints = NO_HINTS) -> object:
    """The value as the column stores it (`column.arrow_type`), or None for None and blank text.

    Text, bytes in UTF-8, numbers, numpy scalars, times, lists and objects are taken. Cleaning a cleaned value gives the
    same value, except that `hints.unit` describes the source: money, once cleaned, is read again with unit "minor", and
    a rate without "percent". `column.allowed` is compared without regard to case; `least` and `most` are inclusive.

    Raises BadValue, which holds value, reason and what is allowed, and the column's name in `where`. Nothing else.

    >>> from assay.market import TABLES
    >>> clean(TABLES["listings"].column("price"), "1.549,00 €")
    154900
    """
    try:
        return _cleaner(column)(_plain(raw), hints)
    except BadValue as fault:
        fault.where.setdefault("column", column.name)
        raise


def clean_many(
    column: Column, raws: Sequence[object], hints: Hints = NO_HINTS
) -> tuple[list[object], list[tuple[int, BadValue]]]:
    """`clean` for a whole column: the values in their order (None where one was refused), and the refusals by position.

    Each distinct text is cleaned once. The refusals are objects of their own, so that each can be given its line.

    >>> from assay.market import TABLES
    >>> values, refused = clean_many(TABLES["listings"].column("quantity"), ["12", "x", "12"])
    >>> values, [place for place, fault in refused]
    ([12, None, 12], [1])
    """
    cleaner = _cleaner(column)
    known: dict[str, object] = {}
    faults: dict[str, BadValue] = {}
    values: list[object] = []
    refused: list[tuple[int, BadValue]] = []
    for place, raw in enumerate(raws):
        if type(raw) is str and raw in known:
            values.append(known[raw])
            if raw in faults:
                refused.append((place, copied(faults[raw])))
            continue
        try:
            value = cleaner(raw if type(raw) is str or raw is None else _plain(raw), hints)
        except BadValue as fault:
            fault.where.setdefault("column", column.name)
            refused.append((place, fault))
            value = None
            if type(raw) is str:
                faults[raw] = fault
        if type(raw) is str:
            known[raw] = value
        values.append(value)
    return values, refused


@lru_cache(maxsize=512)
def _cleaner(column: Column) -> Cleaner:
    """The cleaner of the column's kind, with the column's own limits around it."""
    of_kind = _measure(column) if column.kind is Kind.NUMBER else _CLEANERS[column.kind]
    if column.allowed is not None:
        return _one_of(of_kind, column.allowed)
    if column.least is not None or column.most is not None:
        return _between(of_kind, column.least, column.most)
    return of_kind


def _measure(column: Column) -> Cleaner:
    return lambda raw, hints: quantities.clean_number(raw, hints, column.unit, column.most)


def _one_of(of_kind: Cleaner, allowed: tuple[str, ...]) -> Cleaner:
    by_key = {text.key(value): value for value in allowed}

    def cleaner(raw: object, hints: Hints) -> object:
        value = of_kind(raw, hints)
        if value is None:
            return None
        found = by_key.get(text.key(str(value)))
        if found is None:
            raise refuse(raw, "is not among the values of this column", ", ".join(allowed))
        return found

    return cleaner


def _between(of_kind: Cleaner, least: float | None, most: float | None) -> Cleaner:
    bounds = f"{least:g} or more" if least is not None else ""
    bounds = f"{bounds}{', ' if bounds else ''}at most {most:g}" if most is not None else bounds

    def cleaner(raw: object, hints: Hints) -> object:
        value = of_kind(raw, hints)
        if isinstance(value, int | float) and (
            (least is not None and value < least) or (most is not None and value > most)
        ):
            raise refuse(raw, "is outside the range of this column", bounds)
        return value

    return cleaner


def _plain(raw: object) -> object:
    """Bytes as text, numpy scalars as Python values, so that every value type sees one kind of each."""
    if isinstance(raw, np.generic):
        raw = raw.item()
    if isinstance(raw, bytes | bytearray | memoryview):
        raw = bytes(raw)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise refuse(raw, "is not UTF-8", "text in UTF-8") from None
    return raw
