"""Columns that hold a currency or a country: names, signs and codes become the ISO code."""

from __future__ import annotations

from assay.market.values import countries, currencies, text
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

ALLOWED_COUNTRY = "an ISO 3166-1 code (FR, FRA) or the name of a country"


def clean_currency(raw: object, hints: Hints = NO_HINTS) -> str | None:
    """ISO 4217 code of a code, sign or name; None for a blank.

    "$", "¥" and other signs of several currencies take `hints.currency` when it is one of theirs. Raises BadValue when
    they stay ambiguous, or for an unknown word.

    >>> clean_currency("us $"), clean_currency("RMB"), clean_currency("$", Hints(currency="ARS"))
    ('USD', 'CNY', 'ARS')
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    word = text.clean(raw) if isinstance(raw, str) and len(raw) <= 40 else None
    sign = None if word is None else currencies.sign(word)
    if sign is None:
        raise refuse(raw, "is no currency", currencies.ALLOWED)
    if hints.currency in sign.possible:
        return hints.currency
    try:
        code = currencies.resolve((sign,), None)
    except ValueError as fault:
        raise refuse(raw, str(fault), currencies.ALLOWED) from None
    if code is None:
        raise refuse(raw, f"may be {', '.join(sorted(sign.possible)[:6])} and others", currencies.ALLOWED)
    return code


def clean_country(raw: object, hints: Hints = NO_HINTS) -> str | None:
    """ISO 3166-1 alpha-2 code of a code, a name in one of the main languages, or a flag; None for a blank.

    Raises BadValue for regions, cities and other words: a place is never guessed to be in a country.

    >>> clean_country("united kingdom"), clean_country("中国"), clean_country("usa")
    ('GB', 'CN', 'US')
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    word = text.clean(raw) if isinstance(raw, str) and len(raw) <= 100 else None
    code = None if word is None else countries.find(word)
    if code is None:
        raise refuse(raw, "is no country", ALLOWED_COUNTRY)
    return code


CURRENCY_RULE = Rule(
    accepts="ISO 4217 codes in any case, and signs and names (€, US $, zł, 人民币, руб.).",
    becomes="The ISO 4217 code.",
    refuses=(
        'Unknown words, and signs of several currencies ("$", "¥", "kr") as long as the hint `currency` '
        "does not say which."
    ),
    examples=(
        Example("eur"),
        Example("US $"),
        Example("人民币"),
        Example("$"),
        Example("$", Hints(currency="MXN")),
        Example("bitcoin"),
    ),
)

COUNTRY_RULE = Rule(
    accepts=(
        "ISO 3166-1 codes of two or three letters, English names of all countries, native and foreign "
        "names of the main ones, flags."
    ),
    becomes="The code of two letters (XK for Kosovo; England, Scotland, Wales and Northern Ireland are GB).",
    refuses="Cities, regions and every other word.",
    examples=(
        Example("france"),
        Example("DEU"),
        Example("中国"),
        Example("U.S.A."),
        Example("Россия"),
        Example("🇮🇹"),
        Example("Denver, Colorado"),
    ),
)
