"""What each character stands for when a name is read by a person: look-alikes, disguised digits, invisible characters.

Sources: Unicode NFKD decompositions, the look-alikes of Unicode Technical Standard 39 (`confusable_homoglyphs`), and a
few Cyrillic and Greek small letters that people use but UTS 39 lists only as capitals.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from confusable_homoglyphs import confusables
from numpy.typing import NDArray

# Kinds of character. The order matters: everything from PLAIN on is part of a word.
SEPARATOR, BORDER, IDEOGRAPH, INVISIBLE, PLAIN, DISGUISED, SYMBOL, FOREIGN = range(8)
"""SEPARATOR stands between words; BORDER between texts; IDEOGRAPH is a word of its own (Han, kana, hangul, Thai);
INVISIBLE shows nothing (zero width, combining mark); PLAIN is an ASCII letter or digit; DISGUISED is another character
that looks like one; SYMBOL may stand for a letter inside a word (@ $ !); FOREIGN is a letter that looks like no ASCII
one."""

_PEOPLE = dict(zip("вгкмнптиуьзαβγδεηικμνοπρστυχωΣΛ", "brkmhntuybeabydenikuvonpotuxwea", strict=True))
# Blank characters that Unicode files under letters or symbols.
_BLANK = {0x115F, 0x1160, 0x3164, 0xFFA0, 0x17B4, 0x17B5}
_SYMBOLS = {"@": "a", "$": "s", "!": "i", "€": "e", "£": "l", "¥": "y"}
# Characters that a reader takes for one another once digits may stand for letters; l, I and 1 are one shape.
_SHAPES = dict(zip("l1034578", "iioeastb", strict=True))
_LATIN_NAME = re.compile(
    r"LATIN (?:SMALL |CAPITAL )?LETTER (?:SMALL CAPITAL |DOTLESS |SCRIPT |OPEN )?([A-Z])(?: WITH .*)?$"
)
_APOSTROPHES = "’‘ʼ`´＇"
_DASHES = "‐‑‒–—−﹣－"


class Alphabet(NamedTuple):
    """Four tables over all code points.

    `letter` (uint8): the ASCII small letter or digit it looks like, 10 for a border, 128-255 for any other letter, 0
    for none. `shape` (uint8): the same with l, i and 1 made one and leet digits made letters. `kind` (uint8): see
    above. `lower` (uint32): the character in lower case, all white space as a space, all apostrophes and dashes as one.
    """

    letter: NDArray[np.uint8]
    shape: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    lower: NDArray[np.uint32]


@lru_cache(maxsize=1)
def alphabet() -> Alphabet:
    """The tables, built once per process (about half a second)."""
    size = sys.maxunicode + 1
    letter, kind = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    lower = np.arange(size, dtype=np.uint32)
    looks = _look_alikes()
    for code in range(0x20000):
        character = chr(code)
        kind[code], letter[code] = _character(character, looks)
        small = character.lower()
        if len(small) == 1:
            lower[code] = ord(small)
        if character.isspace():
            lower[code] = 32
    for code in range(0x20000, 0x32400):  # further Han
        kind[code], letter[code] = IDEOGRAPH, _other(code)
    kind[0xE0000:0xE0200] = INVISIBLE  # tags and variation selectors
    kind[10], letter[10], lower[10] = BORDER, 10, 10
    for marks, plain in ((_APOSTROPHES, "'"), (_DASHES, "-")):
        lower[[ord(mark) for mark in marks]] = ord(plain)
    shapes = np.arange(256, dtype=np.uint8)
    for digit, shape in _SHAPES.items():
        shapes[ord(digit)] = ord(shape)
    return Alphabet(letter, shapes[letter], kind, lower)


def fold(texts: Sequence[str | None]) -> list[str]:
    """Texts as they read: NFKC, look-alikes to ASCII, no accents or invisible characters, casefolded, single spaces.

    For grouping titles that were made to look different to a machine only. A look-alike is replaced only in a word that
    also holds a Latin letter and none that looks like no Latin one, so a Russian word stays Russian. Folding twice
    changes nothing. Null gives "".

    >>> fold(["ＮＩＫＥ  Аir", "Мо\u200bдный", None])
    ['nike air', 'модный', '']
    """
    return [_fold_one(text) if text else "" for text in texts]


def codes(text: str) -> NDArray[np.uint32]:
    """The code points of a text, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


_MARKED = re.compile(r"([A-Za-z])[\u0300-\u036f]+")
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e01ff]"
)
# A run without white space and Chinese, Japanese or Korean characters, with a Latin letter in it.
_LATIN_RUN = re.compile(r"[^\s\u2e80-\ud7ff]*[A-Za-z][^\s\u2e80-\ud7ff]*")


def _fold_one(text: str) -> str:
    if text.isascii():
        return " ".join(text.casefold().split())
    plain = _simplified(text)
    # Casefolding and composing may each make work for the other; two rounds settle all of Unicode but a handful.
    for _ in range(4):
        again = _simplified(plain.casefold())
        if again == plain:
            break
        plain = again
    return " ".join(plain.split())


def _simplified(text: str) -> str:
    apart = unicodedata.normalize("NFKD", _HIDDEN.sub("", text))
    together = unicodedata.normalize("NFKC", _MARKED.sub(r"\1", apart))
    return together if together.isascii() else _LATIN_RUN.sub(_fold_run, together)


def _fold_run(found: re.Match[str]) -> str:
    word = found.group()
    if word.isascii():
        return word
    tables, points = alphabet(), codes(word)
    kinds = tables.kind[points]
    if (kinds == FOREIGN).any():
        return word
    letters = np.where(kinds == DISGUISED, tables.letter[points], 0).tolist()
    return "".join(chr(letter) if letter else character for character, letter in zip(word, letters, strict=True))


def _character(character: str, looks: dict[str, str]) -> tuple[int, int]:
    """Kind and letter of one character."""
    code = ord(character)
    if character.isascii():
        if character.isalnum():
            return PLAIN, ord(character.lower())
        return (SYMBOL, ord(_SYMBOLS[character])) if character in _SYMBOLS else (SEPARATOR, 0)
    category = unicodedata.category(character)
    if code in _BLANK or category in ("Cf", "Mn", "Me"):
        return INVISIBLE, 0
    look = _base(character) or looks.get(character) or _named(character) or _badge(code)
    if look:
        return DISGUISED, ord(look)
    if character in _SYMBOLS:
        return SYMBOL, ord(_SYMBOLS[character])
    if category[0] not in "LN" and category != "Mc":
        return SEPARATOR, 0
    return (IDEOGRAPH if _stands_alone(code) else FOREIGN), _other(code)


def _base(character: str) -> str:
    """The one ASCII letter or digit that a character decomposes to, or nothing."""
    parts = [c for c in unicodedata.normalize("NFKD", character) if not unicodedata.category(c).startswith("M")]
    if len(parts) == 1 and parts[0].isascii() and parts[0].isalnum():
        return parts[0].lower()
    digit = unicodedata.digit(character, None)
    return "" if digit is None or unicodedata.category(character) != "Nd" else str(digit)


def _named(character: str) -> str:
    """The letter in the character's own name: `ƒ` is LATIN SMALL LETTER F WITH HOOK, `ᴢ` a small capital Z."""
    found = _LATIN_NAME.match(unicodedata.name(character, ""))
    return found.group(1).lower() if found else ""


def _badge(code: int) -> str:
    """Letters in circles and squares, and flag letters, that Unicode does not decompose."""
    for first in (0x1F150, 0x1F170, 0x1F1E6):
        if first <= code < first + 26:
            return chr(97 + code - first)
    return ""


def _stands_alone(code: int) -> bool:
    """Scripts written without spaces, whose characters need no word border beside them."""
    return 0x2E80 <= code <= 0xD7FF or 0xF900 <= code <= 0xFAFF or 0x0E00 <= code <= 0x0EFF or 0xFF66 <= code <= 0xFF9D


def _other(code: int) -> int:
    # Any spread over 128-255 will do: a hit on these bytes is confirmed against the text itself.
    return 128 + (code * 40503 >> 3) % 128


def _look_alikes() -> dict[str, str]:
    looks: dict[str, str] = {}
    other_case: dict[str, str] = {}
    for plain in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789":
        for entry in confusables.confusables_data.get(plain, ()):
            character = entry["c"]
            # Han strokes and dingbats look like l or x in isolation only.
            if len(character) == 1 and unicodedata.category(character)[0] == "L" and not character.isascii():
                looks.setdefault(character, plain.lower())
                if len(character.swapcase()) == 1:
                    other_case.setdefault(character.swapcase(), plain.lower())
    capitals = {small.upper(): look for small, look in _PEOPLE.items() if small.upper() not in _PEOPLE}
    # Capitals first go by their own shape (Н is H, but so is н to people; У is Y).
    return other_case | capitals | looks | _PEOPLE
