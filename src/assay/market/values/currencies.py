"""Currencies: ISO 4217 codes, their minor units, and the signs people write for them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

ALLOWED = "an ISO 4217 code (EUR), or a sign or name that only one currency uses (€, US $, 人民币)"

UNKNOWN_EXPONENT = 2  # minor units of money whose currency is not stated are hundredths: true of 9 currencies in 10

_DROPPED = re.compile(r"[\s.]+")


@dataclass(frozen=True, slots=True)
class Currency:
    """One currency. `decimal` is the mark its users write: ".", ",", or "-" where both are common (EUR, CHF, CAD)."""

    code: str
    exponent: int
    decimal: str


@dataclass(frozen=True, slots=True)
class Sign:
    """The currencies a sign may stand for, and the one it stands for when nothing else is said (None: ambiguous)."""

    possible: frozenset[str]
    usual: str | None


def is_code(text: str) -> bool:
    """Whether the text is a code of the table, in capitals."""
    return text in _table()[0]


def currency(code: str) -> Currency:
    """The currency of a code; KeyError when the table has none."""
    return _table()[0][code]


def exponent(code: str | None) -> int:
    """How many digits the minor unit has: 2 for EUR, 0 for JPY, 3 for KWD, 2 when the currency is unknown.

    Source: ISO 4217, list one (active codes) and the codes still found in old data.
    """
    return UNKNOWN_EXPONENT if code is None else currency(code).exponent


@lru_cache(maxsize=4096)
def sign(text: str) -> Sign | None:
    """What a sign, name or code found beside a number stands for; None when it is none of them.

    >>> sign("US $").usual, sorted(sign("¥").possible), sign("¥").usual
    ('USD', ['CNY', 'JPY'], None)
    """
    key = _key(text)
    known = _table()[1].get(key)
    if known is not None or not key:
        return known
    # "USD $" and "$USD": a code beside a sign that the code can have
    for code, rest in ((key[:3], key[3:]), (key[-3:], key[:-3])):
        one, other = _table()[1].get(code), _table()[1].get(rest)
        if one and other and one.possible & other.possible:
            return Sign(one.possible & other.possible, one.usual or other.usual)
    return None


def resolve(signs: tuple[Sign, ...], stated: str | None, tongue: str | None = None) -> str | None:
    """The currency that all signs and the stated code agree on; None when they leave it open.

    `tongue`: the currency of the language around the sign, which decides only what the sign leaves open ("¥199起").

    Raises ValueError with the reason when they contradict each other.
    """
    if not signs:
        return stated
    possible = frozenset.intersection(*(one.possible for one in signs))
    if not possible:
        raise ValueError("names two different currencies")
    if stated is not None:
        if stated in possible:
            return stated
        raise ValueError(f"says {' or '.join(sorted(possible)[:6])} where the currency stated is {stated}")
    if len(possible) == 1:
        return next(iter(possible))
    usual = {one.usual for one in signs} & possible or {tongue} & possible
    return next(iter(usual)) if len(usual) == 1 else None


def _key(text: str) -> str:
    return _DROPPED.sub("", unicodedata.normalize("NFKC", text).casefold())


@cache
def _table() -> tuple[dict[str, Currency], dict[str, Sign]]:
    """currencies.tsv: code, exponent, decimal mark, signs joined by | (a sign with ? is possible but not usual)."""
    codes: dict[str, Currency] = {}
    possible: dict[str, set[str]] = {}
    usual: dict[str, set[str]] = {}
    lines = files(__package__).joinpath("currencies.tsv").read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:
        code, digits, decimal, signs = line.split("\t")
        codes[code] = Currency(code, int(digits), decimal)
        for written in (code, *filter(None, signs.split("|"))):
            key = _key(written.removesuffix("?"))
            possible.setdefault(key, set()).add(code)
            if not written.endswith("?"):
                usual.setdefault(key, set()).add(code)
    return codes, {
        key: Sign(frozenset(found), next(iter(usual[key])) if len(usual.get(key, ())) == 1 else None)
        for key, found in possible.items()
    }
