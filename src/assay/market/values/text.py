"""Free text in any script. What a cheat may have put there on purpose is evidence, and stays."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal

from assay.market.values.hints import NO_HINTS, Hints
from assay.market.values.refusal import refuse
from assay.market.values.rule import Example, Rule

ALLOWED = "text in UTF-8"

MOST_CHARACTERS = 1_000_000  # a book has half as many; a longer cell is a file that lost its quotes

# composing would turn these look-alikes of K, Å and Ω into the letters themselves, and hide the trick
_KEPT_APART = re.compile("[^\u212a\u212b\u2126]+")
_BROKEN = re.compile("[\x00\ud800-\udfff]")
_CONTROLS = {code: None for code in (*range(0x01, 0x20), *range(0x7F, 0xA0))} | {
    **{ord(char): " " for char in "\x0b\x0c\x1c\x1d\x1e\x1f\x85"},
    ord("\n"): "\n",
    ord("\t"): "\t",
}
_HAS_CONTROLS = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f]")


def clean(raw: object, hints: Hints = NO_HINTS) -> str | None:
    """The text in composed form (NFC), without control characters and outer white space; None for a blank.

    Look-alike letters, full-width forms, zero-width and direction characters stay: they are evidence of evasion. Line
    ends become \\n. Numbers become their shortest text, without the ".0" that a table gave whole numbers.

    Raises BadValue for NUL and lone surrogates (damaged encoding, which nothing can store), for more than a million
    characters, and for lists, objects, NaN and infinity.

    >>> clean("  Nіke\\u200b Air ")      # a Cyrillic і and a zero-width space
    'Nіke\\u200b Air'
    """
    if raw is None:
        return None
    text = raw if isinstance(raw, str) else written(raw)
    if text.isascii() and text.isprintable():
        return _bounded(text.strip()) or None
    if _BROKEN.search(text):
        what = "a NUL character" if "\0" in text else "a lone surrogate, which is half a character"
        raise refuse(raw, f"holds {what}", ALLOWED)
    if _HAS_CONTROLS.search(text):
        text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)
    return _bounded(_composed(text).strip()) or None


def one_line(raw: object) -> str | None:
    """`clean`, with every run of white space as one space: for names, keys, items and addresses.

    >>> one_line("12\\n  Rue  de la Paix")
    '12 Rue de la Paix'
    """
    text = clean(raw)
    return None if text is None else " ".join(text.split())


def key(text: str) -> str:
    """The text as it is compared: compatibility forms, case and white space do not count.

    >>> key("ＮＩＫＥ  Air") == key("nike air")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def written(raw: object) -> str:
    """A value that is not text, as text; BadValue when it has no plain one."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int):
        if abs(raw) < 10**40:  # longer than any identifier; Python refuses to write numbers of thousands of digits
            return str(raw)
    elif isinstance(raw, float):
        if raw == raw and abs(raw) != float("inf"):
            return str(int(raw)) if raw == int(raw) and abs(raw) < 2**53 else repr(raw)
    elif isinstance(raw, datetime | date):
        return raw.isoformat()
    elif isinstance(raw, Decimal) and raw.is_finite() and abs(raw.adjusted()) < 40:
        return format(raw.normalize(), "f")
    raise refuse(raw, "is no text", ALLOWED)


def _composed(text: str) -> str:
    if unicodedata.is_normalized("NFC", text):
        return text
    return _KEPT_APART.sub(lambda part: unicodedata.normalize("NFC", part[0]), text)


def _bounded(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise refuse(text, f"is over {MOST_CHARACTERS:,} characters", ALLOWED)
    return text


RULE = Rule(
    accepts="Text in any script.",
    becomes=(
        "The same text in composed form (NFC), without control characters and outer white space, line "
        "ends as \\n. Look-alike letters, "
        "full-width forms and zero-width characters stay: they are evidence."
    ),
    refuses="NUL, lone surrogates (damaged encoding), more than a million characters, lists and objects.",
    examples=(Example("  Nike Air  "), Example("Ｎіke"), Example("Ni\u200bke"), Example("Nike\x00"), Example("\ud800")),
)
