"""Money as people write it, read into whole minor units and a currency."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from assay.market.values import currencies, numeric
from assay.market.values.currencies import Sign
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.numeric import NUMBER, Lone, UnreadableNumber
from assay.market.values.refusal import refuse, shown
from assay.market.values.rule import Example, Rule

# 10**14 minor units are about the dearest thing offered in any currency (an aircraft in rupiah), exact in float64,
# and let 90,000 such prices be summed in 64 bits
MOST_MINOR = 10**14

ALLOWED = "one price, not negative, such as US $1,549.00 or 1.549,00 €"

_PRICE = re.compile(rf"([^\d]*)({NUMBER})([^\d]*)")
_RANGE = re.compile(rf"([^\d]*)({NUMBER})([^\d]+)({NUMBER})([^\d]*)")
_TO = re.compile(r"\s*(.*?)\s*(?:[-–—~]|\b(?:to|bis|tot|do|до|al?)\b|à|至|到|から)\s*(.*?)\s*", re.DOTALL)

# words around a price that do not change it; "from" words mark the lowest of several
_FROM = re.compile(
    r"起售?|から|より|부터|à partir de"
    r"|\b(?:starting at|starting from|as low as|from|ab|от|desde|od|da|a partir de)\b"
)
_IDLE = re.compile(
    r"\b(?:price|only|each|ea|per (?:unit|piece|item)|buy it now|or best offer|preis|prix|precio)\b\.?"
    r"|\b(?:incl(?:\.|uding)? (?:vat|tax)|inkl\.? mwst|ttc)\b\.?"
    r"|/\s*(?:(?:ea|each|pc|pcs|piece|unit|stück)\b|[件个個只台双套瓶])|价格|售价|到手价|含税|:",
)
_NO_CENTS = re.compile(r"^[.,:][-–—](?=\D*$)")  # "12,-", "12.–" and "12:-" in German and Nordic prices
_MYRIADS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
# words that tell whose ¥ it is
_CHINESE = re.compile(r"[起万亿萬億个個件台双套瓶售价]")
_JAPANESE = re.compile(r"[\u3040-\u30ff]")  # hiragana and katakana
# one number with at most one grouping mark and two decimals
_USUAL = re.compile(r"(\D*)(\d{1,3}(?:([.,])\d{3})(?:\3\d{3}){0,3}|\d{1,12})(?:(?!\3)([.,])(\d\d))?(\D*)")
# a minus or an accountant's bracket at either end of the text beside the number; inside it, it is part of a word
_NEGATIVE = re.compile(r"\s*[-–—(]|.*[-–—(]\s*$", re.DOTALL)


class Money(NamedTuple):
    """An amount in whole minor units of a currency; hundredths when the currency is not known (None).

    `is_lowest`: the text gave a range or a "from" price, and this is its lower end.
    """

    minor: int
    currency: str | None
    is_lowest: bool = False


class _Frame(NamedTuple):
    """What the text around a number says: currency, its minor digits, how it groups, "from", factor of 万 or 亿."""

    code: str | None
    exponent: int
    lone: Lone
    says_from: bool
    factor: int


class _Parts(NamedTuple):
    """A price text taken apart: what stands before and after each number."""

    around: tuple[str, ...]
    numbers: tuple[str, ...]


def parse(raw: object, hints: Hints = NO_HINTS) -> Money | None:
    """The amount that a text or number states; None for a blank.

    A range or "from" price gives its lower end. Text beside the number must be a sign, name or code of a currency or a
    word known not to change the price. "$", "¥", "kr" and other signs of several currencies take `hints.currency` when
    it is one of them, and leave the currency open (None) otherwise. A mark with three digits after it ("1.499") groups
    when the currency has no third decimal and either the currency or the sign shows that people wrote it; otherwise it
    is ambiguous. Parts of a minor unit are rounded half to even. A number that is not text is major units, unless
    `hints.unit` is "minor".

    Raises BadValue for anything else: negative, not finite, over 10**14 minor units, scientific notation, two prices,
    a currency that contradicts `hints.currency`.

    >>> parse("US $1,549.00")
    Money(minor=154900, currency='USD', is_lowest=False)
    >>> parse("$ 1.499", Hints(currency="ARS")).minor, parse("¥199起")
    (149900, Money(minor=19900, currency='CNY', is_lowest=True))
    """
    if isinstance(raw, str):
        if not raw or raw.isspace():
            return None
        try:
            return _parse_text(raw, hints)
        except (UnreadableNumber, ValueError) as fault:
            raise refuse(raw, str(fault), ALLOWED) from None
    if raw is None:
        return None
    return _parse_number(raw, hints)


def clean(raw: object, hints: Hints = NO_HINTS) -> int | None:
    """The minor units alone, in the row's currency `hints.currency`; see `parse`."""
    money = parse(raw, hints)
    return None if money is None else money.minor


def text(minor: int, currency: str | None) -> str:
    """The amount as `parse` reads it back: "1549.00 USD", "199 JPY", "12.500 KWD".

    >>> text(154900, "USD")
    '1549.00 USD'
    """
    exponent = currencies.exponent(currency)
    whole, part = divmod(minor, 10**exponent)
    number = f"{whole}.{part:0{exponent}d}" if exponent else str(whole)
    return f"{number} {currency}" if currency else number


def _parse_text(raw: str, hints: Hints) -> Money:
    usual = _usual_form(raw, hints) if hints.unit is None else None
    return _full_form(raw, hints) if usual is None else usual


def _full_form(raw: str, hints: Hints) -> Money:
    plain = numeric.plain(raw).strip()
    found = _PRICE.fullmatch(plain)
    if found is not None:
        before, number, after = found.groups()
        price = _Parts((before, after), (number,))
        is_lowest = False
    else:
        price, is_lowest = _range_parts(plain), True
    frame = _frame(price.around, hints.currency)
    amounts = []
    for number in price.numbers:
        digits, scale = numeric.read(_led(number, price.around[0]), hints.decimal, frame.lone)
        amounts.append(_minor(digits * frame.factor, scale, 0 if hints.unit == "minor" else frame.exponent))
    if amounts != sorted(amounts):
        raise ValueError("is a range that ends below its start")
    return Money(amounts[0], frame.code, is_lowest or frame.says_from)


def _usual_form(raw: str, hints: Hints) -> Money | None:
    """The forms that nearly all prices have, three times as fast as the full reading; None leaves "
    "the text to that."""
    found = _USUAL.fullmatch(raw)
    if found is None:
        return None
    before, whole, group, mark, cents, after = found.groups()
    if (hints.decimal and hints.decimal != (mark or hints.decimal)) or group == hints.decimal is not None:
        return None
    if before.endswith((".", ",")) or (group and whole.startswith("0")):
        return None
    frame = _frame((before, after), hints.currency)
    if group:
        if mark is None and hints.decimal is None and len(whole) < 9 and group not in frame.lone.group:
            return None
        whole = whole.replace(group, "")
    digits, scale = (int(whole + cents), 2) if cents else (int(whole), 0)
    return Money(_minor(digits * frame.factor, scale, frame.exponent), frame.code, frame.says_from)


def _range_parts(plain: str) -> _Parts:
    if numeric.SCIENTIFIC.fullmatch(plain):
        raise ValueError("is in scientific notation, as a spreadsheet writes a number that it cut")
    found = _RANGE.fullmatch(plain)
    between = None if found is None else _TO.fullmatch(found[3].casefold())
    if found is None or between is None:
        raise ValueError("holds more than one number" if re.search(r"\d", plain) else "has no digits")
    return _Parts((found[1], between[1], between[2], found[5]), (found[2], found[4]))


@lru_cache(maxsize=65536)
def _frame(around: tuple[str, ...], stated: str | None) -> _Frame:
    """What surrounds the number, read. Cached: a source has few surroundings, and they cost more than the number."""
    around = tuple(numeric.plain(written) for written in around)
    signs, says_from, factor = _signs(around)
    written = "".join(around)
    tongue = "CNY" if _CHINESE.search(written) else "JPY" if _JAPANESE.search(written) else None
    code = currencies.resolve(signs, stated, tongue)
    return _Frame(code, currencies.exponent(code), _lone(code, bool(signs)), says_from, factor)


def _signs(around: tuple[str, ...]) -> tuple[tuple[Sign, ...], bool, int]:
    """The currency signs in the texts around the numbers, whether they say "from", and the factor of 万 or 亿."""
    signs: list[Sign] = []
    says_from, factor = False, 1
    for place, written in enumerate(around):
        words = _NO_CENTS.sub("", written) if place == len(around) - 1 else written
        words = words.casefold()
        if _NEGATIVE.match(words):
            raise ValueError("is negative")
        without = _FROM.sub(" ", words)
        says_from = says_from or without != words
        without = _IDLE.sub(" ", without).strip().removesuffix("+").strip()
        if place == len(around) - 1 and without[:1] in _MYRIADS:
            factor, without = _MYRIADS[without[0]], without[1:].strip()
        if not without.strip(".,/ "):
            continue
        sign = currencies.sign(without.strip(","))
        if sign is None:
            raise ValueError(f"holds {shown(without)}, which is no currency")
        signs.append(sign)
    return tuple(signs), says_from, factor


def _led(number: str, before: str) -> str:
    """ ".99" and "$.99" are less than one; the full stop of "Rs.999" belongs to the abbreviation."""
    rest = before.rstrip(".,")
    is_led = rest != before and not rest[-1:].isalpha()
    return f"0{before[-1]}{number}" if is_led else number


def _lone(code: str | None, is_signed: bool) -> Lone:
    """How a single mark with three digits after it reads in a currency.

    A bare "1.499" may come from a program, which always writes a full stop for the decimal mark; beside a sign it was
    written for people, in the way of the currency.
    """
    if code is None:
        return Lone()
    known = currencies.currency(code)
    if known.exponent > 2:
        other = {".": ",", ",": ".", "-": ""}[known.decimal]
        return Lone(group=other, point=known.decimal.strip("-"))
    group = ".," if known.exponent == 0 else ".,".replace(known.decimal, "")
    return Lone(group=group if is_signed else group.replace(".", ""))


def _minor(digits: int, scale: int, exponent: int) -> int:
    minor: int
    if scale <= exponent:
        minor = digits * 10 ** (exponent - scale)
    else:
        step: int = 10 ** (scale - exponent)
        minor, rest = divmod(digits, step)
        minor += int(rest * 2 > step or (rest * 2 == step and minor % 2 == 1))
    if minor > MOST_MINOR:
        raise ValueError(f"is over {MOST_MINOR:,} minor units")
    return minor


def _parse_number(raw: object, hints: Hints) -> Money:
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        raise refuse(raw, "is no amount", ALLOWED)
    if not numeric.is_finite(raw):
        raise refuse(raw, "is not finite", ALLOWED)
    if raw < 0:
        raise refuse(raw, "is negative", ALLOWED)
    if raw > MOST_MINOR:
        raise refuse(raw, f"is over {MOST_MINOR:,}", ALLOWED)
    # the shortest decimal that gives the float back is what its writer meant: 40.55, not 40.54999999999999716
    sign, digits, exponent = Decimal(repr(raw) if isinstance(raw, float) else raw).as_tuple()
    del sign
    value = int("".join(map(str, digits)))
    shift = int(exponent)
    places = 0 if hints.unit == "minor" else currencies.exponent(hints.currency)
    try:
        minor = _minor(value * 10 ** max(shift, 0), max(-shift, 0), places)
    except ValueError as fault:
        raise refuse(raw, str(fault), ALLOWED) from None
    return Money(minor, hints.currency)


RULE = Rule(
    accepts=(
        "Prices as people write them, in any digits, with the sign, name or code of a currency before or after; "
        'grouping by comma, full stop, space or apostrophe, also in lakhs; 万 and 亿. A range or a "from" price '
        "gives its lower end. Amounts are major units, whether text or number: 1549 is 1549.00, unless the hint "
        '`unit = "minor"` says that the source holds minor units.'
    ),
    becomes=(
        "Whole minor units of the row's currency (ISO 4217: hundredths of EUR, whole JPY, thousandths of KWD; "
        "hundredths while no currency is known). Parts of one are rounded half to even."
    ),
    refuses=(
        "Negative, NaN, infinity, more than 10^14 minor units, scientific notation, two prices, a currency other "
        'than the row\'s, and "1.499" as long as neither the currency nor the hint `decimal` says which it is.'
    ),
    examples=(
        Example("US $1,549.00"),
        Example("1.549,00 €"),
        Example("$ 1.499"),
        Example("$ 1.499", Hints(currency="ARS")),
        Example("1.499", Hints(currency="EUR")),
        Example("1.499", Hints(currency="EUR", decimal=",")),
        Example("¥199起"),
        Example("199元"),
        Example("¥199", Hints(currency="JPY")),
        Example("154900", Hints(currency="EUR", unit="minor")),
        Example("1 234,50 zł"),
        Example("₹1,23,456.00"),
        Example("EUR 12,50 - 15,00"),
        Example("12.500", Hints(currency="KWD")),
        Example("1.2万元"),
        Example("C $220.00", Hints(currency="USD")),
        Example("-5.00", Hints(currency="USD")),
        Example("1e300", Hints(currency="USD")),
    ),
)
