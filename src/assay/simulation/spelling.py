"""The seventeen ways in which sellers spell a brand to slip past a filter (research: five families of tricks)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np

_CYRILLIC = str.maketrans("aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ")
_LOOKALIKE = {
    "a": "α",
    "e": "ҽ",
    "i": "ı",
    "o": "օ",
    "n": "ո",
    "u": "υ",
    "v": "ν",
    "l": "ⅼ",
    "r": "г",
    "t": "τ",
    "d": "ԁ",
}
_LEET = str.maketrans("oieas", "013@$")
_INVISIBLE = "\u200b"
_ACCENTS = "\u0301"
_BOLD_UPPER, _BOLD_LOWER = 0x1D400, 0x1D41A


def _homoglyphs(name: str, at: int, limit: int) -> str:
    places = [i for i, letter in enumerate(name) if letter.lower() in _LOOKALIKE]
    chosen = {places[(at + j) % len(places)] for j in range(min(limit, len(places)))} if places else set()
    return "".join(_LOOKALIKE[c.lower()] if i in chosen else c for i, c in enumerate(name))


def _bold(name: str) -> str:
    def one(letter: str) -> str:
        if "a" <= letter <= "z":
            return chr(_BOLD_LOWER + ord(letter) - ord("a"))
        return chr(_BOLD_UPPER + ord(letter) - ord("A")) if "A" <= letter <= "Z" else letter

    return "".join(map(one, name))


def _full_width(name: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name)


def _swapped(name: str, at: int) -> str:
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def _substituted(name: str, at: int) -> str:
    return name[:at] + ("y" if name[at] != "y" else "i") + name[at + 1 :]


# Each trick: (name, place inside the name) -> spelling.
TRICKS: dict[str, Callable[[str, int], str]] = {
    "homoglyph_1": lambda name, at: _homoglyphs(name, at, 1),
    "homoglyph_3": lambda name, at: _homoglyphs(name, at, 3),
    "cyrillic": lambda name, at: name.translate(_CYRILLIC),
    "full_width": lambda name, at: _full_width(name),
    "math_bold": lambda name, at: _bold(name),
    "zero_width": lambda name, at: name[:at] + _INVISIBLE + name[at:],
    "diacritics": lambda name, at: unicodedata.normalize("NFC", name[: at + 1] + _ACCENTS + name[at + 1 :]),
    "leet": lambda name, at: name.translate(_LEET),
    "dotted": lambda name, at: ".".join(name),
    "spaced": lambda name, at: " ".join(name),
    "starred": lambda name, at: name[:at] + "*" + name[at:],
    "split": lambda name, at: name[:at] + " " + name[at:],
    "drop": lambda name, at: name[:at] + name[at + 1 :],
    "double": lambda name, at: name[:at] + name[at] + name[at:],
    "swap": _swapped,
    "substitute": _substituted,
    "initials": lambda name, at: name[0] + "***",
}

VARIANTS_PER_TRICK = 2


def spellings(name: str, rng: np.random.Generator) -> list[str]:
    """All tricks on one brand name, VARIANTS_PER_TRICK of each, in the order of TRICKS."""
    places = rng.integers(1, len(name) - 2, size=(len(TRICKS), VARIANTS_PER_TRICK))
    return [trick(name, int(at)) for trick, row in zip(TRICKS.values(), places, strict=True) for at in row]
