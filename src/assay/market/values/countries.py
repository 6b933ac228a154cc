"""Countries: ISO 3166-1 codes and the names people write for them in the main languages."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

_NOT_LETTERS = re.compile(r"[\W_]+")
_FLAG_A = 0x1F1E6  # REGIONAL INDICATOR SYMBOL LETTER A: a flag is two of these


def is_code(text: str) -> bool:
    """Whether the text is an alpha-2 code of the table, in capitals (XK for Kosovo included)."""
    return text in _table()[0]


def name(code: str) -> str:
    """English name of an alpha-2 code; KeyError when there is none."""
    return _table()[0][code]


@lru_cache(maxsize=65536)
def find(text: str) -> str | None:
    """The alpha-2 code of a code, name or flag; None when the text is no country.

    >>> find("Deutschland"), find("U.K."), find("中国"), find("🇫🇷"), find("Atlantis")
    ('DE', 'GB', 'CN', 'FR', None)
    """
    if len(text) == 2 and all(0 <= ord(char) - _FLAG_A < 26 for char in text):
        text = "".join(chr(ord(char) - _FLAG_A + ord("A")) for char in text)
    return _table()[1].get(_key(text))


def _key(text: str) -> str:
    """Case, accents, spaces and punctuation do not tell countries apart; combining vowels of Asian scripts do."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    letters = "".join(char for char in folded if not "\u0300" <= char <= "\u036f")
    key = _NOT_LETTERS.sub("", unicodedata.normalize("NFC", letters).replace("&", "and"))
    return key.removeprefix("the")


@cache
def _table() -> tuple[dict[str, str], dict[str, str]]:
    """countries.tsv: alpha-2, alpha-3, English name, other names joined by |."""
    names: dict[str, str] = {}
    codes: dict[str, str] = {}
    lines = files(__package__).joinpath("countries.tsv").read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:
        code, alpha3, english, others = line.split("\t")
        names[code] = english
        for written in (code, alpha3, english, *filter(None, others.split("|"))):
            codes.setdefault(_key(written), code)
    return names, codes
