"""Telephone numbers in E.164, so that two spellings of one number are equal."""

from __future__ import annotations

import re

import phonenumbers

from assay.market.values import numeric, text
from assay.market.values.hashed import is_hash
from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

ALLOWED = "a telephone number of 5 to 20 digits, or its hash"

MOST_CHARACTERS = 80  # a number with an extension and words around it; a longer cell is another field
_DIGITS = (5, 20)  # the shortest national numbers in use, and 15 (E.164) with a prefix and an extension

_LABEL = re.compile(
    r"^(?:tel(?:ephone|éfono)?|phone|mob(?:ile)?|fax|whatsapp|wechat|电话|手机)\s*[:：.]?\s*|^tel:", re.IGNORECASE
)
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_EXTENSION = re.compile(r"(?:ext(?:ension)?|x|转|доб)\.?\s*\d{1,6}\s*$", re.IGNORECASE)
_EXIT_CODE = re.compile(r"00[1-9]")


def clean(raw: object, hints: Hints = NO_HINTS) -> str | None:
    """E.164 ("+33142685300") where the number can be read, its digits alone where it cannot; None for a blank.

    A number without country code is read in `hints.region`; without a region, or when the length is wrong for the
    country, its digits are kept (and a + before them), which still lets two merchants with the same number meet. An
    extension is dropped. A hash is kept as it is.

    Raises BadValue for text without 5 to 20 digits.

    >>> clean("+33 1 42 68 53 00"), clean("01 42 68 53 00", Hints(region="FR")), clean("01 42 68 53 00")
    ('+33142685300', '+33142685300', '0142685300')
    """
    written = text.one_line(raw)
    if written is None or is_hash(written):
        return written
    try:
        plain = _EXTENSION.sub("", numeric.plain(_LABEL.sub("", written[: MOST_CHARACTERS + 1]))).strip()
    except numeric.UnreadableNumber as fault:
        raise refuse(raw, str(fault), ALLOWED) from None
    digits = "".join(char for char in plain if char in "0123456789")
    if (
        len(written) > MOST_CHARACTERS
        or not _DIGITS[0] <= len(digits) <= _DIGITS[1]
        or _LETTERS.search(plain)
        or numeric.SCIENTIFIC.fullmatch(plain)
    ):
        raise refuse(raw, "is no telephone number", ALLOWED)
    plus = "+" if plain.startswith("+") else ""
    return _e164(plain, digits, hints.region) or plus + digits


def _e164(plain: str, digits: str, region: str | None) -> str | None:
    if plain.startswith("+"):
        return _parsed(plain, None) or _parsed(f"+{digits}", None)
    # "00" is an exit code in most countries, but a national number may begin with it: then the region decides
    read = _parsed(f"+{digits[2:]}", None) if _EXIT_CODE.match(digits) else None
    if read is None and region is not None:
        read = _parsed(plain, region) or _parsed(digits, region)
    return read


def _parsed(number: str, region: str | None) -> str | None:
    try:
        read = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(read):
        return None
    written = phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)
    # E.164 is read again as it stands; a number that is not would change when cleaned twice
    return written if region is None or _parsed(written, None) == written else None


RULE = Rule(
    accepts="Numbers in any national or international spelling, with labels and extensions; hashes.",
    becomes=(
        "E.164 where country code or the hint `region` allow it, the digits alone where they do not. "
        "Hashes stay as they are."
    ),
    refuses="Text without 5 to 20 digits.",
    examples=(
        Example("+33 1 42 68 53 00"),
        Example("01 42 68 53 00", Hints(region="FR")),
        Example("01 42 68 53 00"),
        Example("Tel: (202) 555-0173 ext. 5", Hints(region="US")),
        Example("138 1234 5678", Hints(region="CN")),
        Example("call me"),
    ),
)
